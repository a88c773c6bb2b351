"""How each asset's price went: opening, low, high, end."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from trimtab.apps.report.shown import Shown, moment, percent, price
from trimtab.simulation import ReplayRun

# A price that moves less than this is told as steady.
STEADY = 0.02


@dataclass(frozen=True, slots=True)
class PricePath:
    """One asset's prices over the steps, in the quote; `low_at` and `high_at` are steps."""

    asset: str
    first: float
    last: float
    low: float
    high: float
    low_at: int
    high_at: int

    @property
    def fall(self) -> float:
        """From the first price to the lowest, negative; 0 where there is no price."""
        return self.low / self.first - 1 if self.first > 0 else 0.0

    @property
    def rise(self) -> float:
        """From the first price to the highest."""
        return self.high / self.first - 1 if self.first > 0 else 0.0

    @property
    def change(self) -> float:
        """From the first price to the last."""
        return self.last / self.first - 1 if self.first > 0 else 0.0

    @property
    def steady(self) -> bool:
        """Whether the price hardly moved."""
        return max(-self.fall, self.rise) < STEADY


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A line of the table of prices."""

    asset: str
    first: Shown
    low: Shown
    low_at: Shown
    high: Shown
    last: Shown
    fall: Shown
    change: Shown


def price_path(asset: str, prices: Sequence[float]) -> PricePath:
    """Summarize one column of prices."""
    if not prices:
        return PricePath(asset, nan, nan, nan, nan, 0, 0)
    steps = range(len(prices))
    low_at = min(steps, key=lambda step: prices[step])
    high_at = max(steps, key=lambda step: prices[step])
    return PricePath(asset, prices[0], prices[-1], prices[low_at], prices[high_at], low_at, high_at)


def main_path(run: ReplayRun) -> PricePath:
    """The asset that carries most collateral value."""
    asset = run.metrics.asset
    return price_path(asset, run.metrics.columns.get(f"price_{asset}", []))


def price_paths(run: ReplayRun) -> list[PricePath]:
    """All assets that the book holds or owes, the largest fall first."""
    used = {row.instrument for row in run.case.book}
    paths = [
        price_path(asset, run.metrics.columns[f"price_{asset}"])
        for asset in run.metrics.screen.assets
        if asset in used
    ]
    return sorted(paths, key=lambda path: (path.fall, path.asset))


def price_rows(run: ReplayRun) -> list[PriceRow]:
    """The table of prices."""
    return [
        PriceRow(
            path.asset,
            price(path.first),
            price(path.low),
            moment(run.metrics.at_ns[path.low_at]),
            price(path.high),
            price(path.last),
            percent(path.fall),
            percent(path.change, signed=True),
        )
        for path in price_paths(run)
    ]
