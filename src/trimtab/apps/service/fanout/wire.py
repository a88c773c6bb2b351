"""Messages between the service and the stream's process, over one pair of sockets.

A message is its kind (one byte), the length of its body (four bytes, the first the highest), and
the body: the text of a frame, or fields as JSON.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

HEADER = struct.Struct(">BI")


class Kind(IntEnum):
    """What a message is. READER comes with a descriptor; STOP, WANTED and NOBODY say no more."""

    # From the service to the stream's process.
    SNAPSHOT = 1
    DELTA = 2
    READER = 3
    ANSWER = 4
    STOP = 5
    # And back.
    WANTED = 6
    NOBODY = 7
    KEY = 8
    COUNTS = 9
    LOG = 10


@dataclass(frozen=True, slots=True)
class Counts:
    """What the stream's process counts.

    dropped: frames not sent to readers who were behind; cut: readers closed because they took
    nothing. Both are since its start. memory_bytes: what it holds resident.
    """

    readers: int = 0
    dropped: int = 0
    cut: int = 0
    memory_bytes: int = 0


def packed(kind: Kind, body: bytes = b"") -> bytes:
    """A message as it travels."""
    return HEADER.pack(kind, len(body)) + body


def packed_fields(kind: Kind, fields: Mapping[str, Any]) -> bytes:
    """A message whose body is fields."""
    return packed(kind, json.dumps(dict(fields), separators=(",", ":")).encode())


class Unpacker:
    """Messages out of bytes that come in pieces of any length."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """The messages that are whole after some more bytes, in order."""
        self._held += data
        found, start = [], 0
        while len(self._held) - start >= HEADER.size:
            kind, length = HEADER.unpack_from(self._held, start)
            first = start + HEADER.size
            if len(self._held) < first + length:
                break
            found.append((Kind(kind), bytes(self._held[first : first + length])))
            start = first + length
        del self._held[:start]
        return found
