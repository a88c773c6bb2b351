"""Aave v3: an exact twin of the pool's health factor and of its liquidation, version by version.

Source: aave-dao/aave-v3-origin, commit fd1fbd91 (v3.7), and aave/aave-v3-core, commit 782f5191
(v3.0); what lies between is in `trimtab.protocols.aave_versions`. Prices and values are in base
currency with 8 decimals, amounts in native units, ratios in basis points, the health factor in wad.
The page docs/protocols/aave.md says what is modelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trimtab.protocols.aave_health import AccountHealth, available_borrows, borrow, health
from trimtab.protocols.aave_math import debt_taken, supplied, supply_taken
from trimtab.protocols.aave_position import (
    AaveRefusal,
    Category,
    Holding,
    Position,
    Prices,
    Refused,
    Reserve,
    collateral_value,
)
from trimtab.protocols.aave_sizing import (
    CLOSE_FACTOR_HEALTH_WAD,
    LEFTOVER_VALUE_MIN,
    Binding,
    Pair,
    Seizure,
    debt_max,
    leaves_dust,
    seizure,
)
from trimtab.protocols.aave_versions import V3_0, V3_3, V3_4, V3_5, V3_6, V3_7, VERSIONS, Version
from trimtab.units import WAD

__all__ = [
    "V3_0",
    "V3_3",
    "V3_4",
    "V3_5",
    "V3_6",
    "V3_7",
    "VERSIONS",
    "AaveRefusal",
    "AccountHealth",
    "Binding",
    "Call",
    "Category",
    "Holding",
    "Liquidation",
    "Position",
    "Refused",
    "Reserve",
    "Seizure",
    "Version",
    "available_borrows",
    "borrow",
    "health",
    "liquidate",
]


@dataclass(frozen=True, slots=True)
class Call:
    """What a liquidator asks for.

    Args:
        collateral, debt: names of the two assets; one asset on both sides is allowed.
        debt_to_cover: native units; 2**256 - 1 is all that is allowed.
        receives_supply: takes the supply token in place of the asset.
        by_borrower: the liquidator is the borrower himself.
        sentinel_holds: the sequencer sentinel holds liquidations back (until v3.6).
    """

    collateral: str
    debt: str
    debt_to_cover: int
    receives_supply: bool = False
    by_borrower: bool = False
    sentinel_holds: bool = False

    def __post_init__(self) -> None:
        assert self.debt_to_cover >= 0, f"negative debt to cover: {self.debt_to_cover}"


@dataclass(frozen=True, slots=True)
class Liquidation:
    """What a liquidation does, in native units.

    Args:
        seizure: debt repaid, collateral to the liquidator, fee, and what decided the size.
        fee_paid: the fee after the last step, which cannot move more than is left.
        debt_limit: the most that the close factor allowed.
        deficit: debt burned and left unpaid, by asset, which the reserves now carry.
        collateral_gone: whether no collateral of any worth is left.
        position: the account after it.
        before, after: where it stood and where it stands.
    """

    seizure: Seizure
    fee_paid: int
    debt_limit: int
    deficit: Mapping[str, int]
    collateral_gone: bool
    position: Position
    before: AccountHealth
    after: AccountHealth


def liquidate(
    position: Position, prices: Prices, *, version: Version, call: Call
) -> Liquidation | Refused:
    """Return what a liquidation call does to an account, or which rule refuses it.

    Args:
        position: holds both assets of the call.
        prices: base currency per whole token, positive, for every asset held.
        version: decides close factor, dust, deficit and rounding; see `Version`.
        call: what the liquidator asks for.
    """
    before = health(position, prices, version=version)
    pair = _pair(position, prices, version=version, call=call)
    refused = _barred(position, before, call=call, pair=pair, version=version)
    if refused is not None:
        return refused
    limit = debt_max(pair, before, version=version)
    taken = seizure(pair, call.debt_to_cover, debt_limit=limit, version=version)
    dust = leaves_dust(pair, taken, version=version)
    if dust is not None:
        return Refused(AaveRefusal.DUST, dust, LEFTOVER_VALUE_MIN)
    gone = version.books_deficit and _collateral_gone(
        position, before, pair=pair, taken=taken, call=call, version=version
    )
    settled, fee_paid = _without_collateral(
        position, taken=taken, call=call, version=version, gone=gone
    )
    deficit = _deficit(position, taken=taken, call=call, version=version) if gone else {}
    settled = _without_debt(settled, taken=taken, call=call, version=version, gone=gone)
    if _burns_nothing(position, taken=taken, call=call, version=version, gone=gone):
        return Refused(AaveRefusal.NOTHING_BURNED, 0, 1)
    return Liquidation(
        seizure=taken,
        fee_paid=fee_paid,
        debt_limit=limit,
        deficit=deficit,
        collateral_gone=gone,
        position=settled,
        before=before,
        after=health(settled, prices, version=version),
    )


def _pair(position: Position, prices: Prices, *, version: Version, call: Call) -> Pair:
    pledged, drawn = position.holdings[call.collateral], position.holdings[call.debt]
    mode = position.category
    override = mode.price if mode is not None and version.price_override else 0
    own = position.price_of(call.collateral, prices=prices, version=version)
    in_mode = mode is not None and call.collateral in mode.collateral
    return Pair(
        collateral=pledged.reserve,
        collateral_price=own if in_mode else prices[call.collateral],
        collateral_balance=pledged.supply(version),
        debt=drawn.reserve,
        debt_price=override or prices[call.debt],
        debt_balance=drawn.debt(version),
        bonus_bps=position.bonus_bps_of(call.collateral),
        fee_bps=pledged.reserve.fee_bps,
    )


def _barred(
    position: Position, before: AccountHealth, *, call: Call, pair: Pair, version: Version
) -> Refused | None:
    """The checks before any amount, in the pool's order."""
    if version.refuses_self and call.by_borrower:
        return Refused(AaveRefusal.SELF_LIQUIDATION, 1, 0)
    if not (pair.collateral.active and pair.debt.active):
        return Refused(AaveRefusal.INACTIVE, 0, 1)
    if pair.collateral.paused or pair.debt.paused:
        return Refused(AaveRefusal.PAUSED, 1, 0)
    held = version.has_sentinel and call.sentinel_holds
    if held and before.health_wad >= CLOSE_FACTOR_HEALTH_WAD:
        return Refused(AaveRefusal.SENTINEL, before.health_wad, CLOSE_FACTOR_HEALTH_WAD)
    if version.has_grace_period and (pair.collateral.in_grace or pair.debt.in_grace):
        return Refused(AaveRefusal.GRACE_PERIOD, 1, 0)
    if not before.liquidatable:
        return Refused(AaveRefusal.HEALTHY, before.health_wad, WAD)
    if not position.counts(call.collateral, version=version):
        return Refused(AaveRefusal.NOT_COLLATERAL, 0, 1)
    if pair.debt_balance == 0:
        return Refused(AaveRefusal.NOT_BORROWED, 0, 1)
    return None


