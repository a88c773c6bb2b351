"""Positions as terms of the columns: size, cost, and a requirement that may bend.

A position's pnl is size x price - cost - size x (index of its side - its own index): linear in the
size, with funding in the coefficient, and a constant. So a position is two terms, and funding moves
a coefficient as a price does. A flat rate is part of the size's coefficient; tiers, size factor and
skew are curves.
"""

from __future__ import annotations

from typing import NamedTuple

from trimtab.engine import Draft, MarketMark, Refusal, market_mark
from trimtab.engine.perps.requirement import base_rate_wad, tier_rate
from trimtab.kernels.requirement import Rule, SquareRoot, Tiers
from trimtab.model import Level, Position
from trimtab.units import WAD, float_of, pow10

# Scales of a cost: 1e-54 of the quote, or 1e-36 of the asset that an inverse contract settles in.
EXACT, WEIGHTED = 54, 72
# The pnl of an inverse position is rounded down to 1e-54 of the quote; this is above it.
ROUNDED_DOWN = 1e-53
LEVELS = (Level.MAINTENANCE, Level.LIQUIDATION_END, Level.INITIAL)


class MarketTerm(NamedTuple):
    """What a position counts as in a market: one of `long`, `short`, `paid`, `got`, `flat`."""

    market: str
    part: str
    ending: bool


def market_rows(position: Position, market: str, *, ending: bool) -> list[tuple[MarketTerm, float]]:
    """A position's terms and quantities: native units, and cost in its exact scale."""
    rows = []
    size = abs(position.size)
    if size:
        part = "long" if position.size > 0 else "short"
        rows.append((MarketTerm(market, part, ending), float_of(size, 0)))
        rows.append((MarketTerm(market, "flat", ending), 1.0))
    constant = position.cost - size * position.index
    if constant:
        part = "paid" if constant > 0 else "got"
        rows.append((MarketTerm(market, part, ending), float_of(abs(constant), 0)))
    return rows


def is_cut(mark: MarketMark) -> bool:
    """Whether gains count less than losses at the maintenance level."""
    return mark.rules.gain_weight_wad < WAD


def follows_price(key: MarketTerm, draft: Draft) -> bool:
    """Whether a term is worth in proportion to its asset's price; else it is quote.

    Size is, but for its funding (`unmoved_worth`), and the cost of an inverse contract. (Funding
    since the market began stands with the size there: liquidation prices do not move it.)
    """
    is_size = key.part in ("long", "short")
    inverse = draft.rules.markets[key.market].is_inverse
    return key.part in ("paid", "got") if inverse else is_size


def mark_or_none(draft: Draft, market: str) -> MarketMark | None:
    """The market's mark; None where its asset has no valid price."""
    try:
        return market_mark(draft, market)
    except Refusal:
        return None


def bends(mark: MarketMark) -> bool:
    """Whether the rate depends on the position's own size, or must stand apart from its value."""
    rules = mark.rules
    skewed = rules.skew_margin_wad > 0 and rules.skew_scale is not None
    return bool(rules.tiers or rules.size_factor_wad or skewed or is_cut(mark))


def market_gains(key: MarketTerm, draft: Draft) -> float | None:
    """The weight of a position's gains where they count less than losses."""
    mark = mark_or_none(draft, key.market)
    if mark is None or key.part == "flat" or not is_cut(mark):
        return None
    return float_of(mark.rules.gain_weight_wad, 18)


def market_worth(key: MarketTerm, draft: Draft) -> tuple[float, ...]:
    """decide, maintenance, liquidation end, initial, equity, gross, slack: quote per unit.

    The initial level counts gains in full, at the mark price and the flat rate: an upper bound.
    """
    mark = mark_or_none(draft, key.market)
    if mark is None:
        return (0.0,) * 7
    if key.part == "flat":
        need = -float_of(mark.rules.position_margin_wad, 18)
        return (need, need, need, need, 0.0, 0.0, 0.0)
    inverse, lift = mark.rules.is_inverse, mark.lift
    if key.part in ("paid", "got"):
        sign = -1 if key.part == "paid" else 1
        worth = float_of(sign * (mark.index_wad if inverse else 1), EXACT)
        return (worth,) * 5 + (0.0, 0.0)
    side = 1 if key.part == "long" else -1
    index = mark.state.long_index if side > 0 else mark.state.short_index
    exact = lift * (WAD if inverse else mark.price_wad)
    # Inverse: a contract is 1 / mark of the asset, which is worth the index price; rounded down.
    over = mark.price_wad if inverse else 1
    pnl = side * exact - index
    if inverse:
        pnl = -(side * exact + index * over) * mark.index_wad
    rates = [0 if bends(mark) else base_rate_wad(mark.rules, level) for level in LEVELS]
    one = pow10(WEIGHTED) * over
    maintenance, end, initial = ((pnl * WAD - rate * exact * over) / one for rate in rates)
    decide = end if key.ending else maintenance
    equity = pnl * WAD / one
    slack = ROUNDED_DOWN if inverse else 0.0
    return (decide, maintenance, end, initial, equity, float_of(exact, EXACT), slack)


def unmoved_worth(key: MarketTerm, draft: Draft) -> float:
    """What of a size's worth no price moves: funding since the market began, quote per unit."""
    mark = mark_or_none(draft, key.market)
    if mark is None or key.part not in ("long", "short") or mark.rules.is_inverse:
        return 0.0
    index = mark.state.long_index if key.part == "long" else mark.state.short_index
    return float_of(-index, EXACT)


def market_rule(key: MarketTerm, draft: Draft) -> tuple[Rule, float] | None:
    """The curve of a size at the level that decides, and the notional of a native unit."""
    mark = mark_or_none(draft, key.market)
    if mark is None or key.part not in ("long", "short") or not bends(mark):
        return None
    rules = mark.rules
    exact = mark.lift * (WAD if rules.is_inverse else mark.price_wad)
    level = Level.LIQUIDATION_END if key.ending else Level.MAINTENANCE
    if rules.tiers:
        floors = [0.0, *(float_of(tier.floor_wad, 18) for tier in rules.tiers[1:])]
        rates = [float_of(tier_rate(tier, level, rules=rules), 18) for tier in rules.tiers]
        return Tiers(tuple(floors), tuple(rates)), float_of(exact, EXACT)
    base = base_rate_wad(rules, level)
    factor = rules.size_factor_wad
    slope = 0.0
    if rules.skew_margin_wad and rules.skew_scale is not None:
        slope = rules.skew_margin_wad / (rules.skew_scale * rules.initial_margin_wad)
    curve = SquareRoot(
        floor=float_of(base, 18),
        factor=float_of(factor, 18),
        lead=rules.size_discount_wad * base / pow10(36) if factor else 0.0,
        unit=float_of(mark.lift, 36),
        slope=slope,
    )
    return curve, float_of(exact, EXACT)
