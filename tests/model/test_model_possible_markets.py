"""One step over any edge of a possible market gives exactly the conflict expected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.drawn_rules import MARKET, QUOTE, possible_rules, with_market
from tests.model.rule_edges import Changes, Edge, key_of, one_over
from trimtab.model import Funding, Rules, Tier
from trimtab.units import WAD

FLAT: Changes = {"tiers": (), "skew_margin_wad": 0, "funding": Funding.NONE}
TWO = (Tier(0, 2, 1), Tier(WAD, 2, 1))


def tiered(last: tuple[Tier, ...], over: tuple[Tier, ...]) -> Edge:
    """An edge between two lists of tiers."""
    alone = {"size_factor_wad": 0, "skew_margin_wad": 0}
    return lambda *_: ({**alone, "tiers": last}, {**alone, "tiers": over})


# The key, and what is wrong with it.
MARKET_EDGES: dict[str, Edge] = {
    "maintenance_margin": one_over(
        "maintenance_margin_wad",
        lambda market, _: market.initial_margin_wad,
        liquidation_end_margin_wad=None,
    ),
    "liquidation_end_margin: over": one_over(
        "liquidation_end_margin_wad", lambda market, _: market.initial_margin_wad
    ),
    "liquidation_end_margin: under": lambda market, _: (
        {"liquidation_end_margin_wad": market.maintenance_margin_wad},
        {"liquidation_end_margin_wad": market.maintenance_margin_wad - 1},
    ),
    "asset": lambda *_: ({}, {"asset": "?"}),
    "asset: quote": lambda *_: ({}, {"asset": QUOTE}),
    "tiers: from zero": tiered((Tier(0, 2, 1),), (Tier(1, 2, 1),)),
    "tiers: order": tiered((Tier(0, 2, 2),), (Tier(0, 2, 3),)),
    "tiers: above one": tiered((Tier(0, WAD, 1),), (Tier(0, WAD + 1, 1),)),
    "tiers: nothing": tiered((Tier(0, 1, 1),), (Tier(0, 1, 0),)),
    "tiers: floors": tiered(TWO, (TWO[0], Tier(0, 2, 1))),
    "tiers: falling initial": tiered(TWO, (Tier(0, 3, 1), TWO[1])),
    "tiers: falling maintenance": tiered(TWO, (Tier(0, 2, 2), TWO[1])),
    "tiers: beside sizes": lambda *_: (
        {**FLAT, "size_factor_wad": 1},
        {**FLAT, "size_factor_wad": 1, "tiers": TWO},
    ),
    "skew_scale": lambda *_: (
        {**FLAT, "skew_scale": 1, "skew_margin_wad": 1},
        {**FLAT, "skew_scale": None, "skew_margin_wad": 1},
    ),
    "skew_scale: velocity": lambda *_: (
        {**FLAT, "skew_scale": 1, "funding": Funding.VELOCITY},
        {**FLAT, "skew_scale": None, "funding": Funding.VELOCITY},
    ),
    "oi_lower": lambda *_: (
        {"oi_lower_wad": 6, "oi_upper_wad": 7},
        {"oi_lower_wad": 7, "oi_upper_wad": 7},
    ),
    "initial_gain_weight": one_over(
        "initial_gain_weight_wad", lambda market, _: market.gain_weight_wad
    ),
    "liquidator_fee": one_over("liquidator_fee_wad", lambda *_: 9, liquidator_fee_max_wad=9),
    "insurance_balance": lambda *_: (
        {"insurance_ring": "", "insurance_balance_wad": 0},
        {"insurance_ring": "", "insurance_balance_wad": 1},
    ),
}


@pytest.mark.parametrize("edge", MARKET_EDGES)
@settings(max_examples=8)
@given(rules=possible_rules(assets_min=2))
def test_one_step_over_an_edge_of_a_market(edge: str, rules: Rules) -> None:
    last, over = MARKET_EDGES[edge](rules.markets[MARKET], rules)
    assert key_of(with_market(rules, **last)) is None
    assert key_of(with_market(rules, **over)) == f"markets.{MARKET}.{edge.partition(':')[0]}"


@settings(max_examples=10)
@given(rules=possible_rules(assets_min=2), data=st.data())
def test_a_market_has_a_name_of_its_own(rules: Rules, data: st.DataObject) -> None:
    """Prices, books and positions tell markets from assets by name alone."""
    name = data.draw(st.sampled_from(sorted(rules.assets)))
    market = replace(rules.markets[MARKET], name=name)
    assert key_of(replace(rules, markets={name: market})) == f"markets.{name}"
