"""The report of a search for rules: one HTML page with its front, its change and the dry run."""

from collections.abc import Mapping
from math import isinf
from typing import Any

from trimtab.apps.report.page import resource, template_of
from trimtab.apps.report.pareto import pareto_picture
from trimtab.apps.report.shown import (
    NONE,
    Sentence,
    Shown,
    count,
    counted,
    duration,
    moment,
    plain_text,
    printable,
    sentence,
)
from trimtab.apps.report.shown import cell as wad_cell
from trimtab.apps.report.stress_rows import cell, money
from trimtab.apps.report.tiles import Tile
from trimtab.apps.summaries import versions
from trimtab.apps.tuning.front import TuneAnswer
from trimtab.apps.tuning.words import choice_name, refused_words, tail_warning, trade_words
from trimtab.simulation.stress.tuning import Recommendation, Trade, Trial
from trimtab.units import NANOSECONDS

FAILING_SHOWN = 12


def tune_report(answer: TuneAnswer) -> str:
    """One self-contained HTML page; the same answer gives the same bytes."""
    result, quote = answer.result, printable(answer.case.rules.quote)
    paragraph, found = _paragraph(answer), result.recommendation
    context: Mapping[str, Any] = {
        "css": resource("report.css"),
        "venue": printable(answer.case.rules.venue),
        "quote": quote,
        "title": _title(answer),
        "period": _period(answer),
        "warning": tail_warning(result),
        "unbounded": any(isinf(one.shortfall_error) for one in result.trials),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
        "tiles": _tiles(answer),
        "picture": pareto_picture(result, quote=quote),
        "front": [_row(answer, result.trials[place]) for place in _places(answer)],
        "keys": [
            (printable(key), [result.trials[place].values[key] for place in _places(answer)])
            for key in result.present.values
        ],
        "least_buffer": result.least_buffer,
        "then": "shall be" if result.is_firm else "would be",
        "change": () if found is None else _changes(found),
        "dry": None if found is None else _dry(found),
        "trades": [
            {
                "words": printable(trade_words(answer, trade)),
                "change": _changes(trade),
                "dry": _dry(trade),
            }
            for trade in result.trades
        ],
        "command": printable(answer.command),
        "versions": versions(),
        "seed": result.seed,
    }
    return template_of("tune.html.j2").render(context)


def _places(answer: TuneAnswer) -> list[int]:
    return [0, *(place for place in answer.result.pareto if place)]


def _row(answer: TuneAnswer, trial: Trial) -> dict[str, Any]:
    chosen = answer.result.recommendation
    note = "present" if trial.number == 0 else ""
    if chosen is not None and chosen.trial.number == trial.number:
        note = choice_name(answer.result)
    elif any(trade.trial.number == trial.number for trade in answer.result.trades):
        note = "a trade"
    return {
        "number": trial.number,
        "note": note,
        "shortfall": cell(trial.shortfall),
        "error": cell(1.96 * trial.shortfall_error),
        "capacity": cell(trial.capacity),
        "fund": cell(trial.fund),
    }


def _title(answer: TuneAnswer) -> str:
    found = answer.result.recommendation
    if found is None:
        return "Nothing tried betters the present rules"
    number = len(found.changes)
    told = f"{number} {'key' if number == 1 else 'keys'} to change"
    return told if answer.result.is_firm else f"A candidate, to be confirmed: {told}"


def _period(answer: TuneAnswer) -> Sentence:
    result = answer.result
    return sentence(
        "{} from {}, {}, seed {}",
        duration(round(result.horizon_seconds * NANOSECONDS)),
        moment(answer.case.ticks[0].at_ns),
        *(counted(result.paths, "path"), str(result.seed)),
    )


