"""Products and quotients of signed integers, with the rounding direction in the name.

Perpetuals have signed sizes, profits and collateral; `trimtab.units` rounds magnitudes. `floor` is
toward minus infinity, `ceil` toward plus infinity, `toward_zero` drops the fraction (Rust and Go).
"""

from __future__ import annotations

from trimtab.units import WAD, div_floor, mul_div_down


def mul_div_floor(a: int, b: int, *, denominator: int) -> int:
    """Return floor(a * b / denominator) for signed a and b and a positive denominator."""
    return div_floor(a * b, denominator)


def mul_div_ceil(a: int, b: int, *, denominator: int) -> int:
    """Return ceil(a * b / denominator) for signed a and b and a positive denominator."""
    return -div_floor(-a * b, denominator)


def mul_div_toward_zero(a: int, b: int, *, denominator: int) -> int:
    """Return a * b / denominator without its fraction, for signed a and b."""
    magnitude = mul_div_down(abs(a), abs(b), denominator)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def wad_mul_floor(a: int, b_wad: int) -> int:
    """Return floor(a * b) in the scale of a, for signed a and b in wad."""
    return div_floor(a * b_wad, WAD)


def wad_mul_ceil(a: int, b_wad: int) -> int:
    """Return ceil(a * b) in the scale of a, for signed a and b in wad."""
    return -div_floor(-a * b_wad, WAD)
