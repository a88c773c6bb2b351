"""Fluid: vault positions on ticks, liquidated from the riskiest tick down to the threshold.

Source: Instadapp/fluid-contracts-public, commit a9949b48:
contracts/protocols/vault/vaultT1/coreModule/main.sol and helpers.sol. The
vault is in `fluid_vault`, the walk over its ticks in `fluid_walk`.

Units: raw amounts are native units over the exchange prices (1e12); the oracle says debt per
collateral in 1e27; factor, threshold and limit in 1e3, penalty in 1e4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.fluid_ticks import RATIO_ONE, next_ratio, stored, tick_at
from trimtab.protocols.fluid_vault import (
    EXCHANGE_ONE,
    ORACLE_MAX,
    ExchangePrices,
    FluidRules,
    FluidVault,
    Levels,
    absorb,
    levels,
)
from trimtab.protocols.fluid_walk import Stopped, Walked, walk
from trimtab.units import WAD, div_down, mul_div_down

_AMOUNT_MIN: Final = 10_000
_AMOUNT_MAX: Final = (1 << 128) - 1
_SMALLEST_PART: Final = 10**9


@unique
class FluidRefusal(StrEnum):
    """Why the vault reverts."""

    INVALID_ORACLE_PRICE = "invalid_oracle_price"
    INVALID_AMOUNT = "invalid_amount"
    NO_TOP_TICK = "no_top_tick"
    INVALID_LIQUIDATION = "invalid_liquidation"
    LIQUIDATION_REVERTS = "liquidation_reverts"
    BRANCH_DEBT_TOO_LOW = "branch_debt_too_low"
    EXCESS_SLIPPAGE = "excess_slippage"
    DEBT_TOO_LOW = "debt_too_low"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the vault reverts: the rule, what was found and what it asks for."""

    reason: FluidRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class FluidHealth:
    """A position's ratio and tick beside the ticks that liquidate and that absorb it."""

    ratio: int
    tick: int
    threshold_tick: int
    limit_tick: int
    is_liquidatable: bool
    is_absorbable: bool


@dataclass(frozen=True, slots=True)
class FluidLiquidation:
    """One liquidation: native amounts, raw parts, and where the vault stands after.

    debt, collateral: paid and got; absorbed_debt, absorbed_collateral: what this call absorbed,
    raw; walked: the way over the ticks, None where only absorbed debt was bought.
    """

    debt: int
    collateral: int
    absorbed_debt: int
    absorbed_collateral: int
    walked: Walked | None
    vault: FluidVault


def health(
    collateral: int, debt: int, *, oracle: int, rules: FluidRules, prices: ExchangePrices
) -> FluidHealth:
    """Return where a position with raw collateral and debt stands; both positive.

    Liquidation reaches it once its tick, the next one up from its ratio, is above the threshold's.
    """
    ratio = mul_div_down(debt, RATIO_ONE, collateral)
    tick = tick_at(ratio).tick + 1
    level = levels(oracle, rules, prices=prices)
    return FluidHealth(
        ratio=ratio,
        tick=tick,
        threshold_tick=level.threshold_tick,
        limit_tick=level.limit_tick,
        is_liquidatable=tick > level.threshold_tick,
        is_absorbable=tick > level.limit_tick,
    )


def opened(vault: FluidVault, collateral: int, *, debt: int) -> FluidVault | Refused:
    """Return the vault with a position of raw collateral and debt at the next tick up.

    The tick takes the debt that the tick's ratio asks for; the dust between stays the position's.
    """
    if debt < _AMOUNT_MIN:
        return Refused(FluidRefusal.DEBT_TOO_LOW, debt, _AMOUNT_MIN)
    below = tick_at(mul_div_down(debt, RATIO_ONE, collateral))
    tick, at_tick = below.tick + 1, next_ratio(below.ratio) * collateral >> 96
    ticks = {**vault.ticks, tick: stored(vault.ticks.get(tick, 0) + at_tick, up=True)}
    return replace(
        vault,
        ticks=ticks,
        total_debt=stored(vault.total_debt + debt, up=True),
        total_collateral=stored(vault.total_collateral + collateral, up=False),
    )


