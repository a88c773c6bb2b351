"""What drives paths: random streams keyed by seed and path, and how assets move together.

Philox is a counter-based generator: its output is a function of a key and a counter. The key is
(seed, path) and the high word of the counter says what the numbers are for, so that path k has the
same numbers on any worker and in any batch, and one purpose never eats another's.
Source: J. Salmon and others, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum, unique

import numpy as np
from numpy.typing import NDArray

from trimtab.quant.dependence import CopulaDependence
from trimtab.simulation.paths.sampling import PLAIN, Sampling
from trimtab.units import UsageError

Floats = NDArray[np.float64]


@unique
class Purpose(IntEnum):
    """What a stream's numbers are for."""

    DRIVERS = 0
    MIXING = 1
    JUMPS = 2
    VARIANCE = 3
    REGIMES = 4
    BLOCKS = 5
    PEG = 6
    LANDING = 7
    BORROWERS = 8
    CHAIN = 9


@dataclass(frozen=True, slots=True)
class Streams:
    """The random streams of some paths: `count` from path `first` on.

    `sampling` acts on the normals of purpose DRIVERS alone; the other streams are each path's own.
    """

    seed: int
    first: int
    count: int
    sampling: Sampling = PLAIN

    @property
    def paths(self) -> NDArray[np.int64]:
        """The numbers of the paths."""
        return np.arange(self.first, self.first + self.count, dtype=np.int64)

    def draw(
        self, purpose: Purpose, take: Callable[[np.random.Generator], NDArray[np.generic]]
    ) -> Floats:
        """Return what `take` draws for each path from its own stream, stacked."""
        return self._drawn(self.paths, purpose, take=take)

    def _drawn(
        self,
        paths: NDArray[np.int64],
        purpose: Purpose,
        *,
        take: Callable[[np.random.Generator], NDArray[np.generic]],
    ) -> Floats:
        found = []
        for path in paths.tolist():
            bits = np.random.Philox(
                key=np.array([self.seed, path], dtype=np.uint64),
                counter=np.array([0, 0, 0, int(purpose)], dtype=np.uint64),
            )
            found.append(take(np.random.Generator(bits)))
        return np.asarray(np.stack(found), dtype=np.float64)

    def normals(self, purpose: Purpose, shape: tuple[int, ...]) -> Floats:
        """Return standard normals, paths by `shape`; drivers (steps by drivers) as sampled."""
        if purpose is not Purpose.DRIVERS:
            return self.draw(purpose, lambda one: one.standard_normal(shape))
        keys, signs = self.sampling.streams_of(self.paths)
        free = self._drawn(keys, purpose, take=lambda one: one.standard_normal(shape))
        if (signs < 0.0).any():
            free *= signs.reshape(-1, *[1] * len(shape))
        return self.sampling.moved(free, self.paths)

    def uniforms(self, purpose: Purpose, shape: tuple[int, ...]) -> Floats:
        """Return uniforms from 0 to below 1, paths by `shape`."""
        return self.draw(purpose, lambda one: one.random(shape))


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """A copula of the normals that drive assets.

    Args:
        correlation: assets by assets, symmetric, ones on its diagonal, no negative eigenvalue.
        degrees: of freedom of a Student copula; infinite is Gaussian.
    """

    correlation: Floats
    degrees: float = math.inf

    def __post_init__(self) -> None:
        matrix = np.atleast_2d(np.asarray(self.correlation, dtype=np.float64))
        object.__setattr__(self, "correlation", matrix)
        square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
        if not square or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1):
            raise UsageError("a correlation matrix is symmetric with ones on its diagonal")
        if float(np.linalg.eigvalsh(matrix)[0]) < -1e-8 or not self.degrees > 2.0:
            raise UsageError(
                "a correlation matrix has no negative eigenvalue, and a Student copula more than "
                "two degrees of freedom"
            )

    def towards_one(self, share: float) -> Dependence:
        """Return the stress in which every correlation goes `share` of its way to 1.

        From 0, as it is, to 1, where all assets move as one; in between it stays a correlation.
        """
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"correlation to one: expected a share from 0 to 1, found {share}")
        moved = (1.0 - share) * self.correlation + share * np.ones_like(self.correlation)
        return replace(self, correlation=moved)

    def normals(self, streams: Streams, steps: int) -> Floats:
        """Return standard normals that move together, paths by steps by assets."""
        count = len(self.correlation)
        free = streams.normals(Purpose.DRIVERS, (steps, count))
        joined = mixed(free, root_of(self.correlation))
        if math.isinf(self.degrees):
            return joined
        from scipy.special import ndtri, stdtr

        sizes = streams.draw(
            Purpose.MIXING, lambda one: one.chisquare(self.degrees, size=(steps, 1))
        )
        uniforms = stdtr(self.degrees, joined * np.sqrt(self.degrees / sizes))
        # A Student quantile may round to 0 or 1, whose normal quantile is infinite.
        return np.asarray(ndtri(np.clip(uniforms, 1e-16, 1.0 - 1e-16)), dtype=np.float64)


def independent(assets: int) -> Dependence:
    """Return no dependence at all."""
    return Dependence(np.eye(assets))


def dependence_of(fit: CopulaDependence) -> Dependence:
    """Return what a fitted copula says."""
    return Dependence(fit.correlation_, fit.degrees_)


def root_of(matrix: Floats) -> Floats:
    """Return the symmetric root of a matrix without negative eigenvalues, singular ones too."""
    values, vectors = np.linalg.eigh(matrix)
    found: Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return found


def mixed(free: Floats, root: Floats) -> Floats:
    """Return sum over j of free[..., j] * root[:, j], added in one order for any shape.

    A library's matrix product may add in an order that depends on the number of rows: a path would
    then depend on the batch that it is made in.
    """
    out = free[..., 0, None] * root[:, 0]
    for j in range(1, root.shape[1]):
        out += free[..., j, None] * root[:, j]
    return out
