"""The book and prices of the replay benchmark: real where the data sets are, else synthetic."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.engine_commands import asset, at
from trimtab.adapters.files import load_case
from trimtab.model import BookRow, Case, ReplayRules, Rules, Tick
from trimtab.units import NANOSECONDS, WAD

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TRIMTAB_SHARED", ROOT.parent / "shared")) / "data"
NAME = "steth-2021-05"
ACCOUNTS = 1034
HOUR_NS = 3600 * NANOSECONDS


@dataclass(frozen=True, slots=True)
class History:
    """A case of many hourly steps, and where it comes from."""

    case: Case
    source: str


def history(steps: int) -> History:
    """The stETH book where the data sets are present, else a synthetic book of its size."""
    if not (DATA / "accounts").is_dir():
        return History(synthetic(steps), f"synthetic book of {ACCOUNTS:,} accounts, random walk")
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "examples/build_cases.py"), "--only", NAME]
        command += ["--data", str(DATA), "--out", folder]
        subprocess.run(command, check=True, capture_output=True)
        case = load_case(Path(folder) / NAME)
    source = f"book of {NAME}; its {len(case.ticks)} real hourly price rows, there and back again"
    return History(replace(case, ticks=swinging(case.ticks, steps)), source)


def swinging(ticks: tuple[Tick, ...], steps: int) -> tuple[Tick, ...]:
    """Real rows forward and backward in turn, an hour apart: no jump where the history ends."""
    there_and_back = [*ticks, *ticks[-2:0:-1]]
    start = ticks[0].at_ns
    return tuple(
        Tick(start + number * HOUR_NS, there_and_back[number % len(there_and_back)].prices)
        for number in range(steps)
    )


def synthetic(steps: int) -> Case:
    """One collateral and one debt each, thresholds at 50 to 95 % of use; prices walk."""
    chance = random.Random(1)
    rules = {each.name: each for each in (asset("USD", 6, price=1), asset("A01", 18, price=1000))}
    book = []
    for number in range(ACCOUNTS):
        book.append(BookRow(f"a{number}", "A01", 10**18))
        book.append(BookRow(f"a{number}", "USD", -chance.randint(400, 760) * 10**6))
    price, ticks = 1000.0, []
    for number in range(steps):
        ticks.append(Tick(at(number * 3600), (("A01", round(price * WAD)), ("USD", WAD))))
        price = min(max(price * (1 + chance.gauss(0, 0.005)), 700), 1600)
    replayed = ReplayRules(gas_cost_wad=5 * WAD)
    return Case(
        "synthetic", Rules("synthetic", "USD", rules, {}), tuple(book), tuple(ticks), replayed
    )
