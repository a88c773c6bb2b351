"""Perp v2 (Curie): margins, liquidation in part, the cap of funding and the bands of price.

Source: perpetual-protocol/perp-curie-contract at d520bd8e, contracts/AccountBalance.sol,
ClearingHouse.sol, Exchange.sol, Vault.sol and ClearingHouseConfig.sol (GPL-3.0, read and not
copied). Sizes, prices and values are wad, ratios are millionths as in the contracts (`_ppm`);
signed quotients lose their fraction. Positions in a maker's pool are outside: sizes are total.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, div_down, mul_div_down

PPM: Final = 10**6
PARTIAL_VALUE_MIN_WAD: Final = 100 * WAD
TICKS_PER_BLOCK_MAX: Final = 1000
SPREAD_MAX_PPM: Final = 100_000
PRICE_LIMIT_SECONDS: Final = 15
_UINT24_MAX: Final = 2**24 - 1
_DUST_WAD: Final = 10
_FUNDING_PERIOD_SECONDS: Final = 86400


@dataclass(frozen=True, slots=True)
class PerpRules:
    """What the clearing house is configured with; the defaults are those of its initializer."""

    initial_ppm: int = 100_000
    maintenance_ppm: int = 62_500
    penalty_ppm: int = 25_000
    funding_max_ppm: int = 100_000


@dataclass(frozen=True, slots=True)
class PerpPosition:
    """A position of one market: signed size, the quote it was opened for, the mark price.

    open_notional_wad: minus what a long paid, plus what a short received.
    """

    size_wad: int
    open_notional_wad: int
    price_wad: int

    @property
    def value_wad(self) -> int:
        """Return size * price, signed, without its fraction; a size below 10 units is none."""
        if abs(self.size_wad) < _DUST_WAD:
            return 0
        return mul_div_toward_zero(self.size_wad, self.price_wad, denominator=WAD)


@dataclass(frozen=True, slots=True)
class PerpAccount:
    """Collateral with settled funding, fees and realized profit, and positions by market."""

    collateral_wad: int
    positions: tuple[PerpPosition, ...] = ()


@dataclass(frozen=True, slots=True)
class PerpHealth:
    """The sums that decide.

    account_value_wad: collateral and unrealized profit; requirement_wad: maintenance, on the sum
    of absolute position values; free_wad: what may be withdrawn or opened on, signed, on debt.
    """

    account_value_wad: int
    absolute_value_wad: int
    requirement_wad: int
    free_wad: int
    is_liquidatable: bool


@unique
class PerpRefusal(StrEnum):
    """Which condition of the contracts failed."""

    ENOUGH_VALUE = "CH_EAV"
    WRONG_SIDE = "CH_WLD"
    FUND_TOO_SMALL = "CH_IIC"
    RATIO_OVERFLOW = "SafeCast: 24 bits"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: the condition, what was found and what it was held against, in wad."""

    reason: PerpRefusal
    found: int
    limit: int


@dataclass(frozen=True, slots=True)
class PerpLiquidation:
    """What a liquidation moves; sizes and notional as the trader's position changes, signed.

    bad_debt_wad: what the insurance fund has to cover once no position is left.
    """

    size_wad: int
    notional_wad: int
    penalty_wad: int
    to_liquidator_wad: int
    to_fund_wad: int
    bad_debt_wad: int
    after: PerpAccount


def health(account: PerpAccount, rules: PerpRules) -> PerpHealth:
    """Return the account's values and requirements.

    free = min(collateral, account value) - initial ratio * debt; liquidatable where the account
    value is below the requirement.

    Rounding: down for magnitudes, toward zero for signed values.
    """
    value = account.collateral_wad
    value += sum(held.value_wad + held.open_notional_wad for held in account.positions)
    total = sum(abs(held.value_wad) for held in account.positions)
    required = mul_div_down(total, rules.maintenance_ppm, PPM)
    debt = mul_div_down(debt_value_wad(account), rules.initial_ppm, PPM)
    return PerpHealth(
        account_value_wad=value,
        absolute_value_wad=total,
        requirement_wad=required,
        free_wad=min(account.collateral_wad, value) - debt,
        is_liquidatable=value < required,
    )


def debt_value_wad(account: PerpAccount) -> int:
    """Return what initial margin is charged on: shorts at mark, and the quote owed in all.

    The quote of all markets nets before its debt is taken; the base of each market does not.
    """
    quote = sum(held.open_notional_wad for held in account.positions)
    base = sum(min(0, held.value_wad) for held in account.positions)
    return abs(min(0, quote) + base)


def liquidatable_size_wad(account: PerpAccount, market: int, *, rules: PerpRules) -> int | Refused:
    """Return how much of a position may be taken over, with the position's sign.

    All of it at a value of 100 USD or less, or below half the requirement; otherwise the share
    min(1, total value / (2 * its value)), in whole millionths.

    Returns:
        0 where the account is not liquidatable. A refusal where the share before its cap does not
        fit 24 bits: a position of less than 1/33.5 of the account cannot be taken in part.
    """
    found, held = health(account, rules), account.positions[market]
    if not found.is_liquidatable or abs(held.size_wad) < _DUST_WAD:
        return 0
    value = abs(held.value_wad)
    half = mul_div_toward_zero(found.requirement_wad, 1, denominator=2)
    if value <= PARTIAL_VALUE_MIN_WAD or found.account_value_wad < half:
        return held.size_wad
    share = mul_div_down(found.absolute_value_wad, PPM, 2 * value)
    if share > _UINT24_MAX:
        return Refused(PerpRefusal.RATIO_OVERFLOW, share, _UINT24_MAX)
    return mul_div_toward_zero(held.size_wad, min(share, PPM), denominator=PPM)


