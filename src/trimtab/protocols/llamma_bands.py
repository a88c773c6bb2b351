"""Curve LLAMMA v2: the grid of bands, a band's price and its invariant.

Source: curvefi/curve-stablecoin, commit cf1d05fb, curve_stablecoin/AMM.vy. Band n reaches from
`p_up(n)` down to `p_up(n + 1)` of the oracle's price, each a factor (A - 1) / A below the last.
At an oracle price p the market's own price runs the other way through a band: as collateral is
sold it rises from p**3 / p_up(n)**2 to p**3 / p_up(n + 1)**2.

Units: x is the borrowed asset and y the collateral, both brought to 18 decimals; prices in wad of x
per y. Every product is floored where the contract floors it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trimtab.protocols.llamma_math import exponential_wad, logarithm_wad
from trimtab.units import (
    WAD,
    NumberError,
    div_down,
    mul_div_down,
    sqrt_down,
    wad_div_down,
    wad_mul_down,
)

BANDS_MAX: Final = 50
BANDS_MIN: Final = 4
SKIPPED_MAX: Final = 1024
DEAD_SHARES: Final = 1000
_EXP_MIN: Final = 1000
_MOVE_MAX_WAD: Final = 12_500 * 10**14
_MOVE_SECONDS: Final = 120


@dataclass(frozen=True, slots=True)
class Grid:
    """The bands of a market: A (at least 2) and the price of band 0, which grows with interest."""

    amplification: int
    base_price: int

    def __post_init__(self) -> None:
        assert self.amplification >= 2, f"A is too small: {self.amplification}"
        assert self.base_price > 0, "the base price is not positive"

    @property
    def log_ratio_wad(self) -> int:
        """Return ln(A / (A - 1)) in wad, by the contract's logarithm of the floored ratio."""
        return _log_ratio_wad(self.amplification)

    @property
    def sqrt_ratio_wad(self) -> int:
        """Return sqrt(A / (A - 1)) in wad, floored (it is given at deployment)."""
        return sqrt_down(mul_div_down(self.amplification, WAD * WAD, self.amplification - 1))

    @property
    def distance_max_wad(self) -> int:
        """Return (A / (A - 1)) ** 50 in wad, floored at each factor: how far a swap may reach."""
        return _distance_max_wad(self.amplification)

    def narrowed(self, price: int) -> int:
        """Return floor(price * (A - 1) / A): the next band down."""
        return mul_div_down(price, self.amplification - 1, self.amplification)

    def widened(self, price: int) -> int:
        """Return floor(price * A / (A - 1)): the next band up."""
        return mul_div_down(price, self.amplification, self.amplification - 1)

    def oracle_price_up(self, band: int) -> int:
        """Return the oracle price at the top of a band: base * e**(-n ln(A / (A - 1))).

        Raises:
            NumberError: so far down that the factor keeps no digits (the contract reverts).
        """
        factor = exponential_wad(-band * self.log_ratio_wad)
        if factor <= _EXP_MIN:
            raise NumberError("the band is too far down", found=str(band))
        return wad_mul_down(self.base_price, factor)

    def market_price_down(self, band: int, oracle_price: int) -> int:
        """Return the market's lowest price in a band: floor(floor(p**2 / p_up) p / p_up)."""
        return cubed_price(oracle_price, self.oracle_price_up(band))

    def market_price_up(self, band: int, oracle_price: int) -> int:
        """Return the market's highest price in a band: the lowest one of the band below it."""
        return self.market_price_down(band + 1, oracle_price)


@dataclass(frozen=True, slots=True)
class Curve:
    """The invariant of one band: (f + x)(g + y) = `invariant`, f and g in the scales of x and y.

    scaled_y0: A times the collateral that the band would hold at its top with the oracle there.
    """

    f: int
    g: int
    invariant: int
    scaled_y0: int


@dataclass(frozen=True, slots=True)
class OracleLimit:
    """An oracle price after the limit on its move, and the fee that the move still costs, wad."""

    price: int
    fee_wad: int


def cubed_price(oracle_price: int, price_up: int) -> int:
    """Return floor(floor(p**2 / u) * p / u), as the contract orders it."""
    return mul_div_down(div_down(oracle_price**2, price_up), oracle_price, price_up)


