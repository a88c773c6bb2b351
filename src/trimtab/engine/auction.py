"""Dutch auctions: a lot of collateral against a debt and a penalty, at a price that falls."""

from dataclasses import replace

from trimtab.engine.accrual import RAY_PER_WAD, whole_seconds
from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft, Mark
from trimtab.engine.ledger import credit, move_supply, pay_out, shares_for
from trimtab.engine.liquidation import close_or_release, end_debt, pair_in, unsafe_account
from trimtab.engine.margin import amount_up, value_wad
from trimtab.engine.pools import debt_amount, supply_amount
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.engine.sizing import Pair, largest_repay
from trimtab.model import (
    AUCTION_HOLDER,
    INSURANCE,
    Auction,
    AuctionCurve,
    AuctionRules,
    EventKind,
    Reason,
    Table,
)
from trimtab.model.commands import ResetAuction, StartAuction, TakeAuction
from trimtab.units import (
    WAD,
    div_down,
    mul_div_down,
    mul_div_up,
    pow_ray,
    ray_mul_down,
    wad_mul_down,
    wad_mul_up,
)


def holder(key: str) -> str:
    """The venue's account that holds an auction's lot and debt while it runs."""
    return f"{AUCTION_HOLDER}{key}"


def auction_price_wad(auction: Auction, rules: AuctionRules, *, now_s: int) -> int:
    """Price per whole unit of collateral (wad), rounded down; never below the auction's floor.

    Linear: top x (1 - t / duration). Stair: top x cut^(t // step). Exponential: top x cut^t.
    Source: the three curves of Maker's Liquidations 2.0 (makerdao/dss, abaci.sol).
    """
    elapsed = now_s - started_s(auction)
    if rules.curve is AuctionCurve.LINEAR:
        left = max(0, rules.duration_seconds - elapsed)
        price = mul_div_down(auction.top_wad, left, rules.duration_seconds)
    else:
        stairs = elapsed
        if rules.curve is AuctionCurve.STAIR:
            stairs = div_down(elapsed, rules.step_seconds)
        price = ray_mul_down(auction.top_wad, pow_ray(rules.cut_wad * RAY_PER_WAD, stairs))
    return max(price, auction.floor_wad)


def started_s(auction: Auction) -> int:
    """Start of the auction's price, whole seconds."""
    return whole_seconds(auction.started_ns)


def needs_reset(auction: Auction, rules: AuctionRules, *, now_s: int) -> bool:
    """Whether the auction is too old, or its price too far below its start, to be taken.

    A price that has fallen to zero is always too low: nobody wins a lot with a bid of nothing.
    """
    if now_s - started_s(auction) > rules.reset_after_seconds:
        return True
    price = auction_price_wad(auction, rules, now_s=now_s)
    return price == 0 or price * WAD < auction.top_wad * rules.reset_below_wad


def start_auction(draft: Draft, command: StartAuction) -> None:
    """Move debt and collateral of an unsafe account into an auction.

    The debt is sized as a liquidation's, with the lot's buffer in place of bonus and fee: what the
    account keeps is as safe as the rules ask, and what the lot brings above debt and penalty
    returns to it.
    """
    require_open(draft, 2)
    account, sums = unsafe_account(draft, command.account)
    pair = pair_in(draft, account, debt=command.debt, collateral=command.collateral)
    rules = draft.rules.auction
    factor = wad_mul_up(WAD + rules.penalty_wad, rules.lot_buffer_wad)
    repay = largest_repay(sums, pair, rules=draft.rules.liquidation, factor_wad=factor)
    if value_wad(pair.owed - repay, pair.debt) < draft.rules.liquidation.dust_debt_wad:
        repay = pair.owed
    lot = min(
        pair.held, amount_up(mul_div_up(repay * pair.debt.unit, factor, WAD), pair.collateral)
    )
    require(repay > 0 and lot > 0, Reason.AMOUNT_TOO_SMALL, repay=repay, lot=lot)
    auction = _opened(draft, command, pair=pair, repay=repay, lot=lot)
    draft.tell(
        EventKind.AUCTION_START,
        account=command.account,
        asset=command.collateral,
        quantity=lot,
        price=auction.top_wad,
        value=value_wad(repay, pair.debt),
        reason=auction.key,
    )
    _reward(draft, command.keeper, value=value_wad(repay, pair.debt))
    close_or_release(draft, command.account)


