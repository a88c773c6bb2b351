"""A path through the exact engine: the same path, the same state to the last unit."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.model import Case, EventKind
from trimtab.simulation import replay
from trimtab.simulation.paths import (
    Brownian,
    Dependence,
    PathGrid,
    Shocked,
    ShockMove,
    Still,
    case_on_path,
    price_paths,
)
from trimtab.units import WAD, UsageError

HOUR_NS = 3600 * 10**9


def priced(case):
    first = dict(case.ticks[0].prices)
    assets = tuple(sorted(first))
    return assets, PathGrid(assets, tuple(first[a] / WAD for a in assets), 12, 3600.0)


def moves_of(assets):
    """Volatile prices for all, each asset by itself."""
    count = len(assets)
    return Brownian(assets, np.zeros(count), np.full(count, 2.0), Dependence(np.eye(count)))


def test_ticks_are_the_prices_of_the_path(small: Case) -> None:
    assets, grid = priced(small)
    path = price_paths(moves_of(assets), grid, seed=1, paths=1)[0]
    moved = case_on_path(small, grid, prices=path)
    assert len(moved.ticks) == 13
    begin = small.ticks[0].at_ns
    assert [tick.at_ns for tick in moved.ticks] == [begin + n * HOUR_NS for n in range(13)]
    for row, tick in zip(path, moved.ticks, strict=True):
        for asset, price in tick.prices:
            assert price == pytest.approx(row[assets.index(asset)] * WAD, rel=1e-15)
    assert (moved.rules, moved.book) == (small.rules, small.book)


def test_assets_without_a_path_keep_their_price(small: Case) -> None:
    assets, _ = priced(small)
    one = assets[:1]
    grid = PathGrid(one, (5.0,), 3, 3600.0)
    path = price_paths(Still(one), grid, seed=1, paths=1)[0]
    moved = case_on_path(small, grid, prices=path, start_ns=small.ticks[0].at_ns + 7)
    first = dict(moved.ticks[0].prices)
    before = dict(small.ticks[0].prices)
    assert first == {**before, one[0]: 5 * WAD}
    assert [len(tick.prices) for tick in moved.ticks[1:]] == [1, 1, 1]
    assert moved.ticks[0].at_ns == small.ticks[0].at_ns + 7


def test_a_path_drives_the_engine_and_a_shock_liquidates(small: Case) -> None:
    assets, grid = priced(small)
    calm = price_paths(Still(assets), grid, seed=1, paths=1)[0]
    crash = Shocked(Still(assets), (ShockMove(360.0, dict.fromkeys(assets[:1], -0.6)),))
    fallen = price_paths(crash, grid, seed=1, paths=1)[0]
    runs = {
        name: replay(case_on_path(small, grid, prices=path))
        for name, path in (("calm", calm), ("crash", fallen), ("again", fallen))
    }
    assert all(run.conserved for run in runs.values())
    assert runs["crash"].state_hash == runs["again"].state_hash
    assert runs["crash"].state_hash != runs["calm"].state_hash
    kinds = {name: [event.event.kind for event in run.events] for name, run in runs.items()}
    assert EventKind.LIQUIDATE in kinds["crash"]
    assert kinds["crash"].count(EventKind.LIQUIDATE) > kinds["calm"].count(EventKind.LIQUIDATE)


def test_prices_of_another_grid_or_asset_are_refused(small: Case) -> None:
    assets, grid = priced(small)
    path = price_paths(Still(assets), grid, seed=1, paths=1)[0]
    with pytest.raises(UsageError, match="prices of shape"):
        case_on_path(small, grid, prices=path[:-1])
    other = PathGrid(("NONE",), (1.0,), 12, 3600.0)
    with pytest.raises(UsageError, match="the rules know no NONE"):
        case_on_path(small, other, prices=path[:, :1])
