"""Paths from history: blocks, filtered residuals, windows, shocks; and models learnt from it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import DATA
from tests.quant.panels import HOUR, garch_returns, normal_panel, panel_of
from tests.simulation.path_models import BROWNIAN, NAMES, PANEL, grid_of, paths_of, returns_of
from trimtab.model import Case
from trimtab.quant import AsymmetricGarch, PegReversion, return_panel
from trimtab.simulation.paths import (
    NAMED_SHOCKS,
    BlockBootstrap,
    FilteredHistory,
    GarchPaths,
    HistoryWindows,
    PathGrid,
    PathKind,
    PegPaths,
    Shocked,
    ShockMove,
    Still,
    fitted_paths,
    panel_of_case,
    price_paths,
)
from trimtab.simulation.paths.driving import Streams
from trimtab.simulation.paths.pegs import peg_of
from trimtab.simulation.paths.resampling import block_rows
from trimtab.units import DataError, UsageError

WITH_GAP = replace(PANEL, follows=np.where(np.arange(len(PANEL)) == 300, False, PANEL.follows))


def rows_taken(model, *, paths=400, steps=100, seed=1):
    """Which row of the panel each step of each path is: rows differ, so returns tell."""
    grid = grid_of(steps)
    blocks = model.block_steps
    return block_rows(
        model.panel.follows, grid, block_steps=blocks, streams=Streams(seed, 0, paths)
    )


def test_a_bootstrap_takes_whole_rows_of_history():
    model = BlockBootstrap(PANEL, block_steps=8.0)
    steps = returns_of(model, paths=5)
    known = {tuple(np.round(row, 12)) for row in PANEL.log_returns}
    assert all(tuple(np.round(row, 12)) in known for row in steps.reshape(-1, 2))


def test_every_row_is_as_likely_and_blocks_have_their_length():
    rows = rows_taken(BlockBootstrap(PANEL, block_steps=8.0), paths=4000)
    counts = np.bincount(rows.ravel(), minlength=len(PANEL))
    assert counts.min() > 0
    # Rows of a block come together: eight times the variance of independent draws.
    assert np.abs(counts / counts.mean() - 1).max() < 6 * math.sqrt(2 * 8 / counts.mean())
    goes_on = (rows[:, 1:] == (rows[:, :-1] + 1) % len(PANEL)).mean()
    assert goes_on == pytest.approx(7 / 8, abs=0.01)


def test_blocks_of_one_step_are_independent_draws():
    rows = rows_taken(BlockBootstrap(PANEL, block_steps=1.0), paths=2000)
    assert (rows[:, 1:] == rows[:, :-1] + 1).mean() < 0.01


def test_no_block_goes_across_a_gap():
    rows = rows_taken(BlockBootstrap(WITH_GAP, block_steps=50.0), paths=4000)
    before, after = rows[:, :-1], rows[:, 1:]
    # Row 300 after 299, and row 0 after the last, only by a fresh draw.
    for row, successor in ((299, 300), (len(PANEL) - 1, 0)):
        at = before == row
        assert at.sum() > 100
        assert (after[at] == successor).mean() < 0.02
    assert (after[before == 100] == 101).mean() > 0.95


def test_a_bootstrap_keeps_the_moments_and_the_correlation_of_history():
    flat = returns_of(BlockBootstrap(PANEL, block_steps=8.0), paths=3000, steps=100).reshape(-1, 2)
    np.testing.assert_allclose(flat.std(axis=0), PANEL.log_returns.std(axis=0), rtol=0.02)
    expected = np.corrcoef(PANEL.log_returns.T)[0, 1]
    assert np.corrcoef(flat.T)[0, 1] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("blocks", [0.0, 0.99, -3.0, float("nan")])
def test_blocks_shorter_than_a_step_are_refused(blocks):
    with pytest.raises(UsageError, match="a block has at least one step"):
        paths_of(BlockBootstrap(PANEL, block_steps=blocks), paths=1)


def test_windows_are_history_itself():
    model = HistoryWindows(PANEL)
    steps = returns_of(model, paths=20, steps=30)
    for path in range(20):
        np.testing.assert_allclose(steps[path], PANEL.log_returns[path : path + 30], atol=1e-12)
    assert len(model.begins(30)) == len(PANEL) - 29
    assert len(model.begins(600)) == 1
    assert len(model.begins(601)) == 0


def test_windows_do_not_cross_gaps_and_run_out():
    model = HistoryWindows(WITH_GAP)
    begins = model.begins(100)
    assert begins.tolist() == [*range(201), *range(300, 501)]
    with pytest.raises(DataError, match=r"no such window.*expected at most 402 windows of 100"):
        paths_of(model, paths=403, steps=100)
    assert paths_of(model, paths=402, steps=100).shape[0] == 402
    with pytest.raises(DataError, match="at most 0 windows"):
        paths_of(model, paths=1, steps=400)


def test_filtered_history_returns_to_the_variance_of_the_day():
    """After a storm the first steps are wild whatever rows are drawn; the plain bootstrap's not."""
    calm = garch_returns(4000, omega=1e-6, alpha=0.08, gamma=0.0, beta=0.9, seed=6)
    storm = np.concatenate([calm, np.array([0.05, -0.06, 0.05])])
    panel = panel_of(storm)
    filtered = fitted_paths(panel, PathKind.FILTERED).model
    plain = fitted_paths(panel, PathKind.BOOTSTRAP).model
    wild, usual = (returns_of(one, paths=4000, steps=48) for one in (filtered, plain))
    assert wild[:, 0].std() > 2.0 * usual[:, 0].std()
    assert wild[:, 40:].std() < wild[:, 0].std()
    fit = AsymmetricGarch().fit(panel)
    assert wild[:, 0].std() == pytest.approx(math.sqrt(fit.last_variance_[0]), rel=0.1)


