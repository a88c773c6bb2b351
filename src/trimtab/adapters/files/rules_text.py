"""Tables of a `rules.toml` as its text: what a preset shows, and what an import writes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any

from trimtab.adapters.files.toml_text import DecimalText

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 96
_ESCAPES = {'"': '\\"', "\\": "\\\\"}


def rules_text(tables: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """Return the text that reads back as these tables, after notes as comments.

    Args:
        tables: sections of keys, or of named tables of keys; numbers as `int`, `Decimal` or
            `DecimalText`.
        notes: a paragraph each.
    """
    comments = [line for note in notes for line in _comment(note)]
    sections = [
        "\n".join([f"[{path}]", *(f"{_key(key)} = {_value(entry)}" for key, entry in keys.items())])
        for path, keys in _sections(tables)
    ]
    head = ["\n".join(comments)] if comments else []
    return "\n\n".join([*head, *sections]) + "\n"


def _sections(tables: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, table in tables.items():
        place = f"{path}.{_key(name)}" if path else _key(name)
        if any(isinstance(entry, Mapping) for entry in table.values()):
            yield from _sections(table, place)
        else:
            yield place, table


def _comment(note: str) -> list[str]:
    hanging = "  " if note.startswith("- ") else ""
    return [f"# {line}" for line in wrap(note, _WIDTH, subsequent_indent=hanging)] or ["#"]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _value(entry: Any) -> str:
    if isinstance(entry, bool):
        return str(entry).lower()
    if isinstance(entry, DecimalText):
        return entry.text
    if isinstance(entry, Decimal):
        return format(entry, "f")
    if isinstance(entry, str):
        return _quoted(entry)
    if isinstance(entry, list | tuple):
        return f"[{', '.join(_value(one) for one in entry)}]"
    assert isinstance(entry, int), f"no value of a rules.toml: {entry!r}"
    return str(entry)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else f"\\U{ord(character):08x}"
