"""The account's own commands in a market: trade, orders, its own leverage, settlement."""

from dataclasses import replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft
from trimtab.engine.margin import account_sums, amount_up
from trimtab.engine.oracle import require_account_usable, require_usable
from trimtab.engine.perps.fills import (
    apply_fill,
    fill_cost,
    pool_price_wad,
    require_open_interest,
)
from trimtab.engine.perps.marks import market_mark, market_state, pool_key
from trimtab.engine.perps.requirement import notional
from trimtab.engine.perps.settlement import charge, position_of, realize
from trimtab.engine.refusal import require
from trimtab.engine.release import release_if_safe
from trimtab.engine.room import is_larger, require_initial, require_no_worse
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import EventKind, MarketState, Orders, PriceUse, Reason
from trimtab.model.commands import SetLeverage, SetOrders, Settle, Trade
from trimtab.units import UINT256_MAX, WAD, div_down, wad_mul_up


def trade(draft: Draft, command: Trade) -> None:
    """A fill between two accounts, or between an account and the market's pool.

    Whoever takes risk on keeps the initial excess >= 0; whoever reduces does not fall further
    below it.
    """
    market, size = command.market, command.size
    before = market_state(draft, market)
    require(0 < abs(size) <= UINT256_MAX, Reason.AMOUNT_NOT_POSITIVE, size=size)
    require(command.taker != command.maker, Reason.SELF_LIQUIDATION, account=command.taker)
    draft.known_account(command.taker)
    mark = market_mark(draft, market)
    pool = pool_key(market)
    if command.maker != pool:
        draft.known_account(command.maker)
        require(not command.maker.startswith("@"), Reason.UNKNOWN_ACCOUNT, account=command.maker)
    price = _price_wad(draft, command, before=before)
    sides = ((command.taker, size), (command.maker, -size))
    stood = {key: account_sums(draft.account(key), draft) for key, _ in sides}
    grows = {
        key: is_larger(now := position_of(draft, key, market=market).size, now + change)
        for key, change in sides
    }
    if any(grows[key] for key, _ in sides if key != pool):
        require_open(draft, 1)
        require_usable(draft, mark.rules.asset, use=PriceUse.TRADE)
    cost = fill_cost(size, mark, price_wad=price)
    apply_fill(draft, command.taker, market=market, size=size, cost=cost)
    apply_fill(draft, command.maker, market=market, size=-size, cost=-cost)
    value = div_down(notional(size, mark, price_wad=price), EXACT_PER_WAD)
    _tell_fill(draft, command, price=price, value=value)
    fees = ((command.taker, mark.rules.taker_fee_wad), (command.maker, mark.rules.maker_fee_wad))
    for key, fee in fees:
        if fee and key != pool:
            asset = draft.mark(mark.settle_asset)
            units = amount_up(wad_mul_up(value, fee) * EXACT_PER_WAD, asset)
            charge(draft, key, market=market, units=units, kind=EventKind.TRADE_FEE)
    require_open_interest(draft, market, before=before)
    for key, _ in sides:
        if key == pool:
            continue
        if grows[key]:
            restricted = draft.account(key).restricted
            require(not restricted, Reason.RESTRICTED, account=key)
            require_initial(draft, key)
        else:
            require_no_worse(draft, key, before=stood[key])
        release_if_safe(draft, key)


def _price_wad(draft: Draft, command: Trade, *, before: MarketState) -> int:
    """The fill's price: as agreed, or the pool's within the taker's limit."""
    limit = command.price_wad
    require(0 < limit <= UINT256_MAX, Reason.PRICE_INVALID, price=limit)
    mark = market_mark(draft, command.market)
    if command.maker != pool_key(command.market):
        return limit
    size = command.size
    price = pool_price_wad(mark.rules, before, size=size, price_wad=mark.price_wad)
    good = 0 < price <= limit if size > 0 else price >= max(limit, 1)
    require(good, Reason.PRICE_BEYOND_LIMIT, price=price, limit=limit)
    return price


