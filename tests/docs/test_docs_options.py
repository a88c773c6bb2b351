"""The worked example of the page on option values: kernels and exact twin say the numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.docs.tiny_venue import CONCEPTS
from trimtab.kernels import OptionBook, OptionColumns, deribit_margins, greeks, option_prices
from trimtab.kernels.deribit_margin import BTC_GRID, scenarios_of
from trimtab.protocols import deribit
from trimtab.units import WAD

PAGE = (CONCEPTS / "option-values.md").read_text(encoding="utf-8")


def says(*numbers, digits=6):
    texts = [f"{number:.{digits}f}" for number in numbers]
    missing = [text for text in texts if text not in PAGE]
    assert not missing, f"not on the page: {missing}"


def test_the_option_at_the_money():
    found = greeks(
        OptionColumns(
            forward=100.0, strike=[100.0, 100.0], vol_annual=0.2, years=1.0, is_call=[True, False]
        )
    )
    assert found.value[0] == pytest.approx(found.value[1], abs=1e-12)
    says(found.value[0], *found.delta, found.gamma[0], found.vega[0], found.theta[0])


def test_the_short_call_on_deribit():
    held = {"strike": 60_000.0, "is_call": True}
    book = OptionBook(
        **held,
        amount=[-1.0],
        forward=50_000.0,
        vol_annual=0.6,
        seconds=30 * 86400,
        is_inverse=True,
        offsets=[0, 1],
    )
    found = deribit_margins(book)
    scenarios = scenarios_of(BTC_GRID)
    assert scenarios.spot[found.worst[0]] == 6.0
    forward = np.array([50_000.0, 300_000.0])
    options = OptionColumns(**held, forward=forward, vol_annual=[0.6, 0.9], years=30 / 365)
    coins = option_prices(options) / forward
    share = 0.16 / 5 * 6 / 1.16
    says(*coins, share, found.initial[0], found.maintenance[0], digits=8)
    assert share * (coins[1] - coins[0]) == pytest.approx(found.initial[0], abs=1e-14)
    assert found.bound[0] < 1e-13
    position = deribit.DeribitOption(
        -WAD, 60_000 * WAD, 50_000 * WAD, 6 * 10**17, 30 * 86400, is_call=True
    )
    exact = deribit.margin([position], rules=deribit.BTC)
    assert abs(exact.initial_wad / WAD - found.initial[0]) <= found.bound[0]
