"""What the scenarios of Derive's portfolio manager do to one expiry.

Source: derivexyz/v2-core at 7736900d, src/risk-managers/PMRMLib_2.sol. Products and quotients lose
their fraction (toward zero), as Solidity's do. Option values are the exact Black-76 of
`trimtab.units`, where the contract's own normal distribution is good to about 1e-15 of the forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.protocols.derive_portfolio_rules import (
    SKEWS,
    Expiry,
    MarginRules,
    OptionPosition,
    PortfolioRules,
    Scenario,
    SkewRules,
    VolShock,
    VolShockRules,
)
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import (
    WAD,
    YEAR_SECONDS,
    black76_value_wad,
    div_down,
    exp_wad_down,
    ln_wad_down,
    mul_div_down,
    sqrt_wad_down,
)

MONTH_SECONDS: Final = 30 * 86400


@dataclass(frozen=True, slots=True)
class VolFactors:
    """By what an expiry's volatilities are multiplied."""

    up_wad: int
    down_wad: int


@dataclass(frozen=True, slots=True)
class Discounts:
    """By what the shocked value of an expiry is multiplied, where above and where below zero."""

    long_wad: int
    short_wad: int


def times_wad(a: int, b_wad: int) -> int:
    """Return a * b without its fraction, in the scale of a, for signed a and b in wad."""
    return mul_div_toward_zero(a, b_wad, denominator=WAD)


def years_wad(seconds: int) -> int:
    """Return seconds in years of 365 days, in wad, rounded down."""
    return mul_div_down(seconds, WAD, YEAR_SECONDS)


def discount_wad(expiry: Expiry) -> int:
    """Return what one quote paid at expiry is worth; a negative rate counts as 0."""
    return exp_wad_down(-mul_div_down(max(expiry.rate_wad, 0), expiry.seconds, YEAR_SECONDS))


def vol_factors(seconds: int, rules: VolShockRules) -> VolFactors:
    """Return 1 + range * (30 days / max(time, floor))**power; `short_power` up to 30 days.

    Rounding: (30 days / time) and the power down; the factor down is never below 0.
    """
    term = mul_div_down(MONTH_SECONDS, WAD, max(seconds, rules.floor_seconds))
    power = rules.short_power_wad if seconds <= MONTH_SECONDS else rules.long_power_wad
    scale = exp_wad_down(times_wad(ln_wad_down(term), power))
    return VolFactors(
        up_wad=WAD + times_wad(rules.range_up_wad, scale),
        down_wad=max(0, WAD - times_wad(rules.range_down_wad, scale)),
    )


def discounts(expiry: Expiry, rules: MarginRules) -> Discounts:
    """Return base * exp(-T * (rate * scale + add)) for a long expiry, base / exp(...) for a short.

    A short is never marked up past undoing the discount of its value.
    """
    years, rate = years_wad(expiry.seconds), max(expiry.rate_wad, 0)
    long_rate = times_wad(rate, rules.long_rate_scale_wad) + rules.long_rate_add_wad
    short_rate = times_wad(rate, rules.short_rate_scale_wad) + rules.short_rate_add_wad
    long_fall = exp_wad_down(-times_wad(years, long_rate))
    short_fall = exp_wad_down(-times_wad(years, short_rate))
    mark_up = mul_div_down(rules.short_discount_wad, WAD, short_fall)
    return Discounts(
        long_wad=times_wad(rules.long_discount_wad, long_fall),
        short_wad=min(mul_div_down(WAD, WAD, discount_wad(expiry)), mark_up),
    )


def skew_factor_wad(
    strike_wad: int, forward_wad: int, *, seconds: int, shock: VolShock, rules: SkewRules
) -> int:
    """Return by what a tilt multiplies the volatility of a strike.

    1 + sign(k) * min(cap, |k| * cap / k*), k = ln(K / F), or its magnitude for the absolute tilt;
    cap = base + slope * sqrt(T), k* = max(least, sqrt(T) * width * (v0 + v1 * sqrt(T))).

    Rounding: toward zero; at least 0.
    """
    root = sqrt_wad_down(years_wad(seconds))
    is_linear = shock is VolShock.LINEAR
    base = rules.linear_cap_wad if is_linear else rules.abs_cap_wad
    slope = rules.linear_slope_wad if is_linear else rules.abs_slope_wad
    cap = times_wad(slope, root) + base
    vol = rules.vol_static_wad + times_wad(root, rules.vol_slope_wad)
    k_star = max(rules.k_star_min_wad, times_wad(times_wad(root, rules.width_wad), vol))
    k = ln_wad_down(mul_div_down(strike_wad, WAD, forward_wad))
    k = k if is_linear else abs(k)
    tilt = mul_div_toward_zero(k, cap, denominator=k_star)
    return max(0, WAD + (min(cap, tilt) if k >= 0 else max(-cap, tilt)))


