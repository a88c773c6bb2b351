"""What a run through a world leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.engine import MemoryStore
from trimtab.kernels.clearing.outcomes import ClearingOutcomes
from trimtab.model import Case
from trimtab.simulation.metrics import Metrics
from trimtab.simulation.steps import TimedEvent
from trimtab.simulation.tally import Tally
from trimtab.simulation.world.dealing import Deal


@dataclass(frozen=True, slots=True)
class WorldRun:
    """A finished run.

    Args:
        outcomes: the path's row, as the kernel gives it.
        deals: what each agent did, in order: its name and the deal.
        wealth: what each agent gained over the run, quote, its lots at the last market prices.
        prices: steps + 1 by assets: what the market showed at each step's end.
        reported: the same of the oracle.
    """

    case: Case
    outcomes: ClearingOutcomes
    events: Sequence[TimedEvent]
    metrics: Metrics
    tally: Tally
    store: MemoryStore
    state_hash: str
    conserved: bool
    deals: Sequence[tuple[str, Deal]]
    wealth: dict[str, float]
    prices: NDArray[np.float64]
    reported: NDArray[np.float64]
