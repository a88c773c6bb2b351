"""Where the paths of a run were drawn from, for whoever reads a probability of them.

Resampled history keeps the drift that it had; the other processes have none, unless told to.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1
from typing import Final

from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.chosen import StressChoices
from trimtab.simulation.paths import PathKind
from trimtab.simulation.stress import StressQuestion
from trimtab.units import NANOSECONDS, float_of

RESAMPLED: Final = frozenset({PathKind.BOOTSTRAP, PathKind.WINDOWS})
_HOUR: Final = 3600.0
_WAD: Final = 18


@dataclass(frozen=True, slots=True)
class Resampled:
    """What was resampled, and where it leads.

    Args:
        hours: of history. asset: the one to which borrowers are exposed most.
        moved: fraction by which its price moved in the history.
        first, median: its price at the start of the paths, and the median at their end, quote.
    """

    hours: float
    asset: str
    moved: float
    first: float
    median: float

    @property
    def source(self) -> str:
        """Where the paths come from, in words."""
        return f"drawn from the case's own {self.hours:.4g} hours"

    @property
    def caution(self) -> str:
        """What that means for a probability, in a sentence."""
        verb = "fell" if self.moved < 0.0 else "rose"
        return (
            f"{self.asset} {verb} by {abs(self.moved):.1%} in those hours, and the paths keep that "
            f"drift: half of them end with it below {self.median:,.2f}, from {self.first:,.2f}"
        )


def resampled(answer: StressAnswer) -> Resampled | None:
    """Return what a run resampled with its drift; None where its process has none."""
    question = answer.result.question
    process = question.process
    if process.model is not None or process.kind not in RESAMPLED:
        return None
    if process.history is None and len(question.case.ticks) < 2:
        return None
    prices = answer.price_quantiles()[answer.fan.levels.index(0.5)]
    hours, moved = _history(question, answer.asset)
    return Resampled(hours, answer.asset, moved, float(prices[0]), float(prices[-1]))


def _history(question: StressQuestion, asset: str) -> tuple[float, float]:
    """Hours of the history, and the fraction by which an asset moved in them."""
    panel = question.process.history
    if panel is not None:
        moved = 0.0
        if asset in panel.assets:
            moved = expm1(float(panel.log_returns[:, panel.assets.index(asset)].sum()))
        return len(panel.log_returns) * panel.step_seconds / _HOUR, moved
    ticks = question.case.ticks
    prices = [found[asset] for tick in ticks if asset in (found := dict(tick.prices))]
    hours = (ticks[-1].at_ns - ticks[0].at_ns) / NANOSECONDS / _HOUR
    first, last = float_of(prices[0], _WAD), float_of(prices[-1], _WAD)
    return hours, last / first - 1.0


def allowed_words(probability: float) -> str:
    """Return a probability of a loss beyond the funds as what it is: asked for, or the default.

    >>> allowed_words(0.02), allowed_words(0.01)
    ('the 0.02 asked for', 'the default of 0.01')
    """
    if probability == StressChoices().fund_probability:
        return f"the default of {probability:.4g}"
    return f"the {probability:.4g} asked for"
