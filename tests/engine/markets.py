"""Small venues with one market: whole units and percents in, stores and figures out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.engine.venues import START_NS, accepted, at, eth, row, usd, venue_rules
from trimtab.engine import Draft, MemoryStore, account_sums, explain, open_venue
from trimtab.engine.perps.marks import MarketMark, market_mark
from trimtab.engine.perps.settlement import position_of
from trimtab.model import (
    BookRow,
    Explanation,
    FundRules,
    MarketKind,
    MarketRules,
    MarketState,
    Position,
    Rules,
    Table,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

PERP, POOL = "ETH-PERP", "@pool/ETH-PERP"
ETHER, DOLLAR = 10**18, 10**6


def perp(**settings: Any) -> MarketRules:
    """A linear market on ETH: 10 % initial, 5 % maintenance, nothing else."""
    levels = {"initial_margin_wad": 10 * PERCENT, "maintenance_margin_wad": 5 * PERCENT}
    return MarketRules(PERP, **{**levels, "asset": "ETH", **settings})


def inverse(**settings: Any) -> MarketRules:
    """The same as contracts of one dollar that settle in ETH."""
    return perp(kind=MarketKind.INVERSE_PERP, **settings)


def rules_with(market: MarketRules | None = None, **sections: Any) -> Rules:
    """A venue whose quote counts in full, ETH at 2,000, and one market."""
    market = perp() if market is None else market
    quote = replace(
        usd(),
        max_ltv_wad=WAD,
        liquidation_end_wad=WAD,
        liquidation_threshold_wad=WAD,
        liquidation_bonus_wad=0,
    )
    rules = replace(venue_rules(quote, eth()), markets={market.name: market})
    return replace(rules, **sections)


def cash(key: str, dollars: float) -> BookRow:
    return row(key, "USD", int(dollars * DOLLAR))


def held(key: str, ethers: float, *, entry: float = 2000) -> BookRow:
    """A position in whole contracts."""
    size = int(ethers * ETHER)
    return replace(row(key, PERP, size), entry_price_wad=int(entry * 10**6) * 10**12)


def contracts(key: str, dollars: int, *, entry: float = 2000) -> BookRow:
    """A position in an inverse market: contracts of one dollar."""
    return replace(row(key, PERP, dollars * DOLLAR), entry_price_wad=int(entry * 10**6) * 10**12)


def opened(rules: Rules, *rows: BookRow) -> MemoryStore:
    return open_venue(rules, rows, at_ns=START_NS)


def funds(**balances: int) -> dict[str, FundRules]:
    """Sections `insurance` and `backstop` with so many dollars."""
    return {name: FundRules(balance * WAD) for name, balance in balances.items()}


def tick(store: MemoryStore, price: float, *, seconds: int = 0, mark: float | None = None) -> None:
    """A new index price, and the market's own mark price where one is given."""
    named = [("ETH", int(price * 10**6) * 10**12)]
    if mark is not None:
        named.append((PERP, int(mark * 10**6) * 10**12))
    accepted(store, commands.SetPrices(at(seconds), tuple(named)))


def trade(taker: str, maker: str, ethers: float, price: float, *, seconds: int = 0):
    limit = int(price * 10**6) * 10**12
    return commands.Trade(at(seconds), PERP, taker, maker, int(ethers * ETHER), limit)


def draft_of(store: MemoryStore, *, seconds: int | None = None) -> Draft:
    now = Draft(store, START_NS).venue.now_ns
    return Draft(store, now if seconds is None else at(seconds))


def mark_of(store: MemoryStore, *, seconds: int | None = None) -> MarketMark:
    return market_mark(draft_of(store, seconds=seconds), PERP)


def state_of(store: MemoryStore) -> MarketState:
    found = store.get(Table.MARKET, PERP)
    assert isinstance(found, MarketState)
    return found


def position(store: MemoryStore, key: str) -> Position:
    return position_of(draft_of(store), key, market=PERP)


def told(store: MemoryStore, key: str) -> Explanation:
    """What the engine explains of an account now."""
    draft = draft_of(store)
    return explain(draft.account(key), draft)


def equity(store: MemoryStore, key: str) -> float:
    """Equity in dollars, for figures worked out by hand."""
    return told(store, key).equity_wad / WAD


def moved_to(store: MemoryStore, price: float) -> MemoryStore:
    """A copy of the venue at another price; the venue itself stays."""
    records = {(table, key): store.get(table, key) for table in Table for key in store.keys(table)}
    copy = MemoryStore(records)  # type: ignore[arg-type]
    tick(copy, price, seconds=(draft_of(store).now_ns - START_NS) // 10**9)
    return copy


def sums_at(store: MemoryStore, key: str):
    """The engine's sums of an account now."""
    draft = draft_of(store)
    return account_sums(draft.account(key), draft)


def submit(price: float, *, source: str = "a", seconds: int = 0, age: int = 0, confidence: int = 0):
    """What one source says of ETH, so many seconds old."""
    published = at(seconds - age)
    wad = int(price * 10**6) * 10**12
    return commands.SubmitPrice(at(seconds), "ETH", source, wad, confidence * WAD, published)
