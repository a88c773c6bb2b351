"""A generated leveraged book through the minutes of January 2021, against what was liquidated.

Nobody publishes the positions behind the recorded liquidations of ETHUSDT futures. The book is
made up: on either side `ACCOUNTS` accounts of one size, each entered at a minute drawn from the
three days before, at a leverage drawn log-uniformly from 3 to 75; whoever would have been
liquidated since is drawn again. It is drawn afresh every six hours. Nothing is fitted to the
recorded volume: shapes and ranks are compared, and totals only told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from trimtab.agents import KeeperPolicy
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import (
    AssetRules,
    BookRow,
    Case,
    EventKind,
    FundRules,
    LiquidationRules,
    Rules,
    Sizing,
    SpiralRule,
    Tick,
)
from trimtab.model.settings import PERCENT
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import Actor, WorldRun, WorldTerms, run_path
from trimtab.units import WAD, fixed_of, float_of

MINUTES = "liquidations/binance_futures_ethusdt_1m_with_liquidation_volume_2021-01.parquet"
MINUTE_SECONDS = 60.0
DAY, SEGMENT = 1_440, 360
LOOK_BACK = 3 * DAY
ACCOUNTS = 100
OPEN_INTEREST = 10_000.0
LEVERAGES = (3.0, 75.0)
MAINTENANCE = 0.01
# The least ether in Uniswap v2's ETH/DAI pool on 2021-01-11, in the data's table of reserves.
POOL_ETHER = 91_142.0
RECOVERY_SECONDS = 600.0
SEED = 2021

ASSUMPTIONS = (
    f"{ACCOUNTS} accounts a side over {OPEN_INTEREST:,.0f} ETH of open interest, made up: entries "
    "of the last three days, leverage log-uniform from 3 to 75, survivors only, drawn afresh every "
    f"six hours with seed {SEED}",
    "a long owns ether and owes dollars, a short the other way round; maintenance 1 %, bonus 1 %, "
    "closed whole",
    f"ether is sold in a constant-product pool of {POOL_ETHER:,.0f} ETH (Uniswap v2 on 2021-01-11),"
    " 1 - 1/e of it absorbed in ten minutes; buying back a short moves no price",
    "the recorded prices already hold the impact of the recorded liquidations",
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Minutes: seconds since 1970, mid price (USDT), liquidated longs and shorts (ETH)."""

    at_s: NDArray[np.int64]
    price: NDArray[np.float64]
    longs: NDArray[np.float64]
    shorts: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Simulated:
    """Liquidated ether by recorded minute, of longs and of shorts."""

    longs: NDArray[np.float64]
    shorts: NDArray[np.float64]


def read_minutes(data: Path) -> Recorded:
    """The recorded minutes, in order."""
    found = duckdb.execute(
        "select cast(epoch(timestamp::timestamptz) as bigint) at_s, "
        "(ask_price + bid_price) / 2 mid, long_liquidation_eth l, short_liquidation_eth s "
        "from read_parquet(?) order by timestamp",
        [str(data / MINUTES)],
    ).fetchnumpy()
    longs, shorts = (np.asarray(found[name], np.float64) for name in ("l", "s"))
    return Recorded(np.asarray(found["at_s"]), np.asarray(found["mid"], np.float64), longs, shorts)


def minute_rules() -> Rules:
    """Ether and dollars, both collateral and debt at a maintenance of 1 %."""

    def asset(name: str, decimals: int, *, price_wad: int | None = None) -> AssetRules:
        most = WAD - PERCENT
        return AssetRules(
            name,
            decimals=decimals,
            price_wad=price_wad,
            max_ltv_wad=most,
            liquidation_end_wad=most,
            liquidation_threshold_wad=most,
            liquidation_bonus_wad=PERCENT,
        )

    return Rules(
        venue="eth-minutes-2021-01",
        quote="USD",
        assets={"USD": asset("USD", 6, price_wad=WAD), "ETH": asset("ETH", 18)},
        categories={},
        liquidation=LiquidationRules(sizing=Sizing.WHOLE, spiral=SpiralRule.ALLOW),
        insurance=FundRules(balance_wad=10**7 * WAD),
    )


