"""Synthetix v3 perpetuals: liquidation bounded by a sliding window.

Source: Synthetixio/synthetix-v3, commit 23585f73, markets/perps-market/contracts/storage/
PerpsMarket.sol and Liquidation.sol. Amounts are wad of size, times whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.units import WAD, div_up, mul_div_down


@dataclass(frozen=True, slots=True)
class WindowRules:
    """The bound on what is liquidated in a window; all wad, seconds whole.

    premium_max: |skew| / skew scale below which a full extra window is allowed; 0 for never.
    """

    maker_fee: int
    taker_fee: int
    skew_scale: int
    multiplier: int
    window_seconds: int
    premium_max: int = 0


@dataclass(frozen=True, slots=True)
class Liquidated:
    """One earlier liquidation: when and how much."""

    at_s: int
    amount: int


@dataclass(frozen=True, slots=True)
class Moment:
    """When a liquidation is asked for, and the market then.

    skew: signed, wad; same_block: the last liquidation was in this very block.
    """

    now_s: int
    skew: int = 0
    same_block: bool = False


def window_cap(rules: WindowRules) -> int:
    """Return the most that a window takes: (maker + taker) * scale * multiplier * seconds."""
    fees = rules.maker_fee + rules.taker_fee
    per_second = mul_div_down(fees * rules.skew_scale, rules.multiplier, WAD)
    return mul_div_down(per_second, rules.window_seconds, WAD)


def capacity(history: Sequence[Liquidated], rules: WindowRules, *, now_s: int) -> int:
    """Return what the window still takes: cap less amounts stamped strictly after now - window."""
    start = now_s - rules.window_seconds
    used = sum(entry.amount for entry in history if entry.at_s > start)
    return max(window_cap(rules) - used, 0)


def liquidatable(
    requested: int, history: Sequence[Liquidated], *, rules: WindowRules, moment: Moment
) -> int:
    """Return how much of a request is liquidated now.

    A cap of zero means no bound. With nothing left a further whole window is allowed where the
    premium is below its limit and the last liquidation was in an earlier block.

    Args:
        requested: size, not negative.
    """
    cap = window_cap(rules)
    if cap == 0:
        return requested
    left = capacity(history, rules, now_s=moment.now_s)
    is_calm = abs(moment.skew) * WAD < rules.premium_max * rules.skew_scale
    if left == 0 and is_calm and not moment.same_block:
        left = cap
    return min(left, requested)


def windows_needed(size: int, rules: WindowRules) -> int:
    """Return how many windows a flagged position takes, at least one: what its keepers are paid."""
    cap = window_cap(rules)
    return 1 if cap == 0 else max(div_up(abs(size), cap), 1)
