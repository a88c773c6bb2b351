"""What a trade between two aims of a search is, in one plain line."""

from __future__ import annotations

from trimtab.apps.stressing.printing import number
from trimtab.apps.tuning.front import TuneAnswer
from trimtab.simulation.stress.tuning import Trade, TuneResult

REASONS_SHOWN = 3

AIMS = {
    "capacity": "borrow capacity",
    "shortfall": "expected shortfall at {level}",
    "fund": "insurance fund",
}
GAINED = {"capacity": "more", "shortfall": "less", "fund": "less"}
PAID = {"capacity": "less", "shortfall": "more", "fund": "more"}


def trade_words(answer: TuneAnswer, trade: Trade) -> str:
    """Return what a trade gains and costs against the present rules, and its exchange rate."""
    quote, level = answer.case.rules.quote, f"{answer.result.level:.10g}"
    gains, costs = (AIMS[aim].format(level=level) for aim in (trade.gains, trade.costs))
    return (
        f"trial {trade.trial.number} has {number(trade.gained)} {quote} {GAINED[trade.gains]} "
        f"{gains} for {number(trade.cost)} {quote} {PAID[trade.costs]} {costs}: "
        f"{rate_text(trade.rate)} {quote} for each {quote}, the most of any trial"
    )


def choice_name(result: TuneResult) -> str:
    """Return what the search's choice is: recommended, or a candidate where few paths decide."""
    return "recommended" if result.is_firm else "candidate"


def tail_warning(result: TuneResult) -> str:
    """Return why the search cannot recommend, and what would confirm it; "" where it can."""
    if result.is_firm:
        return ""
    tail = max(result.tail_paths, 1.0)
    decide = "a single path decides" if tail < 1.5 else f"{tail:.2g} paths decide"
    return (
        f"{result.paths:,} paths leave {tail:.2g} in the tail at {result.level:.10g}: {decide} "
        f"which rules look best; confirm with {result.paths_wanted:,} paths or more, and another "
        "seed"
    )


def refused_words(result: TuneResult) -> str:
    """Return how many sets of values were put to no path, and why; "" where there is none."""
    found = result.refused
    told = [f"{number:,} for want of {reason}" for reason, number in found.items()][:REASONS_SHOWN]
    if len(found) > REASONS_SHOWN:
        told.append(f"{sum(list(found.values())[REASONS_SHOWN:]):,} for other reasons")
    return "; ".join(told)


def rate_text(rate: float) -> str:
    """Return an exchange rate by four digits, whole from a thousand up.

    >>> rate_text(1234.56), rate_text(0.00012344)
    ('1,235', '0.0001234')
    """
    return f"{rate:,.0f}" if rate >= 1000 else f"{rate:.4g}"
