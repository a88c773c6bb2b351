"""Histories read page by page, in order of time, each page kept on disk before the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trimtab.adapters.files.staging import unwritable
from trimtab.units import DataError

Row = list[Any]

# Rows to ask for: of candles, and of what exchanges give fewer of. One that gives less is asked
# more often.
CANDLES_A_PAGE: Final = 500
ROWS_A_PAGE: Final = 100
# What an empty page surely covers: no exchange is known whose pages are shorter.
ROWS_SURE: Final = 100
# Pages without anything new, in the middle of a history, before it counts as over.
EMPTY_PAGES_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class History:
    """One history of one instrument.

    Args:
        name: of its file of pages.
        since_ms, until_ms: rows from the first, before the second.
        step_ms: the least distance between two rows.
        fetch: rows of one page from a time on, their time in ms first; may be empty, unordered,
            or repeat rows.
    """

    name: str
    since_ms: int
    until_ms: int
    step_ms: int
    fetch: Callable[[int], list[Row]]


class PageFile:
    """Rows of one history as JSON lines: appended page by page, a torn last line forgotten."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.jsonl"

    def rows(self) -> list[Row]:
        """Return what was read so far, and cut off what an interruption left half written.

        Raises:
            DataError: a line that is whole and no row.
        """
        if not self._path.exists():
            return []
        raw = self._path.read_bytes()
        whole, _, torn = raw.rpartition(b"\n")
        if torn:
            self._path.write_bytes(whole + b"\n" if whole else b"")
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError:
            raise DataError(
                "the kept pages are not readable",
                where=self._path.name,
                hint="begin again without --resume",
            ) from None

    def add(self, rows: list[Row]) -> None:
        """Append one page."""
        lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        try:
            with self._path.open("ab") as stream:
                stream.write(lines.encode())
        except OSError as error:
            raise unwritable(self._path, error) from None


def read_history(history: History, kept: PageFile) -> Iterator[int]:
    """Read what is missing of a history; yields how far it is, in ms, after every page.

    Rows are kept strictly in order of time, each time once, from `since_ms` to before `until_ms`.
    Some exchanges answer nothing before a listing, or in a hole: then it goes on behind.

    Raises:
        DataError: what `fetch` raises.
    """
    rows = kept.rows()
    at_ms = history.since_ms if not rows else rows[-1][0] + history.step_ms
    last_ms = rows[-1][0] if rows else history.since_ms - 1
    empty = 0
    while at_ms < history.until_ms and empty < EMPTY_PAGES_MAX:
        page = {int(row[0]): row for row in history.fetch(at_ms)}
        fresh = [page[t] for t in sorted(page) if last_ms < t < history.until_ms]
        if fresh:
            kept.add(fresh)
            last_ms, empty = fresh[-1][0], 0
            at_ms = max(at_ms, last_ms) + history.step_ms
        elif page and min(page) >= history.until_ms:
            at_ms = history.until_ms
        elif last_ms < history.since_ms:
            at_ms = listing_ms(history, at_ms)
        else:
            empty += 1
            at_ms += ROWS_SURE * history.step_ms
        yield min(at_ms, history.until_ms)


def listing_ms(history: History, empty_ms: int) -> int:
    """Return from when a history has rows, where a page at `empty_ms` has none.

    Steps double until a page holds rows; then halves find the first that does. What an empty page
    covers is never more than `ROWS_SURE` steps, so that no row before it is lost. The end of the
    history where there is none.
    """
    window = ROWS_SURE * history.step_ms
    low, width = empty_ms, window
    last = max(history.until_ms - window, empty_ms + window)
    while True:
        high = min(low + width, last)
        if high >= history.until_ms:
            return history.until_ms
        if _answers(history, high):
            break
        if high == last:
            return history.until_ms
        low, width = high, 2 * width
    while high - low > window:
        middle = (low + high) // 2
        low, high = (low, middle) if _answers(history, middle) else (middle, high)
    return high


def _answers(history: History, at_ms: int) -> bool:
    return any(history.since_ms <= row[0] < history.until_ms for row in history.fetch(at_ms))
