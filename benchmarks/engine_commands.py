"""Engine: commands a second on a small and on a large venue, in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from statistics import median

from benchmarks.measuring import ROUNDS, Result, cpu_seconds, rate, told
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.model import Accepted, AssetRules, BookRow, Command, Rules
from trimtab.model import commands as c
from trimtab.model.settings import PERCENT
from trimtab.units import NANOSECONDS, WAD

SIZES = (1_000, 100_000)
ASSETS = 50
SAFE_PER_ROUND = 150
UNSAFE_PER_ROUND = 40
START_S = 1_700_000_000
ETHER = 10**18


def engine_commands() -> Result:
    """Measure both venues in alternation, so that a busy moment hits both."""
    venues = {}
    for size in SIZES:
        with told(f"engine: opening a venue of {size:,} accounts"):
            venues[size] = open_venue(venue_rules(), book(size), at_ns=at(0))
    counts = {name: len(commands) for name, commands in round_of(0).items()}
    seconds: dict[tuple[str, int], list[float]] = {}
    for turn in range(ROUNDS):
        with told(f"engine: round {turn + 1} of {ROUNDS}"):
            for (name, commands), size in product(round_of(turn).items(), SIZES):
                spent = cpu_seconds(lambda s=venues[size], cs=commands: run(s, cs))
                seconds.setdefault((name, size), []).append(spent)
    rows = []
    for name, count in counts.items():
        small, large = (median(seconds[name, size]) for size in SIZES)
        rows.append([name, rate(count, small), rate(count, large), f"{large / small:.2f}"])
    return Result(
        "Engine: commands a second",
        (
            f"{ASSETS} assets with interest; decided by `step` and put in force by the store.",
            f"Medians of {ROUNDS} rounds, both venues in the same run.",
            "The cost of a command is that of the records it touches: it does not grow with the "
            "venue (what is left of a difference is memory caches and dictionaries).",
        ),
        ("command", *(f"venue of {size:,} accounts" for size in SIZES), "cost ratio"),
        rows,
    )


def at(seconds: int) -> int:
    """Nanoseconds of a moment after the start."""
    return (START_S + seconds) * NANOSECONDS


def venue_rules() -> Rules:
    """A quote and `ASSETS - 1` other assets, all with interest."""
    quote = asset("USD", 6, price=1)
    others = [asset(f"A{number:02}", 18, price=10 + number) for number in range(1, ASSETS)]
    return Rules("bench", "USD", {each.name: each for each in (quote, *others)}, {})


def asset(name: str, decimals: int, *, price: int) -> AssetRules:
    """One asset of the venue."""
    return AssetRules(
        name,
        decimals=decimals,
        max_ltv_wad=75 * PERCENT,
        liquidation_end_wad=80 * PERCENT,
        liquidation_threshold_wad=80 * PERCENT,
        liquidation_bonus_wad=5 * PERCENT,
        slope1_wad=4 * PERCENT,
        price_wad=price * WAD,
    )


def book(accounts: int) -> Sequence[BookRow]:
    """Three collaterals and a debt each; every fifth account is slightly unsafe."""
    rows = []
    for number in range(accounts):
        unsafe = number % 5 == 4
        name = f"{'u' if unsafe else 's'}{number // 5 if unsafe else number - number // 5}"
        held = [f"A{1 + (number + shift) % (ASSETS - 1):02}" for shift in (0, 7, 19)]
        worth = sum(10 + int(asset[1:]) for asset in held)
        rows += [BookRow(name, asset, ETHER) for asset in held]
        rows.append(BookRow(name, "USD", -worth * 10**6 * (81 if unsafe else 40) // 100))
    return rows


def round_of(turn: int) -> dict[str, list[Command]]:
    """The commands of one round; each round has accounts and seconds of its own."""
    safe = [f"s{number}" for number in range(turn * SAFE_PER_ROUND, (turn + 1) * SAFE_PER_ROUND)]
    first = turn * UNSAFE_PER_ROUND
    unsafe = range(first, first + UNSAFE_PER_ROUND)
    now, later = at(1000 * turn), [at(1000 * turn + second) for second in range(1, 101)]
    prices = [(f"A{number:02}", (10 + number) * WAD) for number in range(1, ASSETS)]
    marks = tuple(sorted([*prices, ("USD", WAD)]))
    end = later[-1]
    return {
        "deposit": [c.Deposit(now, key, "A01", ETHER) for key in safe],
        "borrow": [c.Borrow(now, key, "USD", 10**6) for key in safe],
        "repay": [c.Repay(now, key, "USD", 10**6) for key in safe],
        "withdraw": [c.Withdraw(now, key, "A01", ETHER // 2) for key in safe],
        "accrue one asset": [c.Accrue(moment, ("USD",)) for moment in later],
        f"set prices of {ASSETS} assets": [c.SetPrices(end, marks)] * 50,
        "liquidate": [
            c.Liquidate(end, f"u{number}", "USD", collateral_of(number), "keeper")
            for number in unsafe
        ],
    }


def collateral_of(unsafe: int) -> str:
    """The first collateral of an unsafe account."""
    return f"A{1 + (unsafe * 5 + 4) % (ASSETS - 1):02}"


def run(store: MemoryStore, commands: Sequence[Command]) -> None:
    """Decide and apply commands that must all go through."""
    for command in commands:
        outcome = step(store, command)
        assert isinstance(outcome, Accepted), f"{command}: {outcome}"
        store.apply(outcome)
