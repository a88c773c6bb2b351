"""The peers of the decision scan, each in its own best layout, one thread each."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.kernel_books import ASSETS, POSITIONS, BenchBook
from tests.oracle import packages

MATH_USERS = 2_000
SCRIPT = Path(__file__).with_name("math_utils.cjs")
Scan = Callable[[], Any]


def numpy_scan(book: BenchBook) -> Scan:
    """Dense rows: gather, multiply, add along the row, compare."""
    term = book.term.reshape(-1, POSITIONS)
    quantity = book.quantity.reshape(-1, POSITIONS)
    decide = book.coefficients(book.price).decide
    return lambda: np.flatnonzero((quantity * decide[term]).sum(1) < 0)


def scipy_scan(book: BenchBook) -> Scan:
    """A sparse matrix of accounts by terms, times the coefficients."""
    sparse: Any = importlib.import_module("scipy.sparse")
    accounts = book.columns.accounts
    indptr = np.arange(accounts + 1, dtype=np.int32) * POSITIONS
    matrix = sparse.csr_matrix(
        (book.quantity, book.term.astype(np.int32), indptr), shape=(accounts, 2 * ASSETS)
    )
    decide = book.coefficients(book.price).decide
    return lambda: np.flatnonzero(matrix @ decide < 0)


def polars_scan(book: BenchBook) -> Scan:
    """A wide frame: five ids, five quantities, one expression."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    pl: Any = importlib.import_module("polars")
    term, quantity = book.term.reshape(-1, POSITIONS), book.quantity.reshape(-1, POSITIONS)
    frame = pl.DataFrame(
        {f"t{slot}": term[:, slot].astype(np.uint32) for slot in range(POSITIONS)}
        | {f"q{slot}": quantity[:, slot].copy() for slot in range(POSITIONS)}
    )
    decide = pl.Series("k", book.coefficients(book.price).decide)
    excess = pl.sum_horizontal(
        pl.col(f"q{slot}") * pl.lit(decide).gather(pl.col(f"t{slot}")) for slot in range(POSITIONS)
    )
    return lambda: frame.select((excess < 0).arg_true()).to_series().to_numpy()


def duckdb_scan(book: BenchBook) -> Scan:
    """A long table joined with the coefficients, grouped by account."""
    duckdb: Any = importlib.import_module("duckdb")
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    owner, term, quantity = book.owner, book.term.astype(np.int32), book.quantity
    terms = np.arange(2 * ASSETS, dtype=np.int32)
    decide = book.coefficients(book.price).decide
    for name, columns in (
        ("book", {"owner": owner, "term": term, "quantity": quantity}),
        ("worth", {"term": terms, "decide": decide}),
    ):
        connection.register("columns", columns)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM columns")
        connection.unregister("columns")
    query = (
        "SELECT owner FROM book JOIN worth USING (term) GROUP BY owner "
        "HAVING sum(quantity * decide) < 0"
    )
    return lambda: np.sort(connection.execute(query).fetchnumpy()["owner"])


PEERS: dict[str, Callable[[BenchBook], Scan]] = {
    "NumPy, float64 rows": numpy_scan,
    "scipy.sparse, CSR x vector": scipy_scan,
    "Polars, wide frame": polars_scan,
    "DuckDB, join and group": duckdb_scan,
}


def math_utils_seconds() -> float:
    """CPU seconds that @aave/math-utils takes for one account of five positions.

    Raises:
        MissingError: npm, node or the package cannot be had.
    """
    packages.fetch()
    try:
        done = subprocess.run(
            ["node", str(SCRIPT), str(packages.CACHE), str(MATH_USERS), str(POSITIONS)],
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise packages.MissingError(f"node: {error}") from None
    return float(json.loads(done.stdout)["seconds"]) / MATH_USERS
