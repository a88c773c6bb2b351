"""Aave v4: health, the variable bonus and the liquidation to a target health factor.

Source: aave/aave-v4, src/spoke/libraries/LiquidationLogic.sol and src/spoke/Spoke.sol, commits
0051c6e1 and 11686875 (amounts in assets), 19c88b85 (the same debt to target, in ray). Prices have 8
decimals, values 26 (a wad per price unit), ratios are basis points, health is in wad. The hub's
shares are left out: amounts are assets, drawn and premium debt one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.aave_v4_position import (
    PERCENT,
    Config,
    Holding,
    Position,
    Reserve,
    V4Health,
    health,
)
from trimtab.units import WAD, mul_div_down, mul_div_up

__all__ = [
    "AaveV4Refusal",
    "Amounts",
    "Call",
    "Config",
    "Holding",
    "Position",
    "Refused",
    "Reserve",
    "V4Health",
    "V4Liquidation",
    "debt_to_target",
    "health",
    "liquidate",
    "liquidation_amounts",
    "liquidation_bonus_bps",
]

BPS_TO_WAD: Final = 10**14
DUST_VALUE: Final = 1_000 * 10**26


@unique
class AaveV4Refusal(StrEnum):
    """Why the spoke reverts."""

    SELF_LIQUIDATION = "self_liquidation"
    ZERO_COVER = "zero_cover"
    PAUSED = "paused"
    NOT_SUPPLIED = "not_supplied"
    NOT_BORROWED = "not_borrowed"
    HEALTHY = "healthy"
    NOT_COLLATERAL = "not_collateral"
    CANNOT_RECEIVE_SHARES = "cannot_receive_shares"
    DUST = "dust"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the spoke reverts: the rule, what was found and what it asks for."""

    reason: AaveV4Refusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of a liquidation in native units, with its bonus and the debt to target.

    `collateral` leaves the position, `to_liquidator` of it goes to him and the rest is the fee.
    """

    collateral: int
    to_liquidator: int
    debt: int
    bonus_bps: int
    debt_to_target: int


@dataclass(frozen=True, slots=True)
class V4Liquidation:
    """What a liquidation does: amounts, deficit by asset, the position after, and both healths."""

    amounts: Amounts
    deficit: Mapping[str, int]
    position: Position
    before: V4Health
    after: V4Health


@dataclass(frozen=True, slots=True)
class Call:
    """What a liquidator asks for; `debt_to_cover` in native units, 2**256 - 1 for all."""

    collateral: str
    debt: str
    debt_to_cover: int
    receives_shares: bool = False
    by_borrower: bool = False


def liquidation_bonus_bps(config: Config, health_wad: int, *, max_bonus_bps: int) -> int:
    """Return the bonus at a health below one: linear between the least and the largest, down.

    Args:
        config: where the bonus is largest, and its part at a health of one.
        health_wad: below one.
        max_bonus_bps: 1e4 is no bonus.
    """
    assert health_wad <= WAD, f"a healthy position has no bonus: {health_wad}"
    if health_wad <= config.health_for_max_bonus_wad:
        return max_bonus_bps
    least = PERCENT + mul_div_down(max_bonus_bps - PERCENT, config.bonus_factor_bps, PERCENT)
    return least + mul_div_down(
        max_bonus_bps - least, WAD - health_wad, WAD - config.health_for_max_bonus_wad
    )


def debt_to_target(
    debt_value: int,
    health_wad: int,
    *,
    target_wad: int,
    bonus_bps: int,
    factor_bps: int,
    debt_price: int,
    debt_unit: int,
) -> int:
    """Return the debt that restores the target health, rounded up.

    Args:
        debt_value: of the whole position, with 26 decimals (or with 53, for an answer in ray).
        health_wad: below the target.
        target_wad: one or more.
        bonus_bps, factor_bps: of the seized collateral; their product stays below the target.
        debt_price: 8 decimals.
        debt_unit: native units per whole token.

    Returns:
        native units (or native units in ray), which may exceed the debt that there is.
    """
    penalty_wad = mul_div_up(bonus_bps * BPS_TO_WAD, factor_bps, PERCENT)
    assert penalty_wad < target_wad, "the target cannot be reached: bonus times factor is too large"
    return mul_div_up(
        debt_value,
        debt_unit * (target_wad - health_wad),
        (target_wad - penalty_wad) * debt_price * WAD,
    )


def liquidation_amounts(
    config: Config,
    debt_value: int,
    *,
    health_wad: int,
    collateral: Holding,
    debt: Holding,
    debt_to_cover: int,
) -> Amounts | Refused:
    """Return the amounts of a liquidation, or the dust rule's refusal.

    Args:
        config: target and bonus.
        debt_value: of the whole position, with 26 decimals.
        health_wad: of the whole position, below one.
        collateral, debt: the two holdings.
        debt_to_cover: what the liquidator offers at most, in native units.

    The debt is the least of the offer, the reserve's debt and the debt to target, and all of the
    reserve's debt if less than 1000 would remain of it. Collateral follows, down; where it is
    short, or less than 1000 of it would remain beside some debt, all of it goes and the debt is
    what it pays for, up. An offer below the debt so found is refused.
    """
    pledged, drawn = collateral.reserve, debt.reserve
    bonus_bps = liquidation_bonus_bps(config, health_wad, max_bonus_bps=pledged.max_bonus_bps)
    to_target = debt_to_target(
        debt_value,
        health_wad,
        target_wad=config.target_health_wad,
        bonus_bps=bonus_bps,
        factor_bps=pledged.factor_bps,
        debt_price=drawn.price,
        debt_unit=drawn.unit,
    )
    repaid = min(debt.debt, debt_to_cover, to_target)
    if repaid < debt.debt and _is_dust(debt.debt - repaid, reserve=drawn):
        repaid = debt.debt
    above = drawn.price * pledged.unit * bonus_bps
    below = drawn.unit * pledged.price * PERCENT
    seized = mul_div_down(repaid, above, below)
    remnant = collateral.supply - seized
    stranded = remnant > 0 and _is_dust(remnant, reserve=pledged) and repaid < debt.debt
    if remnant < 0 or stranded:
        seized = collateral.supply
        repaid = mul_div_up(seized, below, above)
    if debt_to_cover < repaid:
        return Refused(AaveV4Refusal.DUST, debt_to_cover, repaid)
    fee = mul_div_down(seized, pledged.fee_bps * (bonus_bps - PERCENT), bonus_bps * PERCENT)
    return Amounts(seized, seized - fee, repaid, bonus_bps, to_target)


def liquidate(position: Position, config: Config, *, call: Call) -> V4Liquidation | Refused:
    """Return what a liquidation call does to a position, or which rule refuses it.

    A deficit is booked when the last collateral is emptied and any debt is left: all of it goes.
    """
    before = health(position)
    pledged, drawn = position[call.collateral], position[call.debt]
    refused = _barred(before, pledged, drawn=drawn, call=call)
    if refused is not None:
        return refused
    amounts = liquidation_amounts(
        config,
        before.debt_value,
        health_wad=before.health_wad,
        collateral=pledged,
        debt=drawn,
        debt_to_cover=call.debt_to_cover,
    )
    if isinstance(amounts, Refused):
        return amounts
    after = dict(position)
    after[call.collateral] = replace(pledged, supply=pledged.supply - amounts.collateral)
    repaid = after[call.debt]
    after[call.debt] = replace(repaid, debt=repaid.debt - amounts.debt)
    emptied = after[call.collateral].supply == 0 and before.collateral_count == 1
    deficit = {name: held.debt for name, held in after.items() if held.debt} if emptied else {}
    settled = {name: replace(held, debt=0) if emptied else held for name, held in after.items()}
    return V4Liquidation(amounts, deficit, settled, before=before, after=health(settled))


def _barred(before: V4Health, pledged: Holding, *, drawn: Holding, call: Call) -> Refused | None:
    """The checks before any amount, in the spoke's order."""
    cannot = pledged.reserve.frozen or not pledged.reserve.receivable
    checks: Sequence[tuple[bool, AaveV4Refusal, int, int]] = (
        (call.by_borrower, AaveV4Refusal.SELF_LIQUIDATION, 1, 0),
        (call.debt_to_cover == 0, AaveV4Refusal.ZERO_COVER, 0, 1),
        (pledged.reserve.paused or drawn.reserve.paused, AaveV4Refusal.PAUSED, 1, 0),
        (pledged.supply == 0, AaveV4Refusal.NOT_SUPPLIED, 0, 1),
        (drawn.debt == 0, AaveV4Refusal.NOT_BORROWED, 0, 1),
        (not before.liquidatable, AaveV4Refusal.HEALTHY, before.health_wad, WAD),
        (not pledged.is_collateral, AaveV4Refusal.NOT_COLLATERAL, 0, 1),
        (call.receives_shares and cannot, AaveV4Refusal.CANNOT_RECEIVE_SHARES, 0, 1),
    )
    for failed, reason, seen, needed in checks:
        if failed:
            return Refused(reason, seen, needed)
    return None


def _is_dust(amount: int, *, reserve: Reserve) -> bool:
    return reserve.collateral_value(amount) < DUST_VALUE
