"""One account of options in no venue's own terms, so that several venues' margins lie side by side.

A book holds cash, an underlying, a linear perpetual on it and European options; each option carries
the forward and the volatility it is valued at. Values are undiscounted Black-76, exact to 1e-18.
Every number is in wad unless its name says seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import WAD, black76_value_wad, black76_wad, mul_div_down

BASE_NAME = "underlying"
PERP_NAME = "perpetual"


@dataclass(frozen=True, slots=True)
class OptionLeg:
    """A signed amount of one option, with the forward and volatility of its market."""

    name: str
    strike_wad: int
    seconds: int
    forward_wad: int
    vol_wad: int
    is_call: bool
    amount_wad: int


@dataclass(frozen=True, slots=True)
class OptionBook:
    """An account: quote cash, units of the underlying, signed units of a perpetual, options.

    The perpetual stands at spot, without unrealized profit.
    """

    spot_wad: int
    options: tuple[OptionLeg, ...] = ()
    base_wad: int = 0
    perp_wad: int = 0
    cash_wad: int = 0

    def __post_init__(self) -> None:
        assert self.spot_wad > 0, f"spot not above zero: {self.spot_wad}"
        assert self.base_wad >= 0, f"negative underlying: {self.base_wad}"
        names = [leg.name for leg in self.options]
        assert len(names) == len(set(names)), "an option stands twice"


@dataclass(frozen=True, slots=True)
class BookGreeks:
    """How a value moves: per quote of spot (forwards in proportion), again, and per 1.00 of vol.

    delta_wad: units of the underlying; gamma_wad: units per quote; vega_wad: quote, all
    volatilities together.
    """

    delta_wad: int
    gamma_wad: int
    vega_wad: int


def leg_names(book: OptionBook) -> tuple[str, ...]:
    """Return the names of what the book holds beside cash, in the order of `alone`."""
    names = [BASE_NAME] if book.base_wad else []
    names += [PERP_NAME] if book.perp_wad else []
    return (*names, *(leg.name for leg in book.options))


def alone(book: OptionBook) -> tuple[OptionBook, ...]:
    """Return a book without cash for each thing held."""
    empty = OptionBook(book.spot_wad)
    parts = [replace(empty, base_wad=book.base_wad)] if book.base_wad else []
    parts += [replace(empty, perp_wad=book.perp_wad)] if book.perp_wad else []
    return (*parts, *(replace(empty, options=(leg,)) for leg in book.options))


def shifted(
    book: OptionBook, *, price_wad: int = 0, vol_wad: int = 0, vol_factor_wad: int = WAD
) -> OptionBook:
    """Return the same holdings at other prices and volatilities.

    Args:
        price_wad: relative, of spot and every forward; above -1.
        vol_factor_wad, vol_wad: every volatility times the one plus the other, at least 0.

    Rounding: prices and volatilities down.
    """
    assert price_wad > -WAD, f"a price below zero: {price_wad}"
    return replace(
        book,
        spot_wad=mul_div_down(book.spot_wad, WAD + price_wad, WAD),
        options=tuple(
            replace(
                leg,
                forward_wad=mul_div_down(leg.forward_wad, WAD + price_wad, WAD),
                vol_wad=max(0, mul_div_down(leg.vol_wad, vol_factor_wad, WAD) + vol_wad),
            )
            for leg in book.options
        ),
    )


def option_value_wad(leg: OptionLeg) -> int:
    """Return what one leg is worth, signed, toward zero."""
    value = black76_value_wad(
        leg.forward_wad,
        leg.strike_wad,
        vol_wad=leg.vol_wad,
        seconds=leg.seconds,
        is_call=leg.is_call,
    )
    return mul_div_toward_zero(value, leg.amount_wad, denominator=WAD)


def value_wad(book: OptionBook) -> int:
    """Return what the book is worth: cash, underlying at spot, options; the perpetual is at par."""
    base = mul_div_down(book.base_wad, book.spot_wad, WAD)
    return book.cash_wad + base + sum(map(option_value_wad, book.options))


def profit_wad(book: OptionBook, moved: OptionBook) -> int:
    """Return what the holdings gain from one book's prices to another's, perpetual included."""
    change = moved.spot_wad - book.spot_wad
    perp = mul_div_toward_zero(book.perp_wad, change, denominator=WAD)
    return value_wad(moved) - value_wad(book) + perp


def surface_wad(
    book: OptionBook, moves_wad: Sequence[int], *, vol_factors_wad: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Return profit by volatility factor (rows) and relative price move (columns)."""
    return tuple(
        tuple(
            profit_wad(book, shifted(book, price_wad=move, vol_factor_wad=factor))
            for move in moves_wad
        )
        for factor in vol_factors_wad
    )


def greeks(book: OptionBook) -> BookGreeks:
    """Return delta, gamma and vega of the book, from the closed form.

    A forward moves with spot in proportion: delta of an option * F / S, gamma * (F / S)**2.

    Rounding: toward zero for each leg.
    """
    delta, gamma, vega = book.base_wad + book.perp_wad, 0, 0
    for leg in book.options:
        found = black76_wad(
            leg.forward_wad,
            leg.strike_wad,
            vol_wad=leg.vol_wad,
            seconds=leg.seconds,
            is_call=leg.is_call,
        )
        held = leg.amount_wad * leg.forward_wad
        delta += mul_div_toward_zero(found.delta_wad, held, denominator=WAD * book.spot_wad)
        gamma += mul_div_toward_zero(
            found.gamma_wad, held * leg.forward_wad, denominator=WAD * book.spot_wad**2
        )
        vega += mul_div_toward_zero(found.vega_wad, leg.amount_wad, denominator=WAD)
    return BookGreeks(delta, gamma, vega)
