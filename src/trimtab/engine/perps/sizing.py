"""Size and price of a position's liquidation: pure arithmetic on exact values.

Shortage is how far the account is below the liquidation-end level (1e-72); `unit` the exact value
(1e-54) of one native contract unit.
"""

from dataclasses import dataclass

from trimtab.engine.perps.marks import MarketMark
from trimtab.engine.scales import EXACT_PER_WAD, WEIGHTED_PER_WAD
from trimtab.model import MarketRules, PositionLiquidationRules
from trimtab.units import (
    NANOSECONDS,
    WAD,
    div_down,
    div_floor,
    div_up,
    mul_div_down,
    mul_div_up,
    wad_mul_down,
)


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates (wad of the closed notional) of one liquidation: to the liquidator, to the fund."""

    liquidator_wad: int
    insurance_wad: int


def contract_unit(mark: MarketMark) -> int:
    """Exact value (1e-54) of one native contract unit at the mark price."""
    return (WAD if mark.rules.is_inverse else mark.price_wad) * mark.lift


def liquidator_fee_wad(
    market: MarketRules, rules: PositionLiquidationRules, *, seconds: int
) -> int:
    """The liquidator's fee so long after the liquidation began.

    base + ramp x seconds from the delay on, up to the maximum (Drift v2).
    """
    base, most = market.liquidator_fee_wad, market.liquidator_fee_max_wad
    if seconds < rules.fee_ramp_delay_seconds or rules.fee_ramp_wad == 0:
        return base
    return max(base, min(most, base + rules.fee_ramp_wad * seconds))


def insurance_fee_wad(
    most_wad: int, *, rate_wad: int, liquidator_wad: int, shortage: int, notional: int, share: int
) -> int:
    """The fund's fee: at most a share of the margin that closing leaves (Drift v2); rounded down.

    min(most, share x (rate - liquidator fee - shortage / notional)), never below zero: a fee may
    not be what bankrupts the account.
    """
    if notional == 0:
        return 0
    used = div_up(shortage, notional)
    left = rate_wad - liquidator_wad - used
    return max(0, min(most_wad, wad_mul_down(left, share) if left > 0 else 0))


def size_for(shortage: int, *, unit: int, rate_wad: int, fees_wad: int) -> int | None:
    """Native units whose closing frees a shortage: shortage / (unit x (rate - fees)); up.

    None where the fees eat what closing frees: no size is enough.
    """
    freed = rate_wad - fees_wad
    return None if freed <= 0 else div_up(max(0, shortage), unit * freed)


def released(shortage: int, *, freed: int, seconds: int, rules: PositionLiquidationRules) -> int:
    """How much of a shortage may be closed so long after the start (Drift v2); 1e-72, down.

    min(1, seconds / duration + start) of the whole shortage, less what was freed already.
    """
    whole = (
        rules.release_seconds == 0 or shortage < rules.release_whole_below_wad * WEIGHTED_PER_WAD
    )
    if whole:
        return shortage
    share = rules.release_start_wad + mul_div_down(WAD, seconds, rules.release_seconds)
    allowed = mul_div_down(shortage + freed, min(WAD, share), WAD)
    return max(0, min(shortage, allowed - freed))


def portion_bounds(notional_wad: int, *, portion_wad: int, least_wad: int) -> tuple[int, int]:
    """Least and largest notional (wad) of a portion: min(least, N), and max of it and share x N."""
    least = min(least_wad, notional_wad)
    return least, max(least, wad_mul_down(portion_wad, notional_wad))


def portion_size(size: int, *, unit: int, rules: PositionLiquidationRules) -> int:
    """Native units that one block may close of a position, at least one."""
    value = div_down(abs(size) * unit, EXACT_PER_WAD)
    _, most = portion_bounds(value, portion_wad=rules.portion_wad, least_wad=rules.portion_min_wad)
    if most >= value:
        return abs(size)
    return max(1, min(abs(size), div_down(most * EXACT_PER_WAD, unit)))


def ladder_size(
    size: int, *, unit: int, rules: PositionLiquidationRules, since_ns: int | None
) -> int:
    """A share of a large position first; all of it within the window after that (Hyperliquid)."""
    small = abs(size) * unit <= rules.ladder_from_wad * EXACT_PER_WAD
    soon = since_ns is not None and since_ns <= rules.ladder_window_seconds * NANOSECONDS
    if small or soon:
        return abs(size)
    return mul_div_up(abs(size), rules.ladder_share_wad, WAD)


def attributed(equity: int, *, freed: int, total: int) -> int:
    """Equity (1e-54) that belongs to a closed part, by its share of the maintenance requirement.

    equity x freed / total (dYdX v4), rounded down: towards the account's loss.
    """
    if total == 0:
        return equity
    return div_floor(equity * freed, total)


def bankruptcy_proceeds(value: int, *, equity: int, freed: int, total: int) -> int:
    """What a closed part must bring for the rest of the account to keep its share of the equity.

    `value` is the signed value (1e-54) of the closed part at the mark price (a long's is
    positive). value - attributed equity (dYdX v4): rounded up, against the counterparty.
    """
    return value - attributed(equity, freed=freed, total=total)


def fillable_price_wad(
    price_wad: int,
    *,
    size: int,
    equity: int,
    required: int,
    own_rate_wad: int,
    rules: PositionLiquidationRules,
) -> int:
    """The worst price at which a liquidation order may be filled (dYdX v4).

    price x (1 -+ ABR x spread x rate), ABR = clamp(adjustment x (1 - equity / required), 0, 1);
    `required` and `equity` are exact in the same scale. A sale's rounds up, a purchase's down.
    """
    used = WAD if required <= 0 else WAD - div_floor(equity * WAD, required)
    share = max(0, min(WAD, mul_div_down(rules.bankruptcy_adjustment_wad, max(0, used), WAD)))
    spread = mul_div_down(share * rules.fillable_spread_wad, own_rate_wad, WAD * WAD)
    if size > 0:
        return price_wad - mul_div_down(price_wad, min(WAD, spread), WAD)
    return price_wad + mul_div_down(price_wad, spread, WAD)


def window_left(
    entries: tuple[tuple[int, int], ...], *, cap: int, now_s: int, seconds: int
) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Size that a sliding window still allows, and the entries that are inside it.

    An entry counts while its time is strictly after now - window (Synthetix v3).
    """
    inside = tuple((at_s, size) for at_s, size in entries if at_s > now_s - seconds)
    return max(0, cap - sum(size for _, size in inside)), inside


def window_cap_of(
    fees_wad: int, *, skew_scale: int, multiplier_wad: int, window_seconds: int
) -> int:
    """The cap that Synthetix v3 derives: (maker + taker) x scale x multiplier x window; down."""
    return mul_div_down(fees_wad * skew_scale, multiplier_wad * window_seconds, WAD * WAD)
