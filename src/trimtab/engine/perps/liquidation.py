"""The liquidation of a position: who may be closed, how much, at what price, and who pays.

A close that leaves the account less than the closed part's share of its equity is a loss, and its
payers bring the account back to that share at once (dYdX v4): an account never carries on below
zero because of a fill.
"""

from dataclasses import replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft, shifted
from trimtab.engine.liquidation import close_or_release, unsafe_account
from trimtab.engine.margin import Sums, account_sums, amount_down
from trimtab.engine.perps.attribution import Offer, closed_value, own_share
from trimtab.engine.perps.fills import apply_fill, fill_cost
from trimtab.engine.perps.losses import Loss, cover, socialize
from trimtab.engine.perps.marks import market_mark, market_state, pool_key, put_market
from trimtab.engine.perps.requirement import marginal_rate_wad, notional
from trimtab.engine.perps.settlement import charge, position_of
from trimtab.engine.perps.sizing import (
    Fees,
    contract_unit,
    fillable_price_wad,
    insurance_fee_wad,
    ladder_size,
    liquidator_fee_wad,
    portion_size,
    released,
    size_for,
    window_left,
)
from trimtab.engine.perps.trading import cancel_orders
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.model import (
    Account,
    AdlPolicy,
    EventKind,
    Level,
    PositionLiquidationRules,
    PositionSizing,
    Reason,
)
from trimtab.model.commands import LiquidatePosition
from trimtab.units import NANOSECONDS, UINT256_MAX, WAD, div_down, mul_div_down


def position_offer(draft: Draft, key: str, *, market: str) -> Offer:
    """What the rules let be closed of an unsafe account's position; refuses a safe account."""
    account, sums = unsafe_account(draft, key)
    mark = market_mark(draft, market)
    position = position_of(draft, key, market=market)
    require(position.size != 0, Reason.INSUFFICIENT_BALANCE, market=market)
    rules = draft.rules.position_liquidation
    began = draft.now_ns if account.liquidation_ns is None else account.liquidation_ns
    seconds = div_down(draft.now_ns - began, NANOSECONDS)
    rate = marginal_rate_wad(position.size, mark, level=Level.LIQUIDATION_END)
    liquidator = liquidator_fee_wad(mark.rules, rules, seconds=seconds)
    shortage = max(0, -sums.excess_liquidation_end)
    exact = notional(position.size, mark, price_wad=mark.price_wad)
    insurance = insurance_fee_wad(
        mark.rules.insurance_fee_wad,
        rate_wad=rate,
        liquidator_wad=liquidator,
        shortage=shortage,
        notional=exact,
        share=rules.fee_margin_share_wad,
    )
    fees = Fees(liquidator, insurance)
    away = mul_div_down(mark.price_wad, liquidator, WAD)
    price = mark.price_wad - away if position.size > 0 else mark.price_wad + away
    whole = Offer(mark, sums, position, abs(position.size), max(1, price), fees)
    return replace(
        whole, most=_closable(draft, account, offer=whole, rate_wad=rate, seconds=seconds)
    )


def _closable(draft: Draft, account: Account, *, offer: Offer, rate_wad: int, seconds: int) -> int:
    """Native units that sizing, pace and window allow to be closed now."""
    rules, mark, size = draft.rules.position_liquidation, offer.mark, offer.most
    unit = contract_unit(mark)
    last = account.closed_ns.get(mark.name)
    since = None if last is None else draft.now_ns - last
    match rules.sizing:
        case PositionSizing.PORTION:
            paced = since is None or since >= rules.block_seconds * NANOSECONDS
            require(paced, Reason.LIQUIDATION_PACED, account=account.key, last=last or 0)
            most = portion_size(size, unit=unit, rules=rules)
        case PositionSizing.LADDER:
            most = ladder_size(size, unit=unit, rules=rules, since_ns=since)
        case PositionSizing.SHORTAGE:
            most = _for_shortage(account, offer, rules=rules, rate_wad=rate_wad, seconds=seconds)
        case _:
            most = size
    cap = mark.rules.window_cap
    if cap is None:
        return most
    left, _ = window_left(
        mark.state.window, cap=cap, now_s=draft.now_s, seconds=mark.rules.window_seconds
    )
    require(left > 0, Reason.WINDOW_CAP, market=mark.name, cap=cap)
    return min(most, left)


def _for_shortage(
    account: Account, offer: Offer, *, rules: PositionLiquidationRules, rate_wad: int, seconds: int
) -> int:
    """Native units that bring the account to the liquidation-end level, at the pace allowed."""
    size, sums, fees = abs(offer.position.size), offer.sums, offer.fees
    if sums.equity < 0:
        return size
    shortage = max(0, -sums.excess_liquidation_end)
    allowed = released(shortage, freed=account.released_wad, seconds=seconds, rules=rules)
    require(allowed > 0, Reason.LIQUIDATION_PACED, account=account.key, seconds=seconds)
    taken = fees.liquidator_wad + fees.insurance_wad
    unit = contract_unit(offer.mark)
    found = size_for(allowed, unit=unit, rate_wad=rate_wad, fees_wad=taken)
    return size if found is None else max(1, min(size, found))


