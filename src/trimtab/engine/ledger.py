"""Moves between accounts, pools and the outside that several commands share."""

from trimtab.engine.draft import Draft
from trimtab.engine.margin import amount_down, amount_up, value_wad
from trimtab.engine.pools import (
    add_supply,
    receive,
    removable,
    remove_supply,
    shares_to_burn,
    shares_to_mint,
    supply_amount,
)
from trimtab.model import EventKind


def move_supply(draft: Draft, source: str, *, target: str, asset: str, shares: int) -> None:
    """Hand supply shares from one account to another; no cash moves."""
    if shares and source != target:
        draft.shift_supply(source, asset, shares=-shares)
        draft.shift_supply(target, asset, shares=shares)


def shares_for(draft: Draft, key: str, *, asset: str, amount: int) -> int:
    """Supply shares that `amount` of the account's balance takes: all of them for all of it."""
    pool, held = draft.pool(asset), draft.account(key).supply.get(asset, 0)
    if amount >= supply_amount(pool, held):
        return held
    return min(held, shares_to_burn(pool, amount))


def taken_within(draft: Draft, key: str, *, asset: str, amount: int) -> int:
    """Units to take from an account so that its balance falls by at most `amount`."""
    shares = draft.account(key).supply.get(asset, 0)
    return removable(draft.pool(asset), amount, shares=shares)


def pay_out(draft: Draft, source: str, *, receiver: str, asset: str, amount: int) -> int:
    """Give collateral of one account to a receiver outside the venue; returns the flow.

    What the pool has no cash for goes over as a claim: a lent-out pool never stops a liquidation.
    """
    draft.require_open_to_users(receiver)
    pool = draft.pool(asset)
    cash = min(amount, pool.cash)
    if amount > cash:
        every = shares_for(draft, source, asset=asset, amount=amount)
        burned = shares_to_burn(pool, cash)
        move_supply(draft, source, target=receiver, asset=asset, shares=every - burned)
        amount = cash
    if amount:
        burned = min(
            draft.account(source).supply[asset],
            shares_for(draft, source, asset=asset, amount=amount),
        )
        draft.put_pool(remove_supply(pool, amount, shares=burned))
        draft.shift_supply(source, asset, shares=-burned)
    return -amount


def credit(draft: Draft, key: str, *, asset: str, amount: int) -> int:
    """Book units that came in from outside as supply of an account; returns the flow."""
    pool = draft.pool(asset)
    shares = shares_to_mint(pool, amount)
    draft.put_pool(add_supply(pool, amount, shares=shares))
    if shares:
        draft.shift_supply(key, asset, shares=shares)
    return amount


def swap_at_oracle(draft: Draft, key: str, *, sold: str, bought: str, need: int) -> int:
    """Sell collateral of an account outside the venue, at oracle prices, for at most `need` units.

    The units bought are received by the pool of `bought`; the caller books what they pay for.
    Sells no more than the account holds and the pool has in cash. What is sold rounds up, what is
    bought rounds down.

    Returns:
        The native units bought.
    """
    pool, held = draft.pool(sold), draft.account(key).supply.get(sold, 0)
    price_in, price_out = draft.mark(bought), draft.mark(sold)
    most = min(supply_amount(pool, held), pool.cash)
    given = min(most, amount_up(need * price_in.unit, price_out))
    taken = min(need, amount_down(given * price_out.unit, price_in))
    if taken == 0:
        return 0
    value = value_wad(given, price_out)
    flow = pay_out(draft, key, receiver=key, asset=sold, amount=given)
    draft.tell(
        EventKind.SWAP_OUT,
        account=key,
        asset=sold,
        quantity=-given,
        price=price_out.price_wad,
        value=value,
        flow=flow,
    )
    before = draft.pool(bought)
    after = receive(before, taken)
    draft.put_pool(after)
    draft.tell(
        EventKind.SWAP_IN,
        account=key,
        asset=bought,
        quantity=taken,
        price=price_in.price_wad,
        value=value_wad(taken, price_in),
        flow=after.cash - before.cash,
    )
    return taken


def value_of_supply(draft: Draft, key: str) -> int:
    """Exact value (1e-54) of what an account holds; assets without a price count for nothing."""
    total = 0
    for asset, shares in draft.account(key).supply.items():
        mark = draft.mark_if_priced(asset)
        if mark is not None:
            total += supply_amount(mark.pool, shares) * mark.unit
    return total
