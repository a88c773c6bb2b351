"""Weights on their way: what a rule is worth at a moment while it moves to its target."""

from dataclasses import replace

from trimtab.model import AssetRules, CategoryRules, MarketRules, Ramp, RulesState
from trimtab.units import mul_div_down, mul_div_up

ROUNDED_UP = (
    *("liability_weight_wad", "initial_margin_wad", "maintenance_margin_wad"),
    *("size_factor_wad", "size_discount_wad", "skew_margin_wad"),
)


def ramp_value(ramp: Ramp, now_s: int) -> int:
    """Linear between start and target, rounded against the account.

    A collateral weight rounds down; a liability weight and a margin rate round up, on the way up
    and on the way down.
    """
    if now_s <= ramp.start_s:
        return ramp.start
    if now_s >= ramp.end_s:
        return ramp.target
    elapsed, length = now_s - ramp.start_s, ramp.end_s - ramp.start_s
    up = ramp.field in ROUNDED_UP
    rising = ramp.target >= ramp.start
    mul_div = mul_div_up if up == rising else mul_div_down
    moved = mul_div(abs(ramp.target - ramp.start), elapsed, length)
    return ramp.start + moved if rising else ramp.start - moved


def _ramped(state: RulesState, section: str, *, name: str, now_s: int) -> dict[str, int]:
    return {
        ramp.field: ramp_value(ramp, now_s)
        for ramp in state.ramps
        if ramp.section == section and ramp.name == name
    }


def asset_rules_at(state: RulesState, asset: str, *, now_s: int) -> AssetRules:
    """An asset's rules at a moment; its levels stay ordered, initial the lowest."""
    rules = state.rules.assets[asset]
    values = _ramped(state, "assets", name=asset, now_s=now_s) if state.ramps else None
    if not values:
        return rules
    moved = replace(rules, **values)  # type: ignore[arg-type]
    end = min(moved.liquidation_end_wad, moved.liquidation_threshold_wad)
    return replace(moved, liquidation_end_wad=end, max_ltv_wad=min(moved.max_ltv_wad, end))


def category_rules_at(state: RulesState, category: str, *, now_s: int) -> CategoryRules | None:
    """A category's rules at a moment; None for the empty name."""
    if not category:
        return None
    rules = state.rules.categories[category]
    values = _ramped(state, "categories", name=category, now_s=now_s) if state.ramps else None
    if not values:
        return rules
    moved = replace(rules, **values)  # type: ignore[arg-type]
    top = min(moved.max_ltv_wad, moved.liquidation_threshold_wad)
    return replace(moved, max_ltv_wad=top)


def market_rules_at(state: RulesState, market: str, *, now_s: int) -> MarketRules:
    """A market's rules at a moment; its rates stay ordered, initial the highest."""
    rules = state.rules.markets[market]
    values = _ramped(state, "markets", name=market, now_s=now_s) if state.ramps else None
    if not values:
        return rules
    moved = replace(rules, **values)  # type: ignore[arg-type]
    end = moved.liquidation_end_margin_wad
    if end is not None:
        end = max(end, moved.maintenance_margin_wad)
    initial = max(moved.initial_margin_wad, moved.maintenance_margin_wad, end or 0)
    gains = min(moved.initial_gain_weight_wad, moved.gain_weight_wad)
    return replace(
        moved,
        liquidation_end_margin_wad=end,
        initial_margin_wad=initial,
        initial_gain_weight_wad=gains,
    )
