"""Reverse stress: the smallest joint shock that the venue does not survive.

How far a shock x of log prices lies is its Mahalanobis distance under the process's covariance C
over the horizon: sqrt(x' C^-1 x). With C = R R', x = r R u for a unit vector u lies at distance r.
Along a direction u the least r that breaks the venue is found on a grid and then by bisection; over
directions the search starts from the one in which the book's value falls fastest, from each asset
alone, from all together and from drawn ones, and goes on around the best with ever smaller turns.
A shock goes through the engine with its cascade: reached in an hour, watched for a day.
Source of the question: T. Breuer, M. Jandacka, K. Rheinberger, M. Summer, "How to find plausible,
severe, and useful stress scenarios", International Journal of Central Banking 5 (2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.clearing.outcomes import ClearingOutcomes
from trimtab.quant.returns import require_regular
from trimtab.simulation.paths.driving import root_of
from trimtab.simulation.paths.loadings import annual_covariance
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.stress.cascading import loss_of, shock_prices, watched_grid
from trimtab.simulation.stress.engines import EngineMaker, PathEngine, engine_of
from trimtab.simulation.stress.exposures import exposures
from trimtab.simulation.stress.failing import FailingAccount, failing_accounts
from trimtab.simulation.stress.funds import Funds, funds_of, insolvent_paths
from trimtab.simulation.stress.planning import grid_of
from trimtab.simulation.stress.process import LearntProcess, learnt
from trimtab.simulation.stress.question import StressQuestion
from trimtab.units import YEAR_SECONDS, DataError, UsageError

Floats = NDArray[np.float64]

# Distances looked at first; beyond the last a shock is no longer told as plausible in any sense.
DISTANCE_MOST: Final = 30.0
_GRID: Final = np.geomspace(0.25, DISTANCE_MOST, 24)
_DRAWN: Final = 24
_TURNS: Final = (0.6, 0.35, 0.2, 0.12, 0.07, 0.04, 0.02, 0.01)
_HALVINGS: Final = 14
_PRECISION: Final = 1e-3
_FALL_MOST: Final = -9.0


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """The smallest shock found, and why it breaks the venue.

    Args:
        shock: fraction by which each asset's price moves; empty where none breaks it.
        distance: Mahalanobis distance of the logarithms over the horizon; infinite where none.
        probability: that a normal law with this covariance goes beyond the plane that touches the
            shock, Phi(-distance).
        loss, liquidated: quote, with the cascade; socialized: what others than the funds bear.
        failing: accounts unsafe at the shocked prices, before anybody acts, the weakest first.
        accounts_failing, accounts_under_water: how many are unsafe, and have equity below 0.
        horizon_seconds: that the covariance is over.
        shocks_tried: how many went through the engine.
    """

    shock: Mapping[str, float]
    distance: float
    probability: float
    loss: float
    liquidated: float
    socialized: float
    failing: tuple[FailingAccount, ...]
    accounts_failing: int
    accounts_under_water: int
    horizon_seconds: float
    shocks_tried: int

    @property
    def is_found(self) -> bool:
        """Whether any shock up to the greatest distance breaks the venue."""
        return bool(self.shock)

    def to_json(self) -> dict[str, Any]:
        """Return a plain document."""
        from trimtab.simulation.stress.documents import plain

        document: dict[str, Any] = plain(self)
        return document | {"is_found": self.is_found}


def reverse_stress(
    question: StressQuestion,
    *,
    process: LearntProcess | None = None,
    engine: EngineMaker = engine_of,
    loss_limit: float | None = None,
) -> ReverseStress:
    """Return the smallest joint shock that makes the venue insolvent.

    Args:
        question: book, process and terms; its seed draws the directions tried.
        process: how prices move, where that was learnt already; taken instead of the question's.
        engine: who clears the book.
        loss_limit: quote; a loss beyond it is the end, in place of insolvency.

    Raises:
        DataError: prices stand still, or a covariance that is singular, with the pair that makes
            it so; UsageError: a question that cannot be asked.
    """
    if loss_limit is not None and not loss_limit >= 0.0:
        raise UsageError(f"loss limit: found {loss_limit}, expected 0 or more")
    moves = learnt(question.process, question.case) if process is None else process
    whole = grid_of(question, moves)
    years = question.horizon_seconds / YEAR_SECONDS
    covariance = annual_covariance(moves.model) * years
    moving = np.diag(covariance) > 0.0
    covariance = covariance[np.ix_(moving, moving)]
    names = tuple(a for a, does in zip(whole.assets, moving, strict=True) if does)
    _require_regular(covariance, names)
    grid = watched_grid(whole)
    clearing = engine(question, grid, feedback=True)
    search = _Search(
        grid,
        clearing,
        moving=moving,
        root=root_of(covariance),
        limit=loss_limit,
        funds=funds_of(question.case),
    )
    owned = exposures(question.case, whole.assets, prices=whole.first_prices)[moving]
    direction, distance = search.smallest(owned, seed=question.seed)
    if direction is None:
        return ReverseStress(
            {}, float("inf"), 0.0, 0.0, 0.0, 0.0, (), 0, 0, question.horizon_seconds, search.tried
        )
    return _explained(question, search, names=names, shock=(direction, distance))


class _Search:
    """Shocks through the engine: log moves are `root` times a direction times a distance."""

    def __init__(
        self,
        grid: PathGrid,
        engine: PathEngine,
        *,
        moving: NDArray[np.bool_],
        root: Floats,
        limit: float | None,
        funds: Funds,
    ) -> None:
        self.grid, self.engine, self.moving = grid, engine, moving
        self.root, self.limit, self.funds = root, limit, funds
        self.tried = 0

    def outcomes(self, directions: Floats, distances: Floats) -> ClearingOutcomes:
        """What the engine says of some shocks, one a row."""
        moves = np.zeros((len(directions), len(self.moving)))
        moves[:, self.moving] = (directions @ self.root.T) * distances[:, None]
        self.tried += len(moves)
        # A price of 1e-4 of its own is nothing; numbers far below only lose their digits.
        return self.engine(shock_prices(self.grid, np.maximum(moves, _FALL_MOST)), 0)

    def broken(self, directions: Floats, distances: Floats) -> NDArray[np.bool_]:
        """Which shocks the venue does not survive."""
        found = self.outcomes(directions, distances)
        if self.limit is not None:
            return np.asarray(loss_of(found) > self.limit)
        return insolvent_paths(found, self.funds)

    def smallest(self, owned: Floats, *, seed: int) -> tuple[Floats | None, float]:
        """The direction and distance of the smallest shock found; None where there is none."""
        rows = np.random.Generator(np.random.Philox(key=seed))
        starts = _starts(self.root, owned, rows=rows)
        best, distance = self._first(starts)
        if best is None:
            return None, float("inf")
        for turn in _TURNS:
            around = _unit(best + turn * rows.standard_normal((_DRAWN, len(best))))
            closer = self.broken(around, np.full(len(around), distance * (1.0 - _PRECISION)))
            for candidate in around[closer]:
                ends = np.array([distance * (1.0 - _PRECISION)])
                if self.broken(candidate[None], ends)[0]:
                    best, distance = candidate, self._edge(candidate, 0.0, high=float(ends[0]))
        return best, distance

    def _first(self, starts: Floats) -> tuple[Floats | None, float]:
        """The best of the directions to start from, by a grid along each and bisection."""
        many = np.repeat(starts, len(_GRID), axis=0)
        hits = self.broken(many, np.tile(_GRID, len(starts))).reshape(len(starts), len(_GRID))
        if not hits.any():
            return None, float("inf")
        first = np.where(hits.any(axis=1), hits.argmax(axis=1), len(_GRID))
        edges = [
            (self._edge(starts[row], _below(first[row]), high=float(_GRID[first[row]])), row)
            for row in np.flatnonzero(first == first.min())
        ]
        distance, row = min(edges)
        return starts[row], distance

    def _edge(self, direction: Floats, low: float, *, high: float) -> float:
        """The least distance that breaks the venue, between one that does not and one that does."""
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if self.broken(direction[None], np.array([middle]))[0]:
                high = middle
            else:
                low = middle
        return high


def _below(place: int) -> float:
    return float(_GRID[place - 1]) if place else 0.0


def _starts(root: Floats, owned: Floats, *, rows: np.random.Generator) -> Floats:
    """Directions to start from: the book's steepest fall, assets alone and together, drawn ones."""
    size = len(root)
    moves = np.concatenate([-np.eye(size), np.eye(size), [-np.ones(size), np.ones(size)]])
    simple = np.linalg.solve(root, moves.T).T
    steepest = -(root.T @ owned)[None] if np.abs(owned).max() > 0.0 else simple[:1]
    drawn = rows.standard_normal((_DRAWN, size))
    return _unit(np.concatenate([steepest, simple, drawn]))


def _unit(rows: Floats) -> Floats:
    found: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
    return found


def _require_regular(covariance: Floats, names: tuple[str, ...]) -> None:
    if not names:
        raise DataError("no price moves: there is no shock to search for")
    spread = np.sqrt(np.diag(covariance))
    require_regular(covariance / np.outer(spread, spread), names)


def _explained(
    question: StressQuestion,
    search: _Search,
    *,
    names: tuple[str, ...],
    shock: tuple[Floats, float],
) -> ReverseStress:
    from scipy.special import ndtr

    direction, distance = shock
    found = search.outcomes(direction[None], np.array([distance]))
    moves = np.maximum(search.root @ direction * distance, _FALL_MOST)
    fractions = dict(zip(names, np.expm1(moves).tolist(), strict=True))
    failing = failing_accounts(question.case, fractions)
    return ReverseStress(
        fractions,
        distance,
        float(ndtr(-distance)),
        float(loss_of(found)[0]),
        float(found.liquidated[0]),
        float(found.socialized[0] + found.deleveraged[0]),
        failing[:10],
        len(failing),
        sum(one.equity < 0.0 for one in failing),
        question.horizon_seconds,
        search.tried,
    )