def _collateral_gone(
    position: Position,
    before: AccountHealth,
    *,
    pair: Pair,
    taken: Seizure,
    call: Call,
    version: Version,
) -> bool:
    """Whether what is consumed is worth all the collateral that the account had."""
    consumed = taken.seized
    if version.counts_scaled:
        # The two transfers round up one by one, and may together take the whole scaled balance.
        holding = position.holdings[call.collateral]
        index_ray = holding.reserve.liquidity_index_ray
        scaled = supply_taken(taken.to_liquidator, index_ray, version=version)
        scaled += supply_taken(taken.fee, index_ray, version=version)
        consumed = supplied(min(scaled, holding.scaled_supply), index_ray, version=version)
    worth = collateral_value(consumed, pair.collateral_price, reserve=pair.collateral)
    return worth == before.collateral_value


def _without_collateral(
    position: Position, *, taken: Seizure, call: Call, version: Version, gone: bool
) -> tuple[Position, int]:
    """The account without the seized collateral, and the fee that could still be moved."""
    holding = position.holdings[call.collateral]
    index_ray = holding.reserve.liquidity_index_ray
    moved = supply_taken(taken.to_liquidator, index_ray, version=version)
    # Who liquidates himself for supply tokens sends them to himself.
    left = holding.scaled_supply - (0 if call.by_borrower and call.receives_supply else moved)
    fee_scaled, fee = supply_taken(taken.fee, index_ray, version=version), taken.fee
    if fee_scaled > left:
        fee_scaled, fee = left, supplied(left, index_ray, version=version)
    left -= fee_scaled
    spent = left == 0 if version.counts_scaled else taken.seized == holding.supply(version)
    flagged = holding.as_collateral and not (spent or (gone and version.counts_scaled))
    changed = replace(holding, scaled_supply=left, as_collateral=flagged)
    return _with(position, call.collateral, holding=changed), fee


def _without_debt(
    position: Position, *, taken: Seizure, call: Call, version: Version, gone: bool
) -> Position:
    """The repaid debt burned; with no collateral left, every debt of an active reserve."""
    if not gone:
        holding = position.holdings[call.debt]
        index_ray = holding.reserve.borrow_index_ray
        burned = debt_taken(taken.debt_repaid, index_ray, version=version)
        changed = replace(holding, scaled_debt=holding.scaled_debt - burned)
        return _with(position, call.debt, holding=changed)
    for asset, holding in position.holdings.items():
        if holding.reserve.active:
            position = _with(position, asset, holding=replace(holding, scaled_debt=0))
    return position


def _burns_nothing(
    position: Position, *, taken: Seizure, call: Call, version: Version, gone: bool
) -> bool:
    """Whether a burn would be of nothing, which the tokens refuse."""
    debt_index_ray = position.holdings[call.debt].reserve.borrow_index_ray
    index_ray = position.holdings[call.collateral].reserve.liquidity_index_ray
    no_debt = debt_taken(taken.debt_repaid, debt_index_ray, version=version) == 0
    no_supply = supply_taken(taken.to_liquidator, index_ray, version=version) == 0
    return (no_debt and not gone) or (no_supply and not call.receives_supply)


def _deficit(position: Position, *, taken: Seizure, call: Call, version: Version) -> dict[str, int]:
    unpaid = {
        asset: holding.debt(version) - (taken.debt_repaid if asset == call.debt else 0)
        for asset, holding in position.holdings.items()
        if holding.reserve.active
    }
    return {asset: amount for asset, amount in unpaid.items() if amount}


def _with(position: Position, asset: str, *, holding: Holding) -> Position:
    return replace(position, holdings={**position.holdings, asset: holding})
