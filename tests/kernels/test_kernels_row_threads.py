"""Rows cut for threads: all of them, once each, and any number of callers at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.kernels.margin_draws import derive_book, derive_portfolios, to_floats
from tests.kernels.option_draws import columns_of, drawn_options
from trimtab import kernels
from trimtab.kernels import row_threads
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.units import UsageError


@pytest.mark.parametrize("rows", [0, 1, 16_383, 32_768, 32_769, 100_003])
@pytest.mark.parametrize("threads", [1, 2, 3, 64])
def test_every_row_is_computed_once(rows, threads):
    seen = np.zeros(rows, dtype=np.int64)

    def work(first, last):
        seen[first:last] += 1

    row_threads.over_rows(work, rows, threads=threads)
    assert (seen == 1).all()


def test_few_rows_stay_on_the_calling_thread():
    names = []
    row_threads.over_rows(
        lambda _first, _last: names.append(threading.current_thread()), 1000, threads=8
    )
    assert names == [threading.current_thread()]


def test_many_rows_use_as_many_threads_as_asked():
    names = set()
    barrier = threading.Barrier(3, timeout=30)

    def work(_first, _last):
        barrier.wait()
        names.add(threading.current_thread().name)

    row_threads.over_rows(work, 100_000, threads=3)
    assert len(names) == 3


def test_what_goes_wrong_in_a_thread_is_raised():
    def work(first, _last):
        if first:
            raise ValueError("broken in a run")

    with pytest.raises(ValueError, match="broken in a run"):
        row_threads.over_rows(work, 100_000, threads=2)


@pytest.mark.parametrize("threads", [0, -3, 257])
def test_threads_have_bounds(threads):
    with pytest.raises(UsageError, match=f"found {threads}"):
        row_threads.over_rows(lambda _first, _last: None, 10, threads=threads)


def test_four_threads_may_call_every_kernel_at_once():
    options = columns_of(drawn_options(40_000, seed=1))
    prices = kernels.option_prices(options)
    asked = {
        "forward": options.forward,
        "strike": options.strike,
        "years": options.years,
        "is_call": options.is_call,
        "discount": options.discount,
    }
    book, grid = derive_book(derive_portfolios(60, seed=4)), to_floats(DEPLOYED)

    def everything(threads):
        return (
            kernels.greeks(options, threads=threads).theta,
            kernels.sensitivities(options, threads=threads).gamma,
            kernels.implied_vols(prices, **asked, threads=threads).vol_annual,
            kernels.derive_margins(book, grid, threads=threads).initial,
        )

    alone = everything(1)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for found in pool.map(everything, [2] * 12):
            for one, other in zip(alone, found, strict=True):
                np.testing.assert_array_equal(one, other)
