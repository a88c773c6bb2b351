"""Price impact in one normal form: what each market becomes before anybody sells in it.

Per asset the state is `outstanding` Q >= 0 (units sold and not yet absorbed) and `permanent` <= 0
(a logarithm). The market price is path price x exp(-g(Q / depth)) x exp(permanent), with g of one
of the kinds below. A sale of q brings path price x exp(permanent) x depth x the integral of exp(-g)
from Q / depth to (Q + q) / depth, less the fee. Each step Q falls by exp(-dt / recovery).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.border import Floats, finite
from trimtab.units import DataError

# RiskMetrics: the weight of yesterday's variance in today's.
DECAY = 0.94


@unique
class ImpactKind(IntEnum):
    """The shape of g(x), x = Q / depth, with the first parameter a of `ImpactTerms.first`.

    NONE 0; LINEAR a x; SQUARE_ROOT a sqrt(x); CONSTANT_PRODUCT 2 ln(1 + x / a), a the pool's
    reserve of the asset; TABLE linear between its points, the last slope beyond them.
    """

    NONE = 0
    LINEAR = 1
    SQUARE_ROOT = 2
    CONSTANT_PRODUCT = 3
    TABLE = 4


@dataclass(frozen=True, slots=True, eq=False)
class ImpactTable:
    """Points of g: units of the asset, rising from 0, and logarithms, from 0, never falling."""

    quantity: Floats
    log: Floats

    def __post_init__(self) -> None:
        quantity = np.atleast_1d(finite(self.quantity, "impact table, quantity", low=0.0))
        log = np.atleast_1d(finite(self.log, "impact table, log", low=0.0))
        object.__setattr__(self, "quantity", quantity)
        object.__setattr__(self, "log", log)
        fits = quantity.ndim == 1 and quantity.shape == log.shape and quantity.size >= 2
        if not fits or quantity[0] != 0.0 or log[0] != 0.0:
            raise DataError(
                "an impact table cannot be used",
                found=f"{quantity.size} quantities and {log.size} logarithms",
                expected="two points or more, as many of each, the first 0 and 0",
            )
        if not (np.diff(quantity) > 0.0).all() or not (np.diff(log) >= 0.0).all():
            raise DataError(
                "an impact table cannot be used",
                found="points out of order",
                expected="quantities that rise, and logarithms that never fall",
            )


# Columns of `ImpactCurves.assets`.
KIND, FIRST, FEE, PERMANENT_SHARE = range(4)


class ImpactCurves(NamedTuple):
    """What the functions of `impact_loops` need of `ImpactTerms`, as compiled code takes it.

    `assets` has one row per asset and the columns above; `start` holds, per asset, where its table
    begins in `points` (quantity and logarithm), and the end last.
    """

    assets: Floats
    start: NDArray[np.int64]
    points: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ImpactTerms:
    """Impact of all assets; each column has one entry per asset, in the order of `assets`.

    Args:
        assets: names, in the order of the path's columns.
        kind: `ImpactKind`.
        first: the kind's parameter a, above 0 where the kind has one, else 0. LINEAR 1 / unit,
            SQUARE_ROOT 1 / sqrt(unit), CONSTANT_PRODUCT units.
        fee: factor on what a sale brings, above 0 up to 1; 1 is no fee.
        permanent_share: of what a sale adds to g, 0 to 1: for good.
        recovery_seconds: time in which 1 - 1/e of Q is absorbed, above 0; infinite is never.
        thinning, depth_least, sigma_ref: depth = clip((sigma_ref / sigma_t)**thinning, depth_least,
            1), with sigma_t**2 = decay sigma_(t-1)**2 + (1 - decay) r_t**2 / dt and sigma_0 =
            sigma_ref, r_t the path's own log return; sigma is annual, above 0, thinning >= 0.
        tables: for assets of kind TABLE; None for others.
        decay: weight of the step before in sigma**2, 0 to below 1.
        feedback: whether accounts are marked at the price after impact; otherwise at the path's,
            while sellers still get what the impact leaves.

    Raises:
        DataError: a column of another length, or a number out of its range; it says which.
    """

    assets: tuple[str, ...]
    kind: NDArray[np.int64]
    first: Floats
    fee: Floats
    permanent_share: Floats
    recovery_seconds: Floats
    thinning: Floats
    depth_least: Floats
    sigma_ref: Floats
    tables: tuple[ImpactTable | None, ...] = ()
    decay: float = DECAY
    feedback: bool = True
    curves: ImpactCurves = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.assets)
        if len(set(self.assets)) < count:
            raise _wrong("assets", found=", ".join(self.assets), expected="each asset once")
        kinds = _within("kind", self.kind, bounds=(0.0, float(max(ImpactKind))))
        object.__setattr__(self, "kind", kinds.astype(np.int64))
        _fitting("kind", kinds, count=count)
        tables = self.tables or (None,) * count
        object.__setattr__(self, "tables", tables)
        for name, (low, high) in _RANGES.items():
            column = _within(name, getattr(self, name), bounds=(low, high))
            _fitting(name, column, count=count)
            object.__setattr__(self, name, column)
        _require_parameters(self)
        if not 0.0 <= self.decay < 1.0:
            raise _wrong("decay", found=str(self.decay), expected="0 to below 1")
        object.__setattr__(self, "curves", _curves(self))


# Closed ranges; what has to be above 0 starts at the least normal number.
_LEAST = float(np.finfo(np.float64).tiny)
_RANGES = {
    "first": (0.0, np.inf),
    "fee": (_LEAST, 1.0),
    "permanent_share": (0.0, 1.0),
    "recovery_seconds": (_LEAST, np.inf),
    "thinning": (0.0, 100.0),
    "depth_least": (_LEAST, 1.0),
    "sigma_ref": (_LEAST, 1e6),
}


def impact_terms(
    assets: Sequence[str],
    *,
    kind: ArrayLike = ImpactKind.NONE,
    first: ArrayLike = 0.0,
    fee: ArrayLike = 1.0,
    permanent_share: ArrayLike = 0.0,
    recovery_seconds: ArrayLike = np.inf,
    thinning: ArrayLike = 0.0,
    depth_least: ArrayLike = 1.0,
    sigma_ref: ArrayLike = 1.0,
    tables: tuple[ImpactTable | None, ...] = (),
    decay: float = DECAY,
    feedback: bool = True,
) -> ImpactTerms:
    """Terms of which most are plain: one number stands for all assets. As `ImpactTerms` says."""
    count = len(assets)

    def column(value: ArrayLike) -> Floats:
        return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), count))

    return ImpactTerms(
        tuple(assets),
        np.array(np.broadcast_to(np.asarray(kind, dtype=np.int64), count)),
        column(first),
        column(fee),
        column(permanent_share),
        column(recovery_seconds),
        column(thinning),
        column(depth_least),
        column(sigma_ref),
        tables,
        decay,
        feedback,
    )


def log_impact(terms: ImpactTerms, asset: int, *, outstanding: float, depth: float = 1.0) -> float:
    """Return g(Q / depth) of an asset by number: the price is exp(-g) of what it would be."""
    from trimtab.kernels import impact_loops as loops

    return float(loops.log_impact(terms.curves, (asset, float(outstanding) / depth)))


def proceeds(
    terms: ImpactTerms, asset: int, *, amount: float, outstanding: float = 0.0, depth: float = 1.0
) -> float:
    """Return what selling an amount brings, in units of path price x exp(permanent)."""
    from trimtab.kernels import impact_loops as loops

    sale = (asset, float(outstanding), float(amount), float(depth))
    return float(loops.proceeds(terms.curves, sale))


def after_sale(
    terms: ImpactTerms, asset: int, *, amount: float, outstanding: float = 0.0, depth: float = 1.0
) -> tuple[float, float]:
    """Return the units outstanding after a sale, and by how much `permanent` falls (>= 0)."""
    from trimtab.kernels import impact_loops as loops

    sale = (asset, float(outstanding), float(amount), float(depth))
    left, fallen = loops.absorbed(terms.curves, sale)
    return float(left), float(fallen)


def depth_at(terms: ImpactTerms, asset: int, *, sigma: float) -> float:
    """Return the depth factor of an asset at an annual sigma_t."""
    from trimtab.kernels import impact_loops as loops

    thin = (float(terms.sigma_ref[asset]) / sigma, float(terms.depth_least[asset]))
    return float(loops.depth_factor(float(terms.thinning[asset]), thin))


def without_impact(assets: Sequence[str]) -> ImpactTerms:
    """Markets that take any quantity at the path's price."""
    return impact_terms(assets)


