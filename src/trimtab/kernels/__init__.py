"""The rules over columns: float64 kernels with stated bounds, compiled at first use.

Options: `OptionColumns` checks them once; `option_prices`, `sensitivities`, `greeks` and
`implied_vols` compute. Portfolio margin over scenarios: `deribit_margins` and `derive_margins`.
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
