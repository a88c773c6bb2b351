"""Where the accounts of a case stand at one moment, and what other rules would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.engine import (
    Draft,
    MemoryStore,
    Rank,
    adl_order,
    explain,
    newly_unsafe,
    open_venue,
    step,
)
from trimtab.model import Accepted, Case, Explanation, Rules, Table
from trimtab.model import commands as c
from trimtab.simulation.feed import Feed, first_prices
from trimtab.simulation.price_shock import Shock, shocked_records
from trimtab.units import DataError, RulesError, Time


@dataclass(frozen=True, slots=True)
class Standing:
    """Every account's explanation at a time, and the venue they live in.

    `ranks` is where a position (account's key, market) stands in the order of deleveraging.
    """

    case: Case
    as_of_ns: int
    accounts: tuple[Explanation, ...]
    store: MemoryStore
    ranks: Mapping[tuple[str, str], Rank]


@dataclass(frozen=True, slots=True)
class Change:
    """One account that other rules would make liquidatable, and how much it would be short."""

    account: str
    debt_wad: int
    missing_wad: int


def standing(case: Case, *, at_ns: int | None = None, shock: Shock | None = None) -> Standing:
    """Explain every account of the book, at the prices of a moment.

    Arguments:
        at_ns: last moment whose prices count, ns UTC; None is the book's own, the first tick.
        shock: moves those prices at once, before anybody acts; None: they are as they are.

    Raises:
        DataError: a moment before the first price, or a shock of what has no price of its own.
    """
    moment = case.ticks[0].at_ns if at_ns is None else at_ns
    if moment < case.ticks[0].at_ns:
        raise DataError(
            "no prices at that time yet",
            where="prices",
            found=Time(moment).text(),
            expected=f"{Time(case.ticks[0].at_ns).text()} or later",
        )
    first = case.ticks[0].at_ns
    store = open_venue(case.rules, case.book, at_ns=first, prices=first_prices(case))
    outside = Feed(case)
    for number, tick in enumerate(case.ticks):
        if tick.at_ns > moment:
            break
        for command in outside.batch(number):
            outcome = step(store, command)
            if isinstance(outcome, Accepted):
                store.apply(outcome)
            assert not isinstance(command, c.SetPrices) or isinstance(outcome, Accepted), (
                f"a validated tick is accepted: {outcome}"
            )
    draft = Draft(store, moment)
    if shock is not None:
        store.apply(Accepted(shocked_records(store, draft, shock=shock), ()))
        draft = Draft(store, moment)
    accounts = tuple(explain(draft.account(key), draft) for key in book_keys(store))
    return Standing(case, moment, accounts, store, _ranks(draft, book_keys(store)))


def _ranks(draft: Draft, keys: Sequence[str]) -> dict[tuple[str, str], Rank]:
    """The place of every position among those of its side."""
    found = {}
    for market in sorted(draft.rules.markets):
        held = {
            key: position.size
            for key in keys
            if (position := draft.account(key).positions.get(market)) and position.size
        }
        for long in (True, False):
            names = [key for key, size in held.items() if (size > 0) == long]
            order = adl_order(draft, market, long=long, names=names)
            for place, key in enumerate(order, start=1):
                found[key, market] = Rank(place, len(order))
    return found


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
        if row.instrument in case.rules.markets:
            if row.instrument not in rules.markets:
                raise RulesError(
                    "the other rules lack a market of the book",
                    column=f"markets.{row.instrument}",
                    expected="all markets of the book",
                )
            continue
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
