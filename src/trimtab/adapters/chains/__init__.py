"""Lending protocols on EVM chains in, case folders out: block-pinned, resumable, paced.

The libraries of the extra `chain` (web3, eth-abi) are imported where they are first needed.
"""

from trimtab.adapters.chains.aave import AaveV3
from trimtab.adapters.chains.abi import checked_address, checked_hash
from trimtab.adapters.chains.accounts_file import read_accounts
from trimtab.adapters.chains.compound import CompoundV3
from trimtab.adapters.chains.events import Span
from trimtab.adapters.chains.http_wire import HttpWire
from trimtab.adapters.chains.morpho import MORPHO, MorphoBlue
from trimtab.adapters.chains.pacing import Manners, PacedWire, SystemClock
from trimtab.adapters.chains.reader import Progress
from trimtab.adapters.chains.reading import Outcome, Plan, Source, read_case
from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, Wire, WireError

__all__ = [
    "MORPHO",
    "AaveV3",
    "CompoundV3",
    "Fault",
    "HttpWire",
    "Manners",
    "MorphoBlue",
    "Outcome",
    "PacedWire",
    "Plan",
    "Progress",
    "Reply",
    "Request",
    "RpcError",
    "Source",
    "Span",
    "SystemClock",
    "Wire",
    "WireError",
    "checked_address",
    "checked_hash",
    "read_accounts",
    "read_case",
]
