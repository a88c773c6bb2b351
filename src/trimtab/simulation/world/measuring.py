"""What a path did to the venue, measured at each step's end: one row of `ClearingOutcomes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.kernels.clearing.outcomes import (
    COLUMNS,
    INSOLVENT_SHARE,
    ClearingOutcomes,
    outcomes_of,
)
from trimtab.model import Payer
from trimtab.simulation.screen import Levels
from trimtab.simulation.tally import Tally
from trimtab.units import float_of

# A difference of sums within this share of them is a tie, as in the kernel.
_TIE = 1e-12


@dataclass(slots=True)
class Measures:
    """Running measures of one path, quote."""

    first_debt: float = 0.0
    peak: float = 0.0
    time: float = 0.0
    shortfall: float = 0.0
    gas: float = 0.0
    liquidations: int = 0

    def note(self, liquidations: int, gas_wad: int) -> None:
        """Count what a deal did."""
        self.liquidations += liquidations
        self.gas += float_of(gas_wad, 18)

    def add(self, levels: Levels) -> None:
        """Measure a step's end."""
        owed = levels.debt + np.maximum(-levels.pnl, 0.0)
        held = levels.collateral + np.maximum(levels.pnl, 0.0)
        under = owed - held > _TIE * (owed + held)
        value = float(owed[under].sum())
        self.peak = max(self.peak, value)
        self.time += value
        self.shortfall = float((owed - held)[under].sum())


def outcome_row(
    measures: Measures,
    tally: Tally,
    *,
    keeper_profit: float,
    displacement: dict[str, float],
    path: int,
) -> ClearingOutcomes:
    """The row of one path; see `ClearingOutcomes` for what each column is."""
    paid = {payer: float_of(value, 18) for payer, value in tally.loss_wad.items()}
    beyond = paid[Payer.ADL] + paid[Payer.SOCIALIZED]
    found = {
        "bad_debt": float_of(tally.bad_debt_wad - tally.loss_wad[Payer.OWN_MARGIN], 18),
        "liquidated": float_of(tally.repaid_wad + tally.closed_wad, 18),
        "seized": float_of(tally.seized_wad, 18),
        "bonus": float_of(tally.bonus_wad, 18),
        "keeper_profit": keeper_profit,
        "gas": measures.gas,
        "penalty": paid[Payer.PENALTY],
        "insurance_used": paid[Payer.INSURANCE],
        "backstop_used": paid[Payer.BACKSTOP],
        "deleveraged": paid[Payer.ADL],
        "socialized": paid[Payer.SOCIALIZED],
        "shortfall_left": measures.shortfall,
        "undercollateralized_peak": measures.peak,
        "undercollateralized_time": measures.time,
        "liquidations": float(measures.liquidations),
        "insolvent": float(beyond > INSOLVENT_SHARE * measures.first_debt),
    }
    return outcomes_of(
        np.array([[found[name] for name in COLUMNS]]),
        np.array([list(displacement.values())]),
        assets=tuple(displacement),
        first_path=path,
    )
