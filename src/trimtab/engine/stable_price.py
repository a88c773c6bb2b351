"""A price that follows the accepted one at a bounded speed.

Two bounds, after Mango v4 (its stable price model): a delay price of 24 slots, each the mean of
the accepted price over one slot and within a limit of the slot before, so that it lags by a day;
and a limit a second on the stable price itself, which falls with the square of its ratio to the
delay price. A pump of hours moves it little; a lasting change moves it within days.
"""

from dataclasses import replace

from trimtab.model import OracleRules, StablePrice
from trimtab.units import WAD, div_down, mul_div_down, wad_mul_down

SLOTS = 24
# Updates closer than this are ignored, and none counts for longer.
SECONDS_MIN = 10
SECONDS_MAX = 600


def started(price_wad: int, now_s: int) -> StablePrice:
    """A stable price that starts at an accepted price."""
    return StablePrice(price_wad, now_s, (price_wad,) * SLOTS)


def followed(stable: StablePrice, price_wad: int, *, now_s: int, rules: OracleRules) -> StablePrice:
    """The stable price after an accepted price (wad); all products round down."""
    seconds = now_s - stable.updated_s
    if seconds < SECONDS_MIN:
        return stable
    counted = min(seconds, SECONDS_MAX)
    stable = replace(
        stable,
        updated_s=now_s,
        sum_wad=stable.sum_wad + price_wad * counted,
        sum_seconds=stable.sum_seconds + counted,
    )
    slot = div_down(now_s, rules.delay_slot_seconds) % SLOTS
    if slot != stable.slot:
        stable = _next_slot(stable, slot, seconds=seconds, rules=rules)
    near, far = sorted((stable.price_wad, stable.delays_wad[slot]))
    share = mul_div_down(near, WAD, max(far, 1))
    limit = wad_mul_down(wad_mul_down(rules.stable_limit_wad, share), share) * counted
    return replace(stable, price_wad=_within(price_wad, stable.price_wad, limit_wad=limit))


def _next_slot(stable: StablePrice, slot: int, *, seconds: int, rules: OracleRules) -> StablePrice:
    """Fill the slots that have passed with the mean of the last one, within its limit."""
    mean = div_down(stable.sum_wad, stable.sum_seconds)
    last = stable.delays_wad[(stable.slot - 1) % SLOTS]
    fresh = _within(mean, last, limit_wad=rules.delay_limit_wad)
    passed = (slot - stable.slot) % SLOTS
    if seconds > SLOTS * rules.delay_slot_seconds:
        passed = SLOTS
    delays = list(stable.delays_wad)
    for step in range(passed):
        delays[(stable.slot + step) % SLOTS] = fresh
    return replace(stable, delays_wad=tuple(delays), sum_wad=0, sum_seconds=0, slot=slot)


def _within(target_wad: int, last_wad: int, *, limit_wad: int) -> int:
    change = wad_mul_down(last_wad, limit_wad)
    return max(1, last_wad - change, min(target_wad, last_wad + change))
