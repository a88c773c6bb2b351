"""From what estimators learnt to markets, and from a market to how well a law describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from trimtab.quant import DepthResilience, DepthThinning, FitReport, FlowImpact, PowerImpact
from trimtab.quant.impact import LINEAR, SQUARE_ROOT
from trimtab.simulation.markets.curves import Market, MarketCurve
from trimtab.simulation.markets.laws import LinearImpact, SquareRootImpact
from trimtab.units import DataError

_POINTS: Final = 60
# Sizes from a thousandth of the depth, spread geometrically.
_SMALLEST: Final = 1e-3


def market_of_flow(flow: FlowImpact, *, thinning: DepthThinning | None = None) -> Market:
    """Return the market that a flow of sales showed: its law, what stays, how the rest recovers.

    Args:
        flow: fitted; with `root` the square-root law, else the line.
        thinning: fitted, of the same market or one like it; None is depth that does not thin.
    """
    law = SquareRootImpact(flow.coefficient_) if flow.root else LinearImpact(flow.coefficient_)
    return market_of_fits(
        law.curve(),
        permanent_share=flow.permanent_share_,
        recovery_seconds=flow.recovery_seconds_,
        thinning=thinning,
    )


def market_of_book(
    curve: MarketCurve, resilience: DepthResilience, *, thinning: DepthThinning | None = None
) -> Market:
    """Return the market of a book that was watched: its curve, and how its depth recovers."""
    return market_of_fits(
        curve,
        permanent_share=0.0,
        recovery_seconds=resilience.recovery_seconds_,
        thinning=thinning,
    )


def market_of_fits(
    curve: MarketCurve,
    *,
    permanent_share: float,
    recovery_seconds: float,
    thinning: DepthThinning | None,
) -> Market:
    """Return a market of a curve; an exponent below 0, depth that grows in storms, counts as 0."""
    if thinning is None:
        return Market(curve, permanent_share, recovery_seconds)
    return Market(
        curve,
        permanent_share,
        recovery_seconds,
        max(thinning.exponent_, 0.0),
        min(max(thinning.depth_least_, 1e-6), 1.0),
        thinning.volatility_ref_,
    )


def curve_fits(curve: MarketCurve, *, deepest: float | None = None) -> Mapping[str, FitReport]:
    """Return how well the square root and the line describe a curve, by the law's name.

    Args:
        curve: of a market with impact.
        deepest: units up to which it is described; None is a table's last quantity.

    Raises:
        DataError: a curve that is no table without a deepest quantity.
    """
    if deepest is None:
        if curve.table is None:
            raise DataError("a law needs no fit of itself", expected="a table, or its depth")
        deepest = float(curve.table.quantity[-1])
    sizes = np.geomspace(_SMALLEST * deepest, deepest, _POINTS)
    falls = np.array([curve.log_impact(float(size)) for size in sizes])
    laws = {"square root": SQUARE_ROOT, "line": LINEAR}
    return {
        name: PowerImpact(exponent=exponent).fit(sizes, falls).report_
        for name, exponent in laws.items()
    }
