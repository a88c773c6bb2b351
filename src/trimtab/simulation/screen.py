"""A float64 screen over all accounts: who could be unsafe now, and how the book stands.

The screen never decides. Whoever it cannot clear beyond its own rounding goes to the exact engine;
the metrics it gives are estimates (relative error below 1e-9), as every float here is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import Draft, MemoryStore, weights
from trimtab.model import Account, Table
from trimtab.units import WAD, float_of

Floats = NDArray[np.float64]

# Sums of some hundred products of correctly rounded factors err by less than 1e-12 of their
# magnitude; what lies within a thousand times that is in doubt.
DOUBT = 1e-9


@dataclass(frozen=True, slots=True)
class Marks:
    """What a share is worth now, quote: of supply and of debt, in the screen's asset order."""

    supply: Floats
    debt: Floats
    price: Floats


@dataclass(frozen=True, slots=True)
class Levels:
    """Per account, quote: collateral and debt, plain and weighted (maintenance; initial)."""

    collateral: Floats
    debt: Floats
    weighted: Floats
    initial: Floats
    weighted_debt: Floats

    @property
    def health(self) -> Floats:
        """Weighted collateral over weighted debt; infinite without debt."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.weighted / self.weighted_debt
        return np.where(self.weighted_debt > 0, ratio, np.inf)


class Screen:
    """Dense columns of the book's accounts, kept in step with the store."""

    def __init__(self, store: MemoryStore, draft: Draft) -> None:
        self.assets = tuple(sorted(draft.rules.assets))
        self.keys = tuple(sorted(k for k in store.keys(Table.ACCOUNT) if not k.startswith("@")))
        self._row = {key: row for row, key in enumerate(self.keys)}
        self._column = {asset: column for column, asset in enumerate(self.assets)}
        shape = (len(self.keys), len(self.assets))
        self._supply, self._debt = np.zeros(shape), np.zeros(shape)
        self._weighted, self._initial = np.zeros(shape), np.zeros(shape)
        self._always: set[str] = set()
        self.refresh(self.keys, draft)

    def refresh(self, keys: Iterable[str], draft: Draft) -> None:
        """Read accounts again after commands changed them; keys outside the book are ignored."""
        for key in keys:
            if key in self._row:
                self._read(draft.account(key), draft)

    def _read(self, account: Account, draft: Draft) -> None:
        row = self._row[account.key]
        category = draft.category_rules(account.category)
        for table in (self._supply, self._debt, self._weighted, self._initial):
            table[row] = 0.0
        for asset, shares in account.supply.items():
            column = self._column[asset]
            weight = weights(account, draft.asset_rules(asset), category=category)
            amount = float_of(shares, 0)
            self._supply[row, column] = amount
            self._weighted[row, column] = amount * float_of(weight.maintenance, 18)
            self._initial[row, column] = amount * float_of(weight.initial, 18)
        for asset, shares in account.debt.items():
            self._debt[row, self._column[asset]] = float_of(shares, 0)
        if account.in_liquidation:
            self._always.add(account.key)
        else:
            self._always.discard(account.key)

    def marks(self, draft: Draft) -> Marks:
        """What a share of each asset is worth at the draft's time; 0 where there is no price."""
        supply, debt, price = [], [], []
        for asset in self.assets:
            rules = draft.rules.assets[asset]
            priced = rules.underlying or draft.price_state(asset) is not None
            wad = draft.price_wad(asset) if priced else 0
            pool, unit = draft.pool(asset), float_of(wad, 18 + rules.decimals)
            price.append(float_of(wad, 18))
            supply.append(unit * pool.supplied / pool.supply_shares if pool.supply_shares else 0.0)
            debt.append(unit * pool.borrowed / pool.borrow_shares if pool.borrow_shares else 0.0)
        return Marks(np.array(supply), np.array(debt), np.array(price))

    def levels(self, marks: Marks, draft: Draft) -> Levels:
        """Value every account."""
        liability = np.array([self._liability(asset, draft) for asset in self.assets])
        return Levels(
            collateral=self._supply @ marks.supply,
            debt=self._debt @ marks.debt,
            weighted=self._weighted @ marks.supply,
            initial=self._initial @ marks.supply,
            weighted_debt=self._debt @ (marks.debt * liability),
        )

    def _liability(self, asset: str, draft: Draft) -> float:
        return float_of(draft.asset_rules(asset).liability_weight_wad, 18)

    def in_doubt(self, levels: Levels) -> list[str]:
        """Accounts that the screen cannot clear: unsafe, too close to tell, or in liquidation."""
        excess = levels.weighted - levels.weighted_debt
        doubt = excess <= DOUBT * (levels.weighted + levels.weighted_debt)
        rows = np.flatnonzero(doubt & (levels.weighted_debt > 0))
        return sorted({self.keys[row] for row in rows} | self._always)

    def between_levels(self, levels: Levels) -> list[str]:
        """Accounts under the initial level, or too close to tell."""
        excess = levels.initial - levels.weighted_debt
        doubt = excess <= DOUBT * (levels.initial + levels.weighted_debt)
        return [self.keys[row] for row in np.flatnonzero(doubt & (levels.weighted_debt > 0))]

    def liquidation_prices(self, asset: str, levels: Levels, *, marks: Marks) -> Floats:
        """Per account, the price of one collateral at which it becomes unsafe (NaN: never)."""
        column = self._column[asset]
        held = self._weighted[:, column] * marks.supply[column]
        missing = levels.weighted_debt - (levels.weighted - held)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = missing / held
        found = np.where((held > 0) & (ratio > 0) & (levels.weighted_debt > 0), ratio, np.nan)
        return np.asarray(found * marks.price[column], dtype=np.float64)

    def exposure(self, marks: Marks) -> dict[str, float]:
        """Collateral value by asset, quote."""
        totals = (self._supply * marks.supply).sum(axis=0)
        return dict(zip(self.assets, totals.tolist(), strict=True))


def wad_float(value_wad: int) -> float:
    """A wad as a float, for metrics."""
    return value_wad / WAD


def histogram(health: Floats, value: Floats, *, edges: Sequence[float]) -> list[float]:
    """Value by health bucket; the last bucket is open."""
    found, _ = np.histogram(np.minimum(health, edges[-1]), bins=[*edges, np.inf], weights=value)
    return [float(total) for total in found]
