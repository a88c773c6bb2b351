"""What goes over the wire to a node: JSON-RPC requests, their replies, and how a wire fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One JSON-RPC request: the method and its parameters as plain JSON values."""

    method: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class RpcError:
    """What a node says instead of a result; `data` is text, "" where there is none."""

    code: int
    message: str
    data: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A result (any JSON value, None too), or the node's error."""

    result: Any = None
    error: RpcError | None = None


class Fault(StrEnum):
    """How a whole exchange failed, before any single request was answered."""

    GONE = "gone"  # nobody listens, or the connection broke
    TIMEOUT = "timeout"
    BUSY = "busy"  # too many requests, or the server is in trouble
    TOO_LARGE = "too_large"  # the request or its answer, or no batch is taken at all
    REFUSED = "refused"  # the server will not serve this address or this key
    MALFORMED = "malformed"  # an answer that is no JSON-RPC


class WireError(Exception):
    """An exchange that failed as a whole; never leaves this package.

    Args:
        fault: how.
        text: what was seen, one short clause.
        wait_s: how long the server asks to be left alone, seconds; None where it does not say.
    """

    def __init__(self, fault: Fault, text: str, *, wait_s: float | None = None) -> None:
        super().__init__(text)
        self.fault = fault
        self.text = text
        self.wait_s = wait_s


class Wire(Protocol):
    """Something that takes requests to a node and brings their replies back."""

    @property
    def where(self) -> str:
        """The node as messages name it: a host, never a path that may hold a key."""

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        """Return one reply per request, in their order; WireError where the exchange fails."""
