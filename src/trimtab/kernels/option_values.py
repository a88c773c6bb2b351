"""Option values and Greeks over columns: checked, compiled, cut into threads.

Accuracy, for the numbers as given: a value within 1e-14 * (forward + strike) * discount; delta
within 1e-12 where the total volatility is above 1e-3; gamma and vega within 1e-12 of themselves
there, while |d1| < 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimtab.kernels import black76_numpy
from trimtab.kernels.backends import has_numba
from trimtab.kernels.option_columns import OptionColumns
from trimtab.kernels.row_threads import over_rows

if TYPE_CHECKING:
    from trimtab.kernels.greeks_loops import OptionRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivities:
    """How each option's value moves.

    delta: value per quote of the forward, signed; gamma: delta per quote of the forward; vega:
    value per 1.00 of annual volatility.
    """

    delta: Floats
    gamma: Floats
    vega: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Greeks:
    """What each option is worth and how that moves.

    value: quote per unit; delta, gamma, vega: as in `Sensitivities`; theta: change of the value per
    year that passes, with the forward and the rate that the discount implies held; 0 at expiry.
    """

    value: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats


def option_prices(options: OptionColumns, *, threads: int = 1) -> Floats:
    """Return what each option is worth, quote per unit.

    Args:
        options: the checked columns.
        threads: at most this many; the results do not depend on it.

    Returns:
        Never below 0; without time or volatility the discounted payoff.

    Raises:
        UsageError: `threads` out of range.
    """
    if not has_numba():
        return black76_numpy.prices(options)
    from trimtab.kernels import greeks_loops

    out = np.empty(len(options))

    def work(first: int, last: int) -> None:
        greeks_loops.fill_prices(_rows(options, first, last=last), out[first:last])

    over_rows(work, len(options), threads=threads)
    return out


def sensitivities(options: OptionColumns, *, threads: int = 1) -> Sensitivities:
    """Return delta, gamma and vega of each option.

    Args:
        options: the checked columns.
        threads: at most this many; the results do not depend on it.

    Returns:
        Without time or volatility gamma is 0 and delta that of the payoff, one half at the strike.

    Raises:
        UsageError: `threads` out of range.
    """
    if not has_numba():
        return Sensitivities(*black76_numpy.sensitivities(options))
    from trimtab.kernels import greeks_loops

    out = Sensitivities(*(np.empty(len(options)) for _ in range(3)))

    def work(first: int, last: int) -> None:
        cut = slice(first, last)
        into = greeks_loops.SensitivityRows(out.delta[cut], out.gamma[cut], out.vega[cut])
        greeks_loops.fill_sensitivities(_rows(options, first, last=last), into)

    over_rows(work, len(options), threads=threads)
    return out


def greeks(options: OptionColumns, *, threads: int = 1) -> Greeks:
    """Return value, delta, gamma, vega and theta of each option.

    Args:
        options: the checked columns.
        threads: at most this many; the results do not depend on it.

    Raises:
        UsageError: `threads` out of range.
    """
    if not has_numba():
        values = black76_numpy.prices(options)
        moves = black76_numpy.sensitivities(options)
        return Greeks(values, *moves, black76_numpy.thetas(options, values))
    from trimtab.kernels import greeks_loops

    out = Greeks(*(np.empty(len(options)) for _ in range(5)))

    def work(first: int, last: int) -> None:
        cut = slice(first, last)
        into = greeks_loops.GreekRows(
            out.value[cut], out.delta[cut], out.gamma[cut], out.vega[cut], out.theta[cut]
        )
        greeks_loops.fill_greeks(_rows(options, first, last=last), into)

    over_rows(work, len(options), threads=threads)
    return out


def _rows(options: OptionColumns, first: int, *, last: int) -> OptionRows:
    from trimtab.kernels.greeks_loops import OptionRows

    return OptionRows(
        options.forward[first:last],
        options.strike[first:last],
        options.vol_annual[first:last],
        options.years[first:last],
        options.is_call[first:last],
        options.discount[first:last],
    )
