"""Time in a table runs forwards: in the whole of it, or in each series that it holds."""

from collections.abc import Sequence

from trimtab.adapters.files.tables import Table
from trimtab.units import NumberError, Time

TIMESTAMP = "timestamp"


def check_order(table: Table, instants: Sequence[int]) -> None:
    """Raise NumberError with row and column unless each row's time (ns UTC) is after the last."""
    check_series(table, instants, rows=table.rows)


def check_series(
    table: Table, instants: Sequence[int], *, rows: Sequence[int], of: str = ""
) -> None:
    """Raise NumberError with row and column unless the times of a series strictly rise.

    Args:
        table: where the series stands.
        instants: ns UTC, in the order of the file.
        rows: the row of each.
        of: what the series is of, for the message; empty for the whole table.
    """
    series = f" of {of}" if of else ""
    for place in range(1, len(instants)):
        now_ns, before_ns = instants[place], instants[place - 1]
        if now_ns <= before_ns:
            is_twice = now_ns == before_ns
            raise NumberError(
                f"the time stands twice{series}" if is_twice else f"time{series} runs backwards",
                where=table.where,
                row=rows[place],
                column=TIMESTAMP,
                found=Time(now_ns).text(),
                expected=f"a time after {Time(before_ns).text()}",
            )
