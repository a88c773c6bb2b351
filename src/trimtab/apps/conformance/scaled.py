"""Decimal numbers of recorded cases as scaled integers, and back as exact fractions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from trimtab.units import WAD, DataError, parse_decimal_rounded

WAD_DECIMALS: Final = 18
_REQUIRED: Final = object()


def scaled(inputs: Mapping[str, Any], name: str, *, decimals: int, default: Any = _REQUIRED) -> int:
    """Return the number that the inputs hold under a name, times 10**decimals.

    Digits past the last place are cut: a double printed in full may carry more than 18 places.

    Raises:
        DataError: nothing there and no default, or no number.
    """
    value = inputs.get(name, default)
    if value is _REQUIRED:
        raise DataError("the input is missing", column=name, expected="a number")
    return scaled_value(value, decimals=decimals, name=name)


def scaled_value(value: Any, *, decimals: int, name: str = "") -> int:
    """Return one number, times 10**decimals; digits past the last place are cut."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise DataError("the input is no number", column=name, found=str(value))
    return parse_decimal_rounded(str(value), decimals, up=False)[0]


def wad(inputs: Mapping[str, Any], name: str, *, default: Any = _REQUIRED) -> int:
    """Return the number that the inputs hold under a name, in wad."""
    return scaled(inputs, name, decimals=WAD_DECIMALS, default=default)


def from_wad(value: int | None) -> Fraction | None:
    """Return the number that a wad stands for; None for none."""
    return None if value is None else Fraction(value, WAD)
