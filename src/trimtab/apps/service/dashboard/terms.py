"""An account's terms: what a page needs to work out its health at other prices by itself.

They are the engine's own amounts, weights and costs as plain numbers; static/terms.js adds them up
as `engine.margin.account_sums` does. What that sum says is for the eye, the engine decides.
"""

from typing import Any

from trimtab.engine import (
    Draft,
    MarketMark,
    debt_amount,
    market_mark,
    owed_cost,
    supply_amount,
    weights,
)
from trimtab.engine.margin import liability_weight_wad
from trimtab.engine.perps.marks import root_of
from trimtab.engine.perps.requirement import notional, requirement
from trimtab.model import Account, Level, Position, contract_decimals
from trimtab.units import Time, format_decimal

WAD_DECIMALS = 18
EXACT_DECIMALS = 54
INVERSE_COST_DECIMALS = 36


def account_terms(draft: Draft, account: Account) -> dict[str, Any]:
    """The terms of an account at a draft's time and prices: decimal text throughout.

    Returns:
        `prices` per asset (quote) and `roots` (the asset each one follows); `collateral` and `debt`
        rows (amount in whole units, weight at the maintenance level); `positions` rows: size
        in contracts, cost in quote (inverse: in the asset), mark and index price, the weight of a
        gain, the rate of the maintenance requirement at the notional now, and its flat part.

    Refuses with `price_missing` where an asset of the account has no price.
    """
    markets = sorted(account.positions)
    assets = {*account.supply, *account.debt}
    assets |= {draft.rules.markets[market].asset for market in markets}
    assets |= {root_of(draft, asset) for asset in assets}
    return {
        "as_of": Time(draft.now_ns).text(),
        "quote": draft.rules.quote,
        "prices": {asset: _wad(draft.mark(asset).price_wad) for asset in sorted(assets)},
        "roots": {asset: root_of(draft, asset) for asset in sorted(assets)},
        "collateral": [
            _collateral(draft, account, asset=asset) for asset in sorted(account.supply)
        ],
        "debt": [_debt(draft, account, asset=asset) for asset in sorted(account.debt)],
        "positions": [
            _position(draft, account.positions[market], mark=market_mark(draft, market))
            for market in markets
            if account.positions[market].size or account.positions[market].cost
        ],
    }


def _collateral(draft: Draft, account: Account, *, asset: str) -> dict[str, str]:
    mark, category = draft.mark(asset), draft.category_rules(account.category)
    owned = supply_amount(mark.pool, account.supply[asset])
    weight = weights(account, mark.rules, category=category, amount=owned).maintenance
    amount = format_decimal(owned, mark.rules.decimals)
    return {"asset": asset, "amount": amount, "weight": _wad(weight)}


def _debt(draft: Draft, account: Account, *, asset: str) -> dict[str, str]:
    mark = draft.mark(asset)
    owed = debt_amount(mark.pool, account.debt[asset])
    amount = format_decimal(owed, mark.rules.decimals)
    return {
        "asset": asset,
        "amount": amount,
        "weight": _wad(liability_weight_wad(mark.rules, owed)),
    }


def _position(draft: Draft, position: Position, *, mark: MarketMark) -> dict[str, Any]:
    rules, level, price = mark.rules, Level.MAINTENANCE, mark.price_wad
    exact = notional(position.size, mark, price_wad=price)
    flat = rules.position_margin_wad if position.size else 0
    needed = requirement(position.size, mark, level=level, price_wad=price)
    # 1e-72 over 1e-54 is the rate in wad; tiers make it the average one at this notional.
    rate = (needed - flat * 10**EXACT_DECIMALS) // exact if exact else 0
    cost = owed_cost(position, mark.state)
    return {
        "market": rules.name,
        "asset": rules.asset,
        "inverse": rules.is_inverse,
        "size": format_decimal(position.size, contract_decimals(draft.rules, rules)),
        "cost": format_decimal(cost, INVERSE_COST_DECIMALS if rules.is_inverse else EXACT_DECIMALS),
        "mark": _wad(price),
        "index": _wad(mark.index_wad),
        "gain_weight": _wad(rules.gain_weight_wad),
        "rate": _wad(rate),
        "flat": _wad(flat),
    }


def _wad(value: int) -> str:
    return format_decimal(value, WAD_DECIMALS)