def generated_book(price: NDArray[np.float64], end: int, *, seed: int) -> tuple[BookRow, ...]:
    """Accounts that entered in the minutes up to `end` and are still there."""
    rng = np.random.default_rng([seed, end])
    size = OPEN_INTEREST / ACCOUNTS
    rows = []
    for side, name in ((1.0, "long"), (-1.0, "short")):
        count = 0
        while count < ACCOUNTS:
            begun = int(rng.integers(max(0, end - LOOK_BACK), end + 1))
            leverage = float(np.exp(rng.uniform(*np.log(LEVERAGES))))
            entry, since = float(price[begun]), price[begun : end + 1]
            equity = entry / leverage + side * (since - entry)
            if (equity <= MAINTENANCE * since).any():
                continue
            dollars = -round(size * entry * (side - 1.0 / leverage) * 1e6)
            rows.append(BookRow(f"{name}{count:03}", "USD", dollars))
            rows.append(BookRow(f"{name}{count:03}", "ETH", int(side) * round(size * 1e18)))
            count += 1
    # What shorts owe is not the ether of the longs: whoever seizes that can sell it.
    rows.append(BookRow("lender", "ETH", round(10.0 * OPEN_INTEREST * 1e18)))
    rows.append(BookRow("lender", "USD", 10**9 * 10**6))
    return tuple(rows)


def segment_run(found: Recorded, begin: int, *, feedback: bool, seed: int = SEED) -> WorldRun:
    """Six hours from a minute on, with a book drawn at their start."""
    prices = found.price[begin : begin + SEGMENT + 1, None]
    first = (("ETH", fixed_of(float(prices[0, 0]), 18)),)
    ticks = (Tick(int(found.at_s[begin]) * 10**9, first),)
    book = generated_book(found.price, begin, seed=seed)
    case = Case("eth-minutes-2021-01", minute_rules(), book, ticks, input_hashes={})
    grid = PathGrid(("ETH",), (float(prices[0, 0]),), len(prices) - 1, MINUTE_SECONDS)
    impact = impact_terms(
        grid.assets,
        kind=ImpactKind.CONSTANT_PRODUCT,
        first=POOL_ETHER,
        recovery_seconds=RECOVERY_SECONDS,
        feedback=feedback,
    )
    keepers = (Actor(KeeperPolicy(halvings=4)),)
    terms = WorldTerms(impact, oracle_terms(grid.assets), KeeperTerms(), keepers)
    return run_path(case, prices, grid=grid, terms=terms, measured=False)


def simulate(found: Recorded, *, minutes: int, feedback: bool) -> Simulated:
    """All segments of the first so many minutes after the first day, by recorded minute."""
    out = {name: np.zeros(len(found.price)) for name in ("long", "short")}
    for begin in range(DAY, min(DAY + minutes, len(found.price) - SEGMENT - 1), SEGMENT):
        run = segment_run(found, begin, feedback=feedback)
        start_ns = run.case.ticks[0].at_ns
        for timed in run.events:
            event = timed.event
            if event.kind is not EventKind.LIQUIDATE:
                continue
            minute = begin + round((timed.at_ns - start_ns) / (MINUTE_SECONDS * 1e9))
            is_long = event.account.startswith("long")
            ether = float_of(event.value, 18) / found.price[minute] if is_long else 0.0
            ether = ether if is_long else float_of(-event.quantity, 18)
            out["long" if is_long else "short"][minute] += ether
    return Simulated(out["long"], out["short"])


def by_hour(values: NDArray[np.float64], span: slice) -> NDArray[np.float64]:
    """Sums of sixty recorded minutes each."""
    kept = values[span]
    return kept[: len(kept) // 60 * 60].reshape(-1, 60).sum(axis=1)


def rank_correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Spearman's: Pearson's of the mid-ranks, 1 where both rise together."""
    from scipy.stats import rankdata

    return float(np.corrcoef(rankdata(left), rankdata(right))[0, 1])


def concentration(values: NDArray[np.float64], share: float = 0.05) -> float:
    """The part of all volume that falls into the busiest share of hours."""
    count = max(1, round(share * len(values)))
    return float(np.sort(values)[-count:].sum() / values.sum())


def figures(found: Recorded, simulated: Simulated, *, span: slice) -> Mapping[str, float]:
    """How simulated and recorded volumes compare."""
    sides = {
        "longs": (found.longs, simulated.longs),
        "shorts": (found.shorts, simulated.shorts),
        "both": (found.longs + found.shorts, simulated.longs + simulated.shorts),
    }
    out = {}
    for name, (recorded, made) in sides.items():
        there, here = by_hour(recorded, span), by_hour(made, span)
        out[f"rank correlation by hour, {name}"] = rank_correlation(there, here)
        out[f"rank correlation by minute, {name}"] = rank_correlation(recorded[span], made[span])
        out[f"busiest 5 % of hours, recorded, {name}"] = concentration(there)
        out[f"busiest 5 % of hours, simulated, {name}"] = concentration(here)
        out[f"ETH simulated, {name}"] = float(here.sum())
        out[f"ETH recorded, {name}"] = float(there.sum())
    return out
