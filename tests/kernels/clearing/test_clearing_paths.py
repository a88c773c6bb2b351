"""The path kernel by hand, its bounds, and the same numbers from any batch and any thread."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.kernels.clearing.loan_books import along, asked, book_of, cleared, drawn_book, walks
from trimtab.kernels.clearing import COLUMNS, oracle_terms
from trimtab.kernels.clearing.book import SizingKind
from trimtab.kernels.clearing.landing import landing_uniform
from trimtab.kernels.clearing.running import STEP_COLUMNS, PathClearing
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.simulation.paths.driving import Purpose, Streams
from trimtab.units import DataError, UsageError

BUSY = {
    "impact": impact_terms(
        ("ETH",),
        kind=ImpactKind.SQUARE_ROOT,
        first=1e-3,
        recovery_seconds=6 * 3600.0,
        permanent_share=0.1,
        thinning=0.5,
        depth_least=0.2,
    ),
    "oracle": oracle_terms(("ETH",), deviation=0.005, heartbeat_steps=4, delay_steps=1),
    "gas": 5.0,
    "gas_slope": 1.0,
    "failure": 0.2,
    "per_step": 40,
    "capital": 200_000.0,
}


def test_one_liquidation_by_hand():
    # 1 ETH, 1,500 USD, threshold 0.8, price 1,800: health 0.96. To health 1.05 at bonus 5 %:
    # x = (1.05 x 1500 - 0.8 x 1800) / (1.05 - 0.8 x 1.05) = 135 / 0.21 = 642.857.
    row = cleared(asked(book_of([1.0], [1500.0])), along(1800.0)).row(0)
    assert row["liquidated"] == pytest.approx(135 / 0.21)
    assert row["bonus"] == pytest.approx(0.05 * 135 / 0.21)
    assert row["keeper_profit"] == pytest.approx(row["bonus"])
    assert row["liquidations"] == 1.0
    assert row["bad_debt"] == row["shortfall_left"] == row["displacement_ETH"] == 0.0


def test_a_sale_moves_the_price_by_its_closed_form():
    # 10 ETH sold whole into g = 0.02 sqrt(Q): ln 0.9387 below, 800 (1 - (1 + g) exp(-g)) x 1.5.
    root = impact_terms(("ETH",), kind=ImpactKind.SQUARE_ROOT, first=0.02)
    book = book_of([10.0], [15_000.0], sizing=SizingKind.WHOLE, bonus=0.2)
    row = cleared(asked(book, impact=root), along(1600.0)).row(0)
    sold = row["seized"] / 1600.0
    g = 0.02 * math.sqrt(sold)
    brought = 1600.0 * 2 / 0.02**2 * (1.0 - (1.0 + g) * math.exp(-g))
    assert row["displacement_ETH"] == pytest.approx(-g, rel=1e-12)
    assert row["keeper_profit"] == pytest.approx(brought - row["liquidated"], rel=1e-9)
    line = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=0.004)
    row = cleared(asked(book, impact=line), along(1600.0)).row(0)
    sold = row["seized"] / 1600.0
    brought = 1600.0 * (1.0 - math.exp(-0.004 * sold)) / 0.004
    assert row["displacement_ETH"] == pytest.approx(-0.004 * sold, rel=1e-12)
    assert row["keeper_profit"] == pytest.approx(brought - row["liquidated"], rel=1e-9)


def test_what_is_outstanding_is_absorbed():
    # A fall at step 1 sells; without feedback the second account never sees it; with it, it does.
    line = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=0.004, recovery_seconds=1e-3)
    slow = impact_terms(("ETH",), kind=ImpactKind.LINEAR, first=0.004)
    book = book_of([10.0, 1.0], [15_000.0, 1_235.0], sizing=SizingKind.WHOLE, bonus=0.1)
    at_once = cleared(asked(book, impact=line), along(1600.0, 1600.0))
    lasting = cleared(asked(book, impact=slow), along(1600.0, 1600.0))
    assert at_once.liquidations.tolist() == [1.0]
    assert lasting.liquidations.tolist() == [2.0]


@pytest.mark.parametrize(("ltv", "heals"), [(0.93, True), (0.945, True), (0.96, False)])
def test_the_toxic_spiral_bound(ltv, heals):
    # Seizing at 1 + bonus lowers the loan-to-value while it is below 1 / (1 + 0.05) = 0.952, and
    # raises it above: repaid in parts, an account heals on one side and is consumed on the other.
    book = book_of(
        [1.0],
        [1000.0],
        threshold=0.92,
        sizing=SizingKind.CLOSE_FACTOR,
        close_factor=0.05,
        full_close_health=0.0,
        spiral_cut=False,
        dust_share=0.0,
    )
    question = asked(book, repeats=100)
    row = cleared(question, along(1000.0 / ltv)).row(0)
    left = 1000.0 - row["liquidated"]
    collateral = 1000.0 / ltv - row["seized"]
    if heals:
        assert left / collateral <= 0.92 * (1 + 1e-9)
        assert row["shortfall_left"] == row["bad_debt"] == 0.0
    else:
        assert row["bad_debt"] + row["shortfall_left"] > 0.0
        assert left / max(collateral, 1e-12) > ltv


def test_losses_go_down_the_waterfall():
    # 1 ETH at 1,000 against 1,500: the keeper takes all for 1000 / 1.05, the rest is written off.
    # The health is far below the spiral bound, so that the bonus is cut to the least, 1 %.
    book = book_of([1.0], [1500.0], fund=200.0, backstop=100.0)
    row = cleared(asked(book), along(1000.0)).row(0)
    loss = 1500.0 - 1000.0 / 1.01
    assert row["liquidated"] == pytest.approx(1000.0 / 1.01)
    assert row["bad_debt"] == pytest.approx(loss)
    assert row["insurance_used"] == pytest.approx(200.0)
    assert row["backstop_used"] == pytest.approx(100.0)
    assert row["socialized"] == pytest.approx(loss - 300.0)
    assert row["insolvent"] == 1.0
    parts = ("penalty", "insurance_used", "backstop_used", "deleveraged", "socialized")
    assert row["bad_debt"] == pytest.approx(sum(row[part] for part in parts))


def test_nobody_acts_while_the_venue_stands_still():
    book = book_of([1.0], [1500.0])
    still = cleared(asked(book, halt=(1, 3)), along(1800.0, 1800.0)).row(0)
    assert still["liquidations"] == 0.0
    after = cleared(asked(book, halt=(1, 2)), along(1800.0, 1800.0)).row(0)
    assert after["liquidations"] == 1.0


def test_debt_below_water_is_measured_until_it_is_gone():
    book = book_of([1.0], [1500.0])
    row = cleared(asked(book, per_step=0), along(1400.0, 1300.0, 1600.0)).row(0)
    assert row["undercollateralized_peak"] == 1500.0
    assert row["undercollateralized_time"] == 3000.0
    assert row["shortfall_left"] == 0.0
    row = cleared(asked(book, per_step=0), along(1400.0, 1300.0)).row(0)
    assert row["shortfall_left"] == pytest.approx(200.0)


def test_interest_makes_an_account_unsafe():
    # 0.8 x 2000 / 1590: 0.63 % of interest is one too many.
    book = book_of([1.0], [1590.0], growth=1.001)
    quiet = np.full(7, 2000.0)
    run = PathClearing(asked(book), steps=7).run(along(*quiet), seed=0, with_steps=True)
    counted = run.steps[0, :, STEP_COLUMNS.index("liquidations")]
    first = int(np.argmax(counted > 0.0))
    assert first == math.ceil(math.log(1600.0 / 1590.0) / math.log(1.001))


def test_any_batch_and_any_thread_gives_the_same_bits():
    question, prices = asked(drawn_book(300), **BUSY), walks(23, 40)
    clearing = PathClearing(question, steps=40)
    whole = clearing.run(prices, seed=5, with_steps=True)
    assert whole.outcomes.liquidations.sum() > 100.0
    for threads in (2, 3, 23, 64):
        again = PathClearing(question, steps=40).run(
            prices, seed=5, threads=threads, with_steps=True
        )
        assert again.outcomes.table().tobytes() == whole.outcomes.table().tobytes()
        assert again.steps.tobytes() == whole.steps.tobytes()
    for first, last in ((0, 1), (4, 11), (11, 23)):
        part = clearing.run(prices[first:last], seed=5, first_path=first, threads=2).outcomes
        assert part.table().tobytes() == whole.outcomes.table()[first:last].tobytes()
        assert part.displacement.tobytes() == whole.outcomes.displacement[first:last].tobytes()


def test_who_fails_to_land_is_drawn_from_the_stream_of_the_path():
    seed, path, accounts, steps = 2**64 - 5, 12, 37, 4
    stream = Streams(seed, path, 1).uniforms(Purpose.LANDING, (steps * accounts,))[0]
    found = [
        landing_uniform(seed, path, step=number // accounts, accounts=accounts, account=number % 37)
        for number in range(steps * accounts)
    ]
    assert found == stream.tolist()
    assert int(Purpose.LANDING) == 7


def test_the_share_that_fails_is_the_probability():
    book = book_of(np.full(4000, 1.0), np.full(4000, 1500.0))
    row = cleared(asked(book, failure=0.3), along(1800.0)).row(0)
    assert row["liquidations"] == pytest.approx(2800.0, abs=5 * math.sqrt(4000 * 0.21))
    every = cleared(asked(book, failure=1.0), along(1800.0)).row(0)
    assert every["liquidations"] == 0.0


def test_accounts_that_sleep_are_those_that_a_full_look_would_leave_alone():
    # Each account alone, where nothing else can wake it, does what it does among the others.
    book, prices = drawn_book(40, seed=3), walks(6, 60, vol=2.5, seed=4)
    together = cleared(asked(book), prices)
    alone = np.zeros_like(together.liquidated)
    for place in range(40):
        one = book_of(book.held[place : place + 1, 0], book.owed[place : place + 1, 1])
        alone += cleared(asked(one), prices).liquidated
    assert together.liquidated.sum() > 0.0
    assert together.liquidated == pytest.approx(alone, rel=1e-9)


def test_what_keepers_do_not_want_is_left():
    book = book_of([0.001], [1.5])
    row = cleared(asked(book, gas=5.0), along(1800.0)).row(0)
    assert row["liquidations"] == 0.0
    dear = cleared(asked(book_of([1.0], [1500.0]), min_profit=1e9), along(1800.0)).row(0)
    assert dear["liquidations"] == 0.0


def test_gas_rises_with_the_volatility_of_the_path():
    calm = impact_terms(("ETH",), sigma_ref=0.5)
    book = book_of([1.0], [1500.0])
    flat = cleared(asked(book, impact=calm, gas=1.0), along(1800.0)).row(0)["gas"]
    steep = cleared(asked(book, impact=calm, gas=1.0, gas_slope=1.0), along(1800.0)).row(0)["gas"]
    turn = math.log(1800.0 / 2000.0)
    sigma = math.sqrt(0.94 * 0.25 + 0.06 * turn**2 * 365 * 24)
    assert flat == 1.0
    assert steep == pytest.approx(sigma / 0.5)


@pytest.mark.parametrize(
    ("prices", "error"),
    [
        (np.ones((1, 3, 2)), DataError),
        (np.full((1, 3, 1), 1999.0), DataError),
        (np.full((1, 3, 1), np.nan), DataError),
        (np.zeros((1, 3, 1)), DataError),
        (np.full((1, 4, 1), 2000.0), DataError),
    ],
)
def test_paths_that_do_not_fit_are_refused(prices, error):
    with pytest.raises(error):
        PathClearing(asked(book_of([1.0], [1.0])), steps=2).run(prices, seed=0)


def test_numbers_out_of_range_are_refused():
    clearing, prices = PathClearing(asked(book_of([1.0], [1.0])), steps=1), along(2000.0)
    for told in ({"seed": -1}, {"seed": 2**64}, {"seed": 0, "first_path": -1}):
        with pytest.raises(UsageError):
            clearing.run(prices, **told)
    with pytest.raises(UsageError):
        clearing.run(prices, seed=0, threads=0)
    with pytest.raises(UsageError):
        PathClearing(asked(book_of([1.0], [1.0])), steps=0)


def test_the_interpreter_clears_as_compiled_code_does():
    call = (
        "from tests.kernels.clearing.test_clearing_paths import *\n"
        "found = cleared(asked(drawn_book(60), **BUSY), walks(2, 25), first_path=3)\n"
        "print(repr(found.table().tolist()))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", call],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )
    own = cleared(asked(drawn_book(60), **BUSY), walks(2, 25), first_path=3).table()
    assert own[:, COLUMNS.index("liquidations")].sum() > 0.0
    assert np.array(eval(done.stdout)) == pytest.approx(own, rel=1e-9, abs=1e-9)


def dollars_held_too(accounts):
    """Loans of USD against ETH and USD, so that suppliers' losses make other accounts unsafe."""
    rng = np.random.default_rng(4)
    owed = rng.lognormal(5.0, 1.5, accounts)
    held = owed / rng.uniform(0.5, 0.79, accounts) / 2000.0
    plain = book_of(held, owed)
    part = rng.uniform(0.0, 0.6, accounts)
    amounts = np.column_stack([held * (1.0 - part), part * held * 2000.0])
    claims = amounts.sum(axis=0) + np.array([0.0, owed.sum()])
    pools = replace(plain.pools, supplied=claims, cash=claims - plain.pools.borrowed)
    level, bonus = np.array([[0.8, 0.8]]), np.array([[0.06, 0.03]])
    return replace(plain, held=amounts, weight=level, end=level, bonus=bonus, pools=pools)


def test_who_cannot_pay_at_first_gets_its_turn_when_suppliers_have_paid():
    # Keepers with as much capital as they like put off who cannot pay; with a limit, however far,
    # every offer is looked at in its turn. Both must come to the same.
    impact = impact_terms(("ETH",), kind=ImpactKind.SQUARE_ROOT, first=1e-3)
    book, prices = dollars_held_too(400), walks(40, 4, vol=40.0)
    table = [
        cleared(asked(book, impact=impact, gas=4.0, failure=0.3, capital=capital), prices).table()
        for capital in (np.inf, 1e250)
    ]
    columns = {name: table[0][:, at] for at, name in enumerate(COLUMNS)}
    assert (columns["socialized"] > 0.0).sum() > 3
    assert (columns["liquidations"] > 100).sum() > 3
    np.testing.assert_allclose(*table, rtol=1e-12, atol=1e-9)
