"""What agents own: money in wad of the quote, and lots of assets, to the last unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from trimtab.agents.observing import Funds, Lot
from trimtab.model import Event, EventKind

# What the acting agent gets for a unit of the event's quantity; other events are not its own.
_OWN = {
    EventKind.LIQUIDATE: 1,
    EventKind.KEEPER_REWARD: 1,
    EventKind.DEPOSIT: -1,
    EventKind.WITHDRAW: -1,
    EventKind.BORROW: 1,
    EventKind.REPAY: 1,
}
# Paid out as far as the pool has cash; the rest is a claim on the pool.
_PAID_OUT = frozenset({EventKind.SEIZE, EventKind.AUCTION_TAKE})


def received(events: Iterable[Event]) -> dict[str, int]:
    """Native units by asset that who sent the commands got from the venue (below 0: paid in)."""
    found: dict[str, int] = {}
    for event in events:
        units = _OWN.get(event.kind, 0) * event.quantity
        if event.kind in _PAID_OUT or event.kind is EventKind.FEE:
            # A fee that flows is an auction's penalty, paid by the taker; others stay inside.
            units = -event.flow
        found[event.asset] = found.get(event.asset, 0) + units
    return {asset: units for asset, units in found.items() if units}


def claimed(events: Iterable[Event]) -> dict[str, int]:
    """Native units by asset that were taken and are not paid out yet: claims on the pool."""
    found: dict[str, int] = {}
    for event in events:
        if event.kind in _PAID_OUT and event.quantity != event.flow:
            found[event.asset] = found.get(event.asset, 0) + event.flow - event.quantity
    return found


@dataclass(frozen=True, slots=True)
class Purse:
    """One agent's own.

    Args:
        cash_wad: money; below 0 only where `limited` is False.
        limited: whether it can run out of money.
        lots: what it holds, oldest first; of one asset all lots are long or all are short.
        claims_wad: what pools of the venue owe it, at the market prices of when it was taken: of
            worth, and not for sale.
    """

    cash_wad: int = 0
    limited: bool = False
    lots: tuple[Lot, ...] = ()
    claims_wad: int = 0

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

    def owed(self, value_wad: int) -> Purse:
        """With a claim on a pool worth so much more."""
        return replace(self, claims_wad=self.claims_wad + value_wad)

    def held(self, asset: str) -> int:
        """Native units of an asset."""
        return self.funds().held(asset)

    def solvent(self) -> bool:
        """Whether it has not spent more than it has."""
        return not self.limited or self.cash_wad >= 0
