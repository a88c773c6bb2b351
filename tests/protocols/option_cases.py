"""Option books for tests, by hand and at random."""

from __future__ import annotations

from hypothesis import strategies as st

from trimtab.protocols.option_book import OptionBook, OptionLeg
from trimtab.units import WAD

DAY = 86400
CENT = WAD // 100
SPOT = 60_000 * WAD
FORWARDS = {7: 60_100 * WAD, 30: 60_500 * WAD, 120: 61_500 * WAD}


def option(*, strike=60_000, days=30, amount=-1, is_call=True, vol=55):
    """One option of the test market; its forward is that of its expiry."""
    return OptionLeg(
        name=f"{'C' if is_call else 'P'}{strike}-{days}",
        strike_wad=strike * WAD,
        seconds=days * DAY,
        forward_wad=FORWARDS[days],
        vol_wad=vol * CENT,
        is_call=is_call,
        amount_wad=amount * WAD,
    )


legs = st.builds(
    option,
    strike=st.sampled_from([42_000, 54_000, 60_000, 66_000, 90_000]),
    days=st.sampled_from([7, 30, 120]),
    amount=st.integers(-3, 3).filter(bool),
    is_call=st.booleans(),
    vol=st.integers(20, 120),
)
books = st.builds(
    OptionBook,
    spot_wad=st.just(SPOT),
    options=st.lists(legs, min_size=1, max_size=4, unique_by=lambda leg: leg.name).map(tuple),
    base_wad=st.integers(0, 2).map(lambda n: n * WAD),
    perp_wad=st.integers(-4, 4).map(lambda n: n * WAD // 2),
    cash_wad=st.integers(0, 50_000).map(lambda n: n * WAD),
)
