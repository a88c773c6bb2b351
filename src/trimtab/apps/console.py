"""The terminal: data to stdout, progress and messages to stderr, one line for every error."""

import csv
import io
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from trimtab.units import DataError, TrimtabError, UsageError

INTERRUPTED = 130
INTERNAL = 4
SLOW_SECONDS = 1.0
PIPE_COLUMNS = 240
NOT_BEGUN = "interrupted before the first step: nothing is written; run the same command again"
NAME_COLUMNS_MIN = 14


class Format(StrEnum):
    """How a verb prints its data."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def say(text: str) -> None:
    """A message for the person, not for the pipe."""
    print(text, file=sys.stderr)


def print_json(document: Any) -> None:
    """A document to stdout."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def print_csv(table: Mapping[str, Sequence[Any]]) -> None:
    """A table to stdout; empty cells where there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows([_csv_cell(cell) for cell in row] for row in zip(*table.values(), strict=True))
    sys.stdout.write(text.getvalue())


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else cell


def write_binary(table: Mapping[str, Sequence[Any]]) -> None:
    """A Parquet table to stdout, which must not be a terminal."""
    import tempfile

    from trimtab.adapters.files import write_parquet

    if sys.stdout.isatty():
        raise UsageError("Parquet is binary: send it to a file, as in `> accounts.parquet`")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        write_parquet(path, {name: list(column) for name, column in table.items()})
        sys.stdout.buffer.write(path.read_bytes())


def print_table(
    title: str,
    columns: Sequence[str],
    *,
    rows: Sequence[Sequence[str]],
    left: int = 1,
    optional: Sequence[str] = (),
) -> None:
    """A table for people: the first `left` columns are texts, the others right-aligned numbers.

    In a pipe nothing is cut. A terminal that is too narrow loses the `optional` columns, in
    their order, and then the end of long names in the first column; no number is ever cut.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widths = [
        max(cell_len(row[place]) for row in [columns, *rows]) for place in range(len(columns))
    ]
    whole = max(PIPE_COLUMNS, sum(widths) + 4 * len(widths), cell_len(title))
    width = None if sys.stdout.isatty() else whole
    console = Console(width=width, highlight=False, emoji=False)
    shown = _fitting(columns, widths, width=console.width, optional=optional)
    room = console.width - _table_width([widths[place] for place in shown[1:]] + [0])
    widths[0] = min(widths[0], max(room, NAME_COLUMNS_MIN))
    # What is left is shown whole, and wrapped by the terminal, before a figure loses a digit.
    console.width = max(console.width, _table_width([widths[place] for place in shown]))
    heads = any(columns)
    table = Table(box=box.SIMPLE_HEAD if heads else None, show_header=heads)
    for place in shown:
        table.add_column(
            Text(columns[place]),
            justify="right" if place >= left else "left",
            no_wrap=True,
            width=widths[place],
            overflow="ellipsis" if place == 0 else "fold",
        )
    for row in rows:
        table.add_row(*(Text(row[place]) for place in shown))
    with console.capture() as captured:
        console.print(Text(title, style="bold"), soft_wrap=True)
        console.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def _fitting(
    columns: Sequence[str], natural: Sequence[int], *, width: int, optional: Sequence[str]
) -> list[int]:
    """Places of the columns that fit; the first column can shrink to a dozen characters."""
    widths = [min(natural[0], NAME_COLUMNS_MIN), *natural[1:]]
    shown = list(range(len(columns)))
    for name in optional:
        if _table_width([widths[place] for place in shown]) <= width:
            break
        shown.remove(columns.index(name))
    return shown


def _table_width(widths: Sequence[int]) -> int:
    """Cells of a whole table: each column with a blank on either side, between edges."""
    return sum(width + 3 for width in widths) + 1


def require_folder(option: str, out: Path | None) -> None:
    """Refuse an output before any work, where it cannot become a folder.

    Raises:
        DataError: it, or what it shall lie in, is a file, or may not be written.
    """
    if out is None:
        return
    where = f"{option} {out}"
    there = next(place for place in (out, *out.absolute().parents) if place.exists())
    if not there.is_dir():
        raise DataError("this is a file", where=where, found=str(there), expected="a folder")
    if not os.access(there, os.W_OK):
        raise DataError("this may not be written", where=where, found=str(there))


@contextmanager
def naming_file(option: str, path: Path) -> Iterator[None]:
    """Say of a file that cannot be read or written which option it is of.

    Raises:
        DataError: the same, with option and path in front.
    """
    try:
        yield
    except DataError as error:
        raise error.located(where=f"{option} {path}") from None
    except OSError as error:
        reason = error.strerror or "the machine refused"
        raise DataError(reason, where=f"{option} {path}") from None


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr that appears once the work takes over a second."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(label, total=None)
    begun, shown = time.monotonic(), False

    def tell(done: int, total: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - begun > SLOW_SECONDS:
            shown = True
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        if shown:
            bar.stop()


@contextmanager
def ending_as_interrupted() -> Iterator[None]:
    """Let SIGTERM, which schedulers send, end long work as Ctrl-C does: with what is finished."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def guarded(run: Callable[[], int | None], *, debug: bool) -> int:
    """Run a command; every failure becomes one line on stderr and its documented exit code."""
    try:
        return run() or 0
    except TrimtabError as error:
        return _failed(str(error), error.exit_code, debug=debug)
    except KeyboardInterrupt as stop:
        return _failed(str(stop) or "interrupted", INTERRUPTED, debug=False)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except MemoryError:
        return _failed("out of memory", INTERNAL, debug=debug)
    except OSError as error:
        where = Path(str(error.filename)).name if error.filename else ""
        bad = DataError(error.strerror or "the machine refused", where=where)
        return _failed(str(bad), bad.exit_code, debug=debug)


def internal(error: BaseException, *, debug: bool) -> int:
    """An error that is ours, not the user's."""
    line = f"internal error: {type(error).__name__}: {error}"
    return _failed(f"{line} (a defect: run with --debug and report it)", INTERNAL, debug=debug)


def exit_code(verb: Callable[[], int | None], *, debug: bool) -> int:
    """Run a verb to its exit code, whatever happens in it."""
    try:
        return guarded(verb, debug=debug)
    except Exception as error:
        return internal(error, debug=debug)


def _failed(line: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    say(f"error: {' '.join(line.split())}")
    return code
