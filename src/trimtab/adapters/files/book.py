"""The book: who holds and owes what, in native units, checked against the rules."""

from collections.abc import Sequence
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
from trimtab.model import BookRow, Rules
from trimtab.model.schema import BOOK
from trimtab.units import DataError


def read_book(path: Path, rules: Rules) -> tuple[tuple[BookRow, ...], int]:
    """Return the rows of a book, and how many quantities were rounded against their account.

    Args:
        path: a CSV or Parquet file with the columns of `model.schema.BOOK`.
        rules: its assets give the decimals, its categories the known ones.

    Returns:
        The rows in file order, quantities in native units, rows of quantity zero left out.

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
    _check_thresholds(table, rows)
    _check_categories(table, rows)
    _check_duplicates(table, rows)
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
    if instrument in rules.markets:
        raise DataError(
            "positions in derivatives markets are not supported in this release",
            found=instrument,
            expected="an asset of the rules",
        )
    if instrument not in rules.assets:
        raise DataError(
            "the instrument is not an asset of the rules",
            found=instrument,
            hint=nearest_hint(instrument, rules.assets),
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
    remaining = iter(instruments)
    found = parsed(
        table, "quantity", parse=lambda cell: quantity_of(cell, decimals[next(remaining)])
    )
    return [raw for raw, _ in found], sum(inexact for _, inexact in found)


def _check_thresholds(table: Table, rows: Sequence[BookRow]) -> None:
    for number, row in zip(table.rows, rows, strict=True):
        if row.threshold_wad is not None and row.quantity < 0:
            raise DataError(
                "a debt has no liquidation threshold",
                where=table.where,
                row=number,
                column="liquidation_threshold",
                expected="an empty cell beside a negative quantity",
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


def _check_duplicates(table: Table, rows: Sequence[BookRow]) -> None:
    first: dict[tuple[str, str, str, bool], int] = {}
    for number, row in zip(table.rows, rows, strict=True):
        if not row.quantity:
            continue
        side = row.quantity > 0
        earlier = first.setdefault((row.account, row.group, row.instrument, side), number)
        if earlier != number:
            raise DataError(
                f"the account holds the instrument in row {earlier} already",
                where=table.where,
                row=number,
                column="instrument",
                found=row.instrument,
                expected="one row for each account, group, instrument and sign",
            )
