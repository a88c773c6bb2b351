"""A case folder to a `Case`: rules, book, prices and feeds, read and checked together."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from trimtab.adapters.files.book import read_book
from trimtab.adapters.files.depth_table import read_depth
from trimtab.adapters.files.encoding import unreadable
from trimtab.adapters.files.feed_tables import read_funding, read_gas, read_oracle
from trimtab.adapters.files.formats import SUFFIXES
from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.presets import PresetSource
from trimtab.adapters.files.price_tables import read_price_table
from trimtab.adapters.files.rules_file import read_rules_file
from trimtab.adapters.files.ticks import tick_of_rules, ticks_of, ticks_to_the_end
from trimtab.model import (
    BookRow,
    Case,
    Funding,
    FundingTick,
    OracleTick,
    ReplayRules,
    Rules,
    Tick,
)
from trimtab.units import DataError, RulesError

RULES_FILE = "rules.toml"

Warn = Callable[[str], None]


def load_case(
    folder: str | Path, warn: Warn | None = None, *, presets: PresetSource | None = None
) -> Case:
    """Return the case of a folder, complete and consistent.

    Args:
        folder: holds `rules.toml`, `book.parquet` or `book.csv`, `prices.parquet` or
            `prices.csv` (may be absent where the rules price every asset: then one tick, at the
            time of the first observation or funding rate, else at 0), and perhaps tables of the
            same two kinds called `gas`, `oracle`, `funding` and `depth`.
        warn: called with one line per file in which numbers were rounded, and one per market
            whose recorded funding has no rates.
        presets: knows the presets that the rules may name.

    Returns:
        Quantities in native units, prices in wad, ticks in order of time, of which those that
        follow the last price hold none: something else arrives then. `input_hashes` is the SHA-256
        of each file read.

    Raises:
        DataError: the first fault found, with file, row and column.
        RulesError: a fault in the rules, with its key.
    """
    folder = Path(folder)
    rules_path = _rules_path(folder)
    read_with = read_rules_file(rules_path, presets)
    rules, replay = read_with.rules, read_with.replay
    book_path = _table_path(folder, "book")
    if book_path is None:
        raise _missing(folder, "book", expected="book.parquet or book.csv")
    book, rounded = read_book(book_path, rules)
    _tell(
        warn,
        book_path,
        count=rounded,
        what="more decimals than the instrument has",
        how="against the account",
    )
    prices_path, gas_path = _table_path(folder, "prices"), _table_path(folder, "gas")
    oracle_path, funding_path = _table_path(folder, "oracle"), _table_path(folder, "funding")
    depth_path = _table_path(folder, "depth")
    observations = _observations(oracle_path, rules, warn=warn)
    funding = _funding(funding_path, rules, warn=warn)
    if prices_path is None:
        ticks = _ticks_of_rules(folder, rules, observations=observations, funding=funding)
    else:
        ticks = _ticks_of_file(prices_path, rules, replay=replay, book=book, warn=warn)
    read = (rules_path, book_path, prices_path, gas_path, oracle_path, funding_path, depth_path)
    return Case(
        name=rules.venue,
        rules=rules,
        book=book,
        ticks=ticks_to_the_end(ticks, _times(observations, funding)),
        replay=replay,
        gas=() if gas_path is None else read_gas(gas_path),
        observations=observations,
        funding=funding,
        depth=() if depth_path is None else read_depth(depth_path, rules),
        input_hashes=MappingProxyType(_hashes(read) | dict(read_with.inputs)),
    )


def _rules_path(folder: Path) -> Path:
    if folder.is_file():
        raise DataError("this is a file", where=folder.name, expected="the folder that holds it")
    if not folder.is_dir():
        raise DataError("there is no such folder", where=folder.name, expected="a case folder")
    path = folder / RULES_FILE
    if not path.is_file():
        raise _missing(folder, "rules", expected=RULES_FILE)
    return path


def _table_path(folder: Path, stem: str) -> Path | None:
    present = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").exists()]
    if len(present) > 1:
        names = " and ".join(path.name for path in present)
        raise DataError(
            f"the case has two tables of {stem}",
            where=folder.name,
            found=names,
            expected="one of them",
        )
    return present[0] if present else None


def _missing(folder: Path, what: str, *, expected: str) -> DataError:
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return DataError(
        f"the case has no {what}",
        where=folder.name,
        expected=expected,
        hint=None if what == "rules" else nearest_hint(f"{what}.csv", names),
    )


def _times(observations: tuple[OracleTick, ...], funding: tuple[FundingTick, ...]) -> list[int]:
    return [seen.at_ns for seen in observations] + [rate.at_ns for rate in funding]


def _ticks_of_rules(
    folder: Path,
    rules: Rules,
    *,
    observations: tuple[OracleTick, ...],
    funding: tuple[FundingTick, ...],
) -> tuple[Tick, ...]:
    at_ns = min(_times(observations, funding), default=0)
    observed = {seen.asset for seen in observations if seen.at_ns == at_ns}
    tick = tick_of_rules(rules, at_ns=at_ns, observed=observed)
    if tick is None:
        raise _missing(
            folder,
            "prices",
            expected="prices.parquet or prices.csv, or a price for each asset in the rules",
        )
    return (tick,)


def _ticks_of_file(
    path: Path, rules: Rules, *, replay: ReplayRules, book: tuple[BookRow, ...], warn: Warn | None
) -> tuple[Tick, ...]:
    table = read_price_table(path, rules)
    _tell(warn, path, count=table.rounded, what="more than 18 decimals", how="down")
    try:
        return ticks_of(table, rules, replay=replay, held={row.instrument for row in book})
    except RulesError as error:
        raise error.located(where=RULES_FILE) from None


def _observations(path: Path | None, rules: Rules, *, warn: Warn | None) -> tuple[OracleTick, ...]:
    if path is None:
        return ()
    table = read_oracle(path, rules)
    _tell(
        warn,
        path,
        count=table.rounded,
        what="more than 18 decimals",
        how="prices down, intervals up",
    )
    return table.ticks


def _funding(path: Path | None, rules: Rules, *, warn: Warn | None) -> tuple[FundingTick, ...]:
    ticks: tuple[FundingTick, ...] = ()
    if path is not None:
        table = read_funding(path, rules)
        _tell(warn, path, count=table.rounded, what="more than 18 decimals", how="towards 0")
        ticks = table.ticks
    rated = {tick.market for tick in ticks}
    for market in rules.markets.values():
        if warn is not None and market.funding is Funding.RECORDED and market.name not in rated:
            warn(f"there is no funding rate of {market.name}, whose funding is recorded: it is 0")
    return ticks


def _tell(warn: Warn | None, path: Path, *, count: int, what: str, how: str) -> None:
    if warn is not None and count:
        numbers = "1 number" if count == 1 else f"{count} numbers"
        warn(f"{path.name}: {numbers} of {what}, rounded {how}")


def _hashes(read: tuple[Path | None, ...]) -> dict[str, str]:
    return {path.name: _sha256(path) for path in read if path}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None
