"""One option book under the margin rules of five venues, each by its exact twin.

Sources: the twins'. Deribit holds the options and the perpetual as inverse ones; the underlying is
the coin that margin is paid in and no position there. SPAN takes the underlying and the perpetual
as futures; its ranges here are examples and no exchange's. Every number is in wad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Final

from trimtab.protocols import deribit, deribit_account, span, span_charges
from trimtab.protocols.deribit import (
    DeribitOption,
    DeribitRules,
    InverseFuture,
    MoveResult,
    Position,
)
from trimtab.protocols.deribit_account import BTC_CURRENCY, CurrencyRules, LiquidityRules
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_shocks import vol_factors
from trimtab.protocols.derive_portfolio_v1_presets import DEPLOYED as FIRST
from trimtab.protocols.option_assessment import (
    Assessment,
    Charge,
    LegProfit,
    ScenarioPoint,
    by_expiry,
)
from trimtab.protocols.option_book import BASE_NAME, PERP_NAME, OptionBook, OptionLeg
from trimtab.protocols.option_venues_derive import assess_pmrm, assess_pmrm2, assess_srm
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.protocols.span import SCENARIOS, Line, ScanRules, SpanFuture, SpanOption, SpanScenario
from trimtab.protocols.span_charges import MonthDelta, TierSpread
from trimtab.units import WAD, mul_div_down, mul_div_up

Assess = Callable[[OptionBook], Assessment]

_DIRECTIONS: Final = {1: "up", 0: "the same", -1: "down"}


@dataclass(frozen=True, slots=True)
class SpanExample:
    """Shares of spot, and the range of volatility: an example set, no exchange's."""

    price_share_wad: int = 16 * 10**16
    vol_range_wad: int = 15 * 10**16
    spread_share_wad: int = 10**16
    short_share_wad: int = 5 * 10**15


def assess_deribit(
    book: OptionBook,
    rules: DeribitRules | None = None,
    *,
    currency: CurrencyRules = BTC_CURRENCY,
    liquidity: LiquidityRules | None = None,
) -> Assessment:
    """Return the segregated portfolio margin of a book, in quote at spot, rounded up.

    Args:
        rules: None: those of BTC, with the dampener at the book's spot.
    """
    rules = rules or deribit.btc_rules(book.spot_wad)
    perp = [InverseFuture(book.perp_wad)] if book.perp_wad else []
    held: list[Position] = [*perp, *map(_inverse, book.options)]
    found = deribit_account.requirement(
        held,
        book.spot_wad,
        rules=rules,
        currency=currency,
        liquidity=liquidity or LiquidityRules(),
    )
    worst = found.matrix.worst
    names = [PERP_NAME] * len(perp) + [leg.name for leg in book.options]
    parts = worst.positions_wad if worst else ()
    shocks = [_quote(shock, book) for shock in (found.roll_shock_wad, found.delta_shock_wad)]
    initial = mul_div_up(found.initial_wad, book.spot_wad, WAD)
    return Assessment(
        venue="Deribit PM",
        initial_wad=initial,
        maintenance_wad=mul_div_up(found.maintenance_wad, book.spot_wad, WAD),
        charges=(
            Charge("worst scenario", initial - sum(shocks)),
            Charge("roll", shocks[0]),
            Charge("large delta", shocks[1]),
        ),
        worst=None if worst is None else _deribit_point(worst, book),
        legs=tuple(
            LegProfit(name, _quote(part, book))
            for name, part in zip(names, parts, strict=bool(parts))
        ),
        scenarios=tuple(
            _deribit_point(one, book) for one in (*found.matrix.standard, *found.matrix.extended)
        ),
    )


def assess_span(book: OptionBook, example: SpanExample | None = None) -> Assessment:
    """Return the SPAN requirement of a book before its net option value; one level for both.

    Every expiry is a tier of its own, and futures stand in tier 0: each calendar spread is charged.
    """
    example = example or SpanExample()
    rules = ScanRules(
        mul_div_down(book.spot_wad, example.price_share_wad, WAD), example.vol_range_wad
    )
    futures = _futures(book)
    array = span.risk_array_wad(SpanFuture(WAD), rules)
    lines = [Line(units, array) for _, units in futures]
    lines += [
        Line(leg.amount_wad, span.risk_array_wad(_span_option(leg), rules)) for leg in book.options
    ]
    scan = span.scan_risk(lines)
    spreads = _spread_charge_wad(book, futures, example=example)
    minimum = _short_minimum_wad(book, example)
    total = max(scan.risk_wad + spreads, minimum)
    names = [name for name, _ in futures] + [leg.name for leg in book.options]
    points = tuple(
        _span_point(scenario, -loss, example=example)
        for scenario, loss in zip(SCENARIOS, scan.losses_wad, strict=True)
    )
    return Assessment(
        venue="SPAN (example)",
        initial_wad=total,
        maintenance_wad=total,
        charges=(
            Charge("worst scenario", scan.risk_wad),
            Charge("calendar spreads", spreads),
            Charge("short option minimum", total - scan.risk_wad - spreads),
        ),
        worst=points[scan.scenario - 1] if scan.risk_wad else None,
        legs=tuple(
            LegProfit(name, -loss) for name, loss in zip(names, scan.by_line_wad, strict=True)
        ),
        scenarios=points,
    )


