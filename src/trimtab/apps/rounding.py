"""How a figure of risk is rounded for people, on a terminal and on a page alike: downwards.

A health factor and a distance are what an account has left before it can be liquidated. Rounded
to the nearest, 0.99996 would read as 1.0000 and a brink as a step away; cut off, neither ever
looks safer than it is. Values in the quote are rounded to the nearest, as nobody decides on them.
"""

from __future__ import annotations

from trimtab.units import WAD, div_down

HEALTH_PLACES = 4
FALL_PLACES = 2


def health_text(health_wad: int) -> str:
    """A health factor (wad, at least 0) with four decimals, rounded down.

    >>> health_text(1_026_999_999_999_999_999)
    '1.0269'
    """
    return _cut(health_wad, HEALTH_PLACES)


def fall_text(fall_wad: int) -> str:
    """A fall or a rise (a fraction in wad, at least 0) in percent, two decimals, rounded down.

    >>> fall_text(26_299_999_999_999_999)
    '2.62'
    """
    return _cut(100 * fall_wad, FALL_PLACES)


def _cut(value_wad: int, places: int) -> str:
    whole, part = divmod(div_down(value_wad * 10**places, WAD), 10**places)
    return f"{whole:,}.{part:0{places}d}"
