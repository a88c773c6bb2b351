"""The venue as it stands, as a case: its rules in force, its book, its prices of now."""

from collections.abc import Iterator
from dataclasses import replace

from trimtab.apps.service.board import Reading
from trimtab.engine import Draft, debt_amount, supply_amount
from trimtab.model import Account, BookRow, Case, MarketState, Table, Tick, split_key


def live_case(reading: Reading, case: Case) -> Case:
    """A case whose first and only tick is now; what was is not in it.

    Balances are rounded to native units, supplies down and debts up, as the engine rounds them.
    Claims of closed positions that wait to be settled, and auctions that run, are left out.
    """
    draft = reading.draft
    rows = tuple(
        row for key in sorted(reading.columns.keys) for row in _rows(draft.account(key), draft)
    )
    prices = [
        (asset, mark.price_wad)
        for asset, rules in sorted(draft.rules.assets.items())
        if not rules.underlying
        and asset != draft.rules.quote
        and (mark := draft.mark_if_priced(asset)) is not None
    ]
    for market in sorted(draft.rules.markets):
        state = reading.store.get(Table.MARKET, market)
        if isinstance(state, MarketState) and state.mark_wad:
            prices.append((market, state.mark_wad))
    tick = Tick(reading.at_ns, tuple(prices))
    return replace(
        case,
        rules=draft.rules,
        book=rows,
        ticks=(tick,),
        gas=(),
        observations=(),
        funding=(),
        input_hashes=None,
    )


def served_history(case: Case, now_ns: int) -> Case:
    """A case without what is still to come at a moment: what was served is all one can learn from.

    Arguments:
        now_ns: the moment, ns UTC; rows of that very time are kept.
    """
    return replace(
        case,
        ticks=tuple(tick for tick in case.ticks if tick.at_ns <= now_ns),
        observations=tuple(one for one in case.observations if one.at_ns <= now_ns),
        funding=tuple(one for one in case.funding if one.at_ns <= now_ns),
        gas=tuple(one for one in case.gas if one.at_ns <= now_ns),
        input_hashes=None,
    )


def _rows(account: Account, draft: Draft) -> Iterator[BookRow]:
    name, group = split_key(account.key)
    for asset in sorted(account.supply.keys() | account.debt.keys()):
        pool = draft.pool(asset)
        owned = supply_amount(pool, account.supply.get(asset, 0))
        owed = debt_amount(pool, account.debt.get(asset, 0))
        threshold = account.thresholds.get(asset)
        # What is owned and owed of one asset is netted: a book has one row of it.
        if owned != owed:
            quantity = owned - owed
            yield BookRow(name, asset, quantity, group, account.category, threshold)
    for market, held in sorted(account.positions.items()):
        if held.size:
            yield BookRow(name, market, held.size, group, account.category)
