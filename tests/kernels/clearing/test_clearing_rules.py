"""Each rule of the path kernel by hand: sizes, bonuses, fees, dust, funds, oracles, keepers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.kernels.clearing.loan_books import HOUR, along, asked, book_of, cleared, walks
from trimtab.kernels.clearing import KeeperTerms, oracle_terms
from trimtab.kernels.clearing.book import ClearingBook, LiquidationTerms, PoolColumns, SizingKind
from trimtab.kernels.clearing.laying_out import Question
from trimtab.kernels.clearing.running import STEP_COLUMNS, PathClearing
from trimtab.kernels.impact import ImpactKind, impact_terms, without_impact


def one(price, *, held=1.0, owed=1500.0, keepers=None, **book):
    """One account of 1 ETH and 1,500 USD at a price, one step later."""
    question = asked(book_of([held], [owed], **book), **(keepers or {}))
    return cleared(question, along(price)).row(0)


def test_a_tie_is_safe():
    # 0.8 x 1875 = 1500: at the edge, and safe; a hair below it is not.
    assert one(1875.0)["liquidations"] == 0.0
    assert one(1875.0 * (1.0 - 1e-9))["liquidations"] == 1.0


def test_a_close_factor_closes_its_share_and_all_of_it_far_below():
    told = {"sizing": SizingKind.CLOSE_FACTOR, "full_close_health": 0.95}
    # Health 0.96 at 1,800: half; 0.9333 at 1,750: all.
    row = one(1800.0, keepers={"repeats": 1}, **told)
    assert row["liquidated"] == pytest.approx(750.0)
    row = one(1750.0, keepers={"repeats": 1}, **told)
    assert row["liquidated"] == pytest.approx(1500.0)


def test_a_whole_liquidation_takes_what_the_debt_is_worth():
    row = one(1800.0, sizing=SizingKind.WHOLE)
    assert row["liquidated"] == pytest.approx(1500.0)
    assert row["seized"] == pytest.approx(1575.0)


def test_the_bonus_grows_with_the_shortfall():
    # Health 0.96, from 1 % at 1 to 5 % at 0.9: 1 % + 4 % x 0.04 / 0.1 = 2.6 %.
    row = one(1800.0, sizing=SizingKind.WHOLE, shortfall_bonus=True)
    assert row["bonus"] == pytest.approx(1500.0 * 0.026)
    far = one(1650.0, sizing=SizingKind.WHOLE, shortfall_bonus=True)
    assert far["bonus"] == pytest.approx(1500.0 * 0.05)


def test_the_bonus_is_cut_at_the_spiral_bound_unless_the_rules_allow_it():
    # Health 0.832 at 1,560: room 1,248 / (0.8 x 1,500) - 1 = 4 % of the 5 %.
    cut = one(1560.0, sizing=SizingKind.WHOLE)
    assert cut["bonus"] == pytest.approx(1500.0 * 0.04)
    free = one(1560.0, sizing=SizingKind.WHOLE, spiral_cut=False)
    assert free["seized"] == pytest.approx(1560.0)
    assert free["liquidated"] == pytest.approx(1560.0 / 1.05)


def test_the_fee_is_cut_before_the_bonus():
    # Room 4 % at 1,560, bonus 3 %: 1 % of the 2 % fee is left, and goes to the fund.
    book = {"sizing": SizingKind.WHOLE, "bonus": 0.03, "fee": 0.02}
    row = one(1560.0, **book)
    assert row["bonus"] == pytest.approx(45.0)
    # What the fund got pays for the next loss: 1,500 x 1 % at 1,560 is 15 USD of ETH.
    two = book_of([1.0, 1.0], [1500.0, 2400.0], threshold=0.8, **book)
    paid = cleared(asked(two), along(1560.0)).row(0)
    assert paid["insurance_used"] == pytest.approx(15.0)


def test_what_would_be_dust_is_closed_whole():
    # 642.86 of 1,500 would be repaid: 857.14 left, below 900.
    row = one(1800.0, dust_debt=900.0, keepers={"repeats": 1})
    assert row["liquidated"] == pytest.approx(1500.0)
    # 1,125 of collateral would be left, below 1,200: all of it is taken.
    row = one(1800.0, dust_collateral=1200.0, keepers={"repeats": 1})
    assert row["liquidated"] == pytest.approx(1500.0)


def test_capital_is_for_one_step():
    question = asked(book_of([1.0], [1500.0]), capital=100.0)
    row = cleared(question, along(1800.0, 1800.0, 1800.0)).row(0)
    assert row["liquidated"] == pytest.approx(300.0)


def test_capital_that_would_leave_dust_is_not_used():
    # 1,450 of 1,500 would leave 50 of debt, less than the 60 that is allowed.
    book = book_of([1.0], [1500.0], sizing=SizingKind.WHOLE, dust_debt=60.0)
    assert cleared(asked(book, capital=1450.0), along(1800.0)).row(0)["liquidations"] == 0.0
    assert cleared(asked(book, capital=1430.0), along(1800.0)).row(0)["liquidations"] == 1.0


def test_the_largest_gain_goes_first():
    # Two accounts, room for one: the larger gain, whatever its name.
    book = book_of([1.0, 3.0], [1500.0, 4500.0])
    row = cleared(asked(book, per_step=1), along(1800.0)).row(0)
    assert row["liquidated"] == pytest.approx(3 * 135 / 0.21)
    alike = book_of([1.0, 1.0], [1500.0, 1500.0])
    row = cleared(asked(alike, per_step=1), along(1800.0)).row(0)
    assert row["liquidations"] == 1.0


def test_who_waits_is_due_after_the_delay():
    book = book_of([1.0], [1500.0])
    run = PathClearing(asked(book, delay_steps=2), steps=4).run(
        along(1800.0, 1800.0, 1800.0, 1800.0), seed=0, with_steps=True
    )
    counted = run.steps[0, :, STEP_COLUMNS.index("liquidations")].tolist()
    assert counted == [0.0, 0.0, 0.0, 1.0, 1.0]
    waiting = run.steps[0, :, STEP_COLUMNS.index("waiting_debt")].tolist()
    assert waiting == [0.0, 1500.0, 1500.0, 0.0, 0.0]


def test_who_recovers_waits_anew():
    book = book_of([1.0], [1500.0])
    row = cleared(asked(book, delay_steps=1), along(1800.0, 1900.0, 1800.0)).row(0)
    assert row["liquidations"] == 0.0
    row = cleared(asked(book, delay_steps=1), along(1800.0, 1900.0, 1800.0, 1800.0)).row(0)
    assert row["liquidations"] == 1.0


@pytest.mark.parametrize(
    ("oracle", "first"),
    [
        ({}, 1),
        ({"delay_steps": 2}, 3),
        ({"outage": (1, 4)}, 4),
        ({"deviation": 0.2}, None),
        ({"deviation": 0.2, "heartbeat_steps": 3}, 3),
        ({"deviation": 0.05}, 1),
        ({"lie_factor": 1.2, "lie": (1, 3)}, 3),
    ],
)
def test_accounts_are_marked_at_what_is_reported(oracle, first):
    question = asked(book_of([1.0], [1500.0]), oracle=oracle_terms(("ETH",), **oracle))
    path = along(1800.0, 1800.0, 1800.0, 1800.0, 1800.0)
    run = PathClearing(question, steps=5).run(path, seed=0, with_steps=True)
    counted = run.steps[0, :, STEP_COLUMNS.index("liquidations")]
    found = int(np.argmax(counted > 0.0)) if counted[-1] > 0.0 else None
    assert found == first


def test_a_lie_downward_liquidates_the_safe():
    lie = oracle_terms(("ETH",), lie_factor=0.9, lie=(1, 2))
    row = cleared(asked(book_of([1.0], [1500.0]), oracle=lie), along(2000.0)).row(0)
    assert row["liquidations"] == 1.0
    # The keeper sells at 2,000 what it took at 1,800.
    assert row["keeper_profit"] == pytest.approx(row["seized"] / 0.9 - row["liquidated"])


def test_without_feedback_marks_see_the_path_and_sellers_the_impact():
    line = {"kind": ImpactKind.LINEAR, "first": 0.004}
    book = book_of([10.0, 1.0], [15_000.0, 1_235.0], sizing=SizingKind.WHOLE, bonus=0.1)
    fed = cleared(asked(book, impact=impact_terms(("ETH",), **line)), along(1600.0, 1600.0))
    free = impact_terms(("ETH",), **line, feedback=False)
    off = cleared(asked(book, impact=free), along(1600.0, 1600.0))
    assert fed.liquidations.tolist() == [2.0]
    assert off.liquidations.tolist() == [1.0]
    assert off.displacement[0, 0] < 0.0


def test_permanent_impact_stays_when_the_rest_is_absorbed():
    told = {"kind": ImpactKind.LINEAR, "first": 0.004, "recovery_seconds": 1e-3}
    book = book_of([10.0, 1.0], [15_000.0, 1_260.0], sizing=SizingKind.WHOLE, bonus=0.1)
    gone = cleared(asked(book, impact=impact_terms(("ETH",), **told)), along(1600.0, 1600.0))
    kept = impact_terms(("ETH",), **told, permanent_share=1.0)
    stays = cleared(asked(book, impact=kept), along(1600.0, 1600.0))
    assert gone.liquidations.tolist() == [1.0]
    assert stays.liquidations.tolist() == [2.0]


def test_impact_that_eats_the_bonus_stops_the_keepers():
    deep = impact_terms(("ETH",), kind=ImpactKind.CONSTANT_PRODUCT, first=1e6)
    thin = impact_terms(("ETH",), kind=ImpactKind.CONSTANT_PRODUCT, first=10.0)
    book = book_of([10.0], [15_000.0], sizing=SizingKind.WHOLE)
    assert cleared(asked(book, impact=deep), along(1800.0)).liquidations.tolist() == [1.0]
    row = cleared(asked(book, impact=thin), along(1800.0)).row(0)
    assert row["liquidations"] == 0.0
    assert row["displacement_ETH"] == 0.0


def test_a_fee_on_sales_is_the_keeper_s():
    plain = cleared(asked(book_of([1.0], [1500.0])), along(1800.0)).row(0)
    dear = impact_terms(("ETH",), fee=0.99)
    row = cleared(asked(book_of([1.0], [1500.0]), impact=dear), along(1800.0)).row(0)
    assert row["keeper_profit"] == pytest.approx(plain["bonus"] - 0.01 * plain["seized"])


def test_depth_thins_on_a_wild_path():
    told = {"kind": ImpactKind.LINEAR, "first": 0.004, "sigma_ref": 0.5}
    book = book_of([1.0], [1500.0])
    calm = cleared(asked(book, impact=impact_terms(("ETH",), **told)), along(1800.0)).row(0)
    thin = impact_terms(("ETH",), **told, thinning=1.0, depth_least=0.05)
    wild = cleared(asked(book, impact=thin), along(1800.0)).row(0)
    turn = math.log(0.9)
    sigma = math.sqrt(0.94 * 0.25 + 0.06 * turn**2 * 365 * 24)
    rise = sigma / 0.5
    assert wild["displacement_ETH"] == pytest.approx(calm["displacement_ETH"] * rise, rel=1e-9)


def test_the_share_that_is_liquidated_is_that_of_the_first_passage():
    # The lowest of a driftless logarithm at 240 hourly looks, against the reflection principle
    # with the correction of 0.5826 sigma sqrt(dt) for looking by the hour.
    paths, steps, vol = 4000, 240, 0.8
    prices = walks(paths, steps, vol=vol, seed=5)
    edge = 0.94
    book = book_of([1.0], [0.8 * 2000.0 * edge], sizing=SizingKind.WHOLE)
    found = cleared(asked(book), prices).liquidations.mean()
    years = HOUR / (365 * 86400)
    spread, drift = vol * math.sqrt(steps * years), -0.5 * vol**2 * steps * years
    level = math.log(edge) - 0.5826 * vol * math.sqrt(years)
    phi = lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0))  # noqa: E731
    mirrored = math.exp(2.0 * drift * level / spread**2) * phi((level + drift) / spread)
    expected = phi((level - drift) / spread) + mirrored
    assert found == pytest.approx(expected, abs=4 * math.sqrt(expected / paths))


def two_debts():
    """One account of 1 ETH and 100 USD that owes 0.02 BTC and 600 USD; ETH, BTC 30,000."""
    held, owed = np.array([[0.0, 1.0, 100.0]]), np.array([[0.02, 0.0, 600.0]])
    zero, borrowed = np.zeros(3), owed.sum(axis=0)
    claims = held.sum(axis=0) + np.array([10.0, 0.0, 1e6])
    pools = PoolColumns(
        claims,
        borrowed,
        claims - borrowed,
        zero,
        zero,
        np.zeros(3, dtype=bool),
        zero,
        zero,
        np.ones(3),
        zero,
    )
    level = np.array([[0.0, 0.8, 0.9]])
    return ClearingBook(
        ("BTC", "ETH", "USD"),
        2,
        np.array([30_000.0, 2000.0, 1.0]),
        ("a",),
        held,
        owed,
        np.zeros(1, np.int64),
        level,
        level,
        np.array([[0.05, 0.1, 0.02]]),
        np.ones(3),
        np.zeros(3),
        pools,
        LiquidationTerms(sizing=SizingKind.WHOLE, spiral_cut=False),
        HOUR,
    )


def test_of_several_pairs_the_one_that_gains_most_is_taken():
    # Debts both 600, ETH at 10 % against USD at 2 %: ETH for BTC first, by name, then for USD.
    question = Question(
        two_debts(), ("ETH",), without_impact(("ETH",)), oracle_terms(("ETH",)), KeeperTerms()
    )
    path = np.array([2000.0, 1350.0])[None, :, None]
    row = cleared(question, path).row(0)
    assert row["liquidations"] == 1.0
    assert row["bonus"] == pytest.approx(60.0)
    once = replace(question, keepers=KeeperTerms(repeats=1))
    assert cleared(once, path).row(0)["liquidated"] == pytest.approx(600.0)


def test_a_claim_on_a_pool_without_cash_still_cancels_a_debt():
    # 100 USD of collateral against 700 USD, no cash, and ETH that is worth next to nothing: the
    # claim pays 100 of the loss where a sale of it could not.
    book = book_of([0.001], [700.0], supplied=800.0)
    held = np.array([[0.001, 100.0]])
    pools = replace(book.pools, supplied=np.array([0.001, 700.0]), cash=np.array([0.001, 0.0]))
    book = replace(book, held=held, pools=pools, liquidation=LiquidationTerms(dust_share=0.9))
    row = cleared(asked(book, per_step=0), along(1.0)).row(0)
    assert row["bad_debt"] == pytest.approx(600.0 - 0.001)
    assert row["socialized"] == pytest.approx(600.0 - 0.001)
