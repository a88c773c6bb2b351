"""dYdX v4: bankruptcy and fillable price, insurance, block limits and deleveraging.

Source: dydxprotocol/v4-chain, commit 84d4664b, protocol/x/clob/keeper/liquidations.go and
deleveraging.go. Units as in `dydx`. An account is its quote balance and its positions by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from trimtab.protocols.dydx import (
    MILLION,
    Market,
    Position,
    Risk,
    account_risk,
    may_update,
    notional,
    position_risk,
)
from trimtab.protocols.signed import mul_div_ceil, mul_div_floor
from trimtab.units import WAD, mul_div_down


@dataclass(frozen=True, slots=True)
class Account:
    """A subaccount: quote quantums, signed, and positions by market name."""

    quote: int
    positions: Mapping[str, Position] = field(default_factory=dict)

    @property
    def risk(self) -> Risk:
        """Return the account's sums."""
        return account_risk(self.quote, self.positions.values())


@dataclass(frozen=True, slots=True)
class FillablePrice:
    """How far through the oracle price a liquidation order may go; both ppm."""

    bankruptcy_adjustment_ppm: int = MILLION
    spread_to_maintenance_ppm: int = 1_500_000


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """How much may be liquidated in a block; quote quantums and ppm of a position."""

    position_min: int = 1_000 * MILLION
    position_portion_ppm: int = 100_000
    account_max: int = 100_000 * MILLION
    insurance_max: int = 1_000_000 * MILLION


@dataclass(frozen=True, slots=True)
class Offset:
    """One fill of a deleveraging: who, how much of their size changes, and what they pay.

    delta: base quantums, of the counterparty; quote: quote quantums that the counterparty receives.
    """

    index: int
    delta: int
    quote: int


@dataclass(frozen=True, slots=True)
class Deleveraging:
    """The account after its offsets, the counterparties after theirs, and the size left over."""

    account: Account
    counterparties: tuple[Account, ...]
    offsets: tuple[Offset, ...]
    size_left: int


def filled(account: Account, name: str, *, delta: int, quote: int) -> Account:
    """Return the account after its size in a market changes by delta and its balance by quote."""
    position = account.positions[name]
    changed = replace(position, size=position.size + delta)
    return Account(account.quote + quote, {**account.positions, name: changed})


def bankruptcy_price(account: Account, name: str, *, delta: int) -> int:
    """Return the quote for which closing `delta` leaves the rest as bankrupt as before.

    -change of notional - collateral * |change of maintenance| / total maintenance, in quote
    quantums: positive received for selling, negative paid for buying. Rounded up, by flooring the
    one division.

    Args:
        delta: base quantums, against the position and at most its size.
    """
    position = account.positions[name]
    _closes(position, delta)
    before = position_risk(position)
    after = position_risk(replace(position, size=position.size + delta))
    total = account.risk
    share = mul_div_floor(
        total.collateral,
        before.maintenance - after.maintenance,
        denominator=total.maintenance,
    )
    return before.collateral - after.collateral - share


def fillable_price_wad(account: Account, name: str, *, config: FillablePrice) -> int:
    """Return the worst price a liquidation order of the position may fill at.

    (notional - abr * spread * maintenance) / size with abr = clamp(ba * (1 - tnc / tmmr), 0, 1).

    Returns:
        Quote quantums per base quantum, wad; up for a long (it sells), down for a short.
    """
    position, total = account.positions[name], account.risk
    own = position_risk(position)
    rating = config.bankruptcy_adjustment_ppm * (total.maintenance - total.collateral)
    one = MILLION * total.maintenance
    rating = max(0, min(rating, one))
    spread = config.spread_to_maintenance_ppm * own.maintenance
    scale = one * MILLION
    worth = own.collateral * scale - rating * spread
    if position.size > 0:
        return mul_div_ceil(worth, WAD, denominator=scale * position.size)
    return mul_div_floor(-worth, WAD, denominator=scale * -position.size)


