"""Morpho Blue: interest by series, and the adaptive curve rate model.

Sources: morpho-org/morpho-blue, commit 3085651a, src/libraries/MathLib.sol, and
morpho-org/morpho-blue-irm, commit a1a87fd, src/adaptive-curve-irm. Rates are per second in wad;
signed products and quotients round toward zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.units import (
    WAD,
    YEAR_SECONDS,
    div_down,
    div_floor,
    mul_div_down,
    pow10,
    wad_div_down,
)

CURVE_STEEPNESS_WAD: Final = 4 * WAD
ADJUSTMENT_SPEED_WAD: Final = div_down(50 * WAD, YEAR_SECONDS)
TARGET_UTILIZATION_WAD: Final = 9 * pow10(17)
INITIAL_RATE_AT_TARGET_WAD: Final = div_down(4 * pow10(16), YEAR_SECONDS)
RATE_AT_TARGET_WAD_MIN: Final = div_down(pow10(15), YEAR_SECONDS)
RATE_AT_TARGET_WAD_MAX: Final = div_down(2 * WAD, YEAR_SECONDS)

_LN2_WAD: Final = 693_147180559_945309
_EXP_ZERO_BELOW_WAD: Final = -41_446531673_892822_312
_EXP_CLIPPED_FROM_WAD: Final = 93_859467695_000404_319
_EXP_CLIPPED_WAD: Final = 57716089161558943949701069502944508345128422502756744429568


@dataclass(frozen=True, slots=True)
class CurveRate:
    """The rate charged since the last update and the rate at target from now on, per second."""

    average_rate_wad: int
    rate_at_target_wad: int


def compounded_growth_wad(rate_wad: int, seconds: int) -> int:
    """Return e**(rate * seconds) - 1 by three terms of its series, each down, in wad."""
    first = rate_wad * seconds
    second = mul_div_down(first, first, 2 * WAD)
    third = mul_div_down(second, first, 3 * WAD)
    return first + second + third


def adaptive_curve_rate(
    borrowed: int, supplied: int, *, rate_at_target_wad: int, seconds: int
) -> CurveRate:
    """Return what the adaptive curve model charges, and where its curve has moved to.

    Args:
        borrowed, supplied: totals of the market at the last update, in native units.
        rate_at_target_wad: per second at the last update; 0 at the market's first interaction.
        seconds: since the last update.

    The distance from 90 % utilization, as a fraction of what there is on that side, sets both the
    place on the curve (a quarter to four times the rate at target) and the speed at which the rate
    at target moves (50 a year at most). The average over the time is a trapezium of three points.
    """
    used_wad = wad_div_down(borrowed, supplied) if supplied else 0
    above = used_wad > TARGET_UTILIZATION_WAD
    span_wad = WAD - TARGET_UTILIZATION_WAD if above else TARGET_UTILIZATION_WAD
    error_wad = _to_zero((used_wad - TARGET_UTILIZATION_WAD) * WAD, span_wad)
    if rate_at_target_wad == 0:
        average = end = INITIAL_RATE_AT_TARGET_WAD
    else:
        speed_wad = _to_zero(ADJUSTMENT_SPEED_WAD * error_wad, WAD)
        moved_wad = speed_wad * seconds
        average = end = rate_at_target_wad
        if moved_wad:
            end = _moved(rate_at_target_wad, moved_wad)
            middle = _moved(rate_at_target_wad, _to_zero(moved_wad, 2))
            average = div_down(rate_at_target_wad + end + 2 * middle, 4)
    return CurveRate(_on_curve(average, error_wad), end)


def exponential_wad(x_wad: int) -> int:
    """Return the model's approximation of e**x in wad, for a signed x in wad.

    2**q times a series of two terms of the rest, which lies between -ln(2)/2 and ln(2)/2; 0 below
    the logarithm of 1e-18, and clipped above 93.86.
    """
    if x_wad < _EXP_ZERO_BELOW_WAD:
        return 0
    if x_wad >= _EXP_CLIPPED_FROM_WAD:
        return _EXP_CLIPPED_WAD
    half = div_down(_LN2_WAD, 2)
    power = _to_zero(x_wad + (-half if x_wad < 0 else half), _LN2_WAD)
    rest = x_wad - power * _LN2_WAD
    series = WAD + rest + div_down(div_down(rest * rest, WAD), 2)
    return series << power if power >= 0 else series >> -power


def _moved(rate_at_target_wad: int, moved_wad: int) -> int:
    moved = mul_div_down(rate_at_target_wad, exponential_wad(moved_wad), WAD)
    return min(max(moved, RATE_AT_TARGET_WAD_MIN), RATE_AT_TARGET_WAD_MAX)


def _on_curve(rate_at_target_wad: int, error_wad: int) -> int:
    if error_wad < 0:
        steepness_wad = WAD - wad_div_down(WAD, CURVE_STEEPNESS_WAD)
    else:
        steepness_wad = CURVE_STEEPNESS_WAD - WAD
    factor_wad = _to_zero(steepness_wad * error_wad, WAD) + WAD
    return mul_div_down(factor_wad, rate_at_target_wad, WAD)


def _to_zero(a: int, b: int) -> int:
    """Return a / b rounded toward zero, for a signed a and a positive b."""
    return div_floor(a, b) if a >= 0 else -div_floor(-a, b)
