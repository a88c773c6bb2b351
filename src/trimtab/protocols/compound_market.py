"""Compound III: one market's configuration, indices, rates and reserves.

Source: compound-finance/comet, commit d5a30b0a, contracts/Comet.sol and CometCore.sol. Prices have
8 decimals, indices 15, factors and utilization are wad, rates wad per second; principal is base at
index one, signed: owed is negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from trimtab.units import (
    WAD,
    YEAR_SECONDS,
    div_down,
    mul_div_down,
    mul_div_up,
    wad_mul_down,
)

INDEX_SCALE: Final = 10**15
FACTOR_STEP: Final = 10**14

Prices = Mapping[str, int]


def stored_factor_wad(factor_wad: int) -> int:
    """Return a factor as the contract keeps it: 4 decimals, the rest cut off.

    >>> stored_factor_wad(999_999_999_999_999_999)
    999900000000000000
    """
    return div_down(factor_wad, FACTOR_STEP) * FACTOR_STEP


@dataclass(frozen=True, slots=True)
class CollateralAsset:
    """A collateral's rules; its factors as configured, in wad, and as kept through `stored`.

    Args:
        unit: native units of one whole token.
        borrow_factor_wad: its weight when borrowing, below `liquidate_factor_wad`.
        liquidate_factor_wad: its weight for liquidation, at most one.
        liquidation_factor_wad: what its owner is credited of its value when absorbed.
        supply_cap: native units; whole tokens of it count.
    """

    unit: int
    borrow_factor_wad: int = 0
    liquidate_factor_wad: int = 0
    liquidation_factor_wad: int = 0
    supply_cap: int = 0

    def __post_init__(self) -> None:
        assert self.unit > 0, f"unit is not positive: {self.unit}"
        assert 0 <= self.liquidate_factor_wad <= WAD, "liquidation weight out of range"
        assert 0 <= self.liquidation_factor_wad <= WAD, "liquidation factor out of range"

    @property
    def stored(self) -> CollateralAsset:
        """The rules as the contract reads them back: factors cut, the cap in whole tokens."""
        return replace(
            self,
            borrow_factor_wad=stored_factor_wad(self.borrow_factor_wad),
            liquidate_factor_wad=stored_factor_wad(self.liquidate_factor_wad),
            liquidation_factor_wad=stored_factor_wad(self.liquidation_factor_wad),
            supply_cap=div_down(self.supply_cap, self.unit) * self.unit,
        )

    def value(self, amount: int, price: int) -> int:
        """Return what an amount is worth with 8 decimals, rounded down."""
        return mul_div_down(amount, price, self.unit)


@dataclass(frozen=True, slots=True)
class RateCurve:
    """A rate over utilization with one kink; rates per second in wad.

    Build it from the yearly numbers of a configuration with `of_year`, which rounds each down.
    """

    kink_wad: int
    base_wad: int
    slope_low_wad: int
    slope_high_wad: int

    @classmethod
    def of_year(
        cls, kink_wad: int, yearly_wad: Sequence[int], *, year_seconds: int = YEAR_SECONDS
    ) -> RateCurve:
        """Return the curve of yearly base, low slope and high slope, in wad."""
        base, low, high = (div_down(rate, year_seconds) for rate in yearly_wad)
        return cls(kink_wad, base_wad=base, slope_low_wad=low, slope_high_wad=high)

    def rate_wad(self, utilization_wad: int) -> int:
        """Return the rate per second in wad; each product rounds down; the kink is on the left."""
        if utilization_wad <= self.kink_wad:
            return self.base_wad + wad_mul_down(self.slope_low_wad, utilization_wad)
        below_wad = wad_mul_down(self.slope_low_wad, self.kink_wad)
        beyond_wad = wad_mul_down(self.slope_high_wad, utilization_wad - self.kink_wad)
        return self.base_wad + below_wad + beyond_wad


_FLAT: Final = RateCurve(WAD, base_wad=0, slope_low_wad=0, slope_high_wad=0)


@dataclass(frozen=True, slots=True)
class Market:
    """One market: a base asset that is lent, and the collateral that it takes.

    Args:
        base: name of the base asset, by which its price is found.
        base_unit: native units of one whole base token.
        assets: collateral by name.
        supply_index, borrow_index: base per principal, 15 decimals.
        supply_principal, borrow_principal: totals, both positive.
        cash: base tokens that the market holds, in native units.
        store_front_factor_wad: part of the liquidation penalty that a buyer of collateral gets.
        target_reserves: from so many reserves on no collateral is sold.
        borrow_min: least debt after a borrow, in native units.
        supply_curve, borrow_curve: rates.
    """

    base: str
    base_unit: int
    assets: Mapping[str, CollateralAsset] = field(default_factory=dict)
    supply_index: int = INDEX_SCALE
    borrow_index: int = INDEX_SCALE
    supply_principal: int = 0
    borrow_principal: int = 0
    cash: int = 0
    store_front_factor_wad: int = WAD
    target_reserves: int = 0
    borrow_min: int = 0
    supply_curve: RateCurve = _FLAT
    borrow_curve: RateCurve = _FLAT

    def __post_init__(self) -> None:
        assert self.base_unit > 0, f"unit is not positive: {self.base_unit}"
        assert self.supply_index > 0 < self.borrow_index, "an index is not positive"
        assert self.supply_principal >= 0 <= self.borrow_principal, "a total is negative"
        assert 0 <= self.store_front_factor_wad <= WAD, "store-front factor out of range"


def present_value(principal: int, market: Market) -> int:
    """Return the signed balance of a signed principal; its magnitude rounds down on both sides."""
    if principal >= 0:
        return mul_div_down(principal, market.supply_index, INDEX_SCALE)
    return -mul_div_down(-principal, market.borrow_index, INDEX_SCALE)


def principal_value(balance: int, market: Market) -> int:
    """Return the signed principal of a signed balance: a supply rounds down, a debt up."""
    if balance >= 0:
        return mul_div_down(balance, INDEX_SCALE, market.supply_index)
    return -mul_div_up(-balance, INDEX_SCALE, market.borrow_index)


def utilization_wad(market: Market) -> int:
    """Return borrowed over supplied in wad, down; 0 without supply; above one is possible."""
    supplied = present_value(market.supply_principal, market)
    borrowed = -present_value(-market.borrow_principal, market)
    return mul_div_down(borrowed, WAD, supplied) if supplied else 0


def supply_rate_wad(market: Market) -> int:
    """Return the rate that suppliers earn, per second in wad."""
    return market.supply_curve.rate_wad(utilization_wad(market))


def borrow_rate_wad(market: Market) -> int:
    """Return the rate that borrowers pay, per second in wad."""
    return market.borrow_curve.rate_wad(utilization_wad(market))


def accrue(market: Market, seconds: int) -> Market:
    """Return a market some seconds later: each index grows simply between accruals, down."""
    supplied = wad_mul_down(market.supply_index, supply_rate_wad(market) * seconds)
    borrowed = wad_mul_down(market.borrow_index, borrow_rate_wad(market) * seconds)
    return replace(
        market,
        supply_index=market.supply_index + supplied,
        borrow_index=market.borrow_index + borrowed,
    )


def reserves(market: Market) -> int:
    """Return the market's own base, signed: cash less what is supplied plus what is borrowed."""
    supplied = present_value(market.supply_principal, market)
    return market.cash - supplied - present_value(-market.borrow_principal, market)
