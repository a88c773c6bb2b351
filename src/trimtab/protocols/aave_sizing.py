"""Aave v3: how much debt a liquidation may repay, and what collateral it takes for it.

Sources: LiquidationLogic of the versions in `trimtab.protocols.aave_versions`. Prices and values
are in base currency with 8 decimals, amounts in native units, the bonus in basis points (1e4 is
none).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from trimtab.protocols.aave_health import AccountHealth
from trimtab.protocols.aave_math import (
    PERCENT,
    percent_div_down,
    percent_div_half_up,
    percent_div_up,
    percent_mul_down,
    percent_mul_half_up,
    percent_mul_up,
)
from trimtab.protocols.aave_position import Reserve, collateral_value, debt_value
from trimtab.protocols.aave_versions import Version
from trimtab.units import mul_div_down

CLOSE_FACTOR_BPS: Final = 5_000
CLOSE_FACTOR_HEALTH_WAD: Final = 95 * 10**16
FULL_CLOSE_BELOW_VALUE: Final = 2_000 * 10**8
LEFTOVER_VALUE_MIN: Final = 1_000 * 10**8


@unique
class Binding(StrEnum):
    """What decided the size of a liquidation."""

    ASKED = "asked"
    CLOSE_FACTOR = "close_factor"
    WHOLE_DEBT = "whole_debt"
    WHOLE_COLLATERAL = "whole_collateral"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two sides of a liquidation: reserves, prices, balances, and bonus and fee in bps."""

    collateral: Reserve
    collateral_price: int
    collateral_balance: int
    debt: Reserve
    debt_price: int
    debt_balance: int
    bonus_bps: int
    fee_bps: int

    def __post_init__(self) -> None:
        assert self.collateral_price > 0, "the collateral has no price"
        assert self.debt_price > 0, "the debt has no price"


@dataclass(frozen=True, slots=True)
class Seizure:
    """Amounts of a liquidation, in native units.

    Args:
        debt_repaid: by the liquidator.
        to_liquidator: collateral that he gets.
        fee: collateral that the protocol gets.
        binding: what decided the size.
    """

    debt_repaid: int
    to_liquidator: int
    fee: int
    binding: Binding

    @property
    def seized(self) -> int:
        """All collateral that leaves the account."""
        return self.to_liquidator + self.fee


def debt_max(pair: Pair, found: AccountHealth, *, version: Version) -> int:
    """Return how much of the debt a liquidation may repay, in native units.

    Until v3.2 half of it (half-up) above a health factor of 0.95, else all. From v3.3 all, unless
    the factor is above 0.95 and both this debt and this collateral are worth 2000 or more: then at
    most half (half-up) of the debt in all reserves together, rounded down to native units.
    """
    above = found.health_wad > CLOSE_FACTOR_HEALTH_WAD
    if not version.sizes_close_factor:
        return percent_mul_half_up(pair.debt_balance, CLOSE_FACTOR_BPS if above else PERCENT)
    value = debt_value(pair.debt_balance, pair.debt_price, reserve=pair.debt, version=version)
    backing = collateral_value(
        pair.collateral_balance, pair.collateral_price, reserve=pair.collateral
    )
    if not above or min(value, backing) < FULL_CLOSE_BELOW_VALUE:
        return pair.debt_balance
    half = percent_mul_half_up(found.debt_value, CLOSE_FACTOR_BPS)
    if value <= half:
        return pair.debt_balance
    return mul_div_down(half, pair.debt.unit, pair.debt_price)


def seizure(pair: Pair, debt_to_cover: int, *, debt_limit: int, version: Version) -> Seizure:
    """Return the amounts of a liquidation.

    Args:
        pair: both sides.
        debt_to_cover: what the liquidator offers, in native units; 2**256 - 1 is all there is.
        debt_limit: the most that may be repaid.
        version: all of it rounds half-up until v3.4; from v3.5 the debt asked for the whole
            collateral rounds up; from v3.7 the seized collateral and its part without bonus round
            down and the fee up.
    """
    covered = min(debt_to_cover, debt_limit)
    multiply = percent_mul_down if version.rounds_seizure else percent_mul_half_up
    at_par = mul_div_down(
        pair.debt_price * covered, pair.collateral.unit, pair.collateral_price * pair.debt.unit
    )
    taken = multiply(at_par, pair.bonus_bps)
    if taken > pair.collateral_balance:
        taken, covered = pair.collateral_balance, _debt_for_all(pair, version=version)
        binding = Binding.WHOLE_COLLATERAL
    elif covered == pair.debt_balance:
        binding = Binding.WHOLE_DEBT
    else:
        binding = Binding.ASKED if covered == debt_to_cover else Binding.CLOSE_FACTOR
    fee = _fee(taken, pair=pair, version=version)
    return Seizure(covered, to_liquidator=taken - fee, fee=fee, binding=binding)


def leaves_dust(pair: Pair, taken: Seizure, *, version: Version) -> int | None:
    """Return the smaller residue in base currency if it is too small, else None.

    Where neither the whole debt nor the whole collateral of the two reserves goes, both residues
    must be worth 1000 or more.
    """
    debt_left = pair.debt_balance - taken.debt_repaid
    collateral_left = pair.collateral_balance - taken.seized
    if not version.refuses_dust or debt_left <= 0 or collateral_left <= 0:
        return None
    smaller = min(
        debt_value(debt_left, pair.debt_price, reserve=pair.debt, version=version),
        collateral_value(collateral_left, pair.collateral_price, reserve=pair.collateral),
    )
    return smaller if smaller < LEFTOVER_VALUE_MIN else None


def _debt_for_all(pair: Pair, *, version: Version) -> int:
    """The debt that the whole collateral pays for."""
    divide = percent_div_up if version.rounds_balances else percent_div_half_up
    worth = mul_div_down(
        pair.collateral_price * pair.collateral_balance,
        pair.debt.unit,
        pair.debt_price * pair.collateral.unit,
    )
    return divide(worth, pair.bonus_bps)


def _fee(taken: int, *, pair: Pair, version: Version) -> int:
    if pair.fee_bps == 0:
        return 0
    if version.rounds_seizure:
        bonus = taken - percent_div_down(taken, pair.bonus_bps)
        return percent_mul_up(bonus, pair.fee_bps)
    bonus = taken - percent_div_half_up(taken, pair.bonus_bps)
    return percent_mul_half_up(bonus, pair.fee_bps)
