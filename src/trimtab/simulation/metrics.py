"""One row of measures per price step, and samples of where liquidations would start.

All columns are float estimates for pictures and tables; exact figures are in the events.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from trimtab.engine import Draft
from trimtab.model import Payer
from trimtab.simulation.measures import venue_measures
from trimtab.simulation.screen import Floats, Levels, Marks, Screen, histogram, wad_float
from trimtab.simulation.tally import Tally

HEALTH_EDGES = (0.0, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0)
AT_RISK_HEALTH = 1.1
SAMPLES_MAX = 240


@dataclass(frozen=True, slots=True)
class Sample:
    """The book at one step: health, debt with notional, and liquidation prices of one asset."""

    at_ns: int
    health: Floats
    debt: Floats
    collateral: Floats
    liquidation_price: Floats
    price: float


@dataclass(slots=True)
class Metrics:
    """Columns that grow by one row a step. `asset` is what most of the book hangs on."""

    screen: Screen
    columns: dict[str, list[float]] = field(default_factory=dict)
    at_ns: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    asset: str = ""
    _stride: int = 1

    def add(
        self,
        at_ns: int,
        levels: Levels,
        *,
        marks: Marks,
        tally: Tally,
        waiting: Mapping[str, int],
        draft: Draft,
        last: bool,
    ) -> None:
        """Measure one step after its commands."""
        health, debtor = levels.health, levels.liabilities > 0
        at_risk = health < AT_RISK_HEALTH
        row = {
            "collateral_value": float(levels.collateral.sum()),
            "debt_value": float(levels.debt.sum()),
            "accounts_with_debt": float((levels.debt > 0).sum()),
            "accounts_unsafe": float(len(waiting)),
            "debt_at_risk_value": float(levels.debt[at_risk].sum()),
            "shortfall_value": float(np.maximum(-levels.equity, 0.0).sum()),
            "health_min": float(health.min()) if debtor.any() else float("nan"),
            "health_median": float(np.median(health[debtor])) if debtor.any() else float("nan"),
            "liquidations": float(tally.liquidations),
            "repaid_value": wad_float(tally.repaid_wad),
            "seized_value": wad_float(tally.seized_wad),
            "bonus_value": wad_float(tally.bonus_wad),
            "fee_value": wad_float(tally.fee_wad),
            "bad_debt_value": wad_float(tally.bad_debt_wad),
        }
        if levels.notional.any() or "notional_value" in self.columns:
            row |= {
                "notional_value": float(levels.notional.sum()),
                "notional_at_risk_value": float(levels.notional[at_risk].sum()),
                "unrealized_pnl_value": float(levels.pnl.sum()),
                "gains_value": float(np.maximum(levels.pnl, 0.0).sum()),
                "position_liquidations": float(tally.position_liquidations),
                "closed_value": wad_float(tally.closed_wad),
                "deleveraged_value": wad_float(tally.deleveraged_wad),
            }
        row |= venue_measures(draft)
        row |= {f"{payer}_value": wad_float(tally.loss_wad[payer]) for payer in Payer}
        exposure = levels.debt + levels.notional
        buckets = histogram(health[debtor], exposure[debtor], edges=HEALTH_EDGES)
        for edge, value in zip(HEALTH_EDGES, buckets, strict=True):
            row[f"debt_health_from_{edge:g}"] = value
        prices = zip(self.screen.assets, marks.price.tolist(), strict=True)
        row |= {f"price_{asset}": price for asset, price in prices}
        for name, value in row.items():
            # A column that begins late, with the first position, was zero until then.
            self.columns.setdefault(name, [0.0] * len(self.at_ns)).append(value)
        self.at_ns.append(at_ns)
        if not self.asset:
            self.asset = self._main_asset(marks, draft)
        if last or (len(self.at_ns) - 1) % self._stride == 0:
            self._sample(at_ns, levels, marks=marks, draft=draft)

    def _main_asset(self, marks: Marks, draft: Draft) -> str:
        """The asset that most of the book hangs on: as collateral, or as open interest."""
        exposure = self.screen.exposure(marks)
        for market, rules in draft.rules.markets.items():
            sides = (self.columns[f"{side}_{market}"][0] for side in ("long", "short"))
            exposure[rules.asset] += max(sides)
        if draft.rules.markets and len(exposure) > 1:
            exposure.pop(draft.rules.quote)
        return max(sorted(exposure), key=lambda name: exposure[name])

    def _sample(self, at_ns: int, levels: Levels, *, marks: Marks, draft: Draft) -> None:
        """Keep the first step, the last one, and at most some hundred evenly spaced between."""
        column = self.screen.assets.index(self.asset)
        sample = Sample(
            at_ns,
            levels.health.copy(),
            levels.debt + levels.notional,
            levels.collateral.copy(),
            self.screen.liquidation_prices(self.asset, levels, marks=marks, draft=draft),
            float(marks.price[column]),
        )
        self.samples.append(sample)
        if len(self.samples) > SAMPLES_MAX:
            self.samples = self.samples[::2]
            self._stride *= 2
