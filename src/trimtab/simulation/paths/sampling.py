"""How the normals behind paths are sampled: plain, in pairs, in strata, or towards the tail.

All but pairs act along one direction of the normals that drive a path: the unit vector `direction`
over drivers, spread evenly over steps. The position p of a path along it is standard normal.

    strata   p becomes Phi^-1((s + Phi(p)) / S), s the bits of path mod S turned around: equal
             counts in equal slices, and nearly so for whatever paths have finished
    tail     p becomes p + shift, but for every `plain_every`-th path

A path counts by its likelihood ratio under the mixture of shifted and plain paths, which is never
more than n / n_plain. Sources: P. Glasserman, "Monte Carlo Methods in Financial Engineering",
sections 4.2, 4.3 and 4.6; A. Owen, Y. Zhou, "Safe and effective importance sampling", Journal of
the American Statistical Association 95 (2000), for the mixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

import numpy as np
from numpy.typing import NDArray

from trimtab.units import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A uniform that rounds to 0 or 1 has no finite normal quantile.
_EDGE = 1e-16


@unique
class SamplingKind(StrEnum):
    """How paths are drawn."""

    PLAIN = "plain"
    ANTITHETIC = "antithetic"
    STRATIFIED = "stratified"
    TAIL = "tail"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How paths are drawn; path k still depends on the model, the grid, the seed and k alone.

    Args:
        kind: antithetic: path 2j + 1 has the drivers of path 2j with their signs turned.
        direction: over drivers, one number each, not all 0; brought to length 1. Strata and tail.
        strata: how many slices, a power of 2, at least 2.
        shift: of the position, in standard deviations.
        plain_every: every so many paths one is not shifted, at least 2.
    """

    kind: SamplingKind = SamplingKind.PLAIN
    direction: tuple[float, ...] = ()
    strata: int = 32
    shift: float = 0.0
    plain_every: int = 4

    def __post_init__(self) -> None:
        if not self.is_directed:
            return
        length = float(np.linalg.norm(self.direction)) if self.direction else 0.0
        if not 0.0 < length < np.inf:
            raise UsageError(
                f"{self.kind} sampling goes along a direction: expected numbers that are not all "
                f"0, found {self.direction}"
            )
        unit = tuple(float(part) / length for part in self.direction)
        object.__setattr__(self, "direction", unit)
        if self.strata < 2 or self.strata & (self.strata - 1):
            raise UsageError(f"strata: found {self.strata}, expected a power of 2, at least 2")
        if self.plain_every < 2 or not np.isfinite(self.shift):
            raise UsageError("sampling towards the tail: every second path is shifted at most")

    @property
    def is_directed(self) -> bool:
        """Whether a direction decides."""
        return self.kind in (SamplingKind.STRATIFIED, SamplingKind.TAIL)

    def streams_of(self, paths: Ints) -> tuple[Ints, Floats]:
        """Return the stream that each path's drivers come from, and the sign they take."""
        if self.kind is not SamplingKind.ANTITHETIC:
            return paths, np.ones(len(paths))
        odd = paths % 2
        return paths - odd, np.asarray(1.0 - 2.0 * odd, dtype=np.float64)

    def moved(self, free: Floats, paths: Ints) -> Floats:
        """Return drivers as they are sampled, from independent ones: paths by steps by drivers."""
        if not self.is_directed:
            return free
        before = self.positions(free)
        along = np.array(self.direction) / np.sqrt(free.shape[1])
        step = (self._target(before, paths) - before)[:, None, None]
        found: Floats = free + step * along
        return found

    def positions(self, free: Floats) -> Floats:
        """Return where paths stand along the direction, in standard deviations."""
        if not self.is_directed:
            return np.zeros(len(free))
        if free.shape[2] != len(self.direction):
            raise UsageError(
                f"a direction over {len(self.direction)} drivers for paths of {free.shape[2]}"
            )
        # In one order for any number of paths, so that a path is the same in any batch.
        total = free[..., 0] * self.direction[0]
        for j, part in enumerate(self.direction[1:], start=1):
            total = total + free[..., j] * part
        found: Floats = total.sum(axis=1) / np.sqrt(free.shape[1])
        return found

    def _target(self, positions: Floats, paths: Ints) -> Floats:
        if self.kind is SamplingKind.TAIL:
            return np.where(paths % self.plain_every == 0, positions, positions + self.shift)
        from scipy.special import ndtr, ndtri

        place = np.clip(ndtr(positions), _EDGE, 1.0 - _EDGE)
        slices = (turned_bits(paths % self.strata, self.strata) + place) / self.strata
        return np.asarray(ndtri(slices), dtype=np.float64)

    def strata_of(self, paths: Ints) -> Ints:
        """Return the group of each path within which paths are drawn alike."""
        if self.kind is SamplingKind.STRATIFIED:
            return self._slices(paths)[0]
        if self.kind is SamplingKind.TAIL:
            return np.asarray(paths % self.plain_every != 0, dtype=np.int64)
        return np.zeros(len(paths), dtype=np.int64)

    def _slices(self, paths: Ints) -> tuple[Ints, int]:
        """The slice of each path, and how many there are: so wide that each has two paths."""
        found = turned_bits(paths % self.strata, self.strata)
        slices = self.strata
        while slices > 1 and np.bincount(found, minlength=slices).min() < 2:
            found, slices = found // 2, slices // 2
        return found, slices

    def clusters_of(self, paths: Ints) -> Ints:
        """Return the number of the independent draw that each path belongs to."""
        return paths // 2 if self.kind is SamplingKind.ANTITHETIC else paths

    def weights(self, positions: Floats, paths: Ints) -> Floats:
        """Return what each path counts for in a mean over these paths; they average to about 1.

        Args:
            positions: of the paths as they were sampled.
            paths: their numbers; any set of finished ones, as an interruption leaves.

        Raises:
            UsageError: a tail without plain paths, or without others.
        """
        if self.kind is SamplingKind.STRATIFIED:
            place, slices = self._slices(paths)
            counts = np.bincount(place, minlength=slices)
            return np.asarray(len(paths) / (slices * counts[place]), dtype=np.float64)
        if self.kind is SamplingKind.TAIL:
            plain = float(np.mean(paths % self.plain_every == 0)) if len(paths) else 0.0
            if not 0.0 < plain < 1.0:
                raise UsageError("sampling towards the tail: expected paths of both kinds")
            ratio = np.exp(self.shift * positions - 0.5 * self.shift**2)
            return np.asarray(1.0 / (plain + (1.0 - plain) * ratio), dtype=np.float64)
        return np.ones(len(paths))


def turned_bits(numbers: Ints, size: int) -> Ints:
    """Return numbers below a power of two with their bits in reverse: van der Corput's order."""
    out, left = np.zeros_like(numbers), numbers.copy()
    while size > 1:
        out, left, size = 2 * out + left % 2, left // 2, size // 2
    return out


PLAIN = Sampling()
