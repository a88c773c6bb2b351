"""Who pays a loss: one closed list of payers, always in the same order.

A debt that nobody will pay is written off; that leaves a deficit in its pool. Each payer in turn
fills what it can: own margin, the penalties taken from the account, the insurance fund, the
backstop, (deleveraging, for positions with a counterparty), and at last the suppliers of the
asset. Every native unit of the deficit is booked to exactly one payer.
"""

from collections.abc import Callable
from dataclasses import replace

from trimtab.engine.breaker import watch_fund
from trimtab.engine.draft import Draft
from trimtab.engine.ledger import move_supply, shares_for, swap_at_oracle, value_of_supply
from trimtab.engine.margin import account_sums, amount_down, value_wad
from trimtab.engine.perps.fills import hand_over
from trimtab.engine.pools import debt_amount, supply_amount, write_off
from trimtab.engine.release import released_account
from trimtab.model import BACKSTOP, INSURANCE, EventKind, Payer
from trimtab.units import WAD, div_down, div_up, mul_div_down, mul_div_up

Pay = Callable[[int], int]


def write_off_debt(
    draft: Draft, key: str, *, asset: str, shares: int, own_margin: bool = True
) -> int:
    """End debt shares of an account and book the loss to its payers; returns the loss (units)."""
    pool, loss = write_off(draft.pool(asset), shares)
    draft.put_pool(pool)
    draft.shift_debt(key, asset, shares=-shares)
    left = loss
    for payer, pay in _payers(draft, key, asset=asset, own_margin=own_margin):
        paid = pay(left) if left else 0
        assert 0 <= paid <= left, "a payer pays at most what is left of the loss"
        left -= paid
        if paid:
            mark = draft.mark(asset)
            draft.tell(
                EventKind.LOSS,
                account=key,
                asset=asset,
                quantity=paid,
                price=mark.price_wad,
                value=value_wad(paid, mark),
                payer=payer,
                reason="bad_debt",
            )
    assert left == 0, "every unit of a loss is booked"
    return loss


def _payers(draft: Draft, key: str, *, asset: str, own_margin: bool) -> list[tuple[Payer, Pay]]:
    payers: list[tuple[Payer, Pay]] = []
    if own_margin:
        payers.append(
            (Payer.OWN_MARGIN, lambda left: _from_account(draft, key, asset=asset, left=left))
        )
    payers += [
        (Payer.PENALTY, lambda left: _from_penalties(draft, key, asset=asset, left=left)),
        (Payer.INSURANCE, lambda left: _from_insurance(draft, asset, left=left)),
    ]
    if key != BACKSTOP:
        payers.append((Payer.BACKSTOP, lambda left: _from_backstop(draft, asset, left=left)))
    payers.append((Payer.SOCIALIZED, lambda left: _from_suppliers(draft, asset, left=left)))
    return payers


def _fill(draft: Draft, asset: str, *, paid: int) -> int:
    pool = draft.pool(asset)
    draft.put_pool(replace(pool, deficit=pool.deficit - paid))
    return paid


def _from_account(draft: Draft, key: str, *, asset: str, left: int) -> int:
    """The account's claims on the same pool first, then its quote, then its other assets."""
    paid = _forgive(draft, key, asset=asset, left=left)
    quote = draft.rules.quote
    others = sorted(draft.account(key).supply, key=lambda name: (name != quote, name))
    for sold in others:
        if paid == left:
            break
        if sold == asset:
            continue
        bought = swap_at_oracle(draft, key, sold=sold, bought=asset, need=left - paid)
        paid += _fill(draft, asset, paid=bought)
    return paid


def _forgive(draft: Draft, key: str, *, asset: str, left: int) -> int:
    """Cancel a claim on the pool against the deficit of the same pool: no cash is needed."""
    pool, held = draft.pool(asset), draft.account(key).supply.get(asset, 0)
    amount = min(left, supply_amount(pool, held))
    if amount == 0:
        return 0
    shares = shares_for(draft, key, asset=asset, amount=amount)
    draft.shift_supply(key, asset, shares=-shares)
    draft.put_pool(
        replace(
            pool,
            supplied=pool.supplied - amount,
            supply_shares=pool.supply_shares - shares,
            deficit=pool.deficit - amount,
        )
    )
    return amount


