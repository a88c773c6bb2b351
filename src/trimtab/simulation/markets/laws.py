"""Impact by a law of the quantity sold: the square root, and the line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trimtab.kernels.impact import ImpactKind
from trimtab.simulation.markets.curves import MarketCurve
from trimtab.simulation.markets.pools import require_fee, require_positive


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """g(Q) = coefficient sqrt(Q): the law that large orders follow on most markets.

    coefficient: per root of a unit, above 0; fee: fraction of the proceeds.
    Source: B. Toth et al., Physical Review X 1 (2011).
    """

    coefficient: float
    fee: float = 0.0

    def __post_init__(self) -> None:
        require_positive("the square-root impact has no coefficient", self.coefficient)
        require_fee(self.fee)

    def curve(self) -> MarketCurve:
        """Return the normal form."""
        return MarketCurve(ImpactKind.SQUARE_ROOT, self.coefficient, 1.0 - self.fee)


@dataclass(frozen=True, slots=True)
class LinearImpact:
    """g(Q) = coefficient Q.

    coefficient: per unit, above 0; fee: fraction of the proceeds. Source: A. Kyle, Econometrica 53
    (1985); R. Almgren and N. Chriss, Journal of Risk 3 (2000), whose temporary and permanent parts
    are `Market.recovery_seconds` and `Market.permanent_share`.
    """

    coefficient: float
    fee: float = 0.0

    def __post_init__(self) -> None:
        require_positive("the linear impact has no coefficient", self.coefficient)
        require_fee(self.fee)

    def curve(self) -> MarketCurve:
        """Return the normal form."""
        return MarketCurve(ImpactKind.LINEAR, self.coefficient, 1.0 - self.fee)


def square_root_of_volume(
    *, daily_volume: float, vol_daily: float, scale: float = 1.0, fee: float = 0.0
) -> SquareRootImpact:
    """Return scale x daily volatility x sqrt(Q / daily volume).

    Args:
        daily_volume: units traded a day, above 0.
        vol_daily: standard deviation of a day's log return, above 0.
        scale: of order 1 in most measurements.
    """
    require_positive("the market has no daily volume", daily_volume)
    require_positive("the market has no volatility", vol_daily)
    return SquareRootImpact(scale * vol_daily / math.sqrt(daily_volume), fee)


def linear_of_depth(*, depth: float, within: float, fee: float = 0.0) -> LinearImpact:
    """Return the line that a depth gives: so many units bring the price down by a fraction.

    Args:
        depth: units bid within the fraction, above 0.
        within: fraction of the price, above 0 and below 1, as 0.02 for 200 basis points.
    """
    require_positive("the market has no depth", depth)
    require_positive("the depth has no distance", within)
    return LinearImpact(-math.log1p(-within) / depth, fee)
