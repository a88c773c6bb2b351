"""The margin at which a day calls one position in a hundred: extreme-value tails, and a normal fit.

A position is called on a day whose worst price, from the day's open, takes all of its margin: the
low for a long one, the high for a short one.
"""

from pathlib import Path

import numpy as np
from finding import Figure, Finding
from market_data import Floats, table

from trimtab.quant import BlockMaxima, ParetoTail

PROBABILITY = 0.01
HOURS_LEAST = 20
BLOCK_DAYS = 20


def daily_moves(data: Path) -> tuple[Floats, Floats, Floats]:
    """Return each day's worst fall and rise from its open, and its log return; whole days only."""
    hours = table(
        data,
        "ohlcv/binance_spot_1h_20assets.parquet",
        "symbol, epoch_ns(timestamp) // 86400000000000 AS day, open::DOUBLE AS open, "
        "high::DOUBLE AS high, low::DOUBLE AS low, close::DOUBLE AS close",
        order="symbol, timestamp",
    )
    bitcoin = np.array([str(one).startswith("BTC") for one in hours["symbol"]])
    own = {name: column[bitcoin] for name, column in hours.items()}
    _, first, count = np.unique(own["day"], return_index=True, return_counts=True)
    opened, closed = own["open"][first], own["close"][first + count - 1]
    whole = count >= HOURS_LEAST
    falls = 1.0 - np.minimum.reduceat(own["low"], first) / opened
    rises = np.maximum.reduceat(own["high"], first) / opened - 1.0
    return falls[whole], rises[whole], np.log(closed / opened)[whole]


def found(data: Path) -> Finding:
    """Fit three laws to the same days and ask each for its margin."""
    falls, rises, returns = daily_moves(data)
    # A normal walk's worst point of a day: by reflection, twice the chance of its end.
    from scipy.stats import norm

    reach = float(returns.std() * norm.ppf(1.0 - PROBABILITY / 2.0))
    figures = []
    for side, moves, published, normal in (
        ("long", falls, 0.33, float(-np.expm1(-reach))),
        ("short", rises, 0.20, float(np.expm1(reach))),
    ):
        tail, blocks = ParetoTail().fit(moves), BlockMaxima(block_steps=BLOCK_DAYS).fit(moves)
        figures += [
            Figure(f"{side}: Pareto tail, 1 % of days", published, tail.quantile(PROBABILITY)),
            Figure(
                f"{side}: extreme value of {BLOCK_DAYS} days, 1 % of days",
                published,
                blocks.quantile(PROBABILITY),
            ),
            Figure(
                f"{side}: extreme value, 1 % of blocks of {BLOCK_DAYS} days",
                published,
                blocks.block_quantile(PROBABILITY),
            ),
            Figure(f"{side}: the days themselves", None, float(np.quantile(moves, 0.99))),
            Figure(f"{side}: normal fit", None, normal),
            Figure(f"{side}: shape of the Pareto tail", None, tail.shape_),
        ]
    return Finding(
        "Margin for one per cent of daily calls",
        "Cheng, Deng, Wang, Yu (2021), arXiv 2102.04591: 33 % long, 20 % short",
        f"BTCUSDT spot, hours of 2019-01-01 to 2022-10-11, {falls.size:,} whole days "
        "(ohlcv/binance_spot_1h_20assets)",
        "worst price of a UTC day from its open; generalized Pareto beyond the worst tenth, "
        "generalized extreme value of blocks, normal law of daily log returns with its reflection",
        tuple(figures),
        "both published margins lie between what one day in a hundred takes here and what one "
        "block of twenty days in a hundred takes: their venue, years, law and horizon differ, and "
        "none of them was varied to come nearer. What carries over: the tail asks for more than a "
        "normal fit of the same days, and a long position's tail is the heavier one.",
    )
