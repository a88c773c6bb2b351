"""Compound III: every rounding and edge against a second account of it, in exact fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor, trunc

from hypothesis import assume, given
from hypothesis import strategies as st

from trimtab.protocols import compound
from trimtab.protocols.compound import (
    Absorption,
    Account,
    CompoundRefusal,
    Market,
    Refused,
    Sale,
    present_value,
    principal_value,
)
from trimtab.units import WAD

CENT = 10**16
# Units of three tokens that divide nothing evenly, and prices of a few units.
COIN = compound.CollateralAsset(
    7,
    borrow_factor_wad=80 * CENT,
    liquidate_factor_wad=85 * CENT,
    liquidation_factor_wad=93 * CENT,
)
GEM = replace(COIN, unit=13, liquidate_factor_wad=77 * CENT, liquidation_factor_wad=91 * CENT)
MARKET = Market(
    "USD",
    base_unit=11,
    assets={"COIN": COIN, "GEM": GEM},
    supply_principal=10**6,
    borrow_principal=10**6,
    cash=10**6,
    store_front_factor_wad=60 * CENT,
    target_reserves=10**7,
    borrow_min=5,
)
few = st.integers(1, 60)
indices = st.integers(10**15, 2 * 10**15)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Account, dict[str, int], Market]:
    market = replace(MARKET, supply_index=draw(indices), borrow_index=draw(indices))
    prices = {"USD": draw(few), "COIN": draw(few), "GEM": draw(few)}
    held = {"COIN": draw(few), "GEM": draw(st.integers(0, 60))}
    return Account(draw(st.integers(-90, 5)), held), prices, market


def weighted(account: Account, prices: dict[str, int], *, field: str) -> int:
    """Collateral's values, down, times a factor, down."""
    total = 0
    for name, amount in account.collateral.items():
        asset = MARKET.assets[name]
        value = floor(Fraction(amount * prices[name], asset.unit))
        total += floor(Fraction(value * getattr(asset, field), WAD))
    return total


@given(situations())
def test_health_in_fractions(situation: tuple[Account, dict[str, int], Market]) -> None:
    account, prices, market = situation
    found = compound.health(account, prices, market=market)
    balance = present_value(account.principal, market)
    base = trunc(Fraction(balance * prices["USD"], market.base_unit))
    borrowing = base + weighted(account, prices, field="borrow_factor_wad")
    keeping = base + weighted(account, prices, field="liquidate_factor_wad")
    assert (found.balance, found.base_value) == (balance, base)
    assert (found.borrow_liquidity, found.liquidation_liquidity) == (borrowing, keeping)
    owes = account.principal < 0
    assert found.borrow_collateralized == (not owes or borrowing >= 0)
    assert found.liquidatable == (owes and keeping < 0)


@given(situations())
def test_absorption_in_fractions(situation: tuple[Account, dict[str, int], Market]) -> None:
    account, prices, market = situation
    found = compound.liquidate(account, prices, market=market)
    if isinstance(found, Refused):
        stood = compound.health(account, prices, market=market)
        reason = CompoundRefusal.NOT_LIQUIDATABLE
        assert found == Refused(reason, stood.liquidation_liquidity, -1)
        return
    balance = present_value(account.principal, market)
    value = weighted(account, prices, field="liquidation_factor_wad")
    credit = floor(Fraction(value * market.base_unit, prices["USD"]))
    after = max(balance + credit, 0)
    principal = principal_value(after, market)
    settled = replace(
        market,
        supply_principal=market.supply_principal + principal,
        borrow_principal=market.borrow_principal + account.principal,
    )
    assert found == Absorption(
        seized={name: amount for name, amount in account.collateral.items() if amount},
        credit_value=value,
        debt=-balance,
        base_paid_out=after - balance,
        surplus=after,
        shortfall=max(-balance - credit, 0),
        reserves_before=compound.reserves(market),
        reserves_after=compound.reserves(settled),
        account=Account(principal),
        market=settled,
    )


factors = st.integers(0, 10**4).map(lambda n: n * 10**14)


@given(factors, factors, st.integers(1, 10**9), few, st.integers(0, 500))
def test_a_quote_in_fractions(
    front_wad: int, factor_wad: int, price: int, base_price: int, paid: int
) -> None:
    asset = replace(COIN, liquidation_factor_wad=factor_wad)
    market = replace(MARKET, assets={"COIN": asset}, store_front_factor_wad=front_wad)
    discount = floor(Fraction(front_wad * (WAD - factor_wad), WAD))
    low = floor(Fraction(price * (WAD - discount), WAD))
    assume(low > 0)
    expected = floor(Fraction(floor(Fraction(base_price * paid * asset.unit, low)), 11))
    prices = {"USD": base_price, "COIN": price}
    assert compound.quote_collateral("COIN", paid, prices=prices, market=market) == expected


