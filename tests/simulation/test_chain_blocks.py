"""Blocks, gas and keepers in seconds and quote become a run's terms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from trimtab.kernels.clearing import NO_LIMIT, KeeperTerms
from trimtab.quant import GasSlope
from trimtab.simulation.chain import (
    ChainBehavior,
    KeeperBehavior,
    chain_of,
    gas_at,
    gas_cost_of,
    keeper_terms_of,
)
from trimtab.units import DataError, UsageError


def test_left_as_they_are_nothing_holds_keepers_back():
    assert keeper_terms_of(ChainBehavior(), KeeperBehavior(), step_seconds=60.0) == KeeperTerms()


def test_landings_count_whole_blocks_and_times_round_up():
    chain = ChainBehavior(12.0, 30.0, 0.8, 5, 0.25, halt=(30.0, 61.0))
    keepers = KeeperBehavior(10.0, 1e6, 61.0)
    terms = keeper_terms_of(chain, keepers, step_seconds=60.0, gas_asset=2)
    assert terms == KeeperTerms(
        min_profit=10.0,
        gas=30.0,
        gas_slope=0.8,
        gas_asset=2,
        capital=1e6,
        per_step=25,
        failure=0.25,
        delay_steps=2,
        halt=(1, 2),
    )
    assert keeper_terms_of(chain, keepers, step_seconds=23.0).per_step == 5
    assert keeper_terms_of(chain, keepers, step_seconds=1e12).per_step == NO_LIMIT


def test_landings_within_less_than_a_block_are_refused():
    with pytest.raises(UsageError, match="a step of 6 s is shorter than a block of 12 s"):
        keeper_terms_of(ChainBehavior(landings_per_block=5), KeeperBehavior(), step_seconds=6.0)
    free = keeper_terms_of(ChainBehavior(), KeeperBehavior(), step_seconds=6.0)
    assert free.per_step == NO_LIMIT
    with pytest.raises(UsageError, match="longer than 0 seconds"):
        keeper_terms_of(ChainBehavior(), KeeperBehavior(), step_seconds=-1.0)


def test_gas_rises_with_volatility_and_never_falls_below_its_cost():
    chain = ChainBehavior(gas_cost=20.0, gas_slope=0.5)
    assert gas_at(chain, 1.0) == 20.0
    assert gas_at(chain, 3.0) == 40.0
    assert gas_at(chain, 0.1) == 20.0


def test_a_chain_is_as_its_gas_showed_it():
    spreads = np.exp(np.random.default_rng(1).normal(0.0, 0.5, 500))
    ref = float(np.median(spreads))
    fit = GasSlope().fit(50.0 * (1 + 0.4 * (spreads / ref - 1)), spreads)
    chain = chain_of(fit, gas_units=500_000, native_price=2000.0)
    # 500,000 gas at 50 gwei are 0.025 ETH.
    assert chain.gas_cost == pytest.approx(50.0)
    assert chain.gas_slope == pytest.approx(0.4)
    assert gas_cost_of(gas_units=500_000, gas_price_gwei=50.0, native_price=2000.0) == (
        pytest.approx(50.0)
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("block_seconds", 0.0, "found '0'; expected above 0"),
        ("gas_cost", -1.0, "found '-1'; expected 0 or more"),
        ("gas_slope", math.nan, "found 'nan'; expected 0 or more"),
        ("landings_per_block", 0, "found '0'; expected at least 1"),
        ("failure", 1.5, "found '1.5'; expected 0 to 1"),
        ("halt", (9.0, 3.0), "found '9 to 3'; expected a time from 0 to later"),
    ],
)
def test_impossible_chains_are_refused(field, value, message):
    with pytest.raises(DataError) as said:
        ChainBehavior(**{field: value})
    assert str(said.value) == f"column {field}: a chain cannot behave so; {message}"


@pytest.mark.parametrize("field", ["min_profit", "capital", "delay_seconds"])
def test_impossible_keepers_are_refused(field):
    with pytest.raises(DataError, match=f"{field}: keepers cannot behave so; found '-1'"):
        KeeperBehavior(**{field: -1.0})
