"""What a book hangs on: exposures of its borrowers, and what falls in a shock without names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimtab.model import BookRow, Case, contract_decimals
from trimtab.simulation.paths.loadings import annual_covariance
from trimtab.simulation.paths.making import PathModel
from trimtab.units import DataError, float_of

Floats = NDArray[np.float64]

_STILL_SHARE = 0.2


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


def moving_assets(model: PathModel) -> NDArray[np.bool_]:
    """Return which columns fall in a shock; all where the process does not say how they move.

    What moves less than a fifth as much as the liveliest, as what is pegged to the quote does,
    stays: a fall of what is owed along with what is held would show nothing.
    """
    try:
        spread = np.sqrt(np.diag(annual_covariance(model)))
        return np.asarray((spread > 0.0) & (spread >= _STILL_SHARE * spread.max()))
    except DataError:
        return np.ones(len(model.assets), dtype=np.bool_)


def falling_assets(case: Case, model: PathModel, *, prices: Sequence[float]) -> NDArray[np.bool_]:
    """Return which columns fall in a shock: those that move and that borrowers own on balance.

    What they owe on balance keeps its price: were it to fall too, nobody's health would change.

    Args:
        prices: of the model's assets at the start.
    """
    moving = moving_assets(model)
    owned = exposures(case, model.assets, prices=prices) > 0.0
    return np.asarray(moving & owned if (moving & owned).any() else moving)


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
