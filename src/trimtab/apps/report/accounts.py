"""The accounts that mattered most: what each had, lost and was left with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.apps.report.ends import Ends, Left, Stand
from trimtab.apps.report.shown import (
    Sentence,
    Shown,
    cell,
    counted,
    health,
    moment_cell,
    money,
    percent,
    printable,
    sentence,
)
from trimtab.model import EventKind, Payer
from trimtab.simulation import ReplayRun, TimedEvent

SHOWN_MAX = 10
ACTS = frozenset({EventKind.SEIZE, EventKind.AUCTION_TAKE, EventKind.LIQUIDATE_POSITION})
TELLING = ACTS | {
    EventKind.LIQUIDATE,
    EventKind.LOSS,
    EventKind.AUCTION_START,
    EventKind.BACKSTOP_TRANSFER,
    EventKind.REDUCE,
    EventKind.DELEVERAGE,
}
# What counts as closed: debts repaid, and positions closed or cut.
CLOSED = ("repaid", "closed", "deleveraged")
NOBODY = Stand(0, 0, None, False)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One line of the table; values are in the quote."""

    name: str
    first: Shown
    last: Shown
    debt_before: Shown
    repaid: Shown
    seized: Shown
    bonus: Shown
    fee: Shown
    loss: Shown
    health_before: Shown
    health_after: Shown
    fate: Sentence


@dataclass(frozen=True, slots=True)
class _History:
    first_ns: int
    last_ns: int
    acts: int
    payers: Counter[Payer]
    to_backstop: bool


def weightiest(run: ReplayRun) -> list[str]:
    """Accounts by what was closed of them and lost on them, at most ten."""
    found = run.tally.by_account
    weight = {
        key: closed(was) + was.get("loss", 0)
        for key, was in found.items()
        if not key.startswith("@")
    }
    keys = sorted((key for key in weight if weight[key]), key=lambda key: (-weight[key], key))
    return keys[:SHOWN_MAX]


def closed(found: Mapping[str, int]) -> int:
    """Debt repaid and positions closed or cut of an account, wad."""
    return sum(found.get(name, 0) for name in CLOSED)


def account_rows(run: ReplayRun, ends: Ends) -> list[AccountRow]:
    """The table of the accounts that mattered."""
    keys = weightiest(run)
    histories = _histories(run.events, set(keys))
    left = {one.account: one for one in ends.left}
    return [_row(key, run, ends=ends, history=histories[key], left=left.get(key)) for key in keys]


def share_of_rows(run: ReplayRun) -> Shown:
    """How much of all that was closed and lost the table covers."""
    found, tally = run.tally.by_account, run.tally
    total = tally.repaid_wad + tally.closed_wad + tally.deleveraged_wad + tally.bad_debt_wad
    rows = sum(closed(found[k]) + found[k].get("loss", 0) for k in weightiest(run))
    return percent(rows / total if total else 0.0)


def _row(
    key: str, run: ReplayRun, *, ends: Ends, history: _History, left: Left | None
) -> AccountRow:
    found = run.tally.by_account[key]
    before, after = ends.before.get(key, NOBODY), ends.after.get(key, NOBODY)
    return AccountRow(
        printable(key),
        moment_cell(history.first_ns),
        moment_cell(history.last_ns),
        cell(before.debt_wad),
        cell(closed(found)),
        cell(found.get("seized", 0)),
        cell(found.get("bonus", 0)),
        cell(found.get("fee", 0)),
        cell(found.get("loss", 0)),
        health(before.health_wad),
        health(after.health_wad),
        _fate(found, history, after=after, left=left, quote=run.case.rules.quote),
    )


def _fate(
    found: Mapping[str, int], history: _History, *, after: Stand, left: Left | None, quote: str
) -> Sentence:
    parts = counted(history.acts, "liquidation")
    if found.get("loss", 0):
        payer = history.payers.most_common(1)[0][0]
        told = {
            Payer.SOCIALIZED: "mostly on suppliers and holders",
            Payer.INSURANCE: "mostly on the insurance fund",
            Payer.BACKSTOP: "mostly on the backstop",
            Payer.OWN_MARGIN: "mostly on its own last collateral",
            Payer.PENALTY: "mostly on the fees it had paid",
            Payer.ADL: "mostly on its counterparties",
        }[payer]
        if len(history.payers) == 1:
            told = told.removeprefix("mostly ")
        if not history.acts:
            return sentence("closed out without a liquidation; the loss fell {}", told)
        state = "bankrupt" if not after.debt_wad else "short"
        return sentence("{} after {}; the loss fell {}", state, parts, told)
    if history.to_backstop:
        return sentence("taken over by the backstop")
    if left is not None:
        return sentence("still unsafe after {}, owing {}", parts, money(left.debt_wad, quote))
    if not history.acts and found.get("deleveraged", 0):
        return sentence("cut by deleveraging; {} left open", money(after.debt_wad, quote))
    if not after.debt_wad:
        lent = found.get("repaid", 0) or not found.get("closed", 0)
        return sentence("debt paid off by {}" if lent else "closed out by {}", parts)
    return sentence("made safe by {}; still owes {}", parts, money(after.debt_wad, quote))


def _histories(events: Sequence[TimedEvent], keys: set[str]) -> dict[str, _History]:
    times: dict[str, list[int]] = {key: [] for key in keys}
    acts: Counter[str] = Counter()
    payers: dict[str, Counter[Payer]] = {key: Counter() for key in keys}
    moved = set()
    for timed in events:
        event, key = timed.event, timed.event.account
        if key not in keys or event.kind not in TELLING:
            continue
        times[key].append(timed.at_ns)
        acts[key] += event.kind in ACTS
        if event.payer is not None:
            payers[key][event.payer] += event.value
        if event.kind is EventKind.BACKSTOP_TRANSFER:
            moved.add(key)
    return {
        key: _History(min(seen), max(seen), acts[key], payers[key], key in moved)
        for key, seen in times.items()
    }
