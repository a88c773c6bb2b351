"""A conflict of rules, and those of a derivatives market."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from trimtab.model.markets import Funding, MarketRules
from trimtab.model.rules import Rules
from trimtab.units import WAD, format_decimal


@dataclass(frozen=True, slots=True)
class Conflict:
    """One impossible combination: the dotted key, what was found, what is expected."""

    key: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: found {self.found}, expected {self.expected}"


def ratio_text(wad: int) -> str:
    """A wad as decimal text."""
    return format_decimal(wad, 18)


def conflicts_of_market(rules: Rules, market: MarketRules) -> Iterator[Conflict]:
    """Impossible combinations of one market, the gravest first."""
    key = f"markets.{market.name}"
    if market.asset not in rules.assets:
        yield Conflict(f"{key}.asset", repr(market.asset), "an asset of these rules")
        return
    if market.name in rules.assets:
        yield Conflict(key, repr(market.name), "a name that no asset has")
    if market.asset == rules.quote:
        yield Conflict(f"{key}.asset", repr(market.asset), "an asset other than the quote")
    yield from _of_rates(key, market)
    yield from _of_tiers(key, market)
    yield from _of_fees(key, market)
    scaled = market.skew_margin_wad or market.funding is Funding.VELOCITY
    if scaled and market.skew_scale is None:
        yield Conflict(f"{key}.skew_scale", "none", "a scale: the skew moves margin or funding")
    if market.oi_upper_wad and market.oi_lower_wad >= market.oi_upper_wad:
        found, most = ratio_text(market.oi_lower_wad), ratio_text(market.oi_upper_wad)
        yield Conflict(f"{key}.oi_lower", found, f"less than oi_upper {most}")
    if market.initial_gain_weight_wad > market.gain_weight_wad:
        found, most = ratio_text(market.initial_gain_weight_wad), ratio_text(market.gain_weight_wad)
        yield Conflict(f"{key}.initial_gain_weight", found, f"at most gain_weight {most}")


def _of_rates(key: str, market: MarketRules) -> Iterator[Conflict]:
    initial, end = market.initial_margin_wad, market.end_margin_wad
    maintenance = market.maintenance_margin_wad
    if maintenance > initial:
        found, most = ratio_text(maintenance), ratio_text(initial)
        yield Conflict(f"{key}.maintenance_margin", found, f"at most initial_margin {most}")
    elif not maintenance <= end <= initial:
        span = f"{ratio_text(maintenance)} to {ratio_text(initial)}"
        yield Conflict(f"{key}.liquidation_end_margin", ratio_text(end), span)


def _of_tiers(key: str, market: MarketRules) -> Iterator[Conflict]:
    tiers = market.tiers
    if not tiers:
        return
    if tiers[0].floor_wad:
        yield Conflict(f"{key}.tiers", ratio_text(tiers[0].floor_wad), "a first tier from 0")
    if market.size_factor_wad or market.skew_margin_wad:
        yield Conflict(f"{key}.tiers", "tiers beside size_factor or skew_margin", "one of them")
    for tier in tiers:
        if not 0 < tier.maintenance_wad <= tier.initial_wad <= WAD:
            found = f"{ratio_text(tier.initial_wad)}, {ratio_text(tier.maintenance_wad)}"
            yield Conflict(f"{key}.tiers", found, "0 < maintenance <= initial <= 1")
    for before, tier in pairwise(tiers):
        falls = tier.initial_wad < before.initial_wad
        falls = falls or tier.maintenance_wad < before.maintenance_wad
        if tier.floor_wad <= before.floor_wad or falls:
            found = f"a tier from {ratio_text(tier.floor_wad)}"
            yield Conflict(f"{key}.tiers", found, "rising floors, and rates that do not fall")


def _of_fees(key: str, market: MarketRules) -> Iterator[Conflict]:
    base, most = market.liquidator_fee_wad, market.liquidator_fee_max_wad
    if most and base > most:
        expected = f"at most liquidator_fee_max {ratio_text(most)}"
        yield Conflict(f"{key}.liquidator_fee", ratio_text(base), expected)
    if market.insurance_balance_wad and not market.insurance_ring:
        found = ratio_text(market.insurance_balance_wad)
        yield Conflict(f"{key}.insurance_balance", found, "an insurance_ring beside it")
