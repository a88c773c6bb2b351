"""In which direction of the normals a book loses, and the sampling that goes by it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.loadings import driver_loadings
from trimtab.simulation.paths.making import PathGrid, PathModel
from trimtab.simulation.paths.sampling import PLAIN, Sampling, SamplingKind
from trimtab.simulation.stress.exposures import exposures
from trimtab.simulation.stress.question import StressQuestion
from trimtab.units import UsageError

__all__ = ["STRATA_MOST", "exposures", "sampling_of"]

Floats = NDArray[np.float64]

STRATA_MOST: Final = 4096


def sampling_of(question: StressQuestion, model: PathModel, *, grid: PathGrid) -> Sampling:
    """Return how a question's paths are drawn; directed ones go where its book loses most.

    To first order the book's value moves by e' L z over a step, with exposures e and loadings L of
    prices on the drivers z: the direction is -L' e.

    Raises:
        UsageError: a process without normal drivers, a book without exposure, or too few paths.
    """
    choice = question.sampling
    if choice.kind is SamplingKind.PLAIN:
        return PLAIN
    loadings = driver_loadings(model)
    if loadings is None:
        raise UsageError(
            f"{choice.kind} sampling: this process has no normal drivers; take plain sampling, or "
            "brownian, jumps, heston, garch or regimes"
        )
    strata = choice.strata or _strata(question.paths)
    least = {SamplingKind.STRATIFIED: 2 * strata, SamplingKind.TAIL: 2 * choice.plain_every}
    if question.paths < least.get(choice.kind, 2):
        raise UsageError(
            f"{choice.kind} sampling: found {question.paths} paths, expected at least "
            f"{least.get(choice.kind, 2)}"
        )
    if choice.kind is SamplingKind.ANTITHETIC:
        return Sampling(choice.kind)
    owned = exposures(question.case, grid.assets, prices=grid.first_prices)
    direction = -(loadings.T @ owned)
    if not np.abs(direction).max() > 1e-9 * max(float(np.abs(owned).max()), 1.0):
        raise UsageError(f"{choice.kind} sampling: the book has no exposure to what moves")
    return Sampling(
        choice.kind,
        tuple(direction.tolist()),
        strata=strata,
        shift=_shift(question),
        plain_every=choice.plain_every,
    )


def _shift(question: StressQuestion) -> float:
    if question.sampling.shift is not None:
        return question.sampling.shift
    from scipy.special import ndtri

    return float(ndtri(question.top_level))


def _strata(paths: int) -> int:
    return int(2 ** max(1, min(paths.bit_length() - 2, STRATA_MOST.bit_length() - 1)))
