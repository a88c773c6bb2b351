"""Rules for Hypothesis: any venue that is possible, often exactly at the edge of what is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from trimtab.model import (
    AdlPolicy,
    AssetRules,
    AuctionRules,
    CategoryRules,
    DeleveragingRules,
    DynamicsRules,
    Funding,
    LiquidationRules,
    MarketKind,
    MarketRules,
    OracleRules,
    PriceUse,
    Rules,
    Sizing,
    Socialize,
    Tier,
)
from trimtab.units import WAD

NAMES = ("USD", "ETH", "STETH", "GOLD")
QUOTE = NAMES[0]
MARKET = "BTC-PERP"


def up_to(most: int) -> st.SearchStrategy[int]:
    """An integer from zero to `most`, either end as likely as all that is between."""
    return st.sampled_from((0, most)) | st.integers(0, most)


def largest_threshold(bonus: int, fee: int) -> int:
    """The weight (wad) of which a liquidation at this price leaves just nothing."""
    return WAD * WAD // (WAD + bonus + fee)


@st.composite
def assets(draw: st.DrawFn, name: str, *, below: tuple[str, ...], bonus_max: int) -> AssetRules:
    """One asset; `below` are those it may be redeemable in."""
    bonus, fee = draw(up_to(bonus_max)), draw(up_to(WAD // 10))
    threshold = draw(up_to(largest_threshold(bonus, fee)))
    end = draw(up_to(threshold))
    underlying = draw(st.sampled_from(("", *below)))
    isolated = draw(st.booleans())
    return AssetRules(
        name,
        decimals=draw(st.sampled_from((0, 6, 8, 18, 36))),
        max_ltv_wad=draw(up_to(end)),
        liquidation_end_wad=end,
        liquidation_threshold_wad=threshold,
        liquidation_bonus_wad=bonus,
        liquidation_fee_wad=fee,
        liability_weight_wad=draw(st.integers(WAD, 1000 * WAD)),
        isolated=isolated,
        debt_ceiling_wad=draw(st.none() | up_to(10**9 * WAD)) if isolated else None,
        underlying=underlying,
        max_rate_growth_wad=draw(st.none() | up_to(10 * WAD)) if underlying else None,
    )


@st.composite
def categories(draw: st.DrawFn, members: dict[str, AssetRules], *, bonus_max: int) -> CategoryRules:
    """A category of some of the assets, which pay the largest fee among them."""
    names = draw(st.lists(st.sampled_from(sorted(members)), min_size=1, unique=True))
    fee = max(members[name].liquidation_fee_wad for name in names)
    bonus = draw(up_to(bonus_max))
    threshold = draw(up_to(largest_threshold(bonus, fee)))
    return CategoryRules("near", tuple(names), draw(up_to(threshold)), threshold, bonus)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    """One to four tiers from a notional of nothing on, whose rates do not fall."""
    number = draw(st.integers(1, 4))
    floors = draw(
        st.lists(st.integers(1, 10**9 * WAD), min_size=number - 1, max_size=number - 1, unique=True)
    )
    found, initial, maintenance = [], 1, 1
    for floor in (0, *sorted(floors)):
        maintenance = draw(st.integers(maintenance, WAD))
        initial = draw(st.integers(max(initial, maintenance), WAD))
        found.append(Tier(floor, initial, maintenance))
    return tuple(found)


def rate_fields(draw: st.DrawFn) -> dict[str, Any]:
    """Requirement of a market: its rates in order, and tiers or what grows with the size."""
    maintenance = draw(st.integers(1, WAD))
    initial = draw(st.integers(maintenance, WAD))
    end = draw(st.none() | st.sampled_from((maintenance, initial)))
    found: dict[str, Any] = {
        "initial_margin_wad": initial,
        "maintenance_margin_wad": maintenance,
        "liquidation_end_margin_wad": end,
        "position_margin_wad": draw(up_to(WAD)),
        "skew_scale": draw(st.none() | st.integers(1, 10**30)),
    }
    if draw(st.booleans()):
        return found | {"tiers": draw(tiers())}
    if found["skew_scale"] is not None:
        found["skew_margin_wad"] = draw(up_to(1000 * WAD))
    sized = {"size_factor_wad": draw(up_to(WAD)), "size_discount_wad": draw(up_to(WAD))}
    return found | sized


def flow_fields(draw: st.DrawFn, *, scaled: bool) -> dict[str, Any]:
    """Funding, weights of gains, fees, open interest and insurance of a market."""
    gain, upper = draw(up_to(WAD)), draw(up_to(10**9 * WAD))
    most = draw(up_to(WAD))
    ring = draw(st.sampled_from(("", "alt")))
    return {
        "funding": draw(st.sampled_from([f for f in Funding if scaled or f != Funding.VELOCITY])),
        "funding_interest_wad": draw(st.integers(-WAD, WAD)),
        "funding_cap_wad": draw(st.none() | up_to(10 * WAD)),
        "gain_weight_wad": gain,
        "initial_gain_weight_wad": draw(up_to(gain)),
        "gain_cap_wad": draw(st.none() | up_to(10**9 * WAD)),
        "oi_upper_wad": upper,
        "oi_lower_wad": draw(up_to(max(0, upper - 1))),
        "taker_fee_wad": draw(up_to(WAD)),
        "liquidator_fee_max_wad": most,
        "liquidator_fee_wad": draw(up_to(most or WAD)),
        "insurance_ring": ring,
        "insurance_balance_wad": draw(up_to(10**9 * WAD)) if ring else 0,
        "window_cap": draw(st.none() | up_to(10**30)),
        "socialize": draw(st.sampled_from(Socialize)),
    }


@st.composite
def markets(draw: st.DrawFn, members: dict[str, AssetRules]) -> MarketRules:
    """A market in one of the assets, linear or inverse."""
    rates = rate_fields(draw)
    return MarketRules(
        MARKET,
        kind=draw(st.sampled_from(MarketKind)),
        asset=draw(st.sampled_from(sorted(members.keys() - {QUOTE}))),
        decimals=draw(st.none() | st.sampled_from((0, 8, 18, 36))),
        **rates,
        **flow_fields(draw, scaled=rates["skew_scale"] is not None),
    )


@st.composite
def deleveragings(draw: st.DrawFn) -> DeleveragingRules:
    """Whose positions are cut, and from what gain over the pool on."""
    above = draw(st.none() | st.integers(1, WAD))
    return DeleveragingRules(
        policy=draw(st.sampled_from(AdlPolicy)),
        pool_gain_wad=above,
        pool_gain_after_wad=draw(up_to(WAD if above is None else above)),
    )


@st.composite
def possible_rules(draw: st.DrawFn, *, assets_min: int = 1) -> Rules:
    """A venue of up to four assets, a category and, of two assets, a market, without conflict."""
    bonus_max = draw(up_to(WAD // 2))
    number = draw(st.integers(assets_min, len(NAMES)))
    found = {
        name: draw(assets(name, below=NAMES[:place], bonus_max=bonus_max))
        for place, name in enumerate(NAMES[:number])
    }
    start = draw(st.integers(1, 10 * WAD))
    uses = draw(st.lists(st.sampled_from(PriceUse), unique=True))
    return Rules(
        "drawn",
        QUOTE,
        found,
        {"near": draw(categories(found, bonus_max=bonus_max))},
        liquidation=LiquidationRules(
            sizing=draw(st.sampled_from(Sizing)),
            target_health_wad=draw(st.integers(WAD + 1, 10 * WAD)),
        ),
        auction=AuctionRules(
            start_multiplier_wad=start, floor_multiplier_wad=draw(up_to(min(start, WAD)))
        ),
        dynamics=DynamicsRules(max_bonus_wad=bonus_max),
        markets={MARKET: draw(markets(found))} if number > 1 else {},
        oracle=OracleRules(stale_allows=tuple(map(str, uses))),
        deleveraging=draw(deleveragings()),
    )


def with_asset(rules: Rules, name: str, **changes: Any) -> Rules:
    """The rules with fields of one asset replaced."""
    return replace(rules, assets={**rules.assets, name: replace(rules.assets[name], **changes)})


def with_near(rules: Rules, **changes: Any) -> Rules:
    """The rules with fields of the category replaced."""
    return replace(rules, categories={"near": replace(rules.categories["near"], **changes)})


def with_market(rules: Rules, **changes: Any) -> Rules:
    """The rules with fields of the market replaced."""
    return replace(rules, markets={MARKET: replace(rules.markets[MARKET], **changes)})
