"""Liquidation prices of bent accounts are the engine's, and where its own verdict turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from tests.kernels import drawn_venues
from tests.kernels.bent_venues import NOW_NS, PRICES, account, venue_of
from trimtab.engine import Draft, MemoryStore, explain
from trimtab.engine.boundary import excess_with
from trimtab.kernels.bent_edges import bent_accounts
from trimtab.kernels.liquidation_map import Edges, liquidation_edges
from trimtab.model import Level
from trimtab.simulation.columns import VenueColumns
from trimtab.units import float_of

# Relative error of a price, for each part of its holdings that an account's margin is.
PRICE_ERROR = 1e-14


def mapped(store: MemoryStore, *, now_ns: int) -> tuple[Draft, VenueColumns, Edges]:
    draft = Draft(store, now_ns)
    columns = VenueColumns(store, draft)
    curves = columns.curves(draft, deciding=False)
    edges = liquidation_edges(columns.book, columns.coefficients(draft), curves=curves)
    return draft, columns, edges


def condition(columns: VenueColumns, draft: Draft, edges: Edges) -> np.ndarray:
    """Per edge, what rounding is measured by: the account's magnitudes over what moves there."""
    worth = np.abs(columns.coefficients(draft).maintenance)
    gross = np.array(
        [
            (quantity * worth[term]).sum()
            for term, quantity in map(columns.book.row, range(columns.book.accounts))
        ]
    )
    return 1.0 + gross[edges.account] / np.abs(edges.net * edges.ratio)


@pytest.mark.parametrize("seed", range(3))
def test_prices_are_those_of_the_engine_and_its_excess_turns_there(seed: int) -> None:
    chance = np.random.default_rng(seed)
    accounts = [account(chance, number) for number in range(80)]
    draft, columns, edges = mapped(venue_of(accounts), now_ns=NOW_NS)
    names, error = sorted(draft.rules.assets), PRICE_ERROR * condition(columns, draft, edges)
    columns_of = (edges.account, edges.asset, edges.ratio, edges.net, error)
    found: dict[tuple[str, str, str], tuple[float, float]] = {}
    for number, asset_number, ratio, net, slip in zip(
        *(c.tolist() for c in columns_of), strict=True
    ):
        key, name = columns.keys[number], names[asset_number]
        found[key, name, "below" if net > 0 else "above"] = (ratio, slip)
        # Safe on the one side of it, unsafe on the other, as the engine sees it.
        for toward in (1 - 4 * slip, 1 + 4 * slip):
            share = {name: (int(ratio * toward * 10**30), 10**30)}
            is_safe = excess_with(draft.account(key), draft, share=share) >= 0
            assert is_safe == ((toward > 1) == (net > 0)), (key, name, ratio, slip)
    compared, bent = 0, set(bent_accounts(columns.book, columns.curves(draft)).tolist())
    for one in accounts:
        told = explain(one, draft)
        for name, price_wad in told.liquidation_price_wad.items():
            ratio, slip = found[one.key, name, told.liquidation_side[name]]
            price = float_of(price_wad, 18)
            assert ratio * PRICES[name] == pytest.approx(price, rel=slip, abs=1e-17)
            compared += columns.number[one.key] in bent
        asked = {name for key, name, _ in found if key == one.key}
        assert asked >= set(told.liquidation_price_wad)
        # The engine's steps towards safety double: it may pass by what is safe in between.
        assert told.excess_wad[Level.MAINTENANCE] < 0 or asked == set(told.liquidation_price_wad)
    assert compared > 50
    assert len(bent) < len(accounts), "linear accounts stand among them"


@settings(max_examples=60)
@given(store=drawn_venues.venues())
def test_absurd_venues_have_edges_that_are_numbers(store: MemoryStore) -> None:
    draft, _, edges = mapped(store, now_ns=drawn_venues.NOW_NS)
    assert (np.isfinite(edges.ratio) & (edges.ratio >= 0) & np.isfinite(edges.net)).all()
    assert (edges.net != 0).all()
    sides = np.stack([edges.account, edges.asset, edges.net > 0])
    assert np.unique(sides, axis=1).shape[1] == edges.net.size, "one row for each side"
    assert (np.diff(edges.account) >= 0).all()
    assert set(edges.asset.tolist()) <= set(range(len(draft.rules.assets)))
