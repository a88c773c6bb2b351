"""The invariants of derivatives markets, numbered as in docs/invariants.md.

Everything is worked out from the raw records by `market_standing`, in exact integers.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.engine.market_standing import (
    cost_of,
    decimals_of,
    mark_wad,
    pnl_of,
    rules_of,
    settle_of,
)
from tests.engine.move import Move, accounts
from tests.engine.standing import owed, owned, price_wad, unit_price
from trimtab.model import EventKind, MarketState, Payer, Table, commands
from trimtab.units import WAD

PAYER_ORDER = list(Payer)


def markets(move: Move) -> list[tuple[MarketState, MarketState]]:
    """Every market with its funding booked, before and after."""
    return [
        (state, move.after[Table.MARKET, market])
        for (table, market), state in move.booked.items()
        if table is Table.MARKET
    ]


def sizes_sum_to_zero(move: Move) -> None:
    """I12: sizes, the pool's included, sum to zero; open units are those of all but the pool."""
    size: dict[str, int] = {}
    long: dict[str, int] = {}
    short: dict[str, int] = {}
    for account in accounts(move.after):
        for market, position in account.positions.items():
            size[market] = size.get(market, 0) + position.size
            if account.key != f"@pool/{market}":
                long[market] = long.get(market, 0) + max(0, position.size)
                short[market] = short.get(market, 0) + max(0, -position.size)
    for _, state in markets(move):
        name = state.market
        assert size.get(name, 0) == 0, f"I12 {name}: sizes sum to {size[name]}"
        found = (long.get(name, 0), short.get(name, 0))
        assert found == (state.long, state.short), f"I12 {name}: {found}, {state}"


def claims_are_held(move: Move) -> None:
    """I1: all claims of a market and its surplus are what it holds, to the last digit."""
    costs: dict[str, int] = {}
    for account in accounts(move.after):
        for market, position in account.positions.items():
            state = move.after[Table.MARKET, market]
            costs[market] = costs.get(market, 0) + cost_of(position, state)
    for _, state in markets(move):
        rules = rules_of(move.after, state.market, now_s=move.now_s)
        held = state.held * settle_of(move.after, rules)[1]
        claims = state.surplus - costs.get(state.market, 0)
        assert claims == held, f"I1 {state.market}: claims {claims}, held {held}"


def holders_hold(move: Move) -> None:
    """I1: a market's holder has what the market was paid, but for a share a touch.

    A loss that the suppliers of the asset bear reaches it as it reaches every supplier.
    """
    for was, state in markets(move):
        rules = rules_of(move.after, state.market, now_s=move.now_s)
        asset, _ = settle_of(move.after, rules)
        if any(e.payer is Payer.SOCIALIZED for e in move.told(EventKind.LOSS)):
            continue
        gaps = []
        for records, found in ((move.booked, was), (move.after, state)):
            pool = records[Table.POOL, asset]
            account = records.get((Table.ACCOUNT, f"@market/{state.market}"))
            shares = account.supply.get(asset, 0) if account else 0
            worth = Fraction(shares * pool.supplied, pool.supply_shares) if shares else Fraction(0)
            gaps.append(found.held - worth)
        pool = move.after[Table.POOL, asset]
        share = Fraction(pool.supplied, max(1, pool.supply_shares))
        most = max(Fraction(0), gaps[0]) + (2 + len(move.events)) * share
        assert gaps[1] <= most, f"I1 the holder of {state.market} lacks {gaps}"


def funding_is_booked_at_old_prices(move: Move) -> None:
    """I2: indices move by funding at the prices before the command, and by a booked loss."""
    for was, state in markets(move):
        if any(
            e.payer is Payer.SOCIALIZED and e.reason == state.market
            for e in move.told(EventKind.LOSS)
        ):
            rise = state.long_index - was.long_index
            assert rise == state.short_index - was.short_index >= 0, f"I2 {was} -> {state}"
            continue
        found = (state.long_index, state.short_index)
        assert found == (was.long_index, was.short_index), f"I2 {was} -> {state}"
        if not isinstance(move.command, commands.SetFunding):
            assert state.rate_wad == was.rate_wad, f"I2 rate of {was} -> {state}"


