"""What a venue's margin of one option book is, in one shape for all venues.

A requirement stands against the book's mark-to-market (cash, underlying and options as they are
worth now): the account is safe where the one does not exceed the other. Every number is in wad.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from trimtab.protocols.derive_portfolio_rules import OptionPosition
from trimtab.protocols.option_book import OptionBook, OptionLeg
from trimtab.units import format_decimal


@dataclass(frozen=True, slots=True)
class ScenarioPoint:
    """One scenario: relative price move, what happens to volatility, and the profit counted."""

    move_wad: int
    vol: str
    profit_wad: int

    @property
    def label(self) -> str:
        """Return the scenario in words: move in percent and volatility."""
        sign = "+" if self.move_wad > 0 else ""
        return f"price {sign}{format_decimal(self.move_wad, 16)} %, vol {self.vol}"


@dataclass(frozen=True, slots=True)
class LegProfit:
    """What one holding contributes to the deciding scenario, signed."""

    name: str
    profit_wad: int


@dataclass(frozen=True, slots=True)
class Charge:
    """One part of the initial requirement, by cause."""

    name: str
    amount_wad: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """A venue's margin of a book.

    charges: sum to the initial requirement; worst: the deciding scenario, None where none decides;
    legs: the profit of each holding in it, or in the
    basis contingency where that decides; scenarios: all of them, in the venue's order.
    """

    venue: str
    initial_wad: int
    maintenance_wad: int
    charges: tuple[Charge, ...]
    worst: ScenarioPoint | None = None
    legs: tuple[LegProfit, ...] = ()
    scenarios: tuple[ScenarioPoint, ...] = ()


def by_expiry(book: OptionBook) -> tuple[tuple[OptionLeg, ...], ...]:
    """Return the legs of each expiry, nearest first, each in the book's order.

    The legs of one expiry share a forward.
    """
    ordered = sorted(book.options, key=lambda leg: leg.seconds)
    found = tuple(tuple(group) for _, group in groupby(ordered, key=lambda leg: leg.seconds))
    for group in found:
        forwards = {leg.forward_wad for leg in group}
        assert len(forwards) == 1, f"one expiry, {len(forwards)} forwards"
    return found


def option_positions(legs: Iterable[OptionLeg]) -> tuple[OptionPosition, ...]:
    """Return the legs as Derive's managers read them."""
    return tuple(
        OptionPosition(leg.strike_wad, leg.is_call, leg.amount_wad, leg.vol_wad) for leg in legs
    )
