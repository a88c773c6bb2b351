"""The markets of a world: what is outstanding in each, and what a sale gets and does.

The normal form and its scalar functions are those of `kernels.impact`; see there. Buying is part of
it only as the way back: units that are outstanding are bought back along the curve that they were
sold on, anything beyond at the path's own price, so that nobody gains by a round trip alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trimtab.kernels import impact_loops as loops
from trimtab.kernels.impact import ImpactKind, ImpactTerms
from trimtab.units import YEAR_SECONDS

Outside = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class MarketState:
    """One asset: units outstanding, the permanent logarithm, volatility and depth of this step."""

    outstanding: float
    permanent: float
    sigma: float
    depth: float


@dataclass(frozen=True, slots=True)
class Fill:
    """What a sale brought (quote), and by how much that is less than at the price before it."""

    proceeds: float
    slippage: float


class Markets:
    """All markets of one run.

    Args:
        terms: the normal form of each asset with a path.
        first_prices: of those assets, quote.
        step_seconds: length of a step.
        outside: the price of any other asset, which takes any quantity.
    """

    def __init__(
        self,
        terms: ImpactTerms,
        first_prices: Sequence[float],
        *,
        step_seconds: float,
        outside: Outside,
    ) -> None:
        self.terms = terms
        self._outside = outside
        self._place = {asset: place for place, asset in enumerate(terms.assets)}
        self._path = [float(price) for price in first_prices]
        self._years = step_seconds / YEAR_SECONDS
        self._kept = [math.exp(-step_seconds / float(t)) for t in terms.recovery_seconds]
        self._states = [MarketState(0.0, 0.0, float(sigma), 1.0) for sigma in terms.sigma_ref]
        self.lowest = [0.0] * len(terms.assets)

    def states(self) -> tuple[MarketState, ...]:
        """What to go back to with `restore`."""
        return tuple(self._states)

    def restore(self, states: tuple[MarketState, ...]) -> None:
        """Undo every sale since `states`."""
        self._states = list(states)

    def note_lowest(self) -> None:
        """Note how far below the path each market shows its price; after what is not undone."""
        for place, low in enumerate(self.lowest):
            self.lowest[place] = min(low, self._displacement(place))

    def state(self, asset: str) -> MarketState:
        """The state of an asset with a path."""
        return self._states[self._place[asset]]

    def begin(self, path: Sequence[float]) -> None:
        """A new step at new prices of the path: volatility, depth, and what is absorbed."""
        terms = self.terms
        for place, price in enumerate(path):
            state = self._states[place]
            move = math.log(price / self._path[place])
            variance = terms.decay * state.sigma**2 + (1.0 - terms.decay) * move**2 / self._years
            sigma = math.sqrt(variance)
            calm = float(terms.sigma_ref[place]) / sigma if sigma > 0.0 else math.inf
            depth = loops.depth_factor(
                float(terms.thinning[place]), (calm, float(terms.depth_least[place]))
            )
            left = state.outstanding * self._kept[place]
            self._states[place] = MarketState(left, state.permanent, sigma, depth)
            self._path[place] = float(price)
        self.note_lowest()

    def _displacement(self, place: int) -> float:
        state = self._states[place]
        return state.permanent - self._log_impact(place, state.outstanding)

    def _log_impact(self, place: int, outstanding: float) -> float:
        depth = self._states[place].depth
        return float(loops.log_impact(self.terms.curves, (place, outstanding / depth)))

    def path_price(self, asset: str) -> float:
        """The path's own price."""
        place = self._place.get(asset)
        return self._outside(asset) if place is None else self._path[place]

    def price(self, asset: str) -> float:
        """What the market shows now."""
        place = self._place.get(asset)
        if place is None:
            return self._outside(asset)
        return self._path[place] * math.exp(self._displacement(place))

    def heard(self, asset: str) -> float:
        """What the oracle hears of: the market's price, or the path's without feedback."""
        return self.price(asset) if self.terms.feedback else self.path_price(asset)

    def fair(self, asset: str) -> float:
        """What it would show once all that was sold is absorbed."""
        place = self._place.get(asset)
        if place is None:
            return self._outside(asset)
        return self._path[place] * math.exp(self._states[place].permanent)

    def price_after(self, asset: str, sold: float) -> float:
        """What it would show after a sale of whole units."""
        place = self._place.get(asset)
        if place is None:
            return self._outside(asset)
        g = self._log_impact(place, self._states[place].outstanding + max(sold, 0.0))
        return self.fair(asset) * math.exp(-g)

    def proceeds(self, asset: str, sold: float) -> float:
        """What a sale of whole units would bring, fee and impact paid."""
        place = self._place.get(asset)
        if place is None:
            return self._outside(asset) * sold
        state = self._states[place]
        brought = loops.proceeds(
            self.terms.curves, (place, state.outstanding, max(sold, 0.0), state.depth)
        )
        return self.fair(asset) * float(brought)

    def fee(self, asset: str) -> float:
        """The factor on what a sale brings."""
        place = self._place.get(asset)
        return 1.0 if place is None else float(self.terms.fee[place])

    def slope(self, asset: str, sold: float) -> float:
        """By how much a sale moves the logarithm of the price, for each of its units."""
        place = self._place.get(asset)
        if place is None or sold <= 0.0:
            return 0.0
        before = self._states[place].outstanding
        moved = self._log_impact(place, before + sold) - self._log_impact(place, before)
        return moved / sold

    def permanent_share(self, asset: str) -> float:
        """The share of a sale's move that stays."""
        place = self._place.get(asset)
        return 0.0 if place is None else float(self.terms.permanent_share[place])

    def volatility(self, asset: str) -> float:
        """The annual volatility that the market goes by now."""
        place = self._place.get(asset)
        return 0.0 if place is None else self._states[place].sigma

    def sell(self, asset: str, units: float) -> Fill:
        """Sell whole units, 0 or more; the market is lower after it."""
        place = self._place.get(asset)
        if place is None:
            return Fill(self._outside(asset) * units, 0.0)
        got, shown = self.proceeds(asset, units), self.price(asset) * units
        if int(self.terms.kind[place]) == ImpactKind.NONE:
            # Nothing is lost in a market without impact, not even to a rounding.
            return Fill(got, (1.0 - self.fee(asset)) * shown)
        state = self._states[place]
        left, fallen = loops.absorbed(
            self.terms.curves, (place, state.outstanding, units, state.depth)
        )
        moved = MarketState(float(left), state.permanent - fallen, state.sigma, state.depth)
        self._states[place] = moved
        return Fill(got, shown - got)

    def buy(self, asset: str, units: float) -> float:
        """Buy whole units back; returns what they cost, quote."""
        place = self._place.get(asset)
        if place is None:
            return self._outside(asset) * units
        state = self._states[place]
        back = min(units, state.outstanding)
        rest = state.outstanding - back
        width = (place, rest / state.depth, back / state.depth)
        cost = self.fair(asset) * state.depth * float(loops.integral(self.terms.curves, width))
        cost += (units - back) * self._path[place]
        self._states[place] = MarketState(rest, state.permanent, state.sigma, state.depth)
        return cost / self.fee(asset)
