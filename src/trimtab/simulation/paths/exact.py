"""A path for the exact engine: its prices as integers, as the ticks of a case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trimtab.model import Case, Tick
from trimtab.simulation.paths.making import PathGrid
from trimtab.units import NANOSECONDS, UsageError, fixed_of

_WAD_DECIMALS = 18


def case_on_path(
    case: Case, grid: PathGrid, *, prices: NDArray[np.float64], start_ns: int | None = None
) -> Case:
    """Return a case whose prices are those of one path; all else stays as it is.

    Args:
        case: rules, book and the prices to start from.
        grid: the clock of the path.
        prices: of one path, steps + 1 by assets, as `price_paths` gives them for each.
        start_ns: time of the first row, ns UTC; None is that of the case's first tick.

    Returns:
        One tick per row, prices the nearest in wad; assets without a path keep the price that they
        have at the start. The engine's answers then are a function of the path, to the last unit.

    Raises:
        UsageError: the prices are not of this grid, or an asset is not one of the rules.
    """
    if prices.shape != (grid.steps + 1, len(grid.assets)):
        raise UsageError(f"prices of shape {prices.shape} on a grid of {grid.steps} steps")
    unknown = [asset for asset in grid.assets if asset not in case.rules.assets]
    if unknown:
        raise UsageError(f"the rules know no {', '.join(unknown)}")
    begin_ns = case.ticks[0].at_ns if start_ns is None else start_ns
    still = _prices_at(case, begin_ns)
    step_ns = round(grid.step_seconds * NANOSECONDS)
    ticks = []
    for number, row in enumerate(prices.tolist()):
        moved = {a: fixed_of(p, _WAD_DECIMALS) for a, p in zip(grid.assets, row, strict=True)}
        found = sorted({**still, **moved}.items()) if number == 0 else sorted(moved.items())
        ticks.append(Tick(begin_ns + number * step_ns, tuple(found)))
    return replace(case, ticks=tuple(ticks))


def _prices_at(case: Case, at_ns: int) -> dict[str, int]:
    """The last price of each asset up to a time; those of the first tick at least."""
    found: dict[str, int] = {}
    for number, tick in enumerate(case.ticks):
        if number and tick.at_ns > at_ns:
            break
        found.update(tick.prices)
    return found
