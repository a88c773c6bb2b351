"""The stress report: one HTML page about what could happen to a book, and how sure that is."""

from collections.abc import Mapping
from typing import Any

from trimtab.apps.report.page import resource, template_of
from trimtab.apps.report.shown import NARROW, Shown, duration, plain_text
from trimtab.apps.report.stress_heat import heat_picture
from trimtab.apps.report.stress_pictures import stress_pictures
from trimtab.apps.report.stress_rows import (
    bearer_rows,
    cell,
    chance,
    fit_rows,
    keeper_rows,
    lead,
    measure_rows,
    money,
    stress_tiles,
    worst_rows,
)
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.summaries import versions
from trimtab.kernels.clearing.terms import NO_LIMIT
from trimtab.kernels.impact import ImpactKind
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.stress import terms_of
from trimtab.units import NANOSECONDS

KIND_WORDS = {
    ImpactKind.NONE: "takes any quantity at the path's price",
    ImpactKind.LINEAR: "linear impact",
    ImpactKind.SQUARE_ROOT: "square-root impact",
    ImpactKind.CONSTANT_PRODUCT: "constant-product pool",
    ImpactKind.TABLE: "a table of depth",
}


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
        "venue": rules.venue,
        "quote": rules.quote,
        "title": _title(answer),
        "verdict": _verdict(answer),
        "paragraph": paragraph,
        "description": plain_text(paragraph),
        "tiles": stress_tiles(answer),
        "pictures": pictures,
        "asset": answer.asset,
        "measure_heads": _heads(answer),
        "measures": measure_rows(answer),
        "bearers": bearer_rows(answer),
        "keepers": keeper_rows(answer),
        "worst": worst_rows(answer),
        "points": _points(answer),
        "assumptions": _assumptions(answer),
        "fits": fit_rows(answer),
        "notes": answer.notes,
        "origin": _origin(answer),
        "command": answer.command,
        "versions": versions(),
        "level": f"{100 * result.tail().level:.4g}{NARROW}%",
        "is_whole": result.facts.is_whole,
    }
    return template_of("stress.html.j2").render(context)


def _title(answer: StressAnswer) -> str:
    result = answer.result
    if result.loss.worst <= 0.0:
        return "No path costs anybody anything"
    if result.insolvency.value <= 0.0:
        return "The funds hold on every path"
    return f"The funds are exceeded on {chance(result.insolvency.value).text} of paths"


def _verdict(answer: StressAnswer) -> dict[str, str]:
    result = answer.result
    allowed, found = result.fund.probability, result.insolvency.value
    if not result.facts.is_whole:
        words = f"Interrupted: {result.facts.done:,} of {result.facts.asked:,} paths are counted."
        return {"tone": "warn", "sign": "…", "text": words}
    if found > allowed:
        words = f"A loss beyond the funds is likelier than the {allowed:.4g} asked for."
        return {"tone": "bad", "sign": "!", "text": words}
    words = f"A loss beyond the funds is no likelier than the {allowed:.4g} asked for."
    return {"tone": "good", "sign": "✓", "text": words}


def _heads(answer: StressAnswer) -> list[str]:
    heads = ["mean", "median"]
    for level in answer.result.question.levels:
        heads += [f"VaR {level:.4g}", f"ES {level:.4g}"]
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


def _assumptions(answer: StressAnswer) -> list[tuple[str, list[str]]]:
    """What was assumed of prices, markets, oracle, keepers: each with its lines."""
    question, facts = answer.result.question, answer.result.facts
    process = question.process
    prices = [
        "prices stand still but for the shock"
        if process.kind is None and process.model is None
        else f"{process.kind or 'a given process'}, learnt from the case's history"
    ]
    if process.shock:
        prices.append(f"shock on top: {process.shock}")
    if process.correlation_share:
        prices.append(f"correlations {process.correlation_share:.0%} of the way to one")
    step = duration(round(facts.step_seconds * NANOSECONDS))
    prices.append(f"{facts.steps:,} steps of {step}; {question.sampling.kind} sampling")
    return [("prices", prices), *_terms(answer)]


def _terms(answer: StressAnswer) -> list[tuple[str, list[str]]]:
    question, facts = answer.result.question, answer.result.facts
    grid = PathGrid(facts.assets, facts.first_prices, facts.steps, facts.step_seconds)
    terms = terms_of(question, grid)
    markets = [
        f"{asset}: {KIND_WORDS[ImpactKind(int(kind))]}"
        for asset, kind in zip(facts.assets, terms.market.kind, strict=True)
    ]
    heard = "accounts are marked at prices after sales"
    markets.append(
        heard if terms.market.feedback else "sales do not move what accounts are marked at"
    )
    oracle = ["reports the market price at every step"]
    if not terms.oracle.is_market:
        oracle = [
            f"{asset}: publishes moves of {100 * float(moved):.4g}{NARROW}% or more, reported "
            f"{int(late)} steps later"
            for asset, moved, late in zip(
                facts.assets, terms.oracle.deviation, terms.oracle.delay_steps, strict=True
            )
        ]
    keepers = terms.keepers
    quote = question.case.rules.quote
    capital = "no limit of capital"
    if keepers.capital != float("inf"):
        capital = f"at most {money(keepers.capital, quote).text} a step"
    landing = "any number lands in a step"
    if keepers.per_step < NO_LIMIT:
        landing = f"at most {keepers.per_step:,} land in a step"
    acts = [
        f"{question.engine} engine; gas {money(keepers.gas, quote).text} a liquidation, "
        f"least profit {money(keepers.min_profit, quote).text}",
        f"{capital}; {landing}; {100 * keepers.failure:.4g}{NARROW}% fail to land; "
        f"{keepers.delay_steps} steps of delay",
    ]
    return [("markets", markets), ("oracle", oracle), ("keepers", acts)]


def _origin(answer: StressAnswer) -> list[tuple[str, str]]:
    facts = answer.result.facts
    inputs = dict(answer.result.question.case.input_hashes or {})
    return [
        ("seed", str(facts.seed)),
        ("run", facts.identity),
        *((name, digest) for name, digest in sorted(inputs.items())),
    ]
