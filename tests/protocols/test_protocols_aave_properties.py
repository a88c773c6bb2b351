"""Aave v3: what holds of every liquidation, and how the versions round."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.protocols import aave
from trimtab.protocols.aave import V3_6, V3_7, Binding, Refused
from trimtab.units import RAY, UINT256_MAX, WAD

DOLLAR = 10**8
ETH = aave.Reserve(18, ltv_bps=8_000, threshold_bps=8_250, bonus_bps=10_500, fee_bps=1_000)
USD = aave.Reserve(6)
PRICES = {"ETH": 2_000 * DOLLAR, "USD": DOLLAR}
ALL = aave.Call("ETH", "USD", UINT256_MAX)
versions = st.sampled_from(list(aave.VERSIONS.values()))


def position(eth, owed, *, eth_reserve=ETH, usd_reserve=USD):
    return aave.Position(
        {
            "ETH": aave.Holding(eth_reserve, scaled_supply=eth),
            "USD": aave.Holding(usd_reserve, scaled_debt=owed),
        }
    )


eths, debts = st.integers(10**12, 10**22), st.integers(1, 10**14)
covers = st.integers(1, 10**14) | st.just(UINT256_MAX)
indexed = st.integers(RAY, 2 * RAY)


@given(eths, debts, covers, versions, indexed, indexed)
def test_no_liquidation_takes_more_than_there_is(eth, owed, cover, version, one_ray, other_ray):
    held = position(
        eth,
        owed,
        eth_reserve=replace(ETH, liquidity_index_ray=one_ray),
        usd_reserve=replace(USD, borrow_index_ray=other_ray),
    )
    found = aave.liquidate(held, PRICES, version=version, call=replace(ALL, debt_to_cover=cover))
    assume(isinstance(found, aave.Liquidation))
    supply, debt = held.holdings["ETH"].supply(version), held.holdings["USD"].debt(version)
    assert found.seizure.seized <= supply
    assert 0 <= found.seizure.debt_repaid <= min(found.debt_limit, cover)
    assert found.debt_limit <= debt
    assert found.fee_paid <= found.seizure.fee
    after = found.position.holdings
    assert after["ETH"].scaled_supply >= 0 <= after["USD"].scaled_debt
    assert found.before.health_wad < WAD
    # Deficit and payment account for all that leaves, but for a unit of scaling.
    gone = debt - after["USD"].debt(version)
    assert abs(gone - found.seizure.debt_repaid - found.deficit.get("USD", 0)) <= 2


@given(eths, debts, covers, indexed)
def test_version_3_7_rounds_for_the_borrower_and_then_for_the_protocol(eth, owed, cover, index_ray):
    held = position(eth, owed, eth_reserve=replace(ETH, liquidity_index_ray=index_ray))
    found = aave.liquidate(held, PRICES, version=V3_7, call=replace(ALL, debt_to_cover=cover))
    assume(isinstance(found, aave.Liquidation))
    taken = found.seizure
    # What all of the collateral pays for is floored to units of debt before the bonus.
    paid = taken.debt_repaid + (taken.binding is Binding.WHOLE_COLLATERAL)
    fair = Fraction(paid * 10**12, 2_000) * Fraction(10_500, 10_000)
    assert taken.seized <= fair
    bonus = taken.seized - Fraction(taken.seized * 10_000, 10_500)
    assert taken.fee >= bonus / 10
    assert taken.fee < bonus / 10 + 2


@given(eths, debts, covers)
def test_the_versions_differ_by_rounding_alone_where_the_size_is_asked(eth, owed, cover):
    held = position(eth, owed)
    call = replace(ALL, debt_to_cover=cover)
    older = aave.liquidate(held, PRICES, version=V3_6, call=call)
    newer = aave.liquidate(held, PRICES, version=V3_7, call=call)
    assert isinstance(older, Refused) == isinstance(newer, Refused)
    if isinstance(older, Refused) or isinstance(newer, Refused):
        return
    assert older.seizure.debt_repaid == newer.seizure.debt_repaid
    assert 0 <= older.seizure.seized - newer.seizure.seized <= 1
    assert abs(newer.seizure.fee - older.seizure.fee) <= 2


@given(st.integers(10**18, 10**22), st.integers(9_000, 9_999), versions, st.integers(1, 100))
def test_inside_the_spiral_bound_health_does_not_fall(eth, per_myriad, version, part):
    """Threshold times bonus is 0.866, so at a health above it a liquidation helps."""
    owed = eth * 1_650 * 10_000 // per_myriad // 10**12
    call = replace(ALL, debt_to_cover=owed * part // 250 + 1)
    found = aave.liquidate(position(eth, owed), PRICES, version=version, call=call)
    assume(isinstance(found, aave.Liquidation))
    floored = 0 if version.rounds_balances else 10_000
    noise = WAD * (1 + floored) // max(found.after.debt_value, 1) + 2
    assert found.after.health_wad >= found.before.health_wad - noise


@given(eths, debts, versions)
def test_a_bonus_beyond_the_collateral_is_the_only_way_to_bad_debt(eth, owed, version):
    found = aave.liquidate(position(eth, owed), PRICES, version=version, call=ALL)
    assume(isinstance(found, aave.Liquidation))
    if found.deficit:
        assert version.books_deficit
        assert found.collateral_gone
        assert found.seizure.binding is Binding.WHOLE_COLLATERAL
        assert sum(found.deficit.values()) == owed - found.seizure.debt_repaid
