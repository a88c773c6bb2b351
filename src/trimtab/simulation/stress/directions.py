"""In which direction of the normals a book loses, and the sampling that goes by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trimtab.model import BookRow, Case, contract_decimals
from trimtab.simulation.paths.loadings import driver_loadings
from trimtab.simulation.paths.making import PathGrid, PathModel
from trimtab.simulation.paths.sampling import PLAIN, Sampling, SamplingKind
from trimtab.simulation.stress.question import StressQuestion
from trimtab.units import UsageError, float_of

Floats = NDArray[np.float64]

STRATA_MOST: Final = 4096


def exposures(case: Case, assets: Sequence[str], *, prices: Sequence[float]) -> Floats:
    """Return what borrowers and holders of positions own less what they owe, per asset, quote.

    Accounts that only supply lose nothing by a liquidation and are left out.
    """
    price = dict(zip(assets, prices, strict=True))
    owing = {_account(row) for row in case.book if row.quantity < 0 or _is_position(case, row)}
    found = dict.fromkeys(assets, 0.0)
    for row in case.book:
        asset, units = _units(case, row)
        if asset in found and _account(row) in owing:
            found[asset] += units * price[asset]
    return np.array([found[asset] for asset in assets])


def sampling_of(question: StressQuestion, model: PathModel, *, grid: PathGrid) -> Sampling:
    """Return how a question's paths are drawn; directed ones go where its book loses most.

    To first order the book's value moves by e' L z over a step, with exposures e and loadings L of
    prices on the drivers z: the direction is -L' e.

    Raises:
        UsageError: a process without normal drivers, a book without exposure, or too few paths.
    """
    choice = question.sampling
    if choice.kind is SamplingKind.PLAIN:
        return PLAIN
    loadings = driver_loadings(model)
    if loadings is None:
        raise UsageError(
            f"{choice.kind} sampling: this process has no normal drivers; take plain sampling, or "
            "brownian, jumps, heston, garch or regimes"
        )
    strata = choice.strata or _strata(question.paths)
    least = {SamplingKind.STRATIFIED: 2 * strata, SamplingKind.TAIL: 2 * choice.plain_every}
    if question.paths < least.get(choice.kind, 2):
        raise UsageError(
            f"{choice.kind} sampling: found {question.paths} paths, expected at least "
            f"{least.get(choice.kind, 2)}"
        )
    if choice.kind is SamplingKind.ANTITHETIC:
        return Sampling(choice.kind)
    owned = exposures(question.case, grid.assets, prices=grid.first_prices)
    direction = -(loadings.T @ owned)
    if not np.abs(direction).max() > 1e-9 * max(float(np.abs(owned).max()), 1.0):
        raise UsageError(f"{choice.kind} sampling: the book has no exposure to what moves")
    return Sampling(
        choice.kind,
        tuple(direction.tolist()),
        strata=strata,
        shift=_shift(question),
        plain_every=choice.plain_every,
    )


def _shift(question: StressQuestion) -> float:
    if question.sampling.shift is not None:
        return question.sampling.shift
    from scipy.special import ndtri

    return float(ndtri(question.top_level))


def _strata(paths: int) -> int:
    return int(2 ** max(1, min(paths.bit_length() - 2, STRATA_MOST.bit_length() - 1)))


def _account(row: BookRow) -> tuple[str, str]:
    return row.account, row.group


def _is_position(case: Case, row: BookRow) -> bool:
    return row.instrument in case.rules.markets


def _units(case: Case, row: BookRow) -> tuple[str, float]:
    """The asset that a row hangs on, and how many whole units of it; inverse ones by their sign."""
    if not _is_position(case, row):
        return row.instrument, float_of(row.quantity, case.rules.assets[row.instrument].decimals)
    market = case.rules.markets[row.instrument]
    units = float_of(row.quantity, contract_decimals(case.rules, market))
    return market.asset, 0.0 if market.is_inverse else units
