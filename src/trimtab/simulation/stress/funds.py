"""What stands between a loss and those who lent or won: the funds, and when they are not enough."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.outcomes import INSOLVENT_SHARE, ClearingOutcomes
from trimtab.model import Case
from trimtab.simulation.stress.capacity import capacity_of
from trimtab.simulation.stress.outcomes import PathOutcomes
from trimtab.units import float_of

_WAD_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Funds:
    """The funds at the start, beside what the book supplies them with, and the debt: quote."""

    insurance: float
    backstop: float
    debt: float

    @property
    def total(self) -> float:
        """Both funds."""
        return self.insurance + self.backstop


def funds_of(case: Case) -> Funds:
    """Return the funds of a case, and the debt of its book at the first prices."""
    rules = case.rules
    insurance = float_of(rules.insurance.balance_wad, _WAD_DECIMALS)
    backstop = float_of(rules.backstop.balance_wad, _WAD_DECIMALS)
    return Funds(insurance, backstop, capacity_of(case).debt)


def insolvent_paths(found: ClearingOutcomes | PathOutcomes, funds: Funds) -> NDArray[np.bool_]:
    """Return which paths the funds do not survive.

    Suppliers or winners of positions have borne a loss, or what is under water at the end, and
    booked on nobody yet, is more than the funds have left. Fees that came in meanwhile are not
    counted to them. Numbers below 1e-9 of the first debt are roundings.
    """
    if isinstance(found, PathOutcomes):
        columns = found.columns
        used = columns["insurance_used"] + columns["backstop_used"]
        booked, waiting = columns["insolvent"], columns["shortfall_left"]
    else:
        used = found.insurance_used + found.backstop_used
        booked, waiting = found.insolvent, found.shortfall_left
    beyond = waiting - np.maximum(funds.total - used, 0.0)
    return np.asarray((booked > 0.5) | (beyond > INSOLVENT_SHARE * funds.debt))