def test_filtered_residuals_keep_the_shape_that_normal_ones_lose():
    rng = np.random.default_rng(8)
    fat = rng.standard_t(3, 4000) / math.sqrt(3) * 0.004
    panel = panel_of(fat)
    kurtosis = {}
    for kind in (PathKind.FILTERED, PathKind.GARCH):
        steps = returns_of(fitted_paths(panel, kind).model, paths=3000, steps=10)[:, 0, 0]
        kurtosis[kind] = ((steps / steps.std()) ** 4).mean()
    assert kurtosis[PathKind.FILTERED] > 1.5 * kurtosis[PathKind.GARCH]


def test_filtered_history_of_normal_residuals_is_garch():
    rng = np.random.default_rng(9)
    garch = GarchPaths(
        ("A",), *(np.array([x]) for x in (0.0, 2e-6, 0.05, 0.04, 0.9, 5e-5)), HOUR, None
    )
    residuals = rng.standard_normal((5000, 1))
    follows = np.ones(5000, dtype=bool)
    model = FilteredHistory(garch, residuals / residuals.std(), follows)
    steps = returns_of(model, paths=8000, steps=50)[..., 0]
    level = 2e-6 / (1 - 0.05 - 0.02 - 0.9)
    expected = level + (5e-5 - level) * 0.97 ** np.arange(50)
    np.testing.assert_allclose((steps**2).mean(axis=0), expected, rtol=0.15)


@pytest.mark.parametrize("name", NAMED_SHOCKS)
def test_a_named_shock_reaches_its_moves(name):
    last = NAMED_SHOCKS[name][-1]
    grid = grid_of(int(last.at_minutes), step_seconds=60.0)
    found = price_paths(Shocked(Still(NAMES), NAMED_SHOCKS[name]), grid, seed=1, paths=2)
    for move in NAMED_SHOCKS[name]:
        at = int(move.at_minutes)
        np.testing.assert_allclose(found[:, at, 0] / 100, 1 + move.moves["*"], rtol=1e-12)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_shock_moves_assets_apart_and_straight_between():
    shock = (
        ShockMove(60.0, {"A": -0.5, "B": 0.1}),
        ShockMove(120.0, {"A": -0.2}),
    )
    grid = grid_of(4, step_seconds=1800.0)
    found = price_paths(Shocked(Still(NAMES), shock), grid, seed=1, paths=1)[0] / [100.0, 200.0]
    half_way = math.sqrt(0.5 * 0.8)
    np.testing.assert_allclose(found[:, 0], [1, math.sqrt(0.5), 0.5, half_way, 0.8])
    np.testing.assert_allclose(found[:, 1], [1, math.sqrt(1.1), 1.1, 1.1, 1.1])


def test_a_shock_on_top_of_a_model_is_its_product():
    shock = (ShockMove(600.0, {"*": -0.4}),)
    plain, moved = (paths_of(one, paths=7) for one in (BROWNIAN, Shocked(BROWNIAN, shock)))
    factor = np.exp(np.minimum(np.arange(49) / 10.0, 1.0) * math.log(0.6))
    np.testing.assert_allclose(moved, plain * factor[:, None], rtol=1e-12)


def test_shocks_without_sense_are_refused():
    with pytest.raises(UsageError, match="by more than -1"):
        ShockMove(5.0, {"A": -1.0})
    with pytest.raises(UsageError, match="after the start"):
        ShockMove(0.0, {"A": -0.5})
    with pytest.raises(UsageError, match="each later than the one before"):
        Shocked(Still(NAMES), (ShockMove(5.0, {}), ShockMove(5.0, {})))
    with pytest.raises(UsageError, match="moves C, which has no path"):
        Shocked(Still(NAMES), (ShockMove(5.0, {"C": 0.1}),))
    with pytest.raises(UsageError, match="pegged to X, which has no path"):
        PegPaths(Still(NAMES), "C", "X", reversion_per_year=1.0, vol_annual=0.1)
    with pytest.raises(UsageError, match="a peg returns at a rate above 0"):
        PegPaths(Still(NAMES), "C", "A", reversion_per_year=0.0, vol_annual=0.1)


