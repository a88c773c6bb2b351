"""The rules of recorded Morpho Blue cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols import morpho, morpho_shares
from trimtab.units import DataError

Inputs = Mapping[str, Any]


def _incentive(inputs: Inputs) -> int:
    return morpho.liquidation_incentive_wad(whole(inputs, "lltv"))


def _liquidate(inputs: Inputs) -> Mapping[str, Any]:
    """A fresh market of one supplier and one borrower, accrued, then liquidated."""
    market = _fresh(whole(inputs, "lltv"), whole(inputs, "supply_assets"))
    owing = morpho.borrow(
        morpho.Position(collateral=whole(inputs, "collateral")),
        whole(inputs, "price0"),
        market=market,
        assets=whole(inputs, "borrow_assets_initial"),
    )
    if isinstance(owing, morpho.Refused):
        return {"refused": owing.reason.value}
    position, market = owing
    rate_wad = whole(inputs, "borrow_rate_per_second_wad")
    market = morpho.accrue(market, whole(inputs, "elapsed"), rate_wad=rate_wad)
    by_shares = _is_by_shares(inputs)
    asked = whole(inputs, "input")
    found = morpho.liquidate(
        position,
        whole(inputs, "price1"),
        market=market,
        seized=0 if by_shares else asked,
        repaid_shares=asked if by_shares else 0,
    )
    return {"refused": found.reason.value} if isinstance(found, morpho.Refused) else _told(found)


def _fresh(lltv_wad: int, supply_assets: int) -> morpho.Market:
    shares = morpho_shares.to_shares_down(supply_assets, 0, total_shares=0)
    return morpho.Market(lltv_wad, supply_assets=supply_assets, supply_shares=shares)


def _is_by_shares(inputs: Inputs) -> bool:
    mode = inputs.get("mode")
    if mode not in ("seized", "shares"):
        raise DataError(
            "the mode is not known", column="mode", found=str(mode), expected="seized or shares"
        )
    return bool(mode == "shares")


def _told(found: morpho.Liquidation) -> Mapping[str, Any]:
    return {
        "seized_assets": found.seized,
        "repaid_assets": found.repaid_assets,
        "repaid_shares": found.repaid_shares,
        "bad_debt_assets": found.bad_debt_assets,
        "bad_debt_shares": found.bad_debt_shares,
        "post": {
            "total_supply_assets": found.market.supply_assets,
            "total_supply_shares": found.market.supply_shares,
            "total_borrow_assets": found.market.borrow_assets,
            "total_borrow_shares": found.market.borrow_shares,
            "borrower_shares": found.position.borrow_shares,
            "borrower_collateral": found.position.collateral,
        },
    }


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "morpho_blue.liquidation_incentive_factor": _incentive,
    "morpho_blue.liquidate_after_interest_accrual": _liquidate,
}
