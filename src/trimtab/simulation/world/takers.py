"""Who takes the positions that are liquidated: they pay what the market's own depth leaves."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.engine import PositionOffer
from trimtab.simulation.world.markets import Markets
from trimtab.units import fixed_of, float_of


@dataclass(frozen=True, slots=True)
class MarketTakers:
    """Takers of long positions sell what they take in the asset's market.

    They pay the offer's price, and less where selling all of it would bring less; whether the
    account has to accept that is the engine's decision. Who takes a short buys, which moves no
    price here.
    """

    markets: Markets

    def price_wad(self, offer: PositionOffer, size: int) -> int | None:
        """What they pay for so many native units of a position; None: the offer's price."""
        if offer.position.size < 0:
            return None
        units = self._units(offer, size)
        got = fixed_of(self.markets.proceeds(offer.mark.rules.asset, units) / units, 18)
        return None if got >= offer.price_wad else max(1, got)

    def took(self, offer: PositionOffer, size: int) -> None:
        """They sell what they took."""
        if offer.position.size > 0:
            self.markets.sell(offer.mark.rules.asset, self._units(offer, size))
            self.markets.note_lowest()

    def _units(self, offer: PositionOffer, size: int) -> float:
        """Whole units of the asset behind native units of a position, at the mark price."""
        mark = offer.mark
        found = float_of(size * mark.lift, 36)
        return found / float_of(mark.price_wad, 18) if mark.rules.is_inverse else found
