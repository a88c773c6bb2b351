"""The invariants of docs/invariants.md, each a check of one accepted command.

A check reads the records before the command (`booked`: with all interest booked up to the
command's time, so that accrual does not hide what the command itself did), those after it, and the
events. It raises an AssertionError that names what was broken.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.engine.bookkeeping import (
    auctions_are_counted,
    isolated_debt_is_counted,
    rules_move_nothing,
)
from tests.engine.indices import MARKET_EVENTS, indices_do_not_fall
from tests.engine.move import Move, accounts
from tests.engine.standing import Standing, liability_weight, owed, unit_price, weights_of
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    EventKind,
    Payer,
    Pool,
    SpiralRule,
    Table,
    commands,
)
from trimtab.units import WAD

PAYER_ORDER = list(Payer)
# Whose records a settlement or a fee may change, whoever the command names.
VENUES_OWN = ("@auction/", "@market/", "@pool/", "@insurance/")
SETTLES_IN = ("USD", "ETH")
SIDE = (EventKind.INTEREST, EventKind.REALIZED)


def value_is_conserved(move: Move) -> None:
    """I1: flows are the change of cash; shares sum to the pool's; both sides of a pool agree."""
    supply: dict[str, int] = {}
    debt: dict[str, int] = {}
    for account in accounts(move.after):
        for asset, shares in account.supply.items():
            supply[asset] = supply.get(asset, 0) + shares
        for asset, shares in account.debt.items():
            debt[asset] = debt.get(asset, 0) + shares
    for was, pool in move.pools():
        flows = sum(event.flow for event in move.events if event.asset == pool.asset)
        assert pool.cash - was.cash == flows, f"I1 {pool.asset}: flows {flows}, {was} -> {pool}"
        assert supply.get(pool.asset, 0) == pool.supply_shares, f"I1 supply shares of {pool}"
        assert debt.get(pool.asset, 0) == pool.borrow_shares, f"I1 debt shares of {pool}"
        held, claimed = _two_sides(pool)
        assert held == claimed, f"I1 {pool}: {held} held, {claimed} claimed"


def _two_sides(pool: Pool) -> tuple[int, int]:
    held = pool.cash + pool.borrowed + pool.deficit
    return held, pool.supplied + pool.reserves + pool.minted


def nothing_is_negative(move: Move) -> None:
    """I11: no balance, debt, fund or bookkeeping number is below zero; no entry is empty."""
    for was, pool in move.pools():
        numbers = (
            *(pool.cash, pool.supplied, pool.supply_shares, pool.borrowed, pool.borrow_shares),
            *(pool.reserves, pool.minted, pool.deficit, pool.carry_ray),
        )
        assert min(numbers) >= 0, f"I11 {was} -> {pool}"
        assert (pool.borrowed > 0) == (pool.borrow_shares > 0), f"I11 debt without shares: {pool}"
        assert pool.supplied == 0 or pool.supply_shares > 0, f"I11 unowned supply: {pool}"
    for account in accounts(move.after):
        holdings = (*account.supply.values(), *account.debt.values(), *account.penalties.values())
        assert min(holdings, default=1) > 0, f"I11 {account}"
        assert account.auctions >= 0, f"I11 {account}"


def bystanders_are_untouched(move: Move) -> None:
    """I2: a command replaces the accounts that it names, and the venue's own; no other."""
    named = {INSURANCE, BACKSTOP, *getattr(move.command, "counterparties", ())}
    for field in ("account", "fund", "liquidator", "keeper", "taker", "maker", "target"):
        named.add(getattr(move.command, field, INSURANCE))
    auction = move.before.get((Table.AUCTION, getattr(move.command, "auction", "")))
    if auction is not None:
        named.add(auction.account)
    for (table, key), record in move.before.items():
        if table is Table.ACCOUNT and key not in named and not key.startswith(VENUES_OWN):
            assert move.after.get((table, key)) == record, f"I2 {key} was changed"


