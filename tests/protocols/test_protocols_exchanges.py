"""Binance, Bybit, OKX, Gate, BitMEX and NautilusTrader: prices, brackets, ranks, margins."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import exchanges, nautilus
from trimtab.protocols.brackets import Bracket, Brackets, continuous, liquidation_price_wad
from trimtab.protocols.exchanges import Cross, Other, Side
from trimtab.protocols.nautilus import LeverageRefused, MarginModel
from trimtab.units import WAD, parse_decimal

TABLE = continuous([(0, WAD // 100), (50_000 * WAD, WAD // 50), (250_000 * WAD, WAD // 20)])
notionals = st.integers(0, 10**6 * WAD)
sides = st.sampled_from(Side)
leverages = st.integers(2, 100).map(lambda n: n * WAD)


def wad(text):
    return parse_decimal(text, 18)


ETH = Cross(
    wad("1535443.01"),
    wad("3683.979"),
    wad("1456.84"),
    rate_wad=wad("0.10"),
    deduction=wad("135365"),
)
BTC_OTHER = Other(
    *(Side.LONG, wad("109.488"), wad("32481.98")),
    mark_wad=wad("31967.27"),
    rate_wad=wad("0.025"),
    deduction=wad("16300"),
)


def test_the_cross_price_of_freqtrades_own_test():
    found = exchanges.cross_liquidation_price_wad(Side.LONG, ETH.beside([BTC_OTHER]))
    assert Fraction(found, WAD) == pytest.approx(Fraction("1153.26"), rel=1e-5)


def test_a_short_beside_gains_when_its_price_falls():
    short = Other(Side.SHORT, WAD, 100 * WAD, mark_wad=90 * WAD, rate_wad=WAD // 100)
    assert short.pnl == 10 * WAD
    assert short.maintenance == 9 * WAD // 10
    price = exchanges.cross_liquidation_price_wad(Side.LONG, ETH.beside([short]))
    assert price < exchanges.cross_liquidation_price_wad(Side.LONG, ETH)


def test_others_add_up_in_any_order():
    short = Other(Side.SHORT, WAD, 100 * WAD, mark_wad=90 * WAD, rate_wad=WAD // 100)
    assert ETH.beside([short, BTC_OTHER]) == ETH.beside([BTC_OTHER]).beside([short])


@given(sides, st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6))
def test_at_the_cross_price_equity_meets_maintenance(side, size, entry, wallet):
    cross = Cross(wallet * WAD, size * WAD, entry * WAD, rate_wad=WAD // 50, deduction=WAD)
    found = exchanges.cross_liquidation_price_wad(side, cross)
    if found is None:
        return
    mark = Fraction(found, WAD)
    excess = wallet + side * size * (mark - entry) - (size * mark / 50 - 1)
    # Toward the earlier event: what is left there is never below the requirement.
    assert 0 <= excess <= Fraction(2 * size, WAD)


def test_a_covered_long_is_never_liquidated():
    assert exchanges.cross_liquidation_price_wad(Side.LONG, Cross(100, 1, 50)) is None
    assert exchanges.cross_liquidation_price_wad(Side.LONG, Cross(100, 0, 50)) is None


@given(sides, st.integers(10, 10**5), leverages)
def test_the_inverse_price_agrees_with_its_leverage_form(side, entry, leverage):
    size, contract = 1_000 * WAD, 100 * WAD
    margin = size * contract * WAD // (entry * WAD * leverage)
    cross = Cross(margin, size, entry * WAD)
    found = exchanges.inverse_liquidation_price_wad(side, cross, contract_wad=contract)
    other = exchanges.inverse_bankruptcy_price_wad(side, entry * WAD, leverage_wad=leverage)
    assert found == pytest.approx(other, rel=1e-9)


def test_an_inverse_short_of_one_times_has_no_bankruptcy():
    assert exchanges.inverse_bankruptcy_price_wad(Side.SHORT, 100, leverage_wad=WAD) is None
    assert (
        exchanges.inverse_liquidation_price_wad(
            Side.SHORT, Cross(2 * WAD, WAD, WAD), contract_wad=WAD
        )
        is None
    )


@given(sides, st.integers(1, 10**6).map(lambda n: n * WAD), leverages)
def test_liquidation_comes_before_bankruptcy(side, entry, leverage):
    liquidated = exchanges.leverage_liquidation_price_wad(
        side, entry, leverage_wad=leverage, rate_wad=WAD // 200
    )
    bankrupt = exchanges.bankruptcy_price_wad(side, entry, leverage_wad=leverage)
    assert side * (liquidated - bankrupt) > 0
    inverse = exchanges.inverse_leverage_price_wad(
        side, entry, leverage_wad=leverage, rate_wad=WAD // 200
    )
    gone = exchanges.inverse_bankruptcy_price_wad(side, entry, leverage_wad=leverage)
    assert side * (inverse - gone) > 0


@given(sides, st.integers(1, 10**6), st.integers(1, 10**4), st.integers(1, 10**4))
def test_prices_round_toward_the_earlier_event(side, entry, size, margin):
    found = exchanges.isolated_liquidation_price_wad(
        side, entry, size=size, margin=margin, rate_wad=WAD // 100, taker_wad=WAD // 1_000
    )
    exact = (entry - side * Fraction(margin * WAD, size)) / (1 - side * Fraction(11, 1_000))
    assert 0 <= side * (found - exact) < 1


def test_a_tick_up():
    assert exchanges.tick_up(wad("7735.372549"), wad("0.5")) == wad("7735.5")
    assert exchanges.tick_up(wad("7735.5"), wad("0.5")) == wad("7735.5")


def test_funding_is_held_within_the_maintenance_rate():
    found = [exchanges.funding_clamp_wad(rate, 5) for rate in (-9, -5, 3, 9)]
    assert found == [-5, -5, 3, 5]


@given(notionals, notionals)
def test_brackets_are_monotone_and_continuous(one, other):
    low, high = sorted((one, other))
    rise = TABLE.maintenance(high) - TABLE.maintenance(low)
    assert 0 <= rise <= Fraction(high - low, 20) + 1


def test_the_deductions_and_the_breaks():
    assert [row.deduction for row in TABLE.rows] == [0, 500 * WAD, 8_000 * WAD]
    assert TABLE.breaks() == ()
    rows = (Bracket(0, WAD // 100), Bracket(50_000 * WAD, WAD // 50, 400 * WAD))
    (jump,) = Brackets(rows).breaks()
    assert (jump.lower, jump.jump) == (50_000 * WAD, 100 * WAD)


@given(sides, st.integers(1, 3_000), st.integers(1, 30_000))
def test_the_price_lies_in_its_own_bracket(side, size, wallet):
    cross = Cross(wallet * WAD, size * WAD, 100 * WAD)
    found = liquidation_price_wad(side, TABLE, cross=cross)
    if found is None:
        return
    mark = Fraction(found, WAD)
    need = Fraction(TABLE.maintenance(size * found), WAD)
    assert abs(wallet + side * size * (mark - 100) - need) <= Fraction(4 * size, WAD)


def test_a_short_climbs_into_a_higher_bracket():
    cross = Cross(20_000 * WAD, 1_000 * WAD, 45 * WAD)
    found = liquidation_price_wad(Side.SHORT, TABLE, cross=cross)
    assert TABLE.at(1_000 * found).rate_wad == WAD // 50


def test_gains_with_leverage_are_cut_first():
    def score(pnl, balance=100):
        return exchanges.adl_score_wad(pnl * WAD, notional=1_000 * WAD, balance=balance * WAD)

    scores = [score(50, 50), score(50), score(0), score(-10), score(-50), score(-100)]
    assert scores == sorted(scores, reverse=True)
    assert score(50, 50) == WAD // 2
    assert score(-50) == -WAD // 400


def test_the_other_venues_ranks():
    def rank(side, mark):
        return exchanges.bybit_adl_score_wad(
            side, mark_wad=mark * WAD, entry_wad=100 * WAD, leverage_wad=10 * WAD
        )

    assert rank(Side.LONG, 110) == rank(Side.SHORT, 90) == WAD
    assert rank(Side.LONG, 90) == rank(Side.SHORT, 110) == -WAD // 100
    assert exchanges.okx_adl_score_wad(WAD // 2, WAD // 4) == 2 * WAD


def test_nautilus_models():
    size = nautilus.notional(10 * WAD, 5_000 * WAD)
    rate = 35 * WAD // 100
    leveraged = nautilus.margin(MarginModel.LEVERAGED, size, rate_wad=rate, leverage_wad=10 * WAD)
    standard = nautilus.margin(MarginModel.STANDARD, size, rate_wad=rate, leverage_wad=10 * WAD)
    assert (leveraged, standard) == (1_750 * WAD, 17_500 * WAD)
    assert nautilus.notional(100 * WAD, 50 * WAD, inverse=True) == 2 * WAD


def test_nautilus_refuses_no_leverage():
    found = nautilus.margin(MarginModel.LEVERAGED, WAD, rate_wad=WAD, leverage_wad=0)
    assert found == LeverageRefused(0)


@given(notionals, notionals)
def test_nautilus_margin_grows_with_size_and_rounds_up(one, other):
    low, high = sorted((one, other))
    need = [
        nautilus.margin(MarginModel.LEVERAGED, size, rate_wad=WAD, leverage_wad=3 * WAD)
        for size in (low, high)
    ]
    assert need[0] <= need[1]
    assert 3 * need[0] >= low
