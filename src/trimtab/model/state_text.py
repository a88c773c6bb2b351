"""A state as a compressed text and back, and its hash: what snapshots are made of.

The text keeps the order of all mappings, so that a state read back takes the same decisions in the
same order as the one written. Fields at their defaults are left out. What is read back is verified
by its state hash, which is worked out from the records, not from the text.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from itertools import islice
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from trimtab.model import state as records
from trimtab.model.canonical import canonical_json, plain
from trimtab.model.journal_entries import JournalDamagedError
from trimtab.model.market_state import MarketState, OracleState
from trimtab.model.state import Key, Record, Table

Tables = Mapping[Table, Mapping[str, Record]]

FORMAT = 1
LINES_AT_ONCE = 500
# The lowest level: a state shrinks to a twentieth in a fifth of a second for 100,000 accounts.
LEVEL = 1

KINDS: Mapping[Table, type] = {
    Table.VENUE: records.VenueState,
    Table.RULES: records.RulesState,
    Table.PRICE: records.PriceState,
    Table.POOL: records.Pool,
    Table.ACCOUNT: records.Account,
    Table.AUCTION: records.Auction,
    Table.ISOLATION: records.Isolation,
    Table.MARKET: MarketState,
    Table.ORACLE: OracleState,
}


def state_hash(tables: Tables) -> str:
    """SHA-256 of the canonical JSON of the state: ids sorted, integers as text, no clock."""
    found = sha256()
    for piece in canonical_pieces(tables):
        found.update(piece)
    return found.hexdigest()


def canonical_pieces(tables: Tables) -> Iterator[bytes]:
    """Yield what `state_hash` hashes piece by piece: the whole of a large venue is many megabytes.

    Between two pieces, each of some hundred records, the caller may let others run.
    """
    return (piece.encode() for piece in _canonical(tables))


def _canonical(tables: Tables) -> Iterator[str]:
    ahead = "{"
    for table in sorted(KINDS):
        yield f'{ahead}"{table.value}":{{'
        between = ""
        rest = iter(sorted(tables.get(table, {}).items()))
        while piece := list(islice(rest, LINES_AT_ONCE)):
            yield between + ",".join([f"{json.dumps(key)}:{_timeless(r)}" for key, r in piece])
            between = ","
        yield "}"
        ahead = ","
    yield "}"


def _timeless(record: Record) -> str:
    if not isinstance(record, records.VenueState):
        return canonical_json(record)
    venue = plain(record)
    del venue["now_ns"]
    return canonical_json(venue)


def encode_state(tables: Tables) -> Iterator[bytes]:
    """Yield the compressed text of a state piece by piece; joined, they are a snapshot's `state`.

    Between two pieces, each of some hundred records, the caller may let others run.
    """
    squeezed = zlib.compressobj(LEVEL)
    yield squeezed.compress(json.dumps([FORMAT]).encode())
    for table, entries in tables.items():
        rest = iter(entries.items())
        while piece := list(islice(rest, LINES_AT_ONCE)):
            lines = [_dumped([table.value, key, _bare(record)]) for key, record in piece]
            yield squeezed.compress(",\n".join(["", *lines]).encode())
    yield squeezed.flush()


def decode_state(state: bytes) -> dict[Key, Record]:
    """The records of a state that `encode_state` wrote, in the same order.

    Raises:
        JournalDamagedError: bytes that it did not write.
    """
    try:
        text = zlib.decompress(state).decode()
        head, *lines = json.loads(f"[{text}]")
        if head != [FORMAT]:
            raise JournalDamagedError(
                "the snapshot is of another version", found=str(head), expected=f"format {FORMAT}"
            )
        readers = {table.value: (table, _reader(KINDS[table])) for table in Table}
        found: dict[Key, Record] = {}
        for name, key, data in lines:
            table, read = readers[name]
            if not isinstance(key, str) or (table, key) in found:
                raise ValueError(f"{name} {key}: no text, or there twice")
            found[table, key] = read(data)
        return found
    except (zlib.error, KeyError, RecursionError, TypeError, ValueError) as error:
        raise JournalDamagedError("the snapshot is not readable", found=str(error)) from None


_dumped = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def _bare(value: Any) -> Any:
    """A value as what JSON has; integers stay integers, and defaults are left out."""
    kind: Any = type(value)
    if kind in (int, str, bool, NoneType):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _bare(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_bare(entry) for entry in value]
    assert is_dataclass(value), f"{kind.__name__} has no text"
    return {
        name: _bare(held)
        for name, default in _defaults(kind)
        if (held := getattr(value, name)) != default
    }


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((entry.name, _default(entry)) for entry in fields(kind))


def _default(entry: Field[Any]) -> Any:
    # MISSING equals nothing but itself: a field without a default is always written.
    return entry.default if entry.default_factory is MISSING else entry.default_factory()


Reader = Callable[[Any], Any]


@cache
def _reader(hint: Any) -> Reader:
    """What makes a value of a type out of what JSON has."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (inner,) = (each for each in arguments if each is not NoneType)
        read = _reader(inner)
        return lambda data: None if data is None else read(data)
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            read = _reader(arguments[0])
            return lambda data: tuple(map(read, data))
        readers = tuple(map(_reader, arguments))
        return lambda data: tuple(r(each) for r, each in zip(readers, data, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        read = _reader(arguments[1])
        if read is _as_it_is:
            return _as_it_is
        return lambda data: {key: read(value) for key, value in data.items()}
    if is_dataclass(hint):
        assert isinstance(hint, type), "a record's type is a class"
        return _record_reader(hint)
    return _as_it_is if hint in (int, str, bool) else hint


def _as_it_is(data: Any) -> Any:
    return data


def _record_reader(kind: type) -> Reader:
    hints = get_type_hints(kind)
    changed = [(n, _reader(hints[n])) for n, _ in _defaults(kind) if n in hints]
    changed = [(name, read) for name, read in changed if read is not _as_it_is]

    def read_record(data: dict[str, Any]) -> Any:
        for name, read in changed:
            if name in data:
                data[name] = read(data[name])
        return kind(**data)

    return read_record
