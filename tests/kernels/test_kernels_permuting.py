"""Coefficients looked up in registers: the same rows fail as by plain loops and by fractions."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kernels import compiled_scan, numpy_scan, permuting
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.scan import unsafe_accounts
from trimtab.kernels.works import ScreenWork

needs_permutes = pytest.mark.skipif(
    not permuting.can_permute(), reason="the processor has no AVX-512"
)


def work_of(shape: tuple[int, int], *, terms: int, rows: tuple[int, int], seed: int) -> ScreenWork:
    """Whole numbers, whose float32 sums are exact in any order; some are no numbers."""
    rng = np.random.default_rng(seed)
    quantity = rng.integers(0, 64, shape).astype(np.float32)
    quantity[rng.random(shape) < 0.02] = np.nan
    low = rng.integers(-8, 24, terms).astype(np.float32)
    room = shape[1] + 1
    return ScreenWork(
        quantity,
        rng.integers(0, terms, shape, dtype=np.uint8),
        low,
        low + np.float32(2.0),
        np.float32(rng.integers(0, 3)),
        *rows,
        np.full(room, -1, np.int32),
        np.full(room, -1, np.int32),
    )


def found_by(screen: Any, work: ScreenWork) -> tuple[list[int], list[int]]:
    fresh = work._replace(unsafe=work.unsafe.copy(), doubtful=work.doubtful.copy())
    unsafe, doubtful = screen(fresh)
    return fresh.unsafe[:unsafe].tolist(), fresh.doubtful[:doubtful].tolist()


@needs_permutes
@given(
    slots=st.integers(1, 9),
    terms=st.sampled_from([1, 2, 31, 32, 33, 64, 65, 100, 128, 129, 255, 256]),
    edges=st.tuples(st.integers(0, 200), st.integers(0, 200)),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=80, deadline=None)
def test_the_same_rows_are_sorted_out_as_by_plain_loops(slots, terms, edges, seed):
    first, last = sorted(edges)
    work = work_of((slots, 200), terms=terms, rows=(first, last), seed=seed)
    found = found_by(compiled_scan.screen, work)
    assert found == found_by(lambda w: compiled_scan.screen_blocks(w, (first, 0, 0)), work)
    assert found == found_by(numpy_scan.screen, work)
    sums = [
        sum(float(q) * float(work.low[t]) for q, t in zip(qs, ts, strict=True))
        for qs, ts in zip(work.quantity.T.tolist(), work.term.T.tolist(), strict=True)
    ]
    failing = [row for row in range(first, last) if not sums[row] - float(work.margin) >= 0]
    assert sorted(found[0] + found[1]) == failing


@given(
    accounts=st.sampled_from([15, 16, 17, 300]),
    positions=st.integers(1, 6),
    assets=st.sampled_from([1, 10, 40, 90, 128]),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("permuted", [pytest.param(True, marks=needs_permutes), False])
def test_the_unsafe_are_those_of_fractions(permuted, accounts, positions, assets, seed):
    rng = np.random.default_rng(seed)
    decide = np.concatenate([rng.uniform(0.1, 9.0, assets), -rng.uniform(0.1, 9.0, assets)])
    owner = np.repeat(np.arange(accounts), positions + 1)
    term = rng.integers(0, assets, owner.size)
    quantity = np.exp(rng.normal(0.0, 3.0, owner.size))
    # The last position of each owes what the others are worth: a tie, or a hair beside it.
    last = np.arange(positions, owner.size, positions + 1)
    worth = (
        np.add.reduceat(quantity * decide[term], last - positions)
        - quantity[last] * (decide[term[last]])
    )
    term[last] += assets
    quantity[last] = (
        worth / -decide[term[last]] * rng.choice([1.0, 1 - 1e-7, 1 + 1e-7, 2.0], accounts)
    )
    book = book_of_rows(owner, term, quantity=quantity, terms=2 * assets, accounts=accounts)
    exact = [Fraction(value) for value in decide.tolist()]

    def excess(account: int) -> Fraction:
        pairs = zip(*(column.tolist() for column in book.row(account)), strict=True)
        return sum((exact[t] * Fraction(q) for t, q in pairs), Fraction())

    expected = [account for account in range(accounts) if excess(account) < 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_scan, "can_permute", lambda: permuted)
        found = unsafe_accounts(
            book,
            linear(decide, slack=0.0 * decide, asset=np.tile(np.arange(assets), 2)),
            exact=lambda some: np.array([excess(a) < 0 for a in some.tolist()], np.bool_),
        )
    assert found.unsafe.tolist() == expected


def test_a_table_is_filled_up_to_a_power_of_two_of_registers():
    sizes = {terms: permuting.table_size(terms) for terms in (1, 32, 33, 64, 65, 129, 256)}
    assert sizes == {1: 32, 32: 32, 33: 64, 64: 64, 65: 128, 129: 256, 256: 256}


def test_a_plain_processor_gets_plain_loops(tmp_path):
    program = (
        "import numpy as np\n"
        "from trimtab.kernels.building import book_of_rows\n"
        "from trimtab.kernels.coefficients import linear\n"
        "from trimtab.kernels.permuting import can_permute\n"
        "from trimtab.kernels.scan import unsafe_accounts\n"
        "assert not can_permute()\n"
        "owner = np.repeat(np.arange(40), 2)\n"
        "quantity = np.where(np.arange(80) % 2, 1.0 + (np.arange(80) // 2 >= 30), 1.5)\n"
        "book = book_of_rows(owner, np.arange(80) % 2, quantity=quantity, terms=2)\n"
        "found = unsafe_accounts(book, linear([1.0, -1.0]), exact=lambda a: a > 0)\n"
        "print(found.unsafe.tolist())\n"
    )
    plain = os.environ | {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=plain, check=False
    )
    assert done.stdout.strip() == str(list(range(30, 40))), done.stderr
