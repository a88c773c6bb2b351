"""The requirement of a position: notional x rate at a level, all rates rounded up.

Rules as data: a flat rate or tiers with deductions; raised with the square root of the size, in
proportion to size over skew scale, and (at the initial level) by open interest and by the
account's own choice.
"""

from itertools import pairwise

from trimtab.engine.perps.marks import MarketMark
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import Level, MarketRules, Tier
from trimtab.units import WAD, mul_div_up, pow10, sqrt_wad_up, wad_mul_up


def notional(size: int, mark: MarketMark, *, price_wad: int) -> int:
    """Exact notional (1e-54) of a size at a price; an inverse contract is one quote unit."""
    return abs(size) * (WAD if mark.rules.is_inverse else price_wad) * mark.lift


def requirement(
    size: int, mark: MarketMark, *, level: Level, price_wad: int, asked_wad: int = 0
) -> int:
    """Requirement (1e-72) of a signed size at a price; `asked_wad` is the account's own rate.

    Exact but for the rates, which round up.
    """
    if size == 0:
        return 0
    rules, exact = mark.rules, notional(size, mark, price_wad=price_wad)
    flat = rules.position_margin_wad * EXACT_PER_WAD * WAD
    if rules.tiers:
        tiered = tiered_requirement(rules.tiers, exact, level=level, rules=rules)
        if level is not Level.INITIAL:
            return flat + tiered
        scaled = oi_scaled_wad(0, mark) * exact
        return flat + max(tiered, scaled, asked_wad * exact)
    rate = rate_wad(size, mark, level=level)
    if level is Level.INITIAL:
        rate = max(oi_scaled_wad(rate, mark), asked_wad)
    return flat + rate * exact


def rate_wad(size: int, mark: MarketMark, *, level: Level) -> int:
    """Rate of a market without tiers for a size, before open interest; wad, rounded up."""
    rules = mark.rules
    base = base_rate_wad(rules, level)
    if rules.size_factor_wad:
        # max(m, 0.8 m + f sqrt(s)), s in whole units: Drift v2, its margin ratio by size.
        whole_wad = mul_div_up(abs(size), WAD * mark.lift, pow10(36))
        premium = wad_mul_up(rules.size_factor_wad, sqrt_wad_up(whole_wad))
        base = max(base, wad_mul_up(rules.size_discount_wad, base) + premium)
    if rules.skew_margin_wad and rules.skew_scale is not None:
        # f |s| / skewScale + min, the other levels a fixed share of it: Synthetix v3.
        added = mul_div_up(rules.skew_margin_wad, abs(size), rules.skew_scale)
        base += mul_div_up(added, base, rules.initial_margin_wad)
    return base


def base_rate_wad(rules: MarketRules, level: Level) -> int:
    """Flat rate of a level, wad."""
    if level is Level.INITIAL:
        return rules.initial_margin_wad
    if level is Level.LIQUIDATION_END:
        return rules.end_margin_wad
    return rules.maintenance_margin_wad


def oi_scaled_wad(rate: int, mark: MarketMark) -> int:
    """Initial rate raised towards 1 between two levels of open interest (dYdX v4); rounded up."""
    rules, state = mark.rules, mark.state
    if rules.oi_upper_wad == 0:
        return rate
    price = WAD if rules.is_inverse else mark.price_wad
    interest = max(state.long, state.short) * price * mark.lift
    over = interest - rules.oi_lower_wad * EXACT_PER_WAD
    width = (rules.oi_upper_wad - rules.oi_lower_wad) * EXACT_PER_WAD
    if over <= 0:
        return rate
    if over >= width:
        return max(rate, WAD)
    return rate + mul_div_up(max(0, WAD - rate), over, width)


def tiered_requirement(
    tiers: tuple[Tier, ...], exact: int, *, level: Level, rules: MarketRules
) -> int:
    """N x rate - deduction of the tier that the notional N (1e-54) lies in; exact (1e-72).

    d_n = d_(n-1) + floor_n (rate_n - rate_(n-1)) keeps the requirement continuous.
    """
    deduction = 0
    found = tiers[0]
    for before, tier in pairwise(tiers):
        floor = tier.floor_wad * EXACT_PER_WAD
        if exact <= floor:
            break
        deduction += floor * (
            tier_rate(tier, level, rules=rules) - tier_rate(before, level, rules=rules)
        )
        found = tier
    return exact * tier_rate(found, level, rules=rules) - deduction


def tier_rate(tier: Tier, level: Level, *, rules: MarketRules) -> int:
    """Rate of a tier at a level; the liquidation end lies where the flat rates put it.

    end = maintenance + (initial - maintenance) x share, the share that the flat rates have.
    """
    if level is Level.INITIAL:
        return tier.initial_wad
    if level is Level.MAINTENANCE:
        return tier.maintenance_wad
    span = rules.initial_margin_wad - rules.maintenance_margin_wad
    part = rules.end_margin_wad - rules.maintenance_margin_wad
    if part == 0 or span == 0:
        return tier.maintenance_wad
    return tier.maintenance_wad + mul_div_up(tier.initial_wad - tier.maintenance_wad, part, span)


def marginal_rate_wad(size: int, mark: MarketMark, *, level: Level) -> int:
    """Rate that one unit less would free at a level: of the tier it lies in, or the size's own."""
    if not mark.rules.tiers:
        return rate_wad(size, mark, level=level)
    exact = notional(size, mark, price_wad=mark.price_wad)
    reached = [t for t in mark.rules.tiers if t.floor_wad * EXACT_PER_WAD < exact]
    return tier_rate((reached or mark.rules.tiers)[-1 if reached else 0], level, rules=mark.rules)
