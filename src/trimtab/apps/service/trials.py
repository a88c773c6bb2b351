"""What would happen: a view of the venue in which prices are moved and commands are tried.

Nothing of it reaches the venue: the readers' copy is overlaid, never written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.apps.service.account_views import document
from trimtab.apps.service.board import Reading
from trimtab.apps.service.refusals import refusal_data
from trimtab.apps.service.views import prices as price_texts
from trimtab.apps.service.views import when
from trimtab.apps.summaries import wad_text
from trimtab.engine import Draft, account_sums, explain, is_unsafe, step
from trimtab.model import Accepted, Command, Key, Record, Rejected, Rules, Table, View
from trimtab.simulation.price_shock import Shock, shocked_records
from trimtab.units import mul_div_down


class Overlay:
    """A view with other records in front."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._over: dict[Key, Record | None] = {}

    def get(self, table: Table, key: str) -> Record | None:
        """The record in front, else the view's."""
        if (table, key) in self._over:
            return self._over[table, key]
        return self._view.get(table, key)

    def put(self, table: Table, key: str, *, record: Record | None) -> None:
        """Lay a record over the view's."""
        self._over[table, key] = record

    def apply(self, accepted: Accepted) -> None:
        """Lay a change set over the view."""
        self._over.update(accepted.changes)

    def changed(self, table: Table) -> set[str]:
        """Keys of a table that are overlaid."""
        return {key for found, key in self._over if found is table}


@dataclass(frozen=True, slots=True)
class Trial:
    """A venue that could be: its overlay, its draft, and what became of the commands tried."""

    overlay: Overlay
    draft: Draft
    outcomes: tuple[Accepted | Rejected, ...]


def tried(reading: Reading, shock: Shock, *, commands: Sequence[Command]) -> Trial:
    """Move prices, then try commands in order; the venue stays as it is.

    Raises:
        DataError: a shock of an asset that has no price of its own, or a price beyond any.
    """
    overlay = Overlay(reading.store)
    for (table, key), record in shocked_records(reading.store, reading.draft, shock=shock).items():
        overlay.put(table, key, record=record)
    outcomes = []
    for command in commands:
        outcome = step(overlay, command)
        if isinstance(outcome, Accepted):
            overlay.apply(outcome)
        outcomes.append(outcome)
    return Trial(overlay, Draft(overlay, reading.at_ns), tuple(outcomes))


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A question: how prices move, what is tried, whom to show, how many of the rest to list."""

    shock: Shock
    commands: tuple[Command, ...] = ()
    accounts: tuple[str, ...] = ()
    limit: int = 50


def what_if(reading: Reading, question: WhatIf) -> dict[str, Any]:
    """Health and liquidation prices before and after, and who would be liquidatable."""
    trial = tried(reading, question.shock, commands=question.commands)
    after = unsafe_keys(reading, trial)
    before = set(reading.waiting)
    fell, rose = sorted(after - before), sorted(before - after)
    debt = sum(_debt_wad(trial.draft, key) for key in after)
    rules = reading.draft.rules
    return {
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "quote": rules.quote,
        "prices_before": price_texts(reading),
        "prices_after": _prices(trial.draft),
        "actions": [
            outcome_view(outcome, command, rules=rules)
            for outcome, command in zip(trial.outcomes, question.commands, strict=True)
        ],
        "accounts": [_pair(reading, trial, key=key) for key in question.accounts],
        "unsafe_before": len(before),
        "unsafe_after": len(after),
        "unsafe_debt_after": wad_text(debt),
        "newly_unsafe": [_short(trial.draft, key) for key in fell[: question.limit]],
        "newly_unsafe_total": len(fell),
        "newly_safe": rose[: question.limit],
        "newly_safe_total": len(rose),
    }


def unsafe_keys(reading: Reading, trial: Trial) -> set[str]:
    """Who is unsafe in a trial: by the columns, but for accounts that the commands changed."""
    columns, changed = reading.columns, trial.overlay.changed(Table.ACCOUNT)
    found = {columns.keys[number] for number in columns.unsafe(trial.draft).unsafe.tolist()}
    found = {key for key in found - changed if trial.draft.account(key).at_risk}
    for key in changed:
        account = trial.draft.account(key)
        counts = not key.startswith("@") and account.at_risk
        if counts and is_unsafe(account, account_sums(account, trial.draft)):
            found.add(key)
    return found


def outcome_view(outcome: Accepted | Rejected, command: Command, *, rules: Rules) -> dict[str, Any]:
    """What the engine says to a command that was tried."""
    if isinstance(outcome, Accepted):
        return {"accepted": True, "reason": None, "data": {}}
    data = refusal_data(outcome.reason, outcome.data, command=command, rules=rules)
    return {"accepted": False, "reason": str(outcome.reason), "data": data}


def _pair(reading: Reading, trial: Trial, *, key: str) -> dict[str, Any]:
    rules, account = reading.draft.rules, reading.draft.account(key)
    before = document(explain(account, reading.draft), rules)
    after = document(explain(trial.draft.account(key), trial.draft), rules)
    return {"key": key, "before": before, "after": after}


def _short(draft: Draft, key: str) -> dict[str, Any]:
    found = explain(draft.account(key), draft)
    return {
        "key": key,
        "health_factor": wad_text(found.health_wad),
        "debt": wad_text(found.debt_wad),
        "collateral": wad_text(found.collateral_wad),
        "equity": wad_text(found.equity_wad),
    }


def _debt_wad(draft: Draft, key: str) -> int:
    return mul_div_down(account_sums(draft.account(key), draft).debt, 1, 10**36)


def _prices(draft: Draft) -> dict[str, str | None]:
    found = {}
    for asset in draft.rules.assets:
        mark = draft.mark_if_priced(asset)
        found[asset] = None if mark is None else wad_text(mark.price_wad)
    return found
