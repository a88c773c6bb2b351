"""The rules of recorded Compound III cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from trimtab.apps.conformance.files import whole
from trimtab.protocols import compound
from trimtab.units import UINT256_MAX, DataError

Inputs = Mapping[str, Any]

BASE, ASSET = "base", "asset"


def _is_liquidatable(inputs: Inputs) -> bool:
    asset = compound.CollateralAsset(
        whole(inputs, "asset_scale"),
        liquidate_factor_wad=whole(inputs, "liquidate_collateral_factor"),
    )
    market = compound.Market(
        BASE,
        base_unit=whole(inputs, "base_scale"),
        assets={ASSET: asset},
        borrow_index=whole(inputs, "base_borrow_index"),
    )
    account = compound.Account(
        whole(inputs, "base_principal_signed"), {ASSET: whole(inputs, "collateral_balance")}
    )
    return compound.health(account, _prices(inputs), market=market).liquidatable


def _quote(inputs: Inputs) -> int:
    return compound.quote_collateral(
        ASSET, whole(inputs, "base_amount"), prices=_prices(inputs), market=_store_front(inputs)
    )


def _buy(inputs: Inputs) -> Mapping[str, Any]:
    market = _store_front(
        inputs,
        cash=whole(inputs, "reserves_before"),
        target_reserves=whole(inputs, "target_reserves"),
    )
    found = compound.buy_collateral(
        ASSET,
        whole(inputs, "base_amount"),
        prices=_prices(inputs),
        market=market,
        stock=UINT256_MAX,
        out_min=whole(inputs, "min_amount"),
    )
    if isinstance(found, compound.Refused):
        return {"refused": found.reason.value}
    return {"collateral_out": found.collateral_out, "reserves_after": found.reserves_after}


def _absorb(inputs: Inputs) -> Mapping[str, Any]:
    """Accounts without collateral absorbed one after the other, at index and price one."""
    borrowed, own = whole(inputs, "total_borrow_before"), whole(inputs, "reserves_before")
    principals = inputs.get("borrower_principals")
    if not isinstance(principals, list):
        raise DataError("the input is no list", column="borrower_principals")
    # Reserves are cash plus what is borrowed, so this cash gives the reserves before.
    market = compound.Market(BASE, base_unit=1, borrow_principal=borrowed, cash=own - borrowed)
    paid_out = []
    for place in range(len(principals)):
        account = compound.Account(whole({"principal": principals[place]}, "principal"))
        found = compound.liquidate(account, {BASE: 1}, market=market)
        if isinstance(found, compound.Refused):
            return {"refused": found.reason.value}
        paid_out.append(found.base_paid_out)
        market = found.market
    return {
        "base_paid_out": paid_out,
        "total_borrow_after": market.borrow_principal,
        "total_supply_after": market.supply_principal,
        "reserves_after": compound.reserves(market),
    }


def _rates(inputs: Inputs) -> Mapping[str, int]:
    year_seconds = whole(inputs, "seconds_per_year")
    market = compound.Market(
        BASE,
        base_unit=1,
        supply_index=whole(inputs, "supply_index"),
        borrow_index=whole(inputs, "borrow_index"),
        supply_principal=whole(inputs, "total_supply_principal"),
        borrow_principal=whole(inputs, "total_borrow_principal"),
        supply_curve=_curve(inputs, "supply", year_seconds=year_seconds),
        borrow_curve=_curve(inputs, "borrow", year_seconds=year_seconds),
    )
    supply_wad, borrow_wad = compound.supply_rate_wad(market), compound.borrow_rate_wad(market)
    return {
        "utilization": compound.utilization_wad(market),
        "supply_rate_per_second": supply_wad,
        "borrow_rate_per_second": borrow_wad,
        "annual_supply": supply_wad * year_seconds,
        "annual_borrow": borrow_wad * year_seconds,
    }


def _curve(inputs: Inputs, side: str, *, year_seconds: int) -> compound.RateCurve:
    yearly = inputs.get(f"{side}_year")
    if not isinstance(yearly, list) or len(yearly) != 3:
        raise DataError(
            "the input is no curve",
            column=f"{side}_year",
            found=str(yearly),
            expected="base, low slope and high slope",
        )
    return compound.RateCurve.of_year(
        whole(inputs, f"{side}_kink"),
        [whole({"rate": rate}, "rate") for rate in yearly],
        year_seconds=year_seconds,
    )


def _store_front(inputs: Inputs, *, cash: int = 0, target_reserves: int = 0) -> compound.Market:
    asset = compound.CollateralAsset(
        whole(inputs, "asset_scale"),
        liquidation_factor_wad=whole(inputs, "liquidation_factor"),
    )
    return compound.Market(
        BASE,
        base_unit=whole(inputs, "base_scale"),
        assets={ASSET: asset},
        cash=cash,
        store_front_factor_wad=whole(inputs, "store_front_price_factor"),
        target_reserves=target_reserves,
    )


def _prices(inputs: Inputs) -> Mapping[str, int]:
    return {BASE: whole(inputs, "base_price"), ASSET: whole(inputs, "asset_price")}


RULES: Final[Mapping[str, Callable[[Inputs], Any]]] = {
    "compound_v3.isliquidatable": _is_liquidatable,
    "compound_v3.quotecollateral": _quote,
    "compound_v3.buycollateral_amount_out": _buy,
    "compound_v3.absorb_debt_with_no_collateral_is_paid_by_reserves": _absorb,
    "compound_v3.utilization_and_per_second_rates": _rates,
}
