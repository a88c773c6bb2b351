"""Fixed point: the name says the rounding, and the rounding is what the name says."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import fixed
from trimtab.units.errors import NumberError
from trimtab.units.fixed import RAY, UINT256_MAX, WAD, YEAR_SECONDS

naturals = st.integers(0, UINT256_MAX) | st.integers(0, 1000)
positives = st.integers(1, UINT256_MAX) | st.integers(1, 1000)
smalls = st.integers(0, 50)

# name: (exact result in the result's own unit, arguments that are positive)
SCALED = {
    "wad_mul": lambda a, b: Fraction(a * b, WAD),
    "wad_div": lambda a, b: Fraction(a * WAD, b),
    "ray_mul": lambda a, b: Fraction(a * b, RAY),
    "ray_div": lambda a, b: Fraction(a * RAY, b),
}


def assert_roundings(exact, down, up, half_up):
    assert down <= exact < down + 1
    assert up - 1 < exact <= up
    assert half_up - Fraction(1, 2) <= exact < half_up + Fraction(1, 2)


def test_scales_are_what_they_say():
    assert (WAD, RAY) == (10**18, 10**27)
    assert YEAR_SECONDS == 31_536_000
    assert fixed.NANOSECONDS == 1_000_000_000
    assert UINT256_MAX.bit_length() == 256
    assert UINT256_MAX + 1 == 1 << 256


@pytest.mark.parametrize(
    ("a", "b", "denominator", "down", "half_up", "up"),
    [
        (0, 7, 3, 0, 0, 0),
        (6, 1, 3, 2, 2, 2),
        (7, 1, 3, 2, 2, 3),
        (8, 1, 3, 2, 3, 3),
        (5, 1, 2, 2, 3, 3),
        (1, 1, 2, 0, 1, 1),
        (1, 1, 10**30, 0, 0, 1),
        (UINT256_MAX, UINT256_MAX, 1, UINT256_MAX**2, UINT256_MAX**2, UINT256_MAX**2),
    ],
)
def test_mul_div_examples(a, b, denominator, down, half_up, up):
    assert fixed.mul_div_down(a, b, denominator) == down
    assert fixed.mul_div_half_up(a, b, denominator) == half_up
    assert fixed.mul_div_up(a, b, denominator) == up


@given(naturals, naturals, positives)
def test_mul_div_brackets_the_exact_quotient(a, b, denominator):
    assert_roundings(
        Fraction(a * b, denominator),
        fixed.mul_div_down(a, b, denominator),
        fixed.mul_div_up(a, b, denominator),
        fixed.mul_div_half_up(a, b, denominator),
    )


@given(smalls, smalls, st.integers(1, 50))
def test_mul_div_brackets_small_quotients_with_ties(a, b, denominator):
    assert_roundings(
        Fraction(a * b, denominator),
        fixed.mul_div_down(a, b, denominator),
        fixed.mul_div_up(a, b, denominator),
        fixed.mul_div_half_up(a, b, denominator),
    )


@given(naturals, positives)
def test_div_brackets_the_exact_quotient(a, b):
    assert fixed.div_down(a, b) <= Fraction(a, b) <= fixed.div_up(a, b)
    assert fixed.div_up(a, b) - fixed.div_down(a, b) == (a % b != 0)


@pytest.mark.parametrize("name", sorted(SCALED))
@given(a=naturals, b=positives)
def test_scaled_operations_bracket_the_exact_result(name, a, b):
    assert_roundings(
        SCALED[name](a, b),
        getattr(fixed, f"{name}_down")(a, b),
        getattr(fixed, f"{name}_up")(a, b),
        getattr(fixed, f"{name}_half_up")(a, b),
    )


@pytest.mark.parametrize("rounding", ["down", "up", "half_up"])
@given(a=naturals, more=naturals, b=naturals, denominator=positives)
def test_mul_div_never_falls_when_a_factor_grows(rounding, a, more, b, denominator):
    mul_div = getattr(fixed, f"mul_div_{rounding}")
    assert mul_div(a, b, denominator) <= mul_div(a + more, b, denominator)
    assert mul_div(a, b, denominator) >= mul_div(a, b, denominator + more)


@given(naturals, positives)
def test_a_value_never_grows_by_a_round_trip_rounded_down(a, b):
    assert fixed.wad_mul_down(fixed.wad_div_down(a, b), b) <= a
    assert fixed.wad_mul_up(fixed.wad_div_up(a, b), b) >= a


@pytest.mark.parametrize("name", ["mul_div_down", "mul_div_up", "mul_div_half_up"])
@pytest.mark.parametrize("arguments", [(-1, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, -1)])
def test_mul_div_refuses_negatives_and_zero_denominators(name, arguments):
    with pytest.raises(AssertionError):
        getattr(fixed, name)(*arguments)


@given(naturals)
def test_sqrt_brackets_the_root(n):
    down, up = fixed.sqrt_down(n), fixed.sqrt_up(n)
    assert down**2 <= n < (down + 1) ** 2
    assert n <= up**2
    assert up == 0 or (up - 1) ** 2 < n


@given(st.integers(0, UINT256_MAX))
def test_sqrt_wad_brackets_the_root(x_wad):
    down, up = fixed.sqrt_wad_down(x_wad), fixed.sqrt_wad_up(x_wad)
    assert down**2 <= x_wad * WAD <= up**2
    assert up - down <= 1


@pytest.mark.parametrize(
    ("n", "down", "up"), [(0, 0, 0), (1, 1, 1), (2, 1, 2), (4, 2, 2), (5, 2, 3)]
)
def test_sqrt_examples(n, down, up):
    assert (fixed.sqrt_down(n), fixed.sqrt_up(n)) == (down, up)


def test_sqrt_refuses_negatives():
    for root in (fixed.sqrt_down, fixed.sqrt_up, fixed.sqrt_wad_down, fixed.sqrt_wad_up):
        with pytest.raises(AssertionError):
            root(-1)


def test_pow10_is_a_table_with_two_ends():
    assert [fixed.pow10(n) for n in (0, 1, 18, 72)] == [1, 10, WAD, 10**72]
    for out in (-1, 73):
        with pytest.raises(AssertionError):
            fixed.pow10(out)


def rpow(x, n):
    """Maker's rpow, line by line: makerdao/dss, src/jug.sol."""
    if x == 0:
        return RAY if n == 0 else 0
    z = RAY if n % 2 == 0 else x
    half = RAY // 2
    n //= 2
    while n:
        x = (x * x + half) // RAY
        if n % 2:
            z = (z * x + half) // RAY
        n //= 2
    return z


