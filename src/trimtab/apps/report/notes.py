"""What a reader has to know before relying on the figures, drawn from the run itself."""

from collections import Counter
from dataclasses import dataclass

from trimtab.apps.report.ends import Ends
from trimtab.apps.report.shown import (
    Sentence,
    Shown,
    amount,
    cell,
    counted,
    health,
    listed,
    money,
    printable,
    sentence,
)
from trimtab.apps.report.story import CAUSES, owed_words
from trimtab.apps.report.thinning import MARKERS_MAX, POINTS_MAX
from trimtab.model import Pool, Table
from trimtab.simulation import ReplayRun

LEFT_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class LeftRow:
    """An account that is unsafe at the end; values in the quote."""

    name: str
    debt: Shown
    health: Shown
    gain: Shown
    cause: str


def left_rows(ends: Ends) -> list[LeftRow]:
    """The unsafe accounts with the largest debts."""
    return [
        LeftRow(
            printable(left.account),
            cell(left.debt_wad),
            health(left.health_wad),
            Shown("–", "no offer") if left.gain_wad is None else cell(left.gain_wad),
            str(left.cause),
        )
        for left in ends.left[:LEFT_SHOWN_MAX]
    ]


def warnings_of(run: ReplayRun, ends: Ends) -> list[Sentence]:
    """Findings first, then assumptions, then what the pictures leave out."""
    return [*_unsafe(run, ends), *_deficits(run), *_assumptions(run), *_thinned(run)]


def _unsafe(run: ReplayRun, ends: Ends) -> list[Sentence]:
    quote, owed = run.case.rules.quote, owed_words(run)
    told = []
    early = [stand for stand in ends.before.values() if stand.unsafe]
    if early:
        debt = money(sum(stand.debt_wad for stand in early), quote)
        words = f"{{}} with {{}} of {owed} are unsafe at the first step, before anybody acts."
        told.append(sentence(words, counted(len(early), "account"), debt))
    for cause, number in Counter(left.cause for left in ends.left).most_common():
        debt_wad = sum(left.debt_wad for left in ends.left if left.cause is cause)
        who = counted(number, "unsafe account")
        verb = "is" if number == 1 else "are"
        words = f"{{}} with {{}} of {owed} {verb} {CAUSES[cause]}."
        told.append(sentence(words, who, money(debt_wad, quote)))
    if ends.left and ends.gas_wad:
        told.append(
            sentence(
                "At the last step a liquidation costs {} of gas, and keepers want {} on top.",
                *(money(ends.gas_wad, quote), money(run.case.replay.min_profit_wad, quote)),
            )
        )
    if ends.auctions:
        words = "{} still running at the end; their debt is in no account of the book."
        told.append(sentence(words, counted(ends.auctions, "auction")))
    return told


def _deficits(run: ReplayRun) -> list[Sentence]:
    told = []
    for asset, rules in run.case.rules.assets.items():
        pool = run.store.get(Table.POOL, asset)
        if isinstance(pool, Pool) and pool.deficit:
            who = "its holders bear it" if rules.mintable else "nobody was left to pay it"
            words = f"{{}} {{}} of debt is no longer backed: {who}."
            told.append(sentence(words, amount(pool.deficit, rules.decimals), asset))
    return told


def _assumptions(run: ReplayRun) -> list[Sentence]:
    owed = {row.instrument for row in run.case.book if row.quantity < 0}
    assumed: list[Sentence] = [
        (asset,)
        for asset, rules in run.case.rules.assets.items()
        if asset in owed and rules.external_supply is None and not rules.mintable
    ]
    if not assumed:
        return []
    words = sentence(": the book does not list all suppliers; they are assumed to keep ")
    return [(*listed(assumed), *words, "utilization at 0.8 at the start.")]


def _thinned(run: ReplayRun) -> list[Sentence]:
    steps = len(run.metrics.at_ns)
    told = []
    if steps > POINTS_MAX:
        words = "Lines are drawn from {} of {} steps; all lows and highs are kept."
        told.append(sentence(words, f"at most {POINTS_MAX + 2:,}", f"{steps:,}"))
    if steps > MARKERS_MAX:
        told.append(sentence("Each marker sums up about {} steps.", f"{steps / MARKERS_MAX:,.0f}"))
    return told
