"""Columns as pictures need them: fewer points, same peaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab.simulation import Metrics, Sample

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]
Steps = NDArray[np.int64]

POINTS_MAX = 720
MARKERS_MAX = 240
CELLS = 4_000_000  # account values looked at for one heat map


@dataclass(frozen=True, slots=True)
class Heat:
    """Debt by time (columns) and liquidation price (rows, upward), on an even grid."""

    debt: Floats
    start_ns: int
    end_ns: int
    low: float
    high: float


def times(at_ns: Sequence[int]) -> Times:
    """Times for an axis, microseconds: any year of the calendar fits."""
    micros = [at // 1000 for at in at_ns]
    return np.array(micros, dtype="datetime64[us]")


def days(at: Times) -> Floats:
    """Times as days since 1970, matplotlib's own scale."""
    seconds = (at - np.datetime64(0, "us")) / np.timedelta64(1, "us") / 1e6
    return np.asarray(seconds / 86_400, dtype=np.float64)


def column(metrics: Metrics, name: str) -> Floats:
    """One column of the metrics; zeros where it is missing."""
    found = metrics.columns.get(name)
    return np.zeros(len(metrics.at_ns)) if found is None else np.array(found)


def peaks(values: Floats, most: int = POINTS_MAX) -> Steps:
    """Steps that draw a line with all its lows and highs: per bin both, the ends, in order."""
    if len(values) <= most:
        return np.arange(len(values))
    kept = {0, len(values) - 1}
    for part in np.array_split(np.arange(len(values)), max(most // 2, 1)):
        kept |= {int(part[values[part].argmin()]), int(part[values[part].argmax()])}
    return np.array(sorted(kept))


def bins(steps: int, most: int = MARKERS_MAX) -> Steps:
    """First step of each of at most `most` even bins."""
    number = min(steps, most)
    return np.array([steps * part // number for part in range(number)], dtype=np.int64)


def per_bin(running: Floats, starts: Steps) -> Floats:
    """What a running total grew by in each bin."""
    growth = np.diff(running, prepend=0.0)
    return np.asarray(np.add.reduceat(growth, starts), dtype=np.float64)


def heat(samples: Sequence[Sample], *, rows: int = 72, columns: int = 240) -> Heat | None:
    """Debt by liquidation price over time; None where no debt depends on the asset.

    Arguments:
        samples: in order of time, at least two.
        rows: price bins; the span holds the prices and 98 % of the debt below them.
        columns: most time bins; each shows the latest sample at its left edge.
    """
    stride = 1 + len(samples) * len(samples[0].debt) // CELLS
    kept = [*samples[:-1:stride], samples[-1]]
    low, high = _span(kept)
    if not high > low > 0:
        return None
    edges = np.linspace(low, high, rows + 1)
    found = np.array([_by_price(sample, edges) for sample in kept])
    start, end = kept[0].at_ns, kept[-1].at_ns
    at = np.array([sample.at_ns - start for sample in kept], dtype=np.float64)
    number = min(columns, max(len(kept) - 1, 1))
    # A column shows the book from its left edge on; one ns makes up for the rounding of floats.
    edge = np.arange(number) * ((end - start) / number) + 1
    latest = np.searchsorted(at, edge, side="right") - 1
    return Heat(found[latest].T, start, end, low, high)


def _span(samples: Sequence[Sample]) -> tuple[float, float]:
    prices = [sample.price for sample in samples if sample.price > 0]
    if not prices:
        return 0.0, 0.0
    at, debt = samples[0].liquidation_price, samples[0].debt
    high = _ceiling(samples[0], top=max(prices))
    inside = np.isfinite(at) & (debt > 0) & (at <= high)
    if not inside.any():
        at, debt = samples[-1].liquidation_price, samples[-1].debt
        inside = np.isfinite(at) & (debt > 0) & (at <= high)
    if not inside.any():
        return 0.0, 0.0
    order = np.argsort(at[inside])
    share = np.cumsum(debt[inside][order]) / debt[inside].sum()
    low = float(at[inside][order][np.searchsorted(share, 0.02)])
    return 0.96 * min(low, *prices), high


def _ceiling(sample: Sample, *, top: float) -> float:
    """Just over the prices; over 9 in 10 of the safe shorts that wait above, at most twice.

    A debtor who is unsafe waits above the price too, and has no need of more room.
    """
    at, debt = sample.liquidation_price, sample.debt
    above = np.isfinite(at) & (debt > 0) & (at > top) & (sample.health > 1)
    if not above.any():
        return 1.04 * top
    order = np.argsort(at[above])
    share = np.cumsum(debt[above][order]) / debt[above].sum()
    return float(min(2 * top, 1.04 * at[above][order][np.searchsorted(share, 0.9)]))


def _by_price(sample: Sample, edges: Floats) -> Floats:
    at = sample.liquidation_price
    inside = np.isfinite(at) & (sample.debt > 0)
    found, _ = np.histogram(at[inside], bins=edges, weights=sample.debt[inside])
    return np.asarray(found, dtype=np.float64)
