"""Derive's first portfolio manager (PMRM): 23 scenarios, discounts and static contingencies.

Source: derivexyz/v2-core at 7736900d, src/risk-managers/PMRM.sol and PMRMLib.sol; parameters in
`derive_portfolio_v1_presets`. Every number is in wad unless its name says seconds; products and
quotients lose their fraction, as Solidity's do. A margin is net: cash and mark-to-market less the
requirement, negative when short of funds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.protocols.derive_portfolio import ScenarioResult
from trimtab.protocols.derive_portfolio_rules import (
    BasisRules,
    Expiry,
    Scenario,
    VolShock,
    VolShockRules,
)
from trimtab.protocols.derive_portfolio_shocks import (
    naked_shorts_wad,
    option_values_wad,
    times_wad,
    vol_factors,
    vols_up_or_down,
    years_wad,
)
from trimtab.units import WAD, exp_wad_down, mul_div_down


@dataclass(frozen=True, slots=True)
class FirstRules:
    """The parameters of the manager, named as its page names them.

    discount_wad, rate_scale_wad, rate_add_wad: a positive shocked value of an expiry counts times
    discount * exp(-T * (rate * scale + add)); base, perp, option: shares of spot always required.
    """

    vol: VolShockRules
    basis: BasisRules
    initial_factor_wad: int
    discount_wad: int
    rate_scale_wad: int
    rate_add_wad: int
    peg_threshold_wad: int
    peg_factor_wad: int
    confidence_threshold_wad: int
    confidence_factor_wad: int
    base_share_wad: int
    perp_share_wad: int
    option_share_wad: int
    scenarios: tuple[Scenario, ...]

    def __post_init__(self) -> None:
        assert self.scenarios, "no scenario"


@dataclass(frozen=True, slots=True)
class FirstPortfolio:
    """One account: cash, the base asset, a perpetual and options on one underlying.

    perp_cash_wad: unrealized profit and unsettled funding; confidences: 1e18 is full.
    """

    cash_wad: int
    spot_wad: int
    stable_price_wad: int = WAD
    spot_confidence_wad: int = WAD
    base_wad: int = 0
    perp_size_wad: int = 0
    perp_price_wad: int = 0
    perp_confidence_wad: int = WAD
    perp_cash_wad: int = 0
    expiries: tuple[Expiry, ...] = ()

    @property
    def confidence_wad(self) -> int:
        """Return the confidence of spot, cut to that of the perpetual while one is held."""
        if self.perp_size_wad == 0:
            return self.spot_confidence_wad
        return min(self.spot_confidence_wad, self.perp_confidence_wad)


@dataclass(frozen=True, slots=True)
class StaticContingency:
    """What is required whatever the scenario, by cause."""

    base_wad: int
    perp_wad: int
    options_wad: int

    @property
    def total_wad(self) -> int:
        """Return the sum; base and perpetual are summed before spot, as the contract sums them."""
        return self.base_wad + self.perp_wad + self.options_wad


@dataclass(frozen=True, slots=True)
class FirstMargin:
    """Both margins of an account and why they are what they are.

    worst: the deciding scenario, None where the basis contingency is worse than all;
    worst_loss_wad: its profit, at most the basis contingency; grid: every scenario in order.
    """

    initial_wad: int
    maintenance_wad: int
    mark_to_market_wad: int
    worst: ScenarioResult | None
    worst_loss_wad: int
    basis_contingency_wad: int
    initial_factor_wad: int
    static: StaticContingency
    confidence_wad: int
    grid: tuple[ScenarioResult, ...]


@dataclass(frozen=True, slots=True)
class _Market:
    """An expiry with its present value and the discount of positive values."""

    expiry: Expiry
    value_wad: int
    discount_wad: int


def margin(portfolio: FirstPortfolio, rules: FirstRules) -> FirstMargin:
    """Return both margins of a portfolio, the worst scenario and every contingency.

    Returns:
        loss = min(worst scenario, basis contingency) - static contingency;
        maintenance = loss + mark-to-market; initial = factor * loss - confidence contingency +
        mark-to-market, the factor raised by a depeg. The factor takes in the static contingency.

    Rounding: toward zero after each product, as the contract; option values nearest.
    """
    markets = tuple(_market(expiry, rules) for expiry in portfolio.expiries)
    grid = tuple(_result(portfolio, markets, rules=rules, scenario=s) for s in rules.scenarios)
    basis = sum(_basis_wad(market, rules.basis) for market in markets)
    worst = min(grid, key=lambda result: result.total_wad)
    decides = worst.total_wad < basis
    shock = worst.total_wad if decides else basis
    static = static_contingency(portfolio, rules)
    mark = portfolio.cash_wad + portfolio.perp_cash_wad + base_value_wad(portfolio, WAD)
    mark += sum(market.value_wad for market in markets)
    confidence = sum(_confidence_charges(portfolio, rules))
    factor = _initial_factor_wad(portfolio, rules)
    loss = shock - static.total_wad
    return FirstMargin(
        initial_wad=times_wad(loss, factor) - confidence + mark,
        maintenance_wad=loss + mark,
        mark_to_market_wad=mark,
        worst=worst if decides else None,
        worst_loss_wad=shock,
        basis_contingency_wad=basis,
        initial_factor_wad=factor,
        static=static,
        confidence_wad=confidence,
        grid=grid,
    )


def base_value_wad(portfolio: FirstPortfolio, spot_shock_wad: int) -> int:
    """Return what the base asset is worth in the stablecoin at spot * shock, rounded down."""
    moved = times_wad(times_wad(portfolio.base_wad, portfolio.spot_wad), spot_shock_wad)
    return mul_div_down(moved, WAD, portfolio.stable_price_wad)


def static_contingency(portfolio: FirstPortfolio, rules: FirstRules) -> StaticContingency:
    """Return the shares of spot required for the base asset, the perpetual and naked shorts.

    Rounding: each size * share down, then * spot down; the perpetual's is the rest of the sum of
    both, which the contract multiplies once.
    """
    base = times_wad(portfolio.base_wad, rules.base_share_wad)
    both = times_wad(abs(portfolio.perp_size_wad), rules.perp_share_wad) + base
    base_charge = times_wad(base, portfolio.spot_wad)
    options = (
        times_wad(
            times_wad(naked_shorts_wad(expiry.options), rules.option_share_wad), portfolio.spot_wad
        )
        for expiry in portfolio.expiries
    )
    return StaticContingency(
        base_charge, times_wad(both, portfolio.spot_wad) - base_charge, sum(options)
    )


def expiry_discount_wad(expiry: Expiry, rules: FirstRules) -> int:
    """Return discount * exp(-T * (rate * scale + add)); a negative rate counts as 0."""
    rate = times_wad(max(expiry.rate_wad, 0), rules.rate_scale_wad) + rules.rate_add_wad
    fall = exp_wad_down(-times_wad(years_wad(expiry.seconds), rate))
    return times_wad(rules.discount_wad, fall)


def expiry_values_wad(expiry: Expiry, rules: FirstRules, *, scenario: Scenario) -> tuple[int, ...]:
    """Return the signed value of each option in a scenario, without any discount."""
    factors = vol_factors(expiry.seconds, rules.vol)
    vols = vols_up_or_down(expiry, scenario.vol, factors=factors, vol_up_min_wad=0)
    return option_values_wad(expiry, spot_wad=scenario.spot_wad, vols_wad=vols, discount=WAD)


def _market(expiry: Expiry, rules: FirstRules) -> _Market:
    value = sum(expiry_values_wad(expiry, rules, scenario=Scenario(WAD, VolShock.NONE)))
    return _Market(expiry, value, expiry_discount_wad(expiry, rules))


def _result(
    portfolio: FirstPortfolio,
    markets: tuple[_Market, ...],
    *,
    rules: FirstRules,
    scenario: Scenario,
) -> ScenarioResult:
    moved = times_wad(scenario.spot_wad - WAD, portfolio.perp_price_wad)
    base = base_value_wad(portfolio, scenario.spot_wad) - base_value_wad(portfolio, WAD)
    return ScenarioResult(
        scenario=scenario,
        perp_wad=times_wad(portfolio.perp_size_wad, moved),
        expiries_wad=tuple(
            _discounted_wad(market, rules, scenario=scenario) - market.value_wad
            for market in markets
        ),
        collaterals_wad=(base,),
    )


def _discounted_wad(market: _Market, rules: FirstRules, *, scenario: Scenario) -> int:
    """A negative value keeps all of itself."""
    value = sum(expiry_values_wad(market.expiry, rules, scenario=scenario))
    return times_wad(value, market.discount_wad) if value > 0 else value


def _basis_wad(market: _Market, rules: BasisRules) -> int:
    """The loss of an expiry that moves alone, times (add + per year * T); at most 0."""
    moves = (rules.spot_up_wad, rules.spot_down_wad)
    vols = tuple(option.vol_wad for option in market.expiry.options)
    values = [
        sum(option_values_wad(market.expiry, spot_wad=move, vols_wad=vols, discount=WAD))
        for move in moves
    ]
    loss = min(0, *(value - market.value_wad for value in values))
    years = years_wad(market.expiry.seconds)
    return times_wad(loss, rules.factor_add_wad + times_wad(rules.factor_per_year_wad, years))


def _confidence_charges(portfolio: FirstPortfolio, rules: FirstRules) -> Iterator[int]:
    """(1 - confidence) * factor * amount * spot, where the confidence is below the threshold."""
    least = portfolio.confidence_wad
    exposed = [(least, abs(portfolio.perp_size_wad) + portfolio.base_wad)]
    exposed += [
        (min(least, expiry.confidence_wad), sum(abs(one.amount_wad) for one in expiry.options))
        for expiry in portfolio.expiries
    ]
    for confidence, amount in exposed:
        if confidence < rules.confidence_threshold_wad:
            doubt = times_wad(WAD - confidence, rules.confidence_factor_wad)
            yield times_wad(times_wad(doubt, amount), portfolio.spot_wad)


def _initial_factor_wad(portfolio: FirstPortfolio, rules: FirstRules) -> int:
    short = max(0, rules.peg_threshold_wad - portfolio.stable_price_wad)
    return rules.initial_factor_wad + times_wad(short, rules.peg_factor_wad)
