"""Curve LLAMMA v2: swaps within and across bands, which are its soft liquidation both ways.

Source: curvefi/curve-stablecoin, commit cf1d05fb, curve_stablecoin/AMM.vy: calc_swap_out,
calc_swap_in, _exchange. Whoever buys the collateral that the market offers too low converts the
borrowers' collateral to the borrowed asset band by band, and back when the oracle recovers.

Units: bands hold 18 decimals of either asset; amounts paid and got are native units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, unique

from trimtab.protocols.llamma_bands import (
    BANDS_MAX,
    SKIPPED_MAX,
    Curve,
    Grid,
    OracleLimit,
    curve,
    dynamic_fee_wad,
)
from trimtab.units import WAD, div_down, div_up, mul_div_down, wad_div_down, wad_mul_down


@unique
class Side(Enum):
    """What the trader does with the collateral: buying lifts the active band, selling lowers it."""

    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Market:
    """The state of one market.

    fee_wad: the least fee of a swap; bands_x, bands_y: what each band holds, 18 decimals (a band
    left out is empty); shares: of each band in all; x_precision, y_precision: 10 ** (18 - decimals)
    of the borrowed asset and of the collateral. Only the active band holds both assets.
    """

    grid: Grid
    fee_wad: int
    active_band: int = 0
    min_band: int = 0
    max_band: int = 0
    bands_x: Mapping[int, int] = field(default_factory=dict)
    bands_y: Mapping[int, int] = field(default_factory=dict)
    shares: Mapping[int, int] = field(default_factory=dict)
    x_precision: int = 1
    y_precision: int = 1

    def held(self, band: int) -> tuple[int, int]:
        """Return x and y of a band, 18 decimals."""
        return self.bands_x.get(band, 0), self.bands_y.get(band, 0)

    def with_bands(self, changed: Mapping[int, tuple[int, int]]) -> Market:
        """Return the market with x and y of some bands replaced."""
        xs = {**self.bands_x, **{band: held[0] for band, held in changed.items()}}
        ys = {**self.bands_y, **{band: held[1] for band, held in changed.items()}}
        return replace(self, bands_x=xs, bands_y=ys)


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap and what it leaves.

    paid, got: native units; bands: x and y after, of each band it touched, from the first to the
    last; last_band: the active band after; market: the state after.
    """

    side: Side
    paid: int
    got: int
    first_band: int
    last_band: int
    bands: Mapping[int, tuple[int, int]]
    market: Market


@dataclass(frozen=True, slots=True)
class _Held:
    """A band seen from the trade: what it has of the asset paid in, and of the one taken out."""

    paid: int
    offered: int


@dataclass(frozen=True, slots=True)
class _Fill:
    """What one band gives: paid to it, got from it, what it offers after, and if that was all."""

    paid: int
    got: int
    offered: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class _Slope:
    """The invariant seen from the trade: offsets of the asset paid in and of the one offered."""

    paid: int
    offered: int
    invariant: int
    antifee_wad: int


def swap(
    market: Market, amount: int, *, side: Side, oracle: OracleLimit, is_exact_out: bool = False
) -> Swap:
    """Swap an amount in, or for an amount out, at the oracle's price.

    Args:
        amount: native units paid in, or with `is_exact_out` wanted out.
        side: BUY pays the borrowed asset and gets collateral, SELL the other way.
        oracle: the price after its limit, and the fee of its move.

    Returns:
        What was paid and got; less than asked where the market's bands end or lie more than about
        50 bands from the oracle. A swap that pays or gets nothing leaves the market as it is.

    Rounding: paid up, got down, in native units and against the trader in every band.
    """
    paid_precision, got_precision = market.x_precision, market.y_precision
    if side is Side.SELL:
        paid_precision, got_precision = got_precision, paid_precision
    precision = got_precision if is_exact_out else paid_precision
    scaled = amount * precision
    walked = _walk(market, scaled, side=side, oracle=oracle, is_exact_out=is_exact_out)
    fills = walked.fills.values()
    paid = div_up(sum(fill.paid for fill in fills), paid_precision)
    got = div_down(sum(fill.got for fill in fills), got_precision)
    if paid == 0 or got == 0:
        band = market.active_band
        return Swap(side, 0, 0, band, band, {}, market)
    bands = walked.bands(side)
    after = replace(market.with_bands(bands), active_band=walked.band)
    return Swap(side, paid, got, min(walked.fills), walked.band, bands, after)


