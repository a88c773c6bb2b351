"""The worked example of the page on markets, and that its table lists what there is."""

from __future__ import annotations

import math

import pytest

from tests.docs.tiny_venue import CONCEPTS
from trimtab.kernels.impact import after_sale
from trimtab.simulation import markets
from trimtab.simulation.markets import (
    ConstantProductPool,
    Market,
    allocation,
    linear_of_depth,
    merged,
    square_root_of_volume,
    terms_of,
)

PAGE = (CONCEPTS / "markets-and-impact.md").read_text(encoding="utf-8")
POOL = ConstantProductPool(1000.0, 2e6, 0.003)


def on_the_page(*texts):
    assert not [text for text in texts if text not in PAGE]


def test_fifty_ether_into_the_pool():
    curve = POOL.curve()
    paid = curve.proceeds(50.0) * POOL.price
    left = POOL.price * math.exp(-curve.log_impact(50.0))
    assert paid == pytest.approx(50 * 0.997 * 2e6 / (1000 + 49.85), rel=1e-12)
    on_the_page(f"{paid:,.2f} USD", f"{left:,.2f}")


def test_the_root_of_a_days_volume():
    law = square_root_of_volume(daily_volume=1e6, vol_daily=0.05)
    curve = law.curve()
    on_the_page(f"a = 0.05 / sqrt(1,000,000) = {law.coefficient:.5f}")
    assert curve.log_impact(1e4) == pytest.approx(0.005)
    on_the_page(f"{100 * curve.mean_slippage(1e4):.4f} %")
    market = Market(curve, permanent_share=0.4, recovery_seconds=320.0)
    outstanding, fallen = after_sale(terms_of({"A": market}, ("A",)), 0, amount=1e4)
    assert (outstanding, fallen) == (pytest.approx(3600.0), pytest.approx(0.002))
    on_the_page("0.002 stays for good and 3,600 units are outstanding")
    on_the_page(f"{market.left_after(3600.0, 600.0):.2f} of them are left")


def test_two_venues():
    exchange = linear_of_depth(depth=100.0, within=0.02).curve()
    curves = [POOL.curve(), exchange]
    to_pool, to_exchange = allocation(curves, 120.0)
    lost = [100 * one.mean_slippage(120.0) for one in (merged(curves), exchange, curves[0])]
    on_the_page(f"{to_pool:.2f} go to the pool", f"{to_exchange:.2f} to the exchange")
    on_the_page(
        "they lose {:.2f} %, the exchange alone {:.2f} %, the pool alone {:.2f} %".format(*lost)
    )


def test_every_shape_is_listed():
    shapes = {"no_impact", "merged", "linear_of_depth", "square_root_of_volume"}
    shapes |= {name for name in markets.__all__ if name.endswith(("Pool", "Impact", "Ladder"))}
    assert not [name for name in shapes if f"`{name}`" not in PAGE]
