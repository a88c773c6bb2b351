"""The margin function: three levels from exact integers, for one account at a moment.

Values are *exact*: amount x price brought to the common scale of 1e-54 quote units, weighted
values to 1e-72. Nothing is divided before a decision, so a decision is a comparison of integers.
Debt is the amount rounded up, collateral the amount rounded down; both roundings happen once, when
shares become native units.
"""

from dataclasses import dataclass

from trimtab.engine.draft import Draft, Mark
from trimtab.engine.perps.valuation import position_terms
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import Account, AssetRules, CategoryRules
from trimtab.units import (
    WAD,
    div_down,
    div_up,
    mul_div_down,
    mul_div_up,
    pow10,
    sqrt_wad_up,
    wad_mul_up,
)

# Drift v2: a large balance weighs at most 1.1 / (1 + f sqrt(s)), a large debt at least
# 0.8 of its weight plus f sqrt(s).
SIZE_CAP_WAD = 11 * 10**17
SIZE_DISCOUNT_WAD = 8 * 10**17


@dataclass(frozen=True, slots=True)
class Weights:
    """Collateral weights (wad) of one asset for one account, at the three levels."""

    initial: int
    liquidation_end: int
    maintenance: int


@dataclass(frozen=True, slots=True)
class Sums:
    """One account's sums: exact values (1e-54), and weighted values (1e-72) by level.

    `initial`, `liquidation_end` and `maintenance` are weighted collateral with the gains of
    positions; `weighted_debt` is weighted debt with their losses, at the last two levels, and
    `initial_extra` what the initial level adds to it by its worse prices. Requirements stand apart.
    """

    collateral: int = 0
    debt: int = 0
    initial: int = 0
    liquidation_end: int = 0
    maintenance: int = 0
    weighted_debt: int = 0
    initial_extra: int = 0
    gains: int = 0
    losses: int = 0
    requirement_initial: int = 0
    requirement_end: int = 0
    requirement_maintenance: int = 0
    notional: int = 0

    @property
    def equity(self) -> int:
        """Collateral and unrealized pnl less debt, before weights, exact (1e-54)."""
        return self.collateral + self.gains - self.losses - self.debt

    @property
    def liabilities(self) -> int:
        """What the maintenance level holds against the account (1e-72): debt, losses, margin."""
        return self.weighted_debt + self.requirement_maintenance

    @property
    def required(self) -> int:
        """What the maintenance level asks of equity (1e-72), by which a loss is shared out.

        The requirement of positions; of an account that also owes a loan, equity - maintenance
        excess: the haircuts of its collateral and debt with it.
        """
        if self.debt == 0:
            return self.requirement_maintenance
        return self.equity * WAD - self.excess_maintenance

    @property
    def excess_initial(self) -> int:
        """Excess at the initial level (1e-72); opening and withdrawing need it >= 0."""
        liabilities = self.weighted_debt + self.initial_extra
        return self.initial - liabilities - self.requirement_initial

    @property
    def excess_liquidation_end(self) -> int:
        """Excess at the liquidation-end level (1e-72); a liquidation goes on until it is >= 0."""
        return self.liquidation_end - self.weighted_debt - self.requirement_end

    @property
    def excess_maintenance(self) -> int:
        """Excess at the maintenance level (1e-72); a liquidation starts when it is < 0."""
        return self.maintenance - self.liabilities


def weights(
    account: Account, rules: AssetRules, *, category: CategoryRules | None, amount: int = 0
) -> Weights:
    """Collateral weights of an asset: its own, its category's, or the book's override.

    `amount` (native units) matters where large balances weigh less (`size_factor`).
    """
    initial, end = rules.max_ltv_wad, rules.liquidation_end_wad
    maintenance = rules.liquidation_threshold_wad
    if category is not None and rules.name in category.assets:
        initial = category.max_ltv_wad
        end = maintenance = category.liquidation_threshold_wad
    if account.thresholds and rules.name in account.thresholds:
        maintenance = account.thresholds[rules.name]
        end = min(end, maintenance) if end else maintenance
        initial = min(initial, end)
    if rules.size_factor_wad and amount:
        # min(w, 1.1 / (1 + f sqrt(s))), s in whole units: Drift v2, its spot asset weight.
        most = mul_div_down(SIZE_CAP_WAD, WAD, WAD + _size_premium_wad(rules, amount))
        initial, end, maintenance = min(initial, most), min(end, most), min(maintenance, most)
    return Weights(initial, end, maintenance)


def liability_weight_wad(rules: AssetRules, owed: int) -> int:
    """Weight of a debt: its own, or, of a large one, 0.8 of it plus f sqrt(s) (Drift v2); up."""
    weight = rules.liability_weight_wad
    if rules.size_factor_wad == 0:
        return weight
    discounted = wad_mul_up(SIZE_DISCOUNT_WAD, weight)
    return max(weight, discounted + _size_premium_wad(rules, owed))


def _size_premium_wad(rules: AssetRules, amount: int) -> int:
    whole_wad = mul_div_up(amount, WAD, pow10(rules.decimals))
    return wad_mul_up(rules.size_factor_wad, sqrt_wad_up(whole_wad))


def account_sums(account: Account, draft: Draft) -> Sums:
    """The sums of an account at the draft's time and prices.

    Refuses with `price_missing` where an asset of the account has no price.
    """
    category = draft.category_rules(account.category)
    collateral = initial = end = maintenance = debt = weighted_debt = extra = 0
    for asset, shares in account.supply.items():
        mark = draft.mark(asset)
        amount = supply_amount(mark.pool, shares)
        value = amount * mark.unit
        weight = weights(account, mark.rules, category=category, amount=amount)
        collateral += value
        low = value if mark.low_wad == mark.price_wad else amount * mark.low_unit
        initial += low * weight.initial
        end += value * weight.liquidation_end
        maintenance += value * weight.maintenance
    for asset, shares in account.debt.items():
        mark = draft.mark(asset)
        owed = debt_amount(mark.pool, shares)
        value, weight_wad = owed * mark.unit, liability_weight_wad(mark.rules, owed)
        debt += value
        weighted_debt += value * weight_wad
        if mark.high_wad != mark.price_wad:
            extra += (owed * mark.high_unit - value) * weight_wad
    if not (account.positions or account.orders):
        return Sums(collateral, debt, initial, end, maintenance, weighted_debt, extra)
    found = position_terms(account, draft)
    losses = found.losses * WAD
    return Sums(
        collateral,
        debt,
        initial + found.initial_gains,
        end + found.weighted_gains,
        maintenance + found.weighted_gains,
        weighted_debt + losses,
        extra + found.initial_losses - losses,
        found.gains,
        found.losses,
        found.requirement_initial,
        found.requirement_end,
        found.requirement_maintenance,
        found.notional,
    )


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