@given(st.integers(0, 3 * RAY), st.integers(0, 60))
def test_pow_ray_equals_maker(base_ray, exponent):
    assert fixed.pow_ray(base_ray, exponent) == rpow(base_ray, exponent)


@pytest.mark.parametrize(
    ("base_ray", "exponent", "power_ray"),
    [
        (0, 0, RAY),
        (0, 5, 0),
        (RAY, 10**30, RAY),
        (2 * RAY, 0, RAY),
        (2 * RAY, 1, 2 * RAY),
        (2 * RAY, 10, 1024 * RAY),
        # Maker's five per cent a year.
        (1000000001547125957863212448, YEAR_SECONDS, 1049999999999999999961070145),
    ],
)
def test_pow_ray_examples(base_ray, exponent, power_ray):
    assert fixed.pow_ray(base_ray, exponent) == power_ray


@given(st.integers(0, 10**19), st.integers(0, 10 * YEAR_SECONDS))
def test_pow_ray_is_near_the_true_power(rate_ray, seconds):
    with localcontext() as context:
        context.prec = 100
        exact = (1 + Decimal(rate_ray) / RAY) ** seconds
    # Each of the at most log2(n) doublings doubles the relative error of half a unit.
    bound = exact * 2 * (seconds + 1)
    assert abs(fixed.pow_ray(RAY + rate_ray, seconds) - exact * RAY) <= bound


@pytest.mark.parametrize("exponent", [400, 10**9, 10**30])
def test_pow_ray_stops_before_it_fills_the_memory(exponent):
    with pytest.raises(NumberError, match="compounded factor is too large"):
        fixed.pow_ray(2 * RAY, exponent)


@pytest.mark.parametrize(("base_ray", "exponent"), [(-1, 2), (RAY, -1)])
def test_pow_ray_refuses_negatives(base_ray, exponent):
    with pytest.raises(AssertionError):
        fixed.pow_ray(base_ray, exponent)
