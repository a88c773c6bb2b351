"""Runs of the same book and prices under other rules, side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trimtab.apps.report.bars import PAYER_NAMES
from trimtab.apps.report.ends import Ends, ends_of
from trimtab.apps.report.rule_words import RuleLine, differences
from trimtab.apps.report.shown import Sentence, Shown, cell, count, percent, sentence
from trimtab.apps.report.story import backstop_loss_wad, liquidated, losing
from trimtab.model import Payer
from trimtab.simulation import ReplayRun


@dataclass(frozen=True, slots=True)
class Line:
    """One measure over all runs."""

    name: str
    unit: str
    values: tuple[Shown, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table, the rules that differ, and a caveat where the runs are not comparable."""

    labels: tuple[str, ...]
    lines: tuple[Line, ...]
    rules: tuple[RuleLine, ...]
    caveat: str
    words: Sentence


Measure = Callable[[ReplayRun, Ends], Shown]


def labels_of(runs: Sequence[ReplayRun]) -> list[str]:
    """A name for each run: its venue's, numbered where two venues share one."""
    names = [run.case.rules.venue for run in runs]
    return [
        f"{name} ({names[: place + 1].count(name)})" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]


def comparison_of(runs: Sequence[ReplayRun], ends: Ends) -> Comparison:
    """Compare runs; `ends` are those of the first."""
    both = [(run, ends if place == 0 else ends_of(run)) for place, run in enumerate(runs)]
    quote = runs[0].case.rules.quote
    lines = [
        Line(name, unit, tuple(measure(run, its_ends) for run, its_ends in both), strong)
        for name, unit, measure, strong in _measures(quote)
    ]
    kept = [line for line in lines if line.strong or any(v.text != "0" for v in line.values)]
    labels = labels_of(runs)
    return Comparison(
        tuple(labels),
        tuple(kept),
        tuple(differences([run.case for run in runs])),
        _caveat(runs),
        _words(runs, labels),
    )


def _measures(quote: str) -> list[tuple[str, str, Measure, bool]]:
    plain: list[tuple[str, str, Measure, bool]] = [
        ("Liquidations", "", lambda run, _: count(run.tally.liquidations), True),
        ("Accounts liquidated", "", lambda run, _: count(liquidated(run)), False),
        ("Debt repaid", quote, lambda run, _: cell(run.tally.repaid_wad), True),
        ("Collateral seized", quote, lambda run, _: cell(run.tally.seized_wad), False),
        ("Liquidators' gain", quote, lambda run, _: cell(run.tally.bonus_wad), False),
        ("Positions closed", "", lambda run, _: count(run.tally.position_liquidations), False),
        ("Notional closed", quote, lambda run, _: cell(run.tally.closed_wad), False),
        ("Notional cut", quote, lambda run, _: cell(run.tally.deleveraged_wad), False),
        ("Fees to the venue", quote, lambda run, _: cell(run.tally.fee_wad), False),
        ("Bad debt", quote, lambda run, _: cell(run.tally.bad_debt_wad), True),
        ("Bad debt of the opening debt", "", _bad_share, True),
        ("Accounts with bad debt", "", lambda run, _: count(losing(run)), False),
    ]
    payers: list[tuple[str, str, Measure, bool]] = [
        (f"Paid: {PAYER_NAMES[payer].lower()}", quote, _paid(payer), False) for payer in Payer
    ]
    end: list[tuple[str, str, Measure, bool]] = [
        ("Backstop down on its positions", quote, lambda run, _: cell(_held_loss(run)), False),
        ("Unsafe accounts at the end", "", lambda run, _: count(len(run.unwanted)), True),
        ("Their debt", quote, lambda run, _: cell(sum(run.unwanted.values())), False),
        ("Debt at the end", quote, lambda _, ends: cell(_debt(ends)), False),
        ("Cash conserved", "", lambda run, _: _yes(run.conserved), True),
    ]
    return [*plain, *payers, *end]


def _held_loss(run: ReplayRun) -> int:
    return backstop_loss_wad(run) if run.tally.backstop_transfers else 0


def _paid(payer: Payer) -> Measure:
    return lambda run, _: cell(run.tally.loss_wad[payer])


def _bad_share(run: ReplayRun, ends: Ends) -> Shown:
    return percent(run.tally.bad_debt_wad / ends.debt_wad if ends.debt_wad else 0.0)


def _debt(ends: Ends) -> int:
    return sum(stand.debt_wad for stand in ends.after.values())


def _yes(true: bool) -> Shown:
    return Shown("yes" if true else "NO", str(true).lower())


def _caveat(runs: Sequence[ReplayRun]) -> str:
    first = runs[0].case
    if any(run.case.ticks != first.ticks for run in runs[1:]):
        return "These runs do not have the same prices: their difference is not that of the rules."
    if any(run.case.book != first.book for run in runs[1:]):
        return "These runs do not have the same book: their difference is not that of the rules."
    return ""


def _words(runs: Sequence[ReplayRun], labels: Sequence[str]) -> Sentence:
    """The comparison in one sentence, by bad debt."""
    order = sorted(zip(runs, labels, strict=True), key=lambda pair: pair[0].tally.bad_debt_wad)
    (best, best_label), (worst, worst_label) = order[0], order[-1]
    low, high = best.tally.bad_debt_wad, worst.tally.bad_debt_wad
    if low == high:
        return sentence("The rules differ, and the bad debt does not.")
    if low == 0:
        words = "The same book and prices leave bad debt under {} and none under {}."
        return sentence(words, worst_label, best_label)
    times = f"{high / low:,.1f}" if high < 100 * low else f"{high / low:,.0f}"
    words = "The same book and prices leave {} times the bad debt under {} as under {}."
    return sentence(words, times, worst_label, best_label)
