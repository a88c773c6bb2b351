"""Every option of a market in every scenario, priced once, for the margins of many accounts.

A book of accounts shares its instruments: what an option is worth in a scenario is the same for all
of them. The grid holds those prices for one unit; a margin from it is the margin of
`derive_portfolio`, to the last unit. Source and scale: as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from trimtab.protocols.derive_portfolio import PortfolioMargin, margin
from trimtab.protocols.derive_portfolio_rules import (
    UNSHOCKED,
    Expiry,
    OptionPosition,
    Portfolio,
    PortfolioRules,
    Scenario,
    VolShock,
)
from trimtab.protocols.derive_portfolio_shocks import shocked_values_wad
from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD

OptionKey = tuple[int, bool, int]
ExpiryKey = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PriceGrid:
    """Prices of one unit by expiry and option; `columns` says which price is whose scenario."""

    rules: PortfolioRules
    columns: Mapping[Scenario, int]
    prices_wad: Mapping[ExpiryKey, Mapping[OptionKey, tuple[int, ...]]]

    @property
    def size(self) -> int:
        """Return how many prices the grid holds."""
        return len(self.columns) * sum(len(found) for found in self.prices_wad.values())


def price_grid(expiries: Iterable[Expiry], rules: PortfolioRules) -> PriceGrid:
    """Return the grid of all options of some expiries; amounts do not matter.

    Args:
        expiries: with the options that any account may hold, each strike with its volatility.
    """
    scenarios = tuple(dict.fromkeys((*rules.scenarios, UNSHOCKED, *_basis_moves(rules))))
    found: dict[ExpiryKey, dict[OptionKey, tuple[int, ...]]] = {}
    for expiry in expiries:
        one = replace(
            expiry, options=tuple(replace(option, amount_wad=WAD) for option in expiry.options)
        )
        rows = [shocked_values_wad(one, rules, scenario=scenario) for scenario in scenarios]
        by_option = zip(one.options, zip(*rows, strict=True), strict=True)
        cells = found.setdefault(expiry_key(expiry), {})
        cells.update({option_key(option): prices for option, prices in by_option})
    columns = {scenario: place for place, scenario in enumerate(scenarios)}
    return PriceGrid(rules, columns, found)


def margin_from(grid: PriceGrid, portfolio: Portfolio) -> PortfolioMargin:
    """Return the margins of a portfolio whose options are all in the grid.

    Rounding: as `derive_portfolio.margin`, whose numbers these are.
    """

    def value(expiry: Expiry, scenario: Scenario) -> int:
        prices, column = grid.prices_wad[expiry_key(expiry)], grid.columns[scenario]
        return sum(
            mul_div_toward_zero(
                prices[option_key(option)][column], option.amount_wad, denominator=WAD
            )
            for option in expiry.options
        )

    return margin(portfolio, grid.rules, expiry_value=value)


def option_key(option: OptionPosition) -> OptionKey:
    """Return what tells options of one expiry apart: strike, kind, volatility."""
    return option.strike_wad, option.is_call, option.vol_wad


def expiry_key(expiry: Expiry) -> ExpiryKey:
    """Return what prices of an expiry depend on: time, both parts of the forward, rate."""
    return (
        expiry.seconds,
        expiry.forward_variable_wad,
        expiry.forward_fixed_wad,
        expiry.rate_wad,
    )


def _basis_moves(rules: PortfolioRules) -> tuple[Scenario, Scenario]:
    up, down = rules.basis.spot_up_wad, rules.basis.spot_down_wad
    return Scenario(up, VolShock.NONE), Scenario(down, VolShock.NONE)
