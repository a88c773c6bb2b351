"""Who acts: policies that see observations and return intents, the same live and simulated."""

from trimtab.agents.attacking import PushPolicy, round_trip_cost
from trimtab.agents.borrowing import Act, BorrowerPolicy, Hazard
from trimtab.agents.execution import (
    ExecutionTerms,
    block_dump,
    cost_variance,
    expected_cost,
    optimal_cost,
    optimal_variance,
    schedule,
)
from trimtab.agents.keeper import Keeper, Offer, best_offer, bid, most_gain_wad
from trimtab.agents.keeping import KeeperPolicy, Patience, Route
from trimtab.agents.last_resort import LastResortPolicy
from trimtab.agents.late_oracle import LateOraclePolicy
from trimtab.agents.observing import (
    Beat,
    Funds,
    Intent,
    Lot,
    MarketView,
    Observation,
    Policy,
    Sale,
    Seen,
)

__all__ = [
    "Act",
    "Beat",
    "BorrowerPolicy",
    "ExecutionTerms",
    "Funds",
    "Hazard",
    "Intent",
    "Keeper",
    "KeeperPolicy",
    "LastResortPolicy",
    "LateOraclePolicy",
    "Lot",
    "MarketView",
    "Observation",
    "Offer",
    "Patience",
    "Policy",
    "PushPolicy",
    "Route",
    "Sale",
    "Seen",
    "best_offer",
    "bid",
    "block_dump",
    "cost_variance",
    "expected_cost",
    "most_gain_wad",
    "optimal_cost",
    "optimal_variance",
    "round_trip_cost",
    "schedule",
]
