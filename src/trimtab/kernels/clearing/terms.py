"""What the oracle and the keepers of a stress run do, as numbers: one definition for both engines.

Steps count from 0, the start, at which nothing acts; a range `[from, to)` of steps is empty where
both ends are alike. The order of a step's acts is that of docs/concepts/path-kernel.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels.border import Floats, Ints
from trimtab.units import DataError

# As many steps, or liquidations, as nobody reaches.
NO_LIMIT: Final = 2**31 - 1
# An account that a keeper has liquidated this often within one step waits for the next.
REPEATS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class OracleTerms:
    """How each asset's oracle reports; one entry per asset, in the order of the path's columns.

    At step t >= 1 the source sees v = market price x (lie_factor in [lie_from, lie_to), else 1). It
    publishes v unless t is in [outage_from, outage_to), and only if |v / last - 1| >= deviation or
    t - (step of last) >= heartbeat_steps > 0; `last` is what it published last, the path's first
    price at step 0. What is reported at step t is what was published last up to step
    t - delay_steps.

    Args:
        deviation: share of the last published price, 0 or more; 0 publishes every step.
        heartbeat_steps: longest time between two reports; 0 is none.
        delay_steps: steps between publishing and reporting.
        outage_from, outage_to: steps without a new publication; the last one stands.
        lie_factor: above 0.
        lie_from, lie_to: steps in which the source lies.
    """

    assets: tuple[str, ...]
    deviation: Floats
    heartbeat_steps: Ints
    delay_steps: Ints
    outage_from: Ints
    outage_to: Ints
    lie_factor: Floats
    lie_from: Ints
    lie_to: Ints

    def __post_init__(self) -> None:
        for name, low in (("deviation", 0.0), ("lie_factor", np.finfo(np.float64).tiny)):
            column = np.ascontiguousarray(np.atleast_1d(getattr(self, name)), dtype=np.float64)
            _fitting(self.assets, name, column=column, good=(column >= low) & (column < np.inf))
            object.__setattr__(self, name, column)
        for name in _STEP_COLUMNS:
            column = np.atleast_1d(np.asarray(getattr(self, name)))
            good = (column >= 0) & (column <= NO_LIMIT) & (column == np.floor(column))
            _fitting(self.assets, name, column=column, good=good)
            object.__setattr__(self, name, np.ascontiguousarray(column, dtype=np.int64))

    @property
    def is_market(self) -> bool:
        """Whether every asset is reported at its market price at once."""
        quiet = (self.outage_from >= self.outage_to) & (self.lie_from >= self.lie_to)
        return bool((quiet & (self.deviation == 0.0) & (self.delay_steps == 0)).all())


_STEP_COLUMNS: Final = (
    "heartbeat_steps",
    "delay_steps",
    "outage_from",
    "outage_to",
    "lie_from",
    "lie_to",
)


def oracle_terms(
    assets: Sequence[str],
    *,
    deviation: ArrayLike = 0.0,
    heartbeat_steps: ArrayLike = 0,
    delay_steps: ArrayLike = 0,
    outage: tuple[ArrayLike, ArrayLike] = (0, 0),
    lie_factor: ArrayLike = 1.0,
    lie: tuple[ArrayLike, ArrayLike] = (0, 0),
) -> OracleTerms:
    """Terms of which one number stands for all assets; left as they are, a market-price oracle."""
    count = len(assets)

    def column(value: ArrayLike) -> NDArray[Any]:
        return np.array(np.broadcast_to(np.asarray(value), count))

    found = [column(v) for v in (heartbeat_steps, delay_steps, *outage, *lie)]
    heartbeats, delays, outage_from, outage_to, lie_from, lie_to = found
    return OracleTerms(
        tuple(assets),
        column(deviation),
        heartbeats,
        delays,
        outage_from,
        outage_to,
        column(lie_factor),
        lie_from,
        lie_to,
    )


@dataclass(frozen=True, slots=True)
class KeeperTerms:
    """How keepers act within a step, money in the quote.

    A due account draws once a step whether the keepers' transactions for it land. Where they do, it
    is liquidated until it is safe, none pays, or `repeats` are done; each counts to `per_step`.

    Args:
        min_profit: least profit at market prices, after gas, for which a keeper acts; may be 0.
        gas, gas_slope: a liquidation costs gas x max(1, 1 + gas_slope x (sigma_t / sigma_ref - 1)),
            sigma that of the path's asset number `gas_asset`, as `ImpactTerms` says.
        capital: debt value, at reported prices, that keepers repay in one step; infinite: no limit.
        per_step: most liquidations that land in one step.
        failure: probability that an account's transactions of a step do not land, 0 to 1.
        delay_steps: steps between an account's turning unsafe and its being due.
        repeats: most liquidations of one account in a step.
        halt: steps `[from, to)` in which the venue stands still: no liquidation, no close-out.
        halvings: how often they halve an offer that does not pay whole. The path kernel takes
            offers whole or not at all: above 0 is for the exact engine alone.
    """

    min_profit: float = 0.0
    gas: float = 0.0
    gas_slope: float = 0.0
    gas_asset: int = 0
    capital: float = np.inf
    per_step: int = NO_LIMIT
    failure: float = 0.0
    delay_steps: int = 0
    repeats: int = REPEATS
    halt: tuple[int, int] = (0, 0)
    halvings: int = 0

    def __post_init__(self) -> None:
        for name, low, high in _KEEPER_RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise _wrong("keeper", name, found=f"{value}, expected {low:g} to {high:g}")
            if isinstance(low, int) and value != int(value):
                raise _wrong("keeper", name, found=f"{value}, expected a whole number")
        if not all(0 <= step <= NO_LIMIT and step == int(step) for step in self.halt):
            raise _wrong("keeper", "halt", found=f"{self.halt}, expected two steps from 0")


_KEEPER_RANGES: Final = (
    ("min_profit", 0.0, 1e300),
    ("gas", 0.0, 1e300),
    ("gas_slope", 0.0, 1e6),
    ("gas_asset", 0, NO_LIMIT),
    ("capital", 0.0, np.inf),
    ("per_step", 0, NO_LIMIT),
    ("failure", 0.0, 1.0),
    ("delay_steps", 0, NO_LIMIT),
    ("repeats", 1, 1000),
    ("halvings", 0, 256),
)


def _fitting(
    assets: tuple[str, ...],
    name: str,
    *,
    column: NDArray[np.generic],
    good: NDArray[np.bool_],
) -> None:
    if column.shape != (len(assets),):
        raise _wrong("oracle", name, found=f"shape {column.shape}, expected one per asset")
    if not good.all():
        place = int(np.flatnonzero(~good)[0])
        raise _wrong("oracle", name, found=f"{column[place]} of {assets[place]}: out of range")


def _wrong(whose: str, name: str, *, found: str) -> DataError:
    return DataError(f"{whose} terms cannot be used", column=name, found=found)
