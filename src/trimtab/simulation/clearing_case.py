"""A case for the path kernel: its loans as dense columns, or the reason why the kernel cannot.

What the kernel does not model is named here and nowhere else; whoever gets a reason takes the exact
engine (`simulation.world`) instead.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import Draft, open_venue, supply_amount, weights
from trimtab.engine.accrual import borrow_rate_wad
from trimtab.engine.pools import debt_amount
from trimtab.kernels.clearing.book import (
    ClearingBook,
    LiquidationTerms,
    PoolColumns,
    SizingKind,
)
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    Account,
    Accrual,
    AssetRules,
    BonusCurve,
    Case,
    Mechanism,
    Sizing,
    SpiralRule,
    Table,
)
from trimtab.simulation.feed import first_prices
from trimtab.units import YEAR_SECONDS, UsageError, fixed_of, float_of

Floats = NDArray[np.float64]
_SIZINGS = {
    Sizing.TARGET_HEALTH: SizingKind.TARGET_HEALTH,
    Sizing.CLOSE_FACTOR: SizingKind.CLOSE_FACTOR,
    Sizing.WHOLE: SizingKind.WHOLE,
}


def unmodeled(case: Case) -> tuple[str, ...]:
    """What of a case the path kernel does not model, each in a few words; empty where it fits."""
    rules, replay = case.rules, case.replay
    used = {row.instrument for row in case.book if row.quantity}
    assets = [rules.assets[name] for name in sorted(used & rules.assets.keys())]
    breakers = rules.breakers
    trips = (breakers.volatility_sigmas_wad, breakers.oracle_failures, breakers.fund_loss_wad)
    oracle = rules.oracle
    doubts = {
        "positions in markets": bool(used & rules.markets.keys()),
        "auctions": replay.mechanism is Mechanism.AUCTION,
        "margin calls": replay.margin_calls,
        "accounts taken over by the backstop (backstop_after)": (
            replay.backstop_after_seconds is not None
        ),
        "a cap on liquidations in a window (window_cap)": (
            rules.liquidation.window_cap_wad is not None
        ),
        "weights that fall with size (size_factor)": any(a.size_factor_wad for a in assets),
        "yield-bearing collateral (underlying)": any(a.underlying for a in assets),
        "breakers that trip": any(t is not None for t in (*trips, breakers.outage_blocks)),
        "prices that are refused (max_age, max_jump)": (
            oracle.max_age_seconds is not None or oracle.max_jump_wad is not None
        ),
    }
    return tuple(what for what, found in doubts.items() if found)


def clearing_book(
    case: Case,
    *,
    step_seconds: float,
    prices: Mapping[str, float] | None = None,
    assets: Sequence[str] = (),
) -> ClearingBook:
    """The loans of a case as the path kernel takes them.

    Args:
        case: rules, book and the prices to start from.
        step_seconds: of the paths, above 0: what a debt grows by in a step is worked out from the
            borrow rate at the start.
        prices: of assets at the start, quote, before the case's own.
        assets: more assets to have a column, such as those of the paths.

    Raises:
        UsageError: the case has something that the kernel does not model, or an asset no price; it
            says which.
    """
    reasons = unmodeled(case)
    if reasons:
        raise UsageError(
            f"the path kernel does not model {', '.join(reasons)}: take the exact engine"
        )
    told = first_prices(case) | {name: fixed_of(p, 18) for name, p in (prices or {}).items()}
    venue = _Opened(case, told, tuple(assets))
    held, owed = venue.amounts()
    kind, tables = venue.weights()
    return ClearingBook(
        venue.assets,
        venue.assets.index(case.rules.quote),
        venue.prices(),
        venue.keys,
        held,
        owed,
        kind,
        *tables,
        np.array([float_of(venue.rules(a).liability_weight_wad, 18) for a in venue.assets]),
        np.array([float_of(venue.rules(a).liquidation_fee_wad, 18) for a in venue.assets]),
        venue.pools(step_seconds),
        _liquidation(case),
        step_seconds,
    )


def _liquidation(case: Case) -> LiquidationTerms:
    rules = case.rules.liquidation
    return LiquidationTerms(
        _SIZINGS[rules.sizing],
        float_of(rules.target_health_wad, 18),
        float_of(rules.close_factor_wad, 18),
        float_of(rules.full_close_health_wad, 18),
        rules.bonus_curve is not BonusCurve.FIXED,
        float_of(rules.minimum_bonus_wad, 18),
        float_of(rules.full_bonus_health_wad, 18),
        rules.spiral is SpiralRule.CUT,
        float_of(rules.dust_debt_wad, 18),
        float_of(rules.dust_collateral_wad, 18),
        float_of(rules.dust_share_wad, 18),
    )


class _Opened:
    """The venue at the start, as the engine opens it."""

    def __init__(self, case: Case, prices: Mapping[str, int], more: tuple[str, ...]) -> None:
        at_ns = case.ticks[0].at_ns
        self.case = case
        self.store = open_venue(case.rules, case.book, at_ns=at_ns, prices=prices)
        self.draft = Draft(self.store, at_ns)
        every = sorted(self.store.keys(Table.ACCOUNT))
        self.keys = tuple(key for key in every if not key.startswith("@"))
        self.accounts = [self.draft.account(key) for key in self.keys]
        found = {case.rules.quote, *more}
        for account in self.accounts:
            found |= account.supply.keys() | account.debt.keys()
        unknown = sorted(found - case.rules.assets.keys())
        if unknown:
            raise UsageError(f"the rules know no {', '.join(unknown)}")
        self.assets = tuple(sorted(found))
        self._place = {asset: place for place, asset in enumerate(self.assets)}

    def rules(self, asset: str) -> AssetRules:
        """An asset's rules."""
        return self.case.rules.assets[asset]

    def whole(self, asset: str, units: int) -> float:
        """Native units as whole ones."""
        return float_of(units, self.rules(asset).decimals)

    def prices(self) -> Floats:
        """What each asset costs at the start, quote."""
        found = []
        for asset in self.assets:
            state = self.draft.price_state(asset)
            if state is None:
                raise UsageError(f"{asset} has no price at the start: give it one, or a path")
            found.append(float_of(state.price_wad, 18))
        return np.array(found)

    def amounts(self) -> tuple[Floats, Floats]:
        """What accounts hold and owe, whole units."""
        held = np.zeros((len(self.keys), len(self.assets)))
        owed = np.zeros_like(held)
        pools = {asset: self.draft.pool(asset) for asset in self.assets}
        for row, account in enumerate(self.accounts):
            for asset, shares in account.supply.items():
                units = supply_amount(pools[asset], shares)
                held[row, self._place[asset]] = self.whole(asset, units)
            for asset, shares in account.debt.items():
                units = debt_amount(pools[asset], shares)
                owed[row, self._place[asset]] = self.whole(asset, units)
        return held, owed

    def weights(self) -> tuple[NDArray[np.int64], tuple[Floats, Floats, Floats]]:
        """Each account's kind, and by kind and asset the weights at two levels and the bonus."""
        kinds: dict[tuple[str, tuple[tuple[str, int], ...]], int] = {}
        found = np.zeros(len(self.keys), np.int64)
        for row, account in enumerate(self.accounts):
            key = (account.category, tuple(sorted(account.thresholds.items())))
            found[row] = kinds.setdefault(key, len(kinds))
        tables = np.zeros((3, max(1, len(kinds)), len(self.assets)))
        for (category, thresholds), kind in kinds.items():
            for place, asset in enumerate(self.assets):
                tables[:, kind, place] = self._weights(category, thresholds, asset=asset)
        return found, (tables[0], tables[1], tables[2])

    def _weights(
        self, category: str, thresholds: tuple[tuple[str, int], ...], *, asset: str
    ) -> tuple[float, float, float]:
        about = self.draft.category_rules(category)
        rules = self.draft.asset_rules(asset)
        weight = weights(Account("", thresholds=dict(thresholds)), rules, category=about)
        bonus = rules.liquidation_bonus_wad
        if about is not None and asset in about.assets:
            bonus = about.liquidation_bonus_wad
        found = (weight.maintenance, weight.liquidation_end, bonus)
        return (float_of(found[0], 18), float_of(found[1], 18), float_of(found[2], 18))

    def pools(self, step_seconds: float) -> PoolColumns:
        """Each asset's pool; the reserves of a mintable asset get all of its interest."""
        pools = {asset: self.draft.pool(asset) for asset in self.assets}
        funds = {key: self.draft.account(key).supply for key in (INSURANCE, BACKSTOP)}

        def column(name: str) -> Floats:
            return np.array([self.whole(a, getattr(pools[a], name)) for a in self.assets])

        def fund(key: str) -> Floats:
            held = {a: supply_amount(pools[a], funds[key].get(a, 0)) for a in self.assets}
            return np.array([self.whole(a, units) for a, units in held.items()])

        rules = [self.rules(asset) for asset in self.assets]
        return PoolColumns(
            column("supplied"),
            column("borrowed"),
            column("cash"),
            column("reserves"),
            column("minted"),
            np.array([rule.mintable for rule in rules]),
            fund(INSURANCE),
            fund(BACKSTOP),
            np.array([self._growth(asset, step_seconds) for asset in self.assets]),
            np.array([float_of(rule.reserve_factor_wad, 18) for rule in rules]),
        )

    def _growth(self, asset: str, step_seconds: float) -> float:
        """(1 + rate a second)^seconds, or 1 + rate x time, at the borrow rate of the start."""
        rules = self.rules(asset)
        rate = float_of(borrow_rate_wad(self.draft.pool(asset), rules), 18) / YEAR_SECONDS
        if rules.accrual is Accrual.LINEAR:
            return 1.0 + rate * step_seconds
        return math.exp(step_seconds * math.log1p(rate))
