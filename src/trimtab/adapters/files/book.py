"""The book: who holds and owes what, in native units, checked against the rules."""

from collections.abc import Container, Sequence
from pathlib import Path

from trimtab.adapters.files.cells import (
    optional_text_of,
    price_of,
    quantity_of,
    text_of,
    threshold_of,
)
from trimtab.adapters.files.formats import read_table
from trimtab.adapters.files.naming import check_own_name, nearest_hint
from trimtab.adapters.files.tables import (
    Cell,
    Table,
    parsed,
    parsed_or,
    require_columns,
    require_rows,
)
from trimtab.model import BookRow, Rules, contract_decimals
from trimtab.model.schema import BOOK
from trimtab.units import DataError


def read_book(path: Path, rules: Rules) -> tuple[tuple[BookRow, ...], int]:
    """Return the rows of a book, and how many quantities were rounded against their account.

    Args:
        path: a CSV or Parquet file with the columns of `model.schema.BOOK`.
        rules: its assets and markets give the decimals, its categories the known ones.

    Returns:
        The rows in file order, quantities in native units (of the contract, for a position),
        rows of quantity zero left out. An entry price beside an asset is read and without effect.

    Raises:
        DataError: with file, row and column of the first fault of a column.
    """
    table = read_table(path)
    require_columns(table, BOOK)
    require_rows(table)
    accounts = parsed(table, "account", parse=_account)
    instruments = parsed(table, "instrument", parse=lambda cell: _instrument(cell, rules))
    quantities, rounded = _quantities(table, instruments, rules=rules)
    rows = tuple(
        map(
            BookRow,
            accounts,
            instruments,
            quantities,
            parsed_or(table, "group", parse=_group, absent=""),
            parsed_or(table, "category", parse=lambda cell: _category(cell, rules), absent=""),
            parsed_or(table, "liquidation_threshold", parse=threshold_of, absent=None),
            parsed_or(table, "entry_price", parse=_entry_price, absent=None),
        )
    )
    _check_thresholds(table, rows, markets=rules.markets)
    _check_categories(table, rows)
    _check_duplicates(table, rows, markets=rules.markets)
    return tuple(row for row in rows if row.quantity), rounded


def _account(cell: Cell) -> str:
    account = text_of(cell)
    check_own_name(account, "account")
    return account


def _group(cell: Cell) -> str:
    group = optional_text_of(cell)
    if group:
        check_own_name(group, "group")
    return group


def _instrument(cell: Cell, rules: Rules) -> str:
    instrument = text_of(cell)
    if instrument not in rules.assets and instrument not in rules.markets:
        known = [*rules.assets, *rules.markets]
        raise DataError(
            "the instrument is neither an asset nor a market of the rules",
            found=instrument,
            hint=nearest_hint(instrument, known),
        )
    return instrument


def _category(cell: Cell, rules: Rules) -> str:
    category = optional_text_of(cell)
    if category and category not in rules.categories:
        raise DataError(
            "the category is not defined in the rules",
            found=category,
            expected="a name below [categories]" if not rules.categories else None,
            hint=nearest_hint(category, rules.categories) if rules.categories else None,
        )
    return category


def _entry_price(cell: Cell) -> int | None:
    return None if cell is None else price_of(cell)[0]


def _quantities(table: Table, instruments: Sequence[str], *, rules: Rules) -> tuple[list[int], int]:
    decimals = {name: asset.decimals for name, asset in rules.assets.items()}
    decimals |= {name: contract_decimals(rules, market) for name, market in rules.markets.items()}
    remaining = iter(instruments)
    found = parsed(
        table, "quantity", parse=lambda cell: quantity_of(cell, decimals[next(remaining)])
    )
    return [raw for raw, _ in found], sum(inexact for _, inexact in found)


def _check_thresholds(table: Table, rows: Sequence[BookRow], *, markets: Container[str]) -> None:
    """A threshold is the weight of a collateral: neither a position nor a debt has one."""
    for number, row in zip(table.rows, rows, strict=True):
        is_position = row.instrument in markets
        if row.threshold_wad is not None and (is_position or row.quantity < 0):
            raise DataError(
                f"a {'position' if is_position else 'debt'} has no liquidation threshold",
                where=table.where,
                row=number,
                column="liquidation_threshold",
                expected="an empty cell beside a "
                + ("market" if is_position else "negative quantity"),
            )


def _check_categories(table: Table, rows: Sequence[BookRow]) -> None:
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for number, row in zip(table.rows, rows, strict=True):
        category, earlier = first.setdefault((row.account, row.group), (row.category, number))
        if category != row.category:
            raise DataError(
                f"the category differs from row {earlier} of the same account and group",
                where=table.where,
                row=number,
                column="category",
                found=row.category,
                expected=repr(category),
            )


def _check_duplicates(table: Table, rows: Sequence[BookRow], *, markets: Container[str]) -> None:
    first: dict[tuple[str, str, str, bool], int] = {}
    for number, row in zip(table.rows, rows, strict=True):
        if not row.quantity:
            continue
        # A position is one signed size: a long row beside a short one would be two of them.
        is_position = row.instrument in markets
        side = row.quantity > 0 or is_position
        earlier = first.setdefault((row.account, row.group, row.instrument, side), number)
        if earlier != number:
            raise DataError(
                f"the account holds the instrument in row {earlier} already",
                where=table.where,
                row=number,
                column="instrument",
                found=row.instrument,
                expected="one row for each account, group and market"
                if is_position
                else "one row for each account, group, instrument and sign",
            )
