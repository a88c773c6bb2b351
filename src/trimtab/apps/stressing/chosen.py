"""What is chosen beside a case and its stress file, refused by the names that options have."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from trimtab.simulation.paths import NAMED_SHOCKS, PathKind
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress import EngineKind
from trimtab.simulation.stress.question import PATHS_MOST
from trimtab.units import UsageError

# Prices that stand still but for a shock.
STILL: Final = "none"
AUTO: Final = "auto"
FIRST, LAST = "first", "last"
PROCESSES: Final = (AUTO, *(str(kind) for kind in PathKind), STILL)
ENGINES: Final = (AUTO, *(str(kind) for kind in EngineKind))


@dataclass(frozen=True, slots=True)
class StressChoices:
    """What is chosen beside a case and its stress file; None takes what the file says.

    Args:
        horizon_hours, step_seconds, paths: of the clock.
        process: one of `PROCESSES`; auto is GARCH, or blocks of history where it is too short for
            that. shock: the name of a shock on top, "" for none.
        correlation_share: how far correlations go to one, 0 to 1.
        engine: auto takes the kernel where it knows the book's rules, else the exact engine.
        sampling: how paths are drawn.
        levels: of value at risk and expected shortfall.
        fund_probability: of a loss beyond the fund whose size is asked for.
        seed: of all random numbers.
        at: prices at which the book stands: first (its own), last, or a UTC time.
    """

    horizon_hours: float | None = None
    step_seconds: float | None = None
    paths: int | None = None
    process: str = AUTO
    shock: str = ""
    correlation_share: float = 0.0
    engine: str = AUTO
    sampling: str = str(SamplingKind.PLAIN)
    levels: tuple[float, ...] = (0.95, 0.99)
    fund_probability: float = 0.01
    seed: int = 0
    at: str = FIRST

    def __post_init__(self) -> None:
        kinds = tuple(str(kind) for kind in SamplingKind)
        for name, found, known in (
            ("process", self.process, PROCESSES),
            ("engine", self.engine, ENGINES),
            ("sampling", self.sampling, kinds),
            ("shock", self.shock or "none", ("none", *sorted(NAMED_SHOCKS))),
        ):
            if found not in known:
                raise UsageError(f"--{name} {found!r}: expected one of {', '.join(known)}")
        self._require_ranges()

    def _require_ranges(self) -> None:
        """Refuse numbers that no case could make sense of, by the name of their option."""
        hours, step, paths = self.horizon_hours, self.step_seconds, self.paths
        checks: list[tuple[str, float, bool, str]] = []
        if hours is not None:
            checks.append(("horizon-hours", hours, 0.0 < hours < inf, "a number above 0"))
        if step is not None:
            checks.append(("step-seconds", step, 0.0 < step < inf, "a number above 0"))
        if paths is not None:
            fits = 1 <= paths <= PATHS_MOST
            checks.append(("paths", paths, fits, f"from 1 to {PATHS_MOST:,}"))
        share, chance = self.correlation_share, self.fund_probability
        between = "a number between 0 and 1"
        checks.append(("correlation-to-one", share, 0.0 <= share <= 1.0, "a number from 0 to 1"))
        checks += [("level", level, 0.0 < level < 1.0, between) for level in self.levels]
        checks.append(("fund-probability", chance, 0.0 < chance < 1.0, between))
        checks.append(("seed", self.seed, 0 <= self.seed < 2**63, "from 0 to below 2**63"))
        for name, found, fits, expected in checks:
            if not fits:
                shown = f"{found:,}" if isinstance(found, int) else f"{found:.10g}"
                raise UsageError(f"--{name} {shown}: expected {expected}")
        if not self.levels:
            raise UsageError("--level: expected one at least, a number between 0 and 1")