def option_values_wad(
    expiry: Expiry, *, spot_wad: int, vols_wad: tuple[int, ...], discount: int
) -> tuple[int, ...]:
    """Return the signed value of each option, with the forward's moving part times `spot_wad`."""
    forward = times_wad(expiry.forward_variable_wad, spot_wad) + expiry.forward_fixed_wad
    pairs = zip(expiry.options, vols_wad, strict=True)
    return tuple(
        times_wad(_price(option, forward, vol=vol, seconds=expiry.seconds, discount=discount), size)
        for option, vol in pairs
        for size in (option.amount_wad,)
    )


def vols_up_or_down(
    expiry: Expiry, shock: VolShock, *, factors: VolFactors, vol_up_min_wad: int
) -> tuple[int, ...]:
    """Return the volatilities of an expiry's options, up (with a floor), down or as they are."""
    if shock is VolShock.UP:
        return tuple(
            max(vol_up_min_wad, times_wad(option.vol_wad, factors.up_wad))
            for option in expiry.options
        )
    factor = factors.down_wad if shock is VolShock.DOWN else WAD
    return tuple(times_wad(option.vol_wad, factor) for option in expiry.options)


def vols_tilted(expiry: Expiry, shock: VolShock, *, rules: SkewRules) -> tuple[int, ...]:
    """Return the volatilities of an expiry's options under a tilt of the skew."""
    forward = expiry.forward_variable_wad + expiry.forward_fixed_wad
    return tuple(
        times_wad(
            option.vol_wad,
            skew_factor_wad(
                option.strike_wad, forward, seconds=expiry.seconds, shock=shock, rules=rules
            ),
        )
        for option in expiry.options
    )


def shocked_values_wad(
    expiry: Expiry, rules: PortfolioRules, *, scenario: Scenario
) -> tuple[int, ...]:
    """Return the signed value of each option in a scenario; a tilt leaves the forward alone."""
    spot, shock = scenario.spot_wad, scenario.vol
    if shock in SKEWS:
        spot, vols = WAD, vols_tilted(expiry, shock, rules=rules.skew)
    else:
        factors = vol_factors(expiry.seconds, rules.vol)
        floor = rules.vol.vol_up_min_wad
        vols = vols_up_or_down(expiry, shock, factors=factors, vol_up_min_wad=floor)
    discount = discount_wad(expiry)
    return option_values_wad(expiry, spot_wad=spot, vols_wad=vols, discount=discount)


def naked_shorts_wad(options: tuple[OptionPosition, ...]) -> int:
    """Return how many options are short beyond the longs of their strike, calls and puts alike.

    A call and a put of one strike offset each other; two shorts of a strike both count.
    """
    by_strike: dict[int, int] = {}
    for option in options:
        net = by_strike.get(option.strike_wad, 0)
        by_strike[option.strike_wad] = net + option.amount_wad
    return sum(max(-net, 0) for net in by_strike.values())


def split_forward(forward_wad: int, seconds: int, *, average_seconds: int) -> tuple[int, int]:
    """Return the fixed and the variable part of a forward inside its settlement average.

    Rounding: both down. Outside the average all of it moves.
    """
    if seconds >= average_seconds:
        return 0, forward_wad
    fixed = div_down(forward_wad * (average_seconds - seconds), average_seconds)
    return fixed, div_down(forward_wad * seconds, average_seconds)


def _price(
    option: OptionPosition, forward_wad: int, *, vol: int, seconds: int, discount: int
) -> int:
    return black76_value_wad(
        forward_wad,
        option.strike_wad,
        vol_wad=vol,
        seconds=seconds,
        is_call=option.is_call,
        discount_wad=discount,
    )
