"""The nouns: records of assets, rules, accounts, commands, events; schemas; ports.

Everything here is frozen data. What may be done with it is the engine's business.
"""

from trimtab.model import commands
from trimtab.model.canonical import canonical_json, digest, plain
from trimtab.model.case import BookRow, Case, GasTick, Mechanism, ReplayRules, Tick
from trimtab.model.choices import (
    Accrual,
    AuctionCurve,
    BonusCurve,
    CallExpiry,
    Sizing,
    SpiralRule,
)
from trimtab.model.commands import Command, RuleChange
from trimtab.model.margin import Explanation, Level
from trimtab.model.outcomes import (
    Accepted,
    Event,
    EventKind,
    Outcome,
    Payer,
    Reason,
    Rejected,
)
from trimtab.model.ports import Store, View
from trimtab.model.procedures import (
    AuctionRules,
    DynamicsRules,
    FundRules,
    LiquidationRules,
    MarginCallRules,
)
from trimtab.model.rules import AssetRules, CategoryRules, MarketRules, Rules
from trimtab.model.settings import UNIT_OF_KIND, Kind, Setting, settings_of
from trimtab.model.state import (
    AUCTION_HOLDER,
    BACKSTOP,
    INSURANCE,
    SINGLE,
    SUPPLIERS,
    Account,
    Auction,
    Isolation,
    Key,
    Pool,
    PriceState,
    Ramp,
    Record,
    RulesState,
    Table,
    VenueState,
    account_key,
    split_key,
)

__all__ = [
    "AUCTION_HOLDER",
    "BACKSTOP",
    "INSURANCE",
    "SINGLE",
    "SUPPLIERS",
    "UNIT_OF_KIND",
    "Accepted",
    "Account",
    "Accrual",
    "AssetRules",
    "Auction",
    "AuctionCurve",
    "AuctionRules",
    "BonusCurve",
    "BookRow",
    "CallExpiry",
    "Case",
    "CategoryRules",
    "Command",
    "DynamicsRules",
    "Event",
    "EventKind",
    "Explanation",
    "FundRules",
    "GasTick",
    "Isolation",
    "Key",
    "Kind",
    "Level",
    "LiquidationRules",
    "MarginCallRules",
    "MarketRules",
    "Mechanism",
    "Outcome",
    "Payer",
    "Pool",
    "PriceState",
    "Ramp",
    "Reason",
    "Record",
    "Rejected",
    "ReplayRules",
    "RuleChange",
    "Rules",
    "RulesState",
    "Setting",
    "Sizing",
    "SpiralRule",
    "Store",
    "Table",
    "Tick",
    "VenueState",
    "View",
    "account_key",
    "canonical_json",
    "commands",
    "digest",
    "plain",
    "settings_of",
    "split_key",
]
