"""Compound III: a market's configuration as sections of `rules.toml`."""

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.adapters.chains.case_texts import Section, fitting_bonus, flag, ratio_text
from trimtab.units import (
    WAD,
    YEAR_SECONDS,
    format_decimal,
    mul_div_down,
    pow10,
    wad_div_down,
    wad_mul_down,
)

PRICE_DECIMALS = 8
MAX_BONUS_WAD = 30 * WAD // 100


@dataclass(frozen=True, slots=True)
class Base:
    """What the market lends.

    Args:
        price: of the quote, 8 decimals.
        supplied: to the market by all, native units.
        kink_wad: utilization at which the borrow rate turns.
        base_wad, low_wad, high_wad: borrow rate per second at zero, and its two slopes per second.
        store_front_wad: part of the penalty that buyers of absorbed collateral get.
        least: smallest debt, native units.
    """

    name: str
    address: str
    decimals: int
    price: int
    supplied: int
    kink_wad: int
    base_wad: int
    low_wad: int
    high_wad: int
    store_front_wad: int
    least: int


@dataclass(frozen=True, slots=True)
class Collateral:
    """What the market takes as collateral: factors in wad, supply and cap in native units."""

    name: str
    address: str
    decimals: int
    price: int
    supplied: int
    borrow_wad: int
    liquidate_wad: int
    liquidation_wad: int
    cap: int


def base_section(base: Base, *, outside: int) -> Section:
    """Return the section of the base asset, which backs nothing.

    The slopes are ours: rises up to the kink, and from there to full use.
    """
    per_year = {
        "base_rate": base.base_wad,
        "slope1": wad_mul_down(base.low_wad, base.kink_wad),
        "slope2": wad_mul_down(base.high_wad, max(0, WAD - base.kink_wad)),
    }
    keys = {"decimals": str(base.decimals)}
    keys |= {key: ratio_text(rate * YEAR_SECONDS, 18) for key, rate in per_year.items()}
    if 0 < base.kink_wad < WAD:
        keys["kink"] = ratio_text(base.kink_wad, 18)
    return keys | {
        "accrual": '"linear"',
        "external_supply": format_decimal(outside, base.decimals),
    }


def bonus_and_fee(one: Collateral, *, base: Base) -> tuple[int, int]:
    """Return what a buyer of absorbed collateral gains, and what the reserves do, wad of the debt.

    An absorption credits value x liquidation factor; the store front then sells the value at a
    discount of store-front factor x (1 - liquidation factor), so that with both over the credit
    bonus + fee = 1 / factor - 1.
    """
    factor_wad = one.liquidation_wad
    if not factor_wad:
        return 0, 0
    whole_wad = max(0, wad_div_down(WAD, factor_wad) - WAD)
    discount_wad = wad_mul_down(base.store_front_wad, max(0, WAD - factor_wad))
    bonus_wad = min(whole_wad, wad_div_down(discount_wad, factor_wad), WAD)
    fee_wad = min(whole_wad - bonus_wad, WAD)
    return fitting_bonus(one.liquidate_wad, bonus_wad, fee_wad=fee_wad), fee_wad


def collateral_section(one: Collateral, *, base: Base, outside: int) -> Section:
    """Return the section of a collateral."""
    bonus_wad, fee_wad = bonus_and_fee(one, base=base)
    return {
        "decimals": str(one.decimals),
        "max_ltv": ratio_text(min(one.borrow_wad, one.liquidate_wad), 18),
        "liquidation_threshold": ratio_text(one.liquidate_wad, 18),
        "liquidation_bonus": ratio_text(bonus_wad, 18),
        "liquidation_fee": ratio_text(fee_wad, 18),
        "borrowable": flag(False),
        "supply_cap": format_decimal(one.cap, one.decimals),
        "external_supply": format_decimal(outside, one.decimals),
    }


def venue_sections(base: Base, collaterals: Sequence[Collateral]) -> dict[str, Section]:
    """Return how the market liquidates: the whole account at once."""
    least_wad = mul_div_down(base.least * base.price, WAD, pow10(base.decimals + PRICE_DECIMALS))
    sections: dict[str, Section] = {
        "liquidation": {
            "sizing": '"whole"',
            "spiral": '"allow"',
            "dust_debt": ratio_text(least_wad, 18),
        }
    }
    most_wad = max((bonus_and_fee(one, base=base)[0] for one in collaterals), default=0)
    if most_wad > MAX_BONUS_WAD:
        sections["dynamics"] = {"max_bonus": ratio_text(most_wad, 18)}
    return sections
