"""Drift v2: how much a liquidation takes, what it costs, and who bears what is left.

Source: drift-labs/protocol-v2, commit 0ae3e3b1, programs/drift/src/math/liquidation.rs. Units as
in `drift`; fees and liquidation multipliers 1e6. Every division floors where it stands, so the
order of the operations is part of the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.drift import BASE, MARGIN, PRICE, QUOTE, WEIGHT
from trimtab.units import div_down, div_up, mul_div_down, mul_div_up, pow10

FEE: Final = 10**6
UNLIMITED_BASE: Final = 2**64 - 1
UNLIMITED_TRANSFER: Final = 2**128 - 1
GRACE_SLOTS: Final = 1_500
FEE_PER_SLOT: Final = 1
TINY_SHORTAGE: Final = 50 * QUOTE
_PERCENTAGE: Final = 10**4
_FEE_PER_MARGIN: Final = div_down(FEE, MARGIN)
_FUNDING_PER_QUOTE: Final = 1_000


def base_to_cover(
    shortage: int,
    ratio: int,
    *,
    price: int,
    liquidator_fee: int,
    insurance_fee: int,
    quote_price: int = PRICE,
) -> int:
    """Return the base (1e9) whose closing frees a margin shortage; 2**64 - 1 where none can.

    shortage / (price * quote price * (ratio - liquidator fee) - price * insurance fee).

    Args:
        shortage: quote; ratio: margin ratio, 1e4; price, quote_price: 1e6; fees: 1e6.
    """
    room = ratio * _FEE_PER_MARGIN - liquidator_fee
    if price == 0 or room <= 0:
        return UNLIMITED_BASE
    freed = mul_div_down(mul_div_down(price, quote_price, PRICE), room, FEE)
    freed -= mul_div_down(price, insurance_fee, FEE)
    if freed <= 0:
        return UNLIMITED_BASE
    return min(mul_div_down(shortage, BASE, freed), UNLIMITED_BASE)


def liability_to_cover(
    shortage: int,
    *,
    price: int,
    decimals: int,
    asset_weight: int,
    liability_weight: int,
    asset_multiplier: int = FEE,
    liability_multiplier: int = FEE,
    insurance_fee: int = 0,
) -> int:
    """Return the liability tokens whose repayment frees a shortage, at least one unit.

    shortage / (price * (wl - wa * ma / ml) - price * insurance fee * wl); 2**128 - 1 if none can.

    Args:
        shortage: quote; price: of the liability, 1e6; decimals: of the liability; weights: 1e4;
            multipliers: 1e6, of the discount and the premium; insurance_fee: 1e6.
    """
    if asset_weight >= liability_weight:
        return UNLIMITED_TRANSFER
    weight = mul_div_down(asset_weight * 10, asset_multiplier, liability_multiplier)
    freed = price * (liability_weight * 10 - weight)
    freed -= mul_div_down(price, insurance_fee, FEE) * liability_weight * 10
    if freed <= 0:
        return UNLIMITED_TRANSFER
    up, down = pow10(max(decimals - 6, 0)), pow10(max(6 - decimals, 0))
    tokens = mul_div_down(shortage * up, PRICE * WEIGHT * 10, freed)
    return max(div_down(tokens, down), 1)


def asset_for_liability(
    liability: int,
    *,
    asset_price: int,
    liability_price: int,
    asset_decimals: int,
    liability_decimals: int,
    asset_multiplier: int,
    liability_multiplier: int,
    asset_max: int,
) -> int:
    """Return the asset tokens that a liquidator gets for repaying a liability, rounded up.

    Args:
        liability: native units; prices: 1e6; multipliers: 1e6; asset_max: the user's balance, taken
            whole where what would be left is worth less than one quote.
    """
    up = pow10(max(asset_decimals - liability_decimals, 0))
    down = pow10(max(liability_decimals - asset_decimals, 0))
    paid = liability * up * liability_price
    got = div_up(
        mul_div_up(paid, asset_multiplier, asset_price * liability_multiplier),
        down,
    )
    left = mul_div_down(abs(asset_max - got), asset_price, pow10(asset_decimals))
    return asset_max if left < QUOTE else got


def insurance_fee(
    shortage: int,
    base: int,
    *,
    ratio: int,
    liquidator_fee: int,
    price: int,
    fee_max: int,
    quote_price: int = PRICE,
) -> int:
    """Return min(max, 0.95 * (ratio - liquidator fee - shortage / notional)), 1e6, never negative.

    Args:
        shortage: quote; base: of the position, 1e9, not negative; ratio: 1e4; the rest as in
            `base_to_cover`. The fee alone can so never bankrupt the account.
    """
    room = ratio * _FEE_PER_MARGIN - liquidator_fee
    if price == 0 or quote_price == 0 or base == 0 or room <= 0:
        return 0
    worth = mul_div_down(price, quote_price, PRICE)
    if worth == 0:
        return 0
    needed = mul_div_down(mul_div_down(shortage, BASE, base), PRICE, worth)
    return min(fee_max, mul_div_down(max(room - needed, 0), 19, 20))


def liquidator_fee(base_fee: int, fee_max: int, *, slots: int) -> int:
    """Return the liquidator's fee, 1e6: after 1,500 slots it gains one millionth a slot.

    Args:
        slots: since the account was last active, not negative.
    """
    assert slots >= 0, f"negative slots: {slots}"
    if slots < GRACE_SLOTS:
        return base_fee
    return min(fee_max, base_fee + slots * FEE_PER_SLOT)


def share_to_free(
    shortage: int, *, freed: int, slots: int, duration_slots: int, initial_share: int
) -> int:
    """Return the part of the shortage that may be freed now, in 1e4.

    Args:
        shortage: now, quote, positive; freed: already in this liquidation, quote; slots: since it
            began; duration_slots: until all may go; initial_share: at once, 1e4.
    """
    if shortage < TINY_SHORTAGE:
        return _PERCENTAGE
    elapsed = _PERCENTAGE
    if duration_slots > 0:
        elapsed = mul_div_down(slots, _PERCENTAGE, duration_slots)
    allowed = min(elapsed + initial_share, _PERCENTAGE)
    most = mul_div_down(shortage + freed, allowed, _PERCENTAGE)
    return mul_div_down(max(most - freed, 0), _PERCENTAGE, shortage)


@unique
class Tier(StrEnum):
    """Contract tiers: what the insurance fund pays at most, and how loose the oracle may be."""

    A = "a"
    B = "b"
    C = "c"
    SPECULATIVE = "speculative"
    HIGHLY_SPECULATIVE = "highly_speculative"
    ISOLATED = "isolated"


INSURANCE_MAX: Final = {
    Tier.A: 100_000_000 * QUOTE,
    Tier.B: 1_000_000 * QUOTE,
    Tier.C: 100_000 * QUOTE,
    Tier.SPECULATIVE: 0,
    Tier.HIGHLY_SPECULATIVE: 0,
    Tier.ISOLATED: 0,
}


@dataclass(frozen=True, slots=True)
class Bankruptcy:
    """Who bears a loss, quote: the insurance vault, the market's fee pool, all open base."""

    from_insurance: int
    from_fee_pool: int
    socialized: int


def resolve_loss(loss: int, *, vault: int, insurance_left: int, fee_pool: int) -> Bankruptcy:
    """Split a perpetual's loss over the waterfall; one unit always stays in the vault.

    Args:
        loss: quote, not negative; insurance_left: what the market may still draw.
    """
    insured = min(loss, insurance_left, max(vault - 1, 0))
    pooled = min(loss - insured, fee_pool)
    return Bankruptcy(insured, pooled, loss - insured - pooled)


def funding_delta(loss: int, *, base_long: int, base_short: int) -> int:
    """Return the cumulative funding (1e9) charged to every base unit, rounded up.

    Args:
        loss: quote, either sign; base_long, base_short: open base, 1e9, either sign.
    """
    total = abs(base_long) + abs(base_short)
    assert total > 0, "no open base can bear the loss"
    return mul_div_up(abs(loss), BASE, total) * _FUNDING_PER_QUOTE


def deposit_interest_delta(borrow: int, *, cumulative_interest: int, deposits: int) -> int:
    """Return the fall of the deposit index that pays a lost borrow, rounded up; 0 without any.

    Args:
        borrow, deposits: token units.
    """
    if deposits == 0:
        return 0
    return mul_div_up(cumulative_interest, borrow, deposits)
