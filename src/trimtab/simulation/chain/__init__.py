"""What stands between a price and a liquidation: oracles, blocks, gas, congestion, halts.

`OracleBehavior`, `ChainBehavior` and `KeeperBehavior` speak in seconds and quote, and become the
terms in steps that the path kernel and the exact world obey; `report` and `heard` are the oracle's
rules as functions of arrays.
"""

from trimtab.simulation.chain.blocks import (
    ChainBehavior,
    KeeperBehavior,
    chain_of,
    gas_at,
    gas_cost_of,
    keeper_terms_of,
)
from trimtab.simulation.chain.oracles import (
    OracleBehavior,
    OracleState,
    begun,
    heard,
    oracle_of,
    oracle_terms_of,
    report,
)
from trimtab.simulation.chain.stated import stated_keepers, stated_oracles

__all__ = [
    "ChainBehavior",
    "KeeperBehavior",
    "OracleBehavior",
    "OracleState",
    "begun",
    "chain_of",
    "gas_at",
    "gas_cost_of",
    "heard",
    "keeper_terms_of",
    "oracle_of",
    "oracle_terms_of",
    "report",
    "stated_keepers",
    "stated_oracles",
]