def scale_y0(grid: Grid, x: int, *, y: int, oracle_price: int, price_up: int) -> int:
    """Return y0 of a band, the collateral it would hold at its top with the oracle there.

    It solves p A y0**2 - y0 (u / p (A - 1) x + p**2 / u A y) - x y = 0, floored.
    """
    a, p = grid.amplification, oracle_price
    b = 0
    if x:
        b = mul_div_down(price_up * (a - 1), x, p)
    if y:
        b += wad_mul_down(div_down(a * p**2, price_up), y)
    if not (x and y):
        return mul_div_down(b, WAD, a * p)
    discriminant = b**2 + wad_mul_down(4 * a * p, y) * x
    return mul_div_down(b + sqrt_down(discriminant), WAD, 2 * a * p)


def curve(grid: Grid, x: int, *, y: int, oracle_price: int, price_up: int) -> Curve:
    """Return the invariant of a band with x and y in it; at least one of them positive."""
    y0 = scale_y0(grid, x, y=y, oracle_price=oracle_price, price_up=price_up)
    steep = div_down(grid.amplification * y0 * oracle_price, price_up)
    f = mul_div_down(steep, oracle_price, WAD)
    g = mul_div_down((grid.amplification - 1) * y0, price_up, oracle_price)
    return Curve(f, g, (f + x) * (g + y), grid.amplification * y0)


def market_price(grid: Grid, band: int, *, x: int, y: int, oracle_price: int) -> int:
    """Return the market's price in a band: (f + x) / (g + y), floored, in wad.

    Empty bands answer their middle, one-sided bands the end that they stand at.
    """
    price_up = grid.oracle_price_up(band)
    if x == 0:
        lowest = cubed_price(oracle_price, price_up)
        return grid.widened(lowest) if y == 0 else lowest
    if y == 0:
        return cubed_price(oracle_price, grid.narrowed(price_up))
    y0 = scale_y0(grid, x, y=y, oracle_price=oracle_price, price_up=price_up)
    f = div_down(grid.amplification * y0 * oracle_price, price_up) * oracle_price
    g = mul_div_down((grid.amplification - 1) * y0, price_up, oracle_price)
    return div_down(f + x * WAD, g + y)


def dynamic_fee_wad(grid: Grid, oracle_price: int, *, price_up: int) -> int:
    """Return a quarter of the distance of the oracle from a band's prices; 0 within them."""
    low = cubed_price(oracle_price, price_up)
    high = grid.widened(grid.widened(low))
    if oracle_price < low:
        return mul_div_down(low - oracle_price, div_down(WAD, 4), low)
    if oracle_price > high:
        return mul_div_down(oracle_price - high, div_down(WAD, 4), oracle_price)
    return 0


def limit_oracle(price: int, last_price: int, *, last_fee_wad: int, seconds: int) -> OracleLimit:
    """Return the oracle's price with its move limited to a factor 1.25 within two minutes.

    Args:
        price, last_price: now and at the last swap; last_fee_wad: the fee then; seconds: since.

    Returns:
        The price, and (last fee + 1 - ratio**3) * (120 - seconds) / 120, below one: the fee that
        takes an arbitrageur's gain from the move.
    """
    left = _MOVE_SECONDS - min(_MOVE_SECONDS, seconds)
    if left == 0:
        return OracleLimit(price, 0)
    limited = price
    least = div_down(WAD * WAD, _MOVE_MAX_WAD)
    ratio = wad_div_down(min(price, last_price), max(price, last_price))
    if ratio < least:
        rises = price > last_price
        limited = (
            wad_mul_down(last_price, _MOVE_MAX_WAD)
            if rises
            else wad_div_down(last_price, _MOVE_MAX_WAD)
        )
        ratio = least
    fee = WAD + last_fee_wad - div_down(ratio**3, WAD * WAD)
    return OracleLimit(limited, min(mul_div_down(fee, left, _MOVE_SECONDS), WAD - 1))


def grown_rate(rate_multiplier_wad: int, rate_wad: int, *, seconds: int) -> int:
    """Return the interest multiplier after `seconds` at a rate per second in wad, floored."""
    return wad_mul_down(rate_multiplier_wad, WAD + rate_wad * seconds)


@lru_cache(maxsize=256)
def _log_ratio_wad(amplification: int) -> int:
    return logarithm_wad(mul_div_down(amplification, WAD, amplification - 1))


@lru_cache(maxsize=256)
def _distance_max_wad(amplification: int) -> int:
    power = WAD
    for _ in range(BANDS_MAX):
        power = mul_div_down(power, amplification, amplification - 1)
    return power
