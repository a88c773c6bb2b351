"""The one entry of the engine: a view and a command in, an outcome out. Nothing else changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trimtab.engine import (
    auction,
    backstop,
    breaker,
    dynamics,
    lending,
    liquidation,
    margin_call,
    oracle,
)
from trimtab.engine.draft import Draft
from trimtab.engine.perps import deleveraging, trading
from trimtab.engine.perps import liquidation as position_liquidation
from trimtab.engine.refusal import Refusal, require
from trimtab.model import SINGLE, Command, Outcome, Reason, Table, VenueState, View
from trimtab.model import commands as c


def accrue(draft: Draft, command: c.Accrue) -> None:
    """Book interest: reading a pool does it."""
    for asset in command.assets:
        draft.pool(asset)


HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    c.SetPrices: oracle.set_prices,
    c.SubmitPrice: oracle.submit_price,
    c.SubmitMark: oracle.submit_mark,
    c.SetFunding: oracle.set_funding,
    c.SetExchangeRate: oracle.set_exchange_rate,
    c.Deposit: lending.deposit,
    c.Withdraw: lending.withdraw,
    c.Borrow: lending.borrow,
    c.Repay: lending.repay,
    c.Transfer: lending.transfer,
    c.Trade: trading.trade,
    c.SetOrders: trading.set_orders,
    c.SetLeverage: trading.set_leverage,
    c.Settle: trading.settle,
    c.SetCategory: lending.set_category,
    c.Accrue: accrue,
    c.Liquidate: liquidation.liquidate,
    c.LiquidatePosition: position_liquidation.liquidate_position,
    c.Deleverage: deleveraging.deleverage,
    c.StartAuction: auction.start_auction,
    c.TakeAuction: auction.take_auction,
    c.ResetAuction: auction.reset_auction,
    c.TransferToBackstop: backstop.transfer_to_backstop,
    c.CloseOut: liquidation.close_out,
    c.CallMargin: margin_call.call_margin,
    c.ExpireCall: margin_call.expire_call,
    c.Reduce: margin_call.reduce,
    c.FundDeposit: lending.fund_deposit,
    c.SetRules: dynamics.set_rules,
    c.Pause: breaker.pause,
    c.Resume: breaker.resume,
}


def step(view: View, command: Command) -> Outcome:
    """Decide one command against a view of the state.

    Arguments:
        view: reads records; it is not changed.
        command: what is asked, with its time (ns UTC, never before the venue's time).

    Returns:
        `Accepted` with the records to replace (cost proportional to what the command touches) and
        the events in order, or `Rejected` with a closed reason and the numbers that decided.
    """
    venue = view.get(Table.VENUE, SINGLE)
    assert isinstance(venue, VenueState), "a venue has a state"
    draft = Draft(view, command.at_ns)
    try:
        ordered = command.at_ns >= venue.now_ns
        require(ordered, Reason.TIME_BACKWARDS, now=venue.now_ns, at=command.at_ns)
        draft.put_venue(replace(venue, now_ns=command.at_ns))
        breaker.watch(draft, last_ns=venue.now_ns)
        HANDLERS[type(command)](draft, command)
    except Refusal as refusal:
        return refusal.rejected
    return draft.accept()
