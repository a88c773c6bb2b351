"""The figures of a stress report: tiles, tables, and how their numbers are shown."""

from dataclasses import dataclass
from math import expm1, isfinite
from typing import Any

from trimtab.apps.report.bars import PAYER_BEARERS, PAYER_NAMES, PAYER_NOTES
from trimtab.apps.report.shown import (
    NARROW,
    NONE,
    Sentence,
    Shown,
    count,
    counted,
    percent,
    printable,
    sentence,
    short_number,
)
from trimtab.apps.report.shown import cell as wad_cell
from trimtab.apps.report.shown import money as wad_money
from trimtab.apps.report.tiles import Tile
from trimtab.apps.stressing.answer import StressAnswer
from trimtab.apps.stressing.printing import NAMES
from trimtab.model import Payer
from trimtab.simulation.stress import Estimate
from trimtab.simulation.stress.failing import FailingAccount
from trimtab.simulation.stress.measures import UNBOOKED
from trimtab.units import fixed_of

_WAD = 18


def figure(value: float) -> str:
    """A value in the words of a picture."""
    return short_number(value) if isfinite(value) else NONE


def money(value: float, quote: str) -> Shown:
    """A value in prose."""
    return wad_money(fixed_of(value, _WAD), quote) if isfinite(value) else Shown(NONE, NONE)


def cell(value: float) -> Shown:
    """A value in a table whose heading names the unit."""
    return wad_cell(fixed_of(value, _WAD)) if isfinite(value) else Shown(NONE, NONE)


def chance(value: float) -> Shown:
    """A probability, with as many places as it takes to be told from none."""
    if value and abs(value) < 0.001:
        return Shown(f"{100 * value:.2g}{NARROW}%", f"{100 * value:.12g} %")
    return percent(value)


def span(found: Estimate) -> str:
    """An interval in words: from one end to the other, or the end that the paths bound."""
    if not isfinite(found.high):
        return f"{figure(found.low)} or more" if isfinite(found.low) else "not bounded"
    return f"{figure(found.low)} to {figure(found.high)}"


def stress_tiles(answer: StressAnswer) -> list[Tile]:
    """Eight figures: how much, how likely, how far, how sure."""
    result = answer.result
    quote, tail = result.question.case.rules.quote, result.tail()
    level = f"{100 * tail.level:.10g}{NARROW}%"
    sure = f"{100 * result.question.confidence:.4g}{NARROW}%"
    shortfall, at_risk = tail.expected_shortfall, tail.value_at_risk
    insolvent = result.insolvency
    return [
        Tile(
            f"Expected shortfall at {level}",
            money(shortfall.value, quote),
            sentence("{} interval {}", sure, span(shortfall)),
            tone="warn" if shortfall.value > 0 else "good",
        ),
        Tile(
            f"Value at risk at {level}",
            money(at_risk.value, quote),
            sentence("interval {}", span(at_risk)),
        ),
        Tile(
            "Loss beyond the funds",
            chance(insolvent.value),
            sentence("of paths; from {} to {}", chance(insolvent.low), chance(insolvent.high)),
            tone="bad" if insolvent.value > result.fund.probability else "good",
        ),
        Tile(
            "Funds that would be enough",
            money(result.fund.size.value, quote),
            sentence(
                "on all but {} of paths; there are {}",
                chance(result.fund.probability),
                money(result.fund.present, quote),
            ),
            tone="bad" if result.fund.size.value > result.fund.present else "good",
        ),
        Tile(
            "Worst path",
            money(result.loss.worst, quote),
            sentence("number {} of seed {}", str(result.worst[0].path), str(result.facts.seed))
            if result.worst
            else sentence("no path loses anything"),
        ),
        Tile(
            "Liquidated on average",
            money(result.measures["liquidated"].mean.value, quote),
            sentence("at worst {}", money(result.measures["liquidated"].worst, quote)),
        ),
        Tile(
            "Borrow capacity used",
            percent(result.capacity.used),
            sentence("of {}", money(result.capacity.borrow_capacity, quote)),
        ),
        Tile(
            "Paths",
            count(result.facts.done),
            _worth(answer),
            tone="" if result.facts.is_whole else "warn",
        ),
    ]


