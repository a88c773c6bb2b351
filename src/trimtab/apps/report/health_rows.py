"""Tables of accounts and assets: the riskiest, the largest, what other rules change, prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.apps.report.bars import Bar, BarRow, width_of
from trimtab.apps.report.health_book import HealthBook, debt_of, distance, key_of, name_of, owed_wad
from trimtab.apps.report.health_story import largest_debts, share
from trimtab.apps.report.rule_words import asset_cells
from trimtab.apps.report.shown import (
    NONE,
    Sentence,
    Shown,
    cell,
    counted,
    health,
    money,
    price,
    printable,
    sentence,
)
from trimtab.engine import EXACT_PER_WAD, Draft, debt_amount, supply_amount
from trimtab.model import Explanation
from trimtab.simulation import Change, Standing
from trimtab.simulation.standing import book_keys
from trimtab.units import WAD, div_down, div_up, format_decimal

RISKIEST = 25
CHANGES_MAX = 50
PRICES_MAX = 3


@dataclass(frozen=True, slots=True)
class RiskRow:
    """An account as the tables show it; values in the quote."""

    name: str
    state: str
    tone: str
    health: Shown
    distance: Shown
    collateral: Shown
    debt: Shown
    leverage: Shown
    prices: tuple[tuple[str, Shown], ...]
    more: int


@dataclass(frozen=True, slots=True)
class DebtRow:
    """One of the largest debts; `running` is the share of it and of all larger ones."""

    name: str
    debt: Shown
    share: Shown
    running: Shown
    health: Shown
    distance: Shown


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """An account that other rules would make liquidatable."""

    name: str
    debt: Shown
    missing: Shown
    health: Shown
    distance: Shown


def risk_rows(book: HealthBook) -> list[RiskRow]:
    """The riskiest accounts: the liquidatable by debt, then the nearest."""
    return [_risk_row(account) for account in book.debtors[:RISKIEST]]


def next_rows(book: HealthBook) -> list[RiskRow]:
    """The nearest safe accounts, where the liquidatable leave them no room in the first table."""
    if len(book.unsafe) < RISKIEST:
        return []
    return [_risk_row(account) for account in book.waiting[:RISKIEST]]


def _risk_row(account: Explanation) -> RiskRow:
    prices = sorted(account.liquidation_price_wad.items())
    return RiskRow(
        name_of(account),
        *_state(account),
        health(account.health_wad),
        distance(0 if account.liquidatable else account.distance_wad),
        cell(account.collateral_wad),
        cell(owed_wad(account)),
        leverage(account.leverage_wad),
        tuple(
            (f"{printable(asset)} {account.liquidation_side[asset]}", price_cell(at))
            for asset, at in prices[:PRICES_MAX]
        ),
        max(len(prices) - PRICES_MAX, 0),
    )


def _state(account: Explanation) -> tuple[str, str]:
    """The binding level in words, and its tone."""
    if account.equity_wad < 0:
        return "bankrupt: debt exceeds collateral", "bad"
    if account.liquidatable:
        return f"liquidatable: below {account.binding.replace('_', '-')}", "bad"
    if account.binding == "none":
        return "safe: meets every level", ""
    return "safe: below initial, cannot borrow more", ""


def leverage(value_wad: int | None) -> Shown:
    """Collateral over equity with two decimals."""
    if value_wad is None:
        return Shown(NONE, "no equity")
    return Shown(f"{value_wad / WAD:,.2f}×", format_decimal(value_wad, 18))


def price_cell(value_wad: int) -> Shown:
    """A price to about five figures, the exact one behind it."""
    text = price(value_wad / WAD).text if value_wad else "0"
    return Shown(text, format_decimal(value_wad, 18))


def debt_rows(book: HealthBook) -> list[DebtRow]:
    """The ten largest debts."""
    rows, running = [], 0
    for account in largest_debts(book):
        running += owed_wad(account)
        rows.append(
            DebtRow(
                name_of(account),
                cell(owed_wad(account)),
                share(owed_wad(account), book.debt_wad),
                share(running, book.debt_wad),
                health(account.health_wad),
                distance(0 if account.liquidatable else account.distance_wad),
            )
        )
    return rows


def debt_words(book: HealthBook) -> Sentence:
    """How much of all debt the largest are."""
    top = largest_debts(book)
    owed, part = money(debt_of(top), book.quote), share(debt_of(top), book.debt_wad)
    if len(top) == 1:
        return sentence("One account owes all of the debt, {}.", owed)
    words = "The {} owe {}, which is {} of all debt."
    return sentence(words, counted(len(top), "largest debtor"), owed, part)


def asset_rows(found: Standing) -> list[BarRow]:
    """Collateral and debt by asset, the most collateral first; collateral rounded down, debt up."""
    held, owed = _by_asset(found)
    most = max((value for side in (held, owed) for value, _ in side.values()), default=0)
    names = sorted(
        held.keys() | owed.keys(),
        key=lambda name: (-held.get(name, (0, 0))[0], -owed.get(name, (0, 0))[0], name),
    )
    rows = []
    for name in names:
        sides = [side.get(name, (0, 0)) for side in (held, owed)]
        bars = (Bar(cell(value), width_of(value, most), accounts=number) for value, number in sides)
        rows.append(BarRow(printable(name), "accent", tuple(bars)))
    return rows


Side = Mapping[str, tuple[int, int]]


def _by_asset(found: Standing) -> tuple[Side, Side]:
    """Value (wad) and number of accounts by asset: what is held, and what is owed."""
    draft = Draft(found.store, found.as_of_ns)
    held: dict[str, tuple[int, int]] = {}
    owed: dict[str, tuple[int, int]] = {}
    for key in book_keys(found.store):
        account = draft.account(key)
        for shares, amount, side in (
            (account.supply, supply_amount, held),
            (account.debt, debt_amount, owed),
        ):
            for asset, number in shares.items():
                mark, was = draft.mark(asset), side.get(asset, (0, 0))
                side[asset] = (was[0] + amount(mark.pool, number) * mark.unit, was[1] + 1)
    return (
        {name: (div_down(exact, EXACT_PER_WAD), n) for name, (exact, n) in held.items() if exact},
        {name: (div_up(exact, EXACT_PER_WAD), n) for name, (exact, n) in owed.items() if exact},
    )


def rule_rows(found: Standing) -> list[tuple[str, Shown, tuple[str, ...]]]:
    """Assets with the price of the moment and their weights."""
    draft = Draft(found.store, found.as_of_ns)
    rows = []
    for name, rules in found.case.rules.assets.items():
        mark = draft.mark_if_priced(name)
        at = Shown(NONE, "no price") if mark is None else price_cell(mark.price_wad)
        rows.append((printable(name), at, asset_cells(rules)))
    return rows


def change_rows(book: HealthBook, changes: Sequence[Change]) -> list[ChangeRow]:
    """Who becomes liquidatable, the largest shortage first."""
    accounts = {key_of(account): account for account in book.found.accounts}
    return [
        ChangeRow(
            printable(change.account),
            cell(change.debt_wad),
            cell(change.missing_wad),
            health(accounts[change.account].health_wad),
            distance(accounts[change.account].distance_wad),
        )
        for change in changes[:CHANGES_MAX]
    ]


def change_words(book: HealthBook, changes: Sequence[Change]) -> Sentence:
    """What other rules would do, in one sentence."""
    verb, who = ("becomes", "misses") if len(changes) == 1 else ("become", "miss")
    debt = sum(change.debt_wad for change in changes)
    missing = sum(change.missing_wad for change in changes)
    return sentence(
        f"Under the other rules {{}} with {{}} of debt ({{}} of all) {verb} liquidatable and {who} "
        "{} of weighted collateral.",
        *(counted(len(changes), "more account"), money(debt, book.quote)),
        *(share(debt, book.debt_wad), money(missing, book.quote)),
    )
