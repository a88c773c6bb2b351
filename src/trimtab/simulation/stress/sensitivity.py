"""What the answer hangs on: one assumption changed at a time, on the same plain random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from trimtab.kernels.impact import ImpactKind, ImpactTable, ImpactTerms
from trimtab.model import Executor
from trimtab.simulation.paths.shocks import Scaled, Shocked, ShockMove
from trimtab.simulation.stress.engines import terms_of
from trimtab.simulation.stress.process import Process
from trimtab.simulation.stress.question import SamplingChoice, StressQuestion
from trimtab.simulation.stress.running import Prepared, prepared, run_stress
from trimtab.units import UsageError

Change = Callable[[Prepared], StressQuestion]

# More paths sharpen the picture little: all of its bars share their random numbers.
PATHS_MOST: Final = 500
_VOLATILITY: Final = 0.25
_JUMP: Final = 0.1
_CORRELATION: Final = 0.5
_FAILURE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an assumption: what was changed, and the expected shortfall then, quote."""

    words: str
    shortfall: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One assumption, eased and made worse; None where the question knows no such side.

    base: the expected shortfall without a change, over the same paths: quote.
    """

    name: str
    eased: Side | None
    worsened: Side | None
    base: float

    @property
    def swing(self) -> float:
        """The larger move of the two, quote."""
        sides = [side.shortfall for side in (self.eased, self.worsened) if side is not None]
        return max((abs(one - self.base) for one in sides), default=0.0)


def sensitivities(
    ready: Prepared, *, executor: Executor | None = None, paths: int = PATHS_MOST
) -> tuple[Sensitivity, ...]:
    """Return what the expected shortfall at the highest level hangs on, the largest swing first.

    Args:
        ready: the run whose assumptions are changed.
        executor: who works off the runs.
        paths: of each run, at most those of the question.
    """
    fixed = replace(
        ready.question,
        paths=min(paths, ready.question.paths),
        step_seconds=ready.grid.step_seconds,
        process=Process(model=ready.process.model),
        sampling=SamplingChoice(),
    )
    start = replace(ready, question=fixed)
    base = _shortfall(fixed, start, executor)
    found = []
    for name, eased, worsened in _assumptions(ready):
        sides = [_side(start, side, executor) for side in (eased, worsened)]
        if any(side is not None for side in sides):
            found.append(Sensitivity(name, sides[0], sides[1], base))
    return tuple(sorted(found, key=lambda one: -one.swing))


Named = tuple[str, Change]


def _assumptions(ready: Prepared) -> list[tuple[str, Named | None, Named | None]]:
    """What is changed, and how it is told; an assumption that the run does not make is left out."""
    found: list[tuple[str, Named | None, Named | None]] = [
        (
            "volatility",
            (f"-{_VOLATILITY:.0%}", _volatility(1.0 - _VOLATILITY)),
            (f"+{_VOLATILITY:.0%}", _volatility(1.0 + _VOLATILITY)),
        ),
        (
            "a jump of all prices at once",
            (f"+{_JUMP:.0%}", _jump(_JUMP)),
            (f"-{_JUMP:.0%}", _jump(-_JUMP)),
        ),
        ("keepers", None, (f"{_FAILURE:.0%} fail to land", _failing)),
        ("delay of keepers", None, ("one step more", _late)),
        ("delay of the oracle", None, ("one step more", _stale)),
    ]
    if ready.question.market is not None:
        depth = ("depth of markets", ("twice", _deeper(2.0)), ("half", _deeper(0.5)))
        found.insert(1, depth)
    if ready.question.process.model is None and len(ready.grid.assets) > 1:
        halfway = (f"{_CORRELATION:.0%} of the way to one", _together(ready.question.process))
        found.append(("correlations", None, halfway))
    return found


def _side(start: Prepared, side: Named | None, executor: Executor | None) -> Side | None:
    """One side's shortfall; None where there is none, or the process does not know the change."""
    if side is None:
        return None
    words, change = side
    try:
        return Side(words, _shortfall(change(start), start, executor))
    except UsageError:
        return None


def _shortfall(question: StressQuestion, start: Prepared, executor: Executor | None) -> float:
    workers = executor.workers if executor else 1
    ready = prepared(question, workers=workers, engine=start.maker)
    return run_stress(ready, executor=executor, curve=False).tail().expected_shortfall.value


def _volatility(factor: float) -> Change:
    def change(start: Prepared) -> StressQuestion:
        model = Scaled(start.process.model, factor)
        return replace(start.question, process=Process(model=model))

    return change


def _jump(move: float) -> Change:
    def change(start: Prepared) -> StressQuestion:
        minutes = start.grid.step_seconds / 60.0
        model = Shocked(start.process.model, (ShockMove(minutes, {"*": move}),))
        return replace(start.question, process=Process(model=model))

    return change


def _together(process: Process) -> Change:
    share = process.correlation_share + _CORRELATION * (1.0 - process.correlation_share)

    def change(start: Prepared) -> StressQuestion:
        return replace(start.question, process=replace(process, correlation_share=share))

    return change


def _deeper(factor: float) -> Change:
    def change(start: Prepared) -> StressQuestion:
        market = start.question.market
        assert market is not None, "asked for where there is a market"
        return replace(start.question, market=scaled_depth(market, factor))

    return change


def _failing(start: Prepared) -> StressQuestion:
    keepers = terms_of(start.question, start.grid).keepers
    failure = keepers.failure + _FAILURE * (1.0 - keepers.failure)
    return replace(start.question, keepers=replace(keepers, failure=failure))


def _late(start: Prepared) -> StressQuestion:
    keepers = terms_of(start.question, start.grid).keepers
    return replace(start.question, keepers=replace(keepers, delay_steps=keepers.delay_steps + 1))


def _stale(start: Prepared) -> StressQuestion:
    oracle = terms_of(start.question, start.grid).oracle
    return replace(
        start.question, oracle=replace(oracle, delay_steps=oracle.delay_steps + np.int64(1))
    )


def scaled_depth(terms: ImpactTerms, factor: float) -> ImpactTerms:
    """Return markets that take `factor` times as much at every price."""
    first = np.array(
        [
            one * _DEPTH_POWER[ImpactKind(int(kind))](factor)
            for one, kind in zip(terms.first, terms.kind, strict=True)
        ]
    )
    tables = tuple(
        None if table is None else ImpactTable(table.quantity * factor, table.log)
        for table in terms.tables
    )
    return replace(terms, first=first, tables=tables)


_DEPTH_POWER: Final[dict[ImpactKind, Callable[[float], float]]] = {
    ImpactKind.NONE: lambda _: 1.0,
    ImpactKind.LINEAR: lambda factor: 1.0 / factor,
    ImpactKind.SQUARE_ROOT: lambda factor: factor**-0.5,
    ImpactKind.CONSTANT_PRODUCT: lambda factor: factor,
    ImpactKind.TABLE: lambda _: 1.0,
}
