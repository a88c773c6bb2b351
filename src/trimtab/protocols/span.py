"""SPAN: the sixteen scenarios of a futures and options portfolio, and what is added and taken off.

Source: CME's public description of SPAN and a textbook's worked example (S&P 500 future, range of
10,000 USD, extreme move counted at 7,000): there is no code to read. Arrays hold the *profit* of
one long unit, in the order of `SCENARIOS`; losses are positive in requirements. Every number is in
wad unless its name says seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, black76_value_wad


@dataclass(frozen=True, slots=True)
class SpanScenario:
    """A move in thirds of the price range, a direction of vol, whether it is extreme."""

    thirds: int
    vol: int
    is_extreme: bool = False


SCENARIOS: Final = (
    *(SpanScenario(thirds, vol) for thirds in (0, 1, -1, 2, -2, 3, -3) for vol in (1, -1)),
    SpanScenario(3, 0, is_extreme=True),
    SpanScenario(-3, 0, is_extreme=True),
)


@dataclass(frozen=True, slots=True)
class ScanRules:
    """The scan ranges of one commodity.

    price_range_wad: quote per unit; vol_range_wad: added to and taken off annual volatility;
    extreme_multiple_wad: of the price range; cover_wad: the fraction of an extreme result counted.
    """

    price_range_wad: int
    vol_range_wad: int
    extreme_multiple_wad: int = 2 * WAD
    cover_wad: int = 35 * 10**16


@dataclass(frozen=True, slots=True)
class SpanFuture:
    """A future: its multiplier (quote per point of price)."""

    multiplier_wad: int


@dataclass(frozen=True, slots=True)
class SpanOption:
    """An option on the future, with the price and volatility it is valued at."""

    multiplier_wad: int
    price_wad: int
    strike_wad: int
    vol_wad: int
    seconds: int
    is_call: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A signed number of units of one contract, with its array of sixteen profits."""

    units_wad: int
    profits_wad: tuple[int, ...]

    def __post_init__(self) -> None:
        assert len(self.profits_wad) == len(SCENARIOS), f"{len(self.profits_wad)} scenarios"


@dataclass(frozen=True, slots=True)
class ScanRisk:
    """The largest loss over the scenarios, at least 0.

    scenario: 1 to 16, the first of the worst; losses_wad: of the portfolio in every scenario;
    by_line_wad: of each line in the worst one; offset_wad: what netting saved against the sum of
    every line's own scan risk.
    """

    risk_wad: int
    scenario: int
    losses_wad: tuple[int, ...]
    by_line_wad: tuple[int, ...]
    offset_wad: int


@dataclass(frozen=True, slots=True)
class Charges:
    """What is set beside the scan risk: spread and delivery charges, credit, minimum, value."""

    intra_commodity_wad: int = 0
    delivery_wad: int = 0
    inter_commodity_credit_wad: int = 0
    short_option_minimum_wad: int = 0
    net_option_value_wad: int = 0


def risk_array_wad(contract: SpanFuture | SpanOption, rules: ScanRules) -> tuple[int, ...]:
    """Return the profit of one long unit in each scenario; an extreme one times the cover.

    Rounding: toward zero. Options by Black-76 without a discount, vol and price at least 0.
    """
    return tuple(_profit_wad(contract, scenario, rules=rules) for scenario in SCENARIOS)


def scan_risk(lines: Sequence[Line]) -> ScanRisk:
    """Return the largest loss of all lines together over the sixteen scenarios.

    Rounding: each line's loss toward zero; exact for whole units.
    """
    by_scenario = [
        tuple(_loss_wad(line, index) for line in lines) for index in range(len(SCENARIOS))
    ]
    losses = tuple(sum(parts) for parts in by_scenario)
    worst = max(range(len(SCENARIOS)), key=losses.__getitem__)
    risk = max(0, losses[worst])
    alone = sum(max(0, *(part[i] for part in by_scenario)) for i in range(len(lines)))
    return ScanRisk(risk, worst + 1, losses, by_scenario[worst], alone - risk)


def requirement_wad(risk_wad: int, charges: Charges) -> int:
    """Return the requirement of one commodity, at least 0.

    max(scan + intra-commodity + delivery - inter-commodity credit, short-option minimum), less the
    net option value (longs positive, shorts negative).
    """
    charged = risk_wad + charges.intra_commodity_wad + charges.delivery_wad
    charged = max(charged - charges.inter_commodity_credit_wad, charges.short_option_minimum_wad)
    return max(0, charged - charges.net_option_value_wad)


def _loss_wad(line: Line, index: int) -> int:
    return mul_div_toward_zero(-line.units_wad, line.profits_wad[index], denominator=WAD)


def _profit_wad(
    contract: SpanFuture | SpanOption, scenario: SpanScenario, *, rules: ScanRules
) -> int:
    move = mul_div_toward_zero(rules.price_range_wad, scenario.thirds, denominator=3)
    if scenario.is_extreme:
        move = mul_div_toward_zero(move, rules.extreme_multiple_wad, denominator=WAD)
    if isinstance(contract, SpanOption):
        moved = _value_wad(contract, move, vol_wad=scenario.vol * rules.vol_range_wad)
        change = moved - _value_wad(contract, 0, vol_wad=0)
    else:
        change = move
    profit = mul_div_toward_zero(change, contract.multiplier_wad, denominator=WAD)
    if scenario.is_extreme:
        return mul_div_toward_zero(profit, rules.cover_wad, denominator=WAD)
    return profit


def _value_wad(option: SpanOption, move_wad: int, *, vol_wad: int) -> int:
    return black76_value_wad(
        max(option.price_wad + move_wad, 1),
        option.strike_wad,
        vol_wad=max(option.vol_wad + vol_wad, 0),
        seconds=option.seconds,
        is_call=option.is_call,
    )
