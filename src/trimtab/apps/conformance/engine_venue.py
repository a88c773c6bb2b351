"""A recorded case as a venue of its own: rules as data, opened, moved by commands, explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trimtab.engine import Draft, MemoryStore, explain, open_venue, step
from trimtab.model import (
    Accepted,
    AssetRules,
    BookRow,
    Command,
    Explanation,
    MarketRules,
    Rules,
)
from trimtab.units import WAD, InternalError, div_down, div_up, pow10

USD: Final = "USD"
START_NS: Final = pow10(9)
# The engine's exact values, 1e-54 of the quote, in native units of a quote of six decimals.
EXACT_PER_USDC: Final = pow10(48)


@dataclass(frozen=True, slots=True)
class Opened:
    """A market of a case: its rules, the decimals of its asset, and its price in wad."""

    rules: MarketRules
    decimals: int
    price_wad: int


def venue_of(markets: Sequence[Opened]) -> Rules:
    """Rules of a venue of these markets, with a quote of 18 decimals that counts in full."""
    quote = AssetRules(
        USD,
        decimals=18,
        max_ltv_wad=WAD,
        liquidation_end_wad=WAD,
        liquidation_threshold_wad=WAD,
        price_wad=WAD,
    )
    assets = {USD: quote}
    for market in markets:
        name = market.rules.asset
        assets[name] = AssetRules(name, decimals=market.decimals, price_wad=market.price_wad)
    by_name = {market.rules.name: market.rules for market in markets}
    return Rules("case", USD, assets, {}, markets=by_name)


def open_case(rules: Rules, *rows: BookRow) -> MemoryStore:
    """A venue that holds these rows."""
    return open_venue(rules, rows, at_ns=START_NS)


def draft_of(store: MemoryStore) -> Draft:
    """The venue as it stands."""
    return Draft(store, START_NS)


def explained(store: MemoryStore, key: str) -> Explanation:
    """The engine's own answer about an account."""
    draft = draft_of(store)
    return explain(draft.account(key), draft)


def run(store: MemoryStore, command: Command) -> None:
    """Put a command in force; the engine must accept it."""
    outcome = step(store, command)
    if not isinstance(outcome, Accepted):
        raise InternalError(f"the engine refused the case: {outcome}")
    store.apply(outcome)


def floor_in(value: int, unit: int) -> int:
    """Floor of a signed exact value in a unit."""
    return -div_up(-value, unit) if value < 0 else div_down(value, unit)
