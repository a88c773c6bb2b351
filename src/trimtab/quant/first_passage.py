"""The probability that a geometric Brownian motion reaches a barrier before a time.

With b the barrier over the price, a = |ln b|, and m the drift of the logarithm towards it,

    P = Phi((-a + m T) / (s sqrt T)) + exp(2 m a / s**2) Phi((-a - m T) / (s sqrt T))

Watched only every dt, the barrier acts as one further away: a + 0.5826 s sqrt(dt).
Sources: the reflection principle; M. Broadie, P. Glasserman, S. Kou, "A continuity correction for
discrete barrier options", Mathematical Finance 7 (1997): 0.5826 = -zeta(1/2) / sqrt(2 pi).
"""

from __future__ import annotations

import math
from typing import Final

from trimtab.units import UsageError

CONTINUITY: Final = 0.5825971579390106


def barrier_ratio(leverage: float, *, maintenance: float, is_long: bool = True) -> float:
    """Return the liquidation price over the present price of an isolated position.

    (1 - 1 / L) / (1 - m) for a long, (1 + 1 / L) / (1 + m) for a short.

    Args:
        leverage: notional over equity, above 1 for a long, above 0 for a short.
        maintenance: margin rate, from 0 to below 1.
    """
    if not leverage > (1.0 if is_long else 0.0) or not 0.0 <= maintenance < 1.0:
        raise UsageError(f"no barrier at leverage {leverage} and maintenance rate {maintenance}")
    side = 1.0 if is_long else -1.0
    return (1.0 - side / leverage) / (1.0 - side * maintenance)


def hit_probability(
    ratio: float,
    *,
    vol_annual: float,
    years: float,
    drift_annual: float = 0.0,
    watch_years: float = 0.0,
) -> float:
    """Return the probability that the price touches `ratio` times itself within a time.

    Args:
        ratio: barrier over price, above 0; below 1 is below the price.
        vol_annual, years: above 0.
        drift_annual: expected growth of the price; 0 means that the price is a martingale.
        watch_years: time between two looks; 0 is always.

    Raises:
        UsageError: an argument out of range.
    """
    if not (ratio > 0.0 and vol_annual > 0.0 and years > 0.0 and watch_years >= 0.0):
        raise UsageError("first passage: ratio, volatility and time are above 0")
    distance = abs(math.log(ratio)) + CONTINUITY * vol_annual * math.sqrt(watch_years)
    if distance == 0.0:
        return 1.0
    drift = drift_annual - 0.5 * vol_annual**2
    towards = -drift if ratio < 1.0 else drift
    spread = vol_annual * math.sqrt(years)
    direct = _phi((-distance + towards * years) / spread)
    exponent = 2.0 * towards * distance / vol_annual**2
    reflected = _phi((-distance - towards * years) / spread)
    return min(1.0, direct + (math.exp(exponent) * reflected if reflected > 0.0 else 0.0))


def _phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))
