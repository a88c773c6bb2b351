"""Black-76 values and Greeks of an option on a forward, in wad, from integers alone.

    d1 = (ln(F / K) + v**2 / 2) / v,  d2 = d1 - v,  v = volatility * sqrt(T)
    call = D * (F Phi(d1) - K Phi(d2)),  put = call - D * (F - K),  T = seconds / 365 days

Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
Everything between the arguments and the results is held to 2**-192.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.units.exponential import _atanh_bounds, _ln2_bounds
from trimtab.units.fixed import div_floor, mul_div_down, mul_div_half_up, sqrt_down
from trimtab.units.normal import BITS, ONE, cdf_binary, pdf_binary
from trimtab.units.scales import WAD, YEAR_SECONDS

# d beyond this is certain to 2**-135; it keeps a nearly expired option's d finite.
_FAR: Final = 14 * ONE


@dataclass(frozen=True, slots=True)
class OptionValue:
    """What one option is worth and how that moves, all in wad.

    value_wad: in quote per unit; delta_wad: value per quote of the forward, signed;
    gamma_wad: delta per quote of the forward; vega_wad: value per 1.00 of annual volatility.
    """

    value_wad: int
    delta_wad: int
    gamma_wad: int
    vega_wad: int


@dataclass(frozen=True, slots=True)
class _Moments:
    """Phi(d1), Phi(d2), phi(d1) and v, in units of 2**-BITS."""

    above_d1: int
    above_d2: int
    density: int
    total_vol: int


def black76_value_wad(
    forward_wad: int,
    strike_wad: int,
    *,
    vol_wad: int,
    seconds: int,
    is_call: bool,
    discount_wad: int = WAD,
) -> int:
    """Return what a European option on a forward is worth.

    Args:
        forward_wad, strike_wad: quote per unit, in wad; the forward above zero.
        vol_wad: annual volatility in wad, zero or more.
        seconds: to expiry, zero or more; a year is 365 days.
        discount_wad: of one quote paid at expiry, zero or more.

    Returns:
        In wad, nearest. Never below 0; with no time or no volatility the discounted payoff.
        Within 1 unit of 1e-18 of the true value, as long as (forward + strike) * discount is
        below 1e12 whole quote; past that within (forward + strike) * discount * 2**-100.

    >>> value = black76_value_wad(
    ...     100 * 10**18, 100 * 10**18, vol_wad=2 * 10**17, seconds=365 * 86400, is_call=True
    ... )
    >>> value
    7965567455405796293
    """
    moments = _moments(forward_wad, strike_wad, vol_wad=vol_wad, seconds=seconds)
    return _value(
        forward_wad, strike_wad, moments=moments, is_call=is_call, discount_wad=discount_wad
    )


def black76_wad(
    forward_wad: int,
    strike_wad: int,
    *,
    vol_wad: int,
    seconds: int,
    is_call: bool,
    discount_wad: int = WAD,
) -> OptionValue:
    """Return the value, delta, gamma and vega of a European option on a forward.

    Args:
        As for `black76_value_wad`.

    Returns:
        All in wad, nearest. The value as there; delta within 1 unit times the discount; gamma and
        vega within 1 unit plus 2**-100 of themselves. Without volatility left, gamma is 0 and
        delta is that of the payoff, one half at the strike.

    >>> found = black76_wad(
    ...     100 * 10**18, 100 * 10**18, vol_wad=2 * 10**17, seconds=365 * 86400, is_call=False
    ... )
    >>> found.delta_wad, found.gamma_wad, found.vega_wad
    (-460172162722971019, 19847627373850588, 39695254747701176551)
    """
    moments = _moments(forward_wad, strike_wad, vol_wad=vol_wad, seconds=seconds)
    delta = moments.above_d1 if is_call else ONE - moments.above_d1
    size = mul_div_half_up(delta, discount_wad, ONE)
    weight = moments.density * discount_wad
    root_years = sqrt_down(mul_div_down(seconds << 2 * BITS, 1, YEAR_SECONDS))
    gamma = 0
    if moments.total_vol:
        gamma = mul_div_half_up(weight, WAD, forward_wad * moments.total_vol)
    return OptionValue(
        value_wad=_value(
            forward_wad, strike_wad, moments=moments, is_call=is_call, discount_wad=discount_wad
        ),
        delta_wad=size if is_call else -size,
        gamma_wad=gamma,
        vega_wad=mul_div_half_up(weight * forward_wad, root_years, WAD << 2 * BITS),
    )


def _value(
    forward_wad: int, strike_wad: int, *, moments: _Moments, is_call: bool, discount_wad: int
) -> int:
    assert discount_wad >= 0, f"negative discount: {discount_wad}"
    if is_call:
        held = forward_wad * moments.above_d1 - strike_wad * moments.above_d2
    else:
        held = strike_wad * (ONE - moments.above_d2) - forward_wad * (ONE - moments.above_d1)
    return mul_div_half_up(max(held, 0), discount_wad, WAD << BITS)


def _moments(forward_wad: int, strike_wad: int, *, vol_wad: int, seconds: int) -> _Moments:
    assert forward_wad > 0, f"forward not above zero: {forward_wad}"
    assert strike_wad >= 0, f"negative strike: {strike_wad}"
    assert vol_wad >= 0, f"negative volatility: {vol_wad}"
    assert seconds >= 0, f"negative time to expiry: {seconds}"
    variance = mul_div_down(vol_wad * vol_wad * seconds, 1 << 2 * BITS, WAD * WAD * YEAR_SECONDS)
    total_vol = sqrt_down(variance)
    if strike_wad == 0:
        return _Moments(ONE, ONE, 0, total_vol)
    log_ratio = _ln_ratio(forward_wad, strike_wad)
    if total_vol == 0:
        d1 = (log_ratio > 0) * _FAR - (log_ratio < 0) * _FAR
    else:
        d1 = div_floor((log_ratio << BITS) + (variance >> 1), total_vol)
    d2 = d1 - total_vol
    return _Moments(cdf_binary(d1), cdf_binary(d2), pdf_binary(d1), total_vol)


def _ln_ratio(numerator: int, denominator: int) -> int:
    """Return ln(numerator / denominator), signed, in units of 2**-BITS, within 2**12 units.

    With 2**e between them the ratio lies in (1/2, 2), where 2 atanh((n - d) / (n + d)) is fast.
    """
    exponent = numerator.bit_length() - denominator.bit_length()
    n, d = numerator << max(-exponent, 0), denominator << max(exponent, 0)
    low, _ = _atanh_bounds(abs(n - d), n + d, bits=BITS)
    ln2, _ = _ln2_bounds(BITS)
    return exponent * ln2 + (2 * low if n >= d else -2 * low)
