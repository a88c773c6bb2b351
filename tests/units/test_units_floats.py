"""The float bridge is correctly rounded both ways."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import UINT256_MAX, NumberError, fixed_of, float_of

raws = st.integers(-(10**300), 10**300) | st.integers(-UINT256_MAX, UINT256_MAX)
places = st.integers(0, 72)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(raws, places)
def test_float_of_is_the_nearest_float(raw, decimals):
    x = float_of(raw, decimals)
    exact = Fraction(raw, 10**decimals)
    for neighbor in (math.nextafter(x, -math.inf), math.nextafter(x, math.inf)):
        assert abs(Fraction(x) - exact) <= abs(Fraction(neighbor) - exact)


@given(finite, places)
def test_fixed_of_is_the_nearest_integer_with_ties_away_from_zero(x, decimals):
    exact = Fraction(x) * 10**decimals
    magnitude = math.floor(abs(exact) + Fraction(1, 2))
    assert fixed_of(x, decimals) == (-magnitude if x < 0 else magnitude)


@given(st.integers(-(2**53), 2**53), st.integers(0, 18))
def test_fifteen_digits_survive_the_round_trip(raw, decimals):
    shortened = raw // 10
    assert fixed_of(float_of(shortened, decimals), decimals) == shortened


@pytest.mark.parametrize(
    ("x", "decimals", "raw"),
    [
        (0.5, 0, 1),
        (-0.5, 0, -1),
        (1.5, 0, 2),
        (2.5, 0, 3),
        (0.1, 1, 1),
        (-0.0, 18, 0),
        (1e300, 0, int(1e300)),
    ],
)
def test_fixed_of_examples(x, decimals, raw):
    assert fixed_of(x, decimals) == raw


def test_no_overflow_below_the_largest_float():
    assert float_of(10**308, 0) == 1e308
    assert float_of(10**370, 72) == 1e298
    assert float_of(1, 72) == 1e-72


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
def test_fixed_of_refuses_what_is_not_finite(x):
    with pytest.raises(NumberError, match="not finite"):
        fixed_of(x, 18)
