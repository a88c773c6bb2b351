"""What agents own: money in wad of the quote, and lots of assets, to the last unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trimtab.agents.observing import Funds, Lot
from trimtab.model import Event, EventKind

# What the acting agent gets for a unit of the event's quantity; other events are not its own.
_OWN = {
    EventKind.LIQUIDATE: 1,
    EventKind.SEIZE: -1,
    EventKind.AUCTION_TAKE: -1,
    EventKind.KEEPER_REWARD: 1,
    EventKind.DEPOSIT: -1,
    EventKind.WITHDRAW: -1,
    EventKind.BORROW: 1,
    EventKind.REPAY: 1,
}


def received(events: Iterable[Event]) -> dict[str, int]:
    """Native units by asset that who sent the commands got from the venue (below 0: paid in).

    Collateral that a pool short of cash pays out as a claim on itself counts as the units it is a
    claim on, as it does in the kernel.
    """
    found: dict[str, int] = {}
    for event in events:
        units = _OWN.get(event.kind, 0) * event.quantity
        if event.kind is EventKind.FEE:
            # The penalty of an auction is paid in by the taker; other fees move within the venue.
            units = -event.flow
        found[event.asset] = found.get(event.asset, 0) + units
    return {asset: units for asset, units in found.items() if units}


@dataclass(frozen=True, slots=True)
class Purse:
    """One agent's own.

    Args:
        cash_wad: money; below 0 only where `limited` is False.
        limited: whether it can run out of money.
        lots: what it holds, oldest first; of one asset all lots are long or all are short.
    """

    cash_wad: int = 0
    limited: bool = False
    lots: tuple[Lot, ...] = ()

    def funds(self) -> Funds:
        """What its policy sees of it."""
        return Funds(self.cash_wad if self.limited else None, self.lots)

    def paid(self, value_wad: int) -> Purse:
        """With so much more money (below 0: less)."""
        return replace(self, cash_wad=self.cash_wad + value_wad)

    def moved(self, asset: str, units: int, *, step: int) -> Purse:
        """With so many more units (below 0: fewer): the oldest lots of the other sign go first."""
        left, kept = units, []
        for lot in self.lots:
            if lot.asset == asset and left and (lot.units > 0) != (left > 0):
                used = min(abs(lot.units), abs(left))
                sign = 1 if left > 0 else -1
                left -= sign * used
                lot = replace(lot, units=lot.units + sign * used)
            if lot.units:
                kept.append(lot)
        if left:
            kept.append(Lot(asset, left, step))
        return replace(self, lots=tuple(kept))

    def held(self, asset: str) -> int:
        """Native units of an asset."""
        return self.funds().held(asset)

    def solvent(self) -> bool:
        """Whether it has not spent more than it has."""
        return not self.limited or self.cash_wad >= 0
