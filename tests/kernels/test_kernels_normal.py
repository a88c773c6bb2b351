"""Exponential, logarithm and normal distribution keep their stated accuracy."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr, ndtr

from trimtab.kernels import normal
from trimtab.units.normal import BITS, ONE, cdf_binary, pdf_binary

PROMISED = 1e-15


def cdf(values):
    x = np.atleast_1d(np.asarray(values, dtype=np.float64))
    out = np.empty_like(x)
    normal.fill_cdf(x, out)
    return out


def exp(values):
    y = np.atleast_1d(np.asarray(values, dtype=np.float64))
    out = np.empty_like(y)
    normal.fill_exp(y, out)
    return out


def ln_ratio(a, b):
    a, b = np.atleast_1d(np.asarray(a)), np.atleast_1d(np.asarray(b))
    out = np.empty_like(a)
    normal.fill_ln_ratio(a, b, out=out)
    return out


def exact_cdf(x):
    """Phi of the float64 itself, from 192-bit integers."""
    return Fraction(cdf_binary(int(Fraction(float(x)) * ONE)), ONE)


def test_cdf_is_within_its_promise_of_exact_integers():
    x = np.concatenate(
        [np.linspace(-9, 9, 1201), np.random.default_rng(1).normal(0, 2, 800), [0.0, -0.0]]
    )
    worst = max(
        abs(Fraction(float(found)) - exact_cdf(at)) for at, found in zip(x, cdf(x), strict=True)
    )
    assert worst < PROMISED


@given(st.floats(-50, 50))
def test_cdf_stays_within_its_promise_anywhere(x):
    assert abs(Fraction(float(cdf(x)[0])) - exact_cdf(x)) < PROMISED


def test_cdf_agrees_with_scipy_and_is_symmetric():
    x = np.random.default_rng(2).normal(0, 4, 1_000_000)
    found = cdf(x)
    assert np.abs(found - ndtr(x)).max() < PROMISED
    assert np.abs(found + cdf(-x) - 1.0).max() <= 2.3e-16
    assert (np.diff(cdf(np.linspace(-39, 39, 100_001))) >= 0.0).all()


def test_tails_hold_relatively():
    x = np.linspace(-37, 0, 100_001)
    assert np.abs(cdf(x) / np.exp(log_ndtr(x)) - 1.0).max() < 4e-13
    near = x[x > -8]
    assert np.abs(cdf(near) / ndtr(near) - 1.0).max() < 2e-14


def test_far_out_nothing_is_left():
    assert cdf([-60.0, 60.0, -1e300, 1e300]).tolist() == [0.0, 1.0, 0.0, 1.0]


def test_exponential_is_within_two_roundings():
    y = -np.concatenate([np.linspace(0, 708, 300_001), np.logspace(-18, 2, 100_001)])
    assert np.abs(exp(y) / np.exp(y) - 1.0).max() < 5e-16
    assert exp([0.0, -709.0, -1e300]).tolist() == [1.0, 0.0, 0.0]


@given(st.floats(-700, 0))
def test_exponential_against_decimals(y):
    with localcontext() as context:
        context.prec = 60
        true = Fraction(Decimal(y).exp())
    assert abs(Fraction(float(exp(y)[0])) / true - 1) < Fraction(4, 10**16)


@given(st.floats(1e-100, 1e100), st.floats(1e-100, 1e100))
def test_logarithm_of_a_ratio_against_decimals(a, b):
    with localcontext() as context:
        context.prec = 130
        true = Fraction((Decimal(a) / Decimal(b)).ln())
    assert abs(Fraction(float(ln_ratio(a, b)[0])) - true) <= abs(true) * Fraction(5, 10**16)


def test_logarithm_keeps_its_digits_where_the_ratio_is_near_one():
    b = np.random.default_rng(3).uniform(1, 1e6, 1000)
    a = np.nextafter(b, np.inf)
    assert ln_ratio(b, b).tolist() == [0.0] * 1000
    np.testing.assert_allclose(ln_ratio(a, b), np.log1p((a - b) / b), rtol=5e-16)


@pytest.mark.parametrize("x", [0.0, 0.5, 1.0, 3.0, 7.5])
def test_density_and_mills_make_the_tail(x):
    tail = normal.density(x) * normal.mills(x)
    true = exact_cdf(-x)
    assert abs(Fraction(tail) / true - 1) < Fraction(1, 10**14)
    exact_density = Fraction(pdf_binary(int(Fraction(x) * ONE)), 1 << BITS)
    assert abs(Fraction(normal.density(x)) - exact_density) < Fraction(2, 10**16)
