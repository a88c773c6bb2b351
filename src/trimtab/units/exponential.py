"""The exponential and the logarithm in wad, correctly floored, from integers alone.

Each computes an integer interval that surely holds the true value, and returns the floor once both
ends agree on it; if they do not, it doubles the precision. That ends, for e**q is irrational for
every rational q except 0, and ln q for every rational q except 1 (Lindemann), and at those two
points the first interval already agrees. So the result is the floor of the true value itself:
its error is in [0, 1) unit of 1e-18.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from trimtab.units.errors import NumberError
from trimtab.units.scales import WAD

# floor(1e18 ln(2**256 / 1e18)): one unit more and the result needs 257 bits.
EXP_WAD_INPUT_MAX: Final = 135999146549453176898

# Below -18 ln 10 = -41.45 the exponential is under one unit.
_EXP_WAD_UNDERFLOW: Final = -42 * WAD

# An exponential has up to 256 bits; 128 guard bits make a second round a 1e-30 event.
_EXP_BITS: Final = 384
_LN_BITS: Final = 192

# 136 / 2**16 is below 1/2, which the error bound of the series asks for.
_HALVINGS: Final = 16


def exp_wad_down(x_wad: int) -> int:
    """Return floor(e**x) in wad.

    Args:
        x_wad: signed, in wad, at most `EXP_WAD_INPUT_MAX` (135.999146549453176898).

    Returns:
        The floor of the true value in wad, below 2**256; 0 where the true value is under one unit.

    Raises:
        NumberError: x is above the maximum.

    >>> exp_wad_down(10**18)
    2718281828459045235
    """
    if x_wad > EXP_WAD_INPUT_MAX:
        raise NumberError(
            "the exponential is too large",
            found=str(x_wad),
            expected=f"at most {EXP_WAD_INPUT_MAX} in wad",
        )
    if x_wad < _EXP_WAD_UNDERFLOW:
        return 0
    bits = _EXP_BITS
    while True:
        low, high = _exp_bounds(abs(x_wad), bits)
        if x_wad >= 0:
            low_wad, high_wad = low * WAD >> bits, high * WAD >> bits
        else:
            low_wad, high_wad = (WAD << bits) // high, (WAD << bits) // low
        if low_wad == high_wad:
            return low_wad
        bits *= 2


def ln_wad_down(x_wad: int) -> int:
    """Return floor(ln x) in wad.

    Args:
        x_wad: in wad, above zero.

    Returns:
        The floor of the true value in wad: signed, toward minus infinity below one.

    >>> ln_wad_down(2 * 10**18), ln_wad_down(5 * 10**17)
    (693147180559945309, -693147180559945310)
    """
    assert x_wad > 0, f"logarithm of a number that is not positive: {x_wad}"
    bits = _LN_BITS
    while True:
        low, high = _ln_bounds(x_wad, bits)
        low_wad, high_wad = low * WAD >> bits, high * WAD >> bits
        if low_wad == high_wad:
            return low_wad
        bits *= 2


def _exp_bounds(y_wad: int, bits: int) -> tuple[int, int]:
    """Return integers around e**y * 2**bits, for y in wad from 0 to below 136.

    Proof. Write u = 2**-bits and r = y / 2**16 < 1/2. All steps floor, so `low` is a lower bound.
    - The floored r is less than u short, which costs e**r a relative error below u.
    - Term k is short by e_k <= e_(k-1) / 2 + 1 <= 2 units. When the N-th term is 0 its true value
      is at most 2, and it and its successors sum to at most 4. As e**r >= 1, the sum has a
      relative error d_0 <= (2 N + 3) u.
    - A squaring doubles the relative error and its floor adds at most u, as the value is >= 1:
      d_16 <= 2**16 (d_0 + u) <= 2**16 (2 N + 4) u = d. And 1 / (1 - d) <= 1 + 2 d for d <= 1/2.
    """
    reduced = (y_wad << bits) // (WAD << _HALVINGS)
    low, term, terms = 0, 1 << bits, 0
    while term:
        low += term
        terms += 1
        term = term * reduced // (terms << bits)
    for _ in range(_HALVINGS):
        low = low * low >> bits
    slack = (low * (2 * terms + 4) << (_HALVINGS + 1) >> bits) + 1
    return low, low + slack


def _ln_bounds(x_wad: int, bits: int) -> tuple[int, int]:
    """Return integers around ln x * 2**bits, for x in wad above 0.

    x = m 2**e with m in (1/2, 2), so ln x = e ln 2 + 2 atanh((m - 1) / (m + 1)); the argument is
    an exact fraction below 1/3 in magnitude. Exact interval sums of the two parts.
    """
    exponent = x_wad.bit_length() - WAD.bit_length()
    scaled = x_wad << max(-exponent, 0)
    one = WAD << max(exponent, 0)
    low, high = _atanh_bounds(abs(scaled - one), scaled + one, bits=bits)
    if scaled < one:
        low, high = -high, -low
    ln2_low, ln2_high = _ln2_bounds(bits)
    if exponent < 0:
        ln2_low, ln2_high = ln2_high, ln2_low
    return exponent * ln2_low + 2 * low, exponent * ln2_high + 2 * high


@lru_cache(maxsize=8)
def _ln2_bounds(bits: int) -> tuple[int, int]:
    low, high = _atanh_bounds(1, 3, bits=bits)
    return 2 * low, 2 * high


def _atanh_bounds(numerator: int, denominator: int, *, bits: int) -> tuple[int, int]:
    """Return integers around atanh(z) * 2**bits, for z = numerator / denominator from 0 to 1/3.

    Proof, in units of 2**-bits. All steps floor, so `low` is a lower bound.
    - z is short by less than 1, z**2 by less than 2/3 + 1 = 5/3, and a power of z by
      e' <= e / 9 + (1/3)(5/3) + 1 <= 2; a term of the series by at most 2 + 1 = 3.
    - When the power is 0 its true value is at most 2, and the rest sums to at most 9/4 < 3.
    So N terms are short by at most 3 N + 3.
    """
    z = (numerator << bits) // denominator
    z_squared = z * z >> bits
    low, power, terms = 0, z, 0
    while power:
        low += power // (2 * terms + 1)
        power = power * z_squared >> bits
        terms += 1
    return low, low + 3 * terms + 3
