"""How the venue has moved since the service began: series of totals, and the map of liquidations.

Samples are taken as readers are shown new versions; where there are too many, every other one is
dropped and the step doubles, so that memory is bounded and the whole run stays visible.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trimtab.apps.service.board import Reading
from trimtab.apps.service.figures import book, text
from trimtab.apps.service.schemas import Answer, Moment, Price, Ratio, Value
from trimtab.apps.service.views import overview, when
from trimtab.kernels.border import Floats
from trimtab.kernels.liquidation_map import value_at_risk_by_price
from trimtab.units import float_of

SAMPLES_MAX = 480
BUCKETS = 60
ASSETS_MAX = 6
# The map spans these ratios of the first price: buckets are equal steps of price.
LOWEST, HIGHEST = 0.2, 1.2
SERIES = (
    *("collateral", "debt", "equity", "aggregate_leverage", "debt_at_risk", "shortfall"),
    *("unsafe_accounts", "unsafe_debt", "insurance", "backstop", "liquidations", "repaid"),
    *("seized", "bad_debt", "breaker_level"),
)


class HistoryRow(Answer):
    """The venue's totals at one time, and prices."""

    at: Moment
    collateral: Value
    debt: Value
    equity: Value
    aggregate_leverage: Ratio | None
    debt_at_risk: Value
    shortfall: Value
    unsafe_accounts: int
    unsafe_debt: Value
    insurance: Value
    backstop: Value
    liquidations: int
    repaid: Value
    seized: Value
    bad_debt: Value
    breaker_level: int
    prices: dict[str, Price | None]


class History(Answer):
    """Totals over time, oldest first."""

    quote: str
    samples: list[HistoryRow]


class HeatColumn(Answer):
    """One moment of the map: the price then, and the debt that each bucket would liquidate."""

    at: Moment
    price: Price | None
    debt: list[Value]


class HeatMap(Answer):
    """Debt that becomes liquidatable by price and time; bucket k lies between edges k and k + 1."""

    quote: str
    asset: str
    assets: list[str]
    price_edges: list[Price]
    columns: list[HeatColumn]


@dataclass(frozen=True, slots=True)
class Sample:
    """The venue at one time."""

    at_ns: int
    row: dict[str, Any]
    price: dict[str, float]
    debt: dict[str, Floats]


@dataclass(slots=True)
class Track:
    """Samples since the service began; whoever adds holds the board."""

    samples: list[Sample] = field(default_factory=list)
    edges: dict[str, Floats] = field(default_factory=dict)
    _stride: int = 1
    _seen: int = 0
    _at_ns: int = -1

    def add(self, reading: Reading) -> None:
        """Take a sample, unless it is not yet time for one."""
        if reading.at_ns <= self._at_ns:
            return
        self._at_ns = reading.at_ns
        self._seen += 1
        if (self._seen - 1) % self._stride:
            return
        self.samples.append(self._sample(reading))
        if len(self.samples) > SAMPLES_MAX:
            self.samples = self.samples[::2]
            self._stride *= 2

    def _sample(self, reading: Reading) -> Sample:
        shown = overview(reading, acting=False)
        row = {name: shown[name] for name in SERIES}
        row |= {"at": when(reading.at_ns), "prices": shown["prices"]}
        prices = _prices(reading)
        if not self.edges:
            self.edges = _grids(reading, prices)
        names = sorted(reading.draft.rules.assets)
        figures, debt = book(reading), {}
        for asset, edges in self.edges.items():
            price = prices.get(asset)
            if price:
                rows = reading.edges.of(names.index(asset))
                debt[asset] = value_at_risk_by_price(rows, figures.debt, grid=edges / price)
        return Sample(reading.at_ns, row, prices, debt)

    def history(self, quote: str) -> dict[str, Any]:
        """Series of totals."""
        return {"quote": quote, "samples": [sample.row for sample in self.samples]}

    def heat_map(self, quote: str, asset: str) -> dict[str, Any]:
        """Debt by price and time for one asset."""
        nothing = np.zeros(BUCKETS)
        return {
            "quote": quote,
            "asset": asset,
            "assets": sorted(self.edges),
            "price_edges": [text(edge) for edge in self.edges[asset].tolist()],
            "columns": [
                {
                    "at": when(sample.at_ns),
                    "price": text(sample.price[asset]) if asset in sample.price else None,
                    "debt": [text(value) for value in sample.debt.get(asset, nothing).tolist()],
                }
                for sample in self.samples
            ],
        }


def _prices(reading: Reading) -> dict[str, float]:
    found = {}
    for asset in reading.draft.rules.assets:
        mark = reading.draft.mark_if_priced(asset)
        if mark is not None and asset != reading.draft.rules.quote:
            found[asset] = float_of(mark.price_wad, 18)
    return found


def _grids(reading: Reading, prices: dict[str, float]) -> dict[str, Floats]:
    """Price edges of the assets on which most debt hangs."""
    names, figures = sorted(reading.draft.rules.assets), book(reading)
    weight = {}
    for asset in prices:
        rows = reading.edges.of(names.index(asset))
        weight[asset] = float(figures.debt[rows.account[rows.net > 0]].sum())
    chosen = sorted(weight, key=lambda asset: (-weight[asset], asset))[:ASSETS_MAX]
    steps = np.linspace(LOWEST, HIGHEST, BUCKETS + 1)
    return {asset: steps * prices[asset] for asset in chosen if weight[asset] > 0}
