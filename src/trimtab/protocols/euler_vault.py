"""Euler v2: what a vault knows of its collaterals, its debts and its caps.

Source: euler-xyz/euler-vault-kit, commit 5b98b420: src/EVault/shared/types/LTVConfig.sol,
AmountCap.sol and Owed.sol, src/EVault/shared/BorrowUtils.sol and Cache.sol. LTVs in bps of 1e4,
times in seconds, indices and rates per second in ray.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trimtab.units import RAY, UINT256_MAX, div_up, mul_div_down, pow10, pow_ray

BPS: Final = 10_000
_DEBT_SHIFT: Final = 31


@dataclass(frozen=True, slots=True)
class LoanToValue:
    """One collateral's LTVs in bps, and the ramp of the one that liquidates.

    `initial_bps` is where the ramp starts, `target_time_s` when it ends (0: the vault does not
    recognize the collateral), `ramp_seconds` how long it takes.
    """

    borrow_bps: int
    liquidation_bps: int
    initial_bps: int = 0
    target_time_s: int = 1
    ramp_seconds: int = 0

    @property
    def is_recognized(self) -> bool:
        """Return whether the vault was ever told about this collateral; LTV 0 may still be."""
        return self.target_time_s != 0

    def liquidation_bps_at(self, now_s: int) -> int:
        """Return the liquidating LTV: down a line to its target, up at once, floored."""
        if now_s >= self.target_time_s or self.liquidation_bps >= self.initial_bps:
            return self.liquidation_bps
        gap, left = self.initial_bps - self.liquidation_bps, self.target_time_s - now_s
        return self.liquidation_bps + mul_div_down(gap, left, self.ramp_seconds)


def debt_of_owed(owed: int) -> int:
    """Return the debt in assets of an amount with 31 extra bits, rounded up."""
    return div_up(owed, 1 << _DEBT_SHIFT)


def accrued_owed(owed: int, index_now: int, *, index_then: int) -> int:
    """Return exact debt (31 extra bits) grown from one interest accumulator to another, floored."""
    return mul_div_down(owed, index_now, index_then)


def accrued_index_ray(index_ray: int, rate_ray: int, *, seconds: int) -> int:
    """Return the interest accumulator after `seconds` at a rate per second in ray, floored."""
    return mul_div_down(pow_ray(RAY + rate_ray, seconds), index_ray, RAY)


def cap_of(raw: int) -> int:
    """Return the amount that a 16-bit cap means: 10**(low 6 bits) * (high 10 bits) / 100, floored.

    0 is no limit and gives 2**256 - 1.
    """
    assert 0 <= raw < 1 << 16, f"a cap has 16 bits: {raw}"
    return mul_div_down(pow10(raw & 63), raw >> 6, 100) if raw else UINT256_MAX
