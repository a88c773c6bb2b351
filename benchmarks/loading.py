"""Loading: a large book and a large price table, checked cell by cell, from CSV and Parquet."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measuring import Result, cpu_seconds, rate, told
from trimtab.adapters.files import load_case, write_csv, write_parquet

ROWS = 100_000
ASSETS = 50
ROUNDS = 3
START_NS = 1_700_000_000 * 10**9

Table = dict[str, list[Any]]


def loading() -> Result:
    """Load the case, with its tables in each format."""
    rows = []
    for form, write in (("csv", write_csv), ("parquet", write_parquet)):
        with TemporaryDirectory() as folder:
            path = Path(folder)
            (path / "rules.toml").write_text(rules_text())
            write(path / f"book.{form}", book())
            write(path / f"prices.{form}", prices())
            with told(f"load: {form}"):
                spent = median(cpu_seconds(lambda p=path: load_case(p)) for _ in range(ROUNDS))
        rows.append((form, f"{spent:.2f}", rate(2 * ROWS, spent)))
    return Result(
        "Loading a case",
        (
            f"A book of {ROWS:,} rows and {ROWS:,} prices of {ASSETS} assets, every cell exact "
            f"text, checked, in native units; medians of {ROUNDS} rounds.",
        ),
        ("format", "CPU seconds", "rows a second"),
        rows,
    )


def rules_text() -> str:
    """The quote and `ASSETS` assets."""
    assets = (f"[assets.A{number:02}]\ndecimals = 18\n" for number in range(ASSETS))
    return '[venue]\nname = "load"\nquote = "USD"\n\n' + "\n".join(assets)


def book() -> Table:
    """Two rows an account."""
    return {
        "account": [f"account-{row // 2}" for row in range(ROWS)],
        "instrument": [f"A{row % ASSETS:02}" for row in range(ROWS)],
        "quantity": [f"{(-1) ** row * (row + 1)}.{row:07}" for row in range(ROWS)],
    }


def prices() -> Table:
    """Every asset once an hour."""
    hour = 3600 * 10**9
    return {
        "timestamp": [START_NS + row // ASSETS * hour for row in range(ROWS)],
        "asset": [f"A{row % ASSETS:02}" for row in range(ROWS)],
        "price": [f"{1 + row % 977}.{row % 1000:03}" for row in range(ROWS)],
    }