def _tell_fill(draft: Draft, command: Trade, *, price: int, value: int) -> None:
    draft.tell(
        EventKind.TRADE,
        account=command.taker,
        asset=command.market,
        quantity=command.size,
        price=price,
        value=value,
        reason=command.maker,
    )


def set_orders(draft: Draft, command: SetOrders) -> None:
    """Count an account's open orders at their worst case; more of them need initial margin."""
    market_state(draft, command.market)
    account = draft.known_account(command.account)
    valid = 0 <= command.bids <= UINT256_MAX and 0 <= command.asks <= UINT256_MAX
    require(valid, Reason.AMOUNT_NOT_POSITIVE, bids=command.bids, asks=command.asks)
    before = account.orders.get(command.market, Orders())
    orders = dict(account.orders)
    orders.pop(command.market, None)
    if command.bids or command.asks:
        orders[command.market] = Orders(command.bids, command.asks)
    draft.put_account(replace(account, orders=orders))
    if command.bids > before.bids or command.asks > before.asks:
        require_open(draft, 1)
        require(not account.restricted, Reason.RESTRICTED, account=account.key)
        require_usable(draft, market_mark(draft, command.market).rules.asset, use=PriceUse.TRADE)
        require_initial(draft, account.key)
    draft.tell(
        EventKind.ORDERS,
        account=account.key,
        asset=command.market,
        quantity=command.bids - command.asks,
    )
    release_if_safe(draft, account.key)


def set_leverage(draft: Draft, command: SetLeverage) -> None:
    """A higher initial rate that the account asks of itself; it must hold at once."""
    market_state(draft, command.market)
    account = draft.known_account(command.account)
    valid = 0 <= command.initial_wad <= WAD
    require(valid, Reason.RULE_OUT_OF_BOUNDS, initial=command.initial_wad)
    leverage = dict(account.leverage)
    before = leverage.pop(command.market, 0)
    if command.initial_wad:
        leverage[command.market] = command.initial_wad
    draft.put_account(replace(account, leverage=leverage))
    if command.initial_wad > before:
        require_initial(draft, account.key)
    draft.tell(
        EventKind.LEVERAGE,
        account=account.key,
        asset=command.market,
        quantity=command.initial_wad,
    )


def settle(draft: Draft, command: Settle) -> None:
    """Pay in what an account has lost, at the mark price, or out what a closed position has won.

    Anybody may ask. The gain of an open position is not paid out: profits do not buy leverage.
    """
    market = command.market
    mark = market_mark(draft, market)
    if command.account != pool_key(market):
        draft.require_open_to_users(command.account)
    position = position_of(draft, command.account, market=market)
    owed = -position.cost
    if position.size:
        owed = _pnl_in_settle_scale(draft, command.account, market=market)
    least = mark.settle_unit if position.size else 1
    pays = owed <= -least or (position.size == 0 and owed >= mark.settle_unit)
    require(pays, Reason.NOTHING_TO_SETTLE, market=market)
    if position.size:
        require_account_usable(draft, command.account, use=PriceUse.SETTLE)
    paid = realize(draft, command.account, market=market, exact=owed)
    require(paid != 0, Reason.NOTHING_TO_SETTLE, market=market, owed=owed)
    release_if_safe(draft, command.account)


def _pnl_in_settle_scale(draft: Draft, key: str, *, market: str) -> int:
    """Unrealized pnl at the mark price in the scale of costs, a gain rounded down."""
    mark = market_mark(draft, market)
    position = position_of(draft, key, market=market)
    return -fill_cost(-position.size, mark, price_wad=mark.price_wad) - position.cost


def cancel_orders(draft: Draft, key: str) -> None:
    """A liquidation begins with the account's open orders."""
    account = draft.account(key)
    if account.orders:
        draft.put_account(replace(account, orders={}))
        draft.tell(EventKind.ORDERS, account=key, reason="cancelled")
