"""What a kernel is handed: named columns in one record, for the compiled face and its twin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels.border import Floats, Ints
from trimtab.kernels.requirement import Curves

SAFE, UNSAFE, DOUBT = 0, 1, 2


class ScreenWork(NamedTuple):
    """First pass over rows `first` to `last` - 1 of a group.

    `low` and `high` are the coefficients lowered and raised, `margin` what is taken off and added.
    `unsafe` and `doubtful` take the rows; both need room for one more than they can hold.
    """

    quantity: NDArray[np.float32]
    term: NDArray[Any]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    margin: np.float32
    first: int
    last: int
    unsafe: NDArray[np.int32]
    doubtful: NDArray[np.int32]


class JudgeWork(NamedTuple):
    """Second pass over some accounts; `verdict` takes SAFE, UNSAFE or DOUBT for each."""

    quantity: Floats
    term: NDArray[Any]
    start: Ints
    positions: NDArray[np.int32]
    decide: Floats
    slack: Floats
    curves: Curves
    accounts: NDArray[np.int32]
    verdict: NDArray[np.int8]


class OutputWork(NamedTuple):
    """Full output of accounts `first` to `last` - 1.

    `levels` holds per term initial, liquidation end, maintenance, equity and gross; `table` takes
    six rows: the three excesses, health, leverage, distance.
    """

    quantity: Floats
    term: NDArray[Any]
    start: Ints
    positions: NDArray[np.int32]
    levels: Floats
    asset: Ints
    first: int
    last: int
    table: Floats


class EdgeWork(NamedTuple):
    """Liquidation prices of accounts: per position the price ratio at the edge, and what is at it.

    `moving` is what of the maintenance coefficient is in proportion to the asset's price.
    `ratio` takes price at the edge over price now (NaN: none, or netted with an earlier position),
    `net` the account's net value in the asset at the maintenance level, signed.
    """

    quantity: Floats
    term: NDArray[Any]
    start: Ints
    positions: NDArray[np.int32]
    maintenance: Floats
    moving: Floats
    asset: Ints
    ratio: Floats
    net: Floats
