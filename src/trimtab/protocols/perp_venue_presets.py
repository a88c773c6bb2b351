"""Presets written by hand, where a venue's configuration is no file that we have.

Each says the date and the place its values were published. Venues change them by vote or by
operator; these are examples of the shape, to be checked before use.
"""

from __future__ import annotations

from typing import Final

from trimtab.protocols.perp_presets import (
    OPEN_END,
    PerpPreset,
    PerpTier,
    RootScale,
    fraction_of_leverage_wad,
)
from trimtab.units import WAD, mul_div_down, mul_div_up, parse_decimal

_MILLION: Final = 10**6 * WAD
_HYPERLIQUID: Final = "Hyperliquid documentation, margin tiers, stored copy"
_SYNTHETIX: Final = "Synthetixio/SIPs, content/sccp/sccp-375.md"


def _wad(text: str) -> int:
    return parse_decimal(text, 18)


def hyperliquid(market: str, *, first: int, bound_millions: int, second: int) -> PerpPreset:
    """Return a market of two tiers by most leverage; maintenance is half of the initial fraction.

    Args:
        first, second: most leverage below and from the bound on; bound_millions: USD.
    """
    low, high = (fraction_of_leverage_wad(one * WAD) for one in (first, second))
    halves = [mul_div_up(one, 1, 2) for one in (low, high)]
    bound = bound_millions * _MILLION
    deduction = mul_div_down(bound, halves[1] - halves[0], WAD)
    return PerpPreset(
        venue="Hyperliquid",
        market=market,
        quote="USDC",
        as_of="2025",
        source=_HYPERLIQUID,
        tiers=(
            PerpTier(0, bound, low, halves[0]),
            PerpTier(bound, OPEN_END, high, halves[1], deduction),
        ),
        withdrawal_wad=_wad("0.1"),
        missing=(
            "the backstop vault takes all margin along with a position",
            "deleveraging is at the previous mark price, as far as the book does not fill",
        ),
    )


def synthetix(market: str, *, least: str, factor: str, scalar: str, skew_scale: int) -> PerpPreset:
    """Return a market whose initial fraction is least + |size| / skew scale * factor.

    Args:
        least, factor, scalar: minimum initial ratio, initial ratio, maintenance scalar; skew_scale:
            whole coins.
    """
    initial = _wad(least)
    return PerpPreset(
        venue="Synthetix v3",
        market=market,
        quote="USD",
        as_of="2024-12-11",
        source=_SYNTHETIX,
        tiers=(PerpTier(0, OPEN_END, initial, mul_div_up(initial, _wad(scalar), WAD)),),
        skew_scale_wad=skew_scale * WAD,
        skew_margin_wad=_wad(factor),
        position_wad=50 * WAD,
        liquidation_fee_wad=_wad("0.0003"),
        missing=(
            "the possible liquidation reward is required too",
            "fills move by skew / skew scale; funding by its velocity",
            "liquidation is bounded by a sliding window and flags the account first",
        ),
    )


HYPERLIQUID: Final = (
    hyperliquid("BTC", first=40, bound_millions=150, second=20),
    hyperliquid("ETH", first=25, bound_millions=100, second=15),
    hyperliquid("SOL", first=20, bound_millions=70, second=10),
    hyperliquid("XRP", first=20, bound_millions=40, second=10),
    hyperliquid("middle", first=10, bound_millions=20, second=5),
    hyperliquid("small", first=10, bound_millions=3, second=5),
)

SYNTHETIX: Final = (
    synthetix("SOLETH", least="0.05", factor="5.5", scalar="0.333", skew_scale=4_500_000_000),
    synthetix("VIRTUAL", least="0.05", factor="1.264", scalar="0.317", skew_scale=2_000_000),
)

GMX: Final = tuple(
    PerpPreset(
        venue="GMX v2",
        market=market,
        quote="USD",
        as_of="2026-03-13",
        source="gmx-io/gmx-synthetics at a5c0c883, config/markets.ts",
        tiers=(PerpTier(0, OPEN_END, _wad(least), _wad(least)),),
        missing=(
            "each position stands alone against its pool; there is no cross margin",
            "the least collateral of an opening rises with open interest by a factor of the market",
            "a negative price impact counts against collateral, at most 1 % of size",
            "profits are paid up to a share of the pool; deleveraging starts above another",
        ),
    )
    for market, least in (("deep", "0.005"), ("typical", "0.01"))
)

PERP_V2: Final = PerpPreset(
    venue="Perp v2",
    market="every market",
    quote="USD",
    as_of="2024-09-11",
    source="perpetual-protocol/perp-curie-contract at d520bd8e, contracts/ClearingHouseConfig.sol",
    tiers=(PerpTier(0, OPEN_END, _wad("0.1"), _wad("0.0625")),),
    liquidation_fee_wad=_wad("0.025"),
    gain_weight_wad=0,
    missing=(
        "initial margin is on debt, not on position value",
        "half of the account's position value, not of the position, goes while above half of "
        "maintenance",
        "funding is capped at a tenth a day; a trade may not move the price by 1,000 ticks",
    ),
)

DRIFT: Final = PerpPreset(
    venue="Drift v2",
    market="SOL-PERP",
    quote="USD",
    as_of="2026-04-01",
    source="drift-labs/protocol-v2 at 0ae3e3b1; 10x is that of the markets' defaults",
    tiers=(PerpTier(0, OPEN_END, _wad("0.1"), _wad("0.05")),),
    root=RootScale(_wad("0.8"), 0),
    gain_cap_wad=100 * WAD,
    missing=(
        "the factor of the square root of size is set on chain for each market; here it is 0",
        "initial margin uses the worse of price and five-minute average",
        "liquidation ends 2 % above maintenance",
    ),
)

BY_HAND: Final = (*HYPERLIQUID, *SYNTHETIX, *GMX, PERP_V2, DRIFT)