def market_numbers_are_ordered(move: Move) -> None:
    """I11: no count, claim or window is negative, and no position is empty."""
    for _, state in markets(move):
        numbers = (state.long, state.short, state.held, state.surplus, state.insured_wad)
        assert min(numbers) >= 0, f"I11 {state}"
        assert all(size > 0 for _, size in state.window), f"I11 {state}"
    for account in accounts(move.after):
        assert all(p.size or p.cost for p in account.positions.values()), f"I11 {account}"
        assert all(o.bids >= 0 and o.asks >= 0 for o in account.orders.values()), f"I11 {account}"
        assert account.released_wad >= 0, f"I11 {account}"
        if not account.in_liquidation:
            assert account.liquidation_ns is None, f"a liquidation without a start: {account}"
            assert not account.closed_ns, f"marks of a liquidation: {account}"


def equity_is_backed(move: Move) -> None:
    """I2: what all accounts own is cash, deficits and what markets hold, but for unit roundings.

    Sum of equity, holders of markets included = sum over assets of price x (cash + deficit -
    reserves - minted), and what markets hold for claims, which is counted on both sides.
    """
    prices = {
        key: price_wad(move.after, key) * 10 ** (36 - _decimals(move, key))
        for (table, key) in move.after
        if table is Table.POOL and (Table.PRICE, key) in move.after
    }
    total = slack = 0
    for account in accounts(move.after):
        for asset, shares in account.supply.items():
            total += owned(move.after[Table.POOL, asset], shares) * prices[asset]
            slack += prices[asset]
        for asset, shares in account.debt.items():
            total -= owed(move.after[Table.POOL, asset], shares) * prices[asset]
            slack += prices[asset]
        for market, position in account.positions.items():
            total += _pnl(move, market, position)
    backing = 0
    for asset, price in prices.items():
        pool = move.after[Table.POOL, asset]
        backing += (pool.cash + pool.deficit - pool.reserves - pool.minted) * price
    for _, state in markets(move):
        rules = rules_of(move.after, state.market, now_s=move.now_s)
        asset, unit = settle_of(move.after, rules)
        worth = state.held * unit - state.surplus
        backing += worth * price_wad(move.after, rules.asset) if rules.is_inverse else worth
    slack += len(move.after)
    assert abs(total - backing) <= slack, f"I2 accounts own {total}, backed by {backing}"


def _decimals(move: Move, asset: str) -> int:
    return move.after[Table.RULES, ""].rules.assets[asset].decimals


def _pnl(move: Move, market: str, position) -> int:
    state, rules = move.after[Table.MARKET, market], rules_of(move.after, market, now_s=move.now_s)
    index = price_wad(move.after, rules.asset)
    price = mark_wad(state, rules, index)
    return pnl_of(move.after, position, state=state, rules=rules, price_wad=price, index_wad=index)


def positions_close_unsafe(move: Move) -> None:
    """I3: a position is closed against its holder only where the account was unsafe."""
    command = move.command
    if not isinstance(command, commands.LiquidatePosition | commands.Deleverage):
        return
    if command.account.startswith("@"):
        return
    flag = move.before[Table.ACCOUNT, command.account].in_liquidation
    stood = move.stood(command.account)
    assert stood.is_unsafe(in_liquidation=flag), f"I3 {command.account} was safe: {stood}"
    if isinstance(command, commands.Deleverage):
        assert stood.equity < 0, f"I3 {command.account} is not bankrupt: {stood}"


def fills_move_equity_as_priced(move: Move) -> None:
    """I2 and I5: what a fill, its fees and its payers do to both sides is what was told.

    Equity rises by no more than size x (mark - price) less fees plus the losses that others paid;
    and falls below it by roundings alone: a few native units.
    """
    told = move.told(EventKind.TRADE, EventKind.LIQUIDATE_POSITION)
    if not told or move.told(EventKind.SWAP_IN):
        return
    (fill,) = told
    market, trades = fill.asset, fill.kind is EventKind.TRADE
    other = fill.reason
    for key, size in ((fill.account, fill.quantity), (other, -fill.quantity)):
        if key.startswith("@"):
            continue
        given = Fraction(0)
        for event in move.events:
            if event.account != key:
                continue
            if event.kind in (EventKind.TRADE_FEE, EventKind.FEE):
                given += event.quantity * unit_price(move.after, event.asset)
        losses = [e for e in move.told(EventKind.LOSS) if e.account == key]
        if not trades and any(e.reason == "bad_debt" for e in losses):
            continue
        given += sum(Fraction(e.value, WAD) for e in losses)
        given += _moved(move, market, size=size, price=fill.price)
        given += _left_by_roundings(move, key)
        change = move.stands(key).equity - move.stood(key).equity
        # What is settled on the way of other markets is rounded to a unit of what they settle in.
        units = [unit_price(move.after, event.asset) for event in move.told(EventKind.REALIZED)]
        slack = max(_slack(move, market), *units, 0) * (6 + 2 * len(move.events))
        assert change <= given + slack * bool(losses) + _dust(move, market), (
            f"I2 {key} in {move.command}: {float(change)} of {float(given)}"
        )
        if key == other and any(e.payer is Payer.SOCIALIZED for e in move.told(EventKind.LOSS)):
            # Who takes the position over is one of those who bear the loss.
            continue
        assert change >= given - slack, f"I5 {key} in {move.command}: {float(given - change)} gone"


