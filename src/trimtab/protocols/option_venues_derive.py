"""An option book under Derive's three managers, with the parameters of its deployment script.

The underlying is collateral that moves with spot (PMRM2), the base asset (PMRM), base collateral
(SRM); feeds are sure and the stablecoin is at par. Collateral haircuts of PMRM2 are not in the
script and are none here. Every number is in wad.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

from trimtab.protocols import derive_portfolio, derive_portfolio_v1
from trimtab.protocols.derive_portfolio import ScenarioResult
from trimtab.protocols.derive_portfolio_explain import option_profits_wad
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.protocols.derive_portfolio_rules import (
    BasisRules,
    Collateral,
    Expiry,
    Portfolio,
    PortfolioRules,
    Scenario,
    VolShock,
)
from trimtab.protocols.derive_portfolio_shocks import (
    shocked_values_wad,
    times_wad,
    years_wad,
)
from trimtab.protocols.derive_portfolio_v1 import FirstPortfolio, FirstRules
from trimtab.protocols.derive_portfolio_v1_presets import DEPLOYED as FIRST
from trimtab.protocols.derive_standard import (
    DepegRules,
    MarketMargin,
    MarketRules,
    StandardExpiry,
    StandardMarket,
)
from trimtab.protocols.derive_standard import margin as standard_margin
from trimtab.protocols.derive_standard_presets import DEPLOYED_BTC, DEPLOYED_DEPEG
from trimtab.protocols.option_assessment import (
    Assessment,
    Charge,
    LegProfit,
    ScenarioPoint,
    by_expiry,
    option_positions,
)
from trimtab.protocols.option_book import BASE_NAME, PERP_NAME, OptionBook, OptionLeg
from trimtab.units import WAD

_VOL_WORDS = {
    VolShock.UP: "up",
    VolShock.NONE: "the same",
    VolShock.DOWN: "down",
    VolShock.LINEAR: "tilted",
    VolShock.ABS: "smiling",
}


class Values(Protocol):
    """The value of each option of an expiry in a scenario."""

    def __call__(self, expiry: Expiry, *, scenario: Scenario) -> tuple[int, ...]:
        """Return signed values in the order of the expiry's options."""


def assess_pmrm2(book: OptionBook, rules: PortfolioRules = DEPLOYED) -> Assessment:
    """Return the margin of a book under PMRM2: 33 scenarios."""
    portfolio = _portfolio(book)
    found = derive_portfolio.margin(portfolio, rules)
    held = found.contingencies
    scenario = "basis contingency" if found.worst is None else "worst scenario"
    if found.worst is None:
        legs = _basis_legs(book, rules.basis, values=partial(shocked_values_wad, rules=rules))
    else:
        legs = _legs(book, portfolio, rules=rules, worst=found.worst)
    return Assessment(
        venue="Derive PMRM2",
        initial_wad=found.mark_to_market_wad - found.initial_wad,
        maintenance_wad=found.mark_to_market_wad - found.maintenance_wad,
        charges=(
            Charge(scenario, -times_wad(found.worst_loss_wad, found.initial_factor_wad)),
            Charge("perpetual", held.perp_maintenance_wad + held.perp_initial_wad),
            Charge("naked short options", held.options_maintenance_wad + held.options_initial_wad),
            Charge("collateral", held.collateral_maintenance_wad + held.collateral_initial_wad),
            Charge("confidence", held.confidence_wad),
        ),
        worst=None if found.worst is None else _point(found.worst),
        legs=legs,
        scenarios=tuple(map(_point, found.grid)),
    )


def assess_pmrm(book: OptionBook, rules: FirstRules = FIRST) -> Assessment:
    """Return the margin of a book under the first portfolio manager: 23 scenarios."""
    portfolio = FirstPortfolio(
        cash_wad=book.cash_wad,
        spot_wad=book.spot_wad,
        base_wad=book.base_wad,
        perp_size_wad=book.perp_wad,
        perp_price_wad=book.spot_wad,
        expiries=_expiries(book),
    )
    found = derive_portfolio_v1.margin(portfolio, rules)
    scenario = "basis contingency" if found.worst is None else "worst scenario"
    shock = -times_wad(found.worst_loss_wad, found.initial_factor_wad)
    initial = found.mark_to_market_wad - found.initial_wad
    base, perp = found.static.base_wad, found.static.perp_wad
    charges = [
        Charge("perpetual", times_wad(perp, found.initial_factor_wad)),
        Charge("collateral", times_wad(base, found.initial_factor_wad)),
        Charge("confidence", found.confidence_wad),
    ]
    options = initial - shock - sum(charge.amount_wad for charge in charges)
    if found.worst is None:
        values = partial(derive_portfolio_v1.expiry_values_wad, rules=rules)
        legs = _basis_legs(book, rules.basis, values=values)
    else:
        legs = _first_legs(book, rules, worst=found.worst)
    return Assessment(
        venue="Derive PMRM",
        initial_wad=initial,
        maintenance_wad=found.mark_to_market_wad - found.maintenance_wad,
        charges=(Charge(scenario, shock), Charge("naked short options", options), *charges),
        worst=None if found.worst is None else _point(found.worst),
        legs=legs,
        scenarios=tuple(map(_point, found.grid)),
    )