def test_a_discount_and_the_price_after_it_round_down() -> None:
    """A factor of a third and a rest: the discount's last digit falls, so does the price's."""
    third = replace(COIN, unit=1, liquidation_factor_wad=0)
    market = replace(
        MARKET, assets={"COIN": third}, base_unit=1, store_front_factor_wad=333333333333333333
    )
    # 3 units less a third of them are 2.000000000000000001, so 2: a unit costs 2.
    prices = {"USD": 1, "COIN": 3}
    assert compound.quote_collateral("COIN", 2, prices=prices, market=market) == 1
    thin = replace(third, liquidation_factor_wad=WAD - 10**14)
    market = replace(market, assets={"COIN": thin}, store_front_factor_wad=10**3)
    # A discount of 0.1 of the last digit is none: all that was paid for comes out.
    prices = {"USD": 1, "COIN": WAD}
    assert compound.quote_collateral("COIN", WAD, prices=prices, market=market) == 1
    assert compound.quote_collateral("COIN", WAD - 1, prices=prices, market=market) == 0


def sale(paid: int, *, own: int, stock: int = 10, least: int = 0) -> Sale | Refused:
    market = replace(MARKET, supply_principal=0, borrow_principal=0, cash=own, target_reserves=50)
    prices = {"USD": 1, "COIN": 10**6}
    return compound.buy_collateral(
        "COIN", paid, prices=prices, market=market, stock=stock, out_min=least
    )


def test_sales_go_on_below_the_target_and_below_zero() -> None:
    assert sale(1, own=50) == Refused(CompoundRefusal.NOT_FOR_SALE, 50, 50)
    assert isinstance(sale(1, own=49), Sale)
    assert isinstance(sale(1, own=-1), Sale)
    none = replace(MARKET, supply_principal=0, borrow_principal=0, cash=0, target_reserves=0)
    prices = {"USD": 1, "COIN": 10**6}
    at_zero = compound.buy_collateral("COIN", 1, prices=prices, market=none, stock=1)
    assert at_zero == Refused(CompoundRefusal.NOT_FOR_SALE, 0, 0)
    below = compound.buy_collateral(
        "COIN", 1, prices=prices, market=replace(none, cash=-1), stock=1
    )
    assert isinstance(below, Sale)


def test_a_sale_takes_the_whole_stock_and_not_a_unit_more() -> None:
    paid = 11 * 958_000
    quoted = sale(paid, own=0)
    assert isinstance(quoted, Sale)
    out = quoted.collateral_out
    assert out > 1
    assert isinstance(sale(paid, own=0, stock=out, least=out), Sale)
    short = sale(paid, own=0, stock=out - 1)
    assert short == Refused(CompoundRefusal.INSUFFICIENT_RESERVES, out - 1, out)
    slipped = sale(paid, own=0, least=out + 1)
    assert slipped == Refused(CompoundRefusal.TOO_MUCH_SLIPPAGE, out, out + 1)


def test_nothing_is_asked_of_who_asks_for_nothing() -> None:
    free = sale(0, own=0)
    assert isinstance(free, Sale)
    assert free.collateral_out == 0


def test_the_least_borrow_binds_a_debt_and_not_an_end_of_supply() -> None:
    rich = {"COIN": 10**9}
    prices = {"USD": 1, "COIN": 10}

    def drawn(principal: int, amount: int) -> tuple[Account, Market] | Refused:
        account = Account(principal, rich)
        return compound.borrow(account, prices, market=MARKET, amount=amount)

    least = CompoundRefusal.BORROW_TOO_SMALL
    assert drawn(0, 4) == Refused(least, 4, 5)
    assert not isinstance(drawn(0, 5), Refused)
    ended = drawn(7, 7)
    assert not isinstance(ended, Refused)
    assert ended[0].principal == 0
    assert drawn(7, 8) == Refused(least, 1, 5)


def test_a_supply_is_worth_what_it_is() -> None:
    found = compound.health(Account(5), {"USD": 24}, market=MARKET)
    assert (found.balance, found.base_value) == (5, 10)  # 5 * 24 / 11, cut


def test_an_account_of_nothing() -> None:
    assert Account() == Account(0, {})
    found = compound.health(Account(), {"USD": 1}, market=MARKET)
    assert (found.borrow_collateralized, found.liquidatable) == (True, False)