def _curves(terms: ImpactTerms) -> ImpactCurves:
    found = [table for table in terms.tables if table is not None]
    sizes = [0 if table is None else table.quantity.size for table in terms.tables]
    points = [np.column_stack([table.quantity, table.log]) for table in found]
    return ImpactCurves(
        np.column_stack([terms.kind, terms.first, terms.fee, terms.permanent_share]),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([np.empty((0, 2)), *points]),
    )


def _within(name: str, values: ArrayLike, *, bounds: tuple[float, float]) -> Floats:
    column = np.atleast_1d(np.asarray(values, dtype=np.float64))
    good = (column >= bounds[0]) & (column <= bounds[1])
    if not good.all():
        place = int(np.flatnonzero(~good)[0])
        low = "above 0" if bounds[0] == _LEAST else f"{bounds[0]:g} or more"
        expected = low if bounds[1] == np.inf else f"{low}, up to {bounds[1]:g}"
        raise _wrong(name, found=f"{column[place]} of asset {place}", expected=expected)
    return np.ascontiguousarray(column)


def _fitting(name: str, column: NDArray[np.generic], *, count: int) -> None:
    if column.shape != (count,):
        raise _wrong(name, found=f"shape {column.shape}", expected=f"one entry for {count} assets")


def _require_parameters(terms: ImpactTerms) -> None:
    """Each asset has what its kind needs."""
    if len(terms.tables) != len(terms.assets):
        raise _wrong("tables", found=str(len(terms.tables)), expected="one, or None, per asset")
    plain = (int(ImpactKind.NONE), int(ImpactKind.TABLE))
    for place, asset in enumerate(terms.assets):
        kind = int(terms.kind[place])
        if (kind == ImpactKind.TABLE) != (terms.tables[place] is not None):
            raise _wrong(
                "tables", found=asset, expected="a table where the kind is TABLE, no other"
            )
        if kind not in plain and not 0.0 < terms.first[place] < np.inf:
            raise _wrong("first", found=f"{terms.first[place]} of {asset}", expected="above 0")


def _wrong(name: str, *, found: str, expected: str) -> DataError:
    return DataError("impact terms cannot be used", column=name, found=found, expected=expected)
