"""Deribit's portfolio margin: 27 moves of price and volatility, and 8 far ones that count in part.

Source: support.deribit.com, "Portfolio Margin", and the documented answer of
`private/pme/simulate` (docs.deribit.com): parameters and the risk vector of an inverse perpetual.
There is no code to read. A far move counts at range / |move| of its profit in quote, paid in coins
at the edge of the range: so much the documented vector of an inverse perpetual shows, which is that
of the edge in all eight. Less the dampener, toward zero: how it is taken off is not documented.
Every number is in wad unless its name says seconds; profits are in the settlement currency, a coin
where inverse and quote where linear. What is charged beside the matrix: `deribit_account`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import (
    WAD,
    black76_value_wad,
    exp_wad_down,
    ln_wad_down,
    mul_div_down,
    parse_decimal,
)

_MONTH_SECONDS: Final = 30 * 86400


@dataclass(frozen=True, slots=True)
class FarMove:
    """One row of the extended table: a move of the price and the fraction of its result counted."""

    move_wad: int
    fraction_wad: int


@dataclass(frozen=True, slots=True)
class DeribitRules:
    """The parameters of one currency pair.

    range_wad, buckets: moves run from -range to +range in steps of range / buckets.
    dampener_wad: what is taken off the result of a far move, toward zero, in that currency.
    """

    range_wad: int
    buckets: int
    vol_up_wad: int
    vol_down_wad: int
    vol_up_min_wad: int
    short_power_wad: int
    long_power_wad: int
    maintenance_factor_wad: int
    far_moves: tuple[FarMove, ...]
    dampener_wad: int = 0
    time_min_seconds: int = 86400

    def __post_init__(self) -> None:
        assert self.buckets > 0, "no step to either side"
        assert 0 < self.range_wad < WAD, f"price range out of bounds: {self.range_wad}"


@dataclass(frozen=True, slots=True)
class InverseFuture:
    """A future settled in the coin: its signed worth in coins at the mark price.

    seconds: to expiry, 0 for a perpetual.
    """

    coins_wad: int
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class LinearFuture:
    """A future settled in quote: signed units of the coin, its mark price, and time as above."""

    size_wad: int
    price_wad: int
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class DeribitOption:
    """A signed amount of one option; inverse ones are worth value / forward in coins."""

    amount_wad: int
    strike_wad: int
    forward_wad: int
    vol_wad: int
    seconds: int
    is_call: bool
    is_inverse: bool = True


Position = InverseFuture | LinearFuture | DeribitOption


@dataclass(frozen=True, slots=True)
class Move:
    """One scenario: a signed move; the vol 1 up, 0 the same, -1 down; the fraction counted.

    A fraction below one makes it a far move, whose profit is paid at the edge of the range.
    """

    move_wad: int
    vol: int
    fraction_wad: int = WAD


@dataclass(frozen=True, slots=True)
class MoveResult:
    """What a move does to each position, signed, and to all of them after the dampener.

    A position's part of a far move has its fraction taken already.
    """

    move: Move
    positions_wad: tuple[int, ...]
    counted_wad: int


@dataclass(frozen=True, slots=True)
class DeribitMargin:
    """Both requirements, positive, and the deciding move; None where no move loses anything."""

    initial_wad: int
    maintenance_wad: int
    worst: MoveResult | None
    standard: tuple[MoveResult, ...]
    extended: tuple[MoveResult, ...]


def _far(range_wad: int) -> tuple[FarMove, ...]:
    moves = ("-0.66", "-0.33", "0.5", "1", "2", "3", "4", "5")
    sizes = [parse_decimal(move, 18) for move in moves]
    return tuple(FarMove(size, mul_div_down(range_wad, WAD, abs(size))) for size in sizes)


BTC: Final = DeribitRules(
    range_wad=16 * 10**16,
    buckets=4,
    vol_up_wad=5 * 10**17,
    vol_down_wad=25 * 10**16,
    vol_up_min_wad=5 * 10**17,
    short_power_wad=3 * 10**17,
    long_power_wad=13 * 10**16,
    maintenance_factor_wad=8 * 10**17,
    far_moves=_far(16 * 10**16),
)


def btc_rules(index_price_wad: int) -> DeribitRules:
    """Return `BTC` with its dampener of 100,000 USD, in coins at an index price, rounded down."""
    return replace(BTC, dampener_wad=mul_div_down(100_000 * WAD, WAD, index_price_wad))


def standard_moves(rules: DeribitRules) -> tuple[Move, ...]:
    """Return the moves from lowest to highest price, each with vol up, the same and down."""
    steps = range(-rules.buckets, rules.buckets + 1)
    prices = [
        mul_div_toward_zero(rules.range_wad, step, denominator=rules.buckets) for step in steps
    ]
    return tuple(Move(price, vol) for price in prices for vol in (1, 0, -1))


def far_moves(rules: DeribitRules) -> tuple[Move, ...]:
    """Return the moves of the extended table, all with vol up."""
    return tuple(Move(row.move_wad, 1, row.fraction_wad) for row in rules.far_moves)


def profit_wad(position: Position, move: Move, *, rules: DeribitRules) -> int:
    """Return what a move does to one position, signed, before any fraction or dampener.

    Inverse future: x * (1 - 1 / (1 + s)) coins for a worth of x; linear: size * price * s; option:
    amount * (value after - value before), over its forward where inverse.

    Rounding: toward zero.
    """
    assert move.move_wad > -WAD, f"a price below zero: {move.move_wad}"
    if isinstance(position, InverseFuture):
        moved = WAD + move.move_wad
        return mul_div_toward_zero(position.coins_wad, move.move_wad, denominator=moved)
    if isinstance(position, LinearFuture):
        notional = position.size_wad * position.price_wad
        return mul_div_toward_zero(notional, move.move_wad, denominator=WAD * WAD)
    after = _unit_value_wad(position, move=move, rules=rules)
    before = _unit_value_wad(position, move=Move(0, 0), rules=rules)
    return mul_div_toward_zero(position.amount_wad, after - before, denominator=WAD)


def counted_wad(position: Position, move: Move, *, rules: DeribitRules) -> int:
    """Return what a move does to one position as the venue counts it, before any dampener.

    A far move: profit * fraction where settled in quote; in coins the quote is paid at the edge of
    the range on its side, profit * fraction * (1 + move) / (1 +- range).

    Rounding: toward zero, after `profit_wad`.
    """
    profit = profit_wad(position, move, rules=rules)
    if move.fraction_wad == WAD:
        return profit
    if not is_inverse(position):
        return mul_div_toward_zero(profit, move.fraction_wad, denominator=WAD)
    edge = WAD + (rules.range_wad if move.move_wad > 0 else -rules.range_wad)
    scale = move.fraction_wad * (WAD + move.move_wad)
    return mul_div_toward_zero(profit, scale, denominator=WAD * edge)


def is_inverse(position: Position) -> bool:
    """Return whether a position settles in the coin."""
    if isinstance(position, DeribitOption):
        return position.is_inverse
    return isinstance(position, InverseFuture)


def shocked_vol_wad(vol_wad: int, seconds: int, *, direction: int, rules: DeribitRules) -> int:
    """Return max(vol * (1 + up * (30 days / T)**p), least) or vol * (1 - down * (30 days / T)**p).

    p is the short power under 30 days, T at least `time_min_seconds`. Rounding: toward zero; never
    below 0.
    """
    if direction == 0:
        return vol_wad
    time = max(seconds, rules.time_min_seconds)
    power = rules.short_power_wad if seconds < _MONTH_SECONDS else rules.long_power_wad
    logarithm = ln_wad_down(mul_div_down(_MONTH_SECONDS, WAD, time))
    scale = exp_wad_down(mul_div_toward_zero(logarithm, power, denominator=WAD))
    if direction > 0:
        up = mul_div_down(vol_wad, WAD + mul_div_down(rules.vol_up_wad, scale, WAD), WAD)
        return max(up, rules.vol_up_min_wad)
    down = max(0, WAD - mul_div_down(rules.vol_down_wad, scale, WAD))
    return mul_div_down(vol_wad, down, WAD)


def risk_vector_wad(position: Position, *, rules: DeribitRules) -> tuple[int, ...]:
    """Return a position's profit in each standard move, in their order."""
    return tuple(profit_wad(position, move, rules=rules) for move in standard_moves(rules))


