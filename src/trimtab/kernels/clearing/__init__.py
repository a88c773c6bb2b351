"""The path kernel: a book of loans cleared along many price paths at once.

`OracleTerms` and `KeeperTerms` say how a run's oracle and keepers act, `ClearingOutcomes` what a
path did to the venue.
"""

from trimtab.kernels.clearing.outcomes import COLUMNS, ClearingOutcomes, joined, outcomes_of
from trimtab.kernels.clearing.terms import NO_LIMIT, KeeperTerms, OracleTerms, oracle_terms

__all__ = [
    "COLUMNS",
    "NO_LIMIT",
    "ClearingOutcomes",
    "KeeperTerms",
    "OracleTerms",
    "joined",
    "oracle_terms",
    "outcomes_of",
]