def _from_penalties(draft: Draft, key: str, *, asset: str, left: int) -> int:
    """Give back, out of the insurance fund, the fees that this liquidation took.

    What one debt does not use stays for the next, each fee in the same proportion.
    """
    penalties, bought = draft.account(key).penalties, draft.mark(asset)
    taken = sum(amount * draft.mark(name).unit for name, amount in penalties.items())
    most = min(left, amount_down(taken, bought))
    if most == 0:
        return 0
    rest = taken - most * bought.unit
    kept = {name: mul_div_down(amount, rest, taken) for name, amount in penalties.items()}
    kept = {name: amount for name, amount in kept.items() if amount}
    draft.put_account(replace(draft.account(key), penalties=kept))
    return _from_account(draft, INSURANCE, asset=asset, left=most)


def _from_insurance(draft: Draft, asset: str, *, left: int) -> int:
    """The pool's own reserves, then the ring-fenced fund."""
    pool = draft.pool(asset)
    paid = min(left, pool.reserves)
    draft.put_pool(replace(pool, reserves=pool.reserves - paid, deficit=pool.deficit - paid))
    before = value_of_supply(draft, INSURANCE)
    paid += _from_account(draft, INSURANCE, asset=asset, left=left - paid)
    watch_fund(draft, before=before, after=value_of_supply(draft, INSURANCE))
    return paid


def _from_backstop(draft: Draft, asset: str, *, left: int) -> int:
    """The backstop's own capital, but for the margin that the positions it took over stand on."""
    backstop, most = draft.account(BACKSTOP), left
    if backstop.debt:
        free = max(0, account_sums(backstop, draft).excess_maintenance)
        most = min(left, amount_down(div_down(free, WAD), draft.mark(asset)))
    return _from_account(draft, BACKSTOP, asset=asset, left=most) if most else 0


def _from_suppliers(draft: Draft, asset: str, *, left: int) -> int:
    """The suppliers' index falls; what they cannot carry stays as the pool's open deficit.

    A minted asset has no suppliers to carry a loss: its holders do, through the missing backing.
    """
    pool = draft.pool(asset)
    carried = min(left, pool.supplied) if not draft.mark(asset).rules.mintable else 0
    changed = replace(pool, supplied=pool.supplied - carried, deficit=pool.deficit - carried)
    draft.put_pool(changed)
    return left


def realize_bad_debt(draft: Draft, key: str) -> None:
    """Close out an account whose collateral is gone or dust: all debts are written off.

    Its last collateral pays first (`own_margin`); what no payer could use goes to the fund, and
    so do claims on markets that could not pay yet.
    """
    for asset, shares in sorted(draft.account(key).debt.items()):
        write_off_debt(draft, key, asset=asset, shares=shares)
    account = draft.account(key)
    for asset, shares in sorted(account.supply.items()):
        move_supply(draft, key, target=INSURANCE, asset=asset, shares=shares)
    for market in sorted(account.positions):
        hand_over(draft, key, target=INSURANCE, market=market)
    account = draft.account(key)
    draft.put_account(
        replace(released_account(account), called_ns=None, last_call_ns=None, restricted=False)
    )


def write_off_shortfall(draft: Draft, key: str, *, shortfall: int) -> None:
    """Write off debt worth at least an exact value (1e-54), the largest debts first.

    The account's own collateral does not pay: it is what the debt that stays stands on.
    """
    account = draft.account(key)

    def worth(asset: str) -> int:
        mark = draft.mark(asset)
        return debt_amount(mark.pool, account.debt[asset]) * mark.unit

    for asset in sorted(account.debt, key=lambda name: (-worth(name), name)):
        if shortfall <= 0:
            break
        mark, held = draft.mark(asset), account.debt[asset]
        owed = debt_amount(mark.pool, held)
        units = min(owed, div_up(shortfall, mark.unit))
        shares = (
            held
            if units == owed
            else min(held, mul_div_up(units, mark.pool.borrow_shares, mark.pool.borrowed))
        )
        shortfall -= units * mark.unit
        write_off_debt(draft, key, asset=asset, shares=shares, own_margin=False)
