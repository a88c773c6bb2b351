"""What a stress test asks, whole: the same question gives the same answer on any machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, Final

from trimtab.kernels.clearing.terms import KeeperTerms, OracleTerms
from trimtab.kernels.impact import ImpactTerms
from trimtab.model import Case
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress.process import Process
from trimtab.units import UsageError

PATHS_MOST: Final = 10_000_000
STEPS_MOST: Final = 1_000_000
# A path that dies with an interruption is lost with its batch: batches are small.
BATCH_PATHS: Final = 64


@unique
class EngineKind(StrEnum):
    """Who clears the book along a path: compiled columns, or the exact engine."""

    KERNEL = "kernel"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class SamplingChoice:
    """How paths are drawn.

    Args:
        kind: plain, antithetic, stratified, or towards the tail.
        shift: of tail sampling, standard deviations along the direction in which the book loses;
            None is the normal quantile of the highest level asked for.
        strata: how many, a power of 2; None is the most that leave two paths in each, up to 4096.
        plain_every: of tail sampling, every so many paths one is not shifted.
    """

    kind: SamplingKind = SamplingKind.PLAIN
    shift: float | None = None
    strata: int | None = None
    plain_every: int = 4


@dataclass(frozen=True, slots=True, eq=False)
class StressQuestion:
    """A book, how prices may move, and how venue, market, oracle and keepers act.

    Args:
        case: rules, book and the prices to start from (its first tick).
        horizon_seconds: how far to look, above 0.
        paths: how many, at least 1.
        step_seconds: of the paths; None is the history's step, else a hundredth of the horizon.
        seed: 0 to below 2**63; path k is the same in any batch, on any worker.
        process: how prices move.
        market: price impact, per asset of the paths; None takes any quantity at the path's price.
        oracle: how prices are reported; None reports the market at once.
        keepers: when they act; None is what the case's replay rules say.
        engine: who clears the book.
        actors: others who act, in the exact engine alone.
        sampling: how paths are drawn.
        levels: of value at risk and expected shortfall, over the horizon.
        confidence: of all intervals.
        fund_probability: of a loss beyond the fund whose size is asked for.
        worst: how many of the worst paths are kept by number.
        batch_paths: paths a batch; results do not depend on it.
        bytes_max: memory that batches may take; None is two GiB.
    """

    case: Case
    horizon_seconds: float
    paths: int
    step_seconds: float | None = None
    seed: int = 0
    process: Process = field(default_factory=Process)
    market: ImpactTerms | None = None
    oracle: OracleTerms | None = None
    keepers: KeeperTerms | None = None
    engine: EngineKind = EngineKind.KERNEL
    actors: tuple[Any, ...] = ()
    sampling: SamplingChoice = SamplingChoice()
    levels: tuple[float, ...] = (0.95, 0.99)
    confidence: float = 0.95
    fund_probability: float = 0.01
    worst: int = 10
    batch_paths: int = BATCH_PATHS
    bytes_max: int | None = None

    def __post_init__(self) -> None:
        horizon, step = self.horizon_seconds, self.step_seconds
        shares = (*self.levels, self.confidence, self.fund_probability)
        level = bool(self.levels) and all(0.0 < share < 1.0 for share in shares)
        names = "levels, confidence and fund probability"
        step_most = f"above 0, at most the horizon of {horizon:g} s"
        checks: tuple[tuple[bool, str, object, str], ...] = (
            (0.0 < horizon < float("inf"), "horizon", horizon, "seconds above 0"),
            (1 <= self.paths <= PATHS_MOST, "paths", self.paths, f"from 1 to {PATHS_MOST:,}"),
            (step is None or 0.0 < step <= horizon, "step", step, step_most),
            (0 <= self.seed < 2**63, "seed", self.seed, "from 0 to below 2**63"),
            (self.batch_paths >= 1, "paths of a batch", self.batch_paths, "at least 1"),
            (self.worst >= 0, "worst paths", self.worst, "0 or more"),
            (level, names, shares, "numbers between 0 and 1, one level at least"),
        )
        for fits, name, found, expected in checks:
            if not fits:
                raise UsageError(f"{name}: found {found}, expected {expected}")
        if self.actors and self.engine is not EngineKind.EXACT:
            raise UsageError("actors: the kernel knows none; take the exact engine")

    @property
    def top_level(self) -> float:
        """The highest level: who bears what, convergence and the curve are told at it."""
        return max(self.levels)
