"""Worlds for the tests: the small case on a path, with markets that move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.simulation.cases import (
    CRASH,
    STEP_SECONDS,
    collateral,
    row,
    rules_of,
    small_case,
    ticks_of,
)
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import Case, ReplayRules
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import Actor, WorldRun, WorldTerms, run_path

ASSETS = ("BTC", "ETH")


def crash_prices(ether: Sequence[float] = CRASH) -> NDArray[np.float64]:
    """The small case's prices: bitcoin falls with ether."""
    found = np.asarray(ether, dtype=np.float64)
    return np.stack([np.maximum(20.0 * found - 10_000.0, 2_000.0), found], axis=1)


def grid_of(prices: NDArray[np.float64], assets: tuple[str, ...] = ASSETS) -> PathGrid:
    """The grid of some prices, at the small case's step."""
    return PathGrid(assets, tuple(prices[0].tolist()), len(prices) - 1, float(STEP_SECONDS))


def linear(slope: float = 2e-3, *, assets: tuple[str, ...] = ASSETS, **more: Any) -> WorldTerms:
    """Linear impact on every asset, 1 / unit, and a market-price oracle."""
    keepers = more.pop("keepers", KeeperTerms())
    oracle = more.pop("oracle", oracle_terms(assets))
    actors = more.pop("actors", ())
    impact = impact_terms(assets, kind=ImpactKind.LINEAR, first=slope, **more)
    return WorldTerms(impact, oracle, keepers, actors)


def run_small(
    terms: WorldTerms,
    ether: Sequence[float] = CRASH,
    *,
    case: Case | None = None,
    seed: int = 1,
    path: int = 0,
) -> WorldRun:
    """The small case through a world; what holds for every run is checked."""
    prices = crash_prices(ether)
    found = case or small_case()
    run = run_path(found, prices, grid=grid_of(prices), terms=terms, seed=seed, path=path)
    checked(run)
    return run


def checked(run: WorldRun) -> None:
    """Cash changed by the flows, and the payers paid what was lost."""
    assert run.conserved
    losses = [one.event for one in run.events if one.event.kind == "loss"]
    assert run.tally.bad_debt_wad == sum(event.value for event in losses)
    assert all(event.payer is not None for event in losses)
    row = run.outcomes.row(0)
    parts = ("penalty", "insurance_used", "backstop_used", "deleveraged", "socialized")
    assert abs(row["bad_debt"] - sum(row[part] for part in parts)) <= 1e-9 * (1.0 + row["bad_debt"])
    assert all(value <= 0.0 for name, value in row.items() if name.startswith("displacement"))


def funded(policy: Any, cash: int | None = None) -> Actor:
    """An actor with whole units of money."""
    return Actor(policy, None if cash is None else cash * 10**18)


SLIDE = [2_000.0 - 25.0 * step for step in range(24)]


def one_borrower(debt: int = 7_800, *, bonus: int = 10) -> Case:
    """Ten ether at 1,000 against a debt at a threshold of 80 %, and a lender."""
    rules = rules_of(collateral("ETH", 18, bonus=bonus))
    book = (
        row("ann", "ETH", 10 * 10**18),
        row("ann", "USD", -debt * 10**6),
        row("lender", "USD", 10**12),
    )
    return Case("one", rules, book, ticks_of({"ETH": 1_000}), ReplayRules(), input_hashes={})


def run_one(
    case: Case, ether: Sequence[float], *, slope: float, actors: tuple[Actor, ...], **more: Any
) -> WorldRun:
    prices = np.array(ether, dtype=np.float64)[:, None]
    oracle = oracle_terms(("ETH",), **more.pop("oracle", {}))
    keepers = more.pop("keepers", KeeperTerms(delay_steps=50))
    impact = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=slope, **more)
    terms = WorldTerms(impact, oracle, keepers, actors)
    run = run_path(case, prices, grid=grid_of(prices, ("ETH",)), terms=terms)
    checked(run)
    return run
