"""Where the engine and the kernels meet: a venue's accounts as columns, kept in step with it.

What the columns hold are shares, exact integers brought to the nearest float64; what a share is
worth is computed from integers too and rounded once. Both errors and the engine's rounding to
native units are within the bounds of the kernels, and who lies within a bound is asked here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe
from trimtab.kernels.backends import Backend
from trimtab.kernels.book import BookColumns
from trimtab.kernels.border import Ints
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients
from trimtab.kernels.requirement import Curves, Gains, curves_of
from trimtab.kernels.scan import Decisions, unsafe_accounts
from trimtab.model import Accepted, Account, Table
from trimtab.simulation.asset_terms import TermKey, asset_rule, asset_worth, is_columnar, is_flat
from trimtab.simulation.market_terms import (
    MarketTerm,
    follows_price,
    market_gains,
    market_rows,
    market_rule,
    market_worth,
    unmoved_worth,
)
from trimtab.units import float_of

__all__ = ["TermKey", "VenueColumns"]

# Room for this many terms at first; more are made when they come.
TERMS_MIN = 64


class VenueColumns:
    """The columns of a venue's accounts, those of the venue itself (`@...`) left out.

    `alone` are accounts whose values are not linear: weights move with their balances, or gains
    count less than losses. The scan and the index decide them by curves, and the liquidation map
    follows these; what the other outputs say of them is an estimate. `rowless` are those of them
    that the columns cannot hold: they have no row, are asked at every scan and are not in the map.
    """

    def __init__(self, store: MemoryStore, draft: Draft) -> None:
        self.keys = sorted(key for key in store.keys(Table.ACCOUNT) if not key.startswith("@"))
        self.number = {key: number for number, key in enumerate(self.keys)}
        self.terms: dict[TermKey | MarketTerm, int] = {}
        self.alone: set[int] = set()
        self.rowless: set[int] = set()
        columns: tuple[list[int], list[int], list[float]] = ([], [], [])
        for number, key in enumerate(self.keys):
            terms, shares = self._rows(draft.account(key), draft)
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

    def _rows(self, account: Account, draft: Draft) -> tuple[list[int], list[float]]:
        number = self.number[account.key]
        for members, belongs in (
            (self.alone, not is_flat(account, draft)),
            (self.rowless, not is_columnar(account, draft)),
        ):
            members.discard(number)
            if belongs:
                members.add(number)
        if number in self.rowless:
            return [], []
        rows: list[tuple[str, int, float]] = []
        for owed, side in ((False, account.supply), (True, account.debt)):
            for asset, shares in side.items():
                key = self._term_key(account, asset, owed=owed)
                rows.append((asset, self._term(key), float_of(shares, 0)))
        for market, position in account.positions.items():
            asset = draft.rules.markets[market].asset
            for part, quantity in market_rows(position, market, ending=account.in_liquidation):
                follows = follows_price(part, draft)
                rows.append((asset if follows else f"{market}=", self._term(part), quantity))
        # Terms of one asset stand beside one another, so that they can be netted in one pass.
        rows.sort()
        return [term for _, term, _ in rows], [shares for *_, shares in rows]

    def _term(self, key: TermKey | MarketTerm) -> int:
        return self.terms.setdefault(key, len(self.terms))

    @staticmethod
    def _term_key(account: Account, asset: str, *, owed: bool) -> TermKey:
        if owed:
            return TermKey(asset, True, "", None, False)
        override = account.thresholds.get(asset)
        return TermKey(asset, False, account.category, override, account.in_liquidation)

    def apply(self, accepted: Accepted, draft: Draft) -> list[int]:
        """Read again the accounts that a change set replaces; return their numbers.

        Arguments:
            accepted: the change set, which the store has applied.
            draft: the state after it.
        """
        changed = []
        if any(table is Table.RULES for table, _ in accepted.changes):
            changed = [self._put(draft.account(key), draft) for key in list(self.keys)]
        for (table, key), record in accepted.changes.items():
            if table is Table.ACCOUNT and not key.startswith("@"):
                account = record if isinstance(record, Account) else Account(key)
                changed.append(self._put(account, draft))
        return changed

    def _put(self, account: Account, draft: Draft) -> int:
        number = self.number.setdefault(account.key, len(self.keys))
        if number == len(self.keys):
            self.keys.append(account.key)
        rows = self._rows(account, draft)
        if len(self.terms) > self.book.terms:
            self.book.widen(2 * len(self.terms))
        self.book.put(number, rows)
        return number

    def coefficients(self, draft: Draft) -> Coefficients:
        """What a unit of each term is worth at the draft's time; 0 where there is no price."""
        rows: list[tuple[float, ...]] = [(0.0,) * 7] * self.book.terms
        asset, still = np.full(self.book.terms, -1, np.int64), np.zeros(self.book.terms)
        names = {name: number for number, name in enumerate(sorted(draft.rules.assets))}
        largest = self.book.largest.tolist()
        for key, term in self.terms.items():
            if isinstance(key, MarketTerm):
                rows[term], still[term] = market_worth(key, draft), unmoved_worth(key, draft)
                follows = draft.rules.markets[key.market].asset
                asset[term] = names[follows] if follows_price(key, draft) else -1
            else:
                rows[term] = asset_worth(key, draft, largest=largest[term])
                asset[term] = -1 if key.asset == draft.rules.quote else names[key.asset]
        table = np.array(rows).reshape(-1, 7).T.copy()
        decide, maintenance, end, initial, equity, gross, slack = table
        return Coefficients(decide, maintenance, end, initial, equity, gross, slack, asset, still)

    def curves(self, draft: Draft, *, deciding: bool = True) -> Curves:
        """Weights and requirements that depend on a position's own size, and gains that are cut.

        Arguments:
            deciding: at the level that decides, which of an account in liquidation is the
                liquidation end; else at the maintenance level, as the liquidation map asks for.
        """
        rules, marks, gains = {}, {}, {}
        markets = {name: number for number, name in enumerate(sorted(draft.rules.markets))}
        for key, term in self.terms.items():
            if isinstance(key, MarketTerm):
                level = key if deciding else key._replace(ending=False)
                found, weight = market_rule(level, draft), market_gains(key, draft)
                if weight is not None:
                    gains[term] = Gains(markets[key.market], weight)
            else:
                found = asset_rule(key if deciding else key._replace(ending=False), draft)
            if found is not None:
                rules[term], marks[term] = found
        return curves_of(self.book.terms, rules, marks=marks, gains=gains)

    def unsafe(
        self, draft: Draft, *, threads: int = 1, backend: Backend = Backend.AUTO
    ) -> Decisions:
        """Who is unsafe at the draft's time: the engine's decisions, by number of the account."""
        found = unsafe_accounts(
            self.book,
            self.coefficients(draft),
            curves=self.curves(draft),
            exact=lambda accounts: self.exact(draft, accounts),
            threads=threads,
            backend=backend,
        )
        if not self.rowless:
            return found
        alone = np.array(sorted(self.rowless), np.int64)
        both = np.union1d(found.unsafe, alone[self.exact(draft, alone)])
        return Decisions(both, found.doubtful, found.asked + alone.size)

    def exact(self, draft: Draft, accounts: Ints) -> NDArray[np.bool_]:
        """The engine's own decisions."""
        found = np.zeros(accounts.size, np.bool_)
        for place, number in enumerate(accounts.tolist()):
            account = draft.account(self.keys[number])
            found[place] = is_unsafe(account, account_sums(account, draft))
        return found