def _opened(draft: Draft, command: StartAuction, *, pair: Pair, repay: int, lot: int) -> Auction:
    rules, venue = draft.rules.auction, draft.venue
    key = str(venue.auctions_started + 1)
    draft.put_venue(replace(venue, auctions_started=venue.auctions_started + 1))
    debts = draft.account(command.account).debt[command.debt]
    debt_shares = debts
    if repay < pair.owed:
        pool = pair.debt.pool
        debt_shares = min(debts, mul_div_up(repay, pool.borrow_shares, pool.borrowed))
    lot_shares = shares_for(draft, command.account, asset=command.collateral, amount=lot)
    move_supply(
        draft, command.account, target=holder(key), asset=command.collateral, shares=lot_shares
    )
    draft.shift_debt(command.account, command.debt, shares=-debt_shares)
    draft.shift_debt(holder(key), command.debt, shares=debt_shares)
    account = draft.account(command.account)
    draft.put_account(replace(account, auctions=account.auctions + 1))
    price = pair.collateral.price_wad
    auction = Auction(
        key=key,
        account=command.account,
        collateral=command.collateral,
        debt=command.debt,
        penalty=wad_mul_up(repay, rules.penalty_wad),
        top_wad=wad_mul_down(price, rules.start_multiplier_wad),
        floor_wad=wad_mul_down(price, rules.floor_multiplier_wad),
        started_ns=draft.now_ns,
    )
    draft.put(Table.AUCTION, key, record=auction)
    return auction


def _reward(draft: Draft, keeper: str, *, value: int) -> None:
    """Pay the keeper a flat tip and a share of the debt from the insurance fund's quote."""
    rules, quote = draft.rules.auction, draft.rules.quote
    reward = rules.keeper_tip_wad + wad_mul_down(value, rules.keeper_share_wad)
    mark = draft.mark(quote)
    held = supply_amount(mark.pool, draft.account(INSURANCE).supply.get(quote, 0))
    amount = min(held, div_down(reward * 10**mark.rules.decimals, WAD))
    if amount:
        flow = pay_out(draft, INSURANCE, receiver=keeper, asset=quote, amount=amount)
        draft.tell(
            EventKind.KEEPER_REWARD,
            account=keeper,
            asset=quote,
            quantity=amount,
            value=value_wad(amount, mark),
            flow=flow,
        )


def reset_auction(draft: Draft, command: ResetAuction) -> None:
    """Start the price of an expired auction again from today's oracle price."""
    require_open(draft, 2)
    auction, rules = draft.auction(command.auction), draft.rules.auction
    expired = needs_reset(auction, rules, now_s=draft.now_s)
    require(expired, Reason.AUCTION_CURRENT, auction=auction.key)
    price = draft.mark(auction.collateral).price_wad
    fresh = replace(
        auction,
        top_wad=wad_mul_down(price, rules.start_multiplier_wad),
        floor_wad=wad_mul_down(price, rules.floor_multiplier_wad),
        started_ns=draft.now_ns,
    )
    draft.put(Table.AUCTION, auction.key, record=fresh)
    draft.tell(
        EventKind.AUCTION_RESET,
        account=auction.account,
        asset=auction.collateral,
        price=fresh.top_wad,
        reason=auction.key,
    )
    debt = draft.mark(auction.debt)
    owed = debt_amount(debt.pool, draft.account(holder(auction.key)).debt.get(auction.debt, 0))
    _reward(draft, command.keeper, value=value_wad(owed, debt))


