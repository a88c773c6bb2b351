"""Derive's portfolio margin (PMRM2): the worst of a grid of scenarios, and what comes on top.

Source: derivexyz/v2-core at 7736900d, src/risk-managers/PMRMLib_2.sol and PMRM_2_1.sol. A margin is
net: cash and mark-to-market less the requirement, so an account is short of funds below zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trimtab.protocols.derive_portfolio_rules import (
    SKEWS,
    UNSHOCKED,
    ContingencyRules,
    Expiry,
    Portfolio,
    PortfolioRules,
    Scenario,
    VolShock,
)
from trimtab.protocols.derive_portfolio_shocks import (
    Discounts,
    discounts,
    naked_shorts_wad,
    shocked_values_wad,
    times_wad,
    years_wad,
)
from trimtab.units import WAD, mul_div_down

ExpiryValue = Callable[[Expiry, Scenario], int]


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What one scenario does: profit by part, signed, in wad; `total_wad` decides.

    expiries_wad and collaterals_wad stand in the order of the portfolio.
    """

    scenario: Scenario
    perp_wad: int
    expiries_wad: tuple[int, ...]
    collaterals_wad: tuple[int, ...]

    @property
    def total_wad(self) -> int:
        """Return the profit of the whole portfolio, signed."""
        return self.perp_wad + sum(self.expiries_wad) + sum(self.collaterals_wad)

    @property
    def offset_wad(self) -> int:
        """Return the loss that netting took away: losses of the parts less that of the whole."""
        parts = (self.perp_wad, *self.expiries_wad, *self.collaterals_wad)
        return sum(max(-part, 0) for part in parts) - max(-self.total_wad, 0)


@dataclass(frozen=True, slots=True)
class Contingencies:
    """What is required whatever the scenario, by cause, in wad; confidence for initial only."""

    perp_maintenance_wad: int
    perp_initial_wad: int
    options_maintenance_wad: int
    options_initial_wad: int
    collateral_maintenance_wad: int
    collateral_initial_wad: int
    confidence_wad: int

    @property
    def maintenance_wad(self) -> int:
        """Return what both margins are less of."""
        return (
            self.perp_maintenance_wad
            + self.options_maintenance_wad
            + self.collateral_maintenance_wad
        )

    @property
    def initial_wad(self) -> int:
        """Return what the initial margin is further less of."""
        return (
            self.perp_initial_wad
            + self.options_initial_wad
            + self.collateral_initial_wad
            + self.confidence_wad
        )


@dataclass(frozen=True, slots=True)
class PortfolioMargin:
    """Both margins of an account and why they are what they are, all in wad.

    initial_wad, maintenance_wad: net, negative when short of funds; worst: the deciding scenario,
    None where the basis contingency is worse than all; worst_loss_wad: its profit, at most the
    basis contingency; grid: every scenario in order.
    """

    initial_wad: int
    maintenance_wad: int
    mark_to_market_wad: int
    worst: ScenarioResult | None
    worst_loss_wad: int
    basis_contingency_wad: int
    initial_factor_wad: int
    contingencies: Contingencies
    grid: tuple[ScenarioResult, ...]


@dataclass(frozen=True, slots=True)
class _Market:
    """An expiry with its present value, its discounts and what tells its value in a scenario."""

    expiry: Expiry
    value_wad: int
    discounts: Discounts
    value_in: ExpiryValue


def margin(
    portfolio: Portfolio, rules: PortfolioRules, *, expiry_value: ExpiryValue | None = None
) -> PortfolioMargin:
    """Return both margins of a portfolio, the worst scenario and every contingency.

    Args:
        portfolio: the account and its feeds; rules: parameters and scenarios.
        expiry_value: what the options of an expiry are worth in a scenario, where something else
            than pricing each of them knows (`derive_portfolio_grid`); None: they are priced.

    Returns:
        initial = factor * worst - contingencies + mark-to-market, the factor raised by the depeg;
        maintenance likewise with its own factor and contingencies alone.

    Rounding: toward zero after each product, as the contract; option values nearest.
    """
    value = expiry_value or _pricing(rules)
    markets = tuple(_market(expiry, rules, value=value) for expiry in portfolio.expiries)
    grid = tuple(_result(portfolio, markets, scenario=s) for s in rules.scenarios)
    basis = sum(_basis_wad(market, rules) for market in markets)
    worst = min(grid, key=lambda result: result.total_wad)
    decides = worst.total_wad < basis
    loss = worst.total_wad if decides else basis
    values = collateral_values_wad(portfolio)
    mark = portfolio.perp_cash_wad + sum(market.value_wad for market in markets) + sum(values)
    mark += portfolio.cash_wad
    found = contingencies(portfolio, rules.contingency)
    factor = _initial_factor_wad(portfolio, rules)
    maintenance = times_wad(loss, rules.margin.maintenance_factor_wad) - found.maintenance_wad
    initial = times_wad(loss, factor) - found.initial_wad - found.maintenance_wad
    return PortfolioMargin(
        initial_wad=initial + mark,
        maintenance_wad=maintenance + mark,
        mark_to_market_wad=mark,
        worst=worst if decides else None,
        worst_loss_wad=loss,
        basis_contingency_wad=basis,
        initial_factor_wad=factor,
        contingencies=found,
        grid=grid,
    )