def insurance_delta(
    account: Account, name: str, *, delta: int, fill_quote: int, fee_ppm_max: int
) -> int:
    """Return what a liquidation fill pays the insurance fund; negative where the fund pays.

    Args:
        delta: base quantums closed, against the position; fill_quote: quote quantums that the fill
            gives the account, signed like a bankruptcy price; fee_ppm_max: the most fee, ppm of the
            fill.

    Rounding: the fee down.
    """
    gained = fill_quote - bankruptcy_price(account, name, delta=delta)
    if gained <= 0:
        return gained
    return min(mul_div_down(abs(fill_quote), fee_ppm_max, MILLION), gained)


def fund_covers(fund: int, insurance: int) -> bool:
    """Return whether the fund stays at zero or above; where not, the account is deleveraged."""
    return fund + insurance >= 0


def liquidatable_range(size_quote: int, limits: BlockLimits) -> tuple[int, int]:
    """Return the least and the most notional of a position that a block may liquidate.

    Args:
        size_quote: notional of the position, quote quantums, not negative.
    """
    least = min(limits.position_min, size_quote)
    portion = mul_div_down(size_quote, limits.position_portion_ppm, MILLION)
    return least, max(least, portion)


def liquidatable_delta(
    position: Position, limits: BlockLimits, *, step: int, liquidated: int = 0
) -> int:
    """Return the base quantums to close now: signed against the position, in whole steps.

    Args:
        step: smallest order, base quantums; liquidated: notional of the account already liquidated
            in this block, at most the account's limit.
    """
    assert liquidated <= limits.account_max, "the account's limit of this block is exceeded"
    market, size = position.market, abs(position.size)
    whole = abs(notional(market, position.size))
    most = min(liquidatable_range(whole, limits)[1], limits.account_max - liquidated)
    if whole <= most or size <= step:
        return -position.size
    rough = mul_div_down(size, most, whole)
    steps = mul_div_down(rough, 1, step) * step
    closed = max(step, min(steps, size))
    return -closed if position.size > 0 else closed


def deleverage(
    account: Account, counterparties: Sequence[Account], *, name: str, settles: bool = False
) -> Deleveraging:
    """Offset a whole position against counterparties, in the order given.

    Args:
        settles: at the oracle price (a market in final settlement), else at the bankruptcy price.

    Returns:
        What became of all. The chain starts the order at a pseudo-random place; whoever is on the
        same side, or could not stand at that price, is skipped.
    """
    parties, offsets = list(counterparties), []
    for index, party in enumerate(counterparties):
        offset = _offset(account, party, name=name, settles=settles, index=index)
        if offset is None:
            continue
        account = filled(account, name, delta=-offset.delta, quote=-offset.quote)
        parties[index] = filled(party, name, delta=offset.delta, quote=offset.quote)
        offsets.append(offset)
    left = account.positions[name].size
    return Deleveraging(account, tuple(parties), tuple(offsets), left)


def _offset(
    account: Account, party: Account, *, name: str, settles: bool, index: int
) -> Offset | None:
    held = account.positions[name].size
    theirs = party.positions[name].size if name in party.positions else 0
    if held * theirs >= 0:
        return None
    size = min(abs(held), abs(theirs))
    delta = -size if held > 0 else size
    if settles:
        quote = -notional(account.positions[name].market, delta)
    else:
        quote = bankruptcy_price(account, name, delta=delta)
    after = filled(party, name, delta=-delta, quote=-quote)
    if not may_update(party.risk, after.risk):
        return None
    return Offset(index, -delta, -quote)


def _closes(position: Position, delta: int) -> None:
    assert position.size * delta < 0, f"{delta} does not reduce a position of {position.size}"
    assert abs(delta) <= abs(position.size), f"{delta} is more than {position.size}"


DEFAULT_FEE_PPM_MAX: Final = 15_000


def order_key(oracle: Market, *, price: int, size: int, digest: str) -> tuple[int, int, str]:
    """Return the key that sorts liquidation orders: furthest from oracle, largest, then by hash.

    Args:
        price: of the order in the units of `oracle.price`; size: quote quantums; digest: its hash.
    """
    distance = mul_div_down(abs(price - oracle.price), WAD, oracle.price)
    return -distance, -size, digest
