"""The normal distribution keeps its stated bound against high-precision decimals."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import normal
from trimtab.units.normal import BITS, ONE, cdf_binary, normal_cdf_wad, normal_pdf_wad, pdf_binary
from trimtab.units.scales import WAD

# Digits: the alternating series cancels up to e**(14**2 / 2) = 1e43.
PRECISION = 110

inputs_wad = (
    st.integers(-12 * WAD, 12 * WAD) | st.integers(-1000, 1000) | st.integers(-(10**30), 10**30)
)


@cache
def pi() -> Decimal:
    """Machin: 16 atan(1/5) - 4 atan(1/239)."""
    with localcontext() as context:
        context.prec = PRECISION + 10

        def atan_inverse(n):
            power, total, k = Decimal(1) / n, Decimal(0), 0
            while abs(power) > Decimal(10) ** -(PRECISION + 10):
                total += power / (2 * k + 1)
                power, k = -power / (n * n), k + 1
            return total

        return 16 * atan_inverse(5) - 4 * atan_inverse(239)


def exact_pdf(x: Fraction) -> Fraction:
    with localcontext() as context:
        context.prec = PRECISION
        value = Decimal(x.numerator) / x.denominator
        return Fraction((-value * value / 2).exp() / (2 * pi()).sqrt())


def exact_cdf(x: Fraction) -> Fraction:
    """Another series than the one under test: the alternating one of the error function."""
    if abs(x) > 14:
        return Fraction(int(x > 0))
    with localcontext() as context:
        context.prec = PRECISION
        value = Decimal(x.numerator) / x.denominator
        half = value * value / 2
        term, total, k = value, Decimal(0), 0
        while abs(term) > Decimal(10) ** -80:
            total += term / (2 * k + 1)
            k += 1
            term = -term * half / k
        return Fraction(Decimal("0.5") + total / (2 * pi()).sqrt())


@given(inputs_wad)
def test_cdf_is_within_one_unit_of_the_true_value(x_wad):
    assert abs(normal_cdf_wad(x_wad) - exact_cdf(Fraction(x_wad, WAD)) * WAD) < 1


@given(inputs_wad)
def test_pdf_is_within_one_unit_of_the_true_value(x_wad):
    assert abs(normal_pdf_wad(x_wad) - exact_pdf(Fraction(x_wad, WAD)) * WAD) < 1


@given(st.integers(-13 * ONE, 13 * ONE))
def test_guard_digits_hold_their_bound(x):
    assert abs(Fraction(cdf_binary(x), ONE) - exact_cdf(Fraction(x, ONE))) < Fraction(1, 2**132)
    assert abs(Fraction(pdf_binary(x), ONE) - exact_pdf(Fraction(x, ONE))) < Fraction(1, 2**180)


@given(inputs_wad)
def test_cdf_is_symmetric_to_the_last_unit(x_wad):
    assert normal_cdf_wad(x_wad) + normal_cdf_wad(-x_wad) == WAD
    assert normal_pdf_wad(x_wad) == normal_pdf_wad(-x_wad)


@given(inputs_wad, inputs_wad)
def test_cdf_never_falls_and_stays_a_probability(x_wad, y_wad):
    low_wad, high_wad = sorted((x_wad, y_wad))
    assert 0 <= normal_cdf_wad(low_wad) <= normal_cdf_wad(high_wad) <= WAD


@pytest.mark.parametrize(
    ("x_wad", "expected_wad"),
    [
        (0, WAD // 2),
        (WAD, 841344746068542949),
        (-WAD, 158655253931457051),
        (-3 * WAD, 1349898031630095),
        (-9 * WAD, 0),
        (9 * WAD, WAD),
        (10**40, WAD),
        (-(10**40), 0),
    ],
)
def test_cdf_examples(x_wad, expected_wad):
    assert normal_cdf_wad(x_wad) == expected_wad


def test_the_tail_that_is_cut_is_below_the_bound():
    tail = normal._TAIL
    assert cdf_binary(tail) == ONE
    assert cdf_binary(-tail) == 0
    assert ONE - cdf_binary(tail - 1) <= ONE >> 132
    assert cdf_binary(1 - tail) <= ONE >> 132


def test_pi_is_right_to_its_last_digit():
    with localcontext() as context:
        context.prec = PRECISION
        digits = int(pi() * normal._PI_SCALE)
    assert digits == normal._PI_DIGITS
    assert normal._PI_SCALE > 1 << BITS