def liquidate(
    account: PerpAccount,
    market: int,
    *,
    rules: PerpRules,
    wanted_wad: int = 0,
    fund_wad: int | None = None,
) -> PerpLiquidation | Refused:
    """Return a liquidation of one position at its mark price.

    Args:
        wanted_wad: size with the position's sign; 0, or more than is allowed: all that is.
        fund_wad: what the insurance fund can pay; None: enough.

    Half the penalty goes to the liquidator, all of it where the account value was negative.
    """
    before, held = health(account, rules), account.positions[market]
    if not before.is_liquidatable:
        return Refused(PerpRefusal.ENOUGH_VALUE, before.account_value_wad, before.requirement_wad)
    if held.size_wad * wanted_wad < 0:
        return Refused(PerpRefusal.WRONG_SIDE, wanted_wad, held.size_wad)
    allowed = liquidatable_size_wad(account, market, rules=rules)
    if isinstance(allowed, Refused):
        return allowed
    taken = wanted_wad if 0 < abs(wanted_wad) <= abs(allowed) else allowed
    notional = mul_div_toward_zero(taken, held.price_wad, denominator=WAD)
    penalty = mul_div_down(abs(notional), rules.penalty_ppm, PPM)
    after = _closed(account, market, taken=taken, notional=notional, penalty=penalty)
    short = min(0, health(after, rules).account_value_wad)
    if fund_wad is not None and fund_wad < -short:
        return Refused(PerpRefusal.FUND_TOO_SMALL, fund_wad, -short)
    is_spent = before.account_value_wad < 0
    reward = penalty if is_spent else div_down(penalty, 2)
    empty = all(abs(one.size_wad) < _DUST_WAD for one in after.positions)
    return PerpLiquidation(
        size_wad=-taken,
        notional_wad=notional,
        penalty_wad=penalty,
        to_liquidator_wad=reward,
        to_fund_wad=penalty - reward,
        bad_debt_wad=max(0, -after.collateral_wad) if empty else 0,
        after=after,
    )


def capped_premium_wad(market_twap_wad: int, index_twap_wad: int, *, rules: PerpRules) -> int:
    """Return market - index, at most the funding cap times the index to either side."""
    most = mul_div_down(index_twap_wad, rules.funding_max_ppm, PPM)
    return max(-most, min(most, market_twap_wad - index_twap_wad))


def funding_payment_wad(size_wad: int, premium_wad: int, *, seconds: int) -> int:
    """Return what a position pays, signed: size * premium * seconds / day, toward zero.

    Args:
        premium_wad: of `capped_premium_wad`, constant over the seconds.
    """
    return mul_div_toward_zero(
        size_wad * seconds, premium_wad, denominator=WAD * _FUNDING_PERIOD_SECONDS
    )


def is_over_tick_limit(tick: int, last_tick: int, *, ticks_max: int = TICKS_PER_BLOCK_MAX) -> bool:
    """Return whether a trade would end too far from the last recorded tick.

    The record moves on at most every 15 seconds, so the band holds over blocks as well.
    """
    return abs(tick - last_tick) > ticks_max


def spread_ppm(market_price_wad: int, index_price_wad: int) -> int:
    """Return (market - index) / index in millionths, toward zero."""
    return mul_div_toward_zero(market_price_wad - index_price_wad, PPM, denominator=index_price_wad)


def may_add_liquidity(market_price_wad: int, index_price_wad: int) -> bool:
    """Return whether makers may add: the spread is at most 10 %, against bad debt on purpose."""
    return abs(spread_ppm(market_price_wad, index_price_wad)) <= SPREAD_MAX_PPM


def is_within_band(before_ppm: int, after_ppm: int, *, spread_max_ppm: int) -> bool:
    """Return whether a swap may end: inside the market's spread, or no farther out than before."""
    return min(before_ppm, -spread_max_ppm) <= after_ppm <= max(before_ppm, spread_max_ppm)


def mark_price_wad(market_wad: int, market_twap_wad: int, *, index_with_premium_wad: int) -> int:
    """Return the median of a 15-second average, a 30-minute one, and index plus premium."""
    return sorted((market_wad, market_twap_wad, index_with_premium_wad))[1]


def _closed(
    account: PerpAccount, market: int, *, taken: int, notional: int, penalty: int
) -> PerpAccount:
    """The account after part of a position is closed; the share closed is cut to 1e-18."""
    held = account.positions[market]
    share = mul_div_down(abs(taken), WAD, abs(held.size_wad)) if held.size_wad else 0
    opened = mul_div_toward_zero(held.open_notional_wad, share, denominator=WAD)
    rest = replace(
        held, size_wad=held.size_wad - taken, open_notional_wad=held.open_notional_wad - opened
    )
    positions = (*account.positions[:market], rest, *account.positions[market + 1 :])
    return PerpAccount(account.collateral_wad + notional + opened - penalty, positions)
