"""Deribit's portfolio margin: the documented vector, by hand, and what must always hold."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.protocols import deribit
from trimtab.protocols.deribit import BTC, DeribitOption, InverseFuture, LinearFuture, Move
from trimtab.units import WAD

CENT = WAD // 100
DAY = 86400

positions = (
    st.builds(InverseFuture, st.integers(-50, 50).map(lambda n: n * WAD // 10))
    | st.builds(LinearFuture, st.integers(-50, 50).map(lambda n: n * CENT), st.just(50_000 * WAD))
    | st.builds(
        DeribitOption,
        amount_wad=st.integers(-50, 50).map(lambda n: n * WAD // 10),
        strike_wad=st.integers(10, 120).map(lambda n: n * 1000 * WAD),
        forward_wad=st.just(50_000 * WAD),
        vol_wad=st.integers(20, 150).map(lambda n: n * CENT),
        seconds=st.integers(0, 300 * DAY),
        is_call=st.booleans(),
        is_inverse=st.booleans(),
    )
)


def test_the_documented_vector_of_an_inverse_perpetual():
    held = InverseFuture(314538364 * 10**9)
    found = deribit.risk_vector_wad(held, rules=BTC)
    assert len(found) == 27
    shown = [
        "-0.05991206933333334",
        "-0.04289159509090909",
        "-0.027351162086956524",
        "-0.013105765166666668",
        "0",
        "0.012097629384615385",
    ]
    for profit, text in zip(found[::3], shown, strict=False):
        assert abs(profit / WAD - float(text)) < 1e-15
    assert found[::3] == found[1::3] == found[2::3]


def test_a_linear_future_loses_its_share_of_notional():
    found = deribit.margin([LinearFuture(WAD, 50_000 * WAD)], rules=BTC)
    assert found.initial_wad == 8000 * WAD
    assert found.maintenance_wad == 6400 * WAD
    assert found.worst.move.move_wad == -16 * CENT


def test_far_moves_count_in_part_and_less_the_dampener():
    held = [LinearFuture(-WAD, 100 * WAD)]
    found = deribit.margin(held, rules=replace(BTC, dampener_wad=10 * WAD))
    assert [r.move.move_wad for r in found.extended][-1] == 5 * WAD
    # -500 at a fraction of 0.16 / 5 is -16, of which 10 are forgiven.
    assert found.extended[-1].positions_wad == (-16 * WAD,)
    assert found.extended[-1].counted_wad == -6 * WAD
    assert found.initial_wad == 16 * WAD


def test_the_documented_far_vector_is_all_zeros_under_the_dampener():
    rules = deribit.btc_rules(60_000 * WAD)
    assert rules.dampener_wad == WAD * 100 // 60
    found = deribit.margin([InverseFuture(314538364 * 10**9)], rules=rules)
    assert [result.counted_wad for result in found.extended] == [0] * 8
    large = deribit.margin([InverseFuture(-314 * WAD)], rules=rules)
    assert large.extended[0].counted_wad > 0 > large.extended[-1].counted_wad


def test_the_documented_far_vector_of_an_inverse_perpetual_is_that_of_the_edges():
    held = InverseFuture(314538364 * 10**9)
    found = [deribit.counted_wad(held, move, rules=BTC) for move in deribit.far_moves(BTC)]
    edges = deribit.risk_vector_wad(held, rules=BTC)
    assert all(abs(far - edges[0]) <= 2 for far in found[:2])
    # The fraction range / |move| is cut to 1e-18, so a far move falls short by up to 5e-18.
    assert all(abs(far - edges[-1]) <= 5 for far in found[2:])
    assert abs(found[2] / WAD - 0.04338460193103449) < 1e-15


def test_an_option_far_out_of_the_money_is_decided_by_a_far_move():
    short = DeribitOption(-WAD, 100_000 * WAD, 50_000 * WAD, 60 * CENT, 7 * DAY, True)
    found = deribit.margin([short], rules=BTC)
    assert found.worst in found.extended
    assert found.worst.move.move_wad > 0


def test_volatility_shocks_have_two_powers_and_a_floor():
    def shocked(vol, days, direction):
        return deribit.shocked_vol_wad(vol, days * DAY, direction=direction, rules=BTC)

    assert shocked(80 * CENT, 30, 1) == 120 * CENT
    assert shocked(80 * CENT, 30, -1) == 60 * CENT
    assert shocked(10 * CENT, 30, 1) == 50 * CENT
    assert shocked(10 * CENT, 30, 0) == 10 * CENT
    assert shocked(80 * CENT, 29, 1) > 120 * CENT > shocked(80 * CENT, 31, 1)


@settings(max_examples=20, deadline=None)
@given(st.lists(positions, min_size=1, max_size=3))
def test_netting_never_needs_more_and_order_decides_nothing(held):
    together = deribit.margin(held, rules=BTC)
    apart = [deribit.margin([one], rules=BTC).initial_wad for one in held]
    assert together.initial_wad <= sum(apart) + len(held)
    assert deribit.margin(held[::-1], rules=BTC).initial_wad == together.initial_wad
    assert together.maintenance_wad == together.initial_wad * 8 // 10
    for result in together.standard:
        assert result.counted_wad == sum(result.positions_wad)


@given(positions)
def test_no_move_changes_nothing(position):
    assert deribit.profit_wad(position, Move(0, 0), rules=BTC) == 0
