"""How much of which debt one liquidation closes, and at what bonus and fee: pure arithmetic.

All inputs are exact (see `margin`): a repayment of value x against collateral at total price
factor k = 1 + bonus + fee lowers the weighted debt by x w and the weighted collateral by x LT k.
"""

from dataclasses import dataclass

from trimtab.engine.draft import Mark
from trimtab.engine.margin import Sums, amount_up, value_wad
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import Account, BonusCurve, CategoryRules, LiquidationRules, Sizing, SpiralRule
from trimtab.units import WAD, div_down, div_up, mul_div_down, mul_div_up


@dataclass(frozen=True, slots=True)
class Terms:
    """Bonus and fee (wad) of one liquidation; `inside_bound` says that health cannot fall."""

    bonus_wad: int
    fee_wad: int
    inside_bound: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One debt and one collateral of one account, as a liquidation sees them."""

    debt: Mark
    collateral: Mark
    owed: int
    held: int
    weight: int
    end_weight: int = 0

    @property
    def owed_value(self) -> int:
        """Exact value (1e-54) of the whole debt."""
        return self.owed * self.debt.unit

    @property
    def held_value(self) -> int:
        """Exact value (1e-54) of the whole collateral."""
        return self.held * self.collateral.unit


def pair_of(
    account: Account, debt: Mark, *, collateral: Mark, weight: int, end_weight: int = 0
) -> Pair:
    """The pair of an account: what it owes of one asset and holds of another, native units."""
    owed = debt_amount(debt.pool, account.debt.get(debt.asset, 0))
    held = supply_amount(collateral.pool, account.supply.get(collateral.asset, 0))
    return Pair(debt, collateral, owed, held, weight, end_weight)


def base_bonus_wad(
    sums: Sums, pair: Pair, *, rules: LiquidationRules, category: CategoryRules | None
) -> int:
    """The bonus before the spiral bound: fixed, or growing with the shortfall of health below 1.

    On the shortfall curve it rises linearly from `minimum_bonus` at health 1 to the asset's bonus
    at `full_bonus_health`; both ends and every point in between round down.
    """
    full = pair.collateral.rules.liquidation_bonus_wad
    if category is not None and pair.collateral.asset in category.assets:
        full = category.liquidation_bonus_wad
    if rules.bonus_curve is BonusCurve.FIXED:
        return full
    least = min(rules.minimum_bonus_wad, full)
    health = mul_div_down(sums.maintenance, WAD, sums.liabilities)
    if health <= rules.full_bonus_health_wad:
        return full
    shortfall = max(0, WAD - health)
    return least + mul_div_down(full - least, shortfall, WAD - rules.full_bonus_health_wad)


def terms_of(
    sums: Sums, pair: Pair, *, rules: LiquidationRules, category: CategoryRules | None = None
) -> Terms:
    """Bonus and fee, kept inside the spiral bound of the pair where the rules cut them.

    Seizing i for j keeps health from falling while LT_i (1 + bonus + fee) <= health x w_j. The
    fee is cut first, then the bonus, down to `minimum_bonus`: an account beyond the bound is
    bankrupt or nearly so, and somebody has to want it. A bankrupt account has no margin to pay a
    fee from; a fee there would only keep its last collateral from being sold.
    """
    bonus = base_bonus_wad(sums, pair, rules=rules, category=category)
    fee = pair.collateral.rules.liquidation_fee_wad if sums.equity >= 0 else 0
    if pair.weight == 0:
        return Terms(bonus, fee, inside_bound=True)
    room = div_down(
        sums.maintenance * pair.debt.rules.liability_weight_wad * WAD,
        pair.weight * sums.liabilities,
    )
    room -= WAD
    if bonus + fee > room and rules.spiral is SpiralRule.CUT:
        fee = min(fee, max(0, room - bonus))
        bonus = min(bonus, max(room, min(rules.minimum_bonus_wad, bonus)))
    return Terms(bonus, fee, inside_bound=bonus + fee <= room)


def largest_repay(sums: Sums, pair: Pair, *, rules: LiquidationRules, factor_wad: int) -> int:
    """Native units of debt that one liquidation may close, before requests, windows and dust.

    `factor_wad` is 1 + bonus + fee. Rounded up, so that a liquidation sized to a target reaches it;
    capped by the debt. The collateral's cap is `collateral_cap`'s.
    """
    if rules.sizing is Sizing.WHOLE or sums.equity < 0:
        return pair.owed
    if rules.sizing is Sizing.CLOSE_FACTOR:
        full = rules.full_close_health_wad * sums.liabilities
        if sums.maintenance * WAD < full:
            return pair.owed
        return mul_div_up(pair.owed, rules.close_factor_wad, WAD)
    target, weight = rules.target_health_wad, pair.weight
    missing = target * sums.liabilities - sums.maintenance * WAD
    if missing <= 0:
        # Above the target, yet not released: what is missing is missing at the liquidation end.
        target, weight = WAD, pair.end_weight
        missing = -sums.excess_liquidation_end * WAD
    return _repay_to_target(pair, missing, target_wad=target, weight=weight, factor_wad=factor_wad)


def _repay_to_target(
    pair: Pair, missing: int, *, target_wad: int, weight: int, factor_wad: int
) -> int:
    # x = (h WD - WC) / (h w_j - LT_i k), derived in docs/concepts/liquidation.md; without a
    # positive slope no repayment reaches the target: the whole debt.
    slope = target_wad * pair.debt.rules.liability_weight_wad - weight * factor_wad
    if slope <= 0:
        return pair.owed
    repay_value = div_up(missing, slope)
    return min(pair.owed, amount_up(repay_value, pair.debt))


def collateral_cap(pair: Pair, factor_wad: int) -> int:
    """The repayment, rounded up, for which the whole collateral of the pair is taken."""
    value = mul_div_up(pair.held_value, WAD, factor_wad)
    return amount_up(value, pair.debt)


def without_dust(pair: Pair, repay: int, *, rules: LiquidationRules, factor_wad: int) -> int:
    """The repayment, raised where it would leave dust on either side.

    A debt left below `dust_debt` is closed whole, a collateral left below `dust_collateral` taken
    whole, as far as the other side reaches.
    """
    cap = min(pair.owed, collateral_cap(pair, factor_wad))
    if repay >= cap:
        return cap
    left = value_wad(pair.owed - repay, pair.debt)
    if left < rules.dust_debt_wad:
        return cap
    seized = mul_div_up(repay * pair.debt.unit, factor_wad, WAD)
    left = max(0, pair.held_value - seized)
    if div_up(left, EXACT_PER_WAD) < rules.dust_collateral_wad:
        return cap
    return repay
