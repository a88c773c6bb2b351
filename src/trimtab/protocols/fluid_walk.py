"""Fluid: the walk of a liquidation over ticks and branches, riskiest first.

Source: Instadapp/fluid-contracts-public, commit a9949b48,
contracts/protocols/vault/vaultT1/coreModule/main.sol, the loop of `liquidate`. Ticks above the
threshold are merged one after the other: debt D at ratio r is brought to ratio r' by paying
(D - r' D / r) / (1 - c r') for c collateral per debt, and then joins the debt that waits at r'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.fluid_ticks import (
    PARTS,
    RATIO_ONE,
    next_ratio,
    partial_ratio,
    ratio_at,
    stored,
    tick_at,
)
from trimtab.units import RAY, mul_div_down

_BRANCH_DEBT_MIN: Final = 100
_NOWHERE: Final = -(1 << 255)


@unique
class Stopped(StrEnum):
    """Why a walk reverts."""

    INVALID_LIQUIDATION = "invalid_liquidation"
    LIQUIDATION_REVERTS = "liquidation_reverts"
    BRANCH_DEBT_TOO_LOW = "branch_debt_too_low"


@dataclass(frozen=True, slots=True)
class Branch:
    """Positions liquidated together: their ratio lies `parts` of 2**30 - 1 up to `tick`."""

    tick: int
    parts: int
    debt: int

    @property
    def ratio(self) -> int:
        """Return their ratio, 96 bits."""
        return partial_ratio(self.tick, self.parts)


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch: what waited at its start, and what was paid on it of the debt gathered.

    from_tick, to_tick: from where to where; gathered, paid, collateral: raw. Every position in the
    gathered debt keeps the same part, (gathered - paid) / gathered, of its own.
    """

    from_tick: int
    to_tick: int
    gathered: int
    paid: int
    collateral: int


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk: raw debt paid and collateral got, its stretches, and the ticks and branches after."""

    debt: int
    collateral: int
    steps: tuple[Step, ...]
    ticks: Mapping[int, int]
    branches: tuple[Branch, ...]
    reaches_threshold: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A place to go to: a tick with debt, a branch, or the threshold (neither)."""

    tick: int
    ratio: int
    is_tick: bool = False
    branch: Branch | None = None

    @property
    def is_threshold(self) -> bool:
        return not self.is_tick and self.branch is None


def walk(
    ticks: Mapping[int, int],
    branches: tuple[Branch, ...],
    *,
    left: int,
    threshold_tick: int,
    collateral_per_debt: int,
) -> Walked | Stopped:
    """Walk down from the top until `left` raw debt is paid or the threshold is reached.

    Args:
        ticks: raw debt by tick; branches: riskiest first; one of them above the threshold, all at
            most at the limit, so that ratio times price with penalty stays below one.
        collateral_per_debt: raw, in 1e27, penalty included.

    Rounding: what is paid down, its collateral down, what remains of a branch up to 56 bits.
    """
    waiting, below = dict(ticks), list(branches)
    place = _next_place(waiting, below, threshold_tick=threshold_tick, under=None)
    top = place.branch
    if top is not None and top.parts == 1 and top.tick == threshold_tick + 1:
        return Stopped.INVALID_LIQUIDATION
    debt = collateral = 0
    steps: list[Step] = []
    while True:
        arriving = waiting.pop(place.tick) if place.is_tick else below.pop(0).debt
        debt += arriving
        collateral += mul_div_down(arriving, RATIO_ONE, place.ratio)
        goal = _next_place(waiting, below, threshold_tick=threshold_tick, under=place.tick)
        paid = _paid_to(debt, place.ratio, goal=goal.ratio, collateral_per_debt=collateral_per_debt)
        is_short = paid >= left
        paid = min(paid, left)
        got = mul_div_down(paid, collateral_per_debt, RAY)
        steps.append(Step(place.tick, goal.tick, debt, paid, got))
        debt, collateral, left = debt - paid, collateral - got, left - paid
        if is_short or goal.is_threshold:
            break
        place = goal
    end = _end_between(debt, collateral, goal=goal) if is_short else (goal.tick + 1, 1)
    if isinstance(end, Stopped):
        return end
    if debt < _BRANCH_DEBT_MIN:
        return Stopped.BRANCH_DEBT_TOO_LOW
    return Walked(
        debt=sum(step.paid for step in steps),
        collateral=sum(step.collateral for step in steps),
        steps=tuple(steps),
        ticks=waiting,
        branches=(Branch(*end, stored(debt, up=True)), *below),
        reaches_threshold=not is_short,
    )


def position_after(debt: int, tick: int, *, walked: Walked) -> int:
    """Return the raw debt of a position at a tick after a walk: its part of every stretch, floored.

    The contract keeps the product of the parts in 50 bits, so its figure may be lower by 2**-35.
    """
    whole, kept = 1, 1
    for step in walked.steps:
        if tick >= step.from_tick:
            whole, kept = whole * step.gathered, kept * (step.gathered - step.paid)
    return mul_div_down(debt, kept, whole)


def _next_place(
    waiting: Mapping[int, int], below: list[Branch], *, threshold_tick: int, under: int | None
) -> _Place:
    """The riskiest of: the next tick with debt, the next branch, the threshold."""
    tick = max((one for one in waiting if under is None or one < under), default=_NOWHERE)
    branch_tick = below[0].tick if below else _NOWHERE
    if branch_tick > tick and branch_tick > threshold_tick:
        return _Place(branch_tick, below[0].ratio, branch=below[0])
    if tick > threshold_tick:
        return _Place(tick, ratio_at(tick), is_tick=True)
    return _Place(threshold_tick, ratio_at(threshold_tick))


def _paid_to(debt: int, ratio: int, *, goal: int, collateral_per_debt: int) -> int:
    """What has to be paid so that the debt stands at the goal's ratio; never all of it."""
    over = debt - mul_div_down(goal, debt, ratio)
    kept = RAY - mul_div_down(collateral_per_debt, goal, RATIO_ONE)
    paid = mul_div_down(over, RAY, kept)
    return paid - 1 if paid == debt else paid


def _end_between(debt: int, collateral: int, *, goal: _Place) -> tuple[int, int] | Stopped:
    """The tick and parts where a walk ends for want of payment, never on a perfect tick."""
    ratio = mul_div_down(debt, RATIO_ONE, collateral)
    found = tick_at(ratio)
    if found.tick < goal.tick and goal.branch is None:
        return found.tick + 2, 1
    tick = found.tick + 1
    length = next_ratio(found.ratio) - found.ratio
    parts = min(max(1, mul_div_down(ratio - found.ratio, PARTS, length)), PARTS - 1)
    if goal.branch is not None and tick == goal.tick and goal.branch.parts >= parts:
        return Stopped.LIQUIDATION_REVERTS
    return tick, parts