def collateral_values_wad(portfolio: Portfolio) -> tuple[int, ...]:
    """Return amount * price / price of the stablecoin of each collateral, rounded down."""
    return tuple(
        mul_div_down(held.amount_wad, held.price_wad, portfolio.stable_price_wad)
        for held in portfolio.collaterals
    )


def contingencies(portfolio: Portfolio, rules: ContingencyRules) -> Contingencies:
    """Return what is required beside the scenarios.

    The confidence of a collateral is the least of its own and of spot; of the perpetual and of an
    expiry also that of the perpetual, while one is held.
    """
    notional = times_wad(abs(portfolio.perp_size_wad), portfolio.spot_wad)
    values = collateral_values_wad(portfolio)
    held = tuple(zip(portfolio.collaterals, values, strict=True))
    shorts = [
        times_wad(naked_shorts_wad(expiry.options), portfolio.spot_wad)
        for expiry in portfolio.expiries
    ]
    exposed = _exposed(portfolio, notional_wad=notional, values=values)
    return Contingencies(
        perp_maintenance_wad=times_wad(notional, rules.maintenance_perp_wad),
        perp_initial_wad=times_wad(notional, rules.initial_perp_wad),
        options_maintenance_wad=sum(times_wad(n, rules.maintenance_option_wad) for n in shorts),
        options_initial_wad=sum(times_wad(n, rules.initial_option_wad) for n in shorts),
        collateral_maintenance_wad=sum(
            times_wad(value, one.maintenance_haircut_wad) for one, value in held
        ),
        collateral_initial_wad=sum(
            times_wad(value, one.initial_haircut_wad) for one, value in held
        ),
        confidence_wad=sum(
            confidence_charge_wad(confidence, amount, rules=rules) for confidence, amount in exposed
        ),
    )


def confidence_charge_wad(
    confidence_wad: int, notional_wad: int, *, rules: ContingencyRules
) -> int:
    """Return (1 - confidence) * factor * notional below the threshold, else 0."""
    if confidence_wad >= rules.confidence_threshold_wad:
        return 0
    return times_wad(times_wad(WAD - confidence_wad, rules.confidence_factor_wad), notional_wad)


def _exposed(
    portfolio: Portfolio, *, notional_wad: int, values: tuple[int, ...]
) -> Iterator[tuple[int, int]]:
    """What a low confidence is charged on: pairs of confidence and notional, in wad."""
    spot = portfolio.spot_confidence_wad
    least = min(spot, portfolio.perp_confidence_wad) if portfolio.perp_size_wad else spot
    yield least, notional_wad
    for expiry in portfolio.expiries:
        count = sum(abs(option.amount_wad) for option in expiry.options)
        yield min(least, expiry.confidence_wad), times_wad(count, portfolio.spot_wad)
    for held, value in zip(portfolio.collaterals, values, strict=True):
        yield min(held.confidence_wad, spot), value


def _initial_factor_wad(portfolio: Portfolio, rules: PortfolioRules) -> int:
    short = max(0, rules.contingency.peg_threshold_wad - portfolio.stable_price_wad)
    return rules.margin.initial_factor_wad + times_wad(short, rules.contingency.peg_factor_wad)


def _pricing(rules: PortfolioRules) -> ExpiryValue:
    return lambda expiry, scenario: sum(shocked_values_wad(expiry, rules, scenario=scenario))


def _market(expiry: Expiry, rules: PortfolioRules, *, value: ExpiryValue) -> _Market:
    return _Market(expiry, value(expiry, UNSHOCKED), discounts(expiry, rules.margin), value)


def _result(
    portfolio: Portfolio, markets: tuple[_Market, ...], *, scenario: Scenario
) -> ScenarioResult:
    move, damp = scenario.spot_wad - WAD, scenario.dampening_wad
    perp = times_wad(portfolio.perp_size_wad, times_wad(move, portfolio.perp_price_wad))
    values = zip(portfolio.collaterals, collateral_values_wad(portfolio), strict=True)
    return ScenarioResult(
        scenario=scenario,
        perp_wad=times_wad(perp, damp),
        expiries_wad=tuple(_expiry_profit_wad(market, scenario) for market in markets),
        collaterals_wad=tuple(
            times_wad(times_wad(value, move), damp) if held.cancels_risk else 0
            for held, value in values
        ),
    )


def _expiry_profit_wad(market: _Market, scenario: Scenario) -> int:
    """A tilt counts as a loss either way: the other tilt is about its mirror image."""
    value = market.value_in(market.expiry, scenario)
    scale = market.discounts.long_wad if value >= 0 else market.discounts.short_wad
    profit = times_wad(times_wad(value, scale) - market.value_wad, scenario.dampening_wad)
    return -abs(profit) if scenario.vol in SKEWS else profit


def _basis_wad(market: _Market, rules: PortfolioRules) -> int:
    """The loss of an expiry that moves alone, times (add + per year * T); at most 0."""
    moves = (rules.basis.spot_up_wad, rules.basis.spot_down_wad)
    values = [market.value_in(market.expiry, Scenario(move, VolShock.NONE)) for move in moves]
    loss = min(0, *(value - market.value_wad for value in values))
    years = years_wad(market.expiry.seconds)
    factor = rules.basis.factor_add_wad + times_wad(rules.basis.factor_per_year_wad, years)
    return times_wad(loss, factor)
