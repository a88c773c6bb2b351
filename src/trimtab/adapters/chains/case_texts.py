"""A venue as read from a chain, and the case folder that it becomes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.adapters.chains.node import Block
from trimtab.adapters.files import staged_folder, write_csv, write_json, write_text
from trimtab.units import NANOSECONDS, WAD, Time, div_down, format_decimal, mul_div_down, pow10

SOURCE_SCHEMA = "trimtab.source/1"
RULES, BOOK, PRICES, SOURCE = "rules.toml", "book.csv", "prices.csv", "source.json"
OUTPUTS = (RULES, BOOK, PRICES, SOURCE)
WAD_DECIMALS = 18

# Keys of one section of the rules, each with its value as TOML writes it.
Section = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the book: native units, signed; a threshold of "0" pledges nothing."""

    account: str
    instrument: str
    quantity: int
    group: str = ""
    category: str = ""
    threshold: str = ""


@dataclass(frozen=True, slots=True)
class Venue:
    """What was read, as a case will hold it.

    Args:
        name: of the venue; the block is added to it.
        quote: unit of prices.
        decimals: of each asset.
        assets, categories, sections: their keys in `rules.toml`.
        rows: the book.
        prices: exact decimal text of each asset's price.
        notes: what the case cannot hold, one line each.
        facts: what else to write down in `source.json`.
    """

    name: str
    quote: str
    decimals: Mapping[str, int]
    assets: Mapping[str, Section]
    categories: Mapping[str, Section] = field(default_factory=dict)
    sections: Mapping[str, Section] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    prices: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def quoted(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False)


def flag(holds: bool) -> str:
    """Return a flag as TOML writes it."""
    return "true" if holds else "false"


def names_text(names: Sequence[str]) -> str:
    """Return a list of names as TOML writes it."""
    return "[" + ", ".join(map(quoted, names)) + "]"


def ratio_text(raw: int, decimals: int) -> str:
    """Return a ratio as decimal text of at most 18 places, rounded down.

    Args:
        raw: the ratio in units of 10**-decimals.
        decimals: 4 for basis points, 18 for wad, 27 for ray.
    """
    if decimals <= WAD_DECIMALS:
        return format_decimal(raw, decimals)
    return format_decimal(mul_div_down(raw, WAD, pow10(decimals)), WAD_DECIMALS)


def price_text(raw: int, decimals: int) -> str:
    """Return a price as decimal text of at most 18 places, rounded down; at least the least.

    Args:
        raw: the price in units of 10**-decimals, zero or more.
        decimals: 0 to 72.
    """
    kept = min(decimals, WAD_DECIMALS)
    return format_decimal(max(1, mul_div_down(raw, pow10(kept), pow10(decimals))), kept)


def fitting_bonus(threshold_wad: int, bonus_wad: int, *, fee_wad: int) -> int:
    """Return the bonus, cut so that a liquidation at the threshold leaves no bad debt.

    A case refuses threshold x (1 + bonus + fee) > 1; protocols round that product and may pass it
    by half a basis point.
    """
    if threshold_wad == 0:
        return bonus_wad
    most_wad = div_down(WAD * WAD, threshold_wad) - WAD - fee_wad
    return max(0, min(bonus_wad, most_wad))


def outside_supply(supplied: int, *, listed: int, borrowed: int) -> int:
    """Return the supply that the book does not list, native units, zero or more.

    At least what its debts have borrowed beyond what it supplies: somebody lent that.
    """
    return max(supplied - listed, borrowed - listed, 0)


def sums(rows: Sequence[Row]) -> tuple[dict[str, int], dict[str, int]]:
    """Return what a book supplies and borrows of each asset, native units."""
    supplied: dict[str, int] = {}
    borrowed: dict[str, int] = {}
    for row in rows:
        side = supplied if row.quantity > 0 else borrowed
        side[row.instrument] = side.get(row.instrument, 0) + abs(row.quantity)
    return supplied, borrowed


def write_case(out: Path, venue: Venue, *, block: Block, chain_id: int) -> None:
    """Write the case of a venue at a block into a folder: all of its files, or none.

    Files of an earlier read are replaced; any other file in the folder is left as it is.

    Raises:
        DataError: the machine refuses.
    """
    with staged_folder(out, known=OUTPUTS) as folder:
        write_text(folder / RULES, rules_text(venue, block=block, chain_id=chain_id))
        write_csv(folder / BOOK, _book(venue))
        stamp = _time(block)
        names = [name for name in venue.assets if name in venue.prices]
        prices = [venue.prices[name] for name in names]
        columns = {"timestamp": [stamp] * len(names), "asset": names, "price": prices}
        write_csv(folder / PRICES, {key: list(map(str, cells)) for key, cells in columns.items()})
        write_json(folder / SOURCE, source_document(venue, block=block, chain_id=chain_id))


def rules_text(venue: Venue, *, block: Block, chain_id: int) -> str:
    """Return `rules.toml`; its head names the chain, the block and its hash."""
    name = f"{venue.name}-{chain_id}-{block.number}"
    lines = [
        f"# {venue.name} on chain {chain_id} at block {block.number}, {_time(block)}",
        f"# {block.hash}",
        *(f"# {note}" for note in venue.notes),
        "",
        "[venue]",
        f"name = {quoted(name)}",
        f"quote = {quoted(venue.quote)}",
    ]
    for kind, tables in (("assets", venue.assets), ("categories", venue.categories)):
        for title, keys in tables.items():
            lines += ["", f"[{kind}.{quoted(title)}]", *_pairs(keys)]
    for title, keys in venue.sections.items():
        lines += ["", f"[{title}]", *_pairs(keys)]
    return "\n".join([*lines, ""])


def source_document(venue: Venue, *, block: Block, chain_id: int) -> dict[str, Any]:
    """Return where the case comes from, integers beyond 53 bits as text."""
    return {
        "schema": SOURCE_SCHEMA,
        "venue": venue.name,
        "chain_id": chain_id,
        "block": {"number": block.number, "hash": block.hash, "time": _time(block)},
        "accounts": len({row.account for row in venue.rows}),
        "rows": len(venue.rows),
        "notes": list(venue.notes),
        **venue.facts,
    }


def _book(venue: Venue) -> dict[str, list[str]]:
    rows = venue.rows
    table = {
        "account": [row.account for row in rows],
        "instrument": [row.instrument for row in rows],
        "quantity": [format_decimal(row.quantity, venue.decimals[row.instrument]) for row in rows],
        "group": [row.group for row in rows],
        "category": [row.category for row in rows],
        "liquidation_threshold": [row.threshold for row in rows],
    }
    needed = ("account", "instrument", "quantity")
    return {name: cells for name, cells in table.items() if name in needed or any(cells)}


def _pairs(keys: Section) -> list[str]:
    return [f"{key} = {value}" for key, value in keys.items()]


def _time(block: Block) -> str:
    return Time(block.time_s * NANOSECONDS).text()
