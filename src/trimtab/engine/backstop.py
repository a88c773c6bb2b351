"""The ring-fenced backstop: it takes over what nobody wants, and loses its own capital only."""

from dataclasses import replace

from trimtab.engine.breaker import require_open
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import move_supply
from trimtab.engine.liquidation import unsafe_account
from trimtab.engine.margin import account_sums
from trimtab.engine.perps.fills import hand_over
from trimtab.engine.perps.losses import Loss, cover, tell_loss
from trimtab.engine.refusal import require
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.engine.waterfall import write_off_shortfall
from trimtab.model import BACKSTOP, Account, EventKind, Payer, Reason
from trimtab.model.commands import TransferToBackstop
from trimtab.units import WAD, div_down


def transfer_to_backstop(draft: Draft, command: TransferToBackstop) -> None:
    """The ring-fenced backstop takes an unsafe account's position, with all margin left in it.

    A negative equity goes through the waterfall first, so that the backstop never takes over more
    debt than collateral; afterwards its own maintenance excess must be >= 0. Derivatives positions
    go over once the equity is under `backstop_below` of their requirement.
    """
    require_open(draft, 2)
    account, sums = unsafe_account(draft, command.account)
    key = account.key
    require(key != BACKSTOP, Reason.BACKSTOP_TOO_SMALL, account=key)
    # What an auction brings back belongs to the debt it was started for: wait for its end.
    require(account.auctions == 0, Reason.AUCTION_CURRENT, account=key)
    if account.has_open_positions:
        share = draft.rules.position_liquidation.backstop_below_wad
        low = sums.equity * WAD * WAD < sums.requirement_maintenance * share
        require(low, Reason.BACKSTOP_TOO_SMALL, account=key, equity=sums.equity)
    if sums.equity < 0:
        _fill_shortfall(draft, account, shortfall=-sums.equity)
    taken_over = account_sums(draft.account(key), draft).equity
    account = draft.account(key)
    value = div_down(sums.collateral + sums.gains, EXACT_PER_WAD)
    for asset, shares in sorted(account.debt.items()):
        draft.shift_debt(key, asset, shares=-shares)
        draft.shift_debt(BACKSTOP, asset, shares=shares)
    for asset, shares in sorted(account.supply.items()):
        move_supply(draft, key, target=BACKSTOP, asset=asset, shares=shares)
    # The margin first: what a position closes of the backstop's own is paid out of it.
    for market in sorted(account.positions):
        hand_over(draft, key, target=BACKSTOP, market=market)
    taker = account_sums(draft.account(BACKSTOP), draft)
    excess = taker.excess_maintenance
    require(excess >= 0, Reason.BACKSTOP_TOO_SMALL, excess=excess)
    draft.put_account(replace(Account(key), category=account.category, leverage=account.leverage))
    venue = draft.venue
    margin = venue.backstop_capital_wad + div_down(max(0, taken_over), EXACT_PER_WAD)
    draft.put_venue(replace(venue, backstop_capital_wad=margin))
    draft.tell(EventKind.BACKSTOP_TRANSFER, account=key, value=value)


def _fill_shortfall(draft: Draft, account: Account, *, shortfall: int) -> None:
    """Let the payers before the backstop fill a negative equity; the rest is the backstop's loss.

    Debts are written off; what positions lack is paid into the account.
    """
    if account.debt and not account.positions:
        write_off_shortfall(draft, account.key, shortfall=shortfall)
        return
    market = next(iter(sorted(account.positions)))
    loss = Loss(account.key, market, shortfall)
    left = cover(draft, loss, backstop=False)
    if left > 0:
        tell_loss(draft, loss, payer=Payer.BACKSTOP, exact=left)