def liquidate(
    vault: FluidVault,
    debt: int,
    *,
    oracle: int,
    rules: FluidRules,
    prices: ExchangePrices | None = None,
    takes_absorbed: bool = False,
    collateral_per_debt_min_wad: int = 0,
) -> FluidLiquidation | Refused:
    """Pay up to `debt` (native) for collateral at the oracle's price plus the penalty.

    Args:
        oracle: debt per collateral in 1e27; takes_absorbed: buy what the protocol absorbed first.
        collateral_per_debt_min_wad: least native collateral per native debt.

    Returns:
        The amounts and the vault after, or why not. Only what brings the top down to the threshold
        tick is taken, from all positions above it pro rata. A debt of 0 only absorbs.
    """
    rates = prices or ExchangePrices()
    refusal = _refusal(vault, debt, oracle=oracle)
    if refusal is not None:
        return refusal
    level = levels(oracle, rules, prices=rates)
    before = vault
    if _is_above(vault, level.limit_tick):
        vault = absorb(vault, level.limit_tick)
    taken = (
        vault.absorbed_debt - before.absorbed_debt,
        vault.absorbed_collateral - before.absorbed_collateral,
    )
    if debt == 0 and vault is not before:
        return FluidLiquidation(0, 0, *taken, None, vault)
    left = mul_div_down(debt, EXCHANGE_ONE, rates.borrow)
    smallest = div_down(vault.total_debt, _SMALLEST_PART)
    if not _AMOUNT_MIN <= debt <= _AMOUNT_MAX or smallest > left:
        return Refused(FluidRefusal.INVALID_AMOUNT, debt, max(_AMOUNT_MIN, smallest))
    bought = _Bought(0, 0, vault)
    if takes_absorbed:
        bought = _buy_absorbed(vault, left)
    done = _walk_down(bought, left=left - bought.debt, level=level)
    if isinstance(done, Refused):
        return done
    bought, walked = done
    paid, got = _native(bought, debt=debt, prices=rates)
    if paid == 0:
        return Refused(FluidRefusal.INVALID_LIQUIDATION, 0, 1)
    per_debt = mul_div_down(got, WAD, paid)
    if per_debt < collateral_per_debt_min_wad:
        return Refused(FluidRefusal.EXCESS_SLIPPAGE, per_debt, collateral_per_debt_min_wad)
    return FluidLiquidation(paid, got, *taken, walked, bought.vault)


@dataclass(frozen=True, slots=True)
class _Bought:
    """Raw debt and collateral bought so far, and the vault without them."""

    debt: int
    collateral: int
    vault: FluidVault


def _refusal(vault: FluidVault, debt: int, *, oracle: int) -> Refused | None:
    if vault.top_tick is None:
        return Refused(FluidRefusal.NO_TOP_TICK, 0, 1)
    if not 0 < oracle <= ORACLE_MAX:
        return Refused(FluidRefusal.INVALID_ORACLE_PRICE, oracle, ORACLE_MAX)
    if debt < 0:
        return Refused(FluidRefusal.INVALID_AMOUNT, debt, _AMOUNT_MIN)
    return None


def _is_above(vault: FluidVault, tick: int) -> bool:
    return vault.top_tick is not None and vault.top_tick > tick


def _buy_absorbed(vault: FluidVault, left: int) -> _Bought:
    debt, collateral = vault.absorbed_debt, vault.absorbed_collateral
    if debt > left:
        collateral, debt = mul_div_down(collateral, left, debt), left
    rest = replace(
        vault,
        absorbed_debt=vault.absorbed_debt - debt,
        absorbed_collateral=vault.absorbed_collateral - collateral,
    )
    return _Bought(debt, collateral, rest)


def _walk_down(
    bought: _Bought, *, left: int, level: Levels
) -> tuple[_Bought, Walked | None] | Refused:
    vault = bought.vault
    walked: Walked | None = None
    debt, collateral = bought.debt, bought.collateral
    if left > 0 and _is_above(vault, level.threshold_tick):
        way = walk(
            vault.ticks,
            vault.branches,
            left=left,
            threshold_tick=level.threshold_tick,
            collateral_per_debt=level.collateral_per_debt,
        )
        if isinstance(way, Stopped):
            return Refused(FluidRefusal(way.value), 0, 1)
        walked, debt, collateral = way, debt + way.debt, collateral + way.collateral
        vault = replace(vault, ticks=way.ticks, branches=way.branches)
    after = replace(
        vault,
        total_debt=stored(max(0, vault.total_debt - debt), up=True),
        total_collateral=stored(max(0, vault.total_collateral - collateral), up=False),
    )
    return _Bought(debt, collateral, after), walked


def _native(bought: _Bought, *, debt: int, prices: ExchangePrices) -> tuple[int, int]:
    """Native debt and collateral, floored; paying above the offer gets no collateral at all."""
    paid = mul_div_down(bought.debt, prices.borrow, EXCHANGE_ONE)
    got = mul_div_down(bought.collateral, prices.supply, EXCHANGE_ONE)
    # The contract multiplies by floor(offer / paid), which is 0; it deems the case a few wei's.
    return (debt, 0) if paid > debt else (paid, got)
