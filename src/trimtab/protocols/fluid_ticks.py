"""Fluid: ratios on a grid of ticks 0.15 % apart, and the 56-bit numbers that debts are kept in.

Source: Instadapp/fluid-contracts-public, commit a9949b48: contracts/libraries/tickMath.sol and
bigMathMinified.sol. A ratio is raw debt per raw collateral with 96 bits of fraction; tick t stands
for 1.0015**t. Shifts floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.units import UINT256_MAX, NumberError, div_down, mul_div_down, mul_div_half_up

TICK_MAX: Final = 32767
RATIO_ONE: Final = 1 << 96
PARTS: Final = (1 << 30) - 1
_RATIO_MIN: Final = 37075072
_RATIO_MAX: Final = 169307877264527972847801929085841449095838922544595
_BITS: Final = 15
_SCALE: Final = 10**26
_STEP: Final = (10015, 10000)
_COEFFICIENT_BITS: Final = 56

# 2**128 / 1.0015**(2**k), to the nearest.
_FACTORS: Final = tuple(
    mul_div_half_up(1 << 128, _STEP[1] ** (1 << k), _STEP[0] ** (1 << k)) for k in range(_BITS)
)
# 1e26 * 1.0015**(2**k) as the contract has it: to the nearest, but for k = 6, one less.
_THRESHOLDS: Final = tuple(
    mul_div_half_up(_SCALE, _STEP[0] ** (1 << k), _STEP[1] ** (1 << k)) - (k == 6)
    for k in range(_BITS)
)


@dataclass(frozen=True, slots=True)
class TickRatio:
    """The tick at or below a ratio, and the ratio that the contract takes it to stand for."""

    tick: int
    ratio: int


def ratio_at(tick: int) -> int:
    """Return the ratio of a tick, 96 bits; of positive ticks rounded up.

    Args:
        tick: from -32767 to 32767.
    """
    assert abs(tick) <= TICK_MAX, f"tick out of range: {tick}"
    factor = 1 << 128
    for k in range(_BITS):
        if abs(tick) >> k & 1:
            factor = factor * _FACTORS[k] >> 128
    if tick < 0:
        return factor >> 32
    inverse = div_down(UINT256_MAX, factor)
    return (inverse >> 32) + (inverse & 0xFFFFFFFF != 0)


def tick_at(ratio: int) -> TickRatio:
    """Return the tick at or below a ratio, by the contract's fifteen comparisons.

    Raises:
        NumberError: below or above the grid, where the contract reverts.
    """
    if not _RATIO_MIN <= ratio <= _RATIO_MAX:
        raise NumberError("the ratio is off the grid of ticks", found=str(ratio))
    is_small = ratio < RATIO_ONE
    top, bottom = (RATIO_ONE, ratio) if is_small else (ratio, RATIO_ONE)
    factor, tick = mul_div_down(top, _SCALE, bottom), 0
    for k in reversed(range(_BITS)):
        if factor >= _THRESHOLDS[k]:
            tick |= 1 << k
            factor = mul_div_down(factor, _SCALE, _THRESHOLDS[k])
    if is_small:
        return TickRatio(-tick - 1, mul_div_down(ratio, factor, _THRESHOLDS[0]))
    return TickRatio(tick, mul_div_down(ratio, _SCALE, factor))


def partial_ratio(tick: int, parts: int) -> int:
    """Return a ratio between the tick below and this one: `parts` of 2**30 - 1 of the way."""
    ratio = ratio_at(tick)
    below = mul_div_down(ratio, _STEP[1], _STEP[0])
    return below + mul_div_down(ratio - below, parts, PARTS)


def next_ratio(ratio: int) -> int:
    """Return floor(ratio * 1.0015)."""
    return mul_div_down(ratio, _STEP[0], _STEP[1])


def stored(amount: int, *, up: bool) -> int:
    """Return what 56 significant bits keep of an amount; up adds one to them wherever some are cut.

    An amount of more than 56 bits is raised even where nothing was lost: so the contract does it.
    """
    exponent = max(0, amount.bit_length() - _COEFFICIENT_BITS)
    coefficient = amount >> exponent
    return (coefficient + (up and exponent > 0)) << exponent
