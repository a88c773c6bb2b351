"""Terms of oracle and keepers, and the outcomes of batches: what fits, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.kernels.clearing import (
    COLUMNS,
    KeeperTerms,
    OracleTerms,
    joined,
    oracle_terms,
    outcomes_of,
)
from trimtab.units import DataError

ASSETS = ("ETH", "USDC")


def batch(first, count, *, assets=ASSETS):
    rows = np.arange(first, first + count, dtype=np.float64)
    table = rows[:, None] * 100 + np.arange(len(COLUMNS))
    return outcomes_of(
        table, -rows[:, None] * np.ones(len(assets)), assets=assets, first_path=first
    )


def test_left_alone_the_oracle_reports_the_market():
    assert oracle_terms(ASSETS).is_market
    assert oracle_terms(ASSETS, heartbeat_steps=5).is_market


@pytest.mark.parametrize(
    "told",
    [
        {"deviation": [0.0, 0.005]},
        {"delay_steps": 1},
        {"outage": (3, 5)},
        {"lie_factor": 1.1, "lie": (0, 2)},
    ],
)
def test_an_oracle_that_lags_or_lies_is_not_the_market(told):
    assert not oracle_terms(ASSETS, **told).is_market


def test_one_number_stands_for_all_assets():
    terms = oracle_terms(ASSETS, deviation=0.01, outage=([1, 2], 9))
    assert terms.deviation.tolist() == [0.01, 0.01]
    assert terms.outage_from.tolist() == [1, 2]
    assert terms.outage_to.tolist() == [9, 9]
    assert terms.outage_to.dtype == np.int64


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"deviation": -0.1}, "deviation"),
        ({"deviation": np.nan}, "deviation"),
        ({"lie_factor": 0.0}, "lie_factor"),
        ({"heartbeat_steps": -1}, "heartbeat_steps"),
        ({"delay_steps": 1.5}, "delay_steps"),
        ({"outage": (0, 2**40)}, "outage_to"),
    ],
)
def test_oracle_terms_out_of_range_are_refused_by_name(told, named):
    with pytest.raises(DataError) as error:
        oracle_terms(ASSETS, **told)
    assert named in str(error.value)


def test_a_column_of_another_length_is_refused():
    good = oracle_terms(ASSETS)
    columns = [getattr(good, name) for name in OracleTerms.__slots__ if name != "assets"]
    columns[0] = np.zeros(3)
    with pytest.raises(DataError, match="deviation"):
        OracleTerms(ASSETS, *columns)


@pytest.mark.parametrize(
    "told",
    [
        {"min_profit": -1.0},
        {"gas": float("nan")},
        {"gas_slope": -1.0},
        {"capital": -1.0},
        {"per_step": -1},
        {"failure": 1.01},
        {"delay_steps": -1},
        {"repeats": 0},
        {"halt": (-1, 4)},
    ],
)
def test_keeper_terms_out_of_range_are_refused_by_name(told):
    with pytest.raises(DataError) as error:
        KeeperTerms(**told)
    assert next(iter(told)) in str(error.value)


def test_batches_join_in_the_order_of_their_paths():
    whole = joined([batch(7, 3), batch(5, 2), batch(10, 1)])
    assert whole.first_path == 5
    assert whole.paths == 6
    assert whole.bad_debt.tolist() == [500.0, 600.0, 700.0, 800.0, 900.0, 1000.0]
    assert whole.row(1)["insolvent"] == 600.0 + len(COLUMNS) - 1
    assert whole.row(1)["displacement_USDC"] == -6.0
    assert np.array_equal(whole.table(), batch(5, 6).table())


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [batch(0, 2), batch(3, 1)],
        [batch(0, 2), batch(1, 2)],
        [batch(0, 2), batch(2, 1, assets=("BTC", "USDC"))],
    ],
)
def test_batches_that_do_not_follow_are_refused(parts):
    with pytest.raises(DataError):
        joined(parts)
