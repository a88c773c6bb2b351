"""The rules over columns: the engine's decisions for millions of accounts, options by the million.

Margin: float64 and float32 decide only what their error bound lets them; the rest is asked of a
function that the caller gives, the exact engine's as a rule (`book`, `scan`, `radius`, `cascade`).
Options: `OptionColumns` checks them once; `option_prices`, `sensitivities`, `greeks` and
`implied_vols` compute; `deribit_margins` and `derive_margins` are portfolio margin over scenarios.
"""

from trimtab.kernels.deribit_margin import DeribitMargins, deribit_margins
from trimtab.kernels.derive_columns import CollateralRows, DeriveBook
from trimtab.kernels.derive_margin import DeriveMargins, derive_margins
from trimtab.kernels.implied import ImpliedStatus, ImpliedVols, implied_vols
from trimtab.kernels.option_book import OptionBook
from trimtab.kernels.option_columns import OptionColumns
from trimtab.kernels.option_values import (
    Greeks,
    Sensitivities,
    greeks,
    option_prices,
    sensitivities,
)

__all__ = [
    "CollateralRows",
    "DeribitMargins",
    "DeriveBook",
    "DeriveMargins",
    "Greeks",
    "ImpliedStatus",
    "ImpliedVols",
    "OptionBook",
    "OptionColumns",
    "Sensitivities",
    "deribit_margins",
    "derive_margins",
    "greeks",
    "implied_vols",
    "option_prices",
    "sensitivities",
]
