"""Columns of the tables that a case holds and a run writes (docs/guides/read-the-outputs.md)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what it holds, and whether a table may lack it."""

    name: str
    doc: str
    required: bool = True


BOOK = (
    Column("account", "name of the account"),
    Column("instrument", "asset that is owned or borrowed, or market of the position"),
    Column("quantity", "whole units, + owned, - borrowed; contracts, + long, - short"),
    Column("entry_price", "of a position: quote per whole unit of the asset", required=False),
    Column("group", "isolated group; empty is cross", required=False),
    Column("category", "correlated-asset category", required=False),
    Column("liquidation_threshold", "override of the maintenance weight", required=False),
)

PRICES = (
    Column("timestamp", "UTC"),
    Column("asset", "name of the asset, or of the market whose mark price it is"),
    Column("price", "quote per whole unit"),
)

GAS = (
    Column("timestamp", "UTC"),
    Column("gas_cost", "quote per liquidation"),
)

ORACLE = (
    Column("timestamp", "UTC, when the observation arrives"),
    Column("asset", "name of the asset"),
    Column("source", "who says it"),
    Column("price", "quote per whole unit"),
    Column("confidence", "half-width of the interval, quote per whole unit; 0", required=False),
    Column("published", "UTC, when it was true; the timestamp", required=False),
)

FUNDING = (
    Column("timestamp", "UTC, from when the rate holds"),
    Column("market", "name of the market"),
    Column("rate", "fraction of the notional a funding period; + longs pay shorts"),
)

DEPTH = (
    Column("asset", "name of the asset that is sold"),
    Column("side", "bid or ask"),
    Column("price", "of a level of the book: quote per whole unit", required=False),
    Column("distance_bps", "of a band: basis points from the price", required=False),
    Column("quantity", "whole units, at the level or within the distance in all", required=False),
    Column("value", "the same in the quote, of a band without quantity", required=False),
    Column("timestamp", "UTC; each asset's last time counts", required=False),
)

EVENTS = (
    Column("timestamp", "UTC"),
    Column("seq", "number of the event"),
    Column("account", "whose event it is"),
    Column("kind", "closed list"),
    Column("asset", "asset of the quantity"),
    Column("quantity", "whole units, exact decimal text"),
    Column("price", "quote per whole unit, exact decimal text"),
    Column("value", "quote, exact decimal text"),
    Column("payer", "who pays, where a loss is booked"),
    Column("reason", "why"),
    Column("state_hash", "SHA-256 of the state, at checkpoints"),
)
