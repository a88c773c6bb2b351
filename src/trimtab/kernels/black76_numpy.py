"""The NumPy twin of the Black-76 kernels: the formulas as they are written, with SciPy's Phi.

For reading, for testing, and for machines without Numba. Same meaning, same edges, a tenth of the
speed or less.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.option_columns import OptionColumns

Floats = NDArray[np.float64]

_FAR: Final = 39.0
_SURE: Final = 1e30
_LEAST: Final = 1e-290


def normal_cdf(x: Floats) -> Floats:
    """Return Phi(x), within 1e-15 absolute."""
    from scipy.special import ndtr

    return np.asarray(ndtr(x), dtype=np.float64)


def normal_pdf(x: Floats) -> Floats:
    """Return phi(x)."""
    found: Floats = np.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return found


def d_pair(options: OptionColumns) -> tuple[Floats, Floats]:
    """Return d1 and d2, cut to -39 to 39; without volatility the sign of the payoff decides."""
    total_vol = options.vol_annual * np.sqrt(options.years)
    with np.errstate(divide="ignore"):
        log = np.log(options.forward) - np.log(options.strike)
    near = np.abs(options.forward - options.strike) < 0.5 * options.forward
    gap = np.where(near, (options.forward - options.strike), 0.0)
    # ln(F / K) = -ln(1 - (F - K) / F), without loss where they are near.
    log = np.where(near, -np.log1p(-gap / options.forward), np.minimum(log, _SURE))
    with np.errstate(over="ignore"):
        d1 = log / np.maximum(total_vol, _LEAST) + 0.5 * total_vol
    d2 = d1 - total_vol
    return np.clip(d1, -_FAR, _FAR), np.clip(d2, -_FAR, _FAR)


def prices(options: OptionColumns) -> Floats:
    """Return the value of each option, quote per unit."""
    d1, d2 = d_pair(options)
    sign = np.where(options.is_call, 1.0, -1.0)
    held = options.forward * normal_cdf(sign * d1) - options.strike * normal_cdf(sign * d2)
    found: Floats = options.discount * np.maximum(sign * held, 0.0)
    return found


def sensitivities(options: OptionColumns) -> tuple[Floats, Floats, Floats]:
    """Return delta, gamma and vega of each option."""
    d1, _ = d_pair(options)
    root_years = np.sqrt(options.years)
    total_vol = options.vol_annual * root_years
    sign = np.where(options.is_call, 1.0, -1.0)
    delta = options.discount * sign * normal_cdf(sign * d1)
    weight = options.discount * normal_pdf(d1)
    spread = options.forward * total_vol
    gamma = np.divide(weight, spread, out=np.zeros_like(weight), where=spread > 0.0)
    return delta, gamma, weight * options.forward * root_years


def thetas(options: OptionColumns, values: Floats) -> Floats:
    """Return -D F phi(d1) vol / (2 sqrt(T)) + r value, with r = -ln(D) / T; 0 at expiry."""
    d1, _ = d_pair(options)
    years = np.maximum(options.years, _LEAST)
    weight = options.discount * normal_pdf(d1) * options.forward * options.vol_annual
    found = -np.log(options.discount) * values / years - weight * (0.5 / np.sqrt(years))
    return np.where(options.years > 0.0, found, 0.0)
