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
    """What a share is worth now, quote: of supply and of debt, in the screen's asset order.

    `unit` is the value of one native unit, `liability` the weight of a debt.
    """

    supply: Floats
    debt: Floats
    price: Floats
    unit: Floats
    liability: Floats


@dataclass(frozen=True, slots=True)
class Levels:
    """Per account, quote: collateral and debt, plain and weighted.

    `weighted` is at the maintenance level, `decisive` at the level that decides whether the account
    is unsafe: in liquidation that is the liquidation-end level.
    """

    collateral: Floats
    debt: Floats
    weighted: Floats
    decisive: Floats
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
        self._held, self._owed = np.zeros(shape), np.zeros(shape)
        self._decisive = np.zeros(shape)
        self.refresh(self.keys, draft)

    def refresh(self, keys: Iterable[str], draft: Draft) -> None:
        """Read accounts again after commands changed them; keys outside the book are ignored."""
        for key in keys:
            if key in self._row:
                self._read(draft.account(key), draft)

    def _read(self, account: Account, draft: Draft) -> None:
        row = self._row[account.key]
        category = draft.category_rules(account.category)
        for table in (self._supply, self._debt, self._weighted, self._initial, self._decisive):
            table[row] = 0.0
        self._held[row] = self._owed[row] = 0.0
        for asset, shares in account.supply.items():
            column = self._column[asset]
            weight = weights(account, draft.asset_rules(asset), category=category)
            amount = float_of(shares, 0)
            self._held[row, column] = 1.0
            self._supply[row, column] = amount
            self._weighted[row, column] = amount * float_of(weight.maintenance, 18)
            self._initial[row, column] = amount * float_of(weight.initial, 18)
            ends = weight.liquidation_end if account.in_liquidation else weight.maintenance
            self._decisive[row, column] = amount * float_of(ends, 18)
        for asset, shares in account.debt.items():
            column = self._column[asset]
            self._debt[row, column] = float_of(shares, 0)
            self._owed[row, column] = 1.0

    def marks(self, draft: Draft) -> Marks:
        """What a share of each asset is worth at the draft's time; 0 where there is no price."""
        rows = []
        for asset in self.assets:
            mark = draft.mark_if_priced(asset)
            if mark is None:
                rows.append((0.0, 0.0, 0.0, 0.0, 0.0))
                continue
            pool, unit = mark.pool, float_of(mark.price_wad, 18 + mark.rules.decimals)
            supply = unit * pool.supplied / pool.supply_shares if pool.supply_shares else 0.0
            debt = unit * pool.borrowed / pool.borrow_shares if pool.borrow_shares else 0.0
            liability = float_of(mark.rules.liability_weight_wad, 18)
            rows.append((supply, debt, float_of(mark.price_wad, 18), unit, liability))
        return Marks(*np.array(rows).T.copy())

    def levels(self, marks: Marks) -> Levels:
        """Value every account."""
        return Levels(
            collateral=self._supply @ marks.supply,
            debt=self._debt @ marks.debt,
            weighted=self._weighted @ marks.supply,
            decisive=self._decisive @ marks.supply,
            initial=self._initial @ marks.supply,
            weighted_debt=self._debt @ (marks.debt * marks.liability),
        )

    def in_doubt(self, levels: Levels, marks: Marks) -> list[str]:
        """Accounts that the screen cannot clear: unsafe, or too close to tell."""
        rows = self._under(levels.decisive, levels.weighted_debt, marks=marks)
        return [self.keys[row] for row in rows]

    def between_levels(self, levels: Levels, marks: Marks) -> list[str]:
        """Accounts under the initial level, or too close to tell."""
        rows = self._under(levels.initial, levels.weighted_debt, marks=marks)
        return [self.keys[row] for row in rows]

    def _under(self, weighted: Floats, weighted_debt: Floats, *, marks: Marks) -> list[int]:
        """Rows whose excess may be negative.

        The engine rounds each holding to a native unit against the account, the screen does not:
        beside its own relative error it is out by up to one unit of each.
        """
        rounded = self._held @ marks.unit + self._owed @ (marks.unit * marks.liability)
        room = DOUBT * (weighted + weighted_debt) + (1.0 + DOUBT) * rounded
        doubt = (weighted - weighted_debt <= room) & (weighted_debt > 0)
        found: list[int] = np.flatnonzero(doubt).tolist()
        return found

    def liquidation_prices(self, asset: str, levels: Levels, *, marks: Marks) -> Floats:
        """Per account, the price of one net collateral below which it is unsafe (NaN: none)."""
        column = self._column[asset]
        held = self._weighted[:, column] * marks.supply[column]
        held = held - self._debt[:, column] * (marks.debt[column] * marks.liability[column])
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
    bucket = np.searchsorted(edges, health, side="right") - 1
    found: list[float] = np.bincount(bucket, weights=value, minlength=len(edges)).tolist()
    return found