def margin_levels_are_ordered(move: Move) -> None:
    """I7: excess at initial <= at liquidation-end <= at maintenance."""
    for field in ("account", "taker", "maker", "target"):
        key = getattr(move.command, field, "")
        if not key or key == "keeper":
            continue
        sums = move.stands(key)
        assert sums.initial <= sums.end <= sums.maintenance, f"I7 {key}: {sums}"


def liquidation_starts_unsafe(move: Move) -> None:
    """I3: what seizes collateral is accepted only where the account was unsafe."""
    kinds = (
        *(commands.Liquidate, commands.StartAuction),
        *(commands.TransferToBackstop, commands.CloseOut),
    )
    if isinstance(move.command, kinds):
        key = move.command.account
        flag = move.before[Table.ACCOUNT, key].in_liquidation
        stood = move.stood(key)
        assert stood.is_unsafe(in_liquidation=flag), f"I3 {key} was safe: {stood}"


def health_does_not_fall(move: Move) -> None:
    """I4: inside the spiral bound of its pair a liquidation does not lower health.

    A loss of a closed position that becomes a debt on the way weighs as a debt from then on; such
    a settlement is no part of what is repaid and seized.
    """
    command = move.command
    beside = (EventKind.LOSS, EventKind.REALIZED)
    if not isinstance(command, commands.Liquidate) or move.told(*beside):
        return
    was, now = move.stood(command.account), move.stands(command.account)
    if now.weighted_debt == 0 or not _inside_bound(move, command, was=was):
        return
    after, before = now.maintenance * was.weighted_debt, was.maintenance * now.weighted_debt
    assert after >= before, f"I4 {command}: health {was} -> {now}"


def _inside_bound(move: Move, command: commands.Liquidate, *, was: Standing) -> bool:
    """Whether LT (1 + bonus + fee) <= health x w, for the least terms that the rules allow."""
    rules = move.before[Table.RULES, ""].rules
    account, sold = move.before[Table.ACCOUNT, command.account], rules.assets[command.collateral]
    category = rules.categories.get(account.category)
    full, fee = sold.liquidation_bonus_wad, sold.liquidation_fee_wad
    if category is not None and sold.name in category.assets:
        full = category.liquidation_bonus_wad
    terms = full + fee
    if rules.liquidation.spiral is SpiralRule.CUT:
        terms = min(full, rules.liquidation.minimum_bonus_wad)
    threshold = weights_of(move.booked, account, asset=sold.name, now_s=move.now_s)[2]
    weight = liability_weight(move.booked, command.debt, now_s=move.now_s)
    return threshold * (1 + Fraction(terms, WAD)) * was.weighted_debt <= was.maintenance * weight


def losses_are_booked_once(move: Move) -> None:
    """I5: per asset, the losses told are exactly what debts were written off by, payers in order.

    A debt that was paid leaves `borrowed` by what its shares were booked at; all the rest that
    leaves is a loss.
    """
    if isinstance(move.command, commands.Borrow):
        return
    settles = any(move.told(*MARKET_EVENTS))
    for was, pool in move.pools():
        losses = move.told(EventKind.LOSS, asset=pool.asset)
        losses = [event for event in losses if event.reason == "bad_debt"]
        if settles and pool.asset in SETTLES_IN:
            # Realized losses become debts, and gains end them: `equity_is_backed` counts those.
            continue
        gone = was.borrowed - pool.borrowed - _booked_payments(move, was)
        told = sum(event.quantity for event in losses)
        assert gone == told, f"I5 {pool.asset}: {gone} written off, {told} told"
        order = [PAYER_ORDER.index(event.payer) for event in losses]
        assert order == sorted(set(order)), f"I5 {pool.asset}: payers {order}"
        if not losses or losses[-1].payer is not Payer.SOCIALIZED:
            assert pool.deficit == was.deficit, f"I5 {pool.asset}: an unbooked deficit"


