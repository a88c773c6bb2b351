"""Bad markets are refused in one clear line."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.simulation.markets import (
    ConcentratedPool,
    ConstantProductPool,
    LinearImpact,
    LiquidityRange,
    Market,
    OrderBookLadder,
    SquareRootImpact,
    ladder_of,
    ladder_of_bands,
    no_impact,
    table_curve,
    terms_of,
)
from trimtab.units import DataError

BIDS = [(99.0, 1.0), (98.0, 2.0), (97.0, 3.0)]
ASKS = [(101.0, 1.0), (102.0, 2.0), (103.0, 3.0)]


def refused(make, message):
    with pytest.raises(DataError) as caught:
        make()
    text = str(caught.value)
    assert message in text
    assert "\n" not in text


def test_books_in_any_order_become_a_ladder():
    book = ladder_of([BIDS[2], BIDS[0], (95.0, 0.0), BIDS[1], (98.0, 0.5)], ASKS[::-1])
    assert book.middle == 100.0
    assert list(book.prices) == [99.0, 98.0, 97.0]
    assert list(book.quantities) == [1.0, 2.5, 3.0]
    assert book.depth_within(0.02) == 3.5
    assert book.proceeds(2.0) == 99.0 + 98.0


@pytest.mark.parametrize(
    ("bids", "asks", "message"),
    [
        ([], ASKS, "the book has no bids; expected at least 3 levels"),
        (BIDS, [], "the book has no asks; expected at least 3 levels"),
        (BIDS[:2], ASKS, "the book has too few bids; found '2 levels'; expected at least 3"),
        ([*BIDS, (101.0, 1.0)], ASKS, "the book is crossed; found 'a bid of 101 and an ask of 101"),
        ([*BIDS, (96.0, -1.0)], ASKS, "a level of the bids is no level; found '-1 at 96'"),
        ([*BIDS, (0.0, 1.0)], ASKS, "a level of the bids is no level; found '1 at 0'"),
        ([*BIDS, (96.0, float("nan"))], ASKS, "found 'nan at 96'"),
    ],
)
def test_bad_books(bids, asks, message):
    refused(lambda: ladder_of(bids, asks), message)


def test_bids_out_of_order_or_above_the_middle():
    prices, units = np.array([99.0, 99.0, 98.0]), np.ones(3)
    refused(lambda: OrderBookLadder(100.0, prices, units), "the bids do not fall")
    refused(lambda: OrderBookLadder(98.5, np.array([99.0, 98.0, 97.0]), units), "above its middle")
    refused(lambda: ladder_of(BIDS, ASKS).proceeds(7.0), "not deep enough; found '7 to sell'")


def test_bands_of_depth():
    book = ladder_of_bands([(100.0, 30.0), (50.0, 10.0), (200.0, 40.0)], price=1000.0)
    assert list(book.quantities) == [10.0, 20.0, 10.0]
    assert list(book.prices) == pytest.approx([997.5, 992.5, 985.0])
    flat = [(50.0, 10.0), (100.0, 10.0), (200.0, 40.0)]
    refused(lambda: ladder_of_bands(flat, price=1000.0), "the depth bands do not rise")
    far = [(50.0, 10.0), (100.0, 20.0), (20_000.0, 40.0)]
    refused(lambda: ladder_of_bands(far, price=1000.0), "below 10000 basis points")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_reserves_and_coefficients_are_above_zero(value):
    refused(lambda: ConstantProductPool(value, 1.0), "the pool has no base reserve")
    refused(lambda: ConstantProductPool(1.0, value), "the pool has no quote reserve")
    refused(lambda: SquareRootImpact(value), "the square-root impact has no coefficient")
    refused(lambda: LinearImpact(value), "the linear impact has no coefficient")
    refused(lambda: LiquidityRange(0, 1, value), "a range has no liquidity")


def test_ranges_that_hold_nothing_to_sell_into():
    refused(lambda: LiquidityRange(5, 5, 1.0), "a range of ticks is empty; found '5 to 5'")
    refused(lambda: ConcentratedPool(1.0, ()), "the pool has no liquidity; expected at least one")
    above = (LiquidityRange(10, 20, 1.0),)
    refused(lambda: ConcentratedPool(1.0, above, 0, 0), "no liquidity below its price; found '1'")


def test_fees_and_depth():
    refused(lambda: ConstantProductPool(1.0, 1.0, 1.0), "the fee is out of range; found '1'")
    refused(lambda: LinearImpact(1.0, -0.1), "the fee is out of range")
    refused(lambda: table_curve(np.zeros(2), np.array([0.0, 1.0])), "the market has no depth")


def test_an_asset_without_a_market_is_refused():
    refused(
        lambda: terms_of({"A": Market(no_impact())}, ("A", "B")),
        "the asset has no market to be sold in; found 'B'; expected its depth; give it a market or",
    )
