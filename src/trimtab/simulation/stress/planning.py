"""Before a run: its grid and batches, what it would take, and a refusal beyond what fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.kernels.clearing.outcomes import COLUMNS
from trimtab.simulation.paths.making import BYTES_MOST, PathGrid
from trimtab.simulation.paths.resampling import HistoryWindows
from trimtab.simulation.paths.shocks import BesideStill, Louder, Shocked
from trimtab.simulation.stress.process import LearntProcess, start_prices
from trimtab.simulation.stress.question import STEPS_MOST, EngineKind, StressQuestion
from trimtab.units import UsageError

# Prices, their logarithms, the draws behind them, and a copy in the order that a kernel takes.
_COPIES: Final = 6
# A batch may take this share of the memory, so that several workers fit.
_BATCH_SHARE: Final = 8
SECONDS_MOST: Final = 24 * 3600.0
# Measured, one core: a number of a path drawn and exponentiated; an account and step cleared.
_DRAW_SECONDS: Final = 6e-8
_CLEAR_SECONDS: Final = {EngineKind.KERNEL: 4e-9, EngineKind.EXACT: 1e-4}
# Columns of a path's account in the kernel, and in the exact engine's records.
_ACCOUNT_BYTES: Final = {EngineKind.KERNEL: 600, EngineKind.EXACT: 12_000}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is worked off.

    Args:
        grid: the clock.
        batch_paths, batches: paths of each, and how many; the same for any number of workers.
        bytes_needed, seconds: estimates, for all workers together.
    """

    grid: PathGrid
    paths: int
    batch_paths: int
    bytes_needed: int
    seconds: float

    @property
    def batches(self) -> int:
        """How many."""
        return -(-self.paths // self.batch_paths)

    def span(self, number: int) -> tuple[int, int]:
        """Return the first path of a batch, and how many it has."""
        first = number * self.batch_paths
        return first, min(self.batch_paths, self.paths - first)


def planned(question: StressQuestion, process: LearntProcess, *, workers: int = 1) -> Plan:
    """Return the plan of a question.

    Raises:
        UsageError: more steps, memory or time than fits; says what it would take and what fits.
    """
    grid = grid_of(question, process)
    _require_windows(question, process, grid=grid)
    limit = BYTES_MOST if question.bytes_max is None else question.bytes_max
    numbers = (grid.steps + 1) * len(grid.assets)
    accounts = len({(row.account, row.group) for row in question.case.book})
    fixed = accounts * _ACCOUNT_BYTES[question.engine]
    each = numbers * 8 * _COPIES
    fits = (limit // _BATCH_SHARE - fixed) // each
    batch = max(min(question.batch_paths, fits), 1)
    rows = question.paths * 8 * (len(COLUMNS) + len(grid.assets) + 2)
    needed = workers * (fixed + batch * each) + 4 * rows
    work = numbers * _DRAW_SECONDS + grid.steps * accounts * _CLEAR_SECONDS[question.engine]
    seconds = question.paths * work / workers
    if needed > limit or seconds > SECONDS_MOST:
        raise UsageError(
            f"{question.paths:,} paths of {grid.steps:,} steps of {len(grid.assets)} assets and "
            f"{accounts:,} accounts on {workers} workers would take about "
            f"{needed / 2**30:.1f} GiB and {_duration(seconds)}; what fits is "
            f"{limit / 2**30:.1f} GiB and {_duration(SECONDS_MOST)}: ask for fewer paths, longer "
            "steps or fewer workers"
        )
    return Plan(grid, question.paths, batch, needed, seconds)


def grid_of(question: StressQuestion, process: LearntProcess) -> PathGrid:
    """Return the clock of a question: whole steps that cover its horizon.

    Raises:
        UsageError: more steps than anybody waits for.
    """
    step = question.step_seconds or process.step_seconds or question.horizon_seconds / 100.0
    if step > question.horizon_seconds:
        raise UsageError(
            f"horizon: found {question.horizon_seconds:g} s, expected at least the history's step "
            f"of {step:g} s"
        )
    # A horizon of 10 steps of 0.1 s shall not become 11 of them.
    steps = max(int(-(-(question.horizon_seconds / step - 1e-9) // 1)), 1)
    if steps > STEPS_MOST:
        raise UsageError(
            f"horizon: {question.horizon_seconds:g} s are {steps:,} steps of {step:g} s, expected "
            f"at most {STEPS_MOST:,}: take longer steps"
        )
    assets = process.model.assets
    return PathGrid(assets, start_prices(question.case, assets), steps, step)


def _require_windows(question: StressQuestion, process: LearntProcess, *, grid: PathGrid) -> None:
    """History as it was has only so many windows, and a path is one of them."""
    model = process.model
    while isinstance(model, BesideStill | Shocked | Louder):
        model = model.model
    if not isinstance(model, HistoryWindows):
        return
    found = len(model.begins(grid.steps))
    if question.paths > found:
        raise UsageError(
            f"paths: found {question.paths:,}, expected at most {found:,}: so many windows of "
            f"{grid.steps:,} steps without a gap does the history have"
        )


def _duration(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:,.0f} s"
    minutes = seconds / 60.0
    return f"{minutes:,.0f} minutes" if minutes < 120.0 else f"{minutes / 60.0:,.1f} hours"
