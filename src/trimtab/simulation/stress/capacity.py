"""Capital efficiency: how much may be borrowed against what the book holds, and how much is."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.engine import Draft, account_sums, open_venue
from trimtab.model import Case
from trimtab.simulation.feed import first_prices
from trimtab.simulation.standing import book_keys
from trimtab.units import float_of

# 1e-54 and 1e-72 of the quote: exact values, and those with a weight.
_EXACT_DECIMALS = 54
_WEIGHTED_DECIMALS = 72


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
    at_ns = case.ticks[0].at_ns
    store = open_venue(case.rules, case.book, at_ns=at_ns, prices=first_prices(case))
    draft = Draft(store, at_ns)
    collateral = debt = capacity = owed = 0
    for key in book_keys(store):
        sums = account_sums(draft.account(key), draft)
        liabilities = sums.weighted_debt + sums.initial_extra + sums.requirement_initial
        collateral += sums.collateral
        debt += sums.debt
        capacity += max(sums.excess_initial + liabilities, 0)
        owed += liabilities
    held, due = float_of(collateral, _EXACT_DECIMALS), float_of(debt, _EXACT_DECIMALS)
    room = float_of(capacity, _WEIGHTED_DECIMALS)
    return Capacity(
        held,
        due,
        room,
        float_of(owed, _WEIGHTED_DECIMALS) / room if room else 0.0,
        held / (held - due) if held > due else float("inf"),
    )
