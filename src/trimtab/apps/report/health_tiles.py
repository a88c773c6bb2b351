"""The key figures of a book at one moment, as tiles under the heading of the health report."""

from dataclasses import replace

from trimtab.apps.report.health_book import HealthBook, debt_of, owed_wad
from trimtab.apps.report.health_story import (
    NEAR_PERCENT,
    TOLD_PERCENT,
    fraction_wad,
    largest_debts,
    nearest_fall,
    share,
)
from trimtab.apps.report.shown import NARROW, NONE, Shown, count, counted, money, sentence
from trimtab.apps.report.tiles import Tile


def health_tiles(book: HealthBook) -> list[Tile]:
    """Eight figures: what there is, what is unsafe now, what is next, and how it is spread."""
    quote, unsafe = book.quote, debt_of(book.unsafe)
    near, top = book.fall.reaches[TOLD_PERCENT[0]], largest_debts(book)
    in_debt = sentence(f"{{}} of them with {book.owed}", count(len(book.debtors)))
    ratio = sentence("{} of the collateral", share(book.debt_wad, book.collateral_wad))
    if not book.collateral_wad:
        ratio = sentence("without any collateral" if book.debt_wad else "nobody owes anything")
    missing = sentence("every debt is covered by collateral")
    if book.short:
        who = counted(len(book.short), "account")
        missing = sentence("owed beyond all collateral, by {}", who)
    tiles = [
        Tile("Accounts", count(len(book.found.accounts)), in_debt),
        Tile("Collateral", money(book.collateral_wad, quote), sentence("before any haircut")),
        Tile(_capital(book.owed), money(book.debt_wad, quote), ratio),
        Tile(
            "Liquidatable" if book.after else "Liquidatable now",
            count(len(book.unsafe)),
            sentence("accounts, owing {}", money(unsafe, quote)),
            tone="bad" if unsafe else "good",
        ),
        _next_tile(book),
        Tile(
            f"After a {book.further} of {TOLD_PERCENT[0]}{NARROW}%",
            money(near.debt_wad, quote),
            sentence(
                f"liquidatable, {{}} of all {book.owed}; what is owed falls along",
                share(near.debt_wad, near.whole_wad),
            ),
            tone="warn" if near.debt_wad else "good",
        ),
        Tile(
            "Shortfall",
            money(book.shortfall_wad, quote),
            missing,
            tone="bad" if book.short else "good",
        ),
        Tile(
            f"Ten largest {book.owed}s",
            share(debt_of(top), book.debt_wad),
            sentence(f"of all {book.owed}, {{}}", money(debt_of(top), quote)),
        ),
    ]
    return [_moved(tile, book) for tile in tiles]


def _moved(tile: Tile, book: HealthBook) -> Tile:
    """Say under a figure which moves of prices it is after; a number of accounts is of none."""
    if not book.after or tile.name == "Accounts":
        return tile
    return replace(tile, note=(*tile.note, f"; after {book.after}"))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _next_tile(book: HealthBook) -> Tile:
    name = f"{_capital(book.further)} to the {'next' if book.unsafe else 'first'} {book.owed}"
    if book.unsafe and len(book.unsafe) == len(book.debtors):
        told = sentence(f"all {book.owed} is liquidatable already")
        return Tile(name, Shown(NONE, f"no {book.owed} is left"), told)
    if book.fall.first is None:
        told = sentence("no fall of the market reaches one")
        return Tile(name, Shown("never", "not by any fall of the market"), told, tone="good")
    near = book.fall.first_wad < fraction_wad(NEAR_PERCENT)
    debt = money(owed_wad(book.fall.first), book.quote)
    return Tile(
        name,
        nearest_fall(book),
        sentence(f"{{}} of {book.owed}", debt),
        tone="warn" if near else "good",
    )
