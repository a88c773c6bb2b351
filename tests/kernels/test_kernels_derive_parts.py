"""The parts of Derive's margin by hand: what each add-on costs, and when it begins to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.margin_draws import derive_book, derive_portfolios, to_floats
from trimtab.kernels import CollateralRows, DeriveBook, OptionBook, derive_margins
from trimtab.kernels.derive_contingencies import contingencies
from trimtab.kernels.derive_margin import _naked
from trimtab.protocols import derive_portfolio
from trimtab.protocols.derive_portfolio_presets import DEPLOYED
from trimtab.units import WAD, DataError

GRID = to_floats(DEPLOYED)
DAY = 86400
NONE = {"options": OptionBook(
    amount=[], forward=[], strike=[], vol_annual=[], seconds=[], is_call=[], offsets=[0]
)}  # fmt: skip


def account(**held):
    """One account without options at a spot of 2,000."""
    given = {"expiry_offsets": [0, 0], "expiry_seconds": [], "rate": [], "expiry_confidence": []}
    return derive_margins(DeriveBook(**NONE, **given, **{"spot": 2000.0, **held}), GRID)


def sold(amounts, *, strikes, calls, confidence=1.0):
    """One account with options of 30 days on a forward of 2,000."""
    options = OptionBook(
        amount=amounts,
        forward=2000.0,
        strike=strikes,
        vol_annual=0.8,
        seconds=30 * DAY,
        is_call=calls,
        offsets=[0, len(amounts)],
    )
    book = DeriveBook(
        options=options,
        expiry_offsets=[0, 1],
        expiry_seconds=30 * DAY,
        expiry_confidence=confidence,
        spot=2000.0,
    )
    return derive_margins(book, GRID)


@pytest.mark.parametrize(("size", "spot"), [(1.0, 0.82), (-1.0, 1.18)])
def test_a_perpetual_loses_most_at_eighteen_percent(size, spot):
    found = account(perp_size=size, perp_price=2000.0)
    assert found.worst_loss[0] == pytest.approx(-360.0)
    assert GRID.scenarios[found.worst[0]].spot == spot
    # 3 % of 2,000 for both margins and 1 % more for the initial one.
    assert found.maintenance[0] == pytest.approx(-0.8 * 360 - 60)
    assert found.initial[0] == pytest.approx(-360 - 80)


@pytest.mark.parametrize(("stable", "factor"), [(1.02, 1.0), (0.99, 1.0), (0.97, 1.08)])
def test_a_depeg_raises_the_initial_factor_alone(stable, factor):
    found = account(perp_size=1.0, perp_price=2000.0, stable_price=stable)
    assert found.initial[0] == pytest.approx(-360 * factor - 80)
    assert found.maintenance[0] == pytest.approx(-348)


@pytest.mark.parametrize(("confidence", "charge"), [(1.0, 0), (0.55, 0), (0.54, 920), (0.0, 2000)])
def test_a_low_confidence_is_charged_strictly_below_its_threshold(confidence, charge):
    whole = account(perp_size=1.0, perp_price=2000.0)
    found = account(perp_size=1.0, perp_price=2000.0, perp_confidence=confidence)
    assert whole.initial[0] - found.initial[0] == pytest.approx(charge)
    assert found.maintenance[0] == whole.maintenance[0]
    # Without a perpetual its feed is not asked.
    assert account(perp_confidence=confidence).initial[0] == 0.0


def pledged(**held):
    rows = CollateralRows(**{"amount": 1.0, "price": 2000.0, "offsets": [0, 1], **held})
    return account(collaterals=rows, perp_size=-1.0, perp_price=2000.0)


def test_collateral_that_cancels_risk_carries_a_short_perpetual():
    plain, cancelling = pledged(), pledged(cancels_risk=True)
    assert plain.worst_loss[0] == pytest.approx(-360.0)
    assert cancelling.worst_loss[0] == 0.0
    assert cancelling.worst[0] == -1
    assert cancelling.initial[0] == pytest.approx(2000 - 80)


def test_haircuts_of_collateral_count_for_their_margins():
    plain = pledged()
    cut = pledged(initial_haircut=0.1, maintenance_haircut=0.04)
    assert plain.maintenance[0] - cut.maintenance[0] == pytest.approx(80.0)
    assert plain.initial[0] - cut.initial[0] == pytest.approx(80.0 + 200.0)
    doubtful = pledged(confidence=0.5)
    assert plain.initial[0] - doubtful.initial[0] == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("amounts", "calls", "naked"),
    [
        ([-2.0, 3.0], [True, False], 0.0),
        ([-2.0, -3.0], [True, False], 5.0),
        ([-2.0, 1.5], [True, True], 0.5),
    ],
)
def test_naked_shorts_cost_half_a_percent_of_spot(amounts, calls, naked):
    found = sold(amounts, strikes=2000.0, calls=calls)
    required = found.worst_loss[0] + found.mark_to_market[0] - found.initial[0]
    assert required == pytest.approx(naked * 2000 * 0.005, abs=1e-8)


def test_shorts_of_other_strikes_do_not_offset():
    found = sold([-2.0, 3.0], strikes=[2000.0, 2000.5], calls=True)
    required = found.worst_loss[0] + found.mark_to_market[0] - found.initial[0]
    assert required == pytest.approx(2 * 2000 * 0.005, abs=1e-8)


def test_a_doubtful_expiry_is_charged_by_its_options():
    sure, doubtful = (sold([-1.0, 2.0], strikes=2000.0, calls=True, confidence=c) for c in (1, 0.5))
    assert sure.initial[0] - doubtful.initial[0] == pytest.approx(0.5 * 3 * 2000)


def test_contingencies_are_those_of_the_twin():
    portfolios = derive_portfolios(60, seed=21)
    book = derive_book(portfolios)
    naked = _naked(book, expiries=slice(0, book.options.groups))
    found = contingencies(book, GRID, run=slice(0, len(book)), naked=naked)
    true = [derive_portfolio.contingencies(one, DEPLOYED.contingency) for one in portfolios]
    for name in ("maintenance", "initial"):
        exact = np.array([getattr(one, f"{name}_wad") / WAD for one in true])
        np.testing.assert_allclose(getattr(found, name), exact, rtol=1e-14, atol=1e-12)
    values = [sum(derive_portfolio.collateral_values_wad(one)) / WAD for one in portfolios]
    np.testing.assert_allclose(found.value, values, rtol=1e-14, atol=1e-12)
    assert (found.size >= found.maintenance + found.initial).all()


@pytest.mark.parametrize(
    ("name", "bad"),
    [("amount", -1.0), ("price", np.nan), ("confidence", -0.1), ("initial_haircut", np.inf)],
)
def test_collateral_is_checked(name, bad):
    with pytest.raises(DataError, match=f"^{name}: row 0"):
        pledged(**{name: bad})


def test_an_option_expires_with_its_group():
    options = OptionBook(
        amount=[1.0, 1.0, 1.0],
        forward=2000.0,
        strike=2000.0,
        vol_annual=0.8,
        seconds=[30 * DAY, 60 * DAY, 61 * DAY],
        is_call=True,
        offsets=[0, 1, 3],
    )
    given = {"options": options, "expiry_offsets": [0, 2], "spot": 2000.0}
    with pytest.raises(DataError, match=r"^seconds: row 2: .*expected 5\.184e\+06, the expiry_sec"):
        DeriveBook(**given, expiry_seconds=[30 * DAY, 60 * DAY])
