"""Deribit's portfolio margin of an account: what is charged beside the matrix, and cross margin.

Source: the documented answer of `private/pme/simulate` (docs.deribit.com, read 2026-11), which pins
the roll shock, the sum that makes initial margin, and that gains of a risk vector count in part.
How a large delta is charged, and how currencies are joined, is not documented: the readings taken
here are named on docs/protocols/deribit.md. Every number is in wad unless its name says seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from trimtab.protocols.deribit import (
    DeribitMargin,
    DeribitOption,
    DeribitRules,
    InverseFuture,
    MoveResult,
    Position,
    is_inverse,
    margin,
)
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, YEAR_SECONDS, black76_wad, mul_div_down, mul_div_up


@dataclass(frozen=True, slots=True)
class CurrencyRules:
    """The parameters of one settlement currency, by the venue's own names.

    roll_year, roll_min: annualised_move_risk, min_annualised_move; gain_share, gain_max: pnl_offset
    and max_offsetable_pnl (quote); haircut of equity; counts_equity: equity_side_impact is "both";
    is_correlated: correlation_set.
    """

    roll_year_wad: int
    roll_min_wad: int
    gain_share_wad: int = 0
    gain_max_wad: int = 0
    haircut_wad: int = 0
    counts_equity: bool = False
    is_correlated: bool = False


@dataclass(frozen=True, slots=True)
class LiquidityRules:
    """When a delta is large: above a threshold in quote, by a rate per coin, up to a most."""

    threshold_wad: int = 20_000_000 * WAD
    rate_per_coin_wad: int = 5 * 10**13
    rate_max_wad: int = 10**17


BTC_CURRENCY: Final = CurrencyRules(75 * 10**15, 10**16, counts_equity=True)
ETH_CURRENCY: Final = CurrencyRules(
    5 * 10**16, 5 * 10**15, 6 * 10**17, 20_000_000 * WAD, counts_equity=True
)
USD_CURRENCY: Final = CurrencyRules(10**17, 10**16, 4 * 10**17, 1_000_000 * WAD)


@dataclass(frozen=True, slots=True)
class Requirement:
    """Both requirements of positions that settle in one currency, in that currency, by cause."""

    worst_wad: int
    roll_shock_wad: int
    delta_shock_wad: int
    initial_wad: int
    maintenance_wad: int
    matrix: DeribitMargin


@dataclass(frozen=True, slots=True)
class CrossLeg:
    """Positions on one underlying that settle in one currency, for cross margin.

    price_wad: quote per unit of the settlement currency; index_wad: of the underlying;
    equity_wad: signed, in the settlement currency.
    """

    underlying: str
    positions: tuple[Position, ...]
    price_wad: int
    index_wad: int
    rules: DeribitRules
    currency: CurrencyRules
    liquidity: LiquidityRules
    equity_wad: int = 0


@dataclass(frozen=True, slots=True)
class CrossMargin:
    """What a cross account needs and has, in quote.

    initial = worst + shocks; worst_by_group_wad: the worst loss of each underlying, or of all the
    correlated ones together ("correlated"); equity_wad: after haircuts.
    """

    initial_wad: int
    maintenance_wad: int
    equity_wad: int
    shocks_wad: int
    worst_by_group_wad: tuple[tuple[str, int], ...]


def requirement(
    positions: Sequence[Position],
    index_wad: int,
    *,
    rules: DeribitRules,
    currency: CurrencyRules,
    liquidity: LiquidityRules,
) -> Requirement:
    """Return what positions of one settlement currency need (segregated portfolio margin).

    initial = worst counted loss + roll shock + delta shock; maintenance = its share, rounded down.

    Args:
        index_wad: price of the underlying.
    """
    matrix = margin(positions, rules=rules)
    roll = roll_shock_wad(positions, currency)
    large = delta_shock_wad(positions, index_wad, liquidity=liquidity)
    initial = matrix.initial_wad + roll + large
    return Requirement(
        worst_wad=matrix.initial_wad,
        roll_shock_wad=roll,
        delta_shock_wad=large,
        initial_wad=initial,
        maintenance_wad=mul_div_down(initial, rules.maintenance_factor_wad, WAD),
        matrix=matrix,
    )


def delta_wad(position: Position) -> int:
    """Return what a position gains per unit of its price, in coins, signed.

    An inverse option's is net of its price in coins, as in the venue's "delta total".

    Rounding: toward zero.
    """
    if isinstance(position, InverseFuture):
        return position.coins_wad
    if not isinstance(position, DeribitOption):
        return position.size_wad
    found = black76_wad(
        position.forward_wad,
        position.strike_wad,
        vol_wad=position.vol_wad,
        seconds=position.seconds,
        is_call=position.is_call,
    )
    delta = found.delta_wad
    if position.is_inverse:
        delta -= mul_div_down(found.value_wad, WAD, position.forward_wad)
    return mul_div_toward_zero(delta, position.amount_wad, denominator=WAD)


def roll_shock_wad(positions: Sequence[Position], currency: CurrencyRules) -> int:
    """Return sum over expiries of |net delta| * max(least, risk a year * T), rounded up.

    A perpetual is an expiry of its own, with no time. In coins where inverse, else in quote.
    """
    total = 0
    ordered = sorted(positions, key=lambda held: held.seconds)
    for seconds, group in groupby(ordered, key=lambda held: held.seconds):
        share = mul_div_up(currency.roll_year_wad, seconds, YEAR_SECONDS)
        net = sum(_exposure_wad(held) for held in group)
        total += mul_div_up(abs(net), max(currency.roll_min_wad, share), WAD)
    return total


def delta_shock_wad(
    positions: Sequence[Position], index_wad: int, *, liquidity: LiquidityRules
) -> int:
    """Return excess * min(most, rate per coin * excess) for a net delta above the threshold.

    In coins where the positions are inverse, else in quote; rounded up.
    """
    held = abs(sum(delta_wad(position) for position in positions))
    excess = max(0, held - mul_div_down(liquidity.threshold_wad, WAD, index_wad))
    rate = min(liquidity.rate_max_wad, mul_div_up(liquidity.rate_per_coin_wad, excess, WAD))
    coins = mul_div_up(excess, rate, WAD)
    if all(is_inverse(position) for position in positions):
        return coins
    return mul_div_up(coins, index_wad, WAD)


def counted_gain_wad(profit_wad: int, currency: CurrencyRules, *, price_wad: int) -> int:
    """Return an entry of a risk vector as it counts beside others: a gain in part, a loss whole.

    Args:
        price_wad: quote per unit of the profit, for the most that a gain may be.
    """
    if profit_wad <= 0:
        return profit_wad
    share = mul_div_down(profit_wad, currency.gain_share_wad, WAD)
    return min(share, mul_div_down(currency.gain_max_wad, WAD, price_wad))


def cross_margin(legs: Sequence[CrossLeg]) -> CrossMargin:
    """Return what an account with cross portfolio margin needs, in quote.

    The vectors of one underlying add up entry by entry, gains in part; so do those of all
    correlated legs. Every other underlying is taken at its own worst. Equity that counts moves
    with its price in the vector, and stands after its haircut.

    Rounding: vectors toward zero, requirements up, equity down.
    """
    grouped: dict[str, list[CrossLeg]] = {}
    for leg in legs:
        name = "correlated" if leg.currency.is_correlated else leg.underlying
        grouped.setdefault(name, []).append(leg)
    worst = tuple((name, _worst_wad(group)) for name, group in sorted(grouped.items()))
    shocks = sum(_shocks_wad(leg) for leg in legs)
    initial = sum(loss for _, loss in worst) + shocks
    factor = max((leg.rules.maintenance_factor_wad for leg in legs), default=WAD)
    return CrossMargin(
        initial_wad=initial,
        maintenance_wad=mul_div_down(initial, factor, WAD),
        equity_wad=sum(_equity_wad(leg) for leg in legs),
        shocks_wad=shocks,
        worst_by_group_wad=worst,
    )


def _worst_wad(legs: Sequence[CrossLeg]) -> int:
    vectors = [_quote_vector_wad(leg) for leg in legs]
    losses: list[int] = [-sum(entries) for entries in zip(*vectors, strict=True)]
    return max(0, *losses)


def _quote_vector_wad(leg: CrossLeg) -> tuple[int, ...]:
    found = margin(leg.positions, rules=leg.rules)
    results = (*found.standard, *found.extended)
    return tuple(
        counted_gain_wad(_quote_wad(result, leg), leg.currency, price_wad=WAD) for result in results
    )


def _quote_wad(result: MoveResult, leg: CrossLeg) -> int:
    """A result in quote: coins at the moved price, with the change of equity that counts."""
    profit = mul_div_toward_zero(result.counted_wad, leg.price_wad, denominator=WAD)
    if not leg.currency.counts_equity:
        return profit
    move = max(-leg.rules.range_wad, min(leg.rules.range_wad, result.move.move_wad))
    profit = mul_div_toward_zero(profit, WAD + move, denominator=WAD)
    worth = mul_div_toward_zero(leg.equity_wad, leg.price_wad, denominator=WAD)
    return profit + mul_div_toward_zero(worth, move, denominator=WAD)


def _shocks_wad(leg: CrossLeg) -> int:
    shocks = roll_shock_wad(leg.positions, leg.currency)
    shocks += delta_shock_wad(leg.positions, leg.index_wad, liquidity=leg.liquidity)
    return mul_div_up(shocks, leg.price_wad, WAD)


def _equity_wad(leg: CrossLeg) -> int:
    worth = mul_div_toward_zero(leg.equity_wad, leg.price_wad, denominator=WAD)
    return mul_div_down(worth, WAD - leg.currency.haircut_wad, WAD) if worth > 0 else worth


def _exposure_wad(position: Position) -> int:
    """Delta in the settlement currency: coins, or quote at the position's own price."""
    if is_inverse(position):
        return delta_wad(position)
    price = position.forward_wad if isinstance(position, DeribitOption) else _price_wad(position)
    return mul_div_toward_zero(delta_wad(position), price, denominator=WAD)


def _price_wad(position: Position) -> int:
    assert not isinstance(position, InverseFuture | DeribitOption), "a linear future is meant"
    return position.price_wad
