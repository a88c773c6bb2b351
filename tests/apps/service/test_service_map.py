"""The service's map follows the curves of the venue: its edges are what `explain` tells."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.bent_venues import NOW_NS, account, venue_of
from trimtab.apps.service.board import Board
from trimtab.engine import explain
from trimtab.model import ReplayRules
from trimtab.units import float_of


def test_edges_of_a_reading_are_the_prices_of_the_account_pages() -> None:
    chance = np.random.default_rng(9)
    accounts = [account(chance, number) for number in range(40)]
    board = Board(venue_of(accounts), ReplayRules(), at_ns=NOW_NS, number=0)
    compared = 0
    with board.reading() as reading:
        names, edges = sorted(reading.draft.rules.assets), reading.edges
        for number, key in enumerate(reading.columns.keys):
            told = explain(reading.draft.account(key), reading.draft)
            for asset, price_wad in told.liquidation_price_wad.items():
                own = edges.of(names.index(asset))
                chosen = own.account == number
                falls = told.liquidation_side[asset] == "below"
                (ratio,) = own.ratio[chosen & ((own.net > 0) == falls)]
                price = float_of(reading.draft.mark(asset).price_wad, 18)
                assert ratio * price == pytest.approx(float_of(price_wad, 18), rel=1e-9)
                compared += 1
    assert compared > 30
