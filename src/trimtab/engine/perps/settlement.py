"""Realized pnl: it is paid into and out of a market's holder, never from thin air.

A loss is paid from the account's balance of the settling asset, then as a debt in it, as far as
the account's equity stands behind that debt. A gain is paid from what the market has been paid.
What cannot be paid stays in the cost of the position, as a loss or as a claim.
"""

from dataclasses import replace

from trimtab.engine.draft import Draft
from trimtab.engine.ledger import move_supply
from trimtab.engine.margin import account_sums, amount_up, value_wad
from trimtab.engine.perps.marks import (
    MarketMark,
    fund_key,
    holder_key,
    market_mark,
    market_state,
    pool_key,
    put_market,
)
from trimtab.engine.perps.valuation import owed_cost
from trimtab.engine.pools import (
    debt_amount,
    debt_shares_to_burn,
    debt_shares_to_mint,
    lend_claim,
    offset_debt,
    shares_to_burn,
    shares_to_mint,
    supply_amount,
)
from trimtab.model import EventKind, Position
from trimtab.units import div_floor, div_up, mul_div_down


def put_position(draft: Draft, key: str, *, market: str, position: Position) -> None:
    """Replace an account's position; one of nothing is dropped."""
    account = draft.account(key)
    positions = dict(account.positions)
    positions.pop(market, None)
    if position.size or position.cost:
        positions[market] = position
    draft.put_account(replace(account, positions=positions))


def position_of(draft: Draft, key: str, *, market: str) -> Position:
    """An account's position with the funding of its side booked into its cost."""
    state = market_state(draft, market)
    position = draft.account(key).positions.get(market, Position())
    cost = owed_cost(position, state)
    index = state.long_index if position.size > 0 else state.short_index
    return Position(position.size, cost, index if position.size else 0)


def realize(draft: Draft, key: str, *, market: str, exact: int, told: bool = False) -> int:
    """Settle a pnl (scale of costs) of an account as far as it can be paid.

    Whole native units of the settling asset, rounded against the account. The cost of the
    position takes the other side, so that the account's equity does not change. What stays
    unsettled is an event, unless it is `told` already.

    Returns:
        The units paid to the account (negative: by it).
    """
    mark = market_mark(draft, market)
    units = div_floor(exact, mark.settle_unit)
    if units >= 0:
        paid = pay_out(draft, key, market=market, units=units)
    else:
        paid = -pay_in(draft, key, market=market, units=-units)
    position = position_of(draft, key, market=market)
    cost = position.cost + paid * mark.settle_unit
    put_position(draft, key, market=market, position=replace(position, cost=cost))
    sweep_dust(draft, key, market=market)
    if paid:
        draft.tell(
            EventKind.REALIZED,
            account=key,
            asset=mark.settle_asset,
            quantity=paid,
            reason=market,
        )
    if paid != units and not told and draft.account(key).positions.get(market) is not None:
        draft.tell(
            EventKind.UNSETTLED,
            account=key,
            asset=mark.settle_asset,
            quantity=units - paid,
            reason=market,
        )
    return paid


def settle_closed(draft: Draft, key: str) -> None:
    """Pay what closed positions won or lost; without an open one, all loss becomes a debt.

    By then the payers of the positions have paid their share: what is left is the loss of the
    account's collateral and debts, and goes the way of a bad debt.
    """
    for market, position in sorted(draft.account(key).positions.items()):
        if position.size == 0:
            realize(draft, key, market=market, exact=-position.cost, told=True)
    account = draft.account(key)
    if account.has_open_positions:
        return
    for market, position in sorted(account.positions.items()):
        if position.cost > 0:
            _owe(draft, key, market=market)


def _owe(draft: Draft, key: str, *, market: str) -> None:
    """A closed position's unpaid loss becomes a debt that nothing stands behind."""
    mark = market_mark(draft, market)
    position = draft.account(key).positions[market]
    units = div_up(position.cost, mark.settle_unit)
    owed = _lend(draft, key, target=holder_key(market), asset=mark.settle_asset, units=units)
    if owed:
        state = market_state(draft, market)
        put_market(draft, replace(state, held=state.held + owed))
        cost = position.cost - owed * mark.settle_unit
        put_position(draft, key, market=market, position=replace(position, cost=cost))
        sweep_dust(draft, key, market=market)
        draft.tell(
            EventKind.REALIZED,
            account=key,
            asset=mark.settle_asset,
            quantity=-owed,
            reason=market,
        )


def sweep_dust(draft: Draft, key: str, *, market: str) -> None:
    """A closed position's claim of less than one native unit goes to the market's surplus."""
    position = draft.account(key).positions.get(market)
    if position is None or position.size:
        return
    if 0 < -position.cost < market_mark(draft, market).settle_unit:
        state = market_state(draft, market)
        put_market(draft, replace(state, surplus=state.surplus - position.cost))
        put_position(draft, key, market=market, position=Position())


