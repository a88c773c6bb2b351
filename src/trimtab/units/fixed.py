"""Fixed-point arithmetic on plain integers; the rounding direction is in every name.

`down` is the floor, `up` the ceiling, `half_up` the nearest with ties upwards. Every argument is
a non-negative integer and every denominator is positive: a caller that breaks this is a programmer
error and meets an `assert`. Results are exact integers of any size; nothing wraps at 256 bits.
A number in wad is counted in units of 1e-18, a number in ray in units of 1e-27.
"""

from __future__ import annotations

from math import isqrt

from trimtab.units.errors import NumberError
from trimtab.units.exponential import EXP_WAD_INPUT_MAX, exp_wad_down, ln_wad_down
from trimtab.units.scales import NANOSECONDS, RAY, UINT256_MAX, WAD, YEAR_SECONDS, pow10

__all__ = [
    "EXP_WAD_INPUT_MAX",
    "NANOSECONDS",
    "RAY",
    "UINT256_MAX",
    "WAD",
    "YEAR_SECONDS",
    "div_down",
    "div_floor",
    "div_up",
    "exp_wad_down",
    "ln_wad_down",
    "mul_div_down",
    "mul_div_half_up",
    "mul_div_up",
    "pow10",
    "pow_ray",
    "ray_div_down",
    "ray_div_half_up",
    "ray_div_up",
    "ray_mul_down",
    "ray_mul_half_up",
    "ray_mul_up",
    "sqrt_down",
    "sqrt_up",
    "sqrt_wad_down",
    "sqrt_wad_up",
    "wad_div_down",
    "wad_div_half_up",
    "wad_div_up",
    "wad_mul_down",
    "wad_mul_half_up",
    "wad_mul_up",
]


def mul_div_down(a: int, b: int, denominator: int) -> int:
    """Return floor(a * b / denominator), with the whole product kept.

    >>> mul_div_down(5, 5, 2)
    12
    """
    assert a >= 0, f"negative factor: {a}"
    assert b >= 0, f"negative factor: {b}"
    assert denominator > 0, f"denominator is not positive: {denominator}"
    return a * b // denominator


