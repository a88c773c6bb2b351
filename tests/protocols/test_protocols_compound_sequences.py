"""Compound and Morpho: time, borrows and absorptions in any order keep the books."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols import compound, morpho
from trimtab.units import WAD, YEAR_SECONDS

CENT = 10**16
ETH = compound.CollateralAsset(10**18, 80 * CENT, 85 * CENT, liquidation_factor_wad=93 * CENT)
MARKET = compound.Market(
    "USD",
    base_unit=10**6,
    assets={"ETH": ETH},
    supply_principal=10**13,
    cash=10**13,
    supply_curve=compound.RateCurve.of_year(85 * CENT, [0, 4 * CENT, 3 * WAD]),
    borrow_curve=compound.RateCurve.of_year(80 * CENT, [CENT, 3 * CENT, 4 * WAD]),
)

prices_of_eth = st.integers(100 * 10**8, 4_000 * 10**8)
acts = st.lists(
    st.tuples(
        st.sampled_from(["wait", "borrow", "absorb"]),
        st.integers(0, YEAR_SECONDS // 12),
        prices_of_eth,
    ),
    max_size=12,
)


@given(st.lists(st.integers(10**15, 10**20), min_size=1, max_size=4), acts)
def test_the_totals_of_compound_are_the_sums_of_its_accounts(pledges, steps):
    market = MARKET
    accounts = [compound.Account(0, {"ETH": pledge}) for pledge in pledges]
    for place, (act, number, price) in enumerate(steps):
        one = place % len(accounts)
        prices = {"USD": 10**8, "ETH": price}
        if act == "wait":
            market = compound.accrue(market, number)
        elif act == "borrow":
            drawn = compound.borrow(
                accounts[one], prices, market=market, amount=number * 10_000 + 1
            )
            if not isinstance(drawn, compound.Refused):
                accounts[one], market = drawn
        else:
            found = compound.liquidate(accounts[one], prices, market=market)
            if isinstance(found, compound.Absorption):
                accounts[one], market = found.account, found.market
                assert found.reserves_after <= found.reserves_before
        owed = sum(max(-account.principal, 0) for account in accounts)
        held = sum(max(account.principal, 0) for account in accounts)
        assert market.borrow_principal == owed
        assert market.supply_principal == MARKET.supply_principal + held
        assert market.supply_index >= 10**15 <= market.borrow_index


@given(st.integers(10**15, 10**22), st.integers(1, 10**10), acts)
def test_lenders_of_morpho_lose_bad_debt_and_nothing_else(collateral, rate_wad, steps):
    market = morpho.Market(86 * CENT, supply_assets=10**27, supply_shares=10**33)
    position, lost = morpho.Position(collateral), 0
    for act, number, price in steps:
        scaled = price * 10**28
        if act == "wait":
            before = market
            market = morpho.accrue(market, number, rate_wad=rate_wad)
            assert market.supply_assets - before.supply_assets == (
                market.borrow_assets - before.borrow_assets
            )
        elif act == "borrow":
            drawn = morpho.borrow(position, scaled, market=market, assets=number * 10**12 + 1)
            if not isinstance(drawn, morpho.Refused):
                position, market = drawn
        elif position.collateral:
            taken = max(position.collateral * (number % 100 + 1) // 100, 1)
            found = morpho.liquidate(position, scaled, market=market, seized=taken)
            if isinstance(found, morpho.Liquidation):
                assert market.supply_assets - found.market.supply_assets == found.bad_debt_assets
                position, market, lost = found.position, found.market, lost + found.bad_debt_assets
        assert market.borrow_shares == position.borrow_shares
        assert market.borrow_assets >= 0
        # All that is lent out is owed, but for a unit of each rounding.
        assert market.supply_assets + lost >= 10**27
