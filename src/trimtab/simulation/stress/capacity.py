"""Capital efficiency: how much may be borrowed against what the book holds, and how much is."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.model import Case, Explanation, Level
from trimtab.simulation.standing import Standing, standing
from trimtab.units import float_of

_WAD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Capacity:
    """The book at the start, quote: from exact sums, for display.

    Args:
        collateral, debt: values.
        borrow_capacity: collateral at its weights of the initial level: the most that may be owed,
            at liability weights.
        used: share of it that is owed; 0 where there is no capacity.
        leverage: collateral over what is left after debt; infinite where nothing is.
    """

    collateral: float
    debt: float
    borrow_capacity: float
    used: float
    leverage: float


def capacity_of(case: Case) -> Capacity:
    """Return the capital efficiency of a case's book at its first prices."""
    return capacity_of_standing(standing(case))


def capacity_of_standing(found: Standing) -> Capacity:
    """Return the capital efficiency of accounts as they stand."""
    collateral = _value(sum(one.collateral_wad for one in found.accounts))
    debt = _value(sum(one.debt_wad for one in found.accounts))
    # Initial excess = weighted collateral - weighted debt - requirement, each at that level.
    capacity = _value(
        sum(
            max(_initial(one) + one.weighted_debt_wad + one.requirement_wad, 0)
            for one in found.accounts
        )
    )
    owed = _value(sum(one.weighted_debt_wad + one.requirement_wad for one in found.accounts))
    equity = collateral - debt
    return Capacity(
        collateral,
        debt,
        capacity,
        owed / capacity if capacity else 0.0,
        collateral / equity if equity > 0.0 else float("inf"),
    )


def _initial(account: Explanation) -> int:
    return account.excess_wad[Level.INITIAL]


def _value(wad: int) -> float:
    return float_of(wad, _WAD_DECIMALS)
