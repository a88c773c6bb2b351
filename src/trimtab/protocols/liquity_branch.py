"""Liquity v2: the stability pool, redistribution with its carried error, and a branch's shutdown.

Source: liquity/bold, commit 405f9122: contracts/src/StabilityPool.sol, TroveManager.sol
(_redistributeDebtAndColl, urgentRedemption) and BorrowerOperations.sol (shutdown). Collateral and
BOLD in wad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from trimtab.units import (
    UINT256_MAX,
    WAD,
    YEAR_SECONDS,
    div_down,
    div_up,
    mul_div_down,
    wad_mul_down,
)

PRODUCT_START: Final = 10**36
SCALE_FACTOR: Final = 10**9
_SCALE_SPAN: Final = 2
_SCALES_MAX: Final = 8
_POOL_LEFT_MIN: Final = WAD
_URGENT_BONUS_WAD: Final = 2 * 10**16
_UPFRONT_SECONDS: Final = 7 * 86400


@dataclass(frozen=True, slots=True)
class Redistribution:
    """What has been redistributed per unit of stake, in wad, with the errors carried over.

    total_stakes: of the troves that remain; the snapshots are of the last liquidation and turn new
    collateral into stakes.
    """

    total_stakes: int
    collateral_per_stake: int = 0
    debt_per_stake: int = 0
    collateral_error: int = 0
    debt_error: int = 0
    stakes_snapshot: int = 0
    collateral_snapshot: int = 0

    def added(self, collateral: int, debt: int) -> Redistribution:
        """Return the sums after a redistribution; nothing happens without a debt.

        Each division's remainder is carried to the next call, so that the error never grows.
        """
        if debt == 0:
            return self
        assert self.total_stakes > 0, "nobody is left to redistribute to"
        for_coll = collateral * WAD + self.collateral_error
        for_debt = debt * WAD + self.debt_error
        by_coll = div_down(for_coll, self.total_stakes)
        by_debt = div_down(for_debt, self.total_stakes)
        return replace(
            self,
            collateral_per_stake=self.collateral_per_stake + by_coll,
            debt_per_stake=self.debt_per_stake + by_debt,
            collateral_error=for_coll - by_coll * self.total_stakes,
            debt_error=for_debt - by_debt * self.total_stakes,
        )

    def stake_of(self, collateral: int) -> int:
        """Return the stake of a collateral: corrected for what stakes have had since, floored."""
        if self.collateral_snapshot == 0:
            return collateral
        return mul_div_down(collateral, self.stakes_snapshot, self.collateral_snapshot)

    def snapped(self, branch_collateral: int) -> Redistribution:
        """Return the sums with the snapshots taken after a liquidation."""
        return replace(
            self, stakes_snapshot=self.total_stakes, collateral_snapshot=branch_collateral
        )


@dataclass(frozen=True, slots=True)
class StabilityPool:
    """The pool: deposits in all, and the product and sums that give each depositor their part.

    product: starts at 1e36 and falls with each offset; where it would lose its digits it is scaled
    up by 1e9 and `scale` counts that; sums: collateral gained per unit of deposit, by scale.
    """

    deposits: int
    product: int = PRODUCT_START
    scale: int = 0
    sums: Mapping[int, int] = field(default_factory=dict)
    collateral: int = 0

    def offset(self, debt: int, collateral: int) -> StabilityPool:
        """Return the pool after it paid a debt and took collateral for it.

        Args:
            debt: leaves at least one BOLD in a pool of more; collateral: with its penalty.
        """
        assert self.deposits - debt >= min(_POOL_LEFT_MIN, self.deposits), "below the pool's floor"
        gained = mul_div_down(self.product, collateral, self.deposits)
        sums = {**self.sums, self.scale: self.sums.get(self.scale, 0) + gained}
        numerator, scale = self.product * (self.deposits - debt), self.scale
        product = div_down(numerator, self.deposits)
        assert product > 0, "the product fell to zero"
        while product < div_down(PRODUCT_START, SCALE_FACTOR):
            numerator, scale = numerator * SCALE_FACTOR, scale + 1
            product = div_down(numerator, self.deposits)
        return StabilityPool(
            self.deposits - debt, product, scale, sums, self.collateral + collateral
        )

    def joined(self, amount: int) -> tuple[StabilityPool, Deposit]:
        """Return the pool with a new deposit, and the deposit with its snapshots."""
        deposit = Deposit(amount, self.product, self.scale, self.sums.get(self.scale, 0))
        return replace(self, deposits=self.deposits + amount), deposit


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit when it was last touched: amount, and the pool's product, scale and sum then."""

    amount: int
    product: int
    scale: int
    sum_then: int

    def worth(self, pool: StabilityPool) -> int:
        """Return what is left of it after the offsets since, floored."""
        scales = pool.scale - self.scale
        if scales > _SCALES_MAX:
            return 0
        now = mul_div_down(self.amount, pool.product, self.product)
        return div_down(now, SCALE_FACTOR**scales)

    def collateral_gain(self, pool: StabilityPool) -> int:
        """Return the collateral it gained since, floored, at most what the pool holds."""
        if self.amount == 0:
            return 0
        gains = pool.sums.get(self.scale, 0) - self.sum_then
        for step in range(1, _SCALE_SPAN + 1):
            gains += div_down(pool.sums.get(self.scale + step, 0), SCALE_FACTOR**step)
        return min(mul_div_down(self.amount, gains, self.product), pool.collateral)