def take_auction(draft: Draft, command: TakeAuction) -> None:
    """Buy a slice of the lot; the payment ends the debt first, then the penalty.

    A slice that costs more than is owed is cut to it. A remainder of the debt between zero and
    `dust_debt` is refused while the lot could still pay for it. A lot that a loss of its own pool
    has made worthless ends the auction.
    """
    require_open(draft, 3)
    auction, rules = draft.auction(command.auction), draft.rules.auction
    expired = needs_reset(auction, rules, now_s=draft.now_s)
    require(not expired, Reason.AUCTION_EXPIRED, auction=auction.key)
    price = auction_price_wad(auction, rules, now_s=draft.now_s)
    require(price <= command.max_wad, Reason.AUCTION_TOO_EXPENSIVE, price=price)
    require(command.amount > 0, Reason.AMOUNT_NOT_POSITIVE, amount=command.amount)
    sold, paid_in = draft.mark(auction.collateral), draft.mark(auction.debt)
    account = draft.account(holder(auction.key))
    lot = supply_amount(sold.pool, account.supply.get(auction.collateral, 0))
    if lot == 0:
        _end_if_done(draft, auction.key)
        return
    owed = debt_amount(paid_in.pool, account.debt.get(auction.debt, 0))
    unit = div_down(sold.unit, sold.price_wad) * price
    slice_, cost = min(command.amount, lot), 0
    cost = mul_div_up(slice_, unit, paid_in.unit)
    if cost > owed + auction.penalty:
        cost = owed + auction.penalty
        slice_ = min(slice_, mul_div_down(cost, paid_in.unit, max(unit, 1)))
    require(slice_ > 0, Reason.AMOUNT_TOO_SMALL, amount=slice_)
    _require_no_dust(draft, paid_in, left=owed - cost, whole_lot=slice_ == lot)
    _collect(draft, auction, taker=command.taker, cost=cost, owed=owed)
    flow = pay_out(
        draft, account.key, receiver=command.taker, asset=auction.collateral, amount=slice_
    )
    draft.tell(
        EventKind.AUCTION_TAKE,
        account=auction.account,
        asset=auction.collateral,
        quantity=-slice_,
        price=price,
        value=value_wad(slice_, sold),
        reason=command.taker,
        flow=flow,
    )
    gain = max(0, slice_ * sold.unit - cost * paid_in.unit)
    draft.tell(EventKind.BONUS, account=auction.account, value=div_down(gain, EXACT_PER_WAD))
    _end_if_done(draft, auction.key)


def _require_no_dust(draft: Draft, mark: Mark, *, left: int, whole_lot: bool) -> None:
    least = draft.rules.liquidation.dust_debt_wad
    if least and left > 0 and not whole_lot:
        value = value_wad(left, mark)
        require(value >= least, Reason.DUST, left=value, least=least)


def _collect(draft: Draft, auction: Auction, *, taker: str, cost: int, owed: int) -> None:
    """Book a payment: debt first, then the penalty, which goes to the insurance fund."""
    mark = draft.mark(auction.debt)
    to_debt = min(cost, owed)
    if to_debt:
        closed = end_debt(draft, holder(auction.key), asset=auction.debt, amount=to_debt)
        draft.tell(
            EventKind.LIQUIDATE,
            account=auction.account,
            asset=auction.debt,
            quantity=-to_debt,
            price=mark.price_wad,
            value=value_wad(to_debt, mark),
            reason=taker,
            flow=closed.flow,
        )
    to_fund = cost - to_debt
    if to_fund:
        flow = credit(draft, INSURANCE, asset=auction.debt, amount=to_fund)
        draft.put(
            Table.AUCTION, auction.key, record=replace(auction, penalty=auction.penalty - to_fund)
        )
        draft.tell(
            EventKind.FEE,
            account=auction.account,
            asset=auction.debt,
            quantity=-to_fund,
            price=mark.price_wad,
            value=value_wad(to_fund, mark),
            reason=auction.key,
            flow=flow,
        )


def _end_if_done(draft: Draft, key: str) -> None:
    """End an auction whose debt and penalty are paid, or whose lot is gone.

    What is left of the lot or of the debt returns to the account, which is then settled as after
    any liquidation: a debt left without collateral goes through the waterfall.
    """
    auction, venue = draft.auction(key), draft.account(holder(key))
    debt_shares = venue.debt.get(auction.debt, 0)
    lot_shares = venue.supply.get(auction.collateral, 0)
    lot = supply_amount(draft.pool(auction.collateral), lot_shares)
    if lot > 0 and (debt_shares or auction.penalty):
        return
    move_supply(
        draft, venue.key, target=auction.account, asset=auction.collateral, shares=lot_shares
    )
    if debt_shares:
        draft.shift_debt(venue.key, auction.debt, shares=-debt_shares)
        draft.shift_debt(auction.account, auction.debt, shares=debt_shares)
    draft.put(Table.AUCTION, key, record=None)
    draft.put(Table.ACCOUNT, venue.key, record=None)
    account = draft.account(auction.account)
    draft.put_account(replace(account, auctions=account.auctions - 1))
    draft.tell(EventKind.AUCTION_END, account=auction.account, reason=key)
    close_or_release(draft, auction.account)
