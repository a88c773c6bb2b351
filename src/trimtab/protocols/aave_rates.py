"""Aave v3: the kinked rate strategy, and what a reserve accrues over some seconds.

Sources: DefaultReserveInterestRateStrategyV2 and ReserveLogic of aave-dao/aave-v3-origin, commit
fd1fbd91 (v3.7), and their forebears of aave/aave-v3-core, commit 782f5191 (v3.0, without its stable
debt). Rates are per year in ray, parameters in basis points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from trimtab.protocols.aave_math import (
    PERCENT,
    compounded_factor,
    linear_factor,
    owed,
    percent_mul_half_up,
    supply_given,
)
from trimtab.protocols.aave_versions import V3_7, Version
from trimtab.units import RAY, ray_div_half_up, ray_mul_down, ray_mul_half_up

BPS_TO_RAY: Final = 10**23
WAD_TO_RAY: Final = 10**9
KINK_BPS_MIN: Final = 100
KINK_BPS_MAX: Final = 9_900
RATE_BPS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class RateStrategy:
    """Borrow rate over utilization: two slopes and a kink, in basis points per year.

    Args:
        kink_bps: optimal utilization; the deployed strategy takes 100 to 9900.
        base_bps: rate without debt.
        slope1_bps: added up to the kink.
        slope2_bps: added from the kink to full utilization, at least `slope1_bps`.
        reserve_factor_bps: the treasury's part of the interest.
    """

    kink_bps: int
    base_bps: int
    slope1_bps: int
    slope2_bps: int
    reserve_factor_bps: int

    def __post_init__(self) -> None:
        assert 0 < self.kink_bps < PERCENT, f"kink out of range: {self.kink_bps}"
        assert 0 <= self.reserve_factor_bps <= PERCENT, "reserve factor out of range"

    @property
    def is_sound(self) -> bool:
        """Whether the deployed strategy accepts these numbers: at most 1000 % a year in all."""
        highest = self.base_bps + self.slope1_bps + self.slope2_bps
        in_range = KINK_BPS_MIN <= self.kink_bps <= KINK_BPS_MAX
        return in_range and self.slope1_bps <= self.slope2_bps and highest <= RATE_BPS_MAX


@dataclass(frozen=True, slots=True)
class Rates:
    """Rates per year in ray, with the two utilizations that they come from."""

    supply_rate_ray: int
    borrow_rate_ray: int
    borrow_utilization_ray: int
    supply_utilization_ray: int


@dataclass(frozen=True, slots=True)
class ReserveState:
    """What a reserve accrues on: indices and rates in ray, scaled debt and treasury."""

    liquidity_index_ray: int = RAY
    borrow_index_ray: int = RAY
    supply_rate_ray: int = 0
    borrow_rate_ray: int = 0
    scaled_debt: int = 0
    scaled_treasury: int = 0
    reserve_factor_bps: int = 0


def rates(
    strategy: RateStrategy,
    debt: int,
    *,
    available_liquidity: int,
    deficit: int = 0,
    version: Version = V3_7,
) -> Rates:
    """Return both rates of a reserve.

    Args:
        strategy: the reserve's.
        debt: total, in native units.
        available_liquidity: what lies in the pool, in native units.
        deficit: bad debt that the reserve carries (in v3.0 the unbacked supply); it lowers the
            supply rate alone.
        version: in v3.0 the supply rate is of a mean weighted by debt, half-up at both its steps.

    Every product and quotient rounds half-up. Exactly at the kink the first slope is whole.
    """
    base_ray = strategy.base_bps * BPS_TO_RAY
    if debt == 0:
        return Rates(0, base_ray, borrow_utilization_ray=0, supply_utilization_ray=0)
    funds = available_liquidity + debt
    used_ray = ray_div_half_up(debt, funds)
    earning_ray = ray_div_half_up(debt, funds + deficit)
    kink_ray = strategy.kink_bps * BPS_TO_RAY
    slope1_ray, slope2_ray = strategy.slope1_bps * BPS_TO_RAY, strategy.slope2_bps * BPS_TO_RAY
    if used_ray > kink_ray:
        beyond_ray = ray_div_half_up(used_ray - kink_ray, RAY - kink_ray)
        borrow_ray = base_ray + slope1_ray + ray_mul_half_up(slope2_ray, beyond_ray)
    else:
        within_ray = ray_div_half_up(ray_mul_half_up(slope1_ray, used_ray), kink_ray)
        borrow_ray = base_ray + within_ray
    mean_ray = _mean_ray(borrow_ray, debt) if version.averages_rates else borrow_ray
    earned_ray = ray_mul_half_up(mean_ray, earning_ray)
    supply_ray = percent_mul_half_up(earned_ray, PERCENT - strategy.reserve_factor_bps)
    return Rates(supply_ray, borrow_ray, used_ray, earning_ray)


def accrue(state: ReserveState, seconds: int, *, version: Version) -> ReserveState:
    """Return a reserve some seconds later.

    The supply index grows only where there is a supply rate, the borrow index only where there is
    debt; both products round half-up. The treasury's part is of the debt's growth: from v3.5 scaled
    debt times growth of the index, down, and its scaled supply down; before, the difference of two
    half-up debts, and half-up.
    """
    if seconds == 0:
        return state
    liquidity_index_ray, borrow_index_ray = state.liquidity_index_ray, state.borrow_index_ray
    if state.supply_rate_ray:
        grown = linear_factor(state.supply_rate_ray, seconds)
        liquidity_index_ray = ray_mul_half_up(grown, liquidity_index_ray)
    if state.scaled_debt:
        grown = compounded_factor(state.borrow_rate_ray, seconds, version=version)
        borrow_index_ray = ray_mul_half_up(grown, borrow_index_ray)
    interest = _interest(state, borrow_index_ray, version=version)
    due = percent_mul_half_up(interest, state.reserve_factor_bps)
    return replace(
        state,
        liquidity_index_ray=liquidity_index_ray,
        borrow_index_ray=borrow_index_ray,
        scaled_treasury=state.scaled_treasury
        + supply_given(due, liquidity_index_ray, version=version),
    )


def _mean_ray(borrow_rate_ray: int, debt: int) -> int:
    """The mean over variable and stable debt, of which there is none: `_getOverallBorrowRate`."""
    weight = debt * WAD_TO_RAY
    return ray_div_half_up(ray_mul_half_up(weight, borrow_rate_ray), weight)


def _interest(state: ReserveState, borrow_index_ray: int, *, version: Version) -> int:
    if version.rounds_balances:
        return ray_mul_down(state.scaled_debt, borrow_index_ray - state.borrow_index_ray)
    now = owed(state.scaled_debt, borrow_index_ray, version=version)
    return now - owed(state.scaled_debt, state.borrow_index_ray, version=version)
