"""Aave v3: reserve configurations as the tables of a `rules.toml`.

The file is what the market's deployment is fed with, a reserve under each key (numbers as text,
ratios in basis points), or several markets of them. What becomes of each number:

    baseLTVAsCollateral        max_ltv
    liquidationThreshold       liquidation_threshold
    liquidationBonus           1e4 is none; with liquidationProtocolFee, the fee's share of the
                               bonus, it parts into liquidation_bonus and liquidation_fee
    supplyCap, borrowCap       whole units; 0 is no cap there, and none here
    debtCeiling                two decimals, so 500000000 is 5 million; isolated = true with it;
                               left out for v3.7, which has no isolation mode any more
    strategy                   base_rate, slope1, slope2, kink, by name or with its numbers in ray
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from trimtab.protocols.presets.configuration import (
    Section,
    Tables,
    decimals_of,
    fraction_of_wad,
    market_in,
    plain,
    shift,
)
from trimtab.units import WAD, DataError, mul_div_down

_BPS: Final = 10_000
_RAY_DECIMALS: Final = 27
_CEILING_DECIMALS: Final = 2

# Source: npm @aave/deploy-v3 1.56.2, dist/markets/aave/rateStrategies.js.
STRATEGIES: Final[Mapping[str, Mapping[str, Decimal]]] = MappingProxyType(
    {
        name: {"kink": Decimal(kink), "slope1": Decimal(slope1), "slope2": Decimal(slope2)}
        for name, kink, slope1, slope2 in (
            ("rateStrategyVolatileOne", "0.45", "0.07", "3"),
            ("rateStrategyStableOne", "0.9", "0.04", "0.6"),
            ("rateStrategyStableTwo", "0.8", "0.04", "0.75"),
        )
    }
)


def aave_tables(
    configuration: Mapping[str, Any], market: str | None, *, isolates: bool = True
) -> Tables:
    """Return `[venue]` and `[assets]` of one market.

    Args:
        configuration: the file: reserves by name, or markets of them.
        market: which; None where there is one.
        isolates: whether the version has an isolation mode (until v3.6).

    Raises:
        DataError: what is missing or is no number, by its path; a rate strategy without numbers.
    """
    found = _reserves(configuration, market)
    name = "aave-v3" if market is None else f"aave-v3 {market}"
    assets = {asset: _reserve(found.section(asset), isolates=isolates) for asset in found.items}
    return {"venue": {"name": name, "quote": "USD"}, "assets": assets}


def _reserves(configuration: Mapping[str, Any], market: str | None) -> Section:
    flat = any(
        isinstance(entry, Mapping) and "liquidationThreshold" in entry
        for entry in configuration.values()
    )
    if flat and market is None:
        return Section("", configuration)
    if flat:
        raise DataError("the file is one market", found=market, expected="no name of a market")
    return market_in(configuration, market, holds="liquidationThreshold")


def _reserve(entry: Section, *, isolates: bool) -> Tables:
    bonus_wad, fee_wad = _bonus_and_fee(entry)
    table: Tables = {
        "decimals": decimals_of(entry, "reserveDecimals"),
        "max_ltv": _of_bps(entry, "baseLTVAsCollateral"),
        "liquidation_threshold": _of_bps(entry, "liquidationThreshold"),
        "liquidation_bonus": fraction_of_wad(bonus_wad),
        "liquidation_fee": fraction_of_wad(fee_wad),
        "borrowable": entry.flag("borrowingEnabled"),
        "reserve_factor": _of_bps(entry, "reserveFactor"),
        **_rates(entry),
    }
    for key, cap in (("supply_cap", "supplyCap"), ("borrow_cap", "borrowCap")):
        if entry.number(cap, default=Decimal(0)):
            table[key] = plain(entry.number(cap))
    return table | (_isolation(entry) if isolates else {})


def _isolation(entry: Section) -> Tables:
    table: Tables = {}
    ceiling = entry.number("debtCeiling", default=Decimal(0))
    if ceiling:
        table |= {"isolated": True, "debt_ceiling": plain(shift(ceiling, -_CEILING_DECIMALS))}
    if "borrowableIsolation" in entry.items and entry.flag("borrowableIsolation"):
        table["borrowable_in_isolation"] = True
    return table


def _bonus_and_fee(entry: Section) -> tuple[int, int]:
    """Bonus and fee in wad, of the value repaid: together the reserve's whole bonus."""
    gross, fee_bps = entry.count("liquidationBonus"), entry.count("liquidationProtocolFee")
    if gross == 0:
        return 0, 0
    if gross < _BPS or fee_bps > _BPS:
        raise DataError(
            "bonus or fee is out of range",
            column=entry.path,
            found=f"{gross} and {fee_bps}",
            expected="a bonus from 10000 on, a fee of at most 10000",
        )
    bonus_wad = mul_div_down(gross - _BPS, WAD, _BPS)
    fee_wad = mul_div_down(bonus_wad, fee_bps, _BPS)
    return bonus_wad - fee_wad, fee_wad


def _of_bps(entry: Section, key: str) -> Decimal:
    return plain(shift(Decimal(entry.count(key)), -4))


def _rates(entry: Section) -> Tables:
    if isinstance(entry.items.get("strategy"), Mapping):
        numbers = entry.section("strategy")
        return {
            "base_rate": _of_ray(numbers, "baseVariableBorrowRate"),
            "slope1": _of_ray(numbers, "variableRateSlope1"),
            "slope2": _of_ray(numbers, "variableRateSlope2"),
            "kink": _of_ray(numbers, "optimalUsageRatio"),
        }
    name = entry.text("strategy")
    if name not in STRATEGIES:
        raise DataError(
            "the rate strategy is not known by that name",
            column=f"{entry.path}.strategy",
            found=name,
            expected=f"{', '.join(STRATEGIES)}, or an object with its numbers in ray",
        )
    return dict(STRATEGIES[name])


def _of_ray(numbers: Section, key: str) -> Decimal:
    return plain(shift(numbers.number(key), -_RAY_DECIMALS))
