"""The cuts over columns are the engine's, unit for unit."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trimtab.engine import Candidate
from trimtab.engine import cuts as engine_cuts
from trimtab.kernels.deleveraging import Counterparties, cuts, water_fill
from trimtab.kernels.fractions import floors, total
from trimtab.model import AdlPolicy

POLICIES = (AdlPolicy.QUEUE, AdlPolicy.PRO_RATA, AdlPolicy.WATER_FILL)
SCALES = (1, 7, 10**6, 10**13)


def columns(candidates: Sequence[Candidate]) -> Counterparties:
    def column(name: str) -> np.ndarray:
        return np.array([getattr(c, name) for c in candidates], dtype=np.int64)

    return Counterparties(*(column(n) for n in ("size", "naked", "equity", "pnl", "notional")))


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Candidate], int]:
    """Small numbers for ties, large ones for rounding, both sides of zero equity."""
    scale = draw(st.sampled_from(SCALES))
    found = []
    for number in range(draw(st.integers(1, 12))):
        size = draw(st.integers(0, 30)) * scale + draw(st.integers(0, 3))
        hedged = draw(st.sampled_from((0, 0, size // 3, size)))
        equity = draw(st.integers(-4, 40)) * scale + draw(st.integers(0, 2))
        pnl = draw(st.integers(-9, 9)) * scale
        notional = size * draw(st.sampled_from((1, 2))) + draw(st.integers(0, 1))
        found.append(Candidate(f"{number:04}", size, size - hedged, equity, pnl, notional))
    return found, draw(st.integers(0, sum(c.size for c in found)))


def assert_same(candidates: Sequence[Candidate], quantity: int) -> None:
    for policy in POLICIES:
        expected = engine_cuts(candidates, quantity, policy=policy)
        found = cuts(columns(candidates), quantity, policy=policy)
        assert dict(zip((c.key for c in candidates), found.tolist(), strict=True)) == expected, (
            policy
        )
        assert total(found) == quantity


@given(books())
@example(([Candidate("a", 3, 3, 0, 0, 3), Candidate("b", 5, 5, -1, 2, 5)], 4))
@example(([Candidate(k, 10**18, 10**18, 3, 1, 10**18) for k in "abc"], 2 * 10**18 + 1))
def test_cuts_are_the_engines(book: tuple[list[Candidate], int]) -> None:
    assert_same(*book)


@pytest.mark.parametrize("seed", range(6))
def test_a_large_book_is_cut_as_the_engine_cuts_it(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    sizes = np.exp(drawn.normal(18, 3, 3000)).astype(np.int64)
    equity = (sizes * np.exp(drawn.normal(0, 1.5, 3000))).astype(np.int64)
    equity[drawn.integers(0, 3000, 40)] *= -1
    pnl = (equity * drawn.normal(0, 0.5, 3000)).astype(np.int64)
    naked = np.where(drawn.random(3000) < 0.8, sizes, sizes // 3)
    rows = zip(sizes.tolist(), naked.tolist(), equity.tolist(), pnl.tolist(), strict=True)
    book = [Candidate(f"{i:05}", n, open_, e, p, n) for i, (n, open_, e, p) in enumerate(rows)]
    for share in (0.001, 0.31, 0.97):
        assert_same(book, int(share * total(sizes)))


def test_scores_that_floats_cannot_tell_apart_keep_their_exact_order() -> None:
    """1 + 1/2^60 against 1 + 2/2^60: equal as floats, the larger one is first in the queue."""
    book = [Candidate(f"{k}", 5, 5, 1 << 60, (1 << 60) + k, 5) for k in range(4)]
    found = cuts(columns(book), 6, policy=AdlPolicy.QUEUE)
    assert found.tolist() == [0, 0, 1, 5]
    losses = [Candidate(f"{k}", 5, 5, 1 << 60, -(1 << 60) - k, 1 << 60) for k in range(4)]
    assert cuts(columns(losses), 6, policy=AdlPolicy.QUEUE).tolist() == [5, 1, 0, 0]
    assert_same(book, 6)
    assert_same(losses, 6)


@given(
    st.lists(st.tuples(st.integers(0, 2**62), st.integers(1, 2**62)), min_size=1, max_size=8),
    st.fractions(0, 1),
)
def test_floors_and_remainders_rebuild_the_numerators(rows: list, share: object) -> None:
    """Both the residuals of machine words and the integers beyond them."""
    room = np.array([max(n, w) for n, w in rows], dtype=np.int64)
    weight = np.array([min(n, w) for n, w in rows], dtype=np.int64)
    for denominator in (97, 2**40 + 1, 2**61 - 1, 2**70 + 3):
        kept = int(denominator * share)
        whole, rests = floors(room, weight, kept=kept, denominator=denominator)
        exact = [
            divmod(n * denominator - kept * w, denominator)
            for n, w in zip(room.tolist(), weight.tolist(), strict=True)
        ]
        assert whole.tolist() == [quotient for quotient, _ in exact]
        ranks = [sorted({r for _, r in exact}).index(r) for _, r in exact]
        found = [sorted(set(rests.tolist())).index(r) for r in rests.tolist()]
        assert found == ranks


@given(books())
def test_no_other_cut_leaves_less_leverage_than_the_level(
    book: tuple[list[Candidate], int],
) -> None:
    """Every account with equity that was cut ends within one unit of the highest level left."""
    candidates, quantity = book
    rich = [c for c in candidates if c.equity > 0 and c.size]
    quantity = min(quantity, sum(c.size for c in rich))
    if not rich or quantity == 0:
        return
    held = columns(rich)
    left = held.size - water_fill(held.size, held.equity, quantity=quantity)
    highest = max((n - 1) / e for n, e in zip(left.tolist(), held.equity.tolist(), strict=True))
    for before, after, equity in zip(
        held.size.tolist(), left.tolist(), held.equity.tolist(), strict=True
    ):
        assert after == before or (after + 1) / equity >= highest * (1 - 1e-12)


def test_a_sum_beyond_a_machine_word_is_exact() -> None:
    assert total(np.array([2**62, 2**62, 2**62, -5], dtype=np.int64)) == 3 * 2**62 - 5
