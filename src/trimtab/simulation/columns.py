"""Where the engine and the kernels meet: a venue's accounts as columns, kept in step with it.

What the columns hold are shares, exact integers brought to the nearest float64; what a share is
worth is computed from integers too and rounded once. Both errors and the engine's rounding to
native units are within the bounds of the kernels, and who lies within a bound is asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import Draft, MemoryStore, Weights, account_sums, is_unsafe, weights
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Ints
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients
from trimtab.model import Accepted, Account, Table
from trimtab.units import WAD, float_of, pow10

# 1e-72 of the quote, the scale of weighted values.
WEIGHTED_DECIMALS = 72
# Room for this many terms at first; more are made when they come.
TERMS_MIN = 64


class TermKey(NamedTuple):
    """One way in which shares of an asset count: owned or owed, and under which weights.

    `threshold_wad` is the book's override, `ending` whether liquidation-end weights decide.
    """

    asset: str
    owed: bool
    category: str
    threshold_wad: int | None
    ending: bool


class VenueColumns:
    """The columns of a venue's accounts, those of the venue itself (`@...`) left out."""

    def __init__(self, store: MemoryStore, draft: Draft) -> None:
        self.keys = sorted(key for key in store.keys(Table.ACCOUNT) if not key.startswith("@"))
        self.number = {key: number for number, key in enumerate(self.keys)}
        self.terms: dict[TermKey, int] = {}
        columns: tuple[list[int], list[int], list[float]] = ([], [], [])
        for number, key in enumerate(self.keys):
            terms, shares = self._rows(draft.account(key))
            columns[0].extend([number] * len(terms))
            columns[1].extend(terms)
            columns[2].extend(shares)
        self.book: BookColumns = book_of_rows(
            columns[0],
            columns[1],
            quantity=columns[2],
            terms=max(TERMS_MIN, 2 * len(self.terms)),
            accounts=len(self.keys),
        )

    def _rows(self, account: Account) -> tuple[list[int], list[float]]:
        rows: list[tuple[str, int, float]] = []
        for owed, side in ((False, account.supply), (True, account.debt)):
            for asset, shares in side.items():
                key = self._term_key(account, asset, owed=owed)
                term = self.terms.setdefault(key, len(self.terms))
                rows.append((asset, term, float_of(shares, 0)))
        # Terms of one asset stand beside one another, so that they can be netted in one pass.
        rows.sort()
        return [term for _, term, _ in rows], [shares for *_, shares in rows]

    @staticmethod
    def _term_key(account: Account, asset: str, *, owed: bool) -> TermKey:
        if owed:
            return TermKey(asset, True, "", None, False)
        override = account.thresholds.get(asset)
        return TermKey(asset, False, account.category, override, account.in_liquidation)

    def apply(self, accepted: Accepted) -> list[int]:
        """Read again the accounts that a change set replaces; return their numbers."""
        changed = []
        for (table, key), record in accepted.changes.items():
            if table is Table.ACCOUNT and not key.startswith("@"):
                account = record if isinstance(record, Account) else Account(key)
                changed.append(self._put(account))
        return changed

    def refresh(self, keys: Iterable[str], draft: Draft) -> None:
        """Read accounts of the book again."""
        for key in keys:
            if not key.startswith("@"):
                self._put(draft.account(key))

    def _put(self, account: Account) -> int:
        number = self.number.setdefault(account.key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(account.key)
        rows = self._rows(account)
        if len(self.terms) > self.book.terms:
            self.book.widen(2 * len(self.terms))
        self.book.put(number, rows)
        return number

    def coefficients(self, draft: Draft) -> Coefficients:
        """What a share of each term is worth at the draft's time; 0 where there is no price."""
        table = np.zeros((7, self.book.terms))
        asset = np.full(self.book.terms, -1, np.int64)
        names = {name: number for number, name in enumerate(sorted(draft.rules.assets))}
        for key, term in self.terms.items():
            table[:, term] = _worth(key, draft)
            asset[term] = -1 if key.asset == draft.rules.quote else names[key.asset]
        decide, maintenance, end, initial, equity, gross, slack = table
        return Coefficients(decide, maintenance, end, initial, equity, gross, slack, asset)

    def exact(self, draft: Draft, accounts: Ints) -> NDArray[np.bool_]:
        """The engine's own decisions."""
        found = np.zeros(accounts.size, np.bool_)
        for place, number in enumerate(accounts.tolist()):
            account = draft.account(self.keys[number])
            found[place] = is_unsafe(account, account_sums(account, draft))
        return found


def _worth(key: TermKey, draft: Draft) -> tuple[float, ...]:
    """decide, maintenance, liquidation end, initial, equity, gross, slack: quote per share."""
    mark = draft.mark_if_priced(key.asset)
    if mark is None:
        return (0.0,) * 7
    pool = mark.pool
    if key.owed:
        amount, shares = -pool.borrowed, pool.borrow_shares
        liability = mark.rules.liability_weight_wad
        weight = Weights(liability, liability, liability)
    else:
        amount, shares = pool.supplied, pool.supply_shares
        overrides = {} if key.threshold_wad is None else {key.asset: key.threshold_wad}
        held = Account("", thresholds=overrides)
        weight = weights(held, mark.rules, category=draft.category_rules(key.category))
    decide = weight.liquidation_end if key.ending else weight.maintenance
    one = pow10(WEIGHTED_DECIMALS)

    def per_share(weight_wad: int) -> float:
        # Python divides integers with one rounding.
        return amount * mark.unit * weight_wad / (shares * one) if shares else 0.0

    return (
        per_share(decide),
        per_share(weight.maintenance),
        per_share(weight.liquidation_end),
        per_share(weight.initial),
        per_share(WAD),
        0.0 if key.owed else per_share(WAD),
        mark.unit * decide / one,
    )
