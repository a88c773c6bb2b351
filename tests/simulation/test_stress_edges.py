"""The parts of a stress test at their edges: shocks, capacity, who fails, terms, documents."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.cases import row, small_case, small_rules, ticks_of
from tests.simulation.stress_engines import HOUR, asked, falls, table_of
from trimtab.kernels.clearing import COLUMNS, oracle_terms, outcomes_of
from trimtab.kernels.impact import ImpactKind, ImpactTable, impact_terms
from trimtab.model import Case, InOrder, ReplayRules
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.standing import standing
from trimtab.simulation.stress import SHOCK_DEPTHS, capacity_of, prepared, run_stress, shock_curve
from trimtab.simulation.stress.assembling import fund_size, worst_paths
from trimtab.simulation.stress.batches import finished_batches
from trimtab.simulation.stress.cascading import loss_of, shock_prices, shock_steps, watched_grid
from trimtab.simulation.stress.covering import market_of, oracle_of
from trimtab.simulation.stress.documents import plain
from trimtab.simulation.stress.failing import failing_accounts, shocked_case
from trimtab.simulation.stress.funds import funds_of
from trimtab.simulation.stress.measures import PAYERS, bearers, histogram
from trimtab.simulation.stress.outcomes import columns_of, gathered
from trimtab.simulation.stress.sample import Sample, design_of
from trimtab.simulation.stress.tail import expected_shortfall
from trimtab.units import WAD, DataError, UsageError

NAMES = ("BTC", "ETH")
PRICES = {"BTC": 30_000, "ETH": 2_000}


def case_of(*rows) -> Case:
    """A book at 30,000 and 2,000."""
    return Case(
        "edge", small_rules(), tuple(rows), ticks_of(PRICES), ReplayRules(), input_hashes={}
    )


def eth(name: str, units: float, debt: float) -> tuple:
    return row(name, "ETH", round(units * 10**18)), row(name, "USD", -round(debt * 10**6))


def grid_of(steps: int, step_seconds: float) -> PathGrid:
    return PathGrid(NAMES, (30_000.0, 2_000.0), steps, step_seconds)


@given(
    steps=st.integers(1, 400),
    seconds=st.sampled_from([12.0, 600.0, HOUR, 5000.0, 86_400.0, 9e5]),
    depth=st.floats(0.01, 0.99),
)
@settings(max_examples=40, deadline=None)
def test_a_shock_falls_evenly_is_reached_and_stays(steps, seconds, depth):
    whole = grid_of(steps, seconds)
    watched, reached = watched_grid(whole), shock_steps(whole)
    assert 1 <= reached <= watched.steps <= steps
    assert shock_steps(watched) == reached
    assert reached == 1 or reached * seconds <= 1.5 * HOUR
    assert watched.steps == steps or (watched.steps - reached) * seconds >= 86_400.0
    prices = shock_prices(watched, np.array([[math.log1p(-depth), 0.0]]))
    assert prices.shape == (1, watched.steps + 1, 2)
    assert prices[0, 0].tolist() == pytest.approx([30_000.0, 2_000.0], rel=1e-12)
    assert prices[0, reached:, 0] == pytest.approx(30_000.0 * (1 - depth), rel=1e-12)
    moves = np.diff(np.log(prices[0, : reached + 1, 0]))
    assert moves == pytest.approx(math.log1p(-depth) / reached, rel=1e-9)
    assert np.ptp(prices[0, :, 1]) == 0.0


def test_the_curve_of_a_known_engine_is_its_formula(small):
    ready = prepared(asked(small), engine=falls)
    curve = shock_curve(ready.question, ready.process, grid=ready.grid, engine=falls)
    assert [point.depth for point in curve.points] == list(SHOCK_DEPTHS)
    for point in curve.points:
        loss = 1000.0 * max(point.depth - 0.05, 0.0)
        assert point.loss == point.loss_alone == pytest.approx(loss, abs=1e-9)
        assert point.liquidated_alone == pytest.approx(2000.0 * point.depth)
        assert point.amplification == pytest.approx(1.25)
        assert point.insolvent == (point.depth > 0.1 + 1e-9) or point.depth == 0.1
    assert curve.assets == ("ETH",)
    none = shock_curve(ready.question, ready.process, grid=ready.grid, engine=falls, depths=())
    assert none.points == ()


def test_the_loss_counts_what_is_still_under_water():
    table = table_of(2, bad_debt=np.array([1.0, 0.0]), shortfall_left=np.array([2.0, 5.0]))
    found = outcomes_of(table, np.zeros((2, 1)), assets=("ETH",))
    assert loss_of(found).tolist() == [3.0, 5.0]


def test_capacity_without_borrowers_and_without_anybody():
    nobody = capacity_of(case_of())
    assert (nobody.collateral, nobody.debt, nobody.borrow_capacity, nobody.used) == (0, 0, 0, 0)
    lender = capacity_of(case_of(row("dee", "ETH", 10**18)))
    assert (lender.collateral, lender.debt, lender.used, lender.leverage) == (2000.0, 0, 0, 1.0)
    assert lender.borrow_capacity == pytest.approx(2000.0 * 0.75)


def test_capacity_of_a_book_under_water_has_no_leverage():
    found = capacity_of(case_of(*eth("ann", 1.0, 2_500.0)))
    assert found.leverage == math.inf
    assert found.used == pytest.approx(2_500.0 / (0.75 * 2_000.0))
    at_half = capacity_of(case_of(*eth("ann", 1.0, 1_000.0)))
    assert at_half.leverage == pytest.approx(2.0)
    both = capacity_of(case_of(*eth("ann", 1.0, 1_000.0), *eth("bob", 1.0, 2_500.0)))
    assert both.borrow_capacity == pytest.approx(found.borrow_capacity + at_half.borrow_capacity)
    assert both.debt == found.debt + at_half.debt


def test_without_a_move_who_fails_is_who_fails_now(small):
    now = {one.account for one in standing(small).accounts if one.liquidatable}
    assert {one.account for one in failing_accounts(small, {})} == now
    assert shocked_case(small, {}).ticks[0].prices == tuple(sorted(small.ticks[0].prices))


def test_who_fails_by_hand_nearest_first():
    # Unsafe below debt / 0.8 a coin: ann at 1,250, bob at 1,500 and cyd at 1,875.
    debts = {"ann": 1_000.0, "bob": 1_200.0, "cyd": 1_500.0}
    case = case_of(*(line for name, debt in debts.items() for line in eth(name, 1.0, debt)))
    for move, names in ((-0.06, []), (-0.07, ["cyd"]), (-0.3, ["cyd", "bob"]), (0.5, [])):
        assert [one.account for one in failing_accounts(case, {"ETH": move})] == names
    worst = failing_accounts(case, {"ETH": -0.5})
    assert [one.account for one in worst] == ["cyd", "bob", "ann"]
    assert [one.equity for one in worst] == pytest.approx([-500.0, -200.0, 0.0])
    assert [one.collateral for one in worst] == pytest.approx([1000.0] * 3)
    assert failing_accounts(case, {"BTC": -0.9}) == ()


def test_a_deeper_fall_fails_all_that_a_shallower_one_fails(small):
    before: set[tuple[str, str]] = set()
    for depth in (0.1, 0.3, 0.5, 0.7, 0.9, 0.999999):
        # What cyd owes keeps its price.
        found = {(one.account, one.group) for one in failing_accounts(small, {"BTC": -depth})}
        assert before <= found
        before = found
    assert before


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ({"DOGE": -0.5}, "DOGE"),
        ({"ETH": -1.0}, "above -1"),
        ({"ETH": -7.0}, "above -1"),
        ({"ETH": math.nan}, "above -1"),
    ],
)
def test_moves_that_are_none_are_refused(small, moves, words):
    with pytest.raises(UsageError, match=words):
        failing_accounts(small, moves)


def test_terms_over_their_own_assets_are_themselves():
    table = ImpactTable(np.array([0.0, 1.0]), np.array([0.0, 0.2]))
    given_terms = impact_terms(
        NAMES,
        kind=[ImpactKind.TABLE, ImpactKind.SQUARE_ROOT],
        first=[0.0, 0.3],
        fee=[0.99, 0.98],
        permanent_share=[0.1, 0.2],
        recovery_seconds=[60.0, math.inf],
        thinning=[0.5, 0.0],
        depth_least=[0.2, 1.0],
        sigma_ref=[0.7, 0.9],
        tables=(table, None),
        decay=0.5,
        feedback=False,
    )
    oracle = oracle_terms(
        NAMES,
        deviation=[0.1, 0.2],
        heartbeat_steps=[1, 2],
        delay_steps=[3, 4],
        outage=([5, 6], [7, 8]),
        lie_factor=[0.9, 1.1],
        lie=([1, 0], [2, 9]),
    )
    for order in (NAMES, NAMES[::-1]):
        turned = market_of(given_terms, order), oracle_of(oracle, order)
        back = market_of(turned[0], NAMES), oracle_of(turned[1], NAMES)
        assert turned[0].assets == turned[1].assets == order
        for own, found in zip((given_terms, oracle), back, strict=True):
            for name in set(type(own).__slots__) - {"curves"}:
                assert np.array_equal(getattr(own, name), getattr(found, name)), name
        assert np.array_equal(back[0].curves.points, given_terms.curves.points)


def test_the_worst_paths_are_worst_first_and_none_is_of_no_loss():
    losses = np.array([0.0, 5.0, 7.0, 5.0, 0.0])
    batch = columns_of(
        outcomes_of(table_of(5, bad_debt=losses), np.zeros((5, 1)), assets=("ETH",), first_path=10),
        np.zeros(5),
    )
    found = gathered([batch])
    design = design_of(found.paths)
    assert [one.path for one in worst_paths(found, design, count=9)] == [12, 11, 13]
    assert [one.path for one in worst_paths(found, design, count=2)] == [12, 11]
    assert worst_paths(found, design, count=0) == ()
    assert {*COLUMNS, "displacement_ETH"} == set(worst_paths(found, design, count=1)[0].columns)


def test_a_fund_of_the_size_told_is_passed_as_seldom_as_asked(small):
    result = run_stress(prepared(asked(small, paths=400, fund_probability=0.1), engine=falls))
    needed = result.outcomes.fund_needed
    size = fund_size(
        result.question, result.outcomes, design=result.design, present=40.0
    ).size.value
    assert (needed > size).mean() <= 0.1 < (needed >= size).mean()
    assert funds_of(small).insurance == 40.0


@given(
    losses=st.lists(st.sampled_from([0.0, 0.0, 1e-9, 3.0, 3.5, 1e12]), min_size=1, max_size=12),
    bins=st.integers(1, 7),
)
@settings(max_examples=50, deadline=None)
def test_the_chances_of_a_histogram_add_to_one(losses, bins):
    values = np.array(losses)
    found = histogram(Sample(values, design_of(np.arange(values.size))), bins)
    assert found.zero_share + sum(found.shares) == pytest.approx(1.0)
    assert found.zero_share == pytest.approx((values == 0.0).mean())
    if values.max() > 0.0:
        assert len(found.edges) == len(found.shares) + 1 == bins + 1
        assert (found.edges[0], found.edges[-1]) == (0.0, values.max())
    else:
        assert found.edges == found.shares == ()


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_payers_bear_it_all_and_of_no_loss_nothing(level):
    rng = np.random.default_rng(3)
    parts = {name: rng.exponential(size=50) for name in PAYERS.values()}
    loss = Sample(sum(parts.values(), start=np.zeros(50)), design_of(np.arange(50)))
    found = bearers(loss, parts, level=level)
    assert sum(one.mean for one in found) == pytest.approx(loss.mean())
    assert sum(one.share for one in found) == pytest.approx(1.0)
    assert sum(one.tail_share for one in found) == pytest.approx(1.0)
    shortfall = expected_shortfall(loss, level).value
    assert sum(one.tail_mean for one in found) == pytest.approx(shortfall)
    ties = Sample(np.repeat([0.0, 1.0, 4.0], [20, 25, 5]), loss.design)
    columns = dict.fromkeys(PAYERS.values(), np.zeros(50)) | {"shortfall_left": ties.values}
    tied = bearers(ties, columns, level=level)
    assert tied[-1].tail_mean == pytest.approx(expected_shortfall(ties, level).value)
    nothing = {name: np.zeros(50) for name in PAYERS.values()}
    still = bearers(Sample(np.zeros(50), loss.design), nothing, level=level)
    assert {value for one in still for value in (one.mean, one.share, one.tail_mean)} == {0.0}


@pytest.mark.parametrize(
    ("thing", "found"),
    [
        (np.bool_(True), True),
        (np.array(2.5), 2.5),
        (np.array(np.inf), None),
        (np.array([True, False]), [True, False]),
        (np.float32(0.5), 0.5),
        (MappingProxyType({"a": (np.nan, -np.inf)}), {"a": [None, None]}),
        ((), []),
        ({}, {}),
        (2**70, 2**70),
        (np.empty((0, 3)), []),
    ],
)
def test_what_numpy_has_becomes_what_json_has(thing, found):
    made = plain(thing)
    assert made == found
    assert type(made) is type(found)
    assert json.loads(json.dumps(made, allow_nan=False)) == found


def test_progress_is_told_from_nothing_to_all(small):
    ready = prepared(asked(small, paths=130, batch_paths=64), engine=falls)
    told = []
    done = finished_batches(
        ready.task, ready.plan, executor=InOrder(), progress=lambda *now: told.append(now)
    )
    assert told == [(0, 130), (64, 130), (128, 130), (130, 130)]
    assert gathered(done[::-1]).paths.tolist() == list(range(130))
    with pytest.raises(DataError, match="a path is there twice"):
        gathered([*done, done[1]])


def test_a_price_of_almost_nothing_is_still_a_price():
    case = replace(case_of(*eth("ann", 1.0, 100.0)), ticks=ticks_of({"BTC": 1, "ETH": 1e-17}))
    moved = dict(shocked_case(case, {"ETH": -0.99}).ticks[0].prices)
    assert moved == {"BTC": WAD, "ETH": 1}
    assert [one.account for one in failing_accounts(case, {"ETH": -0.99})] == ["ann"]
    assert small_case().ticks[0].at_ns == shocked_case(small_case(), {}).ticks[0].at_ns
