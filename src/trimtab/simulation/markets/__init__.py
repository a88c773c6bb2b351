"""Where what is liquidated is sold: books, pools and laws of impact, brought to one normal form.

A shape (`OrderBookLadder`, `ConstantProductPool`, `ConcentratedPool`, `SquareRootImpact`,
`LinearImpact`) gives a `MarketCurve`; `merged` makes one of several; `Market` adds how it recovers
and thins; `terms_of` gives the terms of all assets that kernels and the exact world take.
"""

from trimtab.simulation.markets.calibrated import (
    curve_fits,
    market_of_book,
    market_of_fits,
    market_of_flow,
)
from trimtab.simulation.markets.curves import (
    Market,
    MarketCurve,
    no_impact,
    table_curve,
    terms_of,
)
from trimtab.simulation.markets.ladders import (
    OrderBookLadder,
    ladder_of,
    ladder_of_bands,
)
from trimtab.simulation.markets.laws import (
    LinearImpact,
    SquareRootImpact,
    linear_of_depth,
    square_root_of_volume,
)
from trimtab.simulation.markets.pools import (
    ConcentratedPool,
    ConstantProductPool,
    LiquidityRange,
)
from trimtab.simulation.markets.routing import allocation, merged
from trimtab.simulation.markets.stated import market_of, stated_terms

__all__ = [
    "ConcentratedPool",
    "ConstantProductPool",
    "LinearImpact",
    "LiquidityRange",
    "Market",
    "MarketCurve",
    "OrderBookLadder",
    "SquareRootImpact",
    "allocation",
    "curve_fits",
    "ladder_of",
    "ladder_of_bands",
    "linear_of_depth",
    "market_of",
    "market_of_book",
    "market_of_fits",
    "market_of_flow",
    "merged",
    "no_impact",
    "square_root_of_volume",
    "stated_terms",
    "table_curve",
    "terms_of",
]
