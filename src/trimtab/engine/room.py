"""The promises an account must keep to take something out or to take risk on."""

from trimtab.engine.draft import Draft
from trimtab.engine.margin import Sums, account_sums
from trimtab.engine.perps.marks import market_mark
from trimtab.engine.perps.requirement import notional
from trimtab.engine.refusal import require
from trimtab.model import Account, Reason
from trimtab.units import div_floor


def require_initial(draft: Draft, key: str) -> None:
    """An account at risk keeps its initial excess >= 0."""
    account = draft.account(key)
    if account.at_risk:
        excess = account_sums(account, draft).excess_initial
        require(excess >= 0, Reason.INITIAL_MARGIN, account=key, excess=excess)


def require_withdrawable(draft: Draft, key: str) -> None:
    """What stays covers the initial level, and a share of the notional of open positions.

    The share counts adjusted equity before the requirement: profits that hold a position up
    cannot be taken out from under it.
    """
    account = draft.account(key)
    if not account.at_risk:
        return
    sums = account_sums(account, draft)
    excess = sums.excess_initial
    require(excess >= 0, Reason.INITIAL_MARGIN, account=key, excess=excess)
    least = withdrawal_requirement(account, draft)
    missing = least - adjusted_equity(sums)
    require(missing <= 0, Reason.WITHDRAWAL_MARGIN, account=key, missing=missing)


def adjusted_equity(sums: Sums) -> int:
    """Adjusted equity at the initial level, before the requirement (1e-72)."""
    return sums.excess_initial + sums.requirement_initial


def withdrawal_requirement(account: Account, draft: Draft) -> int:
    """What positions ask to be left by a withdrawal (1e-72)."""
    total = 0
    for market, position in account.positions.items():
        mark = market_mark(draft, market)
        exact = notional(position.size, mark, price_wad=mark.price_wad)
        total += exact * mark.rules.withdrawal_margin_wad
    return total


def require_no_worse(draft: Draft, key: str, *, before: Sums) -> None:
    """After a reduction: at the initial level, or no further below it, and with no less equity
    for what is left of its requirement.

    A close at a bad price would drain the account faster than it frees margin, and leave the
    loss to others.
    """
    now = account_sums(draft.account(key), draft)
    after, least = now.excess_initial, min(0, before.excess_initial)
    require(after >= least, Reason.INITIAL_MARGIN, account=key, excess=after, least=least)
    if least == 0:
        return
    kept = before.equity if before.equity < 0 else 0
    if before.equity > 0 and before.required > 0:
        kept = div_floor(
            before.equity * max(0, min(now.required, before.required)), before.required
        )
    require(now.equity >= kept, Reason.INITIAL_MARGIN, account=key, equity=now.equity, least=kept)


def is_larger(before: int, after: int) -> bool:
    """Whether a change of size takes risk on: the size grows, or it crosses zero."""
    return abs(after) > abs(before) or before * after < 0
