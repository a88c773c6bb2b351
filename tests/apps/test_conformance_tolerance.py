"""When an answer counts as the expected one."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.apps.conformance.tolerance import (
    EXACT,
    Tolerance,
    differences,
    number_of,
    parse_tolerance,
)
from trimtab.units import DataError


def wrong(expected, found, tolerance=EXACT):
    return differences(expected, found, tolerance=tolerance)


@given(st.integers())
def test_an_integer_answers_the_text_of_its_digits(number):
    assert wrong(str(number), number) == []
    assert wrong(number, str(number)) == []
    assert wrong(str(number), number + 1) == [f"expected {number}, found {number + 1}"]


def test_digits_beyond_a_float_count():
    assert wrong(str(10**40), 10**40) == []
    assert wrong(str(10**40), 10**40 + 1)
    assert wrong(Decimal("0.1"), Fraction(1, 10)) == []
    assert wrong(Decimal("0.1"), 0.1)


@pytest.mark.parametrize("other", [1, "1", "true", None])
def test_a_truth_is_only_a_truth(other):
    assert wrong(True, True) == []
    assert wrong(True, False)
    assert wrong(True, other)
    assert wrong(other, True)


def test_texts_and_nothing_are_compared_as_they_are():
    assert wrong("vault", "vault") == []
    assert wrong("vault", "volt")
    assert wrong(None, None) == []
    assert wrong(None, 0)
    assert wrong("1/2", Fraction(1, 2))


def test_a_single_entry_answers_a_bare_value():
    assert wrong("5", {"result": 5}) == []
    assert wrong("5", {"result": 5, "other": 6})


def test_mappings_need_the_expected_keys_and_may_have_more():
    expected = {"a": "1", "deep": {"b": ["2", True]}}
    assert wrong(expected, {"a": 1, "deep": {"b": (2, True)}, "more": 0}) == []
    assert wrong(expected, {"a": 1}) == ["deep: not answered"]
    assert wrong(expected, {"a": 1, "deep": {"b": [3, True]}}) == ["deep.b[0]: expected 2, found 3"]
    assert wrong(expected, 5)
    assert wrong({"b": ["2"]}, {"b": [2, 3]})
    assert wrong({"b": ["2"]}, {"b": "2"})


@pytest.mark.parametrize(
    ("spec", "near", "far"),
    [
        ({"type": "absolute", "value": Decimal("0.1")}, "100.1", "100.11"),
        ({"type": "relative", "value": Decimal("1e-3"), "absolute_below": 1}, "100.1", "100.11"),
        ({"type": "relative", "value": "0.001"}, "99.9", "99.89"),
        ({"type": "exact"}, "100.0", "100.0000000000000000001"),
    ],
)
def test_the_bound_itself_is_inside(spec, near, far):
    tolerance = parse_tolerance(spec)
    assert wrong("100", Decimal(near), tolerance) == []
    assert wrong("100", Decimal(far), tolerance)


def test_a_relative_bound_is_absolute_for_small_numbers():
    tolerance = Tolerance(Fraction(1, 100), relative=True, absolute_below=Fraction(1))
    assert wrong("0.5", Decimal("0.51"), tolerance) == []
    assert wrong("0", Decimal("0.01"), tolerance) == []
    assert wrong("-1", Decimal("-1.01"), tolerance) == []
    assert wrong("0.5", Decimal("0.511"), tolerance)


@pytest.mark.parametrize(
    "spec",
    [
        None,
        {},
        {"type": "close"},
        {"type": "relative"},
        {"type": "absolute", "value": "wide"},
        {"type": "absolute", "value": -1},
        {"type": "relative", "value": 1, "absolute_below": None},
    ],
)
def test_no_tolerance_is_bad_data(spec):
    with pytest.raises(DataError):
        parse_tolerance(spec)


# A bound inside what is expected


ANNUAL = {
    "rate": "3",
    "annual_supply_target": "4000",
    "annual_borrow_target": "15000",
    "annual_tolerance": "10",
    "within_tolerance": True,
}


@pytest.mark.parametrize(
    ("supply", "borrow", "rate", "count"),
    [(4010, 14990, 3, 0), (4011, 15000, 3, 1), (3989, 15011, 3, 2), (4000, 15000, 4, 1)],
)
def test_a_bound_of_its_own_holds_what_has_its_name(supply, borrow, rate, count):
    found = {"rate": rate, "annual_supply": supply, "annual_borrow": borrow}
    assert len(wrong(ANNUAL, found)) == count


def test_a_case_may_expect_to_miss_its_bound():
    expected = {**ANNUAL, "within_tolerance": False}
    found = {"rate": 3, "annual_supply": 4000, "annual_borrow": 15000}
    assert wrong(expected, found) == ["within_tolerance: expected False, found True"]
    assert wrong(expected, {**found, "annual_supply": 5000}) == []


def test_the_longest_name_decides_the_bound():
    expected = {"x": "10", "x_y": "10", "x_tolerance": "5", "x_y_tolerance": "1"}
    assert wrong(expected, {"x": 15, "x_y": 11}) == []
    assert len(wrong(expected, {"x": 16, "x_y": 12})) == 2
    assert len(wrong(expected, {"x": 10})) == 1


def test_without_a_bound_its_words_are_plain_keys():
    assert wrong({"within_tolerance": True}, {"within_tolerance": True}) == []
    assert wrong({"within_tolerance": True, "b": "1"}, {"b": 1})
    assert wrong({"x_target": "5"}, {"x_target": 5}) == []


def test_what_is_a_number():
    assert number_of("1e3") == 1000
    assert number_of(True) is None
    assert number_of("nan") is None
    assert number_of([1]) is None
    assert number_of(Decimal("Infinity")) is None


def test_long_answers_are_cut():
    (line,) = wrong("1", "9" * 500)
    assert len(line) < 200
