"""The margin function: three levels from exact integers, for one account at a moment.

Values are *exact*: amount x price brought to the common scale of 1e-54 quote units, weighted
values to 1e-72. Nothing is divided before a decision, so a decision is a comparison of integers.
Debt is the amount rounded up, collateral the amount rounded down; both roundings happen once, when
shares become native units.
"""

from dataclasses import dataclass

from trimtab.engine.draft import EXACT_DECIMALS, Draft, Mark
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.model import Account, AssetRules, CategoryRules
from trimtab.units import WAD, div_down, div_up, pow10

# 1e-54 to wad, and 1e-72 to wad.
EXACT_PER_WAD = pow10(EXACT_DECIMALS)
WEIGHTED_PER_WAD = EXACT_PER_WAD * WAD


@dataclass(frozen=True, slots=True)
class Weights:
    """Collateral weights (wad) of one asset for one account, at the three levels."""

    initial: int
    liquidation_end: int
    maintenance: int


@dataclass(frozen=True, slots=True)
class Sums:
    """One account's sums: exact values (1e-54), and weighted values (1e-72) by level."""

    collateral: int = 0
    debt: int = 0
    initial: int = 0
    liquidation_end: int = 0
    maintenance: int = 0
    weighted_debt: int = 0

    @property
    def equity(self) -> int:
        """Collateral less debt before weights, exact (1e-54)."""
        return self.collateral - self.debt

    @property
    def excess_initial(self) -> int:
        """Excess at the initial level (1e-72); opening and withdrawing need it >= 0."""
        return self.initial - self.weighted_debt

    @property
    def excess_liquidation_end(self) -> int:
        """Excess at the liquidation-end level (1e-72); a liquidation goes on until it is >= 0."""
        return self.liquidation_end - self.weighted_debt

    @property
    def excess_maintenance(self) -> int:
        """Excess at the maintenance level (1e-72); a liquidation starts when it is < 0."""
        return self.maintenance - self.weighted_debt


def weights(account: Account, rules: AssetRules, *, category: CategoryRules | None) -> Weights:
    """Collateral weights of an asset: its own, its category's, or the book's override."""
    initial, end = rules.max_ltv_wad, rules.liquidation_end_wad
    maintenance = rules.liquidation_threshold_wad
    if category is not None and rules.name in category.assets:
        initial = category.max_ltv_wad
        end = maintenance = category.liquidation_threshold_wad
    if account.thresholds and rules.name in account.thresholds:
        maintenance = account.thresholds[rules.name]
        end = min(end, maintenance) if end else maintenance
        initial = min(initial, end)
    return Weights(initial, end, maintenance)


def account_sums(account: Account, draft: Draft) -> Sums:
    """The sums of an account at the draft's time and prices.

    Refuses with `price_missing` where an asset of the account has no price.
    """
    category = draft.category_rules(account.category)
    collateral = initial = end = maintenance = debt = weighted_debt = 0
    for asset, shares in account.supply.items():
        mark = draft.mark(asset)
        value = supply_amount(mark.pool, shares) * mark.unit
        weight = weights(account, mark.rules, category=category)
        collateral += value
        initial += value * weight.initial
        end += value * weight.liquidation_end
        maintenance += value * weight.maintenance
    for asset, shares in account.debt.items():
        mark = draft.mark(asset)
        value = debt_amount(mark.pool, shares) * mark.unit
        debt += value
        weighted_debt += value * mark.rules.liability_weight_wad
    return Sums(collateral, debt, initial, end, maintenance, weighted_debt)


def is_unsafe(account: Account, sums: Sums) -> bool:
    """Whether a liquidation may start, or go on (hysteresis up to the liquidation-end level)."""
    if sums.excess_maintenance < 0:
        return True
    return account.in_liquidation and sums.excess_liquidation_end < 0


def value_wad(amount: int, mark: Mark) -> int:
    """Value of native units in wad of the quote, rounded down."""
    return div_down(amount * mark.unit, EXACT_PER_WAD)


def value_wad_up(amount: int, mark: Mark) -> int:
    """Value of native units in wad of the quote, rounded up."""
    return div_up(amount * mark.unit, EXACT_PER_WAD)


def amount_down(exact_value: int, mark: Mark) -> int:
    """Native units that an exact value (1e-54) buys, rounded down."""
    return div_down(exact_value, mark.unit)


def amount_up(exact_value: int, mark: Mark) -> int:
    """Native units that are worth at least an exact value (1e-54)."""
    return div_up(exact_value, mark.unit)