def _paragraph(answer: TuneAnswer) -> list[Sentence]:
    result, quote = answer.result, answer.case.rules.quote
    found, present = result.recommendation, result.present
    hours = duration(round(result.horizon_seconds * NANOSECONDS))
    refused = sum(result.refused.values())
    lines = [
        sentence(
            "{} tried; {} put to the same {} of {}.",
            counted(len(result.trials), "set of rules was", many="sets of rules were"),
            counted(len(result.trials) - refused, "of them was", many="of them were"),
            *(counted(result.paths, "price path"), hours),
        )
    ]
    if refused:
        words = "The other {} cannot be rules and met no path: {}."
        lines.append(sentence(words, count(refused), printable(refused_words(result))))
    if found is None:
        lines.append(sentence("None of them betters the rules as they are in every aim."))
        if result.trades:
            number = counted(len(result.trades), "trade")
            words = "The front has {} of one aim for another: a choice, not an improvement."
            lines.append(sentence(words, number))
        return lines
    return [
        *lines,
        sentence(
            "{} would bring the expected shortfall from {} to {} and the borrow"
            " capacity from {} to {}.",
            "The recommended ones" if result.is_firm else "The candidate",
            *(money(present.shortfall, quote), money(found.trial.shortfall, quote)),
            *(money(present.capacity, quote), money(found.trial.capacity, quote)),
        ),
        sentence("Chosen because: {}.", found.reason.rstrip(".")),
    ]


def _changes(found: Recommendation | Trade) -> list[tuple[str, str, str]]:
    return [(printable(one.key), one.present or NONE, one.proposed) for one in found.changes]


def _tiles(answer: TuneAnswer) -> list[Tile]:
    found = answer.result.recommendation
    return _present_tiles(answer) if found is None else _chosen_tiles(answer, found)


def _present_tiles(answer: TuneAnswer) -> list[Tile]:
    """Of a search that found nothing better: the present rules beside the ends of the front."""
    result, quote = answer.result, answer.case.rules.quote
    front = [result.trials[place] for place in result.pareto] or [result.present]
    least = min(front, key=lambda one: one.shortfall)
    most = max(front, key=lambda one: one.capacity)
    present = result.present
    return [
        Tile(
            f"Present expected shortfall at {result.level:.10g}",
            money(present.shortfall, quote),
            sentence("over {}", duration(round(result.horizon_seconds * NANOSECONDS))),
        ),
        Tile(
            "Present borrow capacity",
            money(present.capacity, quote),
            sentence("with a fund of {}", money(present.fund, quote)),
        ),
        Tile(
            "Least shortfall tried",
            money(least.shortfall, quote),
            sentence("with room for {}", money(least.capacity, quote)),
        ),
        Tile(
            "Most capacity tried",
            money(most.capacity, quote),
            sentence("with a shortfall of {}", money(most.shortfall, quote)),
        ),
    ]


def _chosen_tiles(answer: TuneAnswer, found: Recommendation) -> list[Tile]:
    """Of a change: what it would come to beside the present rules."""
    result, quote = answer.result, answer.case.rules.quote
    trial, present = found.trial, result.present
    unsafe = len(found.dry_run.newly_liquidatable)
    return [
        Tile(
            f"Expected shortfall at {result.level:.10g}",
            money(trial.shortfall, quote),
            sentence("present {}", money(present.shortfall, quote)),
            tone="good" if trial.shortfall < present.shortfall else "",
        ),
        Tile(
            "Borrow capacity",
            money(trial.capacity, quote),
            sentence("present {}", money(present.capacity, quote)),
            tone="good" if trial.capacity > present.capacity else "",
        ),
        Tile(
            "Insurance fund",
            money(trial.fund, quote),
            sentence("present {}", money(present.fund, quote)),
        ),
        Tile(
            "Newly liquidatable",
            count(unsafe),
            sentence("accounts, once ramps are over"),
            tone="warn" if unsafe else "good",
        ),
    ]


def _dry(found: Recommendation | Trade) -> dict[str, Any]:
    dry = found.dry_run
    failing: list[tuple[str, Shown]] = [
        (printable(one.account), wad_cell(one.missing_wad))
        for one in dry.newly_liquidatable[:FAILING_SHOWN]
    ]
    return {
        "refusal": printable(dry.refusal),
        "ramps": counted(len(dry.ramps), "weight").text,
        "by_deposit": [printable(key) for key in dry.by_deposit],
        "failing": failing,
        "more": max(0, len(dry.newly_liquidatable) - FAILING_SHOWN),
    }
