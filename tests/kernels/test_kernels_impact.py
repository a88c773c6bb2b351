"""Impact: closed forms against quadrature, sales in parts, and what the border refuses."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.kernels.impact import (
    ImpactKind,
    ImpactTable,
    after_sale,
    depth_at,
    impact_terms,
    log_impact,
    proceeds,
    without_impact,
)
from trimtab.units import DataError

NAMES = ("none", "linear", "root", "pool", "table")
TABLE = ImpactTable(np.array([0.0, 1.0, 5.0, 9.0]), np.array([0.0, 0.1, 0.1, 0.4]))


def terms(**changed):
    told = {
        "kind": list(range(5)),
        "first": [0.0, 0.01, 0.05, 500.0, 0.0],
        "tables": (None, None, None, None, TABLE),
    }
    return impact_terms(NAMES, **(told | changed))


def summed(curve, asset, *, begin, width):
    """The integral of exp(-g) by the trapezoid of sqrt(x), where no kind has a kink at 0."""
    root = np.linspace(math.sqrt(begin), math.sqrt(begin + width), 20_001)
    price = [math.exp(-log_impact(curve, asset, outstanding=x)) for x in root**2]
    return np.trapezoid(np.array(price) * 2 * root, root)


@pytest.mark.parametrize("asset", range(5))
@pytest.mark.parametrize(("begin", "width"), [(0.0, 0.5), (0.0, 30.0), (2.5, 1.0), (3.0, 400.0)])
def test_what_a_sale_brings_is_the_integral_of_the_price(asset, begin, width):
    found = proceeds(terms(), asset, amount=width, outstanding=begin)
    assert found == pytest.approx(summed(terms(), asset, begin=begin, width=width), rel=2e-7)


def test_a_constant_product_pool_pays_what_it_pays():
    base, quote, sold = 500.0, 1_000_000.0, 60.0
    paid = quote - base * quote / (base + sold)
    curve = impact_terms(["pool"], kind=ImpactKind.CONSTANT_PRODUCT, first=base)
    assert quote / base * proceeds(curve, 0, amount=sold) == pytest.approx(paid, rel=1e-14)
    price_after = quote * base / (base + sold) ** 2
    found = quote / base * math.exp(-log_impact(curve, 0, outstanding=sold))
    assert found == pytest.approx(price_after, rel=1e-14)


def test_square_root_and_linear_by_hand():
    # a = 0.05: g(100) = 0.5; 2 / a^2 (1 - 1.5 exp(-0.5)) = 72.1632...
    root = impact_terms(["x"], kind=ImpactKind.SQUARE_ROOT, first=0.05)
    assert log_impact(root, 0, outstanding=100.0) == pytest.approx(0.5)
    assert proceeds(root, 0, amount=100.0) == pytest.approx(800 * (1 - 1.5 * math.exp(-0.5)))
    # a = 0.01: (1 - exp(-1)) / 0.01 = 63.212
    line = impact_terms(["x"], kind=ImpactKind.LINEAR, first=0.01, fee=0.997)
    assert proceeds(line, 0, amount=100.0) == pytest.approx(0.997 * 63.21205588285577)


@given(
    asset=st.integers(0, 4),
    parts=st.lists(st.floats(1e-6, 50.0), min_size=2, max_size=5),
    depth=st.floats(0.1, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_a_sale_in_parts_brings_what_one_sale_brings(asset, parts, depth):
    whole = proceeds(terms(), asset, amount=sum(parts), depth=depth)
    brought, outstanding = 0.0, 0.0
    for part in parts:
        brought += proceeds(terms(), asset, amount=part, outstanding=outstanding, depth=depth)
        outstanding, fallen = after_sale(
            terms(), asset, amount=part, outstanding=outstanding, depth=depth
        )
        assert fallen == 0.0
    assert brought == pytest.approx(whole, rel=1e-12)
    assert outstanding == pytest.approx(sum(parts), rel=1e-15)


@given(
    asset=st.integers(1, 4),
    share=st.floats(0.0, 1.0),
    sold=st.tuples(st.floats(0.01, 40.0), st.floats(0.01, 40.0)),
    depth=st.floats(0.1, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_the_price_after_a_sale_is_that_of_its_last_unit(asset, share, sold, depth):
    curve = terms(permanent_share=share)
    before, amount = sold
    left, fallen = after_sale(curve, asset, amount=amount, outstanding=before, depth=depth)
    at_last = log_impact(curve, asset, outstanding=before + amount, depth=depth)
    now = log_impact(curve, asset, outstanding=left, depth=depth) + fallen
    assert now == pytest.approx(at_last, rel=1e-9, abs=1e-12)
    rise = at_last - log_impact(curve, asset, outstanding=before, depth=depth)
    assert fallen == pytest.approx(share * rise, rel=1e-12)


def test_a_tiny_sale_is_as_exact_as_a_large_one():
    for asset in range(1, 5):
        price = math.exp(-log_impact(terms(), asset, outstanding=3.0))
        found = proceeds(terms(), asset, amount=1e-11, outstanding=3.0)
        assert found == pytest.approx(price * 1e-11, rel=1e-9)


def test_depth_thins_with_volatility_down_to_its_least():
    thin = impact_terms(["x"], thinning=2.0, depth_least=0.1, sigma_ref=0.5)
    assert depth_at(thin, 0, sigma=0.25) == 1.0
    assert depth_at(thin, 0, sigma=1.0) == pytest.approx(0.25)
    assert depth_at(thin, 0, sigma=5.0) == 0.1
    assert depth_at(without_impact(["x"]), 0, sigma=9.0) == 1.0


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"fee": 0.0}, "fee"),
        ({"fee": 1.01}, "fee"),
        ({"permanent_share": -0.1}, "permanent_share"),
        ({"recovery_seconds": 0.0}, "recovery_seconds"),
        ({"thinning": float("nan")}, "thinning"),
        ({"depth_least": 0.0}, "depth_least"),
        ({"sigma_ref": float("inf")}, "sigma_ref"),
        ({"decay": 1.0}, "decay"),
        ({"first": [0.0, 0.0, 0.05, 500.0, 0.0]}, "first"),
        ({"tables": (TABLE, None, None, None, TABLE)}, "tables"),
        ({"tables": ()}, "tables"),
    ],
)
def test_terms_out_of_range_are_refused_by_name(told, named):
    with pytest.raises(DataError) as error:
        terms(**told)
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("quantity", "log"),
    [([0.0], [0.0]), ([0.0, 0.0], [0.0, 1.0]), ([0.0, 1.0], [0.1, 1.0]), ([0, 1, 2], [0, 2, 1])],
)
def test_a_table_out_of_order_is_refused(quantity, log):
    with pytest.raises(DataError, match="impact table"):
        ImpactTable(np.array(quantity, float), np.array(log, float))


def test_the_interpreter_gives_what_compiled_code_gives():
    call = (
        "from tests.kernels.test_kernels_impact import terms; from trimtab.kernels import impact\n"
        "print([impact.proceeds(terms(), a, amount=w, outstanding=2.0).hex()"
        " for a in range(5) for w in (1e-6, 3.0, 70.0)])"
    )
    plain = subprocess.run(
        [sys.executable, "-c", call],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )
    found = [float.fromhex(text) for text in eval(plain.stdout)]
    own = [
        proceeds(terms(), asset, amount=width, outstanding=2.0)
        for asset in range(5)
        for width in (1e-6, 3.0, 70.0)
    ]
    assert found == pytest.approx(own, rel=1e-14)
