"""Positions worked out anew from the raw records, in exact integers and none of the engine's sums.

Values are exact: 1e-54 of the quote. `LIFT` brings a wad times a whole unit there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, isqrt
from typing import Any

from trimtab.model import Account, Funding, MarketRules, MarketState, Position, Table
from trimtab.units import WAD

EXACT = 10**54
DAY_S = 86_400
UP = {
    *("initial_margin_wad", "maintenance_margin_wad", "size_factor_wad"),
    *("size_discount_wad", "skew_margin_wad"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """One position: pnl now and at the worse price, counted gains, requirements; quote units."""

    pnl: Fraction
    initial: Fraction
    end: Fraction
    maintenance: Fraction
    gains: Fraction
    losses: Fraction
    initial_gains: Fraction
    initial_losses: Fraction


def rules_of(records: Any, market: str, *, now_s: int) -> MarketRules:
    """A market's rules at a moment: on the straight lines of their ramps."""
    state = records[Table.RULES, ""]
    rules = state.rules.markets[market]
    found = {}
    for ramp in state.ramps:
        if (ramp.section, ramp.name) != ("markets", market):
            continue
        length = max(1, ramp.end_s - ramp.start_s)
        gone = min(length, max(0, now_s - ramp.start_s))
        moved = (ramp.target - ramp.start) * gone
        exact = ramp.start + (-(-moved // length) if ramp.field in UP else moved // length)
        found[ramp.field] = ramp.target if now_s >= ramp.end_s else exact
    if not found:
        return rules
    rules = replace(rules, **found)
    end = rules.liquidation_end_margin_wad
    end = None if end is None else max(end, rules.maintenance_margin_wad)
    initial = max(rules.initial_margin_wad, rules.maintenance_margin_wad, end or 0)
    gains = min(rules.initial_gain_weight_wad, rules.gain_weight_wad)
    return replace(
        rules,
        liquidation_end_margin_wad=end,
        initial_margin_wad=initial,
        initial_gain_weight_wad=gains,
    )


def decimals_of(records: Any, rules: MarketRules) -> int:
    venue = records[Table.RULES, ""].rules
    if rules.decimals is not None:
        return rules.decimals
    return venue.assets[venue.quote if rules.is_inverse else rules.asset].decimals


def settle_of(records: Any, rules: MarketRules) -> tuple[str, int]:
    """What a market settles in, and one native unit of it in the scale of costs."""
    venue = records[Table.RULES, ""].rules
    asset = rules.asset if rules.is_inverse else venue.quote
    unit = 10 ** (36 - venue.assets[asset].decimals)
    return asset, unit if rules.is_inverse else unit * WAD


def mark_wad(state: MarketState, rules: MarketRules, index_wad: int) -> int:
    """The mark while it is within the band of the index, else the index."""
    band = rules.mark_band_wad
    if not state.mark_wad:
        return index_wad
    beyond = band is not None and abs(state.mark_wad - index_wad) * WAD > band * index_wad
    return index_wad if beyond else state.mark_wad


def funded(records: Any, market: str, *, index_wad: int, now_s: int) -> MarketState:
    """The market's record with the funding that has run since it was last touched."""
    state = records[Table.MARKET, market]
    seconds = now_s - state.funded_s
    if seconds == 0:
        return state
    rules = rules_of(records, market, now_s=now_s)
    rate, after, period = _rate(state, rules, index_wad=index_wad, seconds=seconds)
    unit = 10 ** (36 - decimals_of(records, rules))
    weight = abs(rate) * seconds
    if rules.is_inverse:
        # In the asset, whose price is index_wad / 1e18: unit x (rate / 1e18) / (index / 1e18).
        paid = unit * weight // (index_wad * period)
    else:
        paid = index_wad * unit * weight // (WAD * period)
    paid = paid if rate >= 0 else -paid
    return replace(
        state,
        long_index=state.long_index + paid,
        short_index=state.short_index - paid,
        rate_wad=after,
        funded_s=now_s,
    )


def _rate(
    state: MarketState, rules: MarketRules, *, index_wad: int, seconds: int
) -> tuple[int, int, int]:
    if rules.funding is Funding.RECORDED:
        return state.rate_wad, state.rate_wad, rules.funding_period_seconds
    if rules.funding is Funding.VELOCITY:
        share = Fraction(state.long - state.short, rules.skew_scale)
        speed = int(max(-1, min(1, share)) * rules.funding_velocity_wad)
        after = state.rate_wad + int(Fraction(speed * seconds, DAY_S))
        return int(Fraction(state.rate_wad + after, 2)), after, DAY_S
    if rules.funding is Funding.NONE:
        return 0, 0, rules.funding_period_seconds
    apart = mark_wad(state, rules, index_wad) - index_wad
    rate = int(Fraction(apart * WAD, index_wad)) + rules.funding_interest_wad
    for most in (_clamp(rules), rules.funding_cap_wad):
        rate = rate if most is None else max(-most, min(most, rate))
    return rate, rate, rules.funding_period_seconds


def _clamp(rules: MarketRules) -> int | None:
    if rules.funding_clamp_wad is None:
        return None
    gap = rules.initial_margin_wad - rules.maintenance_margin_wad
    return rules.funding_clamp_wad * gap // WAD


def cost_of(position: Position, state: MarketState) -> int:
    """Cost with pending funding."""
    if position.size == 0:
        return position.cost
    index = state.long_index if position.size > 0 else state.short_index
    return position.cost + abs(position.size) * (index - position.index)


def pnl_of(
    records: Any,
    position: Position,
    *,
    state: MarketState,
    rules: MarketRules,
    price_wad: int,
    index_wad: int,
) -> int:
    """Exact pnl at a mark; an inverse contract's, in its asset, is worth the index."""
    lift = 10 ** (36 - decimals_of(records, rules))
    cost = cost_of(position, state)
    if rules.is_inverse:
        return -position.size * WAD * lift * index_wad // price_wad - cost * index_wad
    return position.size * price_wad * lift - cost


def terms_of(
    records: Any, account: Account, market: str, *, prices: tuple[int, int, int], now_s: int
) -> Terms:
    """A position's terms; `prices` are the index, and its lesser and greater with stable price."""
    rules, state = rules_of(records, market, now_s=now_s), records[Table.MARKET, market]
    price = mark_wad(state, rules, prices[0])
    low, high = min(price, prices[1]), max(price, prices[2])
    position = account.positions.get(market, Position())
    now, *others = (
        pnl_of(records, position, state=state, rules=rules, price_wad=at, index_wad=index)
        for at, index in ((price, prices[0]), (low, low), (high, high))
    )
    worst = min(now, *others)
    orders = account.orders.get(market)
    reach = position.size
    if orders is not None:
        reach = max(position.size + orders.bids, position.size - orders.asks, key=abs)
    asked = account.leverage.get(market, 0)
    lift = 10 ** (36 - decimals_of(records, rules))

    def value(size: int, at: int) -> int:
        return abs(size) * (WAD if rules.is_inverse else at) * lift

    interest = value(max(state.long, state.short), price)
    counted = max(0, worst)
    if rules.gain_cap_wad is not None:
        counted = min(counted, rules.gain_cap_wad * 10**36)
    return Terms(
        pnl=Fraction(now, EXACT),
        initial=_initial(reach, value(reach, high), rules, lift, interest, asked),
        end=_required(position.size, value(position.size, price), rules, lift, "end"),
        maintenance=_required(position.size, value(position.size, price), rules, lift, "low"),
        gains=Fraction(max(0, now) * rules.gain_weight_wad, EXACT * WAD),
        losses=Fraction(max(0, -now), EXACT),
        initial_gains=Fraction(counted * rules.initial_gain_weight_wad, EXACT * WAD),
        initial_losses=Fraction(max(0, -worst), EXACT),
    )


def _initial(reach: int, exact: int, rules: MarketRules, lift: int, interest: int, asked: int):
    if reach == 0:
        return Fraction(0)
    flat = Fraction(rules.position_margin_wad, WAD)
    base = _required(reach, exact, rules, lift, "high") - flat
    rate = 0 if rules.tiers else _rate_of(reach, rules, lift, "high")
    if rules.oi_upper_wad:
        lower, upper = rules.oi_lower_wad * 10**36, rules.oi_upper_wad * 10**36
        share = min(Fraction(1), max(Fraction(0), Fraction(interest - lower, upper - lower)))
        rate += ceil(max(0, WAD - rate) * share)
    return flat + max(base, Fraction(max(rate, asked) * exact, EXACT * WAD))


def _required(size: int, exact: int, rules: MarketRules, lift: int, level: str):
    if size == 0:
        return Fraction(0)
    flat = Fraction(rules.position_margin_wad, WAD)
    if not rules.tiers:
        return flat + Fraction(_rate_of(size, rules, lift, level) * exact, EXACT * WAD)
    total = 0
    for index, tier in enumerate(rules.tiers):
        floor = tier.floor_wad * 10**36
        last = index + 1 == len(rules.tiers)
        top = exact if last else min(exact, rules.tiers[index + 1].floor_wad * 10**36)
        total += max(0, top - floor) * _tier_rate(tier, rules, level)
    return flat + Fraction(total, EXACT * WAD)


def _tier_rate(tier: Any, rules: MarketRules, level: str) -> int:
    if level == "high":
        return tier.initial_wad
    span = rules.initial_margin_wad - rules.maintenance_margin_wad
    part = rules.end_margin_wad - rules.maintenance_margin_wad
    if level == "low" or not span or not part:
        return tier.maintenance_wad
    return tier.maintenance_wad + ceil(
        Fraction((tier.initial_wad - tier.maintenance_wad) * part, span)
    )


def _rate_of(size: int, rules: MarketRules, lift: int, level: str) -> int:
    base = {
        "high": rules.initial_margin_wad,
        "end": rules.end_margin_wad,
        "low": rules.maintenance_margin_wad,
    }[level]
    if rules.size_factor_wad:
        whole = -(-abs(size) * WAD * lift // 10**36)
        root = isqrt(whole * WAD)
        root += root * root < whole * WAD
        added = -(-rules.size_factor_wad * root // WAD)
        base = max(base, -(-rules.size_discount_wad * base // WAD) + added)
    if rules.skew_margin_wad and rules.skew_scale:
        added = ceil(Fraction(rules.skew_margin_wad * abs(size), rules.skew_scale))
        base += ceil(Fraction(added * base, rules.initial_margin_wad))
    return base