def assess_srm(
    book: OptionBook, rules: MarketRules = DEPLOYED_BTC, *, depeg: DepegRules = DEPLOYED_DEPEG
) -> Assessment:
    """Return the margin of a book under the standard manager: no scenario, strike by strike."""
    market = StandardMarket(
        rules=rules,
        spot_wad=book.spot_wad,
        perp_size_wad=book.perp_wad,
        perp_price_wad=book.spot_wad,
        base_wad=book.base_wad,
        expiries=tuple(
            StandardExpiry(legs[0].seconds, legs[0].forward_wad, WAD, option_positions(legs))
            for legs in by_expiry(book)
        ),
    )
    initial, maintenance = (
        standard_margin(
            (market,), book.cash_wad, stable_price_wad=WAD, depeg=depeg, is_initial=is_initial
        )
        for is_initial in (True, False)
    )
    return Assessment(
        venue="Derive SRM",
        initial_wad=initial.mark_to_market_wad - initial.net_wad,
        maintenance_wad=maintenance.mark_to_market_wad - maintenance.net_wad,
        charges=_standard_charges(initial.markets[0]),
    )


def _basis_legs(book: OptionBook, basis: BasisRules, *, values: Values) -> tuple[LegProfit, ...]:
    """What each option adds to the basis contingency: its expiry moves alone, the worse way."""
    profits: dict[str, int] = {}
    for legs, expiry in zip(by_expiry(book), _expiries(book), strict=True):
        before = values(expiry, scenario=Scenario(WAD, VolShock.NONE))
        moves = (basis.spot_up_wad, basis.spot_down_wad)
        after = min((values(expiry, scenario=Scenario(m, VolShock.NONE)) for m in moves), key=sum)
        years = times_wad(basis.factor_per_year_wad, years_wad(expiry.seconds))
        factor = basis.factor_add_wad + years if sum(after) < sum(before) else 0
        parts = (times_wad(new - old, factor) for new, old in zip(after, before, strict=True))
        profits |= {leg.name: part for leg, part in zip(legs, parts, strict=True)}
    return tuple(LegProfit(leg.name, profits[leg.name]) for leg in book.options)


def _standard_charges(found: MarketMargin) -> tuple[Charge, ...]:
    expiries = [
        Charge(
            f"options, expiry {number}",
            expiry.mark_to_market_wad - expiry.margin_wad,
        )
        for number, expiry in enumerate(found.expiries, start=1)
    ]
    return (
        *expiries,
        Charge("perpetual", -found.perp_wad),
        Charge("collateral", found.base_value_wad - found.base_wad),
        Charge("depeg", -found.depeg_wad),
    )


def _expiries(book: OptionBook) -> tuple[Expiry, ...]:
    return tuple(
        Expiry(legs[0].seconds, legs[0].forward_wad, 0, WAD, option_positions(legs))
        for legs in by_expiry(book)
    )


def _portfolio(book: OptionBook) -> Portfolio:
    base = Collateral(book.base_wad, book.spot_wad, WAD, True, 0, 0)
    return Portfolio(
        cash_wad=book.cash_wad,
        spot_wad=book.spot_wad,
        spot_confidence_wad=WAD,
        stable_price_wad=WAD,
        perp_size_wad=book.perp_wad,
        perp_price_wad=book.spot_wad,
        collaterals=(base,) if book.base_wad else (),
        expiries=_expiries(book),
    )


def _point(result: ScenarioResult) -> ScenarioPoint:
    scenario = result.scenario
    return ScenarioPoint(scenario.spot_wad - WAD, _VOL_WORDS[scenario.vol], result.total_wad)


def _others(book: OptionBook, worst: ScenarioResult) -> tuple[LegProfit, ...]:
    found = [LegProfit(BASE_NAME, sum(worst.collaterals_wad))] if book.base_wad else []
    return (*found, *([LegProfit(PERP_NAME, worst.perp_wad)] if book.perp_wad else []))


def _legs(
    book: OptionBook, portfolio: Portfolio, *, rules: PortfolioRules, worst: ScenarioResult
) -> tuple[LegProfit, ...]:
    profits: dict[str, int] = {}
    for legs, expiry in zip(by_expiry(book), portfolio.expiries, strict=True):
        parts = option_profits_wad(expiry, rules, scenario=worst.scenario)
        profits |= {leg.name: part.profit_wad for leg, part in zip(legs, parts, strict=True)}
    return (
        *_others(book, worst),
        *(LegProfit(leg.name, profits[leg.name]) for leg in book.options),
    )


def _first_legs(
    book: OptionBook, rules: FirstRules, *, worst: ScenarioResult
) -> tuple[LegProfit, ...]:
    profits: dict[str, int] = {}
    for legs, expiry in zip(by_expiry(book), _expiries(book), strict=True):
        profits |= _first_expiry(legs, expiry, rules=rules, scenario=worst.scenario)
    return (
        *_others(book, worst),
        *(LegProfit(leg.name, profits[leg.name]) for leg in book.options),
    )


def _first_expiry(
    legs: tuple[OptionLeg, ...], expiry: Expiry, *, rules: FirstRules, scenario: Scenario
) -> dict[str, int]:
    """The discount is that of the expiry's sum, for every leg alike."""
    values = derive_portfolio_v1.expiry_values_wad
    before = values(expiry, rules, scenario=Scenario(WAD, VolShock.NONE))
    after = values(expiry, rules, scenario=scenario)
    is_long = sum(after) > 0
    scale = derive_portfolio_v1.expiry_discount_wad(expiry, rules) if is_long else WAD
    return {
        leg.name: times_wad(new, scale) - old
        for leg, new, old in zip(legs, after, before, strict=True)
    }
