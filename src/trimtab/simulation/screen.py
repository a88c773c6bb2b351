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
from trimtab.simulation.screen_positions import PositionColumns, PositionLevels
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
    is unsafe: in liquidation that is the liquidation-end level. Gains of positions are in both,
    their losses in `weighted_debt`, and the requirements stand apart, as does their `gross`.
    """

    collateral: Floats
    debt: Floats
    weighted: Floats
    decisive: Floats
    initial: Floats
    weighted_debt: Floats
    requirement: Floats
    decisive_requirement: Floats
    pnl: Floats
    notional: Floats
    gross: Floats

    @property
    def liabilities(self) -> Floats:
        """What the maintenance level holds against each account."""
        return self.weighted_debt + self.requirement

    @property
    def equity(self) -> Floats:
        """Collateral and unrealized pnl less debt."""
        return self.collateral + self.pnl - self.debt

    @property
    def health(self) -> Floats:
        """Weighted collateral over liabilities; infinite without any."""
        liabilities = self.liabilities
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.weighted / liabilities
        return np.where(liabilities > 0, ratio, np.inf)


class Screen:
    """Dense columns of the book's accounts, kept in step with the store.

    `more` are accounts to watch beside the book's, which may not be there yet; `listed` are the
    book's own.
    """

    def __init__(self, store: MemoryStore, draft: Draft, *, more: Iterable[str] = ()) -> None:
        self.assets = tuple(sorted(draft.rules.assets))
        listed = {key for key in store.keys(Table.ACCOUNT) if not key.startswith("@")}
        self.listed = tuple(sorted(listed))
        self.keys = tuple(sorted({*listed, *more}))
        self._row = {key: row for row, key in enumerate(self.keys)}
        self._column = {asset: column for column, asset in enumerate(self.assets)}
        shape = (len(self.keys), len(self.assets))
        self._supply, self._debt = np.zeros(shape), np.zeros(shape)
        self._weighted, self._initial = np.zeros(shape), np.zeros(shape)
        self._held, self._owed = np.zeros(shape), np.zeros(shape)
        self._decisive = np.zeros(shape)
        self._ending = np.zeros(len(self.keys), dtype=bool)
        self._asked = np.zeros(len(self.keys), dtype=bool)
        self._stable = draft.rules.oracle.stable_price
        self.positions = PositionColumns(len(self.keys), tuple(sorted(draft.rules.markets)))
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
        self._ending[row] = account.in_liquidation
        # Weights that move with the balance are the engine's business.
        self._asked[row] = any(
            draft.rules.assets[asset].size_factor_wad for asset in (*account.supply, *account.debt)
        )
        if self.positions.markets:
            self.positions.read(row, account, draft=draft)
        for asset, shares in account.supply.items():
            column = self._column[asset]
            rules = draft.asset_rules(asset)
            weight = weights(account, rules, category=category)
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

    def levels(self, marks: Marks, draft: Draft) -> Levels:
        """Value every account."""
        none = np.zeros(len(self.keys))
        found = self.positions.levels(draft)
        if found is None:
            found = PositionLevels(*(none for _ in range(7)))
        return Levels(
            collateral=self._supply @ marks.supply,
            debt=self._debt @ marks.debt,
            weighted=self._weighted @ marks.supply + found.gains,
            decisive=self._decisive @ marks.supply + found.gains,
            initial=self._initial @ marks.supply,
            weighted_debt=self._debt @ (marks.debt * marks.liability) + found.losses,
            requirement=found.requirement,
            decisive_requirement=np.where(self._ending, found.requirement_end, found.requirement),
            pnl=found.pnl,
            notional=found.notional,
            gross=found.gross,
        )

    def in_doubt(self, levels: Levels, marks: Marks) -> list[str]:
        """Accounts that the screen cannot clear: unsafe, or too close to tell."""
        against = levels.weighted_debt + levels.decisive_requirement
        rows = self._under(levels.decisive, against, gross=levels.gross, marks=marks)
        return [self.keys[row] for row in rows]

    def between_levels(self, levels: Levels, marks: Marks) -> list[str]:
        """Accounts under the initial level, or too close to tell.

        All those with positions are asked, and with a stable price all those with debt: its worse
        prices are not in the columns.
        """
        rows = self._under(levels.initial, levels.weighted_debt, gross=levels.gross, marks=marks)
        asked = self.positions.holds | (levels.debt > 0) & self._stable
        held = np.flatnonzero(asked).tolist()
        return [self.keys[row] for row in sorted({*rows, *held})]

    def _under(
        self, weighted: Floats, against: Floats, *, gross: Floats, marks: Marks
    ) -> list[int]:
        """Rows whose excess may be negative.

        The engine rounds each holding to a native unit against the account, the screen does not:
        beside its own relative error it is out by up to one unit of each.
        """
        rounded = self._held @ marks.unit + self._owed @ (marks.unit * marks.liability)
        room = DOUBT * (weighted + against + gross) + (1.0 + DOUBT) * rounded
        doubt = ((weighted - against <= room) | self._asked) & (against > 0)
        found: list[int] = np.flatnonzero(doubt).tolist()
        return found

    def liquidation_prices(
        self, asset: str, levels: Levels, *, marks: Marks, draft: Draft
    ) -> Floats:
        """Per account, the price of one asset at which its excess is zero (NaN: there is none).

        Under it for who is net long of the asset, over it for who is net short by a position.
        """
        column = self._column[asset]
        held = self._weighted[:, column] * marks.supply[column]
        held = held - self._debt[:, column] * (marks.debt[column] * marks.liability[column])
        short = np.zeros(len(self.keys), dtype=bool)
        if self.positions.holds.any():
            held = held + self.positions.proportional(asset, draft)
            short = self.positions.holds & (held < 0)
        missing = levels.liabilities - (levels.weighted - held)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = missing / held
        some = ((held > 0) | short) & (ratio > 0) & (levels.liabilities > 0)
        return np.asarray(np.where(some, ratio, np.nan) * marks.price[column], dtype=np.float64)

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
