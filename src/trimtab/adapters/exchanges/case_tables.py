"""What was read of an exchange as tables of a case, and a case to start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trimtab.adapters.exchanges.histories import Instrument
from trimtab.adapters.exchanges.pages import Row
from trimtab.adapters.exchanges.question import DataTable, ExchangeQuestion
from trimtab.adapters.files import (
    read_rules,
    staged_folder,
    write_csv,
    write_json,
    write_text,
)
from trimtab.units import DataError, Time

SOURCE: Final = "market_source.json"
SCHEMA: Final = "trimtab.market-source/1"
RULES: Final = "rules.toml"
BOOK: Final = "book.csv"
# Columns after `timestamp` and `asset`, in the order of the rows.
COLUMNS: Final[Mapping[DataTable, tuple[str, ...]]] = {
    DataTable.PRICES: ("price",),
    DataTable.FUNDING: ("rate",),
    DataTable.OPEN_INTEREST: ("quantity", "value"),
    DataTable.DEPTH: ("side", "price", "quantity"),
}
# A case's own `funding` table is by market, and its rules say which; what an exchange paid is by
# asset, and no case reads it by itself.
FILES: Final[Mapping[DataTable, str]] = {
    table: "funding_rates.csv" if table is DataTable.FUNDING else f"{table}.csv"
    for table in DataTable
}
OUTPUTS: Final = (*FILES.values(), SOURCE)
_MS_NS: Final = 10**6

Read = Mapping[DataTable, Mapping[str, Sequence[Row]]]


def check_case(out: Path, question: ExchangeQuestion) -> None:
    """Raise DataError where the case that is there cannot take the tables.

    Its rules have to know every asset, and its prices may not be Parquet: they would stand twice.
    """
    rules_path = out / RULES
    if rules_path.is_file():
        rules, _ = read_rules(rules_path)
        for asset in question.symbols:
            if asset not in rules.assets:
                raise DataError(
                    "the asset is not one of the rules",
                    where=RULES,
                    found=asset,
                    expected=" or ".join(sorted(rules.assets)[:6]),
                    hint="name it as the rules do: --symbol ASSET=SYMBOL",
                )
    for table in DataTable:
        if (out / FILES[table]).with_suffix(".parquet").exists():
            raise DataError(
                f"the case has its {table} as Parquet",
                where=out.name,
                found=f"{table}.parquet",
                expected="another folder, or none of them",
            )


def write_tables(
    out: Path,
    read: Read,
    *,
    question: ExchangeQuestion,
    until_ms: int,
    notes: Sequence[str],
    found: Sequence[Instrument],
) -> None:
    """Write the tables and where they are from; a case to start from where there is none.

    Raises:
        DataError: an asset has no price at all, or the machine refuses; then nothing is changed.
    """
    for asset, rows in read[DataTable.PRICES].items():
        if not rows:
            raise DataError(
                "the exchange has no price in this time",
                where=question.exchange,
                found=asset,
                expected="a time in which it traded",
            )
    with staged_folder(out, known=OUTPUTS) as staged:
        for table, series in read.items():
            if any(series.values()):
                write_csv(staged / FILES[table], _table(table, series))
        facts = _source(read, question, until_ms=until_ms, notes=notes, found=found)
        write_json(staged / SOURCE, facts)
        if not (out / RULES).exists():
            write_text(staged / RULES, starting_rules(question, found))
            if not any(out.glob("book.*")):
                write_csv(staged / BOOK, _nobody(question))


def gaps_note(
    series: Mapping[str, Sequence[Row]],
    table: DataTable,
    *,
    question: ExchangeQuestion,
    until_ms: int,
) -> list[str]:
    """Return a line for each asset whose history is short or has holes; nothing is filled in."""
    step_ms = question.timeframe_seconds * 1000
    notes = []
    for asset, rows in series.items():
        if not rows:
            notes.append(f"{table} of {asset}: none in this time")
            continue
        first_ms, since_ms = rows[0][0], question.since_ns // _MS_NS
        if first_ms >= since_ms + (step_ms if table is DataTable.PRICES else 9 * 3_600_000):
            notes.append(f"{table} of {asset} begin at {Time(first_ms * _MS_NS).text()}")
        missing = (rows[-1][0] - first_ms) // step_ms + 1 - len(rows)
        if table is DataTable.PRICES and missing > 0:
            notes.append(f"{table} of {asset}: {missing} of {missing + len(rows)} candles missing")
        if table is DataTable.PRICES and rows[-1][0] < until_ms - 2 * step_ms:
            notes.append(f"{table} of {asset} end at {Time(rows[-1][0] * _MS_NS).text()}")
    return notes


def starting_rules(question: ExchangeQuestion, found: Sequence[Instrument]) -> str:
    """Return rules that load and lend nothing: every asset, no weights."""
    quote = question.quote or str(found[0].market["quote"])
    lines = [
        f"# A start: assets and prices of {question.exchange}. Without weights nothing backs a",
        "# debt: fill in max_ltv and liquidation_threshold, and replace the book.",
        "[venue]",
        f"name = {json.dumps(question.exchange)}",
        f"quote = {json.dumps(quote)}",
    ]
    for one in found:
        lines += ["", f"[assets.{json.dumps(one.asset)}]", "decimals = 18"]
    return "\n".join(lines) + "\n"


def _nobody(question: ExchangeQuestion) -> dict[str, list[Any]]:
    asset = next(iter(question.symbols))
    return {"account": ["nobody"], "instrument": [asset], "quantity": ["0"]}


def _table(table: DataTable, series: Mapping[str, Sequence[Row]]) -> dict[str, list[Any]]:
    """All assets in one table: by time, then in the order of the question, then as read."""
    rows = [
        (row[0], place, number, asset, row[1:])
        for place, (asset, of) in enumerate(series.items())
        for number, row in enumerate(of)
    ]
    rows.sort(key=lambda row: row[:3])
    columns: dict[str, list[Any]] = {
        "timestamp": [row[0] * _MS_NS for row in rows],
        "asset": [row[3] for row in rows],
    }
    for number, name in enumerate(COLUMNS[table]):
        columns[name] = [row[4][number] or None for row in rows]
    return columns


def _source(
    read: Read,
    question: ExchangeQuestion,
    *,
    until_ms: int,
    notes: Sequence[str],
    found: Sequence[Instrument],
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "exchange": question.exchange,
        "price": str(question.price),
        "timeframe": question.timeframe,
        "since": Time(question.since_ns).text(),
        "until": Time(until_ms * _MS_NS).text(),
        "instruments": {
            one.asset: {
                "symbol": one.symbol,
                "id": one.market.get("id"),
                "quote": one.market.get("quote"),
                "settle": one.market.get("settle"),
                "contract_size": one.market.get("contractSize"),
            }
            for one in found
        },
        "rows": {
            str(table): {asset: len(rows) for asset, rows in series.items()}
            for table, series in read.items()
        },
        "notes": list(notes),
    }
