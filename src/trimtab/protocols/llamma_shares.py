"""Curve LLAMMA v2: who owns a band, and what a position is worth when it is traded slowly.

Source: curvefi/curve-stablecoin, commit cf1d05fb, curve_stablecoin/AMM.vy: deposit_range, withdraw,
get_sum_xy, get_xy_up. A band's owner holds shares of it; 1000 dead shares and one unit of each
asset stand against donations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.llamma_bands import BANDS_MAX, DEAD_SHARES, SKIPPED_MAX, Grid, curve
from trimtab.protocols.llamma_exchange import Market
from trimtab.units import (
    WAD,
    div_down,
    mul_div_down,
    sqrt_down,
    wad_div_down,
    wad_mul_down,
)

_BAND_AMOUNT_MIN: Final = 100


@unique
class LlammaRefusal(StrEnum):
    """Why the market or its controller reverts."""

    AMOUNT_TOO_LOW = "amount_too_low"
    TOO_MANY_BANDS = "too_many_bands"
    BELOW_CURRENT_BAND = "below_current_band"
    BAND_NOT_EMPTY = "band_not_empty"
    DEBT_TOO_HIGH = "debt_too_high"
    NOT_UNHEALTHY = "not_unhealthy"
    SLIPPAGE = "slippage"
    ENDS_UNHEALTHY = "ends_unhealthy"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the contract reverts: the rule, what was found and what it asks for."""

    reason: LlammaRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Range:
    """A position: its first band and its shares of each band from there on."""

    first_band: int
    shares: tuple[int, ...]

    @property
    def last_band(self) -> int:
        """Return the band furthest down."""
        return self.first_band + len(self.shares) - 1

    def bands(self) -> list[tuple[int, int]]:
        """Return each band with the shares held of it."""
        return [(self.first_band + index, held) for index, held in enumerate(self.shares)]


