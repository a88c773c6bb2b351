"""Aave v3: percent, ray and scaled-balance arithmetic, and the growth factors of the indices.

Sources: aave-dao/aave-v3-origin, commit fd1fbd91 (v3.7), PercentageMath, WadRayMath, MathUtils and
TokenMath; aave/aave-v3-core, commit 782f5191 (v3.0). Percentages are basis points (1e4 is one);
ray is 1e27. Wad and ray products and quotients are `wad_mul_half_up`, `ray_div_up` and so on of
`trimtab.units`; where the contract reverts above 2**256 - 1, the integers here just grow.
"""

from __future__ import annotations

from typing import Final

from trimtab.protocols.aave_versions import Version
from trimtab.units import (
    RAY,
    YEAR_SECONDS,
    div_down,
    mul_div_down,
    mul_div_half_up,
    mul_div_up,
    ray_div_down,
    ray_div_half_up,
    ray_div_up,
    ray_mul_down,
    ray_mul_half_up,
    ray_mul_up,
)

PERCENT: Final = 10_000


def percent_mul_half_up(value: int, bps: int) -> int:
    """Return value * bps / 1e4 to the nearest, ties upwards: `percentMul` of every version."""
    return mul_div_half_up(value, bps, PERCENT)


def percent_mul_down(value: int, bps: int) -> int:
    """Return floor(value * bps / 1e4): `percentMulFloor`, from v3.5."""
    return mul_div_down(value, bps, PERCENT)


def percent_mul_up(value: int, bps: int) -> int:
    """Return ceil(value * bps / 1e4): `percentMulCeil`, from v3.5."""
    return mul_div_up(value, bps, PERCENT)


def percent_div_half_up(value: int, bps: int) -> int:
    """Return value * 1e4 / bps to the nearest, ties upwards: `percentDiv`; bps above zero."""
    return mul_div_half_up(value, PERCENT, bps)


def percent_div_down(value: int, bps: int) -> int:
    """Return floor(value * 1e4 / bps): `percentDivFloor`, from v3.7; bps above zero."""
    return mul_div_down(value, PERCENT, bps)


def percent_div_up(value: int, bps: int) -> int:
    """Return ceil(value * 1e4 / bps): `percentDivCeil`, from v3.5; bps above zero."""
    return mul_div_up(value, PERCENT, bps)


def linear_factor(rate_ray: int, seconds: int) -> int:
    """Return the growth of the supply index over some seconds, in ray: 1 + floor(rate * dt / year).

    The rate is per year in ray; alike in every version.

    >>> linear_factor(8 * 10**25, 7 * 365 * 86400)
    1560000000000000000000000000
    """
    assert seconds >= 0, f"time goes backwards: {seconds} s"
    return RAY + mul_div_down(rate_ray, seconds, YEAR_SECONDS)


def compounded_factor(rate_ray: int, seconds: int, *, version: Version) -> int:
    """Return the growth of the borrow index over some seconds, in ray.

    Args:
        rate_ray: per year, in ray.
        seconds: whole, zero or more.
        version: from v3.4 three terms of the exponential of rate * dt, before it three terms of
            the binomial of (1 + rate per second) ** seconds. Both undercharge.
    """
    assert seconds >= 0, f"time goes backwards: {seconds} s"
    if seconds == 0:
        return RAY
    if version.compounds_by_exponential:
        x = mul_div_down(rate_ray, seconds, YEAR_SECONDS)
        # 1 + x + x (x / 2 + x (x / 6)), each product half-up.
        inner = ray_mul_half_up(x, div_down(x, 6))
        return RAY + x + ray_mul_half_up(x, div_down(x, 2) + inner)
    return RAY + _binomial_terms(rate_ray, seconds)


def _binomial_terms(rate_ray: int, seconds: int) -> int:
    less_one, less_two = seconds - 1, max(seconds - 2, 0)
    squared = div_down(ray_mul_half_up(rate_ray, rate_ray), YEAR_SECONDS * YEAR_SECONDS)
    cubed = div_down(ray_mul_half_up(squared, rate_ray), YEAR_SECONDS)
    first = mul_div_down(rate_ray, seconds, YEAR_SECONDS)
    second = div_down(seconds * less_one * squared, 2)
    third = div_down(seconds * less_one * less_two * cubed, 6)
    return first + second + third


def supplied(scaled: int, index_ray: int, *, version: Version) -> int:
    """Return the balance of a scaled supply, in native units: down from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_mul_down(scaled, index_ray)
    return ray_mul_half_up(scaled, index_ray)


def owed(scaled: int, index_ray: int, *, version: Version) -> int:
    """Return the debt of a scaled debt, in native units: up from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_mul_up(scaled, index_ray)
    return ray_mul_half_up(scaled, index_ray)


def supply_taken(amount: int, index_ray: int, *, version: Version) -> int:
    """Return the scaled supply that leaves with an amount: up from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_div_up(amount, index_ray)
    return ray_div_half_up(amount, index_ray)


def supply_given(amount: int, index_ray: int, *, version: Version) -> int:
    """Return the scaled supply that an amount buys: down from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_div_down(amount, index_ray)
    return ray_div_half_up(amount, index_ray)


def debt_taken(amount: int, index_ray: int, *, version: Version) -> int:
    """Return the scaled debt that a repaid amount burns: down from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_div_down(amount, index_ray)
    return ray_div_half_up(amount, index_ray)


def debt_given(amount: int, index_ray: int, *, version: Version) -> int:
    """Return the scaled debt that a borrowed amount makes: up from v3.5, half-up before."""
    if version.rounds_balances:
        return ray_div_up(amount, index_ray)
    return ray_div_half_up(amount, index_ray)
