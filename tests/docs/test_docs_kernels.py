"""The worked examples of the kernels' concept pages."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.docs.tiny_venue import says
from trimtab.kernels.barrier import barrier, fall
from trimtab.kernels.bent_sums import Lift, demands, rows_of
from trimtab.kernels.building import book_of_rows
from trimtab.kernels.coefficients import Coefficients, linear
from trimtab.kernels.liquidation_map import liquidation_edges
from trimtab.kernels.requirement import Gains, Tiers, curves_of
from trimtab.kernels.safe_radius import (
    LEVELS,
    TRIGGER_FIRST,
    TRIGGER_GROWTH,
    SafeRadiusIndex,
)
from trimtab.kernels.scan import unsafe_accounts

RADIUS, BARRIER = "safe-radius.md", "cascade-barrier.md"
BENT, MAP = "safe-radius-bent.md", "liquidation-map.md"


def worth(eth: float, btc: float) -> Coefficients:
    return linear([0.8 * eth, -1.0, -btc])


def nobody(accounts: np.ndarray) -> np.ndarray:
    raise AssertionError(f"nobody is in doubt, asked for {accounts}")


def test_dora_may_move_by_her_margin() -> None:
    book = book_of_rows([0] * 3, [0, 1, 2], quantity=[10.0, 8000.0, 2.0], terms=3)
    margin = math.log(16_000 / 11_000)
    near, far = math.log(1 / 0.8) + math.log(1.1), math.log(1 / 0.75) + math.log(1.1)
    says(RADIUS, (f"{number:.6f}" for number in (margin, near, far)))
    for eth, excess in ((1600, 1500), (1500, 700)):
        values = worth(eth, 1650).decide * np.array([10.0, 8000.0, 2.0])
        assert values.sum() == pytest.approx(excess)
        says(RADIUS, [f"excess {excess:,}"])
    index = SafeRadiusIndex(book, worth(2000, 1500), exact=nobody)
    triggers = TRIGGER_FIRST * TRIGGER_GROWTH ** np.arange(LEVELS)
    fits = triggers[triggers <= margin].max()
    says(RADIUS, [f"{fits:.4f}", f"{fits * TRIGGER_GROWTH:.4f}"])
    # Within her level's trigger she is left alone; beyond her margin she is looked at.
    assert index.tick(worth(2000 * math.exp(-0.25), 1500), exact=nobody).examined == 0
    assert index.tick(worth(1500, 1650), exact=nobody).examined == 1
    assert index.tick(worth(1575, 1732.5), exact=nobody).examined == 0
    assert unsafe_accounts(book, worth(1500, 1650), exact=nobody).unsafe.size == 0


def test_the_four_accounts_fall_as_the_page_says() -> None:
    def impact(sold: np.ndarray) -> np.ndarray:
        return 1 / (1 + sold / 8)

    prepared = barrier([90.0, 80.0, 60.0, 50.0], [2.0, 1.0, 3.0, 1.0], impact=impact)
    assert prepared.limit.tolist() == pytest.approx([90, 90, 82.5, 82.5, 0])
    says(BARRIER, (f"{factor:.6f}" for factor in impact(np.array([3.0, 6.0, 7.0]))))
    found = fall(prepared, [90.0, 89.0, 82.0, 95.0])
    assert found.fallen.tolist() == [0, 2, 4, 0]
    says(BARRIER, (f"{price:.6f}" for price in found.price[1:3]))
    says(BARRIER, [f"{82 * impact(np.array(3.0)):.6f}", "71.2"])


def test_a_tier_is_frozen_at_the_lifted_size() -> None:
    triggers = TRIGGER_FIRST * TRIGGER_GROWTH ** np.arange(LEVELS)
    book = book_of_rows([0, 0], [0, 1], quantity=[30.0, 100.0], terms=2)
    curves = curves_of(2, {1: Tiers((0.0, 100.0), (0.1, 0.5))}, marks={1: 1.0})
    now, rows = linear([1.0, 0.0]), rows_of(book, np.array([0]))
    takes = []
    for trigger in (0.0, *triggers[12:14].tolist()):
        lifted = 100.0 * math.exp(trigger)
        need = 10.0 + 0.5 * (lifted - 100.0)
        frozen = 100.0 * need / lifted
        says(BENT, (f"{number:.2f}" for number in (lifted, need, frozen)))
        says(BENT, [f"{need / lifted:.4f}", f"{math.log(30 / frozen):.4f}"])
        lift = Lift(math.exp(trigger), math.exp(trigger), safe=True)
        strong, weak = demands(rows, now, curves=curves, lift=lift)
        assert (strong[0], weak[0]) == pytest.approx((30.0, frozen))
        takes.append(bool(strong[0] >= weak[0] * lift.need))
    assert takes == [True, True, False]
    says(BENT, [f"{math.log(2):.4f}", f"{triggers[12]:.4f}", f"{triggers[13]:.4f}"])


def test_a_long_with_tiers_falls_where_the_page_says() -> None:
    book = book_of_rows([0] * 3, [0, 1, 2], quantity=[12_000.0, 30.0, 60_000.0], terms=3)
    now = linear([1.0, 2000.0, -1.0], asset=[-1, 0, -1])
    rule, nothing = Tiers((0.0, 50_000.0), (0.05, 0.2)), Gains(0, 0.0)
    whole = curves_of(3, {1: rule}, marks={1: 2000.0})
    cut = curves_of(3, {1: rule}, marks={1: 2000.0}, gains={1: nothing, 2: nothing})
    found = [liquidation_edges(book, now, curves=c).ratio * 2000 for c in (whole, cut, None)]
    assert found[0][0] == found[1][0]
    says(MAP, (f"{price:,.2f}" for price in np.concatenate(found)))
    wrong = 48_000 / 28.5
    says(MAP, [f"{wrong:,.2f}", f"{30 * wrong:,.2f}", "2,500 + 2,000 = 4,500"])
