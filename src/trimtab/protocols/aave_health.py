"""Aave v3: the health factor of an account, and whether it may borrow more.

Sources: GenericLogic and ValidationLogic of the versions in `trimtab.protocols.aave_versions`.
Values are in base currency with 8 decimals, the health factor in wad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from trimtab.protocols.aave_math import (
    PERCENT,
    debt_given,
    percent_div_half_up,
    percent_div_up,
    percent_mul_down,
    percent_mul_half_up,
)
from trimtab.protocols.aave_position import (
    AaveRefusal,
    Position,
    Prices,
    Refused,
    collateral_value,
    debt_value,
)
from trimtab.protocols.aave_versions import Version
from trimtab.units import UINT256_MAX, WAD, div_down, wad_div_half_up

NO_DEBT_HEALTH: Final = UINT256_MAX


@dataclass(frozen=True, slots=True)
class AssetLine:
    """What one asset brings to an account: value and weight as collateral, value as debt."""

    collateral_value: int
    ltv_bps: int
    threshold_bps: int
    debt_value: int


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """Where an account stands.

    Args:
        collateral_value, debt_value: sums in base currency.
        ltv_bps, threshold_bps: averages weighted by value, rounded down.
        health_wad: the health factor; 2**256 - 1 without debt.
        has_zero_ltv: whether some collateral has a loan-to-value of zero.
        lines: the part of each asset, by name.
    """

    collateral_value: int
    debt_value: int
    ltv_bps: int
    threshold_bps: int
    health_wad: int
    has_zero_ltv: bool
    lines: Mapping[str, AssetLine]

    @property
    def liquidatable(self) -> bool:
        """Whether the health factor is below one; exactly one is safe."""
        return self.health_wad < WAD


@dataclass(frozen=True, slots=True)
class Borrow:
    """A borrow that the pool allows: the account after it, and where it then stands."""

    position: Position
    health: AccountHealth


def health(position: Position, prices: Prices, *, version: Version) -> AccountHealth:
    """Return where an account stands at some prices.

    Args:
        position: holdings by asset.
        prices: base currency per whole token, for every asset held.
        version: until v3.4 the average threshold is floored first and the factor is
            wadDiv(percentMul(collateral, average), debt), both half-up; from v3.5 it is the floor
            of wadDiv(weighted sum, debt), half-up, over 1e4.
    """
    lines = {
        asset: _line(position, asset, prices=prices, version=version) for asset in position.holdings
    }
    collateral = sum(line.collateral_value for line in lines.values())
    debt = sum(line.debt_value for line in lines.values())
    borrowing = sum(line.collateral_value * line.ltv_bps for line in lines.values())
    weighted = sum(line.collateral_value * line.threshold_bps for line in lines.values())
    threshold_bps = div_down(weighted, collateral) if collateral else 0
    return AccountHealth(
        collateral_value=collateral,
        debt_value=debt,
        ltv_bps=div_down(borrowing, collateral) if collateral else 0,
        threshold_bps=threshold_bps,
        health_wad=_health_wad(
            collateral, debt, weighted=weighted, threshold_bps=threshold_bps, version=version
        ),
        has_zero_ltv=any(
            position.counts(asset, version=version) and not line.ltv_bps
            for asset, line in lines.items()
        ),
        lines=lines,
    )


def available_borrows(found: AccountHealth, *, version: Version) -> int:
    """Return what may still be borrowed, in base currency: down from v3.5, half-up before."""
    multiply = percent_mul_down if version.rounds_balances else percent_mul_half_up
    return max(multiply(found.collateral_value, found.ltv_bps) - found.debt_value, 0)


def borrow(
    position: Position, prices: Prices, *, version: Version, asset: str, amount: int
) -> Borrow | Refused:
    """Return the account after a borrow, or which rule refuses it.

    Args:
        position: holds the asset, be it with nothing in it.
        prices: base currency per whole token.
        version: until v3.4 the account is looked at before the borrow, the health factor must be
            above one and the new value is rounded down; from v3.5 it is looked at after it, and
            a factor of one will do. The collateral asked for rounds half-up, then up.
        asset: what to borrow.
        amount: native units.

    Caps, and the isolation and siloed modes of v3.0 to v3.6, are not looked at.
    """
    refused = _borrow_barred(position, asset, amount=amount, version=version)
    if refused is not None:
        return refused
    holding = position.holdings[asset]
    scaled = debt_given(amount, holding.reserve.borrow_index_ray, version=version)
    drawn = replace(holding, scaled_debt=holding.scaled_debt + scaled)
    grown = replace(position, holdings={**position.holdings, asset: drawn})
    after = health(grown, prices, version=version)
    if version.rounds_balances:
        refused = _covered_after(after)
    else:
        before = health(position, prices, version=version)
        price = _debt_price(position, asset, prices=prices, version=version)
        new = debt_value(amount, price, reserve=holding.reserve, version=version)
        refused = _covered_before(before, new_value=new)
    return Borrow(grown, after) if refused is None else refused


def _line(position: Position, asset: str, *, prices: Prices, version: Version) -> AssetLine:
    holding = position.holdings[asset]
    price = position.price_of(asset, prices=prices, version=version)
    counted = position.counts(asset, version=version)
    held = holding.supply(version) if counted else 0
    return AssetLine(
        collateral_value=collateral_value(held, price, reserve=holding.reserve),
        ltv_bps=position.ltv_bps_of(asset, version=version) if counted else 0,
        threshold_bps=position.threshold_bps_of(asset) if counted else 0,
        debt_value=debt_value(
            holding.debt(version), price, reserve=holding.reserve, version=version
        ),
    )


def _health_wad(
    collateral: int, debt: int, *, weighted: int, threshold_bps: int, version: Version
) -> int:
    if debt == 0:
        return NO_DEBT_HEALTH
    if version.rounds_balances:
        return div_down(wad_div_half_up(weighted, debt), PERCENT)
    return wad_div_half_up(percent_mul_half_up(collateral, threshold_bps), debt)


def _debt_price(position: Position, asset: str, *, prices: Prices, version: Version) -> int:
    """The price of what is borrowed: in v3.0 that of the category, whatever the asset."""
    mode = position.category
    if mode is not None and version.price_override and mode.price:
        return mode.price
    return prices[asset]


def _borrow_barred(
    position: Position, asset: str, *, amount: int, version: Version
) -> Refused | None:
    reserve, mode = position.holdings[asset].reserve, position.category
    if debt_given(amount, reserve.borrow_index_ray, version=version) == 0:
        return Refused(AaveRefusal.ZERO_AMOUNT, amount, 1)
    if not reserve.active:
        return Refused(AaveRefusal.INACTIVE, 0, 1)
    if reserve.paused:
        return Refused(AaveRefusal.PAUSED, 1, 0)
    if reserve.frozen:
        return Refused(AaveRefusal.FROZEN, 1, 0)
    by_mode = mode is None or asset in mode.borrowable
    by_flag = reserve.borrowable or (mode is not None and version.counts_zero_threshold)
    if not (by_mode and by_flag):
        return Refused(AaveRefusal.NOT_BORROWABLE, 0, 1)
    return None


def _covered_before(before: AccountHealth, *, new_value: int) -> Refused | None:
    if before.collateral_value == 0:
        return Refused(AaveRefusal.NO_COLLATERAL, 0, 1)
    if before.ltv_bps == 0:
        return Refused(AaveRefusal.ZERO_LTV, 0, 1)
    if before.health_wad <= WAD:
        return Refused(AaveRefusal.UNHEALTHY, before.health_wad, WAD + 1)
    needed = percent_div_half_up(before.debt_value + new_value, before.ltv_bps)
    if needed > before.collateral_value:
        return Refused(AaveRefusal.COLLATERAL_TOO_SMALL, before.collateral_value, needed)
    return None


def _covered_after(after: AccountHealth) -> Refused | None:
    if after.ltv_bps == 0:
        return Refused(AaveRefusal.ZERO_LTV, 0, 1)
    if after.health_wad < WAD:
        return Refused(AaveRefusal.UNHEALTHY, after.health_wad, WAD)
    needed = percent_div_up(after.debt_value, after.ltv_bps)
    if needed > after.collateral_value:
        return Refused(AaveRefusal.COLLATERAL_TOO_SMALL, after.collateral_value, needed)
    return None
