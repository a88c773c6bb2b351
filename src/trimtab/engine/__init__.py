"""Exact decisions: margin, accrual, liquidation, auction, waterfall, rule changes, one `step`.

Everything reads a view and returns what changes; nothing here knows a clock, a file or a network.
"""

from trimtab.engine.auction import auction_price_wad, holder, needs_reset
from trimtab.engine.draft import Draft, Mark, Refusal
from trimtab.engine.dynamics import dry_run, newly_unsafe
from trimtab.engine.explain import explain, health_wad
from trimtab.engine.genesis import open_venue
from trimtab.engine.liquidation import Quote, is_spent, quote
from trimtab.engine.margin import (
    EXACT_PER_WAD,
    Sums,
    account_sums,
    is_unsafe,
    value_wad,
    value_wad_up,
    weights,
)
from trimtab.engine.pools import SHARES_PER_UNIT, debt_amount, supply_amount
from trimtab.engine.step import step
from trimtab.engine.store import MemoryStore

__all__ = [
    "EXACT_PER_WAD",
    "SHARES_PER_UNIT",
    "Draft",
    "Mark",
    "MemoryStore",
    "Quote",
    "Refusal",
    "Sums",
    "account_sums",
    "auction_price_wad",
    "debt_amount",
    "dry_run",
    "explain",
    "health_wad",
    "holder",
    "is_spent",
    "is_unsafe",
    "needs_reset",
    "newly_unsafe",
    "open_venue",
    "quote",
    "step",
    "supply_amount",
    "value_wad",
    "value_wad_up",
    "weights",
]
