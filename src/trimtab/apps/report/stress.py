"""The stress report: one HTML page about what could happen to a book, and how sure that is."""

from collections.abc import Mapping
from typing import Any

from trimtab.apps.report.page import resource, template_of
from trimtab.apps.report.shown import (
    NARROW,
    Sentence,
    Shown,
    counted,
    duration,
    moment,
    plain_text,
    printable,
    sentence,
)
from trimtab.apps.report.stress_captions import captions, is_fed_back
from trimtab.apps.report.stress_heat import heat_picture
from trimtab.apps.report.stress_pictures import stress_pictures
from trimtab.apps.report.stress_rows import (
    bearer_rows,
    broken_rows,
    cell,
    chance,
    lead,
    measure_rows,
    stress_tiles,
    worst_rows,
)
from trimtab.apps.report.stress_sources import assumptions, fit_rows, keeper_rows
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.drawn import allowed_words, resampled
from trimtab.apps.summaries import versions
from trimtab.units import NANOSECONDS


def stress_report(answer: StressAnswer) -> str:
    """One self-contained HTML page; the same answer gives the same bytes.

    Returns:
        HTML text without scripts and without any address that a browser would fetch.
    """
    result = answer.result
    rules = result.question.case.rules
    heat = heat_picture(answer)
    pictures = stress_pictures(answer) | ({} if heat is None else {"heat": heat})
    paragraph = lead(answer)
    context: Mapping[str, Any] = {
        "css": resource("report.css"),
        "venue": printable(rules.venue),
        "quote": printable(rules.quote),
        "title": _title(answer),
        "period": _period(answer),
        "verdict": _verdict(answer),
        "caution": _caution(answer),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
        "tiles": stress_tiles(answer),
        "pictures": pictures,
        "captions": captions(answer),
        "fed_back": is_fed_back(answer),
        "asset": printable(answer.asset),
        "measure_heads": _heads(answer),
        "measures": measure_rows(answer),
        "bearers": bearer_rows(answer),
        "keepers": keeper_rows(answer),
        "worst": worst_rows(answer),
        "points": _points(answer),
        "broken": broken_rows(answer),
        "assumptions": assumptions(answer),
        "fits": fit_rows(answer),
        "notes": [printable(note) for note in answer.notes],
        "origin": _origin(answer),
        "command": printable(answer.command),
        "versions": versions(),
        "worst_share": chance(1.0 - result.tail().level).text,
        "level": f"{100 * result.tail().level:.10g}{NARROW}%",
        "is_whole": result.facts.is_whole,
    }
    return template_of("stress.html.j2").render(context)


def _title(answer: StressAnswer) -> str:
    result = answer.result
    if result.loss.worst <= 0.0:
        return "No path costs anybody anything"
    if result.insolvency.value <= 0.0:
        return "The funds hold on every path"
    drawn = resampled(answer)
    source = "" if drawn is None else f" {drawn.source}"
    return f"The funds are exceeded on {chance(result.insolvency.value).text} of paths{source}"


def _caution(answer: StressAnswer) -> str:
    """What the reader of a probability has to know of the paths that it is of; "" for nothing."""
    drawn = resampled(answer)
    if drawn is None:
        return ""
    return printable(
        f"The paths are {drawn.source}: {drawn.caution}. Probabilities here are of hours like "
        "those, not of ordinary ones."
    )


def _period(answer: StressAnswer) -> Sentence:
    facts, case = answer.result.facts, answer.result.question.case
    step_ns = round(facts.step_seconds * NANOSECONDS)
    return sentence(
        "{} from {}: {} of {} of {}, seed {}",
        *(duration(facts.steps * step_ns), moment(case.ticks[0].at_ns)),
        *(counted(facts.done, "path"), counted(facts.steps, "step"), duration(step_ns)),
        str(facts.seed),
    )


def _verdict(answer: StressAnswer) -> dict[str, str]:
    result = answer.result
    allowed, found = result.fund.probability, result.insolvency.value
    limit = allowed_words(allowed)
    if not result.facts.is_whole:
        words = f"Interrupted: {result.facts.done:,} of {result.facts.asked:,} paths are counted."
        return {"tone": "warn", "sign": "…", "text": words}
    if found > allowed:
        words = f"A loss beyond the funds is likelier than {limit}."
        return {"tone": "bad", "sign": "!", "text": words}
    if result.insolvency.high > allowed:
        most = chance(result.insolvency.high).text
        words = (
            f"A loss beyond the funds is no likelier than {limit} on these "
            f"paths; they do not rule out up to {most}."
        )
        return {"tone": "warn", "sign": "?", "text": words}
    words = f"A loss beyond the funds is no likelier than {limit}."
    return {"tone": "good", "sign": "✓", "text": words}


def _heads(answer: StressAnswer) -> list[str]:
    heads = ["mean", "median"]
    for level in answer.result.question.levels:
        heads += [f"VaR {level:.10g}", f"ES {level:.10g}"]
    return [*heads, "worst"]


def _points(answer: StressAnswer) -> list[tuple[str, Shown, Shown, Shown, Shown, str]]:
    curve = answer.result.curve
    if curve is None:
        return []
    return [
        (
            f"{100 * point.depth:.0f}{NARROW}%",
            cell(point.liquidated),
            cell(point.liquidated_alone),
            cell(point.loss),
            cell(point.loss_alone),
            "–" if point.amplification is None else f"{point.amplification:.2f}x",
        )
        for point in curve.points
    ]


def _origin(answer: StressAnswer) -> list[tuple[str, str]]:
    facts = answer.result.facts
    inputs = dict(answer.result.question.case.input_hashes or {})
    return [
        ("seed", str(facts.seed)),
        ("run", facts.identity),
        *((name, digest) for name, digest in sorted(inputs.items())),
    ]
