"""Assets owned and owed as terms of the columns; weights that move with a balance are curves.

A large balance weighs min(w, 1.1 / (1 + f sqrt(s))) and a large debt max(w, 0.8 w + f sqrt(s)), s
in whole units: the first is its plain weight less a requirement, the second is one altogether.
"""

from __future__ import annotations

from typing import NamedTuple

from trimtab.engine import Draft, Mark, Weights, weights
from trimtab.engine.margin import SIZE_CAP_WAD, SIZE_DISCOUNT_WAD
from trimtab.kernels.requirement import Rule, SquareRoot
from trimtab.model import Account
from trimtab.units import WAD, float_of, pow10

# 1e-72 of the quote, the scale of weighted values.
WEIGHTED_DECIMALS = 72
# Whole units of up to this many decimals are whole multiples of 1e-18, so that roots round once.
DECIMALS_MAX = 18
NOBODY = Account("")
NOTHING = (0.0,) * 7


class TermKey(NamedTuple):
    """One way in which shares of an asset count: owned or owed, and under which weights.

    `threshold_wad` is the book's override, `ending` whether liquidation-end weights decide.
    """

    asset: str
    owed: bool
    category: str
    threshold_wad: int | None
    ending: bool


def is_flat(account: Account, draft: Draft) -> bool:
    """Whether no weight moves with a balance and no gain is cut, now or in a ramp."""
    rules, ramps = draft.rules, draft.rules_state.ramps
    names = {ramp.name for ramp in ramps if ramp.field in ("size_factor_wad", "gain_weight_wad")}
    held = {*account.supply, *account.debt, *account.positions}
    if held & names or any(
        rules.assets[a].size_factor_wad for a in (*account.supply, *account.debt)
    ):
        return False
    return all(rules.markets[market].gain_weight_wad == WAD for market in account.positions)


def is_columnar(account: Account, draft: Draft) -> bool:
    """Whether the columns can hold the account: roots of its balances are exact enough."""
    assets = draft.rules.assets
    held = (assets[asset] for asset in (*account.supply, *account.debt))
    return not any(rules.size_factor_wad and rules.decimals > DECIMALS_MAX for rules in held)


def asset_worth(key: TermKey, draft: Draft, *, largest: float) -> tuple[float, ...]:
    """decide, maintenance, liquidation end, initial, equity, gross, slack: quote per share.

    Arguments:
        largest: no fewer shares than anybody holds.
    """
    mark = draft.mark_if_priced(key.asset)
    if mark is None:
        return NOTHING
    pool = mark.pool
    if key.owed:
        amount, shares = -pool.borrowed, pool.borrow_shares
        liability = mark.rules.liability_weight_wad
        weight = Weights(liability, liability, liability)
    else:
        amount, shares = pool.supplied, pool.supply_shares
        weight = _weights(key, mark, draft=draft)
    decide = weight.liquidation_end if key.ending else weight.maintenance
    one = pow10(WEIGHTED_DECIMALS)
    worth, among = (amount * mark.unit, shares * one) if shares else (0, 1)
    # Python divides integers with one rounding.
    full = worth * WAD / among
    maintenance = full if weight.maintenance == WAD else worth * weight.maintenance / among
    end = maintenance
    if weight.liquidation_end != weight.maintenance:
        end = worth * weight.liquidation_end / among
    initial = full if weight.initial == WAD else worth * weight.initial / among
    slack = mark.unit * decide / one
    if key.owed and mark.rules.size_factor_wad and shares:
        # A native unit more of the largest debt adds at most 1.5 times its rate.
        units = largest * (-amount / shares / pow10(mark.rules.decimals)) + 1.0
        premium = float_of(mark.rules.size_factor_wad, 18) * units**0.5
        slack *= 1.0 + 1.5 * premium * WAD / max(decide, 1)
    owed_by_curve = key.owed and mark.rules.size_factor_wad > 0
    return (
        0.0 if owed_by_curve else end if key.ending else maintenance,
        maintenance,
        end,
        initial,
        full,
        0.0 if key.owed else full,
        slack,
    )


def _weights(key: TermKey, mark: Mark, *, draft: Draft) -> Weights:
    overrides = {} if key.threshold_wad is None else {key.asset: key.threshold_wad}
    held = Account("", thresholds=overrides) if overrides else NOBODY
    return weights(held, mark.rules, category=draft.category_rules(key.category))


def asset_rule(key: TermKey, draft: Draft) -> tuple[Rule, float] | None:
    """The curve of a balance whose weight moves with it, and the value of a share; else None."""
    if not draft.asset_rules(key.asset).size_factor_wad:
        return None
    mark = draft.mark_if_priced(key.asset)
    if mark is None:
        return None
    rules, pool = mark.rules, mark.pool
    amount, shares = pool.supplied, pool.supply_shares
    if key.owed:
        amount, shares = pool.borrowed, pool.borrow_shares
    if not shares:
        return None
    value = amount * mark.unit * WAD / (shares * pow10(WEIGHTED_DECIMALS))
    factor, unit = float_of(rules.size_factor_wad, 18), amount / (shares * pow10(rules.decimals))
    if key.owed:
        floor = float_of(rules.liability_weight_wad, 18)
        lead = rules.liability_weight_wad * SIZE_DISCOUNT_WAD / pow10(36)
        return SquareRoot(floor=floor, factor=factor, lead=lead, unit=unit), value
    weight = _weights(key, mark, draft=draft)
    decide = float_of(weight.liquidation_end if key.ending else weight.maintenance, 18)
    cap = float_of(SIZE_CAP_WAD, 18)
    return SquareRoot(floor=0.0, factor=factor, lead=decide, unit=unit, cap=cap), value
