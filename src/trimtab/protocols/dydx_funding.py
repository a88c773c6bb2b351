"""dYdX v4: the bound on funding, its index and its settlement.

Source: dydxprotocol/v4-chain, commit 84d4664b, protocol/x/perpetuals. Rates are ppm of eight hours;
an index counts millionths of a quote quantum per base quantum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trimtab.protocols.dydx import MILLION, LiquidityTier, Market
from trimtab.protocols.signed import mul_div_floor, mul_div_toward_zero
from trimtab.units import mul_div_down, pow10

FUNDING_SECONDS: Final = 8 * 3600
FUNDING_CLAMP_PPM: Final = 6_000_000
PREMIUM_CLAMP_PPM: Final = 60_000_000
VOTES_MIN: Final = 15
_QUOTE_DECIMALS: Final = 6


def clamp_ppm(tier: LiquidityTier, factor_ppm: int) -> int:
    """Return the largest magnitude of a rate: factor * (initial - maintenance), floored, ppm."""
    maintenance = mul_div_down(tier.initial_ppm, tier.maintenance_fraction_ppm, MILLION)
    return mul_div_down(factor_ppm, tier.initial_ppm - maintenance, MILLION)


def clamped_rate_ppm(rate_ppm: int, tier: LiquidityTier) -> int:
    """Return a funding rate held within the bound of its tier."""
    bound = clamp_ppm(tier, FUNDING_CLAMP_PPM)
    return max(-bound, min(rate_ppm, bound))


def index_delta(market: Market, rate_ppm: int, *, seconds: int) -> int:
    """Return how far the funding index moves: price * rate * seconds / 28,800, cut toward zero."""
    exponent = market.price_exponent + market.atomic_resolution + _QUOTE_DECIMALS
    rate = rate_ppm * seconds
    if exponent >= 0:
        price = market.price * pow10(exponent)
        return mul_div_toward_zero(rate, price, denominator=FUNDING_SECONDS)
    return mul_div_toward_zero(rate, market.price, denominator=FUNDING_SECONDS * pow10(-exponent))


def settlement(moves: Iterable[tuple[int, int]]) -> int:
    """Return the quote quantums that an account receives: sum of -index move * size, floored.

    Args:
        moves: per position, its size in base quantums and the move of its market's index.
    """
    total = -sum(size * delta for size, delta in moves)
    return mul_div_floor(total, 1, denominator=MILLION)
