"""Funding: what a unit of each side pays, as two cumulative indices.

An index counts, in the exact scale of costs, what one native contract unit of its side has paid
since the start. Longs and shorts of a market are equally many (its pool included), so that what
one side pays is, to the last digit, what the other side gets.
"""

from dataclasses import dataclass, replace

from trimtab.engine.scales import DAY_SECONDS
from trimtab.model import Funding, MarketRules, MarketState
from trimtab.units import WAD, mul_div_down, wad_mul_down


@dataclass(frozen=True, slots=True)
class Moment:
    """Prices in force since the last booking, the market's scale (see `MarketMark`), and now."""

    mark_wad: int
    index_wad: int
    lift: int
    now_s: int


def funded(state: MarketState, rules: MarketRules, *, moment: Moment) -> tuple[MarketState, int]:
    """The market with funding booked up to now, and what a long unit paid (exact, signed).

    The amount per unit is price x rate x time / period, truncated towards zero.
    """
    seconds = moment.now_s - state.funded_s
    assert seconds >= 0, "time does not run backwards"
    rate, after, period = rate_over(state, rules, moment=moment, seconds=seconds)
    paid = _per_unit(rules, moment, weight=abs(rate) * seconds, period=period)
    paid = paid if rate >= 0 else -paid
    changed = replace(
        state,
        long_index=state.long_index + paid,
        short_index=state.short_index - paid,
        rate_wad=after,
        funded_s=moment.now_s,
    )
    return changed, paid


def _per_unit(rules: MarketRules, moment: Moment, *, weight: int, period: int) -> int:
    """Exact payment of one native unit; an inverse contract is worth 1 / price of its asset."""
    if rules.is_inverse:
        return mul_div_down(moment.lift, weight, moment.index_wad * period)
    return mul_div_down(moment.index_wad * moment.lift, weight, WAD * period)


def rate_over(
    state: MarketState, rules: MarketRules, *, moment: Moment, seconds: int
) -> tuple[int, int, int]:
    """Mean rate (wad a period) over some seconds, the rate after them, and the period (s)."""
    period = rules.funding_period_seconds
    match rules.funding:
        case Funding.PREMIUM:
            rate = premium_rate_wad(rules, mark_wad=moment.mark_wad, index_wad=moment.index_wad)
            return rate, rate, period
        case Funding.VELOCITY:
            moved = _velocity_wad(state, rules) * seconds
            after = state.rate_wad + _toward_zero(moved, DAY_SECONDS)
            return _toward_zero(state.rate_wad + after, 2), after, DAY_SECONDS
        case Funding.RECORDED:
            return state.rate_wad, state.rate_wad, period
        case _:
            return 0, 0, period


def premium_rate_wad(rules: MarketRules, *, mark_wad: int, index_wad: int) -> int:
    """Premium of the mark over the index plus interest, clamped; wad a period, toward zero."""
    premium = _toward_zero((mark_wad - index_wad) * WAD, index_wad)
    rate = premium + rules.funding_interest_wad
    for most in (_clamp_wad(rules), rules.funding_cap_wad):
        if most is not None:
            rate = max(-most, min(rate, most))
    return rate


def _clamp_wad(rules: MarketRules) -> int | None:
    if rules.funding_clamp_wad is None:
        return None
    gap = rules.initial_margin_wad - rules.maintenance_margin_wad
    return wad_mul_down(rules.funding_clamp_wad, gap)


def _velocity_wad(state: MarketState, rules: MarketRules) -> int:
    """Change of the daily rate in a day: clamp(skew / scale) x the largest velocity."""
    scale = rules.skew_scale
    assert scale is not None, "velocity funding has a skew scale"
    skew = max(-scale, min(state.skew, scale))
    return _toward_zero(skew * rules.funding_velocity_wad, scale)


def _toward_zero(numerator: int, denominator: int) -> int:
    quotient = mul_div_down(abs(numerator), 1, denominator)
    return quotient if numerator >= 0 else -quotient
