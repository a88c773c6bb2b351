"""The largest positions of a book, as each explains itself."""

from dataclasses import dataclass

from trimtab.apps.report.shown import NONE, Shown, cell, price, printable
from trimtab.model import PositionExplanation, account_key, contract_decimals
from trimtab.simulation import Standing
from trimtab.units import WAD, format_decimal

POSITIONS_MAX = 25


@dataclass(frozen=True, slots=True)
class PositionRow:
    """One position; prices and values in the quote."""

    name: str
    market: str
    size: Shown
    notional: Shown
    pnl: Shown
    entry: Shown
    mark: Shown
    liquidation: Shown
    bankruptcy: Shown
    rank: Shown


def position_rows(found: Standing) -> list[PositionRow]:
    """At most 25 positions, the largest notional first."""
    held = [
        (account_key(account.account, account.group), position)
        for account in found.accounts
        for position in account.positions
        if position.size
    ]
    held.sort(key=lambda entry: (-entry[1].notional_wad, entry[0], entry[1].market))
    return [_row(found, key, position=position) for key, position in held[:POSITIONS_MAX]]


def _row(found: Standing, key: str, *, position: PositionExplanation) -> PositionRow:
    rules = found.case.rules
    decimals = contract_decimals(rules, rules.markets[position.market])
    rank = found.ranks.get((key, position.market))
    place = Shown(NONE, "all are cut alike")
    if rank is not None:
        place = Shown(f"{rank.place:,} of {rank.among:,}", f"{rank.place} of {rank.among}")
    size = format_decimal(position.size, decimals)
    return PositionRow(
        printable(key),
        printable(position.market),
        Shown(f"{float(size):,.6g}", size),
        cell(position.notional_wad),
        cell(position.pnl_wad),
        _price(position.entry_price_wad),
        _price(position.mark_price_wad),
        _price(position.liquidation_price_wad),
        _price(position.bankruptcy_price_wad),
        place,
    )


def _price(price_wad: int | None) -> Shown:
    """A price, exact under the pointer."""
    if price_wad is None:
        return Shown(NONE, "no price does that")
    return Shown(price(price_wad / WAD).text, format_decimal(price_wad, 18))
