"""Why a portfolio margin is what it is: the result of a scenario, position by position.

Source: as `derive_portfolio`. Every number is in wad.
"""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.protocols.derive_portfolio_rules import (
    SKEWS,
    UNSHOCKED,
    Expiry,
    OptionPosition,
    PortfolioRules,
    Scenario,
)
from trimtab.protocols.derive_portfolio_shocks import discounts, shocked_values_wad, times_wad


@dataclass(frozen=True, slots=True)
class OptionProfit:
    """What one option position contributes to its expiry's result in a scenario, signed."""

    option: OptionPosition
    profit_wad: int


def option_profits_wad(
    expiry: Expiry, rules: PortfolioRules, *, scenario: Scenario
) -> tuple[OptionProfit, ...]:
    """Return each option's part of the expiry's result in a scenario.

    The expiry's discount or mark-up is that of its sum, and a tilt that gains counts as its loss,
    for every position alike.

    Rounding: toward zero for each; the parts differ from the expiry's result by less than two
    units per option.
    """
    before = shocked_values_wad(expiry, rules, scenario=UNSHOCKED)
    after = shocked_values_wad(expiry, rules, scenario=scenario)
    found = discounts(expiry, rules.margin)
    scale = found.long_wad if sum(after) >= 0 else found.short_wad
    sign = -1 if scenario.vol in SKEWS and times_wad(sum(after), scale) > sum(before) else 1
    return tuple(
        OptionProfit(option, sign * times_wad(times_wad(new, scale) - old, scenario.dampening_wad))
        for option, new, old in zip(expiry.options, after, before, strict=True)
    )