def _worth(answer: StressAnswer) -> Sentence:
    """How the paths count: alike, or by weights."""
    facts = answer.result.facts
    worth = round(facts.effective_paths)
    if worth == facts.done:
        return sentence("drawn with the seed {}, all alike", str(facts.seed))
    words = "weighted; for a mean as good as {} plainly drawn ones"
    return sentence(words, count(worth))


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure: mean, quantiles, tails."""

    name: str
    cells: tuple[Shown, ...]


def measure_rows(answer: StressAnswer) -> list[MeasureRow]:
    """The table of measures: mean, median, then VaR and ES by level, then the worst."""
    rows = []
    for measure, name in NAMES.items():
        found = answer.result.measures.get(measure)
        if found is None:
            continue
        cells = [cell(found.mean.value), cell(found.quantiles[0.5])]
        for tail in found.tails:
            cells += [cell(tail.value_at_risk.value), cell(tail.expected_shortfall.value)]
        rows.append(MeasureRow(name, (*cells, cell(found.worst))))
    return rows


@dataclass(frozen=True, slots=True)
class BearerRow:
    """One payer: on average, and in the tail; widths of its bars in percent."""

    name: str
    note: str
    mean: Shown
    tail: Shown
    share: Shown
    width: float


def bearer_rows(answer: StressAnswer) -> list[BearerRow]:
    """Who bears the loss, in the waterfall's order, then what all bear together."""
    found = answer.result.bearers
    most = max((one.tail_mean for one in found), default=0.0)
    rows = []
    for one in found:
        name, note = _payer_words(one.payer)
        width = round(100.0 * one.tail_mean / most, 2) if most > 0.0 else 0.0
        rows.append(
            BearerRow(
                *(name, note, cell(one.mean), cell(one.tail_mean), percent(one.tail_share)),
                max(width, 0.3) if one.tail_mean > 0.0 else 0.0,
            )
        )
    mean, tail = sum(one.mean for one in found), sum(one.tail_mean for one in found)
    whole = percent(1.0 if tail > 0.0 else 0.0)
    return [*rows, BearerRow("Together", "", cell(mean), cell(tail), whole, 0.0)]


def _payer_words(payer: str) -> tuple[str, str]:
    if payer == UNBOOKED:
        return "Nobody yet", "under water at the end, not liquidated"
    return PAYER_NAMES[Payer(payer)], PAYER_NOTES[Payer(payer)]


def _bearer_words(payer: str) -> str:
    """Who it is that a loss falls on, within a sentence."""
    if payer == UNBOOKED:
        return "nobody yet: it is under water at the end"
    return PAYER_BEARERS[Payer(payer)]


def worst_rows(answer: StressAnswer) -> list[tuple[str, Shown, Shown, Shown, str]]:
    """The worst paths: number, loss, what was liquidated, beyond the funds, the deepest fall."""
    rows = []
    for one in answer.result.worst:
        if one.loss <= 0.0:
            break
        columns = one.columns
        fell = min(
            ((value, name) for name, value in columns.items() if name.startswith("displacement_")),
            default=(0.0, ""),
        )
        asset = fell[1].removeprefix("displacement_")
        # Displacements are logarithms.
        share = -100 * expm1(fell[0])
        pushed = f"{printable(asset)} by {share:.1f}{NARROW}%" if fell[0] < 0.0 else NONE
        beyond = columns["socialized"] + columns["deleveraged"]
        rows.append(
            (f"{one.path}", cell(one.loss), cell(columns["liquidated"]), cell(beyond), pushed)
        )
    return rows


def broken_rows(answer: StressAnswer) -> dict[str, Any] | None:
    """The smallest joint shock beyond the funds; None where it was not asked for."""
    found = answer.broken
    if found is None:
        return None
    quote = answer.result.question.case.rules.quote
    words = sentence(
        "A shock {} standard deviations away, about as likely as {}, costs {}; {} turn unsafe, "
        "{} of them under water.",
        *(f"{found.distance:.2f}", chance(found.probability), money(found.loss, quote)),
        *(counted(found.accounts_failing, "account"), count(found.accounts_under_water)),
    )
    failing = [
        (printable(_key(one)), cell(one.collateral), cell(one.debt), cell(one.equity))
        for one in found.failing[:8]
    ]
    moves = [(printable(asset), percent(move, signed=True)) for asset, move in found.shock.items()]
    return {"words": words, "moves": moves, "failing": failing}


def _key(one: FailingAccount) -> str:
    return f"{one.account}/{one.group}" if one.group else one.account


def lead(answer: StressAnswer) -> list[Sentence]:
    """The summary in a paragraph of plain words."""
    result = answer.result
    facts, quote = result.facts, result.question.case.rules.quote
    tail = result.tail()
    hours = facts.steps * facts.step_seconds / 3600.0
    long = f"{hours / 24:.3g} days" if hours >= 48 else f"{hours:.3g} hours"
    found = [
        sentence(
            "We drove a book of {} of debt, which uses {} of its borrow capacity, along {} of {}.",
            money(result.capacity.debt, quote),
            percent(result.capacity.used),
            counted(facts.done, "possible price path"),
            long,
        )
    ]
    if result.loss.worst <= 0.0:
        found.append(sentence("On none of them does anybody bear a loss."))
        return found
    # Weights of drawn paths need not add to their number.
    inside = min(sum(result.loss.histogram.shares), 1.0)
    found.append(
        sentence(
            "On {} of them somebody bears a loss, and on {} it exceeds the funds. In the worst {}"
            " of cases it is {} on average.",
            *(chance(inside), chance(result.insolvency.value), chance(1.0 - tail.level)),
            money(tail.expected_shortfall.value, quote),
        )
    )
    bearer = max(result.bearers, key=lambda one: one.tail_share)
    if bearer.tail_share > 0.0:
        found.append(
            sentence(
                "Of that {} falls on {}.",
                percent(bearer.tail_share),
                _bearer_words(bearer.payer),
            )
        )
    if answer.sensitivities and answer.sensitivities[0].swing > 0.0:
        first = answer.sensitivities[0]
        found.append(
            sentence(
                "It hangs most on {}, which moves it by {}.",
                printable(first.factor),
                money(first.swing, quote),
            )
        )
    return found
