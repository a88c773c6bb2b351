"""Aave: liquidations one after the other, until none is left to make."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import aave, aave_v4
from trimtab.units import RAY, UINT256_MAX, WAD

DOLLAR = 10**8
ETH = aave.Reserve(18, ltv_bps=8_000, threshold_bps=8_250, bonus_bps=10_500, fee_bps=1_000)
BTC = aave.Reserve(8, ltv_bps=7_000, threshold_bps=7_500, bonus_bps=11_000)
PRICES = {"ETH": 2_000 * DOLLAR, "BTC": 60_000 * DOLLAR, "USD": DOLLAR, "EUR": 108_000_000}
STEPS_MAX = 12

versions = st.sampled_from(list(aave.VERSIONS.values()))
tokens = st.sampled_from(["ETH", "BTC"])
covers = st.sampled_from([UINT256_MAX, 10**9, 5 * 10**9])
calls = st.lists(
    st.builds(aave.Call, tokens, st.sampled_from(["USD", "EUR"]), covers),
    min_size=1,
    max_size=STEPS_MAX,
)


@st.composite
def positions(draw):
    index_ray = draw(st.integers(RAY, 2 * RAY))
    usd = aave.Reserve(6, borrow_index_ray=index_ray)
    return aave.Position(
        {
            "ETH": aave.Holding(ETH, scaled_supply=draw(st.integers(0, 10**19))),
            "BTC": aave.Holding(BTC, scaled_supply=draw(st.integers(0, 10**8))),
            "USD": aave.Holding(usd, scaled_debt=draw(st.integers(0, 10**11))),
            "EUR": aave.Holding(aave.Reserve(6), scaled_debt=draw(st.integers(0, 10**11))),
        }
    )


@given(positions(), versions, calls)
def test_books_balance_through_any_sequence(held, version, asked):
    """What has left the account is what was paid, seized and booked, call after call."""
    debts = {name: held.holdings[name].debt(version) for name in ("USD", "EUR")}
    supplies = {name: held.holdings[name].supply(version) for name in ("ETH", "BTC")}
    done = 0
    for call in asked:
        found = aave.liquidate(held, PRICES, version=version, call=call)
        if isinstance(found, aave.Refused):
            continue
        done += 1
        assert found.before.liquidatable
        debts[call.debt] -= found.seizure.debt_repaid
        for name, amount in found.deficit.items():
            debts[name] -= amount
        supplies[call.collateral] -= found.seizure.to_liquidator + found.fee_paid
        held = found.position
        if found.deficit:
            assert found.after.debt_value == 0
    for name, left in debts.items():
        assert abs(held.holdings[name].debt(version) - left) <= 2 * done
    for name, left in supplies.items():
        assert abs(held.holdings[name].supply(version) - left) <= 2 * done


@given(positions(), versions, calls)
def test_the_healthy_are_left_alone_whatever_is_asked(held, version, asked):
    found = aave.health(held, PRICES, version=version)
    if found.liquidatable:
        return
    for call in asked:
        assert isinstance(aave.liquidate(held, PRICES, version=version, call=call), aave.Refused)


V4_CONFIG = aave_v4.Config(11 * 10**17, 9 * 10**17, bonus_factor_bps=3_000)
V4_ETH = aave_v4.Reserve(
    10**18, 2_000 * DOLLAR, factor_bps=8_000, max_bonus_bps=10_800, fee_bps=500
)
V4_BTC = aave_v4.Reserve(10**8, 60_000 * DOLLAR, factor_bps=7_500, max_bonus_bps=11_000)


@given(
    st.integers(0, 10**20),
    st.integers(0, 10**9),
    st.integers(0, 10**12),
    st.lists(st.builds(aave_v4.Call, tokens, st.just("USD"), covers), max_size=6),
)
def test_books_of_version_4_balance_through_any_sequence(eth, btc, owed, asked):
    held = {
        "ETH": aave_v4.Holding(V4_ETH, supply=eth),
        "BTC": aave_v4.Holding(V4_BTC, supply=btc),
        "USD": aave_v4.Holding(aave_v4.Reserve(10**6, DOLLAR), debt=owed),
    }
    for call in asked:
        found = aave_v4.liquidate(held, V4_CONFIG, call=call)
        if isinstance(found, aave_v4.Refused):
            continue
        taken, after = found.amounts, found.position
        assert found.before.health_wad < WAD
        seized = held[call.collateral].supply - after[call.collateral].supply
        assert seized == taken.collateral
        gone = held["USD"].debt - after["USD"].debt
        assert gone == taken.debt + found.deficit.get("USD", 0)
        if found.deficit:
            assert found.after.collateral_count == 0 == found.after.debt_count
        held = after
