"""The one exception tree for bad input, and the exit code that each branch means.

    TrimtabError            anything Trimtab raises on purpose
    ├── UsageError          the call itself is wrong (exit 2)
    ├── DataError           a file or a value in it is wrong (exit 3)
    │   ├── RulesError      in a rules file; the column holds the dotted key
    │   └── NumberError     a text or a float that is no usable number or time
    └── InternalError       Trimtab broke its own promise (exit 4)

A rejected command is a returned value, never an exception; a programmer error is an `assert`.
"""

from __future__ import annotations

from typing import ClassVar, Self

FOUND_LENGTH_MAX = 60


class TrimtabError(Exception):
    """Anything Trimtab raises on purpose; `exit_code` is what the command line exits with."""

    exit_code: ClassVar[int] = 4


class UsageError(TrimtabError):
    """The call itself is wrong: an unknown verb, a missing or a contradictory option."""

    exit_code: ClassVar[int] = 2


class DataError(TrimtabError):
    """Bad or missing data: says where, what is wrong, what was found and what was expected.

    Args:
        what: the fault, one short clause, for example "the quantity is not a number".
        where: the file or the table, "" when not known yet.
        row: the row as the reader's user counts it.
        column: the column's name.
        found: the offending text; shown quoted, cut and escaped, so hostile input is safe here.
        expected: what would have been accepted.
        hint: what to do about it.
    """

    exit_code: ClassVar[int] = 3
    column_word: ClassVar[str] = "column"

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        row: int | None = None,
        column: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        # `args` holds `what` alone and the rest are attributes: that is what pickle restores,
        # so the error survives the way back from a worker process.
        super().__init__(what)
        self.what = what
        self.where = where
        self.row = row
        self.column = column
        self.found = found
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        place = [] if self.row is None else [f"row {self.row}"]
        if self.column is not None:
            place.append(f"{self.column_word} {_cut(self.column)}")
        clauses = [self.what]
        if self.found is not None:
            clauses.append(f"found {_cut(self.found)!r}")
        if self.expected is not None:
            clauses.append(f"expected {self.expected}")
        if self.hint is not None:
            clauses.append(self.hint)
        parts = [self.where, ", ".join(place), "; ".join(clauses)]
        return _one_line(": ".join(part for part in parts if part))

    def located(
        self, *, where: str = "", row: int | None = None, column: str | None = None
    ) -> Self:
        """Return a copy of the same class that says where; an argument left out keeps its value.

        A parser knows the text alone and its caller knows the cell:
        `raise error.located(where=path, row=7, column="quantity") from None`.
        """
        return type(self)(
            self.what,
            where=where or self.where,
            row=self.row if row is None else row,
            column=self.column if column is None else column,
            found=self.found,
            expected=self.expected,
            hint=self.hint,
        )


class RulesError(DataError):
    """A rules file is wrong; `column` holds the dotted key, as in `assets.ETH.max_ltv`."""

    column_word: ClassVar[str] = "key"


class NumberError(DataError):
    """A text or a float that is no usable number or time; parsers raise it without a place."""


class InternalError(TrimtabError):
    """Trimtab broke its own promise; the fault is in the program, not in the input."""

    exit_code: ClassVar[int] = 4


def _cut(text: str) -> str:
    return text if len(text) <= FOUND_LENGTH_MAX else text[: FOUND_LENGTH_MAX - 3] + "..."


def _one_line(text: str) -> str:
    # A newline, a terminal escape or a bidirectional mark in a file must not reach the terminal.
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