VENUES: Final[Mapping[str, Assess]] = MappingProxyType(
    {
        "pmrm2": assess_pmrm2,
        "pmrm": assess_pmrm,
        "srm": assess_srm,
        "deribit": assess_deribit,
        "span": assess_span,
    }
)


def shocked_vols_wad(venue: str, leg: OptionLeg) -> tuple[int, int]:
    """Return the volatility of a leg after a venue's shock down and up; unshocked for the SRM.

    Args:
        venue: a key of `VENUES`.
    """
    if venue == "deribit":
        down, up = (
            deribit.shocked_vol_wad(leg.vol_wad, leg.seconds, direction=sign, rules=deribit.BTC)
            for sign in (-1, 1)
        )
        return down, up
    if venue == "span":
        step = SpanExample().vol_range_wad
        return max(0, leg.vol_wad - step), leg.vol_wad + step
    rules = {"pmrm2": DEPLOYED.vol, "pmrm": FIRST.vol}.get(venue)
    if rules is None:
        return leg.vol_wad, leg.vol_wad
    factors = vol_factors(leg.seconds, rules)
    up = max(rules.vol_up_min_wad, mul_div_down(leg.vol_wad, factors.up_wad, WAD))
    return mul_div_down(leg.vol_wad, factors.down_wad, WAD), up


def _inverse(leg: OptionLeg) -> DeribitOption:
    return DeribitOption(
        leg.amount_wad, leg.strike_wad, leg.forward_wad, leg.vol_wad, leg.seconds, leg.is_call
    )


def _quote(coins_wad: int, book: OptionBook) -> int:
    return mul_div_toward_zero(coins_wad, book.spot_wad, denominator=WAD)


def _deribit_point(result: MoveResult, book: OptionBook) -> ScenarioPoint:
    vol = _DIRECTIONS[result.move.vol]
    return ScenarioPoint(result.move.move_wad, vol, _quote(result.counted_wad, book))


def _futures(book: OptionBook) -> list[tuple[str, int]]:
    held = [(BASE_NAME, book.base_wad), (PERP_NAME, book.perp_wad)]
    return [(name, units) for name, units in held if units]


def _span_option(leg: OptionLeg) -> SpanOption:
    return SpanOption(WAD, leg.forward_wad, leg.strike_wad, leg.vol_wad, leg.seconds, leg.is_call)


def _span_point(scenario: SpanScenario, profit_wad: int, *, example: SpanExample) -> ScenarioPoint:
    move = mul_div_toward_zero(example.price_share_wad, scenario.thirds, denominator=3)
    move *= 2 if scenario.is_extreme else 1
    return ScenarioPoint(move, _DIRECTIONS[scenario.vol], profit_wad)


def _spread_charge_wad(
    book: OptionBook, futures: list[tuple[str, int]], *, example: SpanExample
) -> int:
    deltas = [MonthDelta(name, 0, units) for name, units in futures]
    tiers = by_expiry(book)
    for tier, legs in enumerate(tiers, start=1):
        net = sum(span_charges.option_delta_wad(_span_option(leg), leg.amount_wad) for leg in legs)
        deltas.append(MonthDelta(str(tier), tier, net))
    charge = mul_div_down(book.spot_wad, example.spread_share_wad, WAD)
    pairs = sorted(combinations(range(len(tiers) + 1), 2), key=lambda pair: pair[1] - pair[0])
    rows = [TierSpread(first, second, charge) for first, second in pairs]
    return span_charges.intra_commodity(deltas, rows).total_wad


def _short_minimum_wad(book: OptionBook, example: SpanExample) -> int:
    calls, puts = (
        sum(max(0, -leg.amount_wad) for leg in book.options if leg.is_call == is_call)
        for is_call in (True, False)
    )
    charge = mul_div_down(book.spot_wad, example.short_share_wad, WAD)
    return span_charges.short_option_minimum_wad(calls, puts, charge_wad=charge)
