"""How far a price goes on its worst days: extreme-value tails beside a normal fit.

Excesses over a high threshold follow a generalized Pareto law (A. Balkema and L. de Haan, Annals of
Probability 2 (1974); J. Pickands, Annals of Statistics 3 (1975)), the largest of a block of moves a
generalized extreme-value law (B. Gnedenko, Annals of Mathematics 44 (1943)).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.quant.returns import FitReport
from trimtab.units import DataError, UsageError

Floats = NDArray[np.float64]

_SHAPE_ZERO: Final = 1e-9


class ParetoTail:
    """The tail of moves beyond a threshold: P(X > u + y) = rate (1 + shape y / scale)^(-1/shape).

    Learns `threshold_`, `rate_` (share of moves beyond it), `shape_`, `scale_`, `report_`.
    """

    def __init__(self, *, tail_share: float = 0.1, least_excesses: int = 50) -> None:
        self.tail_share = tail_share
        self.least_excesses = least_excesses

    def fit(self, moves: ArrayLike) -> ParetoTail:
        """Learn from moves whose upper tail matters; DataError where too few lie beyond it."""
        from scipy.stats import genpareto

        values = _moves(moves)
        self.threshold_ = float(np.quantile(values, 1.0 - self.tail_share))
        excess = values[values > self.threshold_] - self.threshold_
        if excess.size < self.least_excesses:
            raise DataError(
                "the history is too short to calibrate a tail",
                found=f"{excess.size} moves beyond the threshold",
                expected=f"at least {self.least_excesses}",
            )
        self.rate_ = excess.size / values.size
        shape, _, scale = genpareto.fit(excess, floc=0.0)
        self.shape_, self.scale_ = float(shape), float(scale)
        likelihood = float(genpareto.logpdf(excess, shape, 0.0, scale).sum())
        self.report_ = FitReport(
            "generalized Pareto tail",
            int(values.size),
            {
                "threshold": (self.threshold_,),
                "rate": (self.rate_,),
                "shape": (self.shape_,),
                "scale": (self.scale_,),
            },
            {"excess_mean": (float(excess.mean()),)},
            {"excess_mean": (self.scale_ / (1.0 - self.shape_) if shape < 1.0 else math.inf,)},
            likelihood,
        )
        return self

    def quantile(self, probability: float) -> float:
        """Return the move that is passed with a probability of at most `rate_`."""
        if not 0.0 < probability <= self.rate_:
            raise UsageError(
                f"a tail answers probabilities above 0, at most {self.rate_:g}: found {probability}"
            )
        if abs(self.shape_) < _SHAPE_ZERO:
            return self.threshold_ + self.scale_ * math.log(self.rate_ / probability)
        lifted = (self.rate_ / probability) ** self.shape_ - 1.0
        return float(self.threshold_ + self.scale_ * lifted / self.shape_)


class BlockMaxima:
    """The law of the largest move of a block of steps.

    Learns `shape_` (above 0 is heavy), `scale_`, `location_`, `report_`.
    """

    def __init__(self, *, block_steps: int = 20, least_blocks: int = 30) -> None:
        self.block_steps = block_steps
        self.least_blocks = least_blocks

    def fit(self, moves: ArrayLike) -> BlockMaxima:
        """Learn from moves in order of time; DataError where there are too few whole blocks."""
        from scipy.stats import genextreme

        values = _moves(moves)
        blocks = values.size // self.block_steps
        if blocks < self.least_blocks:
            raise DataError(
                "the history is too short to calibrate block maxima",
                found=f"{blocks} blocks of {self.block_steps}",
                expected=f"at least {self.least_blocks}",
            )
        largest = values[: blocks * self.block_steps].reshape(blocks, -1).max(axis=1)
        # SciPy's shape has the other sign.
        shape, location, scale = genextreme.fit(largest)
        self.shape_, self.location_, self.scale_ = -float(shape), float(location), float(scale)
        likelihood = float(genextreme.logpdf(largest, shape, location, scale).sum())
        self.report_ = FitReport(
            "generalized extreme value",
            blocks,
            {
                "shape": (self.shape_,),
                "location": (self.location_,),
                "scale": (self.scale_,),
            },
            {"median": (float(np.median(largest)),)},
            {"median": (self._at(math.log(2.0)),)},
            likelihood,
        )
        return self

    def quantile(self, probability: float) -> float:
        """Return the move that one step passes with a probability: its block's, to the power."""
        if not 0.0 < probability < 1.0:
            raise UsageError(f"a probability is above 0, below 1: found {probability}")
        return self._at(-self.block_steps * math.log1p(-probability))

    def block_quantile(self, probability: float) -> float:
        """Return the move that the largest of a block passes with a probability."""
        if not 0.0 < probability < 1.0:
            raise UsageError(f"a probability is above 0, below 1: found {probability}")
        return self._at(-math.log1p(-probability))

    def _at(self, exponent: float) -> float:
        """The move x with exp(-exponent) = P(largest <= x)."""
        if abs(self.shape_) < _SHAPE_ZERO:
            return self.location_ - self.scale_ * math.log(exponent)
        lifted = float(exponent**-self.shape_) - 1.0
        return self.location_ + self.scale_ * lifted / self.shape_


def _moves(moves: ArrayLike) -> Floats:
    values = np.asarray(moves, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError("the moves are no moves", expected="one finite number a step")
    return values
