"""Mango v4: the health of the program's own test cases, the levels, the stable price."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.apps.conformance.mango import RULES
from trimtab.protocols import mango, mango_stable_price
from trimtab.protocols.mango import Account, Level, OpenOrders, Perp, Prices, Token, Weights
from trimtab.units import WAD

WEIGHTS = Weights(8 * 10**17, 12 * 10**17, 9 * 10**17, 11 * 10**17)
PLAIN = Weights(WAD, WAD, WAD, WAD)
amounts = st.integers(-(10**6), 10**6).map(lambda n: n * WAD)


def even(price):
    return Prices(price * WAD, price * WAD)


# The cases of the program's test_health1 (src/health/cache.rs), by the inputs of the vectors.
@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (
            {"token1": -100, "token2": 10, "serum_12": [20, 15], "perp": [-10, -131, 7, 11]},
            1.2 * (-100 - 21 * 50 * 1.2 - 131 + 550) + (50 + 95) * 0.5,
        ),
        ({"perp": [-1, 100, 0, 0]}, 0.8 * 0.95 * (100 - 60)),
        ({"perp": [10, 100, 0, 0]}, 0.8 * 0.95 * 500),
        (
            {"token1": -100, "token2": -10, "token3": -10, "serum_12": [1, 1], "serum_13": [1, 1]},
            -120 - 75 - 150 + 6 * 1.2 + 11 * 1.2,
        ),
        (
            {"token1": -14, "token2": -10, "token3": -10, "serum_12": [1, 1], "serum_13": [1, 1]},
            -16.8 - 75 - 150 + 3 * 1.2 + 3 * 0.8 + 8 * 1.2 + 3 * 0.8,
        ),
        (
            {"token1": -100, "token2": -100, "token3": -1, "serum_13": [10, 1]},
            -120 - 750 - 15 + 15 + 5,
        ),
        (
            {
                "token1": -100,
                "token2": -100,
                "token3": -1,
                "serum_12": [100, 0],
                "serum_13": [10, 1],
            },
            -120 - 750 - 15 + 80 * 1.2 + 20 * 0.8 + 20 * 0.8,
        ),
        (
            {
                "token1": 100,
                "token2": 100,
                "token3": 100,
                "deposits": [100, 1500, 10000],
                "dscale": [1000, 5000, 10000],
            },
            80 + 250 * (5 / 7.5) + 50,
        ),
        (
            {
                "token1": -100,
                "token2": -100,
                "token3": -100,
                "bscale": [[100, 1000], [1500, 5000], [10000, 10000]],
            },
            -120 - 750 * 1.5 - 15_000,
        ),
        ({"token1": 100, "perp": [-1, -100, 0, 0]}, 1.2 * -60),
        (
            {
                "token1": 100,
                "token2": 100,
                "token3": 100,
                "serum_12": [0, 100],
                "serum_13": [0, 100],
            },
            80 + 250 + 500 + 250 + 500,
        ),
    ],
)
def test_the_health_of_the_programs_own_cases(inputs, found):
    assert float(RULES["mango_init_health"](inputs)) == pytest.approx(found, rel=1e-12)


def test_orders_away_from_the_oracle_count_at_their_own_price():
    tokens = [
        Token(-100 * WAD, even(1), PLAIN),
        Token(0, even(5), PLAIN),
    ]
    orders = OpenOrders(1, 0, reserved_base=WAD, reserved_quote=WAD)
    at_oracle = mango.health(Account(tokens, [orders]), Level.INITIAL)
    cheap_ask = OpenOrders(1, 0, reserved_base=WAD, reserved_quote=WAD, lowest_ask_wad=3 * WAD)
    high_bid = OpenOrders(1, 0, reserved_base=WAD, reserved_quote=WAD, highest_bid_wad=10 * WAD)
    assert at_oracle == -94 * WAD
    assert mango.health(Account(tokens, [cheap_ask]), Level.INITIAL) == -96 * WAD
    assert mango.health(Account(tokens, [high_bid]), Level.INITIAL) == -945 * WAD // 10


@given(amounts, amounts, st.integers(1, 20), st.integers(1, 20))
def test_initial_is_the_strictest_and_maintenance_the_mildest(one, other, oracle, stable):
    prices = Prices(oracle * WAD, stable * WAD)
    perp = Perp(one, other, WAD, WAD, prices=prices, weights=WEIGHTS)
    tokens = [Token(other, even(1), WEIGHTS), Token(one, prices, WEIGHTS)]
    account = Account(tokens, perps=[perp])
    found = [mango.health(account, level) for level in Level]
    assert found == sorted(found)


@given(st.lists(amounts, min_size=3, max_size=3), st.permutations(range(3)))
def test_the_order_of_tokens_does_not_matter(balances, order):
    tokens = [Token(balance, even(place + 1), WEIGHTS) for place, balance in enumerate(balances)]
    shuffled = [tokens[place] for place in order]
    level = Level.INITIAL
    assert mango.health(Account(tokens), level) == mango.health(Account(shuffled), level)


def test_untrusted_profit_buys_nothing_and_its_loss_counts():
    def health(quote):
        perp = Perp(
            *(0, quote * WAD, 0, 0),
            prices=even(1),
            weights=WEIGHTS,
            overall_initial_wad=0,
        )
        return mango.health(Account([Token(0, even(1), PLAIN)], perps=[perp]), Level.INITIAL)

    assert (health(1_000), health(-1_000)) == (0, -1_000 * WAD)


def test_scaling_touches_the_initial_level_alone():
    scale = {"deposits": 200 * WAD, "deposit_scale_start": 100 * WAD}
    token = Token(10 * WAD, even(1), WEIGHTS, **scale)
    assert token.health(Level.INITIAL) == 4 * WAD
    assert token.health(Level.LIQUIDATION_END) == 8 * WAD
    assert token.health(Level.MAINTENANCE) == 9 * WAD


def test_liquidation_ends_later_than_it_starts():
    tokens = [Token(100 * WAD, even(1), WEIGHTS), Token(-78 * WAD, even(1), WEIGHTS)]
    account = Account(tokens)
    assert not mango.may_open(account)
    assert not mango.being_liquidated(account, was_liquidated=False)
    assert mango.being_liquidated(account, was_liquidated=True)


def test_the_stable_price_of_the_programs_own_test():
    run = RULES["mango_stable_price"]
    hour, more = [60, 60, 10.0], [10, 360, 10.0]
    day = [300, 12 * 23, 10.0]
    segments = [[step, count, "10"] for step, count, _ in (hour, more, day)]
    found = [float(run({"start_price": 1, "segments": segments[:n]})) for n in (1, 2, 3)]
    assert found[0] == pytest.approx(1.780573177182, rel=1e-6)
    assert found[1] == pytest.approx(2.3, abs=0.1)
    assert found[2] == pytest.approx(7.4, abs=0.1)


@given(st.lists(st.integers(0, 100 * WAD), min_size=1, max_size=80), st.integers(10, 4_000))
def test_the_stable_price_moves_slowly(prices, step):
    model = mango_stable_price.started(WAD, 0)
    path = [model.price_wad]
    for place, price in enumerate(prices, start=1):
        model = mango_stable_price.updated(model, price, now_s=place * step)
        path.append(model.price_wad)
    for before, after in pairwise(path):
        assert abs(after - before) <= before * 3 * min(step, 600) // 10_000 + 1


def test_an_early_observation_changes_nothing():
    model = mango_stable_price.started(WAD, 100)
    assert mango_stable_price.updated(model, 2 * WAD, now_s=109) is model
    assert mango_stable_price.updated(model, 2 * WAD, now_s=110).price_wad == 1_003 * 10**15


def test_a_day_of_silence_fills_every_slot():
    model = mango_stable_price.started(WAD, 0)
    late = mango_stable_price.updated(model, 2 * WAD, now_s=25 * 3_600)
    assert len(set(late.delays_wad)) == 1
    assert late.delays_wad[0] < WAD
