"""What a search for better rules answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

from trimtab.model import Ramp, Rules
from trimtab.simulation.standing import Change
from trimtab.simulation.stress.tuning.buffers import LEAST_BUFFER

TUNE_SCHEMA = "trimtab.tune/1"
# With fewer paths in the tail single ones decide which rules look best.
TAIL_PATHS_LEAST: Final = 5


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of values and what it came to, on the same paths as every other.

    Args:
        number: from 0, which is the present rules.
        values: by key, exact text.
        shortfall, shortfall_error: expected shortfall of the loss, and its standard error, quote.
        capacity: what the book may borrow, quote.
        fund: the insurance fund that the values ask for, quote.
        conflict: why the values cannot be rules; "" where they can.
    """

    number: int
    values: Mapping[str, str]
    shortfall: float
    shortfall_error: float
    capacity: float
    fund: float
    conflict: str = ""

    @property
    def is_feasible(self) -> bool:
        """Whether these can be rules."""
        return not self.conflict

    @property
    def refused_for(self) -> str:
        """What was expected of values that cannot be rules, without which were found."""
        return self.conflict.partition(", expected ")[2] or self.conflict


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of `rules.toml`: what is, what shall be; None where the key is absent."""

    key: str
    present: str | None
    proposed: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the engine says of a change of rules before it is made.

    Args:
        refusal: why the engine refuses it; "" where it accepts.
        ramps: weights that would move slowly, in wad, with their times.
        by_deposit: keys that no command changes: a fund is paid in.
        newly_liquidatable: who would become so once ramps are over, largest shortage first.
    """

    refusal: str
    ramps: tuple[Ramp, ...]
    by_deposit: tuple[str, ...]
    newly_liquidatable: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The trial to take, why, as a difference of rules, and its dry run."""

    trial: Trial
    reason: str
    changes: tuple[KeyChange, ...]
    rules: Rules
    dry_run: DryRun


@dataclass(frozen=True, slots=True)
class Trade:
    """A trial that is better in one aim and worse in another: a choice, not an improvement.

    Args:
        trial: of the front.
        gains, costs: aims, `capacity`, `shortfall` or `fund`.
        gained, cost: how much better and worse than the present rules, quote, both above 0.
        rate: gained for each unit of cost.
        changes, rules, dry_run: as of a recommendation.
    """

    trial: Trial
    gains: str
    costs: str
    gained: float
    cost: float
    rate: float
    changes: tuple[KeyChange, ...]
    rules: Rules
    dry_run: DryRun


@dataclass(frozen=True, slots=True)
class TuneResult:
    """A finished search; `to_json` is the document `trimtab.tune/1`.

    Args:
        trials: all, in order; the first is the present rules.
        pareto: numbers of feasible trials that no other betters in every aim, by shortfall.
        level: of the expected shortfall, over the horizon.
        recommendation: None where no trial betters the present rules.
        is_whole: whether at least as many trials were made as asked for.
        trades: without a recommendation, what the front gives of one aim for another; else none.
        least_buffer: what trials had to leave between max_ltv and liquidation_threshold.
    """

    trials: tuple[Trial, ...]
    pareto: tuple[int, ...]
    level: float
    horizon_seconds: float
    paths: int
    seed: int
    borrowers: str
    recommendation: Recommendation | None
    is_whole: bool
    trades: tuple[Trade, ...] = ()
    least_buffer: str = LEAST_BUFFER

    @property
    def present(self) -> Trial:
        """The rules as they are."""
        return self.trials[0]

    @property
    def refused(self) -> dict[str, int]:
        """How many sets of values were put to no path, by what was expected of them."""
        reasons = Counter(trial.refused_for for trial in self.trials if not trial.is_feasible)
        return dict(reasons.most_common())

    @property
    def tail_paths(self) -> float:
        """How many paths the expected shortfall is the mean of."""
        return self.paths * (1.0 - self.level)

    @property
    def is_firm(self) -> bool:
        """Whether enough paths are in the tail to tell one set of rules from another."""
        return self.tail_paths >= TAIL_PATHS_LEAST - 1e-6

    @property
    def paths_wanted(self) -> int:
        """The least number of paths with which that is so."""
        return ceil(TAIL_PATHS_LEAST / (1.0 - self.level) - 1e-6)

    def to_json(self) -> dict[str, Any]:
        """Return the document `trimtab.tune/1`."""
        from trimtab.simulation.stress.documents import plain

        document: dict[str, Any] = plain(self)
        if self.recommendation is not None:
            document["recommendation"].pop("rules")
        for trade in document["trades"]:
            trade.pop("rules")
        document["refused"] = self.refused
        document["tail_paths"] = self.tail_paths
        document["is_firm"] = self.is_firm
        document["paths_wanted"] = self.paths_wanted
        return {"schema": TUNE_SCHEMA, **document, "seed": str(self.seed)}
