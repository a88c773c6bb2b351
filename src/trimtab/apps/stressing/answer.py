"""The answer of a stress test as its users take it: a document, tables, a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.adapters.files import staged_folder, write_json, write_parquet, write_text
from trimtab.simulation import Standing
from trimtab.simulation.stress import PriceFan, ReverseStress, Sensitivity, StressResult
from trimtab.simulation.stress.documents import plain

OUTPUTS: Final = ("outcomes.parquet", "summary.json", "report.html")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StressAnswer:
    """A finished stress test. `tables["outcomes"]` has a row a path.

    Args:
        result: the statistics, the shock curve, the worst paths.
        standing: the book at the start, for the liquidation map.
        fan: prices over time.
        asset: the one to which the book's borrowers are exposed most.
        lowest: of that asset, paths by steps + 1: the lowest price so far, plainly drawn.
        sensitivities: what the expected shortfall hangs on; empty where that was not asked for.
        broken: the smallest joint shock that the funds do not survive; None where not asked for.
        command: what gives this answer again.
        notes: what the reader has to know of how the run was made.
    """

    result: StressResult
    standing: Standing
    fan: PriceFan
    asset: str
    lowest: NDArray[np.float64]
    sensitivities: tuple[Sensitivity, ...]
    broken: ReverseStress | None
    command: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        facts, tail = self.result.facts, self.result.tail()
        shortfall = tail.expected_shortfall.value
        return f"<StressAnswer: {facts.done:,} paths, {tail.level:.0%} ES {shortfall:,.2f}>"

    @property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """One row a path: its number, its weight, and every column of its outcome, quote."""
        columns = dict(self.result.outcomes.table())
        return {"outcomes": columns | {"weight": self.result.design.weights}}

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab.stress/1`."""
        found = self.result.to_json()
        found["sensitivities"] = plain(self.sensitivities)
        found["reverse"] = plain(self.broken)
        found["notes"] = list(self.notes)
        found["command"] = self.command
        return found

    def report(self, path: str | Path) -> None:
        """Write the report: one HTML page that needs nothing else."""
        write_text(Path(path), self._page())

    def save(self, out: str | Path) -> None:
        """Write outcomes, summary and report into a folder; all of them or none."""
        with staged_folder(Path(out), known=OUTPUTS) as folder:
            write_parquet(folder / "outcomes.parquet", dict(self.tables["outcomes"]))
            write_json(folder / "summary.json", self.to_json())
            write_text(folder / "report.html", self._page())

    def price_quantiles(self) -> NDArray[np.float64]:
        """Quantiles of the main asset's price: the fan's levels by steps + 1, quote."""
        return self.fan.prices[self.asset]

    def reached(self, prices: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of paths on which the main asset has fallen to prices: prices by steps + 1."""
        found = self.lowest[None, :, :] <= prices[:, None, None]
        return np.asarray(found.mean(axis=1))

    def _page(self) -> str:
        from trimtab.apps.report.stress import stress_report

        return stress_report(self)
