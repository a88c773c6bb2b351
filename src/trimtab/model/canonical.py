"""Canonical JSON of records: integers as strings, keys sorted, nothing else.

Two states are equal when their canonical texts are equal; `state_hash` is the SHA-256 of it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii as quoted
from operator import attrgetter
from types import NoneType
from typing import Any


def plain(thing: Any) -> Any:
    """A record as nested dicts, lists and strings; integers become decimal strings."""
    if thing is None or isinstance(thing, bool):
        return thing
    if isinstance(thing, Enum):
        return str(thing.value)
    if isinstance(thing, int):
        return str(thing)
    if isinstance(thing, str):
        return thing
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, tuple | list):
        return [plain(entry) for entry in thing]
    assert is_dataclass(thing), f"{type(thing).__name__} has no canonical form"
    return {entry.name: plain(getattr(thing, entry.name)) for entry in fields(thing)}


def canonical_json(thing: Any) -> str:
    """Text of a record, the same for equal records: `plain` with its keys sorted, no blanks."""
    kind = type(thing)
    writer = _WRITERS.get(kind)
    if writer is None:
        writer = _WRITERS[kind] = _writer(kind)
    return writer(thing)


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


# The text is written in one pass: a state has a million values, and building the plain form first
# takes several times as long.
Writer = Callable[[Any], str]


def _number(number: int) -> str:
    return f'"{number}"'


def _flag(flag: bool) -> str:
    return "true" if flag else "false"


def _nothing(_: None) -> str:
    return "null"


def _choice(choice: Enum) -> str:
    return quoted(str(choice.value))


def _mapping(entries: Mapping[Any, Any]) -> str:
    if not entries:
        return "{}"
    pairs = sorted((str(key), value) for key, value in entries.items())
    return "{" + ",".join([_pair(f"{quoted(key)}:", value) for key, value in pairs]) + "}"


def _pair(head: str, value: Any) -> str:
    # What most fields hold is written here: one more call for each takes a third longer.
    kind = type(value)
    if kind is int:
        return f'{head}"{value}"'
    if kind is str:
        return head + quoted(value)
    if value is None:
        return head + "null"
    return head + canonical_json(value)


def _list(entries: Sequence[Any]) -> str:
    return "[" + ",".join([_pair("", entry) for entry in entries]) + "]"


def _record(kind: type) -> Writer:
    names = sorted(entry.name for entry in fields(kind))
    heads = [f"{quoted(name)}:" for name in names]
    # With two names more it always answers with a tuple; what is beyond the heads is left out.
    values = attrgetter(*names, "__class__", "__class__")

    def write(record: Any) -> str:
        return "{" + ",".join(map(_pair, heads, values(record))) + "}"

    return write


def _writer(kind: type) -> Writer:
    """What writes values of a type; the order of the questions is that of `plain`."""
    if kind is NoneType:
        return _nothing
    for ancestor, writer in _KINDS:
        if issubclass(kind, ancestor):
            return writer
    assert is_dataclass(kind), f"{kind.__name__} has no canonical form"
    return _record(kind)


_KINDS: tuple[tuple[type, Writer], ...] = (
    (bool, _flag),
    (Enum, _choice),
    (int, _number),
    (str, quoted),
    (Mapping, _mapping),
    (tuple, _list),
    (list, _list),
)
_WRITERS: dict[type, Writer] = {}
