"""Automated market makers: the constant product, and liquidity concentrated in ranges of price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from trimtab.kernels.impact import ImpactKind
from trimtab.simulation.markets.curves import MarketCurve, table_curve
from trimtab.units import DataError

TICK: Final = 1.0001
# Within a range the curve bends: pieces of this discount keep its logarithm within 1e-5.
_PIECE: Final = 0.01
# Below this discount, a price of 1 / 3000, what is left of a range is nothing to speak of.
_LAST: Final = 8.0


@dataclass(frozen=True, slots=True)
class ConstantProductPool:
    """A pool whose reserves multiply to a constant, as Uniswap v2.

    The fee is taken from what comes in: a sale moves the price as if only 1 - fee of it were sold,
    and the fee stays in the pool. What later prices gain from that is left out.

    Args:
        base_reserve: units of the asset, above 0.
        quote_reserve: units of the quote, above 0; the price is quote over base.
        fee: fraction of what is sold, from 0 to below 1.
    """

    base_reserve: float
    quote_reserve: float
    fee: float = 0.003

    def __post_init__(self) -> None:
        require_positive("the pool has no base reserve", self.base_reserve)
        require_positive("the pool has no quote reserve", self.quote_reserve)
        require_fee(self.fee)

    @property
    def price(self) -> float:
        """Return quote per base unit without sales."""
        return self.quote_reserve / self.base_reserve

    def curve(self) -> MarketCurve:
        """Return g(Q) = 2 ln(1 + Q / a), a = base / (1 - fee): exactly the pool's amount out."""
        keeps = 1.0 - self.fee
        return MarketCurve(ImpactKind.CONSTANT_PRODUCT, self.base_reserve / keeps, keeps)


@dataclass(frozen=True, slots=True)
class LiquidityRange:
    """Liquidity between two ticks: price from 1.0001**lower to 1.0001**upper, in raw units."""

    lower_tick: int
    upper_tick: int
    liquidity: float

    def __post_init__(self) -> None:
        if self.lower_tick >= self.upper_tick:
            raise DataError(
                "a range of ticks is empty",
                found=f"{self.lower_tick} to {self.upper_tick}",
                expected="a lower tick below the upper one",
            )
        require_positive("a range has no liquidity", self.liquidity)


@dataclass(frozen=True, slots=True)
class ConcentratedPool:
    """A pool with liquidity in ranges of ticks, as Uniswap v3; the asset is its token 0.

    Args:
        price: quote per whole unit of the asset, above 0.
        ranges: liquidity by ticks; where ranges overlap they add.
        base_decimals, quote_decimals: of the two tokens; prices of ticks are in raw units.
        fee: fraction of what is sold.
    """

    price: float
    ranges: tuple[LiquidityRange, ...]
    base_decimals: int = 18
    quote_decimals: int = 18
    fee: float = 0.003

    def __post_init__(self) -> None:
        require_positive("the pool has no price", self.price)
        require_fee(self.fee)
        if not self.ranges:
            raise DataError("the pool has no liquidity", expected="at least one range")
        if not self._pieces():
            raise DataError(
                "the pool has no liquidity below its price",
                found=f"{self.price:g}",
                expected="a range of ticks that reaches below the price",
            )

    def curve(self) -> MarketCurve:
        """Return a table of what is sold, range by range; below the last range nobody buys.

        Within a range sqrt(price) falls as 1 / sqrt(price) grows by q / liquidity.
        """
        keeps = 1.0 - self.fee
        scale = 10.0**self.base_decimals * keeps
        sold, discounts = [0.0], [0.0]
        now = math.sqrt(self._raw_price())
        for top, bottom, liquidity in self._pieces():
            if top < now:
                # A hole: the price falls through it without a unit sold.
                sold.append(sold[-1])
                discounts.append(2.0 * math.log(math.sqrt(self._raw_price()) / top))
            begin = min(now, top)
            pieces = max(1, math.ceil(2.0 * math.log(begin / bottom) / _PIECE))
            roots = np.geomspace(begin, bottom, pieces + 1)[1:]
            units = liquidity * (1.0 / roots - 1.0 / begin) / scale
            sold += list(sold[-1] + units)
            discounts += list(2.0 * np.log(math.sqrt(self._raw_price()) / roots))
            now = bottom
        return table_curve(np.array(sold), np.array(discounts), fee_factor=keeps, ends=True)

    def _raw_price(self) -> float:
        return self.price * 10.0 ** (self.quote_decimals - self.base_decimals)

    def _pieces(self) -> list[tuple[float, float, float]]:
        """Pieces below the price, downwards: root of the top and bottom price, liquidity."""
        start = math.log(self._raw_price()) / math.log(TICK)
        last = start - _LAST / math.log(TICK)
        edges = {edge for one in self.ranges for edge in (one.lower_tick, one.upper_tick)}
        found = {max(float(edge), last) for edge in edges if edge < start}
        ticks = sorted(found, reverse=True)
        pieces: list[tuple[float, float, float]] = []
        above = start
        for below in ticks:
            held = sum(
                one.liquidity
                for one in self.ranges
                if one.lower_tick <= below and one.upper_tick >= above
            )
            if held > 0.0:
                pieces.append((TICK ** (above / 2.0), TICK ** (below / 2.0), held))
            above = below
        return pieces


def require_positive(what: str, value: float) -> None:
    """Raise DataError unless a number is finite and above 0."""
    if not (math.isfinite(value) and value > 0.0):
        raise DataError(what, found=f"{value:g}", expected="a finite number above 0")


def require_fee(fee: float) -> None:
    """Raise DataError unless a fee is from 0 to below 1."""
    if not 0.0 <= fee < 1.0:
        raise DataError("the fee is out of range", found=f"{fee:g}", expected="0 to below 1")
