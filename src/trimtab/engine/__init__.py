"""Exact decisions: margin, accrual, liquidation, auction, waterfall, rule changes, one `step`.

Everything reads a view and returns what changes; nothing here knows a clock, a file or a network.
"""

from trimtab.engine.auction import auction_price_wad, holder, needs_reset
from trimtab.engine.draft import Draft, Mark
from trimtab.engine.dynamics import dry_run, newly_unsafe
from trimtab.engine.explain import explain, health_wad
from trimtab.engine.genesis import open_venue
from trimtab.engine.liquidation import Quote, is_spent, quote
from trimtab.engine.margin import (
    Sums,
    Weights,
    account_sums,
    is_unsafe,
    value_wad,
    value_wad_up,
    weights,
)
from trimtab.engine.perps.attribution import Offer as PositionOffer
from trimtab.engine.perps.deleveraging import Rank, adl_order, adl_rank, backstop_is_spent
from trimtab.engine.perps.liquidation import position_offer
from trimtab.engine.perps.marks import MarketMark, fund_key, holder_key, market_mark, pool_key
from trimtab.engine.perps.policies import Candidate, cuts
from trimtab.engine.perps.requirement import rate_wad
from trimtab.engine.perps.valuation import owed_cost, pnl
from trimtab.engine.pools import SHARES_PER_UNIT, debt_amount, supply_amount
from trimtab.engine.refusal import Refusal
from trimtab.engine.scales import EXACT_PER_WAD
from trimtab.engine.step import step
from trimtab.engine.store import MemoryStore

__all__ = [
    "EXACT_PER_WAD",
    "SHARES_PER_UNIT",
    "Candidate",
    "Draft",
    "Mark",
    "MarketMark",
    "MemoryStore",
    "PositionOffer",
    "Quote",
    "Rank",
    "Refusal",
    "Sums",
    "Weights",
    "account_sums",
    "adl_order",
    "adl_rank",
    "auction_price_wad",
    "backstop_is_spent",
    "cuts",
    "debt_amount",
    "dry_run",
    "explain",
    "fund_key",
    "health_wad",
    "holder",
    "holder_key",
    "is_spent",
    "is_unsafe",
    "market_mark",
    "needs_reset",
    "newly_unsafe",
    "open_venue",
    "owed_cost",
    "pnl",
    "pool_key",
    "position_offer",
    "quote",
    "rate_wad",
    "step",
    "supply_amount",
    "value_wad",
    "value_wad_up",
    "weights",
]
