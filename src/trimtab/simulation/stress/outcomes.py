"""Outcomes of the paths that finished, by number: the columns that all statistics work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.outcomes import COLUMNS, ClearingOutcomes
from trimtab.simulation.stress.sample import Design, Sample
from trimtab.units import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PATH: Final = "path"
POSITION: Final = "position"
DISPLACEMENT: Final = "displacement_"


@dataclass(frozen=True, slots=True, eq=False)
class PathOutcomes:
    """What finished paths did to the venue, in order of their numbers.

    Args:
        paths: their numbers, rising; not always without gaps.
        positions: along the direction they were sampled in.
        columns: `ClearingOutcomes.COLUMNS` and `displacement_<asset>`, one number a path, quote.
    """

    paths: Ints
    positions: Floats
    columns: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def loss(self) -> Floats:
        """Losses that entered the waterfall, and what is under water at the end: quote."""
        return np.asarray(self.columns["bad_debt"] + self.columns["shortfall_left"])

    @property
    def fund_needed(self) -> Floats:
        """What a fund that pays first would have paid: the loss less the fees taken for it."""
        return np.maximum(self.loss - self.columns["penalty"], 0.0)

    def sample(self, values: Floats, design: Design) -> Sample:
        """Return one column under a design."""
        return Sample(values, design)

    def table(self) -> dict[str, NDArray[np.generic]]:
        """Return all columns by name, numbers and positions first."""
        return {PATH: self.paths, POSITION: self.positions, **self.columns}


def columns_of(found: ClearingOutcomes, positions: Floats) -> dict[str, NDArray[np.generic]]:
    """Return a batch's outcomes as the columns that are kept and joined."""
    paths = np.arange(found.first_path, found.first_path + found.paths, dtype=np.int64)
    moved = {
        f"{DISPLACEMENT}{asset}": np.ascontiguousarray(found.displacement[:, place])
        for place, asset in enumerate(found.assets)
    }
    rows = {name: np.ascontiguousarray(getattr(found, name)) for name in COLUMNS}
    return {PATH: paths, POSITION: positions, **rows, **moved}


def gathered(batches: Sequence[Mapping[str, NDArray[np.generic]]]) -> PathOutcomes:
    """Return finished batches as one, whatever order they come in.

    Raises:
        DataError: no batch, other columns, or a path twice.
    """
    if not batches:
        raise DataError("no batch has finished: there is nothing to measure")
    names = list(batches[0])
    if any(set(batch) != set(names) for batch in batches):
        raise DataError("the batches have different columns: they are of different runs")
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in names}
    paths = joined.pop(PATH).astype(np.int64)
    order = np.argsort(paths, kind="stable")
    paths = paths[order]
    if (np.diff(paths) == 0).any():
        twice = int(paths[:-1][np.diff(paths) == 0][0])
        raise DataError("a path is there twice", found=str(twice), expected="each path once")
    columns = {name: np.asarray(column[order], np.float64) for name, column in joined.items()}
    positions = columns.pop(POSITION)
    return PathOutcomes(paths, positions, columns)
