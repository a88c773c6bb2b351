"""What the tests of policies alone stand on: a market of plain numbers, and observations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.cases import START_NS, collateral, row, rules_of
from trimtab.agents.observing import Beat, Funds, Lot, Observation, Seen
from trimtab.engine import Draft, open_venue, step
from trimtab.model import Accepted
from trimtab.model import commands as c
from trimtab.units import WAD


@dataclass(frozen=True, slots=True)
class PlainMarket:
    """Linear impact of one slope on every asset but dollars; nothing is outstanding."""

    prices: Mapping[str, float]
    slope_of: float = 0.0
    fee_of: float = 1.0
    shown: Mapping[str, float] = field(default_factory=dict)

    def fair(self, asset: str) -> float:
        return self.prices.get(asset, 1.0)

    def price(self, asset: str) -> float:
        return self.shown.get(asset, self.fair(asset))

    def slope(self, asset: str, sold: float) -> float:
        return 0.0 if asset == "USD" or sold <= 0.0 else self.slope_of

    def price_after(self, asset: str, sold: float) -> float:
        return self.price(asset) * math.exp(-self.slope(asset, sold) * sold)

    def proceeds(self, asset: str, sold: float) -> float:
        slope = self.slope(asset, sold)
        units = -math.expm1(-slope * sold) / slope if slope else sold
        return self.price(asset) * units * self.fee(asset)

    def fee(self, asset: str) -> float:
        return 1.0 if asset == "USD" else self.fee_of

    def permanent_share(self, asset: str) -> float:
        return 0.0 if asset in self.prices else 1.0

    def volatility(self, asset: str) -> float:
        return 0.8 if asset in self.prices else 0.0


def unsafe_venue(price: int = 970, *, debt: int = 7_800, bonus: int = 10) -> Draft:
    """Ann holds ten ether against a debt at a threshold of 80 %; she falls under 975."""
    rules = rules_of(collateral("ETH", 18, bonus=bonus))
    book = (
        row("ann", "ETH", 10 * 10**18),
        row("ann", "USD", -debt * 10**6),
        row("lender", "USD", 10**12),
    )
    store = open_venue(rules, book, at_ns=START_NS, prices={"ETH": 1_000 * WAD})
    outcome = step(store, c.SetPrices(START_NS, (("ETH", price * WAD),)))
    assert isinstance(outcome, Accepted)
    store.apply(outcome)
    return Draft(store, START_NS)


def observed(
    draft: Draft,
    beat: Beat,
    *,
    market: PlainMarket | None = None,
    cash: int | None = None,
    lots: tuple[Lot, ...] = (),
    gas: int = 0,
    step_number: int = 5,
) -> Observation:
    """An observation whose focus and whose only account with debt is ann."""
    return Observation(
        beat,
        step_number,
        600.0,
        draft,
        market or PlainMarket({"ETH": 970.0}),
        Funds(None if cash is None else cash * WAD, lots),
        gas * WAD,
        ("ann",),
        (Seen("ann", 0.995, 7_800.0, 9_700.0),),
    )
