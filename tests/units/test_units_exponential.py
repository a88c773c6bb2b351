"""The exponential and the logarithm equal the floor of the true value, to the last unit."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import exponential
from trimtab.units.errors import NumberError
from trimtab.units.exponential import EXP_WAD_INPUT_MAX, exp_wad_down, ln_wad_down
from trimtab.units.scales import UINT256_MAX, WAD

# Digits: more than the widest interval below needs (384 + 196 bits).
PRECISION = 200

exp_inputs_wad = st.integers(-45 * WAD, EXP_WAD_INPUT_MAX) | st.integers(-1000, 1000)
ln_inputs_wad = (
    st.integers(1, UINT256_MAX)
    | st.integers(1, 1000)
    | st.integers(WAD - 1000, WAD + 1000)
    | st.integers(0, 255).map(lambda n: 1 << n)
)


def exact_exp(x_wad):
    with localcontext() as context:
        context.prec = PRECISION
        return Fraction((Decimal(x_wad) / WAD).exp())


def exact_ln(x_wad):
    with localcontext() as context:
        context.prec = PRECISION
        return Fraction((Decimal(x_wad) / WAD).ln())


@given(exp_inputs_wad)
def test_exp_is_the_floor_of_the_true_value(x_wad):
    assert exp_wad_down(x_wad) == math.floor(exact_exp(x_wad) * WAD)


@given(ln_inputs_wad)
def test_ln_is_the_floor_of_the_true_value(x_wad):
    assert ln_wad_down(x_wad) == math.floor(exact_ln(x_wad) * WAD)


@pytest.mark.parametrize(
    ("x_wad", "expected_wad"),
    [
        (0, WAD),
        (1, WAD + 1),
        (-1, WAD - 1),
        (WAD, 2_718281828459045235),
        (-WAD, 367879441171442321),
        (-41_446531673892822312, 1),
        (-41_446531673892822313, 0),
        (-(10**40), 0),
    ],
)
def test_exp_examples(x_wad, expected_wad):
    assert exp_wad_down(x_wad) == expected_wad


@pytest.mark.parametrize(
    ("x_wad", "expected_wad"),
    [
        (WAD, 0),
        (WAD + 1, 0),
        (WAD - 1, -2),
        (2 * WAD, 693147180559945309),
        (WAD // 2, -693147180559945310),
        (1, -41_446531673892822313),
    ],
)
def test_ln_examples(x_wad, expected_wad):
    assert ln_wad_down(x_wad) == expected_wad


def test_exp_fills_256_bits_and_not_one_more():
    assert exp_wad_down(EXP_WAD_INPUT_MAX) <= UINT256_MAX
    assert exact_exp(EXP_WAD_INPUT_MAX + 1) * WAD > UINT256_MAX
    with pytest.raises(NumberError, match="exponential is too large; found '1359991"):
        exp_wad_down(EXP_WAD_INPUT_MAX + 1)


@pytest.mark.parametrize("x_wad", [0, -1])
def test_ln_refuses_what_has_no_logarithm(x_wad):
    with pytest.raises(AssertionError):
        ln_wad_down(x_wad)


@given(exp_inputs_wad, exp_inputs_wad)
def test_exp_never_falls(x_wad, y_wad):
    low_wad, high_wad = sorted((x_wad, y_wad))
    assert exp_wad_down(low_wad) <= exp_wad_down(high_wad)


@given(ln_inputs_wad, ln_inputs_wad)
def test_ln_never_falls(x_wad, y_wad):
    low_wad, high_wad = sorted((x_wad, y_wad))
    assert ln_wad_down(low_wad) <= ln_wad_down(high_wad)


@given(ln_inputs_wad)
def test_exp_undoes_ln_within_their_units(x_wad):
    # ln is short by less than one unit of 1e-18, which scales x by no less than 1 - 1e-18.
    back_wad = exp_wad_down(ln_wad_down(x_wad))
    assert x_wad - x_wad // WAD - 2 <= back_wad <= x_wad


@given(st.integers(-20 * WAD, EXP_WAD_INPUT_MAX))
def test_ln_undoes_exp_within_their_units(x_wad):
    power_wad = exp_wad_down(x_wad)
    # The floor took less than one unit off the power: 1e18 / power in the logarithm.
    assert x_wad - Fraction(2 * WAD, power_wad) - 2 <= ln_wad_down(power_wad) <= x_wad


@pytest.mark.parametrize("bits", [96, 192, 384])
@given(y_wad=st.integers(0, EXP_WAD_INPUT_MAX))
def test_exp_interval_holds_the_true_value_at_any_precision(bits, y_wad):
    low, high = exponential._exp_bounds(y_wad, bits)
    assert Fraction(low, 2**bits) <= exact_exp(y_wad) <= Fraction(high, 2**bits)
    assert high - low <= (low >> (bits - 30)) + 1


@pytest.mark.parametrize("bits", [64, 192])
@given(x_wad=ln_inputs_wad)
def test_ln_interval_holds_the_true_value_at_any_precision(bits, x_wad):
    low, high = exponential._ln_bounds(x_wad, bits)
    assert Fraction(low, 2**bits) <= exact_ln(x_wad) <= Fraction(high, 2**bits)
    assert high - low <= 2**18


@given(st.integers(-40 * WAD, 10 * WAD))
def test_a_poor_first_precision_changes_nothing(x_wad):
    expected_wad = exp_wad_down(x_wad)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exponential, "_EXP_BITS", 24)
        assert exp_wad_down(x_wad) == expected_wad
