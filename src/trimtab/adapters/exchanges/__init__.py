"""Market data of exchanges into a case: prices, funding, open interest and order-book depth."""

from trimtab.adapters.exchanges.asking import Manners
from trimtab.adapters.exchanges.question import DataTable, ExchangeQuestion, PriceKind
from trimtab.adapters.exchanges.reading import MarketImport, Progress, import_market_data

__all__ = [
    "DataTable",
    "ExchangeQuestion",
    "Manners",
    "MarketImport",
    "PriceKind",
    "Progress",
    "import_market_data",
]
