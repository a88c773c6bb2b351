"""The derivatives markets of the crisis venue, and the positions that its book opens with."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.venues import row
from trimtab.model import (
    AdlPolicy,
    AdlPrice,
    BookRow,
    BreakerRules,
    DeleveragingRules,
    Funding,
    MarketKind,
    MarketRules,
    OracleRules,
    PositionLiquidationRules,
    PositionSizing,
    Rules,
    Socialize,
    Tier,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

LINEAR, SKEWED, INVERSE = "ETH-PERP", "CENT-PERP", "ETH-COIN"
MARKETS = (LINEAR, SKEWED, INVERSE)
FOLLOWED = {LINEAR: "ETH", SKEWED: "CENT", INVERSE: "ETH"}
# Native units of a whole contract: an ether, a cent token, a dollar.
CONTRACT = {LINEAR: 10**18, SKEWED: 10**2, INVERSE: 10**6}
TRADERS = ("hana", "ivo", "jana", "karl", "lena", "lena/iso", "anna", "fria")
DOLLAR = 10**6


def market_rules(*, thin: bool) -> dict[str, MarketRules]:
    """Three markets, each with other forms of funding, margin and last payer."""
    found = (_linear(), _skewed(thin=thin), _inverse())
    return {each.name: each for each in found}


def _linear() -> MarketRules:
    return MarketRules(
        LINEAR,
        10 * PERCENT,
        5 * PERCENT,
        asset="ETH",
        liquidation_end_margin_wad=6 * PERCENT,
        tiers=(
            Tier(0, 10 * PERCENT, 5 * PERCENT),
            Tier(40_000 * WAD, 20 * PERCENT, 8 * PERCENT),
            Tier(200_000 * WAD, 50 * PERCENT, 20 * PERCENT),
        ),
        oi_lower_wad=400_000 * WAD,
        oi_upper_wad=900_000 * WAD,
        oi_cap_wad=600_000 * WAD,
        funding=Funding.PREMIUM,
        funding_interest_wad=10**14,
        funding_clamp_wad=2 * WAD,
        funding_cap_wad=4 * PERCENT,
        mark_band_wad=5 * PERCENT,
        taker_fee_wad=5 * 10**14,
        maker_fee_wad=2 * 10**14,
        liquidator_fee_wad=PERCENT,
        liquidator_fee_max_wad=3 * PERCENT,
        insurance_fee_wad=PERCENT,
    )


def _skewed(*, thin: bool) -> MarketRules:
    return MarketRules(
        SKEWED,
        12 * PERCENT,
        6 * PERCENT,
        asset="CENT",
        size_factor_wad=2 * 10**14,
        skew_scale=4_000_000 * 100,
        skew_margin_wad=50 * PERCENT,
        position_margin_wad=2 * WAD,
        initial_gain_weight_wad=50 * PERCENT,
        gain_weight_wad=90 * PERCENT,
        gain_cap_wad=100 * WAD,
        funding=Funding.VELOCITY,
        funding_velocity_wad=9 * WAD,
        liquidator_fee_wad=2 * PERCENT,
        insurance_fee_wad=PERCENT,
        insurance_ring="thin",
        insurance_balance_wad=150 * WAD,
        insurance_cap_wad=400 * WAD,
        pool_balance_wad=(300 if thin else 30_000) * WAD,
        window_cap=None if thin else 9_000 * 100,
        socialize=Socialize.DEPOSITS,
    )


def _inverse() -> MarketRules:
    return MarketRules(
        INVERSE,
        20 * PERCENT,
        10 * PERCENT,
        kind=MarketKind.INVERSE_PERP,
        asset="ETH",
        funding=Funding.RECORDED,
        taker_fee_wad=10**15,
        liquidator_fee_wad=PERCENT,
    )


def with_markets(
    rules: Rules,
    *,
    thin: bool,
    strict: bool,
    sizing: PositionSizing,
    policy: AdlPolicy,
    price: AdlPrice,
) -> Rules:
    """The rules with markets, and with a strict oracle and breakers where asked."""
    guarded = replace(
        rules,
        markets=market_rules(thin=thin),
        position_liquidation=PositionLiquidationRules(
            sizing=sizing,
            portion_wad=30 * PERCENT,
            block_seconds=10,
            ladder_from_wad=5_000 * WAD,
            release_seconds=3600 if strict else 0,
            fee_ramp_wad=10**13,
        ),
        deleveraging=DeleveragingRules(
            policy=policy, price=price, backstop_loss_wad=40 * PERCENT, pool_gain_wad=80 * PERCENT
        ),
    )
    if not strict:
        return guarded
    return replace(
        guarded,
        oracle=OracleRules(
            quorum=2,
            max_age_seconds=40 * 86_400,
            max_confidence_wad=2 * PERCENT,
            max_deviation_wad=5 * PERCENT,
            max_jump_wad=8 * WAD,
            stale_allows=("settle",),
            stable_price=True,
        ),
        breakers=BreakerRules(
            volatility_sigmas_wad=4 * WAD,
            oracle_failures=3,
            oracle_level=1,
            outage_blocks=200_000,
            fund_loss_wad=90 * PERCENT,
            hold_seconds=60,
        ),
    )


def market_book() -> list[BookRow]:
    """Traders on both sides of each market, some near the edge; the pools take the open rest."""
    rows = [
        row("hana", "USD", 3_000 * DOLLAR),
        _position("hana", LINEAR, 9, entry=2_050),
        row("ivo", "USD", 9_000 * DOLLAR),
        _position("ivo", LINEAR, -8, entry=1_980),
        _position("ivo", SKEWED, 4_000, entry=3),
        row("jana", "ETH", 5 * 10**18),
        _position("jana", LINEAR, -3, entry=2_000),
        _position("jana", INVERSE, -6_000, entry=2_000),
        row("karl", "USD", 1_500 * DOLLAR),
        _position("karl", SKEWED, -3_500, entry=3),
        row("lena", "USD", 20_000 * DOLLAR),
        row("lena/iso", "ETH", 10**18),
        _position("lena/iso", INVERSE, 7_000, entry=2_010),
        _position("anna", LINEAR, 1, entry=2_000),
    ]
    return rows


def _position(key: str, market: str, contracts: int, *, entry: int) -> BookRow:
    rows = row(key, market, contracts * CONTRACT[market])
    return replace(rows, entry_price_wad=entry * WAD)
