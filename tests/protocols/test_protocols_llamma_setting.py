"""A market for the tests of LLAMMA: A = 100, band 0 at 3000, 18 decimals on both sides."""

from __future__ import annotations

from trimtab.protocols.llamma_bands import Grid
from trimtab.protocols.llamma_exchange import Market
from trimtab.protocols.llamma_shares import Deposited, Range, deposit
from trimtab.units import WAD

PRICE = 3000 * WAD
GRID = Grid(amplification=100, base_price=PRICE)
FEE = 6 * 10**15


def opened(
    amount: int, *, first_band: int, last_band: int, market: Market | None = None
) -> tuple[Range, Market]:
    """A position in a market, and the market with it."""
    done = deposit(market or Market(GRID, FEE), amount, first_band=first_band, last_band=last_band)
    assert isinstance(done, Deposited)
    return done.position, done.market


def totals(market: Market) -> tuple[int, int]:
    """All x and all y of a market, 18 decimals."""
    return sum(market.bands_x.values()), sum(market.bands_y.values())


def test_a_market_opens_with_the_collateral_in_its_bands():
    position, market = opened(10 * WAD, first_band=1, last_band=10)
    assert totals(market) == (0, 10 * WAD)
    assert len(position.shares) == 10
    assert (market.min_band, market.max_band, market.active_band) == (0, 10, 0)