@pytest.mark.parametrize("kind", PathKind)
def test_every_kind_is_learnt_from_a_panel_and_looks_like_it(kind):
    panel = normal_panel(2000, seed=2)
    fitted = fitted_paths(panel, kind)
    steps = returns_of(fitted.model, paths=300, steps=100)
    flat = steps.reshape(-1, 2)
    np.testing.assert_allclose(flat.std(axis=0), panel.log_returns.std(axis=0), rtol=0.15)
    expected = np.corrcoef(panel.log_returns.T)[0, 1]
    assert np.corrcoef(flat.T)[0, 1] == pytest.approx(expected, abs=0.08)
    is_resampled = kind in (PathKind.BOOTSTRAP, PathKind.WINDOWS)
    assert bool(fitted.reports) != is_resampled


@pytest.mark.parametrize("kind", PathKind)
def test_a_history_too_short_or_singular_is_refused(kind):
    with pytest.raises(DataError, match="too short to calibrate"):
        fitted_paths(normal_panel(1), kind)
    if kind in (PathKind.BOOTSTRAP, PathKind.FILTERED, PathKind.WINDOWS):
        return  # rows of history move together as they did: no covariance is asked for
    returns = normal_panel(1200).log_returns
    twice = panel_of(np.column_stack([returns[:, 0], 2.0 * returns[:, 0]]))
    with pytest.raises(DataError, match=r"the covariance is singular.*A and B correlate 1\.0000"):
        fitted_paths(twice, kind)


def test_the_history_of_a_case(demo: Case):
    assets = sorted({asset for tick in demo.ticks for asset, _ in tick.prices})
    panel = panel_of_case(demo, assets[:1])
    assert panel.assets == tuple(assets[:1])
    assert len(panel) > 50
    model = fitted_paths(panel, PathKind.BOOTSTRAP).model
    grid = PathGrid(panel.assets, tuple(panel.last_price), 24, panel.step_seconds)
    assert price_paths(model, grid, seed=1, paths=3).shape == (3, 25, 1)
    with pytest.raises(DataError, match="no prices of it; found 'NONE'"):
        panel_of_case(demo, ["NONE"])


@pytest.mark.shared
def test_hourly_history_of_btc_and_eth_calibrates_every_kind():
    """Three years of hours: BTC and ETH move together, with fat tails and lasting storms."""
    import duckdb

    path = DATA / "ohlcv" / "binance_spot_1h_20assets.parquet"
    rows = duckdb.sql(
        "select epoch_ns(timestamp) as at, symbol, close from read_parquet(?) "
        "where symbol in ('BTC/USDT', 'ETH/USDT') and timestamp >= '2021-01-01' order by 1, 2",
        params=[str(path)],
    ).fetchnumpy()
    symbols = np.asarray(rows["symbol"])
    times = np.asarray(rows["at"], dtype=np.int64)
    closes = np.asarray(rows["close"], dtype=np.float64)
    btc, eth = symbols == "BTC/USDT", symbols == "ETH/USDT"
    shared = np.intersect1d(times[btc], times[eth])
    prices = {
        name: closes[at][np.isin(times[at], shared)] for name, at in (("BTC", btc), ("ETH", eth))
    }
    panel = return_panel(shared, prices)
    assert len(panel) > 10_000
    for kind in PathKind:
        fitted = fitted_paths(panel, kind)
        steps = returns_of(fitted.model, paths=200, steps=100)
        vol = steps.std(axis=(0, 1)) / math.sqrt(panel.step_years)
        assert (vol > 0.2).all(), kind
        assert (vol < 2.0).all(), kind
        if kind is PathKind.BROWNIAN:
            assert 2.4 < fitted.model.dependence.degrees < 10
            assert fitted.model.dependence.correlation[0, 1] > 0.7
        if kind is PathKind.GARCH:
            assert (np.array(fitted.reports[0].parameters["persistence"]) > 0.9).all()


@pytest.mark.shared
def test_the_dollar_coin_of_march_2023_strays_and_returns():
    """USDC at 15 minutes: nine percent off its peg, and half of a gap gone in some hours."""
    import duckdb

    path = DATA / "depeg" / "usdc_usd_15m_2023-03.csv.gz"
    closes = duckdb.sql(
        "select close from read_csv(?) order by timestamp", params=[str(path)]
    ).fetchnumpy()["close"]
    fit = PegReversion().fit(closes, step_seconds=900.0)
    assert 2 * 3600 < fit.half_life_seconds_ < 12 * 3600
    assert math.log(closes.min()) < 4 * fit.level_ < 0
    model = peg_of(fit, Still(("USD",)), asset="USDC", peg="USD", gap_now=-0.09)
    grid = PathGrid(("USD", "USDC"), (1.0, math.exp(-0.09)), 96 * 7, 900.0)
    found = np.log(price_paths(model, grid, seed=1, paths=2000)[..., 1])
    spread = fit.report_.data_moments["spread"][0]
    assert found[:, -1].std() == pytest.approx(spread, rel=0.1)
    assert found[:, -1].mean() == pytest.approx(fit.level_, abs=0.003)
    half = round(fit.half_life_seconds_ / 900)
    expected = fit.level_ + 0.5 * (-0.09 - fit.level_)
    assert found[:, half].mean() == pytest.approx(expected, abs=0.005)
