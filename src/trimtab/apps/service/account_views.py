"""Read models of accounts: lists found by figures and shown exactly, and one account whole."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.apps.service.board import Reading
from trimtab.apps.service.figures import Book, book
from trimtab.apps.service.views import when
from trimtab.apps.summaries import account_document, wad_text
from trimtab.engine import (
    Draft,
    adl_order,
    debt_amount,
    explain,
    supply_amount,
    value_wad,
    value_wad_up,
    weights,
)
from trimtab.kernels.border import Floats, Ints
from trimtab.model import Account, Explanation, Rules, account_key, contract_decimals
from trimtab.units import format_decimal

# Columns by which a list is ordered; True where the largest comes first.
SORTS = {
    "health": False,
    "distance": False,
    "debt": True,
    "collateral": True,
    "equity": True,
    "leverage": True,
    "account": False,
}
STATES = ("all", "liquidatable", "with_debt", "in_liquidation", "called")
LISTED = (
    *("account", "group", "health_factor", "collateral", "debt", "equity", "leverage"),
    *("distance", "liquidatable", "binding"),
)


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """Which accounts to list: part of a name, health below, a state, in which order, which page."""

    search: str = ""
    below: float | None = None
    state: str = "all"
    sort: str = "health"
    descending: bool | None = None
    offset: int = 0
    limit: int = 50


def account_list(
    reading: Reading, question: ListQuestion, *, pause: Callable[[], object] = tuple
) -> dict[str, Any]:
    """One page of accounts. Chosen and ordered by figures, shown exactly.

    Arguments:
        pause: called before each row; who has something to give way to waits here.
    """
    figures = book(reading)
    chosen = _chosen(reading, figures, question=question)
    ordered = _ordered(figures, chosen, question=question)
    page = ordered[question.offset : question.offset + question.limit].tolist()
    rows = []
    for number in page:
        pause()
        rows.append(_row(reading, figures.keys[number]))
    return {
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "quote": reading.draft.rules.quote,
        "total": int(chosen.size),
        "offset": question.offset,
        "accounts": rows,
    }


def _chosen(reading: Reading, figures: Book, *, question: ListQuestion) -> Ints:
    keep = np.ones(len(figures.keys), np.bool_)
    if question.below is not None:
        keep &= figures.health < question.below
    if question.state == "with_debt":
        keep &= figures.debt > 0
    elif question.state == "liquidatable":
        keep &= _marked(reading, set(reading.waiting))
    elif question.state in ("in_liquidation", "called"):
        account = reading.draft.account
        called = question.state == "called"
        numbers = np.flatnonzero(keep).tolist()
        held = [(number, account(figures.keys[number])) for number in numbers]
        keep = np.zeros_like(keep)
        for number, one in held:
            keep[number] = one.called_ns is not None if called else one.in_liquidation
    if question.search:
        wanted = question.search.casefold()
        found = [n for n in np.flatnonzero(keep).tolist() if wanted in figures.keys[n].casefold()]
        return np.array(found, np.int64)
    return np.flatnonzero(keep)


def _marked(reading: Reading, keys: set[str]) -> Any:
    marked = np.zeros(len(reading.columns.keys), np.bool_)
    for key in keys:
        marked[reading.columns.number[key]] = True
    return marked


def _ordered(figures: Book, chosen: Ints, *, question: ListQuestion) -> Ints:
    """Ties in order of debt, the largest first, then of the columns: pages do not overlap."""
    falling = SORTS[question.sort] if question.descending is None else question.descending
    if question.sort == "account":
        names = [figures.keys[number] for number in chosen.tolist()]
        order = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
        return chosen[order[::-1]] if falling else chosen[order]
    column: Floats = getattr(figures, question.sort)[chosen]
    return chosen[np.lexsort((-figures.debt[chosen], -column if falling else column))]


def _row(reading: Reading, key: str) -> dict[str, Any]:
    whole = document(explained(reading, key), reading.draft.rules)
    since = reading.waiting.get(key)
    row = {name: whole[name] for name in LISTED}
    return {"key": key, **row, "unsafe_since": None if since is None else when(since)}


def explained(reading: Reading, key: str) -> Explanation:
    """The engine's explanation of one account; worked out once at a version."""
    found = reading.kept.get(f"explained {key}")
    if not isinstance(found, Explanation):
        found = explain(reading.draft.account(key), reading.draft)
        reading.kept[f"explained {key}"] = found
    return found


