"""Compound III: a market's `configuration.json` as the tables of a `rules.toml`.

The file is what compound-finance/comet keeps under deployments/<network>/<market>. Factors are cut
to the four decimals that the contract stores. What becomes of each number:

    borrowCF, liquidateCF      max_ltv, liquidation_threshold of the collateral
    liquidationFactor LF       1 / LF is what absorption takes for one unit of debt
    storeFrontPriceFactor      the buyer's part of it, 1 / (1 - factor (1 - LF)); the rest is a fee
    borrow curve               base_rate, slope1 = low slope x kink, slope2 = high x (1 - kink)
    supply curve               a reserve factor with which suppliers earn the same at the kink
    supplyCap                  supply_cap, in whole units; a cap of 0 stays one
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.protocols.compound_market import stored_factor_wad
from trimtab.protocols.presets.configuration import (
    Section,
    Tables,
    decimals_of,
    decimals_of_unit,
    fraction_of_wad,
    market_in,
    whole_units,
)
from trimtab.units import WAD, DataError, mul_div_down, wad_div_down, wad_mul_down


def compound_tables(configuration: Mapping[str, Any], market: str | None) -> Tables:
    """Return `[venue]` and `[assets]` of one market.

    Args:
        configuration: the file, one market or several under their names.
        market: which; None where there is one.

    Raises:
        DataError: what is missing or is no number, by its dotted path.
    """
    found = market_in(configuration, market, holds="baseToken")
    listed = found.section("assets")
    store_front_wad = found.wad("storeFrontPriceFactor")
    assets = {name: _collateral(listed.section(name), store_front_wad) for name in listed.items}
    base = found.text("baseToken")
    if base in assets:
        raise DataError("the base is listed as its own collateral", column="assets", found=base)
    name = "compound-v3" if market is None else f"compound-v3 {market}"
    return {
        "venue": {"name": name, "quote": "USD"},
        "assets": {base: _base(found), **assets},
    }


def _collateral(entry: Section, store_front_wad: int) -> Tables:
    decimals = decimals_of(entry, "decimals")
    factor_wad = stored_factor_wad(entry.wad("liquidationFactor"))
    if not 0 < factor_wad <= WAD:
        raise DataError(
            "the liquidation factor is out of range",
            column=f"{entry.path}.liquidationFactor",
            expected="above 0, at most 1",
        )
    # Whatever is not the buyer's discount is the market's: rounded down each, so that together
    # they never take more than the collateral that absorption takes.
    taken_wad = wad_div_down(WAD, factor_wad)
    discount_wad = wad_mul_down(store_front_wad, WAD - factor_wad)
    buyer_wad = min(taken_wad, wad_div_down(WAD, WAD - discount_wad))
    return {
        "decimals": decimals,
        "max_ltv": fraction_of_wad(stored_factor_wad(entry.wad("borrowCF"))),
        "liquidation_threshold": fraction_of_wad(stored_factor_wad(entry.wad("liquidateCF"))),
        "liquidation_bonus": fraction_of_wad(buyer_wad - WAD),
        "liquidation_fee": fraction_of_wad(taken_wad - buyer_wad),
        "borrowable": False,
        "supply_cap": whole_units(entry.number("supplyCap"), decimals),
        "external_supply": 0,
    }


def _base(found: Section) -> Tables:
    rates = found.section("rates")
    kink_wad = rates.wad("borrowKink")
    if not 0 < kink_wad < WAD:
        raise DataError(
            "the kink is out of range", column=f"{rates.path}.borrowKink", expected="0 to 1"
        )
    slope1_wad = wad_mul_down(rates.wad("borrowSlopeLow"), kink_wad)
    return {
        "decimals": decimals_of_unit(found, "targetReserves"),
        "base_rate": fraction_of_wad(rates.wad("borrowBase")),
        "slope1": fraction_of_wad(slope1_wad),
        "slope2": fraction_of_wad(wad_mul_down(rates.wad("borrowSlopeHigh"), WAD - kink_wad)),
        "kink": fraction_of_wad(kink_wad),
        "accrual": "linear",
        "reserve_factor": fraction_of_wad(
            _reserve_factor_wad(rates, kink_wad, borrow_wad=rates.wad("borrowBase") + slope1_wad)
        ),
    }


def _reserve_factor_wad(rates: Section, kink_wad: int, *, borrow_wad: int) -> int:
    """One less what suppliers earn at the kink over what borrowers pay there; at least 0."""
    used_wad = min(kink_wad, rates.wad("supplyKink"))
    beyond_wad = wad_mul_down(rates.wad("supplySlopeHigh"), kink_wad - used_wad)
    low_wad = wad_mul_down(rates.wad("supplySlopeLow"), used_wad)
    earned_wad = rates.wad("supplyBase") + low_wad + beyond_wad
    paid_wad = wad_mul_down(borrow_wad, kink_wad)
    if paid_wad == 0:
        return 0
    return max(0, WAD - mul_div_down(earned_wad, WAD, paid_wad))
