"""Rules for Hypothesis: any venue that is possible, often exactly at the edge of what is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from trimtab.model import (
    AssetRules,
    AuctionRules,
    CategoryRules,
    DynamicsRules,
    LiquidationRules,
    MarketRules,
    Rules,
    Sizing,
)
from trimtab.units import WAD

NAMES = ("USD", "ETH", "STETH", "GOLD")
QUOTE = NAMES[0]


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
def possible_rules(draw: st.DrawFn) -> Rules:
    """A venue of one to four assets, a category and a market, without any conflict."""
    bonus_max = draw(up_to(WAD // 2))
    number = draw(st.integers(1, len(NAMES)))
    found = {
        name: draw(assets(name, below=NAMES[:place], bonus_max=bonus_max))
        for place, name in enumerate(NAMES[:number])
    }
    initial = draw(st.integers(1, WAD))
    start = draw(st.integers(1, 10 * WAD))
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
        markets={
            "BTC-PERP": MarketRules(
                "BTC-PERP",
                initial_margin_wad=initial,
                maintenance_margin_wad=draw(st.integers(1, initial)),
                asset=draw(st.sampled_from(sorted(found))),
            )
        },
    )


def with_asset(rules: Rules, name: str, **changes: Any) -> Rules:
    """The rules with fields of one asset replaced."""
    return replace(rules, assets={**rules.assets, name: replace(rules.assets[name], **changes)})


def with_near(rules: Rules, **changes: Any) -> Rules:
    """The rules with fields of the category replaced."""
    return replace(rules, categories={"near": replace(rules.categories["near"], **changes)})


def with_market(rules: Rules, **changes: Any) -> Rules:
    """The rules with fields of the market replaced."""
    return replace(rules, markets={"BTC-PERP": replace(rules.markets["BTC-PERP"], **changes)})
