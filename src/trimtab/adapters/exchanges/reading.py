"""Market data of an exchange to a case folder: resumable, told by page, whole or not at all."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trimtab.adapters.exchanges.asking import Exchange, Manners
from trimtab.adapters.exchanges.case_tables import check_case, gaps_note, write_tables
from trimtab.adapters.exchanges.histories import (
    ABILITIES,
    OHLCV_METHODS,
    Instrument,
    funding_history,
    open_interest_history,
    order_book,
    price_history,
)
from trimtab.adapters.exchanges.pages import History, PageFile, Row, read_history
from trimtab.adapters.exchanges.question import DataTable, ExchangeQuestion
from trimtab.adapters.files.staging import unwritable
from trimtab.units import UsageError

QUESTION: Final = "question.json"
MAKERS: Final = {
    DataTable.PRICES: price_history,
    DataTable.FUNDING: funding_history,
    DataTable.OPEN_INTEREST: open_interest_history,
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one history is: `done` of `of` milliseconds."""

    what: str
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class MarketImport:
    """What was read.

    rows: of each table; notes: what the exchange does not have, and gaps; until_ns: the end.
    """

    exchange: str
    rows: dict[str, int]
    notes: tuple[str, ...]
    until_ns: int


Tell = Callable[[Progress], None]


def import_market_data(
    question: ExchangeQuestion,
    out: str | Path,
    *,
    resume: bool = False,
    manners: Manners | None = None,
    progress: Tell | None = None,
    client: Any = None,
    sleep: Callable[[float], None] = time.sleep,
) -> MarketImport:
    """Read an exchange's market data and write it as tables of a case.

    Prices, funding and open interest are histories; depth is the book of this moment. Where `out`
    has no rules yet, a starting case is written: its assets back nothing until weights are filled
    in. Rules and book that are there stay as they are, and have to know the assets.

    Args:
        question: what to read.
        out: the case folder; made where it is missing.
        resume: go on with an interrupted read of the same question.
        manners: how often again, and how long to wait.
        progress: is told after every page.
        client: a ccxt exchange to ask instead of a new one.
        sleep: lets seconds pass between tries.

    Raises:
        UsageError: an unknown exchange or symbol, quotes that differ, no ccxt, or a kept read of
            another question.
        DataError: the exchange does not answer, refuses, or answers with no number; the case's
            rules do not know an asset; the machine will not write. What was read is kept beside
            `out` and taken up by `resume`.
    """
    out = Path(out)
    check_case(out, question)
    exchange = Exchange(question.exchange, manners or Manners(), sleep=sleep, client=client)
    instruments = _instruments(exchange, question)
    kept = kept_folder(out)
    until_ms = _opened(kept, question, now_ms=exchange.now_ms, resume=resume)
    question.candles(until_ms * 10**6)
    tables, notes = _tables(exchange, question)
    read: dict[DataTable, dict[str, list[Row]]] = {}
    for table in tables:
        maker = MAKERS[table]
        histories = [
            maker(exchange, one, question=question, until_ms=until_ms) for one in instruments
        ]
        found = [_read(history, kept, tell=progress) for history in histories]
        read[table] = {one.asset: rows for one, rows in zip(instruments, found, strict=True)}
        notes += gaps_note(read[table], table, question=question, until_ms=until_ms)
    if DataTable.DEPTH in question.tables and exchange.has(ABILITIES[DataTable.DEPTH]):
        levels = question.depth_levels
        read[DataTable.DEPTH] = {
            one.asset: order_book(exchange, one, levels=levels) for one in instruments
        }
    write_tables(out, read, question=question, until_ms=until_ms, notes=notes, found=instruments)
    shutil.rmtree(kept, ignore_errors=True)
    counts = {str(table): sum(map(len, of.values())) for table, of in read.items()}
    return MarketImport(question.exchange, counts, tuple(notes), until_ms * 10**6)


def kept_folder(out: Path) -> Path:
    """Return where the pages of an unfinished read lie: hidden, beside the case."""
    resolved = out.resolve()
    return resolved.parent / f".{resolved.name}.exchange.part"


def _instruments(exchange: Exchange, question: ExchangeQuestion) -> list[Instrument]:
    markets = exchange.markets(list(question.symbols.values()))
    quotes = sorted({str(market["quote"]) for market in markets.values()})
    if len(quotes) > 1 and not question.quote:
        raise UsageError(
            f"the symbols are quoted in {', '.join(quotes)}: name one unit for all with --quote"
        )
    return [
        Instrument(asset, symbol, markets[symbol]) for asset, symbol in question.symbols.items()
    ]


def _tables(exchange: Exchange, question: ExchangeQuestion) -> tuple[list[DataTable], list[str]]:
    ability = OHLCV_METHODS[question.price][0]
    if not exchange.has(ability):
        raise UsageError(f"--price {question.price}: {exchange.name} has no history of it")
    missing = [
        table
        for table, method in ABILITIES.items()
        if table in question.tables and not exchange.has(method)
    ]
    wanted = [
        table
        for table in MAKERS
        if table is DataTable.PRICES or (table in question.tables and table not in missing)
    ]
    return wanted, [f"{exchange.name} offers no history of {table}" for table in missing]


def _opened(
    kept: Path, question: ExchangeQuestion, *, now_ms: Callable[[], int], resume: bool
) -> int:
    """Make the folder of pages, or check that it holds this question; returns the end in ms."""
    asked = {
        "exchange": question.exchange,
        "symbols": dict(question.symbols),
        "since_ns": question.since_ns,
        "until_ns": question.until_ns,
        "timeframe": question.timeframe,
        "price": str(question.price),
    }
    path = kept / QUESTION
    if resume and path.exists():
        before = json.loads(path.read_text())
        until_ms = int(before.pop("until_ms"))
        if before != asked:
            raise UsageError("--resume: what was kept answers another question; leave it out")
        return until_ms
    shutil.rmtree(kept, ignore_errors=True)
    present_ms = now_ms()
    asked_ms = present_ms if question.until_ns is None else question.until_ns // 10**6
    until_ms = min(present_ms, asked_ms)
    if until_ms * 10**6 <= question.since_ns:
        raise UsageError("--since: expected a time before the exchange's present")
    try:
        kept.mkdir(parents=True)
        path.write_text(json.dumps({**asked, "until_ms": until_ms}))
    except OSError as error:
        raise unwritable(kept, error) from None
    return until_ms


def _read(history: History, kept: Path, *, tell: Tell | None) -> list[Row]:
    pages = PageFile(kept, history.name.replace("/", "_"))
    whole = history.until_ms - history.since_ms
    for at_ms in read_history(history, pages):
        if tell is not None:
            tell(Progress(history.name, at_ms - history.since_ms, whole))
    return pages.rows()