def _booked_payments(move: Move, pool: Pool) -> int:
    kinds = (EventKind.LIQUIDATE, EventKind.REPAY, EventKind.REDUCE)
    total = 0
    for event in move.told(*kinds, asset=pool.asset):
        debtor = event.account
        if isinstance(move.command, commands.TakeAuction):
            debtor = f"@auction/{move.command.auction}"
        held, paid = move.before[Table.ACCOUNT, debtor].debt[pool.asset], -event.quantity
        ended = held
        if paid < owed(pool, held):
            ended = paid * pool.borrow_shares // pool.borrowed
        total += ended * pool.borrowed // pool.borrow_shares
    return total


def _rests_written_off(move: Move, key: str) -> Fraction:
    """What a liquidation that ends in a close-out leaves of debts below one native unit.

    It rounds to no unit, so that nobody loses it and no event tells of it; the debt was counted
    rounded up.
    """
    worth = Fraction(0)
    if not isinstance(move.command, commands.Liquidate):
        return worth
    left = move.after[Table.ACCOUNT, key].debt
    for asset, shares in move.booked[Table.ACCOUNT, key].debt.items():
        if asset in left:
            continue
        rest = owed(move.booked[Table.POOL, asset], shares)
        rest += sum(event.quantity for event in move.told(EventKind.LIQUIDATE, asset=asset))
        worth += min(max(rest, 0), 1) * unit_price(move.after, asset)
    return worth


def equity_comes_from_flows(move: Move) -> None:
    """I2: an account's equity rises by no more than what came in for it at oracle value.

    Exact for deposits and repayments, withdrawals and loans, liquidations and reductions: all
    roundings go against the account. A debt that others pay for is no creation: it is a LOSS.
    """
    command = move.command
    key = getattr(command, "account", getattr(command, "fund", ""))
    passive = (
        *(commands.StartAuction, commands.TransferToBackstop, commands.CloseOut),
        *(commands.Settle, commands.LiquidatePosition, commands.Deleverage),
    )
    if not key or isinstance(command, passive) or move.told(EventKind.LOSS):
        return
    was, now = move.stood(key).equity, move.stands(key).equity
    given = Fraction(0)
    for event in move.events:
        if event.asset in move.after[Table.RULES, ""].rules.assets and event.kind not in SIDE:
            worth = event.quantity * unit_price(move.after, event.asset)
            given += -worth if event.kind in OUT_OF_DEBT else worth
    given += _rests_written_off(move, key)
    assert now - was <= given, f"I2 {command}: equity {was} -> {now}, given {given}"


# Their quantities are signed as the debt moves: a repayment is negative, and worth its magnitude.
OUT_OF_DEBT = (EventKind.REPAY, EventKind.LIQUIDATE, EventKind.REDUCE, EventKind.BORROW)


def collateral_adds_margin(move: Move) -> None:
    """I8: adding collateral never lowers excess, at any level."""
    if isinstance(move.command, commands.Deposit):
        was, now = move.stood(move.command.account), move.stands(move.command.account)
        assert now.initial - now.weighted_debt >= was.initial - was.weighted_debt, "I8 initial"
        assert now.end - now.weighted_debt >= was.end - was.weighted_debt, "I8 liquidation end"
        assert now.maintenance - now.weighted_debt >= was.maintenance - was.weighted_debt, "I8"


def fee_does_not_bankrupt(move: Move) -> None:
    """A fee never takes an account's equity from >= 0 to < 0."""
    fees = move.told(EventKind.FEE)
    closing = commands.Liquidate | commands.LiquidatePosition
    if not fees or not isinstance(move.command, closing):
        return
    now = move.stands(move.command.account).equity
    taken = sum(-fee.quantity * unit_price(move.after, fee.asset) for fee in fees)
    assert now >= 0 or now + taken < 0, f"the fee {taken} left an equity of {now}"


Check = Callable[[Move], None]
CHECKS: tuple[Check, ...] = (
    value_is_conserved,
    nothing_is_negative,
    indices_do_not_fall,
    bystanders_are_untouched,
    margin_levels_are_ordered,
    liquidation_starts_unsafe,
    health_does_not_fall,
    losses_are_booked_once,
    equity_comes_from_flows,
    collateral_adds_margin,
    fee_does_not_bankrupt,
    rules_move_nothing,
    isolated_debt_is_counted,
    auctions_are_counted,
)
