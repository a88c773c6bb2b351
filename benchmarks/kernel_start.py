"""Starting and loading: imports, the first call with a warm cache, ten million accounts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.measuring import Result, told

ROUNDS = 5
ACCOUNTS = 10_000_000
FIRST_CALL = (
    "import time; begun = time.perf_counter()\n"
    "import numpy as np\n"
    "from trimtab.kernels.building import book_of_rows\n"
    "from trimtab.kernels.coefficients import linear\n"
    "from trimtab.kernels.scan import unsafe_accounts\n"
    "book = book_of_rows([0, 0], [0, 1], quantity=[1.0, 2.0], terms=2)\n"
    "found = unsafe_accounts(book, linear([1.0, -1.0]), exact=lambda a: a > 0)\n"
    "assert found.unsafe.tolist() == [0]\n"
    "print(time.perf_counter() - begun)"
)
IMPORT = (
    "import time; begun = time.perf_counter(); import trimtab; print(time.perf_counter() - begun)"
)
LOAD = (
    "import sys, time; from pathlib import Path\n"
    "from benchmarks.measuring import peak_bytes\n"
    "from trimtab.adapters.files.position_columns import read_positions\n"
    "from trimtab.kernels.building import book_of_rows\n"
    "begun = time.perf_counter(); found = read_positions(Path(sys.argv[1]))\n"
    "book = book_of_rows(found.account, found.term, quantity=found.quantity, terms=100)\n"
    "print(time.perf_counter() - begun, peak_bytes())"
)
WRITE = (
    "COPY (SELECT (i // 5)::INTEGER AS account, "
    "((hash(i) % 50) + CASE WHEN i % 5 > 2 THEN 50 ELSE 0 END)::SMALLINT AS term, "
    "exp((hash(i * 7) % 1000)::DOUBLE / 250) AS quantity "
    "FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)"
)


def printed(program: str, *words: str) -> list[float]:
    """Numbers that a fresh interpreter prints."""
    command = [sys.executable, "-c", program, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def kernel_start() -> Result:
    """Fresh interpreters, each with the caches of the one before."""
    with told("kernels: imports and first calls"):
        printed(FIRST_CALL)
        imported = median(printed(IMPORT)[0] for _ in range(ROUNDS))
        called = median(printed(FIRST_CALL)[0] for _ in range(ROUNDS))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "positions.parquet"
        with told(f"kernels: {ACCOUNTS:,} accounts from Parquet"):
            duckdb.connect().execute(WRITE.format(rows=5 * ACCOUNTS, path=path))
            loaded, resident = printed(LOAD, str(path))
    return Result(
        "Kernels: starting and loading",
        (
            f"Wall-clock; medians of {ROUNDS} fresh interpreters; loading once.",
            f"Loading reads {ACCOUNTS:,} accounts of five positions, with ids as integers, and "
            "builds all columns.",
        ),
        ("work", "seconds", "peak memory GB"),
        (
            ("import trimtab", f"{imported:.3f}", ""),
            ("first decision, warm cache, imports included", f"{called:.2f}", ""),
            ("Parquet to columns", f"{loaded:.1f}", f"{resident / 1e9:.2f}"),
        ),
    )
