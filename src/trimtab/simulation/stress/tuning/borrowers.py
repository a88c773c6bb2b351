"""What borrowers do under other rules: nothing, or keep using the same share of what they may.

A higher max_ltv lets people borrow more, and they do: with `SAME_SHARE` each account's debt moves
with its capacity, so that looser rules show what they cost. With `FIXED` the book stays as it is.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum, unique

from trimtab.model import BookRow, Case, Rules
from trimtab.simulation.feed import first_prices


@unique
class Borrowers(StrEnum):
    """How the book answers to other rules."""

    FIXED = "fixed"
    SAME_SHARE = "same_share"


def case_under(case: Case, rules: Rules, *, borrowers: Borrowers = Borrowers.SAME_SHARE) -> Case:
    """Return the case under other rules, with its book as borrowers answer.

    Debts round down to native units; accounts whose capacity was 0 keep theirs.
    """
    if borrowers is Borrowers.FIXED:
        return replace(case, rules=rules)
    prices = first_prices(case)
    before, after = (_capacities(case, own, prices=prices) for own in (case.rules, rules))
    book = tuple(_scaled(row, case, before=before, after=after) for row in case.book)
    return replace(case, rules=rules, book=book)


def _capacities(case: Case, rules: Rules, *, prices: dict[str, int]) -> dict[tuple[str, str], int]:
    """What each account may owe: collateral values at initial weights, in one exact scale."""
    found: dict[tuple[str, str], int] = {}
    for row in case.book:
        asset = rules.assets.get(row.instrument)
        if asset is None or row.quantity <= 0:
            continue
        category = rules.categories.get(row.category)
        inside = category is not None and row.instrument in category.assets
        weight = category.max_ltv_wad if category and inside else asset.max_ltv_wad
        price = prices.get(row.instrument, 10**18 if row.instrument == rules.quote else 0)
        value = row.quantity * price * weight * 10 ** (36 - asset.decimals)
        key = (row.account, row.group)
        found[key] = found.get(key, 0) + value
    return found


def _scaled(
    row: BookRow,
    case: Case,
    *,
    before: dict[tuple[str, str], int],
    after: dict[tuple[str, str], int],
) -> BookRow:
    key = (row.account, row.group)
    if row.quantity >= 0 or row.instrument in case.rules.markets or not before.get(key):
        return row
    scaled = -(-row.quantity * after.get(key, 0) // before[key])
    return replace(row, quantity=scaled) if scaled else row
