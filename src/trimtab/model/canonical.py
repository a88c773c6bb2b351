"""Canonical JSON of records: integers as strings, keys sorted, nothing else.

Two states are equal when their canonical texts are equal; `state_hash` is the SHA-256 of it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
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
    """Text of a record, the same for equal records."""
    return json.dumps(plain(thing), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
