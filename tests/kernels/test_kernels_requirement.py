"""Requirements by tier, square root and open interest: decisions are those of exact fractions."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.kernels.backends import Backend
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import linear
from trimtab.kernels.requirement import (
    Gains,
    Rule,
    SquareRoot,
    Tiers,
    curves_of,
    no_curves,
    open_interest_scale,
    rooted_rates,
    steepest,
)
from trimtab.kernels.scan import unsafe_accounts
from trimtab.units import DataError

BACKENDS = [Backend.NUMBA, Backend.NUMPY]
Array = NDArray[Any]
MARGINAL = Tiers((0.0, 100.0, 1000.0), (0.05, 0.1, 0.5))
WHOLE = Tiers((0.0, 100.0, 1000.0), (0.05, 0.1, 0.5), marginal=False)
ROOT = SquareRoot(floor=0.03, factor=0.01)


def exactly(rule: Rule, notional: Fraction) -> Fraction:
    """The requirement of a notional; the root to 60 digits."""
    scale = Fraction(rule.scale)
    if isinstance(rule, SquareRoot):
        with localcontext() as context:
            context.prec = 60
            root = (Decimal(notional.numerator) / Decimal(notional.denominator)).sqrt()
        rate = max(Fraction(rule.floor), Fraction(rule.factor) * Fraction(root))
        return rate * notional * scale
    bounds, rates = [Fraction(b) for b in rule.bounds], [Fraction(r) for r in rule.rates]
    if not rule.marginal:
        reached = max(number for number, bound in enumerate(bounds) if bound <= notional)
        return rates[reached] * notional * scale
    ends = [*bounds[1:], max(notional, bounds[-1])]
    slices = (max(min(notional, end) - bound, 0) for bound, end in zip(bounds, ends, strict=True))
    return sum(rate * part for rate, part in zip(rates, slices, strict=True)) * scale


# One account: money (term 0) and a position (term 1, whose unit is worth `mark`), long.
NOTIONALS = st.one_of(
    st.sampled_from([100.0, 1000.0, 99.0, 101.0, 999.0, 1001.0, 0.5, 1e6]),
    st.floats(1e-3, 1e7),
)
RULES = st.sampled_from([MARGINAL, WHOLE, ROOT, Tiers((0.0,), (0.1,)), SquareRoot(0.0, 0.5)])


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=120)
@given(
    rule=RULES,
    mark=st.sampled_from([1.0, 2.0, 0.1, 1e-9, 3e5]),
    rows=st.lists(st.tuples(NOTIONALS, st.integers(-2, 2), st.floats(0.5, 1.5)), min_size=1),
)
def test_decisions_are_exact(
    backend: Backend, rule: Rule, mark: float, rows: list[tuple[float, int, float]]
) -> None:
    money, sizes, unsafe = [], [], []
    for notional, beside, share in rows:
        size = notional / mark
        need = exactly(rule, Fraction(size) * Fraction(mark))
        held = float(need)
        # On the edge as float64 sees it, some floats beside it, or anywhere.
        for _ in range(abs(beside)):
            held = float(np.nextafter(held, np.inf if beside > 0 else 0.0))
        held = held * share if beside == 0 and share > 1.1 else held
        money.append(held)
        sizes.append(size)
        unsafe.append(Fraction(held) < need)
    accounts = len(rows)
    book = book_of_rows(
        [*range(accounts), *range(accounts)],
        [0] * accounts + [1] * accounts,
        quantity=[*money, *sizes],
        terms=3,
        accounts=accounts,
    )
    truth = np.array(unsafe)
    found = unsafe_accounts(
        book,
        linear([1.0, 0.0, 0.0]),
        curves=curves_of(3, {1: rule}, marks={1: mark}),
        exact=truth.__getitem__,
        backend=backend,
    )
    assert found.unsafe.tolist() == np.flatnonzero(truth).tolist()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("rule", "need"),
    [
        # 100 at 5 %, 900 at 10 %, 1,000 at 50 %.
        (MARGINAL, 595.0),
        (WHOLE, 1000.0),
        # 0.01 x sqrt(2,000) = 0.4472.
        (ROOT, 894.4271909999159),
        (SquareRoot(0.5, 0.01), 1000.0),
        (Tiers((0.0, 100.0, 1000.0), (0.05, 0.1, 0.5), scale=2.0), 1190.0),
    ],
)
def test_requirements_worked_by_hand(backend: Backend, rule: Rule, need: float) -> None:
    book = book_of_rows(
        [0, 0, 1, 1], [0, 1, 0, 1], quantity=[need * 1.0001, 20.0, need * 0.9999, 20.0], terms=2
    )
    found = unsafe_accounts(
        book,
        linear([1.0, 0.0]),
        curves=curves_of(2, {1: rule}, marks={1: 100.0}),
        exact=lambda _: pytest.fail("nobody is in doubt"),
        backend=backend,
    )
    assert found.unsafe.tolist() == [1]


def test_a_tier_reached_exactly_is_asked() -> None:
    book = book_of_rows([0, 0], [0, 1], quantity=[75.0, 1000.0], terms=2)
    asked: list[int] = []

    def exact(accounts: Array) -> Array:
        asked.extend(accounts.tolist())
        return np.ones(accounts.size, bool)

    curves = curves_of(2, {1: WHOLE}, marks={1: 1.0})
    found = unsafe_accounts(book, linear([1.0, 0.0]), curves=curves, exact=exact)
    # 100 below the bound, 500 from it on: 75 is short of both, 300 of one.
    assert (found.unsafe.tolist(), asked) == ([0], [])
    book.put(0, ([0, 1], [300.0, 1000.0]))
    found = unsafe_accounts(book, linear([1.0, 0.0]), curves=curves, exact=exact)
    assert (found.unsafe.tolist(), asked) == ([0], [0])


def test_most_accounts_are_cleared_without_their_curve() -> None:
    chance = np.random.default_rng(1)
    accounts = 2_000
    size = chance.uniform(1, 2000, accounts)
    owner = np.concatenate([np.arange(accounts)] * 2)
    term = np.repeat([0, 1], accounts)
    money = size * chance.uniform(0.0, 3.0, accounts)
    book = book_of_rows(owner, term, quantity=np.concatenate([money, size]), terms=2)
    curves = curves_of(2, {1: MARGINAL}, marks={1: 1.0})
    found = unsafe_accounts(
        book, linear([1.0, 0.0]), curves=curves, exact=lambda _: pytest.fail("in doubt")
    )
    need = [float(exactly(MARGINAL, Fraction(each))) for each in size.tolist()]
    assert found.unsafe.tolist() == np.flatnonzero(money < need).tolist()
    assert found.doubtful < accounts / 4


def test_bounds_of_the_rate_hold_for_every_size() -> None:
    for rule in (MARGINAL, WHOLE, ROOT):
        curves = curves_of(1, {0: rule}, marks={0: 2.0})
        low, high = steepest(curves, np.array([4096.0]))
        for size in np.linspace(1, 4096, 100):
            need = float(exactly(rule, Fraction(size) * 2))
            assert low[0] * size * (1 - 1e-12) <= need <= high[0] * size * (1 + 1e-12)


def test_open_interest_scales_between_its_caps() -> None:
    scale = [open_interest_scale(x, low=100, high=300, most=3.0) for x in (50, 100, 200, 300, 900)]
    assert scale == [1.0, 1.0, 2.0, 3.0, 3.0]
    with pytest.raises(DataError, match="open interest"):
        open_interest_scale(1.0, low=2.0, high=1.0, most=2.0)
    with pytest.raises(DataError, match="open interest"):
        open_interest_scale(float("nan"), low=1.0, high=2.0, most=2.0)


@pytest.mark.parametrize(
    "rule",
    [
        Tiers((1.0,), (0.1,)),
        Tiers((0.0, 5.0, 5.0), (0.1, 0.2, 0.3)),
        Tiers((0.0, 5.0), (0.2, 0.1)),
        Tiers((0.0, 5.0), (0.2,)),
        Tiers((), ()),
        Tiers((0.0,), (float("nan"),)),
        SquareRoot(-0.1, 1.0),
        SquareRoot(0.1, float("inf")),
        Tiers((0.0,), (0.1,), scale=-1.0),
    ],
)
def test_rules_that_are_none_are_refused(rule: Rule) -> None:
    with pytest.raises(DataError):
        curves_of(1, {0: rule}, marks={0: 1.0})


def test_without_curves_there_is_nothing_to_bend() -> None:
    assert not no_curves(4).some
    assert curves_of(4, {}, marks={}).curve.tolist() == [-1] * 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_weight_that_falls_with_the_balance_is_a_requirement(backend: Backend) -> None:
    # 0.9 of the value, at most 1.1 / (1 + 0.1 sqrt(units)): 10,000 units weigh 0.1, 4 weigh 0.9.
    rule = SquareRoot(0.0, 0.1, lead=0.9, unit=1.0, cap=1.1)
    curves = curves_of(2, {0: rule}, marks={0: 2.0})
    assert rooted_rates(curves, 0, quantity=np.array([1e4, 4.0])).tolist() == pytest.approx(
        [0.8, 0.9 - 1.1 / 1.2]
    )
    for units, weight in ((1e4, 0.1), (4.0, 0.9)):
        owed = units * 2.0 * weight
        book = book_of_rows(
            [0, 0, 1, 1],
            [0, 1, 0, 1],
            quantity=[units, owed * 0.999, units, owed * 1.001],
            terms=2,
        )
        found = unsafe_accounts(
            book, linear([1.8, -1.0]), curves=curves, exact=never, backend=backend
        )
        assert found.unsafe.tolist() == [1]


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=100)
@given(
    rows=st.lists(
        st.tuples(st.floats(0.1, 10.0), st.floats(0.1, 20.0), st.floats(0.0, 9.0)), min_size=1
    ),
    weight=st.sampled_from([0.0, 0.25, 1.0]),
)
def test_gains_count_by_their_weight_and_losses_in_full(
    backend: Backend, rows: list[tuple[float, float, float]], weight: float
) -> None:
    accounts = len(rows)
    book = book_of_rows(
        np.repeat(np.arange(accounts), 3),
        np.tile([0, 1, 2], accounts),
        quantity=np.array(rows).ravel(),
        terms=4,
        accounts=accounts,
    )
    gains = {0: Gains(7, weight), 1: Gains(7, weight)}
    sides = []
    for size, cost, owed in rows:
        pnl = Fraction(size) * 2 - Fraction(cost)
        sides.append(min(pnl, Fraction(weight) * pnl) < Fraction(owed))
    truth = np.array(sides)
    found = unsafe_accounts(
        book,
        linear([2.0, -1.0, -1.0, 0.0]),
        curves=curves_of(4, {}, marks={}, gains=gains),
        exact=truth.__getitem__,
        backend=backend,
    )
    assert found.unsafe.tolist() == np.flatnonzero(truth).tolist()


def never(accounts: Array) -> Array:
    raise AssertionError(f"nobody is in doubt, asked for {accounts}")
