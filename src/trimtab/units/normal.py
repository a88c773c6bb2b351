"""The normal distribution in wad, from integers alone.

With phi the density and x >= 0, Phi(x) = 1/2 + phi(x) * (x + x**3/3 + x**5/(3*5) + ...): every term
is positive, so nothing cancels. `cdf_binary` and `pdf_binary` work in units of 2**-`BITS` and are
what other units build on; the public functions round their results to wad once.
"""

from __future__ import annotations

from typing import Final

from trimtab.units.exponential import _ln2_bounds
from trimtab.units.fixed import div_down, mul_div_half_up, sqrt_down
from trimtab.units.scales import WAD

# Guard digits: results are good to 2**-132 and are read at 1e-18 = 2**-59.8.
BITS: Final = 192
ONE: Final = 1 << BITS

_PI_DIGITS: Final = 3141592653589793238462643383279502884197169399375105820974944592307816406286
_PI_SCALE: Final = 10**75
_HALVINGS: Final = 8
_EXP_GUARD_BITS: Final = 24

# Phi(-13.5) is below 2**-135.
_TAIL: Final = (27 << BITS) // 2

# 1 / sqrt(2 pi)
_PEAK: Final = sqrt_down((_PI_SCALE << 2 * BITS) // (2 * _PI_DIGITS))


def normal_cdf_wad(x_wad: int) -> int:
    """Return Phi(x), the probability of a standard normal below x, in wad.

    Args:
        x_wad: signed, in wad, of any size.

    Returns:
        From 0 to 1e18, nearest: within 1 unit of 1e-18 of the true value. Exactly symmetric:
        Phi(x) + Phi(-x) is 1e18.

    >>> normal_cdf_wad(0), normal_cdf_wad(10**18), normal_cdf_wad(-(10**18))
    (500000000000000000, 841344746068542949, 158655253931457051)
    """
    below = mul_div_half_up(cdf_binary(-_of_wad(abs(x_wad))), WAD, ONE)
    return WAD - below if x_wad > 0 else below


def normal_pdf_wad(x_wad: int) -> int:
    """Return phi(x) = exp(-x**2 / 2) / sqrt(2 pi), the standard normal density, in wad.

    Args:
        x_wad: signed, in wad, of any size.

    Returns:
        Nearest: within 1 unit of 1e-18 of the true value.

    >>> normal_pdf_wad(0)
    398942280401432678
    """
    return mul_div_half_up(pdf_binary(_of_wad(abs(x_wad))), WAD, ONE)


def cdf_binary(x: int) -> int:
    """Return Phi(x) for x in units of 2**-BITS, signed, in the same units.

    Rounding: within 2**-132 of the true value, from 0 to 1.

    Proof, in units u = 2**-192, for 0 <= x < 13.5. Each of the N < 800 terms is cut twice and its
    ratio once, and what is cut grows with later terms by at most e**(x**2 / 2): the sum is short by
    less than 4 N**2 e**(x**2 / 2) u. It is divided by e**(x**2 / 2), known to a relative 2**-190,
    so the part above one half is good to 2**-168. Past 13.5 the tail is below 2**-135.
    """
    size = abs(x)
    if size >= _TAIL:
        return ONE if x > 0 else 0
    square = size * size >> BITS
    total, term, odd = 0, size, 1
    while term:
        total += term
        odd += 2
        term = div_down(term * square >> BITS, odd)
    power, shift = _exp_parts(square >> 1)
    scaled = total * _PEAK << _EXP_GUARD_BITS
    above_half = min(div_down(scaled, power) >> shift, ONE >> 1)
    return (ONE >> 1) + above_half if x >= 0 else (ONE >> 1) - above_half


def pdf_binary(x: int) -> int:
    """Return phi(x) for x in units of 2**-BITS, signed, in the same units.

    Rounding: within 2**-180 of the true value: the square of x is cut once, the exponential twice.
    """
    size = abs(x)
    if size >= 2 * _TAIL:
        return 0
    return _PEAK * _exp_minus(size * size >> (BITS + 1)) >> BITS


def _exp_minus(y: int) -> int:
    """Return exp(-y) for y >= 0, both in units of 2**-BITS, within two units."""
    power, shift = _exp_parts(y)
    return div_down(1 << (2 * BITS + _EXP_GUARD_BITS), power) >> shift


def _exp_parts(y: int) -> tuple[int, int]:
    """Return p and k with exp(y) = p * 2**k in units of 2**-216, for y >= 0 in units of 2**-BITS.

    y = k ln 2 + r with 0 <= r < ln 2: exp(r / 2**8) by its series, squared eight times, each of
    which doubles the relative error, below N + 1 < 60 units before. p is good to a relative
    2**-201.
    """
    bits = BITS + _EXP_GUARD_BITS
    ln2, _ = _ln2_bounds(bits)
    shift, reduced = _divmod_floor(y << _EXP_GUARD_BITS, ln2)
    small = reduced >> _HALVINGS
    power, term, count = 0, 1 << bits, 0
    while term:
        power += term
        count += 1
        term = div_down(term * small >> bits, count)
    for _ in range(_HALVINGS):
        power = power * power >> bits
    return power, shift


def _divmod_floor(a: int, b: int) -> tuple[int, int]:
    """Return floor(a / b) and what is left of a, for a from zero and b above."""
    quotient = div_down(a, b)
    return quotient, a - quotient * b


def _of_wad(x_wad: int) -> int:
    return div_down(x_wad << BITS, WAD)
