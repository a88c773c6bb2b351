"""Value types: legal products by name, illegal ones a TypeError, rounding on the named side."""

from __future__ import annotations

import dataclasses
import itertools
import operator
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import (
    WAD,
    Amount,
    NumberError,
    Price,
    Rate,
    Ratio,
    Time,
    Unit,
    Value,
)

ETH = Unit("ETH", 18)
USDC = Unit("USDC", 6)

ONE_OF_EACH = [Amount(3, ETH), Price(3, ETH), Value(3), Ratio(3), Rate(3), Time(3), 3, 3.0]
SCALARS = [Value, Ratio, Rate, lambda raw: Amount(raw, ETH), lambda raw: Price(raw, ETH)]

raws = st.integers(-(10**40), 10**40)
units = st.builds(Unit, st.just("X"), st.integers(0, 36))


@pytest.mark.parametrize("make", SCALARS)
def test_one_kind_adds_subtracts_and_compares(make):
    assert make(2) + make(3) == make(5)
    assert make(2) - make(3) == make(-1)
    assert make(2) < make(3) <= make(3)
    assert make(3) > make(2) >= make(2)
    assert not make(3) < make(3)
    assert hash(make(2)) == hash(make(2))


@pytest.mark.parametrize(("left", "right"), list(itertools.permutations(ONE_OF_EACH, 2)))
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.lt, operator.ge])
def test_kinds_do_not_mix(left, right, operation):
    if isinstance(left, int | float) and isinstance(right, int | float):
        return
    with pytest.raises(TypeError):
        operation(left, right)
    assert left != right


@pytest.mark.parametrize(("left", "right"), list(itertools.product(ONE_OF_EACH[:6], ONE_OF_EACH)))
@pytest.mark.parametrize("operation", [operator.mul, operator.truediv, operator.floordiv])
def test_nothing_multiplies_or_divides_without_a_name(left, right, operation):
    with pytest.raises(TypeError):
        operation(left, right)
    with pytest.raises(TypeError):
        operation(right, left)


@pytest.mark.parametrize("kind", [Amount, Price])
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.lt, operator.le])
def test_different_assets_do_not_mix_and_both_are_named(kind, operation):
    with pytest.raises(TypeError, match=r"ETH .* and USDC"):
        operation(kind(1, ETH), kind(1, USDC))


def test_one_name_with_other_decimals_is_another_asset():
    with pytest.raises(TypeError, match=r"USDC \(6 decimals\) and USDC \(18\)"):
        Amount(1, USDC) + Amount(1, Unit("USDC", 18))


def test_a_price_values_its_own_asset_alone():
    price = Price.parse("2000", ETH)
    for value_of in (price.value_of_down, price.value_of_up):
        with pytest.raises(TypeError, match="Price and Amount must be of one asset"):
            value_of(Amount(1, USDC))


def test_values_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Value(1).raw = 2


@pytest.mark.parametrize("kind", [Value, Ratio, Rate])
@pytest.mark.parametrize("raw", [1.0, "1", None, Fraction(1)])
def test_raw_is_an_integer(kind, raw):
    with pytest.raises(AssertionError):
        kind(raw)


@pytest.mark.parametrize(("asset", "decimals"), [("ETH", -1), ("ETH", 37), ("", 18)])
def test_units_have_a_name_and_sane_decimals(asset, decimals):
    with pytest.raises(AssertionError):
        Unit(asset, decimals)


def test_a_worked_example():
    price = Price.parse("2000.5", ETH)
    value = price.value_of_down(Amount.parse("1.5", ETH))
    assert value.text() == "3000.75"
    assert value.weighted_down(Ratio.parse("0.83")).text() == "2490.6225"
    assert price.amount_for_up(value).text() == "1.5"
    assert (-value).text() == "-3000.75"
    assert (-Amount.parse("1.5", ETH)).text() == "-1.5"


@given(raws, st.integers(0, 10**30), units)
def test_value_of_brackets_the_exact_value(amount_raw, price_raw, unit):
    exact = Fraction(amount_raw * price_raw, 10**unit.decimals)
    price, amount = Price(price_raw, unit), Amount(amount_raw, unit)
    down, up = price.value_of_down(amount).raw, price.value_of_up(amount).raw
    assert down <= exact <= up
    assert up - down == (exact.denominator != 1)


@given(raws, st.integers(1, 10**30), units)
def test_amount_for_brackets_the_exact_amount(value_raw, price_raw, unit):
    exact = Fraction(value_raw * 10**unit.decimals, price_raw)
    price, value = Price(price_raw, unit), Value(value_raw)
    down, up = price.amount_for_down(value), price.amount_for_up(value)
    assert down.raw <= exact <= up.raw
    assert up.raw - down.raw == (exact.denominator != 1)
    assert price.value_of_down(down) <= value <= price.value_of_up(up)


@given(raws, raws)
def test_weighted_brackets_the_exact_value(value_raw, ratio_raw):
    exact = Fraction(value_raw * ratio_raw, WAD)
    down, up = (
        Value(value_raw).weighted_down(Ratio(ratio_raw)),
        Value(value_raw).weighted_up(Ratio(ratio_raw)),
    )
    assert down.raw <= exact <= up.raw
    assert up.raw - down.raw == (exact.denominator != 1)


@pytest.mark.parametrize("price_raw", [0, -1])
def test_no_amount_has_a_worthless_price(price_raw):
    with pytest.raises(AssertionError):
        Price(price_raw, ETH).amount_for_down(Value(1))


@given(raws, units)
def test_text_then_parse_is_the_identity(raw, unit):
    assert Amount.parse(Amount(raw, unit).text(), unit) == Amount(raw, unit)
    assert Price.parse(Price(raw, unit).text(), unit) == Price(raw, unit)
    for kind in (Value, Ratio, Rate):
        assert kind.parse(kind(raw).text()) == kind(raw)


def test_each_kind_parses_in_its_own_scale():
    assert Amount.parse("1", USDC).raw == 10**6
    assert Price.parse("1", USDC).raw == 10**18
    assert Value.parse("-1").raw == -(10**18)
    assert Ratio.parse("0.83").raw == 83 * 10**16
    assert Rate.parse("1e-9").raw == 10**18


def test_digits_past_the_scale_are_refused():
    with pytest.raises(NumberError, match="at most 6 decimal places"):
        Amount.parse("0.0000001", USDC)
