"""Hyperliquid: the oracle's weighted medians, the moving average and the mark price.

Source: Hyperliquid's documentation (robust price indices, oracle), read as a stored copy. Prices
are wad; times whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trimtab.protocols.signed import mul_div_floor
from trimtab.units import WAD, div_down, exp_wad_down, mul_div_down

SPOT_WEIGHTS: Final = (3, 2, 2, 1, 1, 1, 1, 1)
PERP_WEIGHTS: Final = (3, 2, 2, 1, 1)
BASIS_SECONDS: Final = 150
FALLBACK_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Average:
    """An exponential moving average of irregular samples: numerator and denominator, wad."""

    numerator: int = 0
    denominator: int = 0

    def sampled(self, value_wad: int, *, seconds: int, decay_seconds: int) -> Average:
        """Return the average after a value that held for some seconds: num * exp(-t / d) + x * t.

        Args:
            value_wad: signed; seconds: since the last sample, positive.
        """
        kept = exp_wad_down(-div_down(seconds * WAD, decay_seconds))
        return Average(
            mul_div_floor(self.numerator, kept, denominator=WAD) + value_wad * seconds,
            mul_div_down(self.denominator, kept, WAD) + WAD * seconds,
        )

    @property
    def value_wad(self) -> int | None:
        """Return the average, floored; None before the first sample."""
        if self.denominator == 0:
            return None
        return mul_div_floor(self.numerator, WAD, denominator=self.denominator)


def weighted_median(entries: Sequence[tuple[int, int]]) -> int | None:
    """Return the least value at which half of the weight is reached; None without any weight.

    Args:
        entries: value and weight (not negative) in any order.
    """
    total = sum(weight for _, weight in entries)
    reached = 0
    for value, weight in sorted(entries):
        reached += weight
        if total and 2 * reached >= total:
            return value
    return None


def spot_oracle_wad(prices_wad: Sequence[int | None]) -> int | None:
    """Return one validator's price: the median of its spot venues by their fixed weights."""
    pairs = zip(prices_wad, SPOT_WEIGHTS, strict=False)
    return weighted_median([(price, weight) for price, weight in pairs if price is not None])


def perp_reference_wad(prices_wad: Sequence[int | None]) -> int | None:
    """Return the median of the external perpetuals' mid prices by their fixed weights."""
    pairs = zip(prices_wad, PERP_WEIGHTS, strict=False)
    return weighted_median([(price, weight) for price, weight in pairs if price is not None])


def median(values: Sequence[int]) -> int | None:
    """Return the middle value, or the floored mean of the two middle ones; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    middle, odd = divmod(len(ordered), 2)
    if odd:
        return ordered[middle]
    return div_down(ordered[middle - 1] + ordered[middle], 2)


def mark_price_wad(
    *,
    basis_wad: int | None = None,
    book_wad: int | None = None,
    external_wad: int | None = None,
    fallback_wad: int | None = None,
) -> int | None:
    """Return the mark price: the median of what there is.

    Args:
        basis_wad: oracle plus the 150 s average of mid less oracle; book_wad: median of best bid,
            best ask and last trade; external_wad: `perp_reference_wad`; fallback_wad: the 30 s
            average of the mark inputs, used where exactly two of the three are there.
    """
    inputs = [value for value in (basis_wad, book_wad, external_wad) if value is not None]
    if len(inputs) == 2 and fallback_wad is not None:
        inputs.append(fallback_wad)
    return median(inputs)