def liquidate_position(draft: Draft, command: LiquidatePosition) -> None:
    """Close a position of an unsafe account, or a part of it, against a taker.

    The taker takes risk on and must stand at the initial level; the market's pool need not.
    """
    require_open(draft, 2)
    key, market, taker = command.account, command.market, command.taker
    require(taker != key, Reason.SELF_LIQUIDATION, account=key)
    ours = taker.startswith("@") and taker != pool_key(market)
    require(not ours, Reason.UNKNOWN_ACCOUNT, account=taker)
    require(not draft.account(taker).restricted, Reason.RESTRICTED, account=taker)
    market_state(draft, market)
    cancel_orders(draft, key)
    offer = position_offer(draft, key, market=market)
    price = _agreed_price(draft, command, offer=offer)
    asked = offer.most if command.size is None else command.size
    require(asked > 0, Reason.AMOUNT_NOT_POSITIVE, size=asked)
    _begin(draft, key)
    closed = min(asked, offer.most)
    _use_window(draft, market, size=closed)
    gap = _close(draft, command, offer=offer, closed=closed, price=price)
    _settle_loss(draft, command, exact=gap)
    if taker != pool_key(market):
        after = account_sums(draft.account(taker), draft).excess_initial
        require(after >= 0, Reason.INITIAL_MARGIN, account=taker, excess=after)
    _note_progress(draft, key, market=market, before=offer.sums)
    close_or_release(draft, key)


def _agreed_price(draft: Draft, command: LiquidatePosition, *, offer: Offer) -> int:
    """The offer's price, or the taker's: not worse for the account than the fillable price."""
    price = command.price_wad
    if price is None:
        return offer.price_wad
    require(0 < price <= UINT256_MAX, Reason.PRICE_INVALID, price=price)
    limit = worst_price_wad(draft, offer)
    good = price >= limit if offer.position.size > 0 else price <= limit
    require(good, Reason.PRICE_BEYOND_LIMIT, price=price, limit=limit)
    return price


def worst_price_wad(draft: Draft, offer: Offer) -> int:
    """The worse of the offer's price and the fillable price of the position."""
    fillable = fillable_price_wad(
        offer.mark.price_wad,
        size=offer.position.size,
        equity=offer.sums.equity * WAD,
        required=offer.sums.requirement_maintenance,
        own_rate_wad=marginal_rate_wad(offer.position.size, offer.mark, level=Level.MAINTENANCE),
        rules=draft.rules.position_liquidation,
    )
    worse = min if offer.position.size > 0 else max
    return worse(fillable, offer.price_wad)


def _begin(draft: Draft, key: str) -> None:
    account = draft.account(key)
    if account.liquidation_ns is None:
        draft.put_account(
            replace(account, in_liquidation=True, liquidation_ns=draft.now_ns, released_wad=0)
        )


def _use_window(draft: Draft, market: str, *, size: int) -> None:
    mark = market_mark(draft, market)
    if mark.rules.window_cap is None:
        return
    _, inside = window_left(
        mark.state.window,
        cap=mark.rules.window_cap,
        now_s=draft.now_s,
        seconds=mark.rules.window_seconds,
    )
    put_market(draft, replace(mark.state, window=(*inside, (draft.now_s, size))))


def _close(
    draft: Draft, command: LiquidatePosition, *, offer: Offer, closed: int, price: int
) -> int:
    """Fill, tell, take the fee; returns the loss (1e-54) that the closed part leaves to others."""
    key, market, mark = command.account, command.market, offer.mark
    side = 1 if offer.position.size > 0 else -1
    share = own_share(offer, closed)
    cost = fill_cost(-side * closed, mark, price_wad=price)
    apply_fill(draft, key, market=market, size=-side * closed, cost=cost)
    apply_fill(draft, command.taker, market=market, size=side * closed, cost=-cost)
    value = div_down(notional(closed, mark, price_wad=price), EXACT_PER_WAD)
    draft.tell(
        EventKind.LIQUIDATE_POSITION,
        account=key,
        asset=market,
        quantity=-side * closed,
        price=price,
        value=value,
        reason=command.taker,
    )
    left = share - closed_value(closed, mark, side=side, price_wad=price)
    if left < 0:
        return -left
    # Of the lesser notional, so that a short's close frees what its size was worked out from.
    at_mark = div_down(notional(closed, mark, price_wad=mark.price_wad), EXACT_PER_WAD)
    fee = mul_div_down(min(value, at_mark), offer.fees.insurance_wad, WAD)
    fee = min(fee, div_down(left, EXACT_PER_WAD))
    _take_fee(draft, key, market=market, value_wad=fee)
    return 0


def _take_fee(draft: Draft, key: str, *, market: str, value_wad: int) -> None:
    """The fund's fee, of the equity that is left: a unit of it stays for each rounding."""
    asset = draft.mark(market_mark(draft, market).settle_asset)
    left = amount_down(max(0, account_sums(draft.account(key), draft).equity), asset) - 2
    units = max(0, min(left, amount_down(value_wad * EXACT_PER_WAD, asset)))
    paid = charge(draft, key, market=market, units=units, kind=EventKind.FEE)
    if paid:
        account = draft.account(key)
        penalties = shifted(account.penalties, asset.asset, by=paid)
        draft.put_account(replace(account, penalties=penalties))


def _settle_loss(draft: Draft, command: LiquidatePosition, *, exact: int) -> None:
    """Let the payers bring the account back to its share; refuses what only deleveraging can."""
    if exact <= 0:
        return
    loss = Loss(command.account, command.market, exact)
    left = cover(draft, loss)
    if left <= 0:
        return
    none = draft.rules.deleveraging.policy is AdlPolicy.NONE
    require(none, Reason.FUND_TOO_SMALL, account=command.account, missing=left)
    socialize(draft, replace(loss, exact=left))


def _note_progress(draft: Draft, key: str, *, market: str, before: Sums) -> None:
    """Remember what this step freed of the shortage, and when the market was closed in."""
    account = draft.account(key)
    after = account_sums(account, draft).excess_liquidation_end
    freed = max(0, after - before.excess_liquidation_end)
    closed = {**account.closed_ns, market: draft.now_ns}
    draft.put_account(replace(account, released_wad=account.released_wad + freed, closed_ns=closed))
