"""Fits what markets, oracles and gas did in the data sets, and prints how well each fit holds.

    python examples/market_fits.py --data ../shared/data [--json]

One line a fit: what, from which table, how many observations, parameters, quality.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from market_data import (
    FEEDS,
    Feed,
    crisis_days,
    ewma,
    feed,
    flow,
    rounds,
    snapshots,
    stable_pool,
)

from trimtab.quant import (
    DepthResilience,
    DepthThinning,
    FitReport,
    FlowImpact,
    GasSlope,
    OracleCadence,
)
from trimtab.simulation.markets import OrderBookLadder, curve_fits


@dataclass(frozen=True, slots=True)
class Fit:
    """One fit: what it is of, where and when its sample is from, and the estimator's report."""

    name: str
    source: str
    sample: str
    report: FitReport


def main(arguments: list[str] | None = None) -> int:
    """Print all fits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    given = parser.parse_args(arguments)
    if not (given.data / "orderbook").is_dir():
        print(f"no data sets in {given.data.name}", file=sys.stderr)
        return 3
    found = list(all_fits(given.data))
    if given.json:
        print(json.dumps([document(one) for one in found], indent=1))
        return 0
    print("| fit | source | sample | n | parameters | quality |")
    print("|---|---|---|---:|---|---|")
    for one in found:
        cells = (one.name, f"`{one.source}`", one.sample, f"{one.report.observations:,}")
        print("| " + " | ".join((*cells, shown(one, "parameters"), shown(one, "quality"))) + " |")
    return 0


def all_fits(data: Path) -> Iterator[Fit]:
    """Every fit, one after another."""
    for name, (asset, day, _) in FEEDS.items():
        read = feed(data, name)
        yield from book_fits(name, read.book, sample=f"{asset} bids, {day}")
        yield from feed_fits(name, read, sample=f"{asset}, {day}, 1 s")
    days = {"hyper": "BTC bids, 2025-01-26", "nautilus_btc": "BTC bids, 2022-11-01"}
    for name, book in snapshots(data).items():
        sample = next((day for start, day in days.items() if name.startswith(start)), "")
        yield from book_fits(name, book, sample=sample or "XRP bids, 2024-12-01")
    yield from flow_fits(data)
    yield from pool_fits(data)
    for name, (times, prices) in rounds(data).items():
        yield Fit(
            f"oracle {name}",
            "oracle/chainlink_rounds_eth_btc_steth",
            "rounds",
            OracleCadence().fit(times, prices).report_,
        )
    yield from gas_fits(data)


def book_fits(name: str, book: OrderBookLadder, *, sample: str) -> Iterator[Fit]:
    """The square root and the line through a book's depth curve, at sizes spread geometrically."""
    curve, deepest = book.curve(), float(book.quantities.sum())
    reach = 1e4 * curve.log_impact(deepest)
    told = f"{sample}, {book.prices.size} levels to {reach:.0f} bps"
    for law, report in curve_fits(curve, deepest=deepest).items():
        yield Fit(f"book: {law}", f"orderbook/{name}", told, report)


def feed_fits(name: str, read: Feed, *, sample: str) -> Iterator[Fit]:
    """How bid depth within 10 bps recovers, and how it thins with the second's volatility."""
    recovery = DepthResilience().fit(read.depths, step_seconds=1.0)
    yield Fit("depth recovery", f"orderbook/{name}", sample, recovery.report_)
    spread = np.maximum(ewma(np.diff(np.log(read.middles)), step_seconds=1.0), 1e-6)
    thinning = DepthThinning().fit(read.depths[1:], spread)
    yield Fit("depth thinning", f"orderbook/{name}", sample, thinning.report_)


def flow_fits(data: Path) -> Iterator[Fit]:
    """What a minute's liquidations did to the price, and how much stayed of it."""
    returns, sold = flow(data)
    for root in (False, True):
        report = FlowImpact(root=root).fit(returns, sold, step_seconds=60.0).report_
        yield Fit(
            "liquidations: root" if root else "liquidations: line",
            "liquidations/binance_futures_ethusdt_1m_with_liquidation_volume_2021-01",
            "ETH minutes, January 2021",
            report,
        )


def pool_fits(data: Path) -> Iterator[Fit]:
    """How pools' liquidity thins with volatility, within a day or a month."""
    pool = stable_pool(data)
    thinning = DepthThinning().fit(pool["liquidity"], pool["volatility"], groups=pool["month"])
    yield Fit(
        "pool thinning",
        "amm/uniswap_v3_usdc_usdt_pool_hourly_2022_2026",
        "hours, within each month",
        thinning.report_,
    )
    days = {day: rows for day, rows in crisis_days(data).items() if rows["liquidity"].size}
    sizes = [rows["liquidity"].size for rows in days.values()]
    thinning = DepthThinning().fit(
        np.concatenate([rows["liquidity"] for rows in days.values()]),
        np.concatenate([rows["volatility"] for rows in days.values()]),
        groups=np.repeat(np.arange(len(days)), sizes),
    )
    yield Fit(
        "pool thinning",
        "amm/uniswap_v2_eth_dai_reserves_10min_crisis_days",
        f"{len(days)} crisis days, within each day",
        thinning.report_,
    )


def gas_fits(data: Path) -> Iterator[Fit]:
    """How gas rises with ETH's volatility: in all, and relative to each day's medians."""
    days = crisis_days(data)
    source = "gas/ethereum_gas_price_10min_crisis_days"
    gwei, volatility = ([rows[name] for rows in days.values()] for name in ("gwei", "volatility"))
    report = GasSlope().fit(np.concatenate(gwei), np.concatenate(volatility)).report_
    yield Fit("gas, gwei", source, f"{len(days)} crisis days", report)
    own = [
        np.concatenate([column / np.median(column) for column in columns])
        for columns in (gwei, volatility)
    ]
    report = GasSlope().fit(own[0], own[1]).report_
    yield Fit("gas over its day's median", source, f"{len(days)} crisis days", report)


def shown(fit: Fit, part: str) -> str:
    """Names and numbers of a report's part."""
    rows = getattr(fit.report, part).items()
    return ", ".join(f"{name} {' '.join(f'{one:.4g}' for one in row)}" for name, row in rows)


def document(fit: Fit) -> dict[str, Any]:
    """One fit for a machine; what is infinite is null."""

    def plain(rows: Any) -> dict[str, float | None]:
        return {name: row[0] if math.isfinite(row[0]) else None for name, row in rows.items()}

    return {
        "fit": fit.name,
        "source": fit.source,
        "sample": fit.sample,
        "observations": fit.report.observations,
        "parameters": plain(fit.report.parameters),
        "quality": plain(fit.report.quality),
    }


if __name__ == "__main__":
    sys.exit(main())