@dataclass(frozen=True, slots=True)
class ShutdownTest:
    """The branch's total ratio in wad, and whether it is below the shutdown ratio, strictly."""

    ratio_wad: int
    shuts_down: bool


@dataclass(frozen=True, slots=True)
class UrgentRedemption:
    """BOLD taken and collateral given for it, at 2 % on top, after a branch was shut down."""

    redeemed: int
    collateral: int


def shutdown_test(
    collateral: int, debt: int, *, price_wad: int, shutdown_ratio_wad: int, oracle_failed: bool
) -> ShutdownTest:
    """Return whether a branch is shut down: by its total ratio, or because its oracle failed."""
    ratio = mul_div_down(collateral, price_wad, debt) if debt else UINT256_MAX
    return ShutdownTest(ratio, oracle_failed or ratio < shutdown_ratio_wad)


def period_seconds(updated_s: int, *, now_s: int, shutdown_s: int | None) -> int:
    """Return the seconds that bear interest: until now, or until the shutdown if that is past."""
    end = now_s if shutdown_s is None else shutdown_s
    return max(0, end - updated_s)


def branch_interest(weighted_debt: int, *, seconds: int) -> int:
    """Return the interest of a whole branch, rounded up, so that it covers its troves' sum.

    Args:
        weighted_debt: the sum of debt * annual rate, wad times wad.
    """
    return div_up(weighted_debt * seconds, YEAR_SECONDS * WAD)


def upfront_fee(debt: int, average_rate_wad: int) -> int:
    """Return the fee of new debt: seven days of the branch's average rate, floored twice."""
    return div_down(mul_div_down(debt * average_rate_wad, _UPFRONT_SECONDS, YEAR_SECONDS), WAD)


def average_rate_wad(weighted_debt: int, debt: int) -> int:
    """Return the average rate of a branch, floored; zero without a debt."""
    return div_down(weighted_debt, debt) if debt else 0


def redeem_urgently(bold: int, *, collateral: int, debt: int, price_wad: int) -> UrgentRedemption:
    """Redeem against one trove of a branch that was shut down, capped by its collateral.

    Rounding: collateral down; where the collateral caps it, the BOLD taken down.
    """
    lot = min(bold, debt)
    given = mul_div_down(lot, WAD + _URGENT_BONUS_WAD, price_wad)
    if given <= collateral:
        return UrgentRedemption(lot, given)
    return UrgentRedemption(
        mul_div_down(collateral, price_wad, WAD + _URGENT_BONUS_WAD), collateral
    )


def pool_yield(interest: int) -> int:
    """Return the depositors' part of a branch's interest: 75 %, floored."""
    return wad_mul_down(interest, 75 * 10**16)
