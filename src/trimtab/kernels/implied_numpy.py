"""The NumPy twin of implied volatility: bisection on the price, slow and sure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels import black76_numpy
from trimtab.kernels.option_columns import VOL_MOST, OptionColumns

Floats = NDArray[np.float64]

# From a bracket of 0 to 1e4, down to the spacing of float64 near 1e-12.
_HALVINGS: Final = 100
_LEAST_VALUE: Final = 1e-300


def implied(options: OptionColumns, prices: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """Return volatilities and statuses, as `ImpliedVols` has them.

    The side out of the money is priced, so that a time value keeps its digits; volatilities above
    1e4 are not found and answer as `UNDECIDED`.
    """
    is_forward_more = options.forward > options.strike
    payoff = np.where(options.is_call, 1.0, -1.0) * (options.forward - options.strike)
    value = prices / options.discount - np.maximum(payoff, 0.0)
    most = np.minimum(options.forward, options.strike)
    status = np.select(
        [options.years == 0.0, value < 0.0, value <= most * _LEAST_VALUE, value >= most],
        [4, 2, 1, 3],
        0,
    )
    low, high = np.zeros(len(options)), np.full(len(options), VOL_MOST)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        out_of_the_money = OptionColumns(
            forward=options.forward,
            strike=options.strike,
            vol_annual=middle,
            years=options.years,
            is_call=~is_forward_more,
        )
        is_short = black76_numpy.prices(out_of_the_money) < value
        low, high = np.where(is_short, middle, low), np.where(is_short, high, middle)
    vol = 0.5 * (low + high)
    status = np.where((status == 0) & (vol > 0.999 * VOL_MOST), 5, status)
    vol = np.where(status == 0, vol, np.where(status == 1, 0.0, np.nan))
    return vol, status.astype(np.int8)
