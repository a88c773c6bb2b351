"""Tasks that cross to other processes: by name, from this module."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tests.simulation.path_models import HESTON, grid_of
from trimtab.simulation.paths import price_paths
from trimtab.simulation.stress import PathEngine
from trimtab.units import UsageError

BATCH = 16


def drawn_batch(number: int) -> bytes:
    """The prices of one batch of paths, to the last bit."""
    prices = price_paths(HESTON, grid_of(24), seed=5, paths=BATCH, first_path=number * BATCH)
    return np.ascontiguousarray(prices).tobytes()


class DeadlyOnce:
    """Draws batches; whoever first gets the batch `deadly` dies on the spot, in the middle."""

    def __init__(self, folder: str, deadly: int) -> None:
        self.folder, self.deadly = folder, deadly
        # A read-only view, as cases hold: it has to cross too.
        self.view = MappingProxyType({"deadly": deadly})

    def __call__(self, number: int) -> bytes:
        mark = Path(self.folder) / "died"
        if number == self.view["deadly"] and not mark.exists():
            mark.write_text("once")
            os._exit(1)
        return drawn_batch(number)


@dataclass(frozen=True)
class DeadlyEngine:
    """Another engine; whoever first gets the batch of path `deadly` dies on the spot."""

    engine: PathEngine
    folder: str
    deadly: int

    def __call__(self, prices, first_path):
        mark = Path(self.folder) / "engine-died"
        if first_path == self.deadly and not mark.exists():
            mark.write_text("once")
            os._exit(1)
        return self.engine(prices, first_path)


def always_deadly(number: int) -> int:
    """Kills its worker every time, but for the first batch."""
    if number:
        os._exit(1)
    return number


def refused_at_three(number: int) -> int:
    """A task that finds bad input."""
    if number == 3:
        raise UsageError("the third is refused")
    return number
