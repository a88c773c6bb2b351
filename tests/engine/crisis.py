"""The venue that the state machine drives: six assets, leveraged accounts, thin funds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.engine.crisis_markets import TRADERS, market_book, with_markets
from tests.engine.venues import asset, eth, row, usd, venue_rules, with_rates
from trimtab.model import (
    Accrual,
    AdlPolicy,
    AdlPrice,
    AuctionCurve,
    AuctionRules,
    BonusCurve,
    BookRow,
    CallExpiry,
    CategoryRules,
    DynamicsRules,
    FundRules,
    LiquidationRules,
    MarginCallRules,
    PositionSizing,
    Rules,
    Sizing,
    SpiralRule,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

CENT = 100
DOLLAR = 10**6
ASSETS = ("USD", "ETH", "STETH", "CENT", "DAI", "ISO")
PRICED = ("ETH", "CENT", "ISO", "DAI", "USD")
PRICES = {"USD": WAD, "ETH": 2000 * WAD, "CENT": 3 * WAD, "DAI": WAD, "ISO": 5 * WAD}
DECIMALS = {"USD": 6, "ETH": 18, "STETH": 18, "CENT": 2, "DAI": 18, "ISO": 8}
KEYS = ("anna", "bela", "cora", "dora", "edda", "fria", "fria/basis", "gira")
EVERYBODY = tuple(dict.fromkeys((*KEYS, *TRADERS)))


@dataclass(frozen=True, slots=True)
class Variant:
    """The choices that the venue of one run makes."""

    sizing: Sizing
    bonus_curve: BonusCurve
    spiral: SpiralRule
    auction_curve: AuctionCurve
    accrual: Accrual
    on_expiry: CallExpiry
    dusty: bool
    thin: bool
    strict: bool = False
    position_sizing: PositionSizing = PositionSizing.SHORTAGE
    policy: AdlPolicy = AdlPolicy.WATER_FILL
    adl_price: AdlPrice = AdlPrice.BANKRUPTCY


def crisis_rules(variant: Variant) -> Rules:
    """Rules with every mechanism switched on."""
    rules = venue_rules(*_assets(variant.accrual))
    dust = 20 * WAD if variant.dusty else 0
    rules = with_markets(
        rules,
        thin=variant.thin,
        strict=variant.strict,
        sizing=variant.position_sizing,
        policy=variant.policy,
        price=variant.adl_price,
    )
    return replace(
        rules,
        categories={"ether": CategoryRules("ether", ("ETH", "STETH"), **_CATEGORY)},
        liquidation=LiquidationRules(
            sizing=variant.sizing,
            bonus_curve=variant.bonus_curve,
            spiral=variant.spiral,
            dust_debt_wad=dust,
            dust_collateral_wad=dust // 2,
            window_cap_wad=60_000 * WAD if variant.thin else None,
        ),
        margin_call=MarginCallRules(3600, 7200, variant.on_expiry),
        auction=AuctionRules(
            curve=variant.auction_curve,
            cut_wad=99 * PERCENT if variant.auction_curve is AuctionCurve.STAIR else WAD - 10**14,
            floor_multiplier_wad=40 * PERCENT,
            reset_after_seconds=4000,
            penalty_wad=3 * PERCENT,
            lot_buffer_wad=110 * PERCENT,
            keeper_tip_wad=WAD,
            keeper_share_wad=PERCENT // 10,
        ),
        insurance=FundRules(300 * WAD if variant.thin else 5_000 * WAD),
        backstop=FundRules(500 * WAD if variant.thin else 20_000 * WAD),
        dynamics=DynamicsRules(speed_wad=5 * PERCENT, notice_seconds=3600),
    )


_CATEGORY = {
    "max_ltv_wad": 90 * PERCENT,
    "liquidation_threshold_wad": 93 * PERCENT,
    "liquidation_bonus_wad": 2 * PERCENT,
}


def _assets(accrual: Accrual):
    quote = replace(with_rates(usd()), borrow_cap=80_000 * DOLLAR, borrowable_in_isolation=True)
    ether = replace(
        with_rates(eth()),
        liquidation_end_wad=78 * PERCENT,
        liquidation_fee_wad=PERCENT,
        liability_weight_wad=WAD * 10 // 9 + 1,
    )
    staked = asset("STETH", 18, ltv=70, threshold=75, end=75, bonus=7)
    cent = asset("CENT", 2, price=3, ltv=60, threshold=70, end=66, bonus=8)
    dai = replace(asset("DAI", 18, price=1, ltv=0, threshold=0), base_rate_wad=4 * PERCENT)
    iso = asset("ISO", 8, price=5, ltv=50, threshold=60, bonus=10)
    found = (
        quote,
        ether,
        replace(staked, underlying="ETH", max_rate_growth_wad=8 * PERCENT),
        replace(with_rates(cent), supply_cap=4_000_000 * CENT, liquidation_fee_wad=2 * PERCENT),
        replace(dai, mintable=True, borrowable_in_isolation=True),
        replace(iso, isolated=True, debt_ceiling_wad=9_000 * WAD, borrowable=False),
    )
    return [replace(each, accrual=accrual) for each in found]


def crisis_book() -> list[BookRow]:
    """Loans and positions, some of both in one account."""
    return [*lending_book(), *market_book()]


def lending_book() -> list[BookRow]:
    """Eight accounts, most of them close to the edge, one below water."""
    ether = 10**18
    return [
        row("anna", "ETH", 10 * ether),
        row("anna", "USD", -14_500 * DOLLAR),
        replace(row("bela", "STETH", 10 * ether), category="ether"),
        replace(row("bela", "ETH", -8 * ether), category="ether"),
        row("cora", "ISO", 1_000 * 10**8),
        row("cora", "DAI", -2_400 * ether),
        row("dora", "CENT", 9_000 * CENT),
        row("dora", "DAI", -15_000 * ether),
        row("dora", "STETH", ether),
        row("edda", "USD", 40_000 * DOLLAR),
        row("edda", "ETH", -16 * ether),
        row("fria", "USD", 30_000 * DOLLAR),
        row("fria/basis", "ETH", 2 * ether),
        row("fria/basis", "CENT", -900 * CENT),
        row("gira", "ETH", ether),
        row("gira", "USD", -2_500 * DOLLAR),
    ]
