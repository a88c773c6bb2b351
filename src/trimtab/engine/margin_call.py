"""Margin calls: between the initial and the maintenance level, with notice and a grace period.

A call never liquidates. When its grace ends unanswered the account may take no new risk, and, if
the rules say so, anybody may close debt against collateral at par up to the initial level.
"""

from dataclasses import replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import pay_out, taken_within
from trimtab.engine.liquidation import end_debt
from trimtab.engine.margin import (
    Sums,
    account_sums,
    amount_down,
    amount_up,
    value_wad,
    weights,
)
from trimtab.engine.refusal import require
from trimtab.engine.release import release_if_safe
from trimtab.engine.scales import WEIGHTED_PER_WAD
from trimtab.engine.sizing import collateral_cap, pair_of
from trimtab.model import Account, CallExpiry, EventKind, Reason
from trimtab.model.commands import CallMargin, ExpireCall, Reduce
from trimtab.units import NANOSECONDS, WAD, div_up


def call_margin(draft: Draft, command: CallMargin) -> None:
    """Call an account; refused above the initial level, below maintenance, or too soon again.

    A repeated call is a reminder: the grace period runs from the first call not yet met.
    """
    account, sums = _between(draft, command.account)
    interval = draft.rules.margin_call.interval_seconds * NANOSECONDS
    last = account.last_call_ns
    due = last is None or draft.now_ns >= last + interval
    require(due, Reason.CALL_NOT_DUE, account=account.key, last=last or 0)
    first = draft.now_ns if account.called_ns is None else account.called_ns
    draft.put_account(replace(account, called_ns=first, last_call_ns=draft.now_ns))
    draft.tell(
        EventKind.CALL, account=account.key, value=div_up(-sums.excess_initial, WEIGHTED_PER_WAD)
    )


def _between(draft: Draft, key: str) -> tuple[Account, Sums]:
    account = draft.known_account(key)
    sums = account_sums(account, draft)
    inside = sums.excess_initial < 0 <= sums.excess_maintenance
    require(inside, Reason.CALL_NOT_DUE, account=key, excess=sums.excess_initial)
    return account, sums


def expire_call(draft: Draft, command: ExpireCall) -> None:
    """End the grace period: the call counts as met if the account is back, else it restricts."""
    account = draft.known_account(command.account)
    grace = draft.rules.margin_call.grace_seconds * NANOSECONDS
    called = account.called_ns
    over = called is not None and draft.now_ns >= called + grace and not account.restricted
    require(over, Reason.CALL_NOT_DUE, account=account.key)
    if account_sums(account, draft).excess_initial >= 0:
        release_if_safe(draft, account.key)
        return
    draft.put_account(replace(account, restricted=True))
    draft.tell(EventKind.CALL_EXPIRED, account=account.key)


def reduce(draft: Draft, command: Reduce) -> None:
    """Close debt against collateral at par, up to the initial level, after an expired call."""
    require_open(draft, 2)
    account, sums = _between(draft, command.account)
    allowed = draft.rules.margin_call.on_expiry is CallExpiry.REDUCE and account.restricted
    require(allowed, Reason.CALL_NOT_DUE, account=account.key)
    require(command.debt in account.debt, Reason.INSUFFICIENT_BALANCE, debt=command.debt)
    held = account.supply.get(command.collateral, 0)
    require(held > 0, Reason.INSUFFICIENT_BALANCE, collateral=command.collateral)
    debt, collateral = draft.mark(command.debt), draft.mark(command.collateral)
    category = draft.category_rules(account.category)
    weight = weights(account, collateral.rules, category=category).initial
    pair = pair_of(account, debt, collateral=collateral, weight=weight)
    # Par: value x leaves the debt (weight w_j) and the collateral (weight max LTV_i).
    slope = debt.rules.liability_weight_wad - weight
    require(slope > 0, Reason.AMOUNT_TOO_SMALL, slope=slope)
    repay = amount_up(div_up(-sums.excess_initial, slope), debt)
    repay = min(repay, pair.owed, collateral_cap(pair, WAD))
    closed = end_debt(draft, account.key, asset=debt.asset, amount=repay)
    entitled = min(pair.held, amount_down(closed.fallen * debt.unit, collateral))
    seized = taken_within(draft, account.key, asset=collateral.asset, amount=entitled)
    flow = pay_out(
        draft, account.key, receiver=command.liquidator, asset=collateral.asset, amount=seized
    )
    draft.tell(
        EventKind.REDUCE,
        account=account.key,
        asset=debt.asset,
        quantity=-repay,
        price=debt.price_wad,
        value=value_wad(repay, debt),
        reason=command.liquidator,
        flow=closed.flow,
    )
    draft.tell(
        EventKind.SEIZE,
        account=account.key,
        asset=collateral.asset,
        quantity=-seized,
        price=collateral.price_wad,
        value=value_wad(seized, collateral),
        reason=command.liquidator,
        flow=flow,
    )
    release_if_safe(draft, account.key)
