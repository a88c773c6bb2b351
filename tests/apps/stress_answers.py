"""Answers of stress tests whose outcomes are known, for the tests of what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.apps.test_report import HOSTILE, small_case
from tests.simulation.stress_engines import HOUR, FallEngine, asked, table_of
from trimtab.apps.stressing import StressAnswer
from trimtab.kernels.clearing.outcomes import ClearingOutcomes, outcomes_of
from trimtab.model import Case
from trimtab.simulation import standing
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.stress import (
    Prepared,
    ReverseStress,
    Sensitivity,
    StressQuestion,
    prepared,
    price_fan,
    run_stress,
)
from trimtab.simulation.stress.failing import FailingAccount
from trimtab.simulation.stress.tail import Estimate

OWED = [("ann", 10, 1500), ("bob", 10, 1600), ("cal", 10, 900), ("eve", 5, 0)]
Engine = Callable[..., ClearingOutcomes]


@dataclass(frozen=True)
class ConstantEngine:
    """Loses the same on every path, and pushes the price down by a logarithm."""

    assets: tuple[str, ...]
    loss: float = 0.0
    pushed: float = 0.0

    def __call__(self, prices: np.ndarray, first_path: int) -> ClearingOutcomes:
        whole = np.full(len(prices), self.loss)
        table = table_of(
            len(prices),
            bad_debt=whole,
            socialized=whole,
            liquidated=10.0 * whole,
            liquidations=np.full(len(prices), 2.0 * (self.loss > 0.0)),
            insolvent=(whole > 0.0).astype(float),
        )
        moved = np.full((len(prices), len(self.assets)), self.pushed)
        return outcomes_of(table, moved, assets=self.assets, first_path=first_path)


def falling(question: StressQuestion, grid: PathGrid, *, feedback: bool) -> FallEngine:
    """Losses that grow with the fall of ether beyond a twentieth."""
    del question
    return FallEngine(grid.assets, feedback=feedback)


def always(loss: float, pushed: float = 0.0) -> Engine:
    """The maker of `ConstantEngine`."""

    def made(question: StressQuestion, grid: PathGrid, *, feedback: bool) -> ConstantEngine:
        del question, feedback
        return ConstantEngine(grid.assets, loss, pushed)

    return made


def ready_of(case: Case | None = None, *, engine: Any = falling, **choices: Any) -> Prepared:
    """A run of two days of ether's prices that is ready."""
    book = small_case(OWED, [200]) if case is None else case
    question = replace(asked(book, **choices), horizon_seconds=48 * HOUR)
    return prepared(question, engine=engine)


def answer_of(ready: Prepared | None = None, **told: Any) -> StressAnswer:
    """The answer of a run, with what else is told of it."""
    run = ready_of() if ready is None else ready
    prices = run.task.prices(0, run.plan.paths)[:, :, 0]
    given = {"sensitivities": (), "broken": None, "command": "trimtab stress CASE"} | told
    return StressAnswer(
        run_stress(run),
        standing(run.question.case),
        price_fan(run),
        "ETH",
        np.minimum.accumulate(prices, axis=1),
        **given,
    )


def around(value: float) -> Estimate:
    """An estimate with some error."""
    return Estimate(value, 1.0, value - 2.0, value + 2.0, "by hand")


def swing(factor: str, low: float, high: float, *, base: float = 100.0) -> Sensitivity:
    """What an assumption moves."""
    return Sensitivity(factor, "x 0.5", "x 2", around(low), around(high), around(base))


def shock(failing: int, *, name: str = "acc", group: str = "") -> ReverseStress:
    """A shock that breaks the funds, with so many accounts unsafe and half under water."""
    rows = tuple(
        FailingAccount(f"{name}{number}", group, 1000.0, 900.0 + number, 100.0 - number)
        for number in range(min(failing, 10))
    )
    return ReverseStress(
        *({"ETH": -0.25}, 1.5, 0.0668, 5000.0, 20000.0, 4000.0, rows),
        *(failing, failing // 2, 48 * HOUR, 700),
    )


UNBROKEN = ReverseStress({}, float("inf"), 0.0, 0.0, 0.0, 0.0, (), 0, 0, 48 * HOUR, 900)


def _edges() -> dict[str, Callable[[], StressAnswer]]:
    hostile = small_case([(HOSTILE, 10, 1500)], [200], venue="</title><b>&{{7*7}}\u202e")
    return {
        "falling": lambda: answer_of(
            sensitivities=(swing("market depth", 60.0, 300.0), swing("gas", 100.0, 100.0)),
            broken=shock(3),
        ),
        "no loss": lambda: answer_of(ready_of(engine=always(0.0))),
        "all the same": lambda: answer_of(ready_of(engine=always(700.0, -1.5))),
        "one path": lambda: answer_of(ready_of(paths=1)),
        "one losing path": lambda: answer_of(ready_of(paths=1, engine=always(3.0))),
        "two paths": lambda: answer_of(ready_of(paths=2)),
        "one step": lambda: answer_of(ready_of(paths=60, step_seconds=48 * HOUR)),
        "nobody owes": lambda: answer_of(ready_of(small_case([("ann", 10, 0)], [200]))),
        "many fail": lambda: answer_of(broken=shock(12_345)),
        "nothing breaks it": lambda: answer_of(broken=UNBROKEN),
        "nothing moves it": lambda: answer_of(sensitivities=(swing("gas", 100.0, 100.0),)),
        "hostile": lambda: answer_of(
            ready_of(hostile),
            sensitivities=(swing(HOSTILE, 60.0, 300.0),),
            broken=shock(2, name=HOSTILE, group="<i>"),
            notes=(HOSTILE,),
            command=f"trimtab stress '{HOSTILE}'",
        ),
        "levels": lambda: answer_of(ready_of(levels=(0.9, 0.99995))),
        "tiny losses": lambda: answer_of(ready_of(engine=always(1e-7))),
        "huge losses": lambda: answer_of(ready_of(engine=always(3e15))),
    }


EDGES = _edges()
