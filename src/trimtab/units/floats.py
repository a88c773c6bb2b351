"""The one bridge between exact integers and floats: one function each way."""

from __future__ import annotations

import math

from trimtab.units.errors import NumberError
from trimtab.units.scales import pow10


def float_of(raw: int, decimals: int) -> float:
    """Return raw / 10**decimals as the nearest float.

    Args:
        raw: signed integer.
        decimals: how many decimal places the integer carries, 0 to 72.

    Returns:
        The nearest float, ties to even: Python divides integers with one rounding.

    Raises:
        OverflowError: the quotient is above the largest float, 1.8e308 (no 256-bit number is).
    """
    return raw / pow10(decimals)


def fixed_of(x: float, decimals: int) -> int:
    """Return x * 10**decimals as the nearest integer.

    Args:
        x: any finite float; its exact binary value counts, not its shortest text.
        decimals: how many decimal places the integer carries, 0 to 72.

    Returns:
        The nearest signed integer, ties away from zero.

    Raises:
        NumberError: x is nan or infinite.
    """
    if not math.isfinite(x):
        raise NumberError(
            "the number is not finite", found=str(float(x)), expected="a finite float"
        )
    numerator, denominator = x.as_integer_ratio()
    doubled = 2 * abs(numerator) * pow10(decimals)
    magnitude = (doubled + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude
