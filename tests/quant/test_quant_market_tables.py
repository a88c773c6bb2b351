"""The fits of the real tables: what they found, how well, on how much; figures as of the run.

The ranges are a few per cent around what `examples/market_fits.py` printed when this was written:
they catch a change of an estimator, and say nothing about whether a law is true.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import DATA, ROOT

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def fits():
    command = [sys.executable, str(ROOT / "examples/market_fits.py"), "--data", str(DATA)]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def one(fits, name, source=""):
    found = [fit for fit in fits if fit["fit"] == name and source in fit["source"]]
    assert len(found) == 1, [fit["fit"] for fit in fits]
    return found[0]


def close(value, *, rel=0.03):
    return pytest.approx(value, rel=rel)


def test_every_fit_says_its_sample_and_its_quality(fits):
    assert len(fits) == 28
    for fit in fits:
        assert fit["observations"] >= 60
        assert fit["sample"]
        assert (DATA / fit["source"]).parent.is_dir()
        quality = fit["quality"]
        assert "r_squared" in quality or "explained_share" in quality
        assert all(value is not None for value in quality.values())


@pytest.mark.parametrize(
    ("book", "line", "line_r2", "root_r2"),
    [
        ("usdm_btcusdt", 6.59e-6, 0.980, 0.870),
        ("spot_ethusdt", 2.02e-6, 0.908, 0.709),
        ("cm_btcusd_perp", 1.64e-5, 0.911, 0.874),
        ("hyperliquid_btcusd", 7.38e-6, 0.967, 0.869),
        ("nautilus_btcusdt", 3.39e-6, 0.980, 0.867),
        ("nautilus_xrpusdt", 2.64e-9, 0.982, 0.815),
    ],
)
def test_a_standing_book_is_nearer_to_a_line_than_to_a_root(fits, book, line, line_r2, root_r2):
    straight, root = one(fits, "book: line", book), one(fits, "book: square root", book)
    assert straight["parameters"]["coefficient"] == close(line)
    assert straight["quality"]["r_squared"] == close(line_r2, rel=0.01)
    assert root["quality"]["r_squared"] == close(root_r2, rel=0.01)
    assert straight["quality"]["residual_spread"] < root["quality"]["residual_spread"]


@pytest.mark.parametrize(
    ("book", "half_life", "r_squared"),
    [("usdm_btcusdt", 3.68, 0.684), ("spot_ethusdt", 3.58, 0.662), ("cm_btcusd", 1.78, 0.449)],
)
def test_depth_near_the_price_comes_back_within_seconds(fits, book, half_life, r_squared):
    found = one(fits, "depth recovery", book)
    assert found["parameters"]["half_life_seconds"] == close(half_life)
    assert found["quality"]["r_squared"] == close(r_squared)
    assert 340 <= found["observations"] <= 345


def test_books_thin_with_volatility_and_one_pool_hardly_does(fits):
    for book, exponent in (("usdm_btcusdt", 0.252), ("spot_ethusdt", 0.505), ("cm_btc", 0.061)):
        found = one(fits, "depth thinning", book)
        assert found["parameters"]["exponent"] == close(exponent)
        assert found["parameters"]["exponent"] > 3 * found["quality"]["exponent_error"]
    ranged = one(fits, "pool thinning", "uniswap_v3")
    assert ranged["parameters"]["exponent"] == close(0.993)
    assert ranged["quality"]["r_squared"] == close(0.347)
    assert ranged["observations"] == 32_070
    whole = one(fits, "pool thinning", "uniswap_v2")
    assert whole["parameters"]["exponent"] == close(0.0861)


def test_the_root_of_what_is_liquidated_tells_more_of_the_price_than_the_sum(fits):
    line, root = one(fits, "liquidations: line"), one(fits, "liquidations: root")
    assert line["quality"]["r_squared_same_step"] == close(0.142)
    assert root["quality"]["r_squared_same_step"] == close(0.373)
    assert root["quality"]["r_squared"] == close(0.425)
    assert root["parameters"]["coefficient"] == close(2.564e-4)
    assert root["parameters"]["permanent_share"] == close(0.397)
    assert root["parameters"]["recovery_seconds"] == close(319, rel=0.05)
    assert line["observations"] == root["observations"] == 43_142


@pytest.mark.parametrize(
    ("feed", "heartbeat", "deviation", "explained"),
    [
        ("BTC/USD", 3600, 0.005, 0.741),
        ("ETH/USD", 3600, 0.005, 0.733),
        ("ETH/BTC", 3624, 0.005, 0.998),
        ("STETH/ETH", 86_414, None, 0.979),
    ],
)
def test_feeds_show_their_heartbeat_and_threshold(fits, feed, heartbeat, deviation, explained):
    found = one(fits, f"oracle {feed}")
    assert found["parameters"]["heartbeat_seconds"] == close(heartbeat, rel=0.005)
    assert found["quality"]["explained_share"] == close(explained, rel=0.01)
    if feed.endswith("/USD"):
        assert found["quality"]["carried_share"] == close(0.14, rel=0.04)
    if deviation is None:
        assert found["parameters"]["deviation"] is None
        assert found["quality"]["early_share"] < 0.03
    else:
        assert found["parameters"]["deviation"] == close(deviation, rel=0.005)


def test_gas_rises_with_volatility(fits):
    whole, own = one(fits, "gas, gwei"), one(fits, "gas over its day's median")
    assert whole["parameters"]["slope"] == close(0.877)
    assert whole["parameters"]["gas_level"] == close(139.5)
    assert whole["quality"]["r_squared"] == close(0.381)
    assert own["parameters"]["slope"] == close(1.10)
    assert own["quality"]["r_squared"] == close(0.484)
    assert own["quality"]["rank_correlation"] == close(0.775)


def test_without_data_a_line_says_so(tmp_path):
    command = [sys.executable, str(ROOT / "examples/market_fits.py"), "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("no data sets in ")
    assert done.stdout == ""


HEAD = "| fit | table | sample | n | parameters | how well |\n|---|---|---|---:|---|---|\n"
QUALITY = ("r_squared", "explained_share", "on_time_share", "rank_correlation")


def row_of(fit):
    """A fit as a row of the page."""
    numbers = [
        f"{name.removesuffix('_seconds')} {'none' if value is None else f'{value:.3g}'}"
        for name, value in fit["parameters"].items()
        if name not in ("exponent", "keep", "half_life_seconds") or "thinning" in fit["fit"]
    ]
    good = [
        f"{'R2' if name == 'r_squared' else name} {fit['quality'][name]:.2f}"
        for name in QUALITY
        if name in fit["quality"]
    ]
    cells = (fit["fit"], f"`{fit['source'].partition('/')[2][:32]}`", fit["sample"])
    told = (f"{fit['observations']:,}", ", ".join(numbers), ", ".join(good))
    return "| " + " | ".join((*cells, *told)) + " |"


def test_the_page_shows_what_was_found(fits):
    page = (ROOT / "docs/concepts/markets-and-impact.md").read_text(encoding="utf-8")
    assert HEAD in page
    wrong = [row for row in map(row_of, fits) if row not in page]
    assert not wrong, "\n".join(wrong)
