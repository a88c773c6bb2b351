"""Aave v3: reserves and categories as sections of `rules.toml`."""

from collections.abc import Mapping, Sequence

from trimtab.adapters.chains.aave_reserves import Category, Pool, Reserve
from trimtab.adapters.chains.case_texts import (
    Section,
    fitting_bonus,
    flag,
    names_text,
    ratio_text,
)
from trimtab.units import RAY, WAD, format_decimal, mul_div_down

BPS = 10_000
BPS_DECIMALS = 4
RAY_DECIMALS = 27
WAD_PER_BPS = WAD // BPS
# With two decimals, as the pool counts it.
CEILING_DECIMALS = 2
DUST = "1000"
MAX_BONUS_WAD = 30 * WAD // 100


def asset_sections(
    pool: Pool, names: Sequence[str], *, outside: Mapping[str, int]
) -> dict[str, Section]:
    """Return the section of each reserve.

    Args:
        names: of the reserves, in their order.
        outside: per name, the supply that the book does not list, native units.
    """
    return {
        name: _asset(reserve, outside=outside.get(name, 0))
        for name, reserve in zip(names, pool.reserves, strict=True)
    }


def bonus_and_fee(reserve: Reserve) -> tuple[int, int]:
    """Return what goes to the liquidator and what to the protocol, wad.

    The protocol's fee is a part of the bonus; ours stands beside it, so that the two make the sum.
    """
    whole_bps = max(0, reserve.bonus_bps - BPS)
    fee_wad = mul_div_down(whole_bps * WAD_PER_BPS, reserve.field(152, 16), BPS)
    bonus_wad = whole_bps * WAD_PER_BPS - fee_wad
    threshold_wad = reserve.threshold_bps * WAD_PER_BPS
    return fitting_bonus(threshold_wad, bonus_wad, fee_wad=fee_wad), fee_wad


def _asset(reserve: Reserve, *, outside: int) -> Section:
    bonus_wad, fee_wad = bonus_and_fee(reserve)
    flags = {name: reserve.field(bit, 1) for name, bit in FLAGS.items()}
    open_to_borrow = flags["borrowing"] and flags["active"]
    keys: Section = {
        "decimals": str(reserve.token.decimals),
        "max_ltv": ratio_text(min(reserve.ltv_bps, reserve.threshold_bps), BPS_DECIMALS),
        "liquidation_threshold": ratio_text(reserve.threshold_bps, BPS_DECIMALS),
        "liquidation_bonus": ratio_text(bonus_wad, 18),
        "liquidation_fee": ratio_text(fee_wad, 18),
        "borrowable": flag(bool(open_to_borrow and not flags["frozen"] and not flags["paused"])),
    }
    for key, begin in (("borrow_cap", 80), ("supply_cap", 116)):
        cap = reserve.field(begin, 36)
        if cap:
            keys[key] = str(cap)
    ceiling = reserve.field(212, 40)
    if ceiling:
        keys["isolated"] = flag(True)
        keys["debt_ceiling"] = format_decimal(ceiling, CEILING_DECIMALS)
    if flags["in_isolation"]:
        keys["borrowable_in_isolation"] = flag(True)
    keys |= _rates(reserve)
    keys["reserve_factor"] = ratio_text(min(reserve.field(64, 16), BPS), BPS_DECIMALS)
    keys["external_supply"] = format_decimal(outside, reserve.token.decimals)
    return keys


FLAGS = {"active": 56, "frozen": 57, "borrowing": 58, "paused": 60, "in_isolation": 61}


def _rates(reserve: Reserve) -> Section:
    curve = reserve.curve
    if curve is None or not 0 < curve.kink_ray < RAY:
        # A strategy that tells no curve: the rate of the block, at any utilization.
        return {"base_rate": ratio_text(reserve.rate_ray, RAY_DECIMALS)}
    return {
        "base_rate": ratio_text(curve.base_ray, RAY_DECIMALS),
        "slope1": ratio_text(curve.slope1_ray, RAY_DECIMALS),
        "slope2": ratio_text(curve.slope2_ray, RAY_DECIMALS),
        "kink": ratio_text(curve.kink_ray, RAY_DECIMALS),
    }


def category_names(categories: Mapping[int, Category]) -> dict[int, str]:
    """Return a name per category: its number, and its label where that is fit for a name."""
    names = {}
    for number, category in categories.items():
        label = category.label.strip()
        fit = label and label.isprintable() and "/" not in label
        names[number] = f"{number} {label}" if fit else str(number)
    return names


def category_sections(
    pool: Pool, categories: Mapping[int, Category], *, names: Sequence[str]
) -> dict[str, Section]:
    """Return the section of each category; its bonus leaves room for its members' fees."""
    sections = {}
    titles = category_names(categories)
    for number, category in categories.items():
        members = [
            (name, reserve)
            for name, reserve in zip(names, pool.reserves, strict=True)
            if reserve.place in category.members
        ]
        fee_wad = max(bonus_and_fee(reserve)[1] for _, reserve in members)
        whole_wad = max(0, category.bonus_bps - BPS) * WAD_PER_BPS
        threshold_wad = category.threshold_bps * WAD_PER_BPS
        bonus_wad = fitting_bonus(threshold_wad, max(0, whole_wad - fee_wad), fee_wad=fee_wad)
        sections[titles[number]] = {
            "assets": names_text([name for name, _ in members]),
            "max_ltv": ratio_text(min(category.ltv_bps, category.threshold_bps), BPS_DECIMALS),
            "liquidation_threshold": ratio_text(category.threshold_bps, BPS_DECIMALS),
            "liquidation_bonus": ratio_text(bonus_wad, 18),
        }
    return sections


def venue_sections(pool: Pool, assets: Mapping[str, Section]) -> dict[str, Section]:
    """Return how the pool liquidates: half of a debt, all of it below 0.95."""
    liquidation: Section = {
        "sizing": '"close_factor"',
        "close_factor": "0.5",
        "full_close_health": "0.95",
        "spiral": '"allow"',
    }
    if pool.refuses_dust:
        liquidation |= {"dust_debt": DUST, "dust_collateral": DUST}
    sections = {"liquidation": liquidation}
    most_wad = max(bonus_and_fee(reserve)[0] for reserve in pool.reserves)
    if most_wad > MAX_BONUS_WAD and assets:
        sections["dynamics"] = {"max_bonus": ratio_text(most_wad, 18)}
    return sections
