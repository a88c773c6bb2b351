"""Liquity v2: the collateral ratio of a trove, and what a liquidation sends to whom.

Source: liquity/bold, commit 405f9122: contracts/src/TroveManager.sol, Dependencies/Constants.sol.
The stability pool, the redistribution and the shutdown of a branch are in `liquity_branch`.

Units: collateral and BOLD in wad, prices in wad of BOLD per unit of collateral, ratios in wad.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.liquity_branch import Redistribution, period_seconds
from trimtab.units import (
    UINT256_MAX,
    WAD,
    YEAR_SECONDS,
    div_down,
    mul_div_down,
    wad_mul_down,
)

GAS_WETH: Final = 375 * 10**14
_GAS_DIVISOR: Final = 200
_GAS_CAP: Final = 2 * WAD
_POOL_LEFT_MIN: Final = WAD


@unique
class LiquityRefusal(StrEnum):
    """Why a liquidation reverts."""

    NOTHING_TO_LIQUIDATE = "nothing_to_liquidate"
    ONLY_TROVE_LEFT = "only_trove_left"


@dataclass(frozen=True, slots=True)
class Refused:
    """A liquidation that reverts: the rule, what was found and what it asks for."""

    reason: LiquityRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class BranchRules:
    """One collateral branch: minimum (MCR), critical (CCR) and shutdown (SCR) ratios, and the
    penalties of an offset and of a redistribution, all in wad."""

    minimum_wad: int
    critical_wad: int
    shutdown_wad: int
    offset_penalty_wad: int
    redistribution_penalty_wad: int


WETH_BRANCH: Final = BranchRules(
    minimum_wad=110 * 10**16,
    critical_wad=150 * 10**16,
    shutdown_wad=110 * 10**16,
    offset_penalty_wad=5 * 10**16,
    redistribution_penalty_wad=10 * 10**16,
)
STAKED_BRANCH: Final = BranchRules(
    minimum_wad=120 * 10**16,
    critical_wad=160 * 10**16,
    shutdown_wad=120 * 10**16,
    offset_penalty_wad=5 * 10**16,
    redistribution_penalty_wad=20 * 10**16,
)


@dataclass(frozen=True, slots=True)
class Trove:
    """A trove as it was last written down, outside of a batch.

    collateral, debt: then; rate_wad: annual, simple; updated_s: when; stake: its share of what is
    redistributed; taken_collateral, taken_debt: the running sums per stake that it has had.
    """

    collateral: int
    debt: int
    rate_wad: int = 0
    updated_s: int = 0
    stake: int = 0
    taken_collateral: int = 0
    taken_debt: int = 0


@dataclass(frozen=True, slots=True)
class TroveHealth:
    """What decides: collateral * price / debt, floored, against the minimum, strictly below.

    collateral, debt: entire, with interest and what other troves' liquidations brought.
    """

    collateral: int
    debt: int
    accrued_interest: int
    redistributed_collateral: int
    redistributed_debt: int
    ratio_wad: int
    is_liquidatable: bool


@dataclass(frozen=True, slots=True)
class TroveLiquidation:
    """Where a trove's debt and collateral went; each of the two sums to the whole.

    offset_debt, to_pool: against the stability pool; gas_collateral: to the caller, beside
    `GAS_WETH`; redistributed_debt, redistributed_collateral: to the other troves; surplus: to be
    claimed by the borrower.
    """

    offset_debt: int
    to_pool: int
    gas_collateral: int
    redistributed_debt: int
    redistributed_collateral: int
    surplus: int


def ratio_wad(collateral: int, debt: int, *, price_wad: int) -> int:
    """Return floor(collateral * price / debt) in wad; without a debt 2**256 - 1."""
    return mul_div_down(collateral, price_wad, debt) if debt else UINT256_MAX


def latest(
    trove: Trove, sums: Redistribution, *, now_s: int, shutdown_s: int | None = None
) -> Trove:
    """Return a trove brought up to date: interest and redistributed parts added, each floored.

    Args:
        sums: the running sums of the branch; shutdown_s: when it was shut down, if so: interest
            stops there.
    """
    by_debt = wad_mul_down(trove.stake, sums.debt_per_stake - trove.taken_debt)
    by_coll = wad_mul_down(trove.stake, sums.collateral_per_stake - trove.taken_collateral)
    seconds = period_seconds(trove.updated_s, now_s=now_s, shutdown_s=shutdown_s)
    interest = interest_on(trove.debt, trove.rate_wad, seconds=seconds)
    return replace(
        trove,
        collateral=trove.collateral + by_coll,
        debt=trove.debt + by_debt + interest,
        updated_s=now_s,
        taken_collateral=sums.collateral_per_stake,
        taken_debt=sums.debt_per_stake,
    )


def interest_on(debt: int, rate_wad: int, *, seconds: int) -> int:
    """Return simple interest: debt * rate * seconds / year / 1e18, floored after each division."""
    return div_down(mul_div_down(debt * rate_wad, seconds, YEAR_SECONDS), WAD)


def health(
    trove: Trove,
    price_wad: int,
    *,
    rules: BranchRules,
    sums: Redistribution,
    now_s: int,
    shutdown_s: int | None = None,
) -> TroveHealth:
    """Return whether a trove may be liquidated, with the parts of its entire debt."""
    whole = latest(trove, sums, now_s=now_s, shutdown_s=shutdown_s)
    ratio = ratio_wad(whole.collateral, whole.debt, price_wad=price_wad)
    seconds = period_seconds(trove.updated_s, now_s=now_s, shutdown_s=shutdown_s)
    interest = interest_on(trove.debt, trove.rate_wad, seconds=seconds)
    return TroveHealth(
        collateral=whole.collateral,
        debt=whole.debt,
        accrued_interest=interest,
        redistributed_collateral=whole.collateral - trove.collateral,
        redistributed_debt=whole.debt - trove.debt - interest,
        ratio_wad=ratio,
        is_liquidatable=ratio < rules.minimum_wad,
    )


def pool_for_offsets(deposits: int) -> int:
    """Return what of the stability pool may be used: one BOLD, or all of a smaller pool, stays."""
    return deposits - min(_POOL_LEFT_MIN, deposits)


def liquidate(
    trove: Trove, price_wad: int, *, rules: BranchRules, pool: int, troves: int
) -> TroveLiquidation | Refused:
    """Liquidate one whole trove, already brought up to date by `latest`.

    Args:
        pool: what the stability pool has for offsets (`pool_for_offsets`, less earlier offsets of
            the same call); troves: how many the branch has, this one among them.

    Rounding: the pool's share of the collateral, gas compensation and what may be seized, all down;
    what they leave goes to the next in order, in the end to the borrower.
    """
    ratio = ratio_wad(trove.collateral, trove.debt, price_wad=price_wad)
    if ratio >= rules.minimum_wad:
        return Refused(LiquityRefusal.NOTHING_TO_LIQUIDATE, ratio, rules.minimum_wad)
    if troves <= 1:
        return Refused(LiquityRefusal.ONLY_TROVE_LEFT, troves, 2)
    offset = min(trove.debt, pool)
    portion = mul_div_down(trove.collateral, offset, trove.debt)
    gas = min(div_down(portion, _GAS_DIVISOR), _GAS_CAP)
    to_pool, surplus = _seized(
        portion - gas, offset, penalty_wad=rules.offset_penalty_wad, price_wad=price_wad
    )
    rest_debt, rest = trove.debt - offset, trove.collateral - portion
    redistributed = 0
    if rest_debt and rest:
        # What the offset left over may still serve the larger penalty of the redistribution.
        redistributed, surplus = _seized(
            rest + surplus,
            rest_debt,
            penalty_wad=rules.redistribution_penalty_wad,
            price_wad=price_wad,
        )
    return TroveLiquidation(offset, to_pool, gas, rest_debt, redistributed, surplus)


def liquidate_all(
    troves: list[Trove], price_wad: int, *, rules: BranchRules, deposits: int, count: int
) -> list[TroveLiquidation | Refused]:
    """Liquidate troves in one call, in order: each offset leaves less of the pool for the next.

    Args:
        troves: up to date; deposits: the stability pool; count: all troves of the branch.
    """
    pool, done = pool_for_offsets(deposits), []
    for trove in troves:
        one = liquidate(trove, price_wad, rules=rules, pool=pool, troves=count)
        done.append(one)
        if isinstance(one, TroveLiquidation):
            pool, count = pool - one.offset_debt, count - 1
    return done


def _seized(collateral: int, debt: int, *, penalty_wad: int, price_wad: int) -> tuple[int, int]:
    """What may be seized for a debt, at most debt * (1 + penalty) / price, and what is left."""
    seized = min(collateral, mul_div_down(debt, WAD + penalty_wad, price_wad))
    return seized, collateral - seized
