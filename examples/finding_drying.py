"""A lending system that has to sell while liquidity dries: when is its debt worth more than it has?

The system of the paper in its simplest form: one debt, one collateral worth half as much again,
and a market that takes so many units a day and fewer each day. Whenever the ratio is below 150 %
the system sells what the day takes and repays debt with it. Prices are a geometric Brownian
motion without drift, its volatility learnt from days before the paper.
"""

from pathlib import Path

import numpy as np
from finding import Figure, Finding
from market_data import Floats, table

from trimtab.quant import GeometricBrownian, return_panel
from trimtab.simulation.paths import Brownian, PathGrid, price_paths
from trimtab.simulation.paths.driving import independent

DAY = 86_400.0
DEBT = 400e6
RATIO = 1.5
DAYS = 100
PATHS = 5_000
SEED = 2002
PUBLISHED_DAYS = 19.0
LIQUIDITY = (10_000.0, 30_000.0, 100_000.0)
DRYING = (0.0, 0.01, 0.05)
BEFORE = "2020-02-20"


def days_until(prices: Floats, *, liquidity: float, drying: float) -> Floats:
    """Return the first day on which debt exceeds collateral, per path; infinite if never.

    Args:
        prices: paths by days + 1, quote per unit.
        liquidity: units that the market takes on the first day, at the day's price.
        drying: rate a day at which it takes fewer.
    """
    debt = np.full(len(prices), DEBT)
    held = RATIO * DEBT / prices[:, 0]
    first = np.full(len(prices), np.inf)
    for day in range(1, prices.shape[1]):
        price = prices[:, day]
        short = (held * price < RATIO * debt) & (debt > 0.0)
        takes = liquidity * np.exp(-drying * (day - 1))
        sold = np.where(short, np.minimum(np.minimum(takes, held), debt / price), 0.0)
        debt, held = debt - sold * price, held - sold
        under = (held * price < debt * (1.0 - 1e-12)) & np.isinf(first)
        first[under] = day
    return first


def learnt(data: Path) -> tuple[GeometricBrownian, float, int]:
    """Return ether's process from the days before the paper, its last price, and how many days."""
    hours = table(
        data,
        "ohlcv/binance_spot_1h_20assets.parquet",
        "epoch_ns(timestamp) AS at, close::DOUBLE AS close, symbol, "
        f"timestamp < TIMESTAMP '{BEFORE}' AS before",
        order="timestamp",
    )
    ether = np.array([str(one).startswith("ETH") for one in hours["symbol"]])
    last_hour = hours["at"] % int(DAY * 1e9) == int((DAY - 3600) * 1e9)
    keep = ether & last_hour & hours["before"].astype(bool)
    closes = hours["close"][keep]
    panel = return_panel(hours["at"][keep], {"ETH": closes}, step_seconds=DAY)
    return GeometricBrownian().fit(panel), float(closes[-1]), len(panel)


def found(data: Path) -> Finding:
    """Work the grid of liquidity and drying through the same paths."""
    fit, price, days = learnt(data)
    model = Brownian(("ETH",), np.zeros(1), fit.vol_annual_, independent(1))
    grid = PathGrid(("ETH",), (price,), DAYS, DAY)
    prices = price_paths(model, grid, seed=SEED, paths=PATHS)[..., 0]
    figures = []
    for liquidity in LIQUIDITY:
        for rate in DRYING:
            first = days_until(prices, liquidity=liquidity, drying=rate)
            name = f"{liquidity:,.0f} ETH a day, drying {100 * rate:g} % a day"
            figures += [
                Figure(f"{name}: first day, worst path", PUBLISHED_DAYS, float(first.min())),
                Figure(f"{name}: paths under water in {DAYS} days", None, _share(first)),
            ]
    return Finding(
        "A debt that liquidity runs away from",
        "Gudgeon, Perez, Harz, Livshits, Gervais (2020), arXiv 2002.08099: 400 M USD of debt "
        "under-collateralized within 19 days under their parameters of illiquidity",
        f"ETHUSDT spot, {days} days from 2019-01-01 to before {BEFORE} "
        f"(ohlcv/binance_spot_1h_20assets): volatility {fit.vol_annual_[0]:.3f} a year, {price:g} "
        f"USD; {PATHS:,} paths, seed {SEED}",
        f"debt of {DEBT / 1e6:g} M USD at a ratio of {RATIO:g}; below it the system sells what the "
        "day takes; the fastest of all paths, as the paper tells it",
        tuple(figures),
        "their starting liquidity, rate of drying and window are not restated here, so the grid is "
        "shown whole and no cell was picked. What carries over: days, not hours, pass before the "
        "fastest path is under water, more liquidity delays it, and drying raises the share of "
        "paths that end there.",
    )


def _share(first: Floats) -> float:
    return float(np.isfinite(first).mean())