def mul_div_up(a: int, b: int, denominator: int) -> int:
    """Return ceil(a * b / denominator), with the whole product kept.

    >>> mul_div_up(5, 5, 2)
    13
    """
    assert a >= 0, f"negative factor: {a}"
    assert b >= 0, f"negative factor: {b}"
    assert denominator > 0, f"denominator is not positive: {denominator}"
    return -(-a * b // denominator)


def mul_div_half_up(a: int, b: int, denominator: int) -> int:
    """Return a * b / denominator to the nearest integer, ties upwards, as Aave and Maker do.

    >>> mul_div_half_up(5, 5, 2), mul_div_half_up(7, 1, 3)
    (13, 2)
    """
    assert a >= 0, f"negative factor: {a}"
    assert b >= 0, f"negative factor: {b}"
    assert denominator > 0, f"denominator is not positive: {denominator}"
    # For an odd denominator no tie exists, and the floored half still decides alike.
    return (a * b + denominator // 2) // denominator


def div_down(a: int, b: int) -> int:
    """Return floor(a / b)."""
    return mul_div_down(a, 1, b)


def div_up(a: int, b: int) -> int:
    """Return ceil(a / b)."""
    return mul_div_up(a, 1, b)


def div_floor(a: int, b: int) -> int:
    """Return floor(a / b) of a signed a: towards minus infinity, for equity and excess.

    >>> div_floor(-5, 2), div_floor(5, 2)
    (-3, 2)
    """
    assert b > 0, f"denominator is not positive: {b}"
    return a // b


def wad_mul_down(a: int, b_wad: int) -> int:
    """Return floor(a * b) in the scale of a, for b in wad."""
    return mul_div_down(a, b_wad, WAD)


def wad_mul_up(a: int, b_wad: int) -> int:
    """Return ceil(a * b) in the scale of a, for b in wad."""
    return mul_div_up(a, b_wad, WAD)


def wad_mul_half_up(a: int, b_wad: int) -> int:
    """Return a * b to the nearest, ties upwards, in the scale of a, for b in wad."""
    return mul_div_half_up(a, b_wad, WAD)


def wad_div_down(a: int, b: int) -> int:
    """Return floor(a / b) in wad, for a and b in one scale."""
    return mul_div_down(a, WAD, b)


def wad_div_up(a: int, b: int) -> int:
    """Return ceil(a / b) in wad, for a and b in one scale."""
    return mul_div_up(a, WAD, b)


def wad_div_half_up(a: int, b: int) -> int:
    """Return a / b to the nearest, ties upwards, in wad, for a and b in one scale."""
    return mul_div_half_up(a, WAD, b)


def ray_mul_down(a: int, b_ray: int) -> int:
    """Return floor(a * b) in the scale of a, for b in ray."""
    return mul_div_down(a, b_ray, RAY)


def ray_mul_up(a: int, b_ray: int) -> int:
    """Return ceil(a * b) in the scale of a, for b in ray."""
    return mul_div_up(a, b_ray, RAY)


def ray_mul_half_up(a: int, b_ray: int) -> int:
    """Return a * b to the nearest, ties upwards, in the scale of a, for b in ray."""
    return mul_div_half_up(a, b_ray, RAY)


def ray_div_down(a: int, b: int) -> int:
    """Return floor(a / b) in ray, for a and b in one scale."""
    return mul_div_down(a, RAY, b)


def ray_div_up(a: int, b: int) -> int:
    """Return ceil(a / b) in ray, for a and b in one scale."""
    return mul_div_up(a, RAY, b)


def ray_div_half_up(a: int, b: int) -> int:
    """Return a / b to the nearest, ties upwards, in ray, for a and b in one scale."""
    return mul_div_half_up(a, RAY, b)


def pow_ray(base_ray: int, exponent: int) -> int:
    """Return base ** exponent in ray, by square and multiply.

    Args:
        base_ray: in ray, zero or more; for a rate per second this is RAY + rate.
        exponent: integer, zero or more; 0 ** 0 is one.

    Returns:
        The power in ray. Each product is rounded half-up, so the order of the products is part
        of the definition: the same integer as `rpow` in makerdao/dss, src/jug.sol.

    Raises:
        NumberError: an intermediate power is above 2**256 - 1 (Maker reverts, a little earlier).
    """
    assert base_ray >= 0, f"negative base: {base_ray}"
    assert exponent >= 0, f"negative exponent: {exponent}"
    square_ray = base_ray
    power_ray = base_ray if exponent % 2 else RAY
    remaining = exponent // 2
    while remaining:
        square_ray = ray_mul_half_up(square_ray, square_ray)
        if remaining % 2:
            power_ray = ray_mul_half_up(power_ray, square_ray)
        if max(square_ray, power_ray) > UINT256_MAX:
            raise NumberError(
                "the compounded factor is too large",
                found=f"{base_ray} ray to the power {exponent}",
                expected="a power below 2**256 in ray",
            )
        remaining //= 2
    return power_ray


def sqrt_down(n: int) -> int:
    """Return floor(sqrt(n)), the largest integer whose square is at most n."""
    assert n >= 0, f"square root of a negative: {n}"
    return isqrt(n)


def sqrt_up(n: int) -> int:
    """Return ceil(sqrt(n)), the smallest integer whose square is at least n."""
    assert n >= 0, f"square root of a negative: {n}"
    return isqrt(n - 1) + 1 if n else 0


def sqrt_wad_down(x_wad: int) -> int:
    """Return the square root of x in wad, rounded down, for x in wad."""
    return sqrt_down(x_wad * WAD)


def sqrt_wad_up(x_wad: int) -> int:
    """Return the square root of x in wad, rounded up, for x in wad."""
    return sqrt_up(x_wad * WAD)
