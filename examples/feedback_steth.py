"""The stETH book of June 2023 through the prices of May 2021 and of November 2022, with feedback.

Every hour's liquidations are sold in a pool of stETH against ether and lower the price that others
are marked at. The book is that of `build_cases.py`, rebased to the prices at the window's start.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from case_files import BuiltCase
from cases_steth import steth_2021_05, steth_2022_11
from numpy.typing import NDArray

from trimtab.adapters.files import load_case
from trimtab.agents import KeeperPolicy
from trimtab.kernels.clearing.terms import KeeperTerms, oracle_terms
from trimtab.kernels.impact import ImpactKind, impact_terms
from trimtab.model import Case
from trimtab.simulation.paths import PathGrid
from trimtab.simulation.world import Actor, WorldRun, WorldTerms, run_path
from trimtab.units import float_of

WINDOWS: Mapping[str, Callable[[Path], BuiltCase]] = {
    "steth-2021-05": steth_2021_05,
    "steth-2022-11": steth_2022_11,
}
RESERVES = "amm/uniswap_v2_eth_dai_reserves_10min_crisis_days.csv.gz"
HOUR_SECONDS = 3_600.0
# The sold assets; others are repaid, not sold. What the residual is, is not known: ether's depth.
SOLD = ("stETH", "RESIDUAL_COLLATERAL")
RECOVERY_SECONDS = 3_600.0
MULTIPLES = (1, 4, 16)
# The impact of selling it all at once is no way to sell a whale: keepers halve up to ten times.
HALVINGS = 10

ASSUMPTIONS = (
    "the book is of June 2023; the prices of the window are applied to it, rebased to its start",
    "what is sold goes into a constant-product pool of its own with the ether of Uniswap v2's "
    "ETH/DAI pool at the start of 2021-05-19, times the depth in the table; no depth of stETH is "
    "in the data",
    "of what is outstanding 1 - 1/e is absorbed in an hour; repaid dollars are bought without "
    "impact; the recorded prices already hold the impact of what was really sold",
    "keepers sell at once and halve what does not pay; gas is that of the case",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One window at one depth: with feedback, without, and the times of the hours (ns)."""

    depth: int
    feedback: WorldRun
    without: WorldRun


def pool_ether(data: Path) -> float:
    """Ether in the pool at the start of 2021-05-19, the deepest that the data know of that day."""
    with gzip.open(data / RESERVES, "rt", encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["case"].startswith("2021-05-19")]
    return float(min(rows, key=lambda row: int(row["step_10min"]))["WETH"])


def path_of(case: Case) -> tuple[NDArray[np.float64], PathGrid]:
    """The case's prices hour by hour; an hour without a row keeps the price before it."""
    assets = tuple(sorted({asset for tick in case.ticks for asset, _ in tick.prices}))
    step_ns = int(HOUR_SECONDS) * 10**9
    first, last = case.ticks[0].at_ns, case.ticks[-1].at_ns
    rows, known = [], dict(case.ticks[0].prices)
    at = {tick.at_ns: tick for tick in case.ticks}
    for now in range(first, last + 1, step_ns):
        known |= dict(at[now].prices) if now in at else {}
        rows.append([float_of(known[asset], 18) for asset in assets])
    prices = np.array(rows)
    grid = PathGrid(assets, tuple(prices[0].tolist()), len(prices) - 1, HOUR_SECONDS)
    return prices, grid


def world_terms(case: Case, grid: PathGrid, *, ether: float) -> WorldTerms:
    """Pools of so much ether for what is sold, and a market-price oracle."""
    kinds = [
        int(ImpactKind.CONSTANT_PRODUCT if asset in SOLD else ImpactKind.NONE)
        for asset in grid.assets
    ]
    impact = impact_terms(
        grid.assets,
        kind=kinds,
        first=[ether if asset in SOLD else 0.0 for asset in grid.assets],
        recovery_seconds=RECOVERY_SECONDS,
    )
    keepers = KeeperTerms(gas=float_of(case.replay.gas_cost_wad, 18))
    actors = (Actor(KeeperPolicy(halvings=HALVINGS)),)
    return WorldTerms(impact, oracle_terms(grid.assets), keepers, actors, bool(case.gas))


def compare(name: str, data: Path, *, multiples: tuple[int, ...] = MULTIPLES) -> list[Compared]:
    """Run a window at several depths."""
    with tempfile.TemporaryDirectory() as folder:
        case = load_case(WINDOWS[name](data).write(Path(folder)))
    prices, grid = path_of(case)
    ether = pool_ether(data)
    found = []
    for multiple in multiples:
        terms = world_terms(case, grid, ether=ether * multiple)
        runs = [
            run_path(case, prices, grid=grid, terms=each, measured=False)
            for each in (terms, terms.without_feedback())
        ]
        found.append(Compared(multiple, *runs))
    return found


COLUMNS = (
    "depth",
    "feedback",
    "liquidations",
    "liquidated ETH",
    "bad debt ETH",
    "left short ETH",
    "keepers ETH",
    "stETH lowest",
)


def rows_of(found: list[Compared]) -> list[tuple[str, ...]]:
    """The table of a window."""
    rows = []
    for each in found:
        for name, run in (("on", each.feedback), ("off", each.without)):
            row = run.outcomes.row(0)
            low = float(np.expm1(row["displacement_stETH"]))
            rows.append(
                (
                    f"x{each.depth}",
                    name,
                    f"{row['liquidations']:,.0f}",
                    f"{row['liquidated']:,.0f}",
                    f"{row['bad_debt']:,.1f}",
                    f"{row['shortfall_left']:,.1f}",
                    f"{row['keeper_profit']:,.0f}",
                    f"{low:.2%}",
                )
            )
    return rows


def difference(found: list[Compared]) -> str:
    """What feedback adds, in a sentence."""
    parts = []
    for each in found:
        on, off = (run.outcomes.row(0)["liquidated"] for run in (each.feedback, each.without))
        parts.append(f"x{each.depth}: {on - off:+,.0f} ETH ({on / off - 1.0:+.1%})")
    return "liquidated with feedback less without: " + "; ".join(parts)
