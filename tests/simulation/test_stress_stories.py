"""What a report tells beside the numbers: the fan of prices, and what the answer hangs on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from tests.simulation.stress_engines import HOUR, YEAR, FallEngine, asked, falls
from trimtab.kernels.impact import ImpactKind, ImpactTable, impact_terms, log_impact
from trimtab.simulation.paths import SamplingKind
from trimtab.simulation.stress import (
    SamplingChoice,
    capacity_of,
    prepared,
    price_fan,
    sensitivities,
    terms_of,
)
from trimtab.simulation.stress.sensitivity import default_variations, scaled_depth
from trimtab.units import UsageError

SAMPLINGS = ["plain", "stratified", "tail"]


@pytest.mark.parametrize("kind", SAMPLINGS)
def test_the_fan_has_the_quantiles_of_the_law_however_paths_were_drawn(small, kind):
    choice = SamplingChoice(SamplingKind(kind))
    ready = prepared(asked(small, paths=2048, sampling=choice), engine=falls)
    fan = price_fan(ready, paths=2048)
    assert fan.seconds[:2] == (0.0, HOUR)
    assert (fan.prices["ETH"][:, 0] == 2000.0).all()
    assert (fan.prices["BTC"] == 30000.0).all(), "it stands still"
    years = 168 * HOUR / YEAR
    spread = 0.8 * np.sqrt(years)
    expected = np.exp(spread * ndtri(fan.levels) - 0.5 * spread**2)
    found = fan.prices["ETH"][:, -1] / 2000.0
    # A quantile's error is some 2 % in the outer levels of plain paths.
    np.testing.assert_allclose(found, expected, rtol=0.03)
    assert (np.diff(fan.prices["ETH"], axis=0) >= 0.0).all()


def test_a_fan_of_fewer_paths_than_asked_for(small):
    fan = price_fan(prepared(asked(small, paths=7), engine=falls))
    assert fan.paths == 7


def by_depth(question, grid, *, feedback):
    """The engine of `falls`, whose scale hangs on depth, keepers' delay and gas."""
    terms = terms_of(question, grid)
    scale = 1000.0 * log_impact(terms.market, 0, outstanding=1.0)
    scale *= 1.0 + terms.keepers.delay_steps + terms.keepers.gas
    return FallEngine(grid.assets, scale=scale, feedback=feedback)


def test_what_the_answer_hangs_on_is_told_by_its_swing(small):
    market = impact_terms(("ETH", "BTC"), kind=ImpactKind.LINEAR, first=1.0)
    ready = prepared(asked(small, market=market), engine=by_depth)
    told = []
    found = sensitivities(ready, progress=lambda done, of: told.append((done, of)))
    rows = {one.factor: one for one in found}
    assert [one.swing for one in found] == sorted((one.swing for one in found), reverse=True)
    base = found[0].base.value
    assert rows["market depth"].low.value == pytest.approx(2.0 * base)
    assert rows["market depth"].high.value == pytest.approx(0.5 * base)
    assert rows["volatility"].low.value < base < rows["volatility"].high.value
    delay = ready.terms.keepers.delay_steps
    assert rows["keepers' delay"].high.value == pytest.approx(base * (2 + delay) / (1 + delay))
    assert rows["transactions that fail"].swing == 0.0
    assert told[-1] == (len(found) * 2 + 1,) * 2


def test_variations_of_tail_sampled_questions_keep_their_direction(small):
    choice = SamplingChoice(SamplingKind.TAIL)
    ready = prepared(asked(small, paths=64, sampling=choice), engine=falls)
    volatility = next(one for one in default_variations(ready) if one.factor == "volatility")
    louder = prepared(volatility.high, engine=falls)
    np.testing.assert_allclose(louder.sampling.direction, ready.sampling.direction)


def test_without_impact_there_is_no_depth_to_vary(small):
    ready = prepared(asked(small), engine=falls)
    assert "market depth" not in {one.factor for one in default_variations(ready)}


def test_depth_scales_what_a_market_takes_for_the_same_move():
    tables = (None, None, None, ImpactTable(np.array([0.0, 1.0, 4.0]), np.array([0.0, 0.1, 0.3])))
    kinds = [ImpactKind.LINEAR, ImpactKind.SQUARE_ROOT, ImpactKind.CONSTANT_PRODUCT]
    terms = impact_terms(
        "ABCD", kind=[*kinds, ImpactKind.TABLE], first=[0.1, 0.2, 30.0, 0.0], tables=tables
    )
    thin = scaled_depth(terms, 0.25)
    for place in range(4):
        found = log_impact(thin, place, outstanding=0.7)
        assert found == pytest.approx(log_impact(terms, place, outstanding=2.8))
    with pytest.raises(UsageError, match="depth: found a factor of 0, expected a number above 0"):
        scaled_depth(terms, 0)


def test_capital_efficiency_by_hand(small):
    """Borrow capacity is collateral at max_ltv; what is used of it is debt at its weights."""
    found = capacity_of(small)
    prices = dict(small.ticks[0].prices)
    rules = small.rules
    value = {
        side: sum(
            abs(row.quantity)
            * prices.get(row.instrument, 10**18)
            / 10 ** (18 + rules.assets[row.instrument].decimals)
            for row in small.book
            if (row.quantity > 0) == side
        )
        for side in (True, False)
    }
    assert found.collateral == pytest.approx(value[True])
    assert found.debt == pytest.approx(value[False], rel=1e-6)
    weighted = sum(
        row.quantity
        * prices.get(row.instrument, 10**18)
        / 10 ** (18 + rules.assets[row.instrument].decimals)
        * rules.assets[row.instrument].max_ltv_wad
        / 1e18
        for row in small.book
        if row.quantity > 0
    )
    assert found.borrow_capacity == pytest.approx(weighted)
    assert found.used == pytest.approx(found.debt / found.borrow_capacity, rel=1e-3)
    assert found.leverage == pytest.approx(found.collateral / (found.collateral - found.debt))