def _left_by_roundings(move: Move, key: str) -> Fraction:
    """What an account's supply gains by others' roundings; `indices_do_not_fall` bounds it."""
    gained, after = Fraction(0), move.after[Table.ACCOUNT, key].supply
    for asset, shares in move.booked[Table.ACCOUNT, key].supply.items():
        kept = min(shares, after.get(asset, 0))
        was, now = (owned(at[Table.POOL, asset], kept) for at in (move.booked, move.after))
        gained += max(0, now - was) * unit_price(move.after, asset)
    return gained


def _moved(move: Move, market: str, *, size: int, price: int) -> Fraction:
    rules, state = rules_of(move.after, market, now_s=move.now_s), move.after[Table.MARKET, market]
    index = price_wad(move.after, rules.asset)
    mark = mark_wad(state, rules, index)
    whole = Fraction(size, 10 ** decimals_of(move.after, rules))
    if rules.is_inverse:
        return whole * (Fraction(index, price) - Fraction(index, mark))
    return whole * Fraction(mark - price, WAD)


def _slack(move: Move, market: str) -> Fraction:
    rules = rules_of(move.after, market, now_s=move.now_s)
    asset, _ = settle_of(move.after, rules)
    state = move.after[Table.MARKET, market]
    mark = Fraction(mark_wad(state, rules, price_wad(move.after, rules.asset)), WAD)
    unit = unit_price(move.after, asset)
    return max(unit, mark * Fraction(1, 10 ** _decimals(move, asset))) + Fraction(1, WAD)


def _dust(move: Move, market: str) -> Fraction:
    """An inverse fill's cost and value are rounded in the last place."""
    return Fraction(int(rules_of(move.after, market, now_s=move.now_s).is_inverse), WAD)


def losses_are_told_in_order(move: Move) -> None:
    """I5: the payers of one account's loss in one market come in order, each at most once."""
    found: dict[tuple[str, str], list[int]] = {}
    for event in move.told(EventKind.LOSS):
        if event.reason != "bad_debt":
            assert event.value > 0, f"I5 a payment of nothing: {event}"
            place = PAYER_ORDER.index(event.payer)
            found.setdefault((event.account, event.reason), []).append(place)
    for key, order in found.items():
        assert order == sorted(set(order)), f"I5 {key}: payers {order}"


def cuts_close_the_position(move: Move) -> None:
    """The cuts of a deleveraging sum to what was closed, and each is of its own counterparty."""
    command = move.command
    if not isinstance(command, commands.Deleverage):
        return
    market = command.market
    before = move.before[Table.ACCOUNT, command.account].positions[market].size
    after = _size(move, command.account, market)
    cuts = {e.account: e.quantity for e in move.told(EventKind.DELEVERAGE)}
    assert sum(cuts.values()) == before - after != 0, f"cuts {cuts} of {before - after}"
    assert abs(after) < abs(before), f"{command.account}: {before} -> {after}"
    for key, cut in cuts.items():
        was, now = move.before[Table.ACCOUNT, key].positions[market].size, _size(move, key, market)
        assert now - was == cut, f"{key}: {was} {cut} {now}"
        assert abs(now) + abs(cut) == abs(was), f"{key}: {was} {cut} {now}"


def _size(move: Move, key: str, market: str) -> int:
    position = move.after[Table.ACCOUNT, key].positions.get(market)
    return 0 if position is None else position.size


MARKET_CHECKS: tuple[Callable[[Move], None], ...] = (
    sizes_sum_to_zero,
    claims_are_held,
    holders_hold,
    funding_is_booked_at_old_prices,
    market_numbers_are_ordered,
    equity_is_backed,
    positions_close_unsafe,
    fills_move_equity_as_priced,
    losses_are_told_in_order,
    cuts_close_the_position,
)
