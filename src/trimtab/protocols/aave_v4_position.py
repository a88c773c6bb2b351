"""Aave v4: reserves, one position in a spoke, and its health factor.

Source: aave/aave-v4, src/spoke/Spoke.sol, commit 11686875. Prices have 8 decimals, values 26 (a wad
per price unit), ratios are basis points, health is in wad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trimtab.units import UINT256_MAX, WAD, div_down, mul_div_down, mul_div_up, wad_div_down

PERCENT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Config:
    """The spoke's liquidation settings.

    Args:
        target_health_wad: what a liquidation restores, one or more.
        health_for_max_bonus_wad: at and below it the bonus is the largest; below one.
        bonus_factor_bps: how much of the largest bonus there is at a health just below one.
    """

    target_health_wad: int
    health_for_max_bonus_wad: int
    bonus_factor_bps: int

    def __post_init__(self) -> None:
        assert self.target_health_wad >= WAD, f"target below one: {self.target_health_wad}"
        assert 0 <= self.health_for_max_bonus_wad < WAD, "maximum bonus at a health of one or more"
        assert 0 <= self.bonus_factor_bps <= PERCENT, "bonus factor out of range"


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset: its price and the rules that this position took when it opened.

    Args:
        unit: native units of one whole token.
        price: 8 decimals per whole token, above zero.
        factor_bps: collateral factor; 0 takes it out of collateral.
        max_bonus_bps: largest bonus, 1e4 is none; bonus times factor stays below one.
        fee_bps: the protocol's part of the bonus.
        paused, frozen, receivable: flags; `receivable` lets a liquidator take shares.
    """

    unit: int
    price: int
    factor_bps: int = 0
    max_bonus_bps: int = PERCENT
    fee_bps: int = 0
    paused: bool = False
    frozen: bool = False
    receivable: bool = True

    def __post_init__(self) -> None:
        assert self.unit > 0, f"unit is not positive: {self.unit}"
        assert self.price > 0, f"the price is not positive: {self.price}"
        assert self.max_bonus_bps >= PERCENT, f"bonus below one: {self.max_bonus_bps}"
        assert 0 <= self.fee_bps <= PERCENT, f"fee out of range: {self.fee_bps}"
        covered = mul_div_up(self.max_bonus_bps, self.factor_bps, PERCENT)
        assert covered < PERCENT, f"factor times bonus is one or more: {covered}"

    def collateral_value(self, amount: int) -> int:
        """Return what an amount is worth with 26 decimals, rounded down."""
        return mul_div_down(amount, self.price * WAD, self.unit)

    def debt_value(self, amount: int) -> int:
        """Return what an amount is worth with 26 decimals, rounded up."""
        return mul_div_up(amount, self.price * WAD, self.unit)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a position has in one reserve: supply and debt in native units."""

    reserve: Reserve
    supply: int = 0
    debt: int = 0
    as_collateral: bool = True

    @property
    def is_collateral(self) -> bool:
        """Whether it counts as collateral."""
        return self.as_collateral and self.supply > 0 and self.reserve.factor_bps > 0


Position = Mapping[str, Holding]


@dataclass(frozen=True, slots=True)
class V4Health:
    """Where a position stands: values with 26 decimals, health in wad, counts of reserves."""

    collateral_value: int
    debt_value: int
    average_factor_wad: int
    health_wad: int
    collateral_count: int
    debt_count: int

    @property
    def liquidatable(self) -> bool:
        """Whether the health factor is below one; exactly one is safe."""
        return self.health_wad < WAD


def health(position: Position) -> V4Health:
    """Return where a position stands.

    Health is the floor of the floored wad quotient of the weighted sum and the debt, over 1e4;
    collateral is valued down and debt up; without debt it is 2**256 - 1.
    """
    pledged = [held for held in position.values() if held.is_collateral]
    values = [held.reserve.collateral_value(held.supply) for held in pledged]
    drawn = [held.reserve.debt_value(held.debt) for held in position.values() if held.debt]
    weighted = sum(
        value * held.reserve.factor_bps for value, held in zip(values, pledged, strict=True)
    )
    collateral, debt = sum(values), sum(drawn)
    return V4Health(
        collateral_value=collateral,
        debt_value=debt,
        average_factor_wad=_from_bps(weighted, collateral) if collateral else 0,
        health_wad=_from_bps(weighted, debt) if debt else UINT256_MAX,
        collateral_count=len(pledged),
        debt_count=len(drawn),
    )


def _from_bps(weighted: int, total: int) -> int:
    return div_down(wad_div_down(weighted, total), PERCENT)