@dataclass(slots=True)
class _Walk:
    """Where a swap stands: the bands it has touched in order, and the one it is in."""

    band: int
    price_up: int
    left: int
    held: dict[int, _Held]
    fills: dict[int, _Fill]

    def bands(self, side: Side) -> dict[int, tuple[int, int]]:
        """Each touched band's x and y after; all but the last have given what they offered."""
        after = {}
        for band, fill in self.fills.items():
            paid = self.held[band].paid + fill.paid
            left = fill.offered if band == self.band and fill.is_last else 0
            after[band] = (paid, left) if side is Side.BUY else (left, paid)
        return after


def _walk(
    market: Market, amount: int, *, side: Side, oracle: OracleLimit, is_exact_out: bool
) -> _Walk:
    start = market.active_band
    walk = _Walk(start, market.grid.oracle_price_up(start), amount, {}, {})
    x, y = market.held(start)
    last_step = BANDS_MAX + SKIPPED_MAX - 1 if amount else 0
    for step in range(last_step + 1):
        if x or y or walk.fills:
            held = _Held(x, y) if side is Side.BUY else _Held(y, x)
            slope = _slope(market, x, y=y, side=side, oracle=oracle, price_up=walk.price_up)
            fill = _fill(held, slope, left=walk.left, is_exact_out=is_exact_out)
            walk.held[walk.band], walk.fills[walk.band] = held, fill
            walk.left -= fill.got if is_exact_out else fill.paid
            if fill.is_last:
                break
        if step == last_step or _is_end(market, walk, side=side, oracle=oracle):
            break
        x, y = _step(market, walk, side=side)
    return walk


def _slope(
    market: Market, x: int, *, y: int, side: Side, oracle: OracleLimit, price_up: int
) -> _Slope | None:
    if not (x or y):
        return None
    least = max(market.fee_wad, oracle.fee_wad)
    own = dynamic_fee_wad(market.grid, oracle.price, price_up=price_up)
    kept = WAD - min(max(own, least), WAD - 1)
    antifee = div_down(WAD * WAD, kept)
    shape: Curve = curve(market.grid, x, y=y, oracle_price=oracle.price, price_up=price_up)
    if side is Side.BUY:
        return _Slope(shape.f, shape.g, shape.invariant, antifee)
    return _Slope(shape.g, shape.f, shape.invariant, antifee)


def _fill(held: _Held, slope: _Slope | None, *, left: int, is_exact_out: bool) -> _Fill:
    """What a band gives for what is left; the last band is where it suffices."""
    if slope is None or held.offered == 0 or slope.offered == 0:
        return _Fill(0, 0, held.offered, is_last=False)
    if is_exact_out:
        if held.offered >= left:
            offered = held.offered - left
            return _Fill(_paid_to(held, slope, offered=offered), left, offered, is_last=True)
        return _Fill(max(1, _paid_to(held, slope, offered=0)), held.offered, 0, is_last=False)
    whole = _paid_to(held, slope, offered=0)
    if whole < left:
        # At least one unit, so that no band keeps dust.
        return _Fill(max(1, whole), held.offered, 0, is_last=False)
    moved = wad_div_down(left, slope.antifee_wad)
    offered = div_down(slope.invariant, slope.paid + held.paid + moved) - slope.offered + 1
    offered = min(offered, held.offered)
    return _Fill(left, held.offered - offered, offered, is_last=True)


def _paid_to(held: _Held, slope: _Slope, *, offered: int) -> int:
    """What has to be paid, fee included, until a band offers only `offered`."""
    reached = div_down(slope.invariant, slope.offered + offered)
    return wad_mul_down(reached - slope.paid - held.paid, slope.antifee_wad)


def _is_end(market: Market, walk: _Walk, *, side: Side, oracle: OracleLimit) -> bool:
    if len(walk.fills) == BANDS_MAX:
        return True
    distance = wad_div_down(walk.price_up, oracle.price)
    farthest = market.grid.distance_max_wad
    if side is Side.BUY:
        return walk.band == market.max_band or distance < mul_div_down(WAD, WAD, farthest)
    return walk.band == market.min_band or distance > farthest


def _step(market: Market, walk: _Walk, *, side: Side) -> tuple[int, int]:
    """Go to the next band and return its x and y, as far as this side of the trade sees them."""
    if side is Side.BUY:
        walk.band += 1
        walk.price_up = market.grid.narrowed(walk.price_up)
        return 0, market.held(walk.band)[1]
    walk.band -= 1
    walk.price_up = market.grid.widened(walk.price_up)
    return market.held(walk.band)[0], 0
