"""A venue from a book: pools, accounts and funds as they stand before the first command.

A book is taken as it is: accounts below water are the point of importing one. What the book does
not list, the suppliers of what it borrows, becomes one account of the venue, so that every pool's
identity holds from the first record on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from trimtab.engine.accrual import whole_seconds
from trimtab.engine.perps.genesis import open_markets
from trimtab.engine.pools import SHARES_PER_UNIT
from trimtab.engine.store import MemoryStore
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    SINGLE,
    SUPPLIERS,
    Account,
    AssetRules,
    BookRow,
    Isolation,
    Key,
    Pool,
    PriceState,
    Record,
    Rules,
    RulesState,
    Table,
    VenueState,
    account_key,
)
from trimtab.units import WAD, DataError, mul_div_down, mul_div_up

Holdings = dict[str, dict[str, int]]
NO_PRICES: Mapping[str, int] = MappingProxyType({})


def open_venue(
    rules: Rules, book: Sequence[BookRow], *, at_ns: int, prices: Mapping[str, int] = NO_PRICES
) -> MemoryStore:
    """The state of a venue that holds a book, at a time.

    Arguments:
        rules: the venue's rules; the quote is one of its assets.
        book: validated rows, native units.
        at_ns: time of the book, ns UTC.
        prices: first prices (wad) by asset or market, where positions without an entry price stand.

    Raises:
        DataError: an `external_supply` that does not cover what the book borrows, or a position
            with neither an entry price nor a first price.
    """
    markets = open_markets(rules, book, prices=prices)
    supply: Holdings = {}
    debt: Holdings = {}
    about: dict[str, list[BookRow]] = {}
    for row in book:
        if row.account.startswith("@"):
            raise DataError(
                "names that start with @ belong to the venue", column="account", found=row.account
            )
        key = account_key(row.account, row.group)
        about.setdefault(key, []).append(row)
        if row.quantity == 0 or row.instrument in rules.markets:
            continue
        side = supply if row.quantity > 0 else debt
        held = side.setdefault(key, {})
        held[row.instrument] = held.get(row.instrument, 0) + abs(row.quantity)
    _add_venue_accounts(rules, supply, debt=debt)
    supply.update(markets.capital)
    venue = VenueState(
        now_ns=at_ns,
        fund_peak_wad=rules.insurance.balance_wad,
        backstop_capital_wad=rules.backstop.balance_wad,
    )
    records: dict[Key, Record] = {
        (Table.VENUE, SINGLE): venue,
        (Table.RULES, SINGLE): RulesState(rules),
    }
    for key in supply.keys() | debt.keys() | markets.positions.keys():
        account = _account(key, about.get(key, []), supply=supply.get(key, {}), debt=debt.get(key))
        positions = markets.positions.get(key, {})
        records[Table.ACCOUNT, key] = replace(account, positions=positions)
    for state in markets.states:
        records[Table.MARKET, state.market] = replace(state, funded_s=whole_seconds(at_ns))
    supplied, borrowed = _totals(supply), _totals(debt)
    for asset in rules.assets.values():
        records[Table.POOL, asset.name] = _pool(asset, supplied, debts=borrowed, at_ns=at_ns)
        price = _price(asset, quote=rules.quote, at_ns=at_ns, first=prices.get(asset.name))
        if price is not None:
            records[Table.PRICE, asset.name] = price
        if asset.isolated:
            records[Table.ISOLATION, asset.name] = _isolation(asset.name, supply, debt=debt)
    return MemoryStore(records)


def _add_venue_accounts(rules: Rules, supply: Holdings, *, debt: Holdings) -> None:
    """Suppliers outside the book, and the funds' capital in the quote."""
    supplied, borrowed = _totals(supply), _totals(debt)
    for asset in rules.assets.values():
        name = asset.name
        outside = _external_supply(asset, supplied.get(name, 0), borrowed=borrowed.get(name, 0))
        if outside:
            supply.setdefault(SUPPLIERS, {})[name] = outside
    decimals = rules.assets[rules.quote].decimals
    for key, fund in ((INSURANCE, rules.insurance), (BACKSTOP, rules.backstop)):
        amount = mul_div_down(fund.balance_wad, 10**decimals, WAD)
        supply[key] = {rules.quote: amount} if amount else {}


def _totals(holdings: Holdings) -> dict[str, int]:
    totals: dict[str, int] = {}
    for held in holdings.values():
        for asset, amount in held.items():
            totals[asset] = totals.get(asset, 0) + amount
    return totals


def _external_supply(asset: AssetRules, supplied: int, *, borrowed: int) -> int:
    if asset.external_supply is None:
        if asset.mintable:
            return 0
        # Unknown suppliers: as many as keep utilization at 0.8, where most kinks lie.
        return max(0, mul_div_up(borrowed, 5, 4) - supplied)
    short = borrowed - supplied - asset.external_supply
    if short > 0 and not asset.mintable:
        raise DataError(
            "the book borrows more than is supplied",
            column=f"assets.{asset.name}.external_supply",
            found=str(asset.external_supply),
            expected=f"at least {asset.external_supply + short} native units",
        )
    return asset.external_supply


def _account(
    key: str, rows: Sequence[BookRow], *, supply: dict[str, int], debt: dict[str, int] | None
) -> Account:
    thresholds = {
        row.instrument: row.threshold_wad for row in rows if row.threshold_wad is not None
    }
    return Account(
        key,
        supply={asset: amount * SHARES_PER_UNIT for asset, amount in supply.items()},
        debt={asset: amount * SHARES_PER_UNIT for asset, amount in (debt or {}).items()},
        category=rows[0].category if rows else "",
        thresholds=thresholds,
    )


def _pool(
    asset: AssetRules, supplies: dict[str, int], *, debts: dict[str, int], at_ns: int
) -> Pool:
    supplied, borrowed = supplies.get(asset.name, 0), debts.get(asset.name, 0)
    minted = borrowed if asset.mintable else 0
    return Pool(
        asset.name,
        cash=supplied + minted - borrowed,
        supplied=supplied,
        supply_shares=supplied * SHARES_PER_UNIT,
        borrowed=borrowed,
        borrow_shares=borrowed * SHARES_PER_UNIT,
        minted=minted,
        accrued_s=whole_seconds(at_ns),
    )


def _price(asset: AssetRules, *, quote: str, at_ns: int, first: int | None) -> PriceState | None:
    if asset.underlying:
        return PriceState(asset.name, 0, at_ns, asset.exchange_rate_wad, at_ns)
    if first is not None:
        return PriceState(asset.name, first, at_ns)
    if asset.price_wad is not None:
        return PriceState(asset.name, asset.price_wad, at_ns)
    return PriceState(asset.name, WAD, at_ns) if asset.name == quote else None


def _isolation(asset: str, supply: Holdings, *, debt: Holdings) -> Isolation:
    shares: dict[str, int] = {}
    for key, held in supply.items():
        if asset in held:
            for name, amount in debt.get(key, {}).items():
                shares[name] = shares.get(name, 0) + amount * SHARES_PER_UNIT
    return Isolation(asset, shares)
