"""I6 and a part of I2: what a share is worth, before and after a command."""

from __future__ import annotations

from tests.engine.move import Move, accounts
from trimtab.engine.pools import SHARES_PER_UNIT
from trimtab.model import EventKind, Payer, Pool, Table

MARKET_EVENTS = (
    *(EventKind.REALIZED, EventKind.TRADE_FEE, EventKind.TRADE),
    *(EventKind.LIQUIDATE_POSITION, EventKind.DELEVERAGE),
)


def indices_do_not_fall(move: Move) -> None:
    """I6: a borrow index never falls, a supply index only by a loss booked on the suppliers.

    Exact: indices are compared on cross products. What a rounding leaves to the others is at most
    one native unit, or one share where a share is worth more, each time the pool is touched.
    """
    for was, pool in move.pools():
        touches = 2 + sum(1 for event in move.events if event.asset == pool.asset)
        if move.told(*MARKET_EVENTS):
            # Every leg settles, and may lend, take back or pay a fee besides what it tells.
            touches += 3 * len(move.events)
        if was.borrow_shares and pool.borrow_shares and not lent_afresh(move, pool):
            rise = pool.borrowed * was.borrow_shares - was.borrowed * pool.borrow_shares
            assert rise >= 0, f"I6 borrow index: {was} -> {pool}"
            least = min(was.borrow_shares, pool.borrow_shares, _fewest_debt_shares(move, was))
            most = touches * max(was.borrow_shares, was.borrowed) * pool.borrow_shares
            assert rise * least <= most, f"I2 debtors charged without a cause: {was} -> {pool}"
        socialized = any(e.payer is Payer.SOCIALIZED for e in move.told(EventKind.LOSS))
        if was.supplied and pool.supply_shares and not socialized:
            rise = pool.supplied * was.supply_shares - was.supplied * pool.supply_shares
            assert rise >= 0, f"I6 supply index: {was} -> {pool}"
            least = min(was.supply_shares, pool.supply_shares)
            most = touches * max(was.supply_shares, was.supplied) * pool.supply_shares
            assert rise * least <= most, f"I2 suppliers gain without a cause: {was} -> {pool}"


def _fewest_debt_shares(move: Move, was: Pool) -> int:
    """What a liquidation may leave before a loss of the account's positions is lent anew.

    A unit that rounds onto the few who then owe is a larger part of what each owes, and whoever
    borrows afterwards does so at their index.
    """
    paid = sum(-e.quantity for e in move.told(EventKind.LIQUIDATE, asset=was.asset))
    return max(1, was.borrow_shares * (was.borrowed - paid) // was.borrowed)


def lent_afresh(move: Move, pool: Pool) -> bool:
    """Whether all debt was paid and new debt made within the command, so that its index is new.

    A liquidation may repay the last debtor of an asset and then settle a loss into a debt of it.
    Whoever owed before has then been touched, and all that is owed now stands at the first index.
    """
    owed_before = [each for each in accounts(move.before) if pool.asset in each.debt]
    return pool.borrow_shares == pool.borrowed * SHARES_PER_UNIT and all(
        move.after.get((Table.ACCOUNT, each.key)) != each for each in owed_before
    )
