"""One number per path, with what paths count for: means, tails, and their errors by design.

A mean over paths is sum(w f) / n. Its error follows the draws that are independent: paths, pairs
of antithetic paths, and within strata alone where there are strata:

    error**2 = sum over strata of m_s var_s(t) / n**2

with t the sums of w f over the m_s independent draws of a stratum. A tail is counted from above,
P(L > x) = sum(w [L > x]) / n, which is unbiased however paths were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation.paths.sampling import PLAIN, Sampling
from trimtab.units import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """What paths count for, and which of them are independent.

    weights: mean about 1; strata: draws alike within each; clusters: of one independent draw.
    """

    weights: Floats
    strata: Ints
    clusters: Ints
    is_plain: bool = False

    def __len__(self) -> int:
        return len(self.weights)

    def first(self, count: int) -> Design:
        """Return the design of the first paths, with the weights that they have in the whole."""
        part = slice(count)
        return Design(self.weights[part], self.strata[part], self.clusters[part], self.is_plain)

    @property
    def effective_paths(self) -> float:
        """Return how many equally weighted paths these weights are worth, in a plain mean."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())


def design_of(
    paths: Ints, *, sampling: Sampling = PLAIN, positions: Floats | None = None
) -> Design:
    """Return the design of paths by their numbers, any set of finished ones.

    Raises:
        UsageError: no path, a stratum without one, or a tail without plain paths.
    """
    if not len(paths):
        raise UsageError("no path has finished: there is nothing to measure")
    found = np.zeros(len(paths)) if positions is None else positions
    weights = sampling.weights(found, paths)
    is_plain = sampling.kind is PLAIN.kind
    return Design(weights, sampling.strata_of(paths), sampling.clusters_of(paths), is_plain)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One number per path under a design."""

    values: Floats
    design: Design
    rising: Floats = field(init=False, repr=False)
    above: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        assert self.values.shape == self.design.weights.shape, "one number a path"
        order = np.argsort(self.values, kind="stable")
        rising = self.values[order]
        # Weight at or above each place; beyond the last it is 0.
        tail = np.concatenate([np.cumsum(self.design.weights[order][::-1])[::-1], [0.0]])
        object.__setattr__(self, "rising", rising)
        object.__setattr__(self, "above", tail[np.searchsorted(rising, rising, side="right")])

    def __len__(self) -> int:
        return len(self.values)

    def mean(self) -> float:
        """Return sum(w values) / n."""
        return self.mean_of(self.values)

    def mean_of(self, column: Floats) -> float:
        """Return the mean of another column of the same paths."""
        return float((self.design.weights * column).sum() / len(self))

    def error_of(self, column: Floats) -> float:
        """Return the standard error of `mean_of`; infinite where a stratum has one draw alone."""
        design = self.design
        drawn = design.strata * (int(design.clusters.max()) + 1) + design.clusters
        draws, place = np.unique(drawn, return_inverse=True)
        totals = np.bincount(place, weights=design.weights * column)
        strata = draws // (int(design.clusters.max()) + 1)
        _, place = np.unique(strata, return_inverse=True)
        counts = np.bincount(place).astype(np.float64)
        if (counts < 2.0).any():
            return float("inf")
        centered = totals - (np.bincount(place, weights=totals) / counts)[place]
        squares = np.bincount(place, weights=centered**2)
        return float(np.sqrt((squares * counts / (counts - 1.0)).sum()) / len(self))

    def beyond(self, limit: float) -> float:
        """Return P(value > limit)."""
        return self.mean_of((self.values > limit).astype(np.float64))

    def quantile(self, level: float) -> float:
        """Return the least value x of the sample with P(value > x) <= 1 - level.

        Args:
            level: from 0 to 1.
        """
        allowed = (1.0 - level) * len(self) + 1e-9
        place = int(np.argmax(self.above <= allowed))
        return float(self.rising[place])

    def first(self, count: int) -> Sample:
        """Return the sample of the first paths."""
        return Sample(self.values[:count], self.design.first(count))