def pay_in(draft: Draft, key: str, *, market: str, units: int) -> int:
    """Take units of the settling asset from an account into a market; returns what was paid."""
    mark = market_mark(draft, market)
    asset = mark.settle_asset
    paid = give(draft, key, target=holder_key(market), asset=asset, units=units)
    if paid < units and key != pool_key(market):
        owed = _backed(draft, key, mark=mark, units=units - paid)
        paid += _lend(draft, key, target=holder_key(market), asset=asset, units=owed)
    state = market_state(draft, market)
    put_market(draft, replace(state, held=state.held + paid))
    return paid


def give(draft: Draft, source: str, *, target: str, asset: str, units: int) -> int:
    """Move up to `units` of balance to another account, in shares; returns what was given.

    The target's balance rises by at least what is returned.
    """
    pool, held = draft.pool(asset), draft.account(source).supply.get(asset, 0)
    units = min(units, supply_amount(pool, held))
    if units == 0:
        return 0
    move_supply(
        draft, source, target=target, asset=asset, shares=min(held, shares_to_burn(pool, units))
    )
    return units


def _backed(draft: Draft, key: str, *, mark: MarketMark, units: int) -> int:
    """How much of a loss may become a debt: what the account's other equity stands behind."""
    equity = account_sums(draft.account(key), draft).equity
    if equity >= 0:
        return units
    return max(0, units - amount_up(-equity, draft.mark(mark.settle_asset)))


def _lend(draft: Draft, key: str, *, target: str, asset: str, units: int) -> int:
    """Negative cash becomes debt: the pool lends to the account and owes the target."""
    if units == 0:
        return 0
    pool = draft.pool(asset)
    owed, claims = debt_shares_to_mint(pool, units), shares_to_mint(pool, units)
    if claims == 0:
        # A pool that has lost everything: no claim on it is worth what the debt would be.
        return 0
    draft.put_pool(lend_claim(pool, units, debt_shares=owed, supply_shares=claims))
    draft.shift_debt(key, asset, shares=owed)
    draft.shift_supply(target, asset, shares=claims)
    return units


def pay_out(draft: Draft, key: str, *, market: str, units: int) -> int:
    """Pay a gain from what the market was paid; returns the units paid."""
    state, holder = market_state(draft, market), holder_key(market)
    asset = market_mark(draft, market).settle_asset
    pool = draft.pool(asset)
    shares = draft.account(holder).supply.get(asset, 0)
    paid = min(units, state.held, supply_amount(pool, shares))
    if paid <= 0:
        return 0
    # Shares round down here: the receiver never gets more than the units that are booked.
    moved = min(shares, mul_div_down(paid, pool.supply_shares, pool.supplied))
    if moved == 0:
        return 0
    move_supply(draft, holder, target=key, asset=asset, shares=moved)
    put_market(draft, replace(state, held=state.held - paid))
    offset(draft, key, asset=asset)
    return paid


def offset(draft: Draft, key: str, *, asset: str) -> None:
    """Pay an account's debt in an asset from its own balance of it; no cash moves."""
    account, pool = draft.account(key), draft.pool(asset)
    owed = debt_amount(pool, account.debt.get(asset, 0))
    held = supply_amount(pool, account.supply.get(asset, 0))
    amount = min(owed, held)
    if amount == 0:
        return
    burned = min(account.supply[asset], shares_to_burn(pool, amount))
    ended = account.debt[asset] if amount == owed else debt_shares_to_burn(pool, amount)
    if ended == 0:
        return
    draft.put_pool(offset_debt(pool, amount, debt_shares=ended, supply_shares=burned))
    draft.shift_supply(key, asset, shares=-burned)
    draft.shift_debt(key, asset, shares=-ended)


def charge(draft: Draft, key: str, *, market: str, units: int, kind: EventKind) -> int:
    """Take a fee (native units of the settling asset) to the market's insurance fund.

    Paid from the account's balance as far as it reaches, the rest as a debt that the account's
    equity stands behind. Returns the units paid.
    """
    mark = market_mark(draft, market)
    asset = draft.mark(mark.settle_asset)
    fund = fund_key(mark.rules)
    paid = give(draft, key, target=fund, asset=asset.asset, units=units)
    short = _backed(draft, key, mark=mark, units=units - paid)
    if short:
        paid += _lend(draft, key, target=fund, asset=asset.asset, units=short)
    if paid:
        draft.tell(
            kind,
            account=key,
            asset=asset.asset,
            quantity=-paid,
            price=asset.price_wad,
            value=value_wad(paid, asset),
            reason=market,
        )
    return paid
