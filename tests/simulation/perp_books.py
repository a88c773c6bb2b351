"""Perp venues drawn for the tests: linear and inverse markets, tiers, sizes, isolated groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tests.simulation.cases import collateral, rules_of
from trimtab.model import (
    AdlPolicy,
    BookRow,
    DeleveragingRules,
    Funding,
    MarketKind,
    MarketRules,
    Rules,
    Tier,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

LINEAR, INVERSE, TIERED = "AAA-PERP", "AAA-USD", "BBB-PERP"
CENT = 10**4
UNIT = 10**18


@dataclass(frozen=True, slots=True)
class PerpScene:
    """Rules, a book, and two sets of prices: those of the book and later ones."""

    rules: Rules
    book: tuple[BookRow, ...]
    first: dict[str, int]
    later: dict[str, int]


def perp_rules(**sections: Any) -> Rules:
    """Two assets and three markets: linear with a size factor, inverse, linear with tiers."""
    base = rules_of(collateral("AAA", 18), collateral("BBB", 18, threshold=60))
    money = replace(
        base.assets["USD"],
        max_ltv_wad=WAD,
        liquidation_end_wad=WAD,
        liquidation_threshold_wad=WAD,
    )
    levels: dict[str, Any] = {
        "initial_margin_wad": 10 * PERCENT,
        "maintenance_margin_wad": 5 * PERCENT,
        "liquidator_fee_wad": PERCENT // 2,
        "insurance_fee_wad": PERCENT,
    }
    markets = (
        MarketRules(
            LINEAR, asset="AAA", size_factor_wad=PERCENT // 5, funding=Funding.PREMIUM, **levels
        ),
        MarketRules(INVERSE, asset="AAA", kind=MarketKind.INVERSE_PERP, **levels),
        MarketRules(
            TIERED,
            asset="BBB",
            liquidation_end_margin_wad=6 * PERCENT,
            tiers=(
                Tier(0, 10 * PERCENT, 5 * PERCENT),
                Tier(20_000 * WAD, 20 * PERCENT, 10 * PERCENT),
            ),
            **levels,
        ),
    )
    rules = replace(
        base,
        assets={**base.assets, "USD": money},
        markets={market.name: market for market in markets},
    )
    return replace(rules, **sections)


prices = st.fixed_dictionaries(
    {
        "AAA": st.integers(50, 4_000).map(lambda dollars: dollars * WAD),
        "BBB": st.integers(1, 40).map(lambda dollars: dollars * WAD),
    }
)
marks = st.sampled_from((980, 995, 1000, 1001, 1020))


@st.composite
def perp_scenes(draw: st.DrawFn) -> PerpScene:
    """A few accounts with cash and positions on either side, some of them isolated groups."""
    first, later = draw(prices), draw(prices)
    rows = []
    for number in range(draw(st.integers(1, 5))):
        key, group = f"a{number}", draw(st.sampled_from(("", "", "iso")))
        cash = draw(st.integers(1, 20_000))
        rows.append(BookRow(key, "USD", cash * 10**6, group))
        if draw(st.booleans()):
            rows.append(BookRow(key, "AAA", draw(st.integers(1, 5 * UNIT)), group))
        for market, most in ((LINEAR, 20 * UNIT), (TIERED, 5_000 * UNIT), (INVERSE, 10**10)):
            size = draw(st.integers(-most, most) | st.just(0))
            if size:
                asset = "BBB" if market == TIERED else "AAA"
                entry = first[asset] * draw(st.integers(80, 120)) // 100
                rows.append(BookRow(key, market, size, group, entry_price_wad=entry))
    rows.append(BookRow("lender", "USD", 10**12))
    factor = draw(marks)
    later = later | {LINEAR: later["AAA"] * factor // 1000}
    policy = draw(st.sampled_from(AdlPolicy))
    rules = perp_rules(deleveraging=DeleveragingRules(policy=policy))
    return PerpScene(rules, tuple(rows), first, later)
