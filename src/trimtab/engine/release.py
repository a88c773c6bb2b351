"""Leaving a state that a bad moment put an account in: a liquidation, or a margin call."""

from dataclasses import replace

from trimtab.engine.draft import Draft
from trimtab.engine.margin import account_sums
from trimtab.model import Account, EventKind


def release_if_safe(draft: Draft, key: str) -> None:
    """End a liquidation at the liquidation-end level, and a margin call at the initial level."""
    account = draft.account(key)
    if not account.in_liquidation and account.called_ns is None:
        return
    sums = account_sums(account, draft)
    if account.in_liquidation and sums.excess_liquidation_end >= 0:
        account = released_account(account)
        draft.tell(EventKind.RELEASE, account=key)
    if account.called_ns is not None and sums.excess_initial >= 0:
        account = replace(account, called_ns=None, last_call_ns=None, restricted=False)
        draft.tell(EventKind.CALL_MET, account=key)
    draft.put_account(account)


def released_account(account: Account) -> Account:
    """An account without the marks of a liquidation."""
    return replace(
        account,
        in_liquidation=False,
        penalties={},
        liquidation_ns=None,
        released_wad=0,
        closed_ns={},
    )
