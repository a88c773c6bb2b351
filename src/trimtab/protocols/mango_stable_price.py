"""Mango v4: the stable price, which follows the oracle at a bounded speed.

Source: blockworks-foundation/mango-v4, commit 1303a4a1, src/state/stable_price.rs of its program.
The program computes in doubles; this twin in wad, each product floored, times in whole seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trimtab.units import WAD, div_down, mul_div_down, wad_mul_down

SLOTS: Final = 24
MIN_SECONDS: Final = 10
MAX_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class StablePrice:
    """The state of the model.

    price_wad: the stable price; updated_s: when; delays_wad: the 24 delay prices; the accumulators
    sum oracle price times seconds (the seconds clipped) and seconds (not clipped) of the slot.
    """

    price_wad: int
    updated_s: int
    delays_wad: tuple[int, ...]
    sum_wad: int = 0
    sum_seconds: int = 0
    slot: int = 0
    slot_seconds: int = 3600
    delay_limit_wad: int = div_down(6 * WAD, 100)
    stable_limit_wad: int = div_down(3 * WAD, 10_000)


def started(price_wad: int, now_s: int) -> StablePrice:
    """Return a fresh model at a price; the first slot is 0, as the program's default has it."""
    assert price_wad > 0, "the model starts at the first price above zero"
    return StablePrice(price_wad, now_s, (price_wad,) * SLOTS)


def updated(model: StablePrice, oracle_wad: int, *, now_s: int) -> StablePrice:
    """Return the model after an observation; one within 10 seconds of the last changes nothing.

    Args:
        oracle_wad: the price, zero or more; now_s: not before the last update.
    """
    seconds = max(now_s - model.updated_s, 0)
    if seconds < MIN_SECONDS:
        return model
    counted = min(seconds, MAX_SECONDS)
    model = replace(
        model,
        updated_s=now_s,
        sum_wad=model.sum_wad + oracle_wad * counted,
        sum_seconds=model.sum_seconds + seconds,
    )
    slot = div_down(now_s, model.slot_seconds) % SLOTS
    if slot != model.slot:
        model = _next_slot(model, slot, seconds=seconds)
    near, far = sorted((model.price_wad, model.delays_wad[slot]))
    ratio = mul_div_down(near, WAD, max(far, 1))
    limit = wad_mul_down(wad_mul_down(model.stable_limit_wad, ratio), ratio) * counted
    return replace(model, price_wad=_held(oracle_wad, model.price_wad, limit_wad=limit))


def _next_slot(model: StablePrice, slot: int, *, seconds: int) -> StablePrice:
    mean = div_down(model.sum_wad, model.sum_seconds)
    last = model.delays_wad[model.slot - 1]
    fresh = _held(mean, last, limit_wad=model.delay_limit_wad)
    passed = (slot - model.slot) % SLOTS
    if seconds > SLOTS * model.slot_seconds:
        passed = SLOTS
    filled = {(model.slot + step) % SLOTS for step in range(passed)}
    delays = tuple(
        fresh if place in filled else price for place, price in enumerate(model.delays_wad)
    )
    return replace(model, delays_wad=delays, sum_wad=0, sum_seconds=0, slot=slot)


def _held(target_wad: int, last_wad: int, *, limit_wad: int) -> int:
    change = wad_mul_down(last_wad, limit_wad)
    return max(last_wad - change, min(target_wad, last_wad + change))
