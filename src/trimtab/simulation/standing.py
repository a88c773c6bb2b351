"""Where the accounts of a case stand at one moment, and what other rules would change."""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.engine import Draft, MemoryStore, explain, newly_unsafe, open_venue, step
from trimtab.model import Accepted, Case, Explanation, Rules, Table
from trimtab.model import commands as c
from trimtab.units import DataError, RulesError, Time


@dataclass(frozen=True, slots=True)
class Standing:
    """Every account's explanation at a time, and the venue they live in."""

    case: Case
    as_of_ns: int
    accounts: tuple[Explanation, ...]
    store: MemoryStore


@dataclass(frozen=True, slots=True)
class Change:
    """One account that other rules would make liquidatable, and how much it would be short."""

    account: str
    debt_wad: int
    missing_wad: int


def standing(case: Case, *, at_ns: int | None = None) -> Standing:
    """Explain every account of the book, at the prices of a moment.

    Arguments:
        at_ns: last moment whose prices count, ns UTC; None is the book's own, the first tick.

    Raises:
        DataError: a moment before the first price.
    """
    moment = case.ticks[0].at_ns if at_ns is None else at_ns
    if moment < case.ticks[0].at_ns:
        raise DataError(
            "no prices at that time yet",
            where="prices",
            found=Time(moment).text(),
            expected=f"{Time(case.ticks[0].at_ns).text()} or later",
        )
    store = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns)
    for tick in case.ticks:
        if tick.at_ns > moment:
            break
        outcome = step(store, c.SetPrices(tick.at_ns, tick.prices))
        assert isinstance(outcome, Accepted), f"a validated tick is accepted: {outcome}"
        store.apply(outcome)
    draft = Draft(store, moment)
    accounts = tuple(explain(draft.account(key), draft) for key in book_keys(store))
    return Standing(case, moment, accounts, store)


def book_keys(store: MemoryStore) -> Sequence[str]:
    """Accounts of the book, in order of their keys; the venue's own are left out."""
    return sorted(key for key in store.keys(Table.ACCOUNT) if not key.startswith("@"))


def compare(found: Standing, rules: Rules) -> list[Change]:
    """Dry run of other rules: who becomes liquidatable, largest shortage first.

    Raises:
        RulesError: rules that mean other assets or another quote, or lack a category of the book.
    """
    _require_comparable(found.case, rules)
    unsafe = newly_unsafe(
        found.store, rules, accounts=book_keys(found.store), now_ns=found.as_of_ns
    )
    debts = {}
    for account in found.accounts:
        key = f"{account.account}/{account.group}" if account.group else account.account
        debts[key] = account.debt_wad
    changes = [Change(key, debts[key], missing) for key, missing in unsafe]
    return sorted(changes, key=lambda change: (-change.missing_wad, change.account))


def _require_comparable(case: Case, rules: Rules) -> None:
    """Other rules must mean the same quote and assets and know the book's categories."""
    if rules.quote != case.rules.quote:
        raise RulesError(
            "the other rules value accounts in another quote",
            column="venue.quote",
            found=repr(rules.quote),
            expected=repr(case.rules.quote),
        )
    for row in case.book:
        own, other = case.rules.assets[row.instrument], rules.assets.get(row.instrument)
        if other is None:
            raise RulesError(
                "the other rules lack an asset of the book",
                column=f"assets.{row.instrument}",
                expected="all assets of the book",
            )
        for key in ("decimals", "underlying"):
            if getattr(own, key) != getattr(other, key):
                raise RulesError(
                    "the other rules mean another asset by this name",
                    column=f"assets.{row.instrument}.{key}",
                    found=repr(getattr(other, key)),
                    expected=repr(getattr(own, key)),
                )
        if row.category and row.category not in rules.categories:
            raise RulesError(
                "the other rules lack a category of the book",
                column=f"categories.{row.category}",
                expected="all categories of the book",
            )