def margin(positions: Sequence[Position], *, rules: DeribitRules) -> DeribitMargin:
    """Return the margin of positions that settle in one currency on one pair.

    Returns:
        initial = the worst counted loss of all moves, at least 0; maintenance = its share, rounded
        down.
    """
    standard = tuple(_result(positions, move, rules=rules) for move in standard_moves(rules))
    extended = tuple(
        _damped(_result(positions, move, rules=rules), rules) for move in far_moves(rules)
    )
    worst = min((*standard, *extended), key=lambda result: result.counted_wad)
    loss = max(-worst.counted_wad, 0)
    return DeribitMargin(
        initial_wad=loss,
        maintenance_wad=mul_div_down(loss, rules.maintenance_factor_wad, WAD),
        worst=worst if loss else None,
        standard=standard,
        extended=extended,
    )


def _result(positions: Sequence[Position], move: Move, *, rules: DeribitRules) -> MoveResult:
    profits = tuple(counted_wad(position, move, rules=rules) for position in positions)
    return MoveResult(move, profits, sum(profits))


def _damped(result: MoveResult, rules: DeribitRules) -> MoveResult:
    counted = max(0, abs(result.counted_wad) - rules.dampener_wad)
    counted = -counted if result.counted_wad < 0 else counted
    return MoveResult(result.move, result.positions_wad, counted)


def _unit_value_wad(option: DeribitOption, *, move: Move, rules: DeribitRules) -> int:
    forward = mul_div_down(option.forward_wad, WAD + move.move_wad, WAD)
    value = black76_value_wad(
        forward,
        option.strike_wad,
        vol_wad=shocked_vol_wad(option.vol_wad, option.seconds, direction=move.vol, rules=rules),
        seconds=option.seconds,
        is_call=option.is_call,
    )
    return mul_div_down(value, WAD, forward) if option.is_inverse else value
