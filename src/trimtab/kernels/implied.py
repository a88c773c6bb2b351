"""Implied volatility over columns: which volatility gives an option its price, or why none does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.kernels import implied_numpy
from trimtab.kernels.backends import has_numba
from trimtab.kernels.option_columns import (
    MOST,
    OptionColumns,
    bounded_column,
    equally_long,
)
from trimtab.kernels.row_threads import over_rows

Floats = NDArray[np.float64]


@unique
class ImpliedStatus(IntEnum):
    """Whether a price has a volatility.

    FOUND: it does. NO_TIME_VALUE: the price is the payoff; the volatility is given as 0.
    BELOW_PAYOFF, ABOVE_MOST: the price is below the discounted payoff, or not below the discounted
    forward (call) or strike (put): an arbitrage or a wrong input. NO_TIME: expired. UNDECIDED: the
    steps ran out; no input is known that does this.
    """

    FOUND = 0
    NO_TIME_VALUE = 1
    BELOW_PAYOFF = 2
    ABOVE_MOST = 3
    NO_TIME = 4
    UNDECIDED = 5


@dataclass(frozen=True, slots=True, eq=False)
class ImpliedVols:
    """The annual volatility of each row, NaN where there is none, and an `ImpliedStatus`."""

    vol_annual: Floats
    status: NDArray[np.int8]


def implied_vols(
    prices: ArrayLike,
    *,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
    threads: int = 1,
) -> ImpliedVols:
    """Return the volatility at which each option is worth its price.

    Args:
        prices: quote per unit, 0 or more.
        forward, strike, years, is_call, discount: as for `OptionColumns`.
        threads: at most this many; the results do not depend on it.

    Returns:
        Volatilities that reprice within 1e-13 * (forward + strike) * discount. One that cannot be
        found does not stop the others: its row says why.

    Raises:
        DataError, UsageError: as for `OptionColumns`.
    """
    options = OptionColumns(
        forward=forward,
        strike=strike,
        vol_annual=0.0,
        years=years,
        is_call=is_call,
        discount=discount,
    )
    named = {"prices": bounded_column(prices, "prices", most=MOST), "options": options.forward}
    asked = equally_long(named)["prices"]
    if len(options) != len(asked):
        options = _repeated(options, len(asked))
    if not has_numba():
        return ImpliedVols(*implied_numpy.implied(options, asked))
    return _compiled(options, asked, threads=threads)


def _compiled(options: OptionColumns, prices: Floats, *, threads: int) -> ImpliedVols:
    from trimtab.kernels import implied_loops

    out = ImpliedVols(np.empty(len(prices)), np.empty(len(prices), dtype=np.int8))

    def work(first: int, last: int) -> None:
        cut = slice(first, last)
        rows = implied_loops.PricedRows(
            options.forward[cut],
            options.strike[cut],
            prices[cut],
            options.years[cut],
            options.is_call[cut],
            options.discount[cut],
        )
        into = implied_loops.ImpliedRows(out.vol_annual[cut], out.status[cut])
        implied_loops.fill_implied(rows, into)

    over_rows(work, len(prices), threads=threads)
    return out


def _repeated(options: OptionColumns, rows: int) -> OptionColumns:
    return OptionColumns(
        forward=np.repeat(options.forward, rows),
        strike=np.repeat(options.strike, rows),
        vol_annual=0.0,
        years=np.repeat(options.years, rows),
        is_call=np.repeat(options.is_call, rows),
        discount=np.repeat(options.discount, rows),
    )
