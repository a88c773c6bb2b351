"""What `trimtab stress` prints on a terminal."""

from __future__ import annotations

import math

from trimtab.apps import console
from trimtab.apps.console import say
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.drawn import resampled
from trimtab.simulation.stress import Estimate, ReverseStress
from trimtab.units import Time

NAMES = {
    "loss": "loss",
    "bad_debt": "bad debt booked",
    "liquidated": "debt liquidated",
    "insurance_used": "insurance used",
    "backstop_used": "backstop used",
    "deleveraged": "deleveraged",
    "socialized": "socialized",
    "undercollateralized_peak": "under water at worst",
    "keeper_profit": "keepers' profit",
}


def print_stress(answer: StressAnswer) -> None:
    """Print the measures, then what was found, line by line."""
    result = answer.result
    quote = result.question.case.rules.quote
    levels = result.question.levels
    columns = ["measure", f"mean {quote}", "median"]
    for level in levels:
        columns += [f"VaR {level:.10g}", f"ES {level:.10g}"]
    columns.append("worst")
    optional = ["median", *columns[3:-2]]
    rows = []
    for measure, name in NAMES.items():
        found = result.measures.get(measure)
        if found is None or found.worst == 0.0 == found.mean.value:
            continue
        row = [name, number(found.mean.value), number(found.quantiles[0.5])]
        for tail in found.tails:
            row += [number(tail.value_at_risk.value), number(tail.expected_shortfall.value)]
        rows.append([*row, number(found.worst)])
    if rows:
        console.print_table(_title(answer), columns, rows=rows, left=1, optional=optional)
    else:
        say(f"{_title(answer)}: no path costs anybody anything")
    for line in _lines(answer):
        say(line)


def _title(answer: StressAnswer) -> str:
    result = answer.result
    facts = result.facts
    hours = facts.steps * facts.step_seconds / 3600.0
    return (
        f"{result.question.case.rules.venue}: {facts.done:,} paths over {hours:g} hours from "
        f"{Time(result.question.case.ticks[0].at_ns).text()}, steps of {facts.step_seconds:g} s, "
        f"seed {facts.seed}"
    )


def _lines(answer: StressAnswer) -> list[str]:
    result = answer.result
    quote, confidence = result.question.case.rules.quote, result.question.confidence
    tail = result.tail()
    chance = result.insolvency
    lines = [
        f"{tail.level:.10g} expected shortfall {number(tail.expected_shortfall.value)} {quote} "
        f"({confidence:.0%} interval {interval(tail.expected_shortfall)})",
        f"probability of a loss beyond the funds {share(chance.value)} "
        f"({share(chance.low)} to {share(chance.high)}){_source(answer)}",
        f"funds of {number(result.fund.size.value)} {quote} would be exceeded with a probability "
        f"of at most {result.fund.probability:.4g}; there are {number(result.fund.present)} with "
        "the backstop",
        f"borrow capacity used {result.capacity.used:.1%} of "
        f"{number(result.capacity.borrow_capacity)} {quote}",
    ]
    worst = [one for one in result.worst if one.loss > 0.0]
    if worst:
        told = ", ".join(f"{one.path} ({number(one.loss)})" for one in worst[:3])
        lines.append(f"worst paths by number: {told}; --path {worst[0].path} tells of the first")
    if answer.sensitivities and answer.sensitivities[0].swing > 0.0:
        first = answer.sensitivities[0]
        lines.append(f"it hangs most on: {first.factor} (swing {number(first.swing)} {quote})")
    if answer.broken is not None:
        lines.append(_broken(answer.broken))
    return [*lines, *(f"note: {note}" for note in answer.notes)]


def _source(answer: StressAnswer) -> str:
    """Where the paths come from, beside a probability of theirs."""
    found = resampled(answer)
    return "" if found is None else f", on paths {found.source}: {found.caution}"


def share(value: float) -> str:
    """A probability with as many digits as it takes to be told from none.

    >>> share(0.455), share(0.00012345), share(0.0)
    ('45.5%', '0.012%', '0%')
    """
    return f"{value:.1%}".replace(".0%", "%") if value >= 0.001 else f"{100 * value:.2g}%"


def _broken(found: ReverseStress) -> str:
    """The smallest shock in one line."""
    if not found.is_found:
        return f"no joint shock breaks the funds, of {found.shocks_tried:,} tried"
    moves = ", ".join(f"{asset} {100 * move:+.1f} %" for asset, move in found.shock.items())
    return (
        f"smallest joint shock beyond the funds: {moves}; {found.distance:.2f} standard deviations "
        f"(chance about {found.probability:.2g}), {found.accounts_failing} accounts unsafe"
    )


def interval(found: Estimate) -> str:
    """Both ends of an interval, or the one that the paths bound."""
    if not math.isfinite(found.high):
        return f"{number(found.low)} or more" if math.isfinite(found.low) else "not bounded"
    return f"{number(found.low)} to {number(found.high)}"


def number(value: float) -> str:
    """A value for people: whole from a thousand up, two places below."""
    if not math.isfinite(value):
        return "-"
    text = f"{value:,.0f}" if abs(value) >= 999.995 else f"{value:,.2f}"
    return text.removeprefix("-") if text == "-0.00" else text
