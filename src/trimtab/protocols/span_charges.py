"""SPAN beside the scan: spread charges by delta, the credit between commodities, the minimum.

Source: CME's public description of SPAN's tiers, spread tables and price risk, and the "SPAN margin
system" manual that exchanges publish (sections on inter-month charge, delivery, inter-commodity
credit, short option minimum): there is no code to read. Every number is in wad; a delta counts
whole futures, positive where long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.protocols.span import SCENARIOS, ScanRisk, SpanOption
from trimtab.units import WAD, black76_wad, mul_div_down, mul_div_up


@dataclass(frozen=True, slots=True)
class MonthDelta:
    """The net delta of one contract month and the tier that the month belongs to."""

    month: str
    tier: int
    delta_wad: int


@dataclass(frozen=True, slots=True)
class TierSpread:
    """One row of the table of intra-commodity spreads: two tiers, and a charge per spread."""

    first: int
    second: int
    charge_wad: int


@dataclass(frozen=True, slots=True)
class FormedSpread:
    """How many spreads of a row were formed, and what they cost."""

    row: TierSpread
    spreads_wad: int
    charge_wad: int


@dataclass(frozen=True, slots=True)
class IntraCharge:
    """The charge of a commodity's calendar spreads, its rows, and the delta left by tier."""

    total_wad: int
    formed: tuple[FormedSpread, ...]
    left_wad: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class CommodityRisk:
    """What a commodity brings to spreads with others: its net delta and price risk per delta."""

    delta_wad: int
    price_risk_per_delta_wad: int


@dataclass(frozen=True, slots=True)
class CreditLeg:
    """One leg of an inter-commodity spread: deltas per spread, and which side of the market."""

    commodity: str
    ratio_wad: int
    is_first_side: bool


@dataclass(frozen=True, slots=True)
class CreditRule:
    """One row of the table of inter-commodity spreads: legs on two sides, and the share saved."""

    legs: tuple[CreditLeg, ...]
    rate_wad: int

    def __post_init__(self) -> None:
        assert len({leg.is_first_side for leg in self.legs}) == 2, "a spread has two sides"
        assert 0 <= self.rate_wad <= WAD, f"credit rate out of bounds: {self.rate_wad}"


def option_delta_wad(option: SpanOption, units_wad: int) -> int:
    """Return the delta of signed units of an option at its present price, toward zero.

    Exchanges weight the deltas at seven prices of the scan; the weights are theirs to publish, and
    the present price alone is taken here.
    """
    found = black76_wad(
        option.price_wad,
        option.strike_wad,
        vol_wad=option.vol_wad,
        seconds=option.seconds,
        is_call=option.is_call,
    )
    return mul_div_toward_zero(found.delta_wad, units_wad, denominator=WAD)


def option_value_wad(option: SpanOption, units_wad: int) -> int:
    """Return what signed units of an option are worth in quote, toward zero."""
    found = black76_wad(
        option.price_wad,
        option.strike_wad,
        vol_wad=option.vol_wad,
        seconds=option.seconds,
        is_call=option.is_call,
    )
    worth = mul_div_toward_zero(found.value_wad, option.multiplier_wad, denominator=WAD)
    return mul_div_toward_zero(worth, units_wad, denominator=WAD)


def intra_commodity(deltas: Sequence[MonthDelta], rows: Sequence[TierSpread]) -> IntraCharge:
    """Return the charge for offsetting deltas in different months, which the scan nets away.

    Rows are taken in their order: each forms as many spreads as the long delta of one tier meets
    short delta of the other (or of itself), and uses it up.

    Rounding: charges up.
    """
    longs, shorts = _sides(deltas)
    formed = []
    for row in rows:
        spreads = _pair(longs, shorts, row=row)
        if row.first != row.second:
            spreads += _pair(shorts, longs, row=row)
        if spreads:
            charge = mul_div_up(spreads, row.charge_wad, WAD)
            formed.append(FormedSpread(row, spreads, charge))
    tiers = sorted({held.tier for held in deltas})
    return IntraCharge(
        total_wad=sum(spread.charge_wad for spread in formed),
        formed=tuple(formed),
        left_wad=tuple((tier, longs[tier] - shorts[tier]) for tier in tiers),
    )


def price_risk_per_delta_wad(scan: ScanRisk, delta_wad: int) -> int:
    """Return the weighted price risk: what one delta loses to price alone in the worst scenario.

    The worst scenario's loss and its twin's of the other volatility are averaged, less the average
    of the two without a move; over the net delta. 0 where there is no delta or no such loss.
    """
    if delta_wad == 0:
        return 0
    place = scan.scenario - 1
    twin = place if SCENARIOS[place].is_extreme else place ^ 1
    moved = scan.losses_wad[place] + scan.losses_wad[twin]
    still = scan.losses_wad[0] + scan.losses_wad[1]
    return mul_div_down(max(0, moved - still), WAD, 2 * abs(delta_wad))


def inter_commodity_credit_wad(
    risks: Mapping[str, CommodityRisk], rules: Sequence[CreditRule]
) -> dict[str, int]:
    """Return what each commodity is credited for spreads with others, in the order of the rules.

    spreads = the least of |delta| / ratio over the legs, where the sides oppose each other; the
    credit of a leg = spreads * ratio * price risk per delta * rate; deltas are used up.

    Rounding: down.
    """
    left = {name: risk.delta_wad for name, risk in risks.items()}
    credit = dict.fromkeys(risks, 0)
    for rule in rules:
        spreads = _spreads_wad(rule, left)
        for leg in rule.legs if spreads else ():
            used = mul_div_down(spreads, leg.ratio_wad, WAD)
            saved = mul_div_down(used, risks[leg.commodity].price_risk_per_delta_wad, WAD)
            credit[leg.commodity] += mul_div_down(saved, rule.rate_wad, WAD)
            left[leg.commodity] += -used if left[leg.commodity] > 0 else used
    return credit


def short_option_minimum_wad(
    calls_wad: int, puts_wad: int, *, charge_wad: int, counts_both: bool = False
) -> int:
    """Return the least requirement for short options: charge * max(calls, puts), or their sum.

    Args:
        calls_wad, puts_wad: how many are short, at least 0; charge_wad: per option.
    """
    count = calls_wad + puts_wad if counts_both else max(calls_wad, puts_wad)
    return mul_div_up(count, charge_wad, WAD)


def _sides(deltas: Sequence[MonthDelta]) -> tuple[dict[int, int], dict[int, int]]:
    """Long and short delta by tier, as magnitudes."""
    longs = dict.fromkeys((held.tier for held in deltas), 0)
    shorts = dict(longs)
    for held in deltas:
        side = longs if held.delta_wad > 0 else shorts
        side[held.tier] += abs(held.delta_wad)
    return longs, shorts


def _pair(of_first: dict[int, int], of_second: dict[int, int], *, row: TierSpread) -> int:
    """Use up one side of a row's first tier against the other side of its second."""
    spreads = min(of_first.get(row.first, 0), of_second.get(row.second, 0))
    if spreads:
        of_first[row.first] -= spreads
        of_second[row.second] -= spreads
    return spreads


def _spreads_wad(rule: CreditRule, left: Mapping[str, int]) -> int:
    deltas = [left.get(leg.commodity, 0) for leg in rule.legs]
    signs = {(delta > 0) == leg.is_first_side for leg, delta in zip(rule.legs, deltas, strict=True)}
    if 0 in deltas or len(signs) != 1:
        return 0
    return min(
        mul_div_down(abs(delta), WAD, leg.ratio_wad)
        for leg, delta in zip(rule.legs, deltas, strict=True)
    )
