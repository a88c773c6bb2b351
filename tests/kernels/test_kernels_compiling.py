"""Compiled code is kept on disk, and kernels are what their plain Python says."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest

from trimtab.kernels import compiling, greeks_loops, implied_loops, normal

CALL = """
import json
from trimtab.kernels import OptionColumns, sensitivities
from trimtab.kernels.greeks_loops import fill_sensitivities
one = OptionColumns(forward=[90.0, 110.0], strike=100.0, vol_annual=0.5, years=0.5, is_call=True)
found = sensitivities(one)
stats = fill_sensitivities.stats
hits, misses = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
print(json.dumps([hits, misses, found.delta.tolist(), found.gamma.tolist()]))
"""


def fresh_process(folder):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, "-c", CALL]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return json.loads(done.stdout)


def test_a_second_process_takes_the_code_from_the_disk(tmp_path):
    first, second = fresh_process(tmp_path), fresh_process(tmp_path)
    assert first[:2] == [0, 1]
    assert second[:2] == [1, 0]
    assert first[2:] == second[2:]
    assert list(tmp_path.rglob("*.kernel"))


@pytest.mark.parametrize("y", [0.0, -1e-9, -0.3, -1.0, -20.5, -700.0])
def test_the_exponential_compiled_is_the_exponential_written(y):
    assert normal.exp_minus(y) == pytest.approx(math.exp(y), rel=5e-16)


@pytest.mark.parametrize(
    ("forward", "strike"), [(1.0, 1.0), (3.0, 2.0), (1e-90, 1e90), (7.0, 1e-50), (5.0, 0.0)]
)
def test_log_moneyness(forward, strike):
    expected = math.log(forward) - math.log(strike) if strike else 1e30
    assert greeks_loops.log_moneyness(forward, strike) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("time_value", "status"),
    [
        (0.5, implied_loops.FOUND),
        (0.0, implied_loops.NO_TIME_VALUE),
        (-1e-12, implied_loops.BELOW_PAYOFF),
        (1.0, implied_loops.ABOVE_MOST),
        (2.0, implied_loops.ABOVE_MOST),
    ],
)
def test_what_a_time_value_says(time_value, status):
    assert implied_loops.status_of(time_value, 1.0) == status


def test_only_fusing_is_allowed_of_fast_math():
    assert {"contract"} == compiling.FAST_MATH
