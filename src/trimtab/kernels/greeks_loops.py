"""Black-76 over columns as machine code: loops without a branch, a call or a table.

    v = vol sqrt(T),  d1 = ln(F / K) / v + v / 2,  d2 = d1 - v
    call = D (F Phi(d1) - K Phi(d2)),  put = D (K Phi(-d2) - F Phi(-d1))
    delta = +-D Phi(+-d1),  gamma = D phi(d1) / (F v),  vega = D F phi(d1) sqrt(T)
    theta = -D F phi(d1) vol / (2 sqrt(T)) + r value,  r = -ln(D) / T

Source: F. Black, "The pricing of commodity contracts", Journal of Financial Economics 3 (1976).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.compiling import compiled
from trimtab.kernels.normal import density, far_clipped, ln_ratio, mills

Floats = NDArray[np.float64]

# Where nothing is left of time or volatility, d is a logarithm divided by this: 0 or far out.
_LEAST_VOL: Final = 1e-290
_SURE: Final = 1e30


class OptionRows(NamedTuple):
    """The columns of `OptionColumns`, in the form that compiled code takes."""

    forward: Floats
    strike: Floats
    vol_annual: Floats
    years: Floats
    is_call: NDArray[np.bool_]
    discount: Floats


class SensitivityRows(NamedTuple):
    """Where delta, gamma and vega are written."""

    delta: Floats
    gamma: Floats
    vega: Floats


class GreekRows(NamedTuple):
    """Where value, delta, gamma, vega and theta are written."""

    value: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


@compiled
def log_moneyness(forward: float, strike: float) -> float:
    """Return ln(forward / strike); past any volatility where the strike is 0."""
    return ln_ratio(forward, strike) if strike > 0.0 else _SURE


@compiled
def below(x: float, tail: float) -> float:
    """Return Phi(x) from the tail beyond its magnitude."""
    return tail if x < 0.0 else 1.0 - tail


@compiled
def fill_prices(options: OptionRows, out: Floats) -> None:
    """Write the value of each option, quote per unit."""
    for i in range(out.size):
        forward, strike = options.forward[i], options.strike[i]
        total_vol = options.vol_annual[i] * math.sqrt(options.years[i])
        d = log_moneyness(forward, strike) / max(total_vol, _LEAST_VOL) + 0.5 * total_vol
        d1, d2 = far_clipped(d), far_clipped(d - total_vol)
        size1, size2 = abs(d1), abs(d2)
        tail1, tail2 = density(size1) * mills(size1), density(size2) * mills(size2)
        is_call = options.is_call[i]
        side1, side2 = (d1, d2) if is_call else (-d1, -d2)
        held = forward * below(side1, tail1) - strike * below(side2, tail2)
        out[i] = options.discount[i] * max(held if is_call else -held, 0.0)


@compiled
def fill_sensitivities(options: OptionRows, out: SensitivityRows) -> None:
    """Write delta, gamma and vega: one exponential, one logarithm and one tail an option."""
    for i in range(out.delta.size):
        forward, discount = options.forward[i], options.discount[i]
        root_years = math.sqrt(options.years[i])
        total_vol = options.vol_annual[i] * root_years
        inverse_vol = 1.0 / max(total_vol, _LEAST_VOL)
        d = log_moneyness(forward, options.strike[i]) * inverse_vol + 0.5 * total_vol
        d1 = far_clipped(d)
        size = abs(d1)
        peak = density(size)
        tail = peak * mills(size)
        is_call = options.is_call[i]
        share = below(d1 if is_call else -d1, tail)
        weight = discount * peak
        out.delta[i] = discount * (share if is_call else -share)
        out.gamma[i] = weight * inverse_vol / forward if total_vol > 0.0 else 0.0
        out.vega[i] = weight * forward * root_years


@compiled
def fill_greeks(options: OptionRows, out: GreekRows) -> None:
    """Write value, delta, gamma, vega and theta."""
    for i in range(out.value.size):
        forward, strike = options.forward[i], options.strike[i]
        discount, years, vol = options.discount[i], options.years[i], options.vol_annual[i]
        root_years = math.sqrt(years)
        total_vol = vol * root_years
        inverse_vol = 1.0 / max(total_vol, _LEAST_VOL)
        d = log_moneyness(forward, strike) * inverse_vol + 0.5 * total_vol
        d1, d2 = far_clipped(d), far_clipped(d - total_vol)
        size1, size2 = abs(d1), abs(d2)
        peak = density(size1)
        tail1, tail2 = peak * mills(size1), density(size2) * mills(size2)
        is_call = options.is_call[i]
        share = below(d1 if is_call else -d1, tail1)
        held = forward * share - strike * below(d2 if is_call else -d2, tail2)
        value = discount * max(held if is_call else -held, 0.0)
        weight = discount * peak
        out.value[i] = value
        out.delta[i] = discount * (share if is_call else -share)
        out.gamma[i] = weight * inverse_vol / forward if total_vol > 0.0 else 0.0
        out.vega[i] = weight * forward * root_years
        decay = weight * forward * vol * (0.5 / max(root_years, _LEAST_VOL))
        carry = ln_ratio(1.0, discount) * value / max(years, _LEAST_VOL)
        out.theta[i] = carry - decay if years > 0.0 else 0.0
