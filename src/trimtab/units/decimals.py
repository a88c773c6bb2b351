"""Decimal text to scaled integers and back, exactly; never through a float.

`parse_decimal("1.5", 6)` is 1500000. Costs are linear in the length of the text, whatever the
exponent says.
"""

from __future__ import annotations

import re
from typing import Final

from trimtab.units.errors import NumberError
from trimtab.units.scales import POW10_EXPONENT_MAX, UINT256_MAX, pow10

_DECIMAL: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?)([0-9]+))?")
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_RAW_DIGITS_MAX: Final = len(str(UINT256_MAX))

# Longer exponents are cut to this: no text is long enough for its digits to make up for it.
_EXPONENT_CUT: Final = 10**15
_EXPONENT_DIGITS_MAX: Final = 15


def parse_decimal(text: str, decimals: int) -> int:
    """Return the integer text * 10**decimals, exactly.

    Args:
        text: ASCII decimal: optional sign, digits with an optional point, optional exponent, as in
            "-12.5", ".5", "1e-7"; no spaces, separators or underscores.
        decimals: how many decimal places the integer carries, 0 to 72.

    Returns:
        The signed integer, at most 2**256 - 1 in magnitude. Zeros past the last place are fine.

    Raises:
        NumberError: no finite decimal number, a digit past the last place, or too large.

    >>> parse_decimal("1e-7", 18)
    100000000000
    """
    raw, inexact = parse_decimal_rounded(text, decimals, up=False)
    if inexact:
        allowed = f"{decimals} decimal place{'' if decimals == 1 else 's'}"
        raise NumberError(
            "the number has too many decimal places", found=text, expected=f"at most {allowed}"
        )
    return raw


def parse_decimal_rounded(text: str, decimals: int, *, up: bool) -> tuple[int, bool]:
    """Return text * 10**decimals rounded to an integer, and whether that lost anything.

    Args:
        text: as for `parse_decimal`.
        decimals: as for `parse_decimal`.
        up: round the magnitude up (away from zero), else down (toward zero).

    Returns:
        The signed integer, at most 2**256 - 1 in magnitude; True where a digit was dropped.

    Raises:
        NumberError: no finite decimal number, or too large.

    >>> parse_decimal_rounded("-0.0019", 2, up=True)
    (-1, True)
    """
    assert 0 <= decimals <= POW10_EXPONENT_MAX, f"decimals out of range: {decimals}"
    negative, digits, exponent = _split(text)
    shift = exponent + decimals
    if not digits:
        return 0, False
    if len(digits) + shift > _RAW_DIGITS_MAX:
        raise _too_large(text, decimals)
    inexact = shift < 0  # the last digit is not zero, so cutting it off loses something
    kept = digits[: max(len(digits) + shift, 0)] if inexact else digits
    scale: int = 10 ** max(shift, 0)
    magnitude = int(kept or "0") * scale + int(up and inexact)
    if magnitude > UINT256_MAX:
        raise _too_large(text, decimals)
    return -magnitude if negative else magnitude, inexact


def format_decimal(raw: int, decimals: int) -> str:
    """Return raw / 10**decimals as the shortest exact decimal text, without an exponent.

    Args:
        raw: signed integer.
        decimals: how many decimal places the integer carries, 0 to 72.

    >>> format_decimal(-1500000, 6), format_decimal(10**18 + 1, 18), format_decimal(0, 18)
    ('-1.5', '1.000000000000000001', '0')
    """
    whole, fraction = divmod(abs(raw), pow10(decimals))
    sign = "-" if raw < 0 else ""
    if not fraction:
        return f"{sign}{whole}"
    places = str(fraction).zfill(decimals).rstrip("0")
    return f"{sign}{whole}.{places}"


def _split(text: str) -> tuple[bool, str, int]:
    """Return the sign, the digits without outer zeros, and the power of ten of the last digit."""
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise _not_decimal(text)
    fraction = match[3] or ""
    digits = (match[2] + fraction).lstrip("0")
    significant = digits.rstrip("0")
    exponent_digits = (match[5] or "").lstrip("0") or "0"
    # The cut keeps `int` away from a million digits and the power of ten away from the memory.
    exponent = (
        int(exponent_digits) if len(exponent_digits) <= _EXPONENT_DIGITS_MAX else _EXPONENT_CUT
    )
    if match[4] == "-":
        exponent = -exponent
    last_place = exponent - len(fraction) + len(digits) - len(significant)
    return match[1] == "-", significant, last_place


def _not_decimal(text: str) -> NumberError:
    if not text:
        return NumberError("the number is empty", found=text, expected="a decimal number")
    if _NOT_FINITE.fullmatch(text):
        return NumberError(
            "the number is not finite", found=text, expected="a finite decimal number"
        )
    return NumberError(
        "the text is not a number", found=text, expected="a decimal number such as -12.5 or 1e-7"
    )


def _too_large(text: str, decimals: int) -> NumberError:
    return NumberError(
        "the number is too large",
        found=text,
        expected=f"a magnitude of at most (2**256 - 1) / 10**{decimals}",
    )
