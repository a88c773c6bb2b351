"""What the answer hangs on: one assumption after another moved both ways, on the same paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.kernels.impact import ImpactKind, ImpactTable, ImpactTerms
from trimtab.model import Executor
from trimtab.simulation.paths.shocks import Louder
from trimtab.simulation.stress.process import Process
from trimtab.simulation.stress.question import StressQuestion
from trimtab.simulation.stress.running import Prepared, prepared, run_stress
from trimtab.simulation.stress.tail import Estimate
from trimtab.units import UsageError

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Variation:
    """An assumption and two questions that differ from the first in it alone; both named."""

    factor: str
    low_name: str
    high_name: str
    low: StressQuestion
    high: StressQuestion


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Expected shortfall of the loss at both ends of a variation, beside the question's own."""

    factor: str
    low_name: str
    high_name: str
    low: Estimate
    high: Estimate
    base: Estimate

    @property
    def swing(self) -> float:
        """How far the two ends are apart: quote."""
        return abs(self.high.value - self.low.value)


def sensitivities(
    ready: Prepared,
    variations: Sequence[Variation] | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Sensitivity, ...]:
    """Return what each assumption moves, the largest swing first.

    Args:
        variations: None is `default_variations`.
        progress: is told (runs done, runs in all).
    """
    chosen = default_variations(ready) if variations is None else variations
    tell = progress or (lambda _done, _all: None)
    runs = 1 + 2 * len(chosen)
    base = _shortfall(ready, executor=executor)
    tell(1, runs)
    found = []
    for place, one in enumerate(chosen):
        low, high = (
            _shortfall(
                prepared(asked, workers=_workers(executor), engine=ready.maker), executor=executor
            )
            for asked in (one.low, one.high)
        )
        found.append(Sensitivity(one.factor, one.low_name, one.high_name, low, high, base))
        tell(3 + 2 * place, runs)
    return tuple(sorted(found, key=lambda one: (-one.swing, one.factor)))


def default_variations(ready: Prepared) -> tuple[Variation, ...]:
    """Return the variations of a question: volatility, depth, delay, gas and capital of keepers.

    Those that would change nothing, as depth where there is no impact, are left out.
    """
    question = replace(ready.question, process=Process(model=ready.process.model))
    question = replace(question, step_seconds=ready.grid.step_seconds)
    model, keepers = ready.process.model, ready.terms.keepers
    market, slower = ready.terms.market, max(1, round(3600.0 / ready.grid.step_seconds))

    def louder(factor: float) -> StressQuestion:
        return replace(question, process=Process(model=Louder(model, factor)))

    def keeping(terms: KeeperTerms) -> StressQuestion:
        return replace(question, keepers=terms)

    found = [Variation("volatility", "x 0.8", "x 1.25", louder(0.8), louder(1.25))]
    if (market.kind != ImpactKind.NONE).any():
        thin, deep = (replace(question, market=scaled_depth(market, by)) for by in (0.5, 2.0))
        found.append(Variation("market depth", "x 0.5", "x 2", thin, deep))
    late = keeping(replace(keepers, delay_steps=keepers.delay_steps + slower))
    name = f"+ {slower} step" + ("s" if slower > 1 else "")
    found.append(Variation("keepers' delay", "as is", name, question, late))
    sure, unsure = (keeping(replace(keepers, failure=share)) for share in (0.0, 0.5))
    found.append(Variation("transactions that fail", "none", "half", sure, unsure))
    if keepers.gas > 0.0:
        free, dear = (keeping(replace(keepers, gas=by * keepers.gas)) for by in (0.0, 5.0))
        found.append(Variation("gas", "none", "x 5", free, dear))
    if np.isfinite(keepers.capital):
        half, double = (
            keeping(replace(keepers, capital=by * keepers.capital)) for by in (0.5, 2.0)
        )
        found.append(Variation("keepers' capital", "x 0.5", "x 2", half, double))
    return tuple(found)


def scaled_depth(terms: ImpactTerms, factor: float) -> ImpactTerms:
    """Return markets that take `factor` times as much for the same move of the price.

    Args:
        factor: above 0.
    """
    if not 0.0 < factor < float("inf"):
        raise UsageError(f"depth: found a factor of {factor}, expected a number above 0")
    kind = terms.kind
    first = terms.first.copy()
    first[kind == ImpactKind.LINEAR] /= factor
    first[kind == ImpactKind.SQUARE_ROOT] /= np.sqrt(factor)
    first[kind == ImpactKind.CONSTANT_PRODUCT] *= factor
    tables = tuple(
        None if table is None else ImpactTable(table.quantity * factor, table.log)
        for table in terms.tables
    )
    return replace(terms, first=first, tables=tables)


def _shortfall(ready: Prepared, *, executor: Executor | None) -> Estimate:
    found = run_stress(ready, executor=executor, curve=False)
    if not found.facts.is_whole:
        raise KeyboardInterrupt
    return found.tail().expected_shortfall


def _workers(executor: Executor | None) -> int:
    return 1 if executor is None else executor.workers