@dataclass(frozen=True, slots=True)
class Deposited:
    """A deposit: the position it makes and the market after."""

    position: Range
    market: Market


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A withdrawal: x and y in native units, what is left of the position, the market after."""

    x: int
    y: int
    position: Range
    market: Market


def deposit(market: Market, amount: int, *, first_band: int, last_band: int) -> Deposited | Refused:
    """Spread collateral evenly over bands below the active one.

    Args:
        amount: collateral, native units; first_band, last_band: 4 to 50 bands by the controller.

    Rounding: the first band takes what the even split leaves over; shares down.
    """
    count = last_band - first_band + 1
    scaled = amount * market.y_precision
    if not 0 < count <= BANDS_MAX:
        return Refused(LlammaRefusal.TOO_MANY_BANDS, count, BANDS_MAX)
    each = div_down(scaled, count)
    if each <= _BAND_AMOUNT_MIN:
        return Refused(LlammaRefusal.AMOUNT_TOO_LOW, each, _BAND_AMOUNT_MIN + 1)
    active = _skipped_band(market, first_band)
    if active is None:
        return Refused(LlammaRefusal.BELOW_CURRENT_BAND, first_band, market.active_band + 1)
    held, shares, totals = {}, [], dict(market.shares)
    for band in range(first_band, last_band + 1):
        x, y = market.held(band)
        if x:
            return Refused(LlammaRefusal.BAND_NOT_EMPTY, x, 0)
        added = scaled - each * (count - 1) if band == first_band else each
        new = mul_div_down(totals.get(band, 0) + DEAD_SHARES, added, y + 1)
        if new == 0:
            return Refused(LlammaRefusal.AMOUNT_TOO_LOW, added, 1)
        shares.append(new)
        totals[band] = totals.get(band, 0) + new
        held[band] = (0, y + added)
    after = replace(
        market.with_bands(held),
        shares=totals,
        active_band=active,
        min_band=min(market.min_band, first_band),
        max_band=max(market.max_band, last_band),
    )
    return Deposited(Range(first_band, tuple(shares)), after)


def withdraw(market: Market, position: Range, *, fraction_wad: int) -> Withdrawn:
    """Take a fraction of every band of a position, wad; all of it empties the position.

    Rounding: shares taken down, amounts down; the last owner of a band leaves its dust behind.
    """
    assert 0 <= fraction_wad <= WAD, f"fraction out of range: {fraction_wad}"
    total_x = total_y = 0
    kept, totals, held = [], dict(market.shares), {}
    low, high = market.min_band, position.first_band - 1
    for band, own in position.bands():
        taken = wad_mul_down(own, fraction_wad)
        all_shares = totals.get(band, 0)
        (x, y), divisor = market.held(band), all_shares + DEAD_SHARES
        out_x, out_y = mul_div_down(x + 1, taken, divisor), mul_div_down(y + 1, taken, divisor)
        total_x, total_y = total_x + out_x, total_y + out_y
        kept.append(own - taken)
        totals[band] = all_shares - taken
        held[band] = (x - out_x, y - out_y) if totals[band] else (0, 0)
        low += band == low and held[band] == (0, 0)
        high = band if held[band] != (0, 0) else high
    after = replace(
        market.with_bands(held),
        shares=totals,
        min_band=low,
        max_band=high if market.max_band <= position.last_band else market.max_band,
    )
    return Withdrawn(
        x=div_down(total_x, market.x_precision),
        y=div_down(total_y, market.y_precision),
        position=Range(position.first_band, tuple(kept)),
        market=after,
    )


def holdings(market: Market, position: Range) -> tuple[int, int]:
    """Return x and y that a position owns now, native units, floored per band."""
    total_x = total_y = 0
    for band, own in position.bands():
        (x, y), divisor = market.held(band), market.shares.get(band, 0) + DEAD_SHARES
        total_x += mul_div_down(x + 1, own, divisor)
        total_y += mul_div_down(y + 1, own, divisor)
    return div_down(total_x, market.x_precision), div_down(total_y, market.y_precision)


def value_down(market: Market, position: Range, *, oracle_price: int) -> int:
    """Return the borrowed asset a position becomes when the price falls slowly (get_x_down).

    Rounding: down in every band, and without the unit that shares otherwise stand for.
    """
    total = _slow_total(market, position, oracle_price=oracle_price, is_up=False)
    return div_down(total, market.x_precision)


def value_up(market: Market, position: Range, *, oracle_price: int) -> int:
    """Return the collateral a position becomes when the price rises slowly (get_y_up), floored."""
    total = _slow_total(market, position, oracle_price=oracle_price, is_up=True)
    return div_down(total, market.y_precision)


def _skipped_band(market: Market, first_band: int) -> int | None:
    """The active band after going down over bands without x until it lies above `first_band`."""
    band = market.active_band
    for _ in range(SKIPPED_MAX):
        if first_band > band:
            return band
        if market.bands_x.get(band, 0):
            return None
        band -= 1
    return band if first_band > band else None


def _slow_total(market: Market, position: Range, *, oracle_price: int, is_up: bool) -> int:
    price_down = market.grid.oracle_price_up(position.first_band)
    total = 0
    for band, own in position.bands():
        price_up, price_down = price_down, market.grid.narrowed(price_down)
        x, y = market.held(band)
        x, y = (x if band <= market.active_band else 0), (y if band >= market.active_band else 0)
        all_shares = market.shares.get(band, 0)
        if not (x or y) or not (all_shares and own):
            continue
        ends = _Ends(market.grid, oracle_price, price_up, price_down)
        worth = ends.in_collateral(x, y) if is_up else ends.in_borrowed(x, y)
        total += mul_div_down(worth, own, all_shares + DEAD_SHARES)
    return total


@dataclass(frozen=True, slots=True)
class _Ends:
    """One band at an oracle price: first traded to that price, then slowly out of the band."""

    grid: Grid
    price: int
    up: int
    down: int

    def in_collateral(self, x: int, y: int) -> int:
        x_at, y_at = self._at_oracle(x, y)
        if self.price > self.up:
            return y_at
        if self.price < self.down:
            return mul_div_down(x_at, self.grid.sqrt_ratio_wad, self.up)
        return y_at + mul_div_down(x_at, WAD, sqrt_down(self.up * self.price))

    def in_borrowed(self, x: int, y: int) -> int:
        x_at, y_at = self._at_oracle(x, y)
        if self.price > self.up:
            return mul_div_down(y_at, self.up, self.grid.sqrt_ratio_wad)
        if self.price < self.down:
            return x_at
        return x_at + wad_mul_down(y_at, sqrt_down(self.down * self.price))

    def _at_oracle(self, x: int, y: int) -> tuple[int, int]:
        """x and y once the band's price is the oracle's; one-sided bands go through the middle."""
        is_outside = self.price > self.up or self.price < self.down
        if is_outside and not (x and y):
            middle = mul_div_down(div_down(self.price**2, self.down), self.price, self.up)
            if self.price > self.up:
                return 0, y or wad_div_down(x, middle)
            return x or wad_mul_down(y, middle), 0
        shape = curve(self.grid, x, y=y, oracle_price=self.price, price_up=self.up)
        if self.price > self.up:
            return 0, max(0, div_down(shape.invariant, shape.f) - shape.g)
        if self.price < self.down:
            return max(0, div_down(shape.invariant, shape.g) - shape.f), 0
        y_at = mul_div_down(shape.scaled_y0, self.price - self.down, self.price)
        return max(0, div_down(shape.invariant, shape.g + y_at) - shape.f), y_at
