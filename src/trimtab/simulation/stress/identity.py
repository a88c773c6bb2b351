"""A digest of anything that a question holds, by which its results are known again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

import numpy as np


def identity_of(*things: Any) -> str:
    """Return the SHA-256 of records, arrays, numbers and texts, alike for equal ones.

    Floats count by their bits, mappings by their items in order of the keys' text.
    """
    found = sha256()
    for thing in things:
        for part in _parts(thing):
            found.update(part)
    return found.hexdigest()


def _parts(thing: Any) -> Iterator[bytes]:
    yield type(thing).__name__.encode()
    if isinstance(thing, np.ndarray):
        yield f"{thing.dtype}{thing.shape}".encode()
        yield np.ascontiguousarray(thing).tobytes()
    elif isinstance(thing, Enum):
        yield str(thing.value).encode()
    elif isinstance(thing, float | np.floating):
        yield float(thing).hex().encode()
    elif isinstance(thing, Mapping):
        for key in sorted(thing, key=str):
            yield from _parts(str(key))
            yield from _parts(thing[key])
    elif isinstance(thing, tuple | list):
        yield str(len(thing)).encode()
        for part in thing:
            yield from _parts(part)
    elif is_dataclass(thing):
        for entry in fields(thing):
            yield entry.name.encode()
            yield from _parts(getattr(thing, entry.name))
    elif isinstance(thing, str | int | np.integer | bool) or thing is None:
        yield repr(thing).encode() + b";"
    else:
        # A policy is what its attributes say.
        yield from _parts(sorted(vars(thing).items()))
