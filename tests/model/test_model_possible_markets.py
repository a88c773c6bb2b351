"""One step over any edge of a possible market gives exactly the conflict expected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.drawn_rules import MARKET, QUOTE, possible_rules, with_market
from tests.model.drawn_rules import tiers as drawn_tiers
from tests.model.rule_edges import Changes, Edge, key_of, one_over
from trimtab.engine.perps.marks import MarketMark
from trimtab.engine.perps.requirement import notional, requirement
from trimtab.model import (
    AssetRules,
    Funding,
    Level,
    MarketRules,
    MarketState,
    Rules,
    Tier,
    contract_decimals,
)
from trimtab.model.consistency import first_conflict
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


def mark_of(rules: Rules, *, price: int, interest: int) -> MarketMark:
    """The market at a price (wad), with open interest of some native units."""
    market = rules.markets[MARKET]
    return MarketMark(
        rules=market,
        state=MarketState(MARKET, long=interest, short=interest),
        price_wad=price,
        low_wad=price,
        high_wad=price,
        lift=10 ** (36 - contract_decimals(rules, market)),
        settle_asset=QUOTE,
        settle_unit=1,
        index_wad=price,
    )


sizes = st.integers(1, 10**24)


@settings(max_examples=60)
@given(possible_rules(assets_min=2), sizes, st.integers(1, 10**24), st.integers(0, 10**30))
def test_levels_of_a_possible_market_stand_in_their_order(
    rules: Rules, size: int, price: int, interest: int
) -> None:
    """What the conflicts are for: no file can describe a market whose levels cross."""
    mark = mark_of(rules, price=price, interest=interest)
    for signed in (size, -size):
        initial, end, maintenance = (
            requirement(signed, mark, level=level, price_wad=price) for level in Level
        )
        assert 0 < maintenance <= end <= initial


@settings(max_examples=60)
@given(possible_rules(assets_min=2), sizes, sizes, st.integers(1, 10**24))
def test_a_larger_position_of_a_possible_market_never_requires_less(
    rules: Rules, size: int, more: int, price: int
) -> None:
    mark = mark_of(rules, price=price, interest=0)
    for level in Level:
        before, after = (
            requirement(each, mark, level=level, price_wad=price) for each in (size, size + more)
        )
        assert before <= after


@settings(max_examples=40)
@given(drawn_tiers(), st.integers(1, 10**24))
def test_a_requirement_does_not_jump_where_a_tier_begins(
    tiers: tuple[Tier, ...], price: int
) -> None:
    """One unit more costs at most its own notional times the highest rate."""
    rules = with_market(two_assets(), tiers=tiers, maintenance_margin_wad=1, initial_margin_wad=1)
    mark = mark_of(rules, price=price, interest=0)
    for tier in tiers:
        edge = tier.floor_wad * 10**18 // price
        for level in (Level.INITIAL, Level.MAINTENANCE):
            before, after = (
                requirement(each, mark, level=level, price_wad=price) for each in (edge, edge + 1)
            )
            top = tiers[-1].initial_wad if level is Level.INITIAL else tiers[-1].maintenance_wad
            assert after - before <= notional(1, mark, price_wad=price) * top


def two_assets() -> Rules:
    """A quote, an ether and a plain market in it."""
    assets = {QUOTE: AssetRules(QUOTE, 6), "ETH": AssetRules("ETH", 18)}
    market = MarketRules(MARKET, 2, 1, asset="ETH")
    return Rules("plain", QUOTE, assets, {}, markets={MARKET: market})


def test_conflicts_are_told_in_a_line_with_what_was_found_and_expected() -> None:
    told = {
        "skew_margin_wad": "skew_scale: found none, expected a scale: the skew moves margin or "
        "funding",
        "insurance_balance_wad": "insurance_balance: found 0.25, expected an insurance_ring "
        "beside it",
        "liquidator_fee_wad": "liquidator_fee: found 0.25, expected at most liquidator_fee_max 0.2",
        "initial_gain_weight_wad": "initial_gain_weight: found 0.25, expected at most gain_weight "
        "0.2",
        "maintenance_margin_wad": "maintenance_margin: found 0.25, expected at most initial_margin "
        "0.000000000000000002",
        "oi_lower_wad": "oi_lower: found 0.25, expected less than oi_upper 0.2",
    }
    fifth = {
        "liquidator_fee_max_wad": WAD // 5,
        "gain_weight_wad": WAD // 5,
        "oi_upper_wad": WAD // 5,
    }
    rules = with_market(two_assets(), **fifth)
    assert first_conflict(rules) is None
    for field, line in told.items():
        conflict = first_conflict(with_market(rules, **{field: WAD // 4}))
        assert str(conflict) == f"markets.{MARKET}.{line}"


def test_the_gravest_conflict_of_a_market_is_told_first() -> None:
    """Without its asset nothing else of a market can be judged."""
    broken = {"asset": "?", "maintenance_margin_wad": WAD, "tiers": (Tier(1, 1, 2),)}
    keys = []
    for field in list(broken):
        keys.append(key_of(with_market(two_assets(), **broken)))
        del broken[field]
    prefix = f"markets.{MARKET}."
    assert keys == [prefix + "asset", prefix + "maintenance_margin", prefix + "tiers"]