def document(found: Explanation, rules: Rules) -> dict[str, Any]:
    """An explanation as plain data."""
    return account_document(found, rules)


def account_view(reading: Reading, key: str) -> dict[str, Any]:
    """One account whole: explanation, balances, positions with their rank in deleveraging."""
    draft, rules = reading.draft, reading.draft.rules
    account = draft.account(key)
    found = explained(reading, key)
    since = reading.waiting.get(key)
    return {
        "as_of": when(reading.at_ns),
        "version": reading.version,
        "quote": rules.quote,
        "key": key,
        "unsafe_since": None if since is None else when(since),
        "in_liquidation": account.in_liquidation,
        "restricted": account.restricted,
        "category": account.category,
        "called_at": None if account.called_ns is None else when(account.called_ns),
        **document(found, rules),
        "balances": balances(draft, account),
        "positions": positions(reading, found),
    }


def balances(draft: Draft, account: Account) -> list[dict[str, Any]]:
    """What an account holds and owes of each asset, and under which weights it counts."""
    rows = []
    category = draft.category_rules(account.category)
    for asset in sorted(account.supply.keys() | account.debt.keys()):
        mark = draft.mark_if_priced(asset)
        rules = draft.asset_rules(asset)
        pool = draft.pool(asset) if mark is None else mark.pool
        owned = supply_amount(pool, account.supply.get(asset, 0))
        owed = debt_amount(pool, account.debt.get(asset, 0))
        weight = weights(account, rules, category=category, amount=owned)
        row = {
            "asset": asset,
            "supplied": format_decimal(owned, rules.decimals),
            "owed": format_decimal(owed, rules.decimals),
            "price": None if mark is None else wad_text(mark.price_wad),
            "supplied_value": None if mark is None else wad_text(value_wad(owned, mark)),
            "owed_value": None if mark is None else wad_text(value_wad_up(owed, mark)),
            "initial_weight": wad_text(weight.initial),
            "maintenance_weight": wad_text(weight.maintenance),
            "liability_weight": wad_text(rules.liability_weight_wad),
        }
        rows.append(row)
    return rows


def positions(reading: Reading, found: Explanation) -> list[dict[str, Any]]:
    """The positions of one account, with their place in the order of deleveraging."""
    rules, key = reading.draft.rules, account_key(found.account, found.group)
    rows = []
    for held in found.positions:
        order = adl_sides(reading, held.market)["longs" if held.size > 0 else "shorts"]
        rows.append(
            {
                "market": held.market,
                "size": format_decimal(
                    held.size, contract_decimals(rules, rules.markets[held.market])
                ),
                "entry_price": wad_text(held.entry_price_wad),
                "mark_price": wad_text(held.mark_price_wad),
                "notional": wad_text(held.notional_wad),
                "unrealized_pnl": wad_text(held.pnl_wad),
                "initial_requirement": wad_text(held.initial_wad),
                "maintenance_requirement": wad_text(held.maintenance_wad),
                "liquidation_price": wad_text(held.liquidation_price_wad),
                "bankruptcy_price": wad_text(held.bankruptcy_price_wad),
                "adl_rank": order.index(key) + 1 if key in order else None,
                "adl_among": len(order) if key in order else None,
            }
        )
    return rows


def adl_sides(reading: Reading, market: str) -> dict[str, list[str]]:
    """Holders of each side of a market, the first to be cut first; worked out once at a version.

    Both lists are empty where the policy cuts all alike, or nobody.
    """
    found = reading.kept.get(f"adl {market}")
    if not isinstance(found, dict):
        draft = reading.draft
        sizes = {}
        for key in reading.columns.keys:
            position = draft.account(key).positions.get(market)
            if position is not None and position.size:
                sizes[key] = position.size
        found = {
            side: adl_order(
                draft,
                market,
                long=long,
                names=[k for k, size in sizes.items() if (size > 0) == long],
            )
            for side, long in (("longs", True), ("shorts", False))
        }
        reading.kept[f"adl {market}"] = found
    return found
