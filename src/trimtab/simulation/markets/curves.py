"""A market as the normal form sees it: one curve g, a fee, and how both live in time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.impact import (
    DECAY,
    ImpactKind,
    ImpactTable,
    ImpactTerms,
    impact_terms,
    log_impact,
    proceeds,
)
from trimtab.units import DataError

Floats = NDArray[np.float64]

# Two points of a table at one quantity, as at a hole, stand this share of the whole apart.
_NUDGE: Final = 1e-12
# Below the last buyer the price falls by this logarithm at once: to nothing.
_NOTHING: Final = 50.0


@dataclass(frozen=True, slots=True, eq=False)
class MarketCurve:
    """g of one market, in the normal form of `ImpactTerms`.

    Args:
        kind: its shape; first: the shape's parameter, 0 where it has none.
        fee_factor: on what a sale brings: fee and half of the spread, above 0 up to 1.
        table: of the kind TABLE.
    """

    kind: ImpactKind
    first: float = 0.0
    fee_factor: float = 1.0
    table: ImpactTable | None = None
    _terms: ImpactTerms = field(init=False, repr=False)

    def __post_init__(self) -> None:
        terms = impact_terms(
            ("asset",),
            kind=self.kind,
            first=self.first,
            fee=self.fee_factor,
            tables=(self.table,),
        )
        object.__setattr__(self, "_terms", terms)

    def log_impact(self, outstanding: float) -> float:
        """Return g at units outstanding: by what the logarithm of the price lies lower."""
        return log_impact(self._terms, 0, outstanding=outstanding)

    def quantity_at(self, discount: float) -> float:
        """Return the units that bring the logarithm of the price down by a discount."""
        from trimtab.kernels.impact_loops import quantity_at

        return float(quantity_at(self._terms.curves, (0, discount)))

    def proceeds(self, quantity: float, outstanding: float = 0.0) -> float:
        """Return what a sale brings, in units of the price before any sale, after the fee."""
        return proceeds(self._terms, 0, amount=quantity, outstanding=outstanding)

    def mean_slippage(self, quantity: float) -> float:
        """Return the fraction of its value that a sale loses to impact and fee."""
        return 1.0 - self.proceeds(quantity) / quantity if quantity > 0.0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Where one asset is sold: its curve, and how that recovers and thins.

    Args:
        curve: what a sale does at rest.
        permanent_share: of each sale's fall, for good: 0 to 1.
        recovery_seconds: in which 1 - 1/e of what was sold is absorbed; infinite is never.
        thinning: exponent of depth on volatility; 0 is depth that does not thin.
        depth_least: the least share of its depth that a market keeps.
        sigma_ref: annual volatility at which depth is whole.
    """

    curve: MarketCurve
    permanent_share: float = 0.0
    recovery_seconds: float = math.inf
    thinning: float = 0.0
    depth_least: float = 1.0
    sigma_ref: float = 1.0

    def depth_factor(self, sigma: float) -> float:
        """Return the share of its depth that is there at an annual volatility above 0."""
        whole = float((self.sigma_ref / sigma) ** self.thinning)
        return min(max(whole, self.depth_least), 1.0)

    def left_after(self, outstanding: float, seconds: float) -> float:
        """Return the units that are not yet absorbed after a time."""
        return outstanding * math.exp(-seconds / self.recovery_seconds)


def no_impact() -> MarketCurve:
    """Return a market that takes any quantity at its price."""
    return MarketCurve(ImpactKind.NONE)


def table_curve(
    quantities: Floats, discounts: Floats, *, fee_factor: float = 1.0, ends: bool = False
) -> MarketCurve:
    """Return a curve through points, the first of them 0 and 0.

    Points of one quantity, as at a hole in a book, are set apart by next to nothing.

    Args:
        quantities: units, not falling; discounts: logarithms, not falling.
        ends: whether nobody buys beyond the last point; else its slope goes on.
    """
    whole = float(quantities[-1])
    if not whole > 0.0:
        raise DataError("the market has no depth", expected="units that somebody buys")
    apart = _NUDGE * whole
    steps = np.maximum(np.diff(quantities), apart)
    sold = np.concatenate([[0.0], np.cumsum(steps)])
    fall = np.maximum.accumulate(discounts)
    if ends:
        sold = np.append(sold, sold[-1] + apart)
        fall = np.append(fall, fall[-1] + _NOTHING)
    return MarketCurve(ImpactKind.TABLE, fee_factor=fee_factor, table=ImpactTable(sold, fall))


def terms_of(
    markets: Mapping[str, Market],
    assets: Sequence[str],
    *,
    decay: float = DECAY,
    feedback: bool = True,
) -> ImpactTerms:
    """Return the impact terms of assets, in their order.

    Raises:
        DataError: an asset has no market: depth is never assumed.
    """
    for asset in assets:
        if asset not in markets:
            raise DataError(
                "the asset has no market to be sold in",
                found=asset,
                expected="its depth",
                hint='give it a market or a depth table, or say kind = "none"',
            )
    chosen = [markets[asset] for asset in assets]
    return impact_terms(
        tuple(assets),
        kind=[int(one.curve.kind) for one in chosen],
        first=[one.curve.first for one in chosen],
        fee=[one.curve.fee_factor for one in chosen],
        permanent_share=[one.permanent_share for one in chosen],
        recovery_seconds=[one.recovery_seconds for one in chosen],
        thinning=[one.thinning for one in chosen],
        depth_least=[one.depth_least for one in chosen],
        sigma_ref=[one.sigma_ref for one in chosen],
        tables=tuple(one.curve.table for one in chosen),
        decay=decay,
        feedback=feedback,
    )
