"""The wire of a real node: web3's HTTP provider, its failures told apart."""

import warnings
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from trimtab.adapters.chains.web3_library import web3_module
from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, WireError
from trimtab.units import UsageError

BAD_REQUEST = 400  # of a batch, where none is taken
TOO_LARGE = 413
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
TEXT_LENGTH_MAX = 200


class HttpWire:
    """JSON-RPC over HTTP or HTTPS, one exchange a call; retries are `PacedWire`'s.

    Args:
        url: of the node; it may hold a key, so that no message shows more than its host.
        timeout_s: for one exchange, seconds.

    Raises:
        UsageError: no http or https URL with a host.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self._where = host_of(url)
        self._provider = web3_module().HTTPProvider(
            url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None
        )

    @property
    def where(self) -> str:
        """Host and port of the node."""
        return self._where

    def send(self, requests: Sequence[Request]) -> list[Reply]:
        """Return one reply per request, in their order; several travel as one batch."""
        try:
            raw = self._exchange(requests)
        except OSError as error:  # what `requests` raises is one
            told = _told_by(error)
            if told is None or len(requests) > 1:
                raise _fault_of(error, count=len(requests)) from None
            raw = [told]
        except (ValueError, TypeError, AttributeError) as error:  # no JSON, or not of this kind
            raise WireError(Fault.MALFORMED, _short(str(error))) from None
        return [reply_of(one) for one in raw]

    def _exchange(self, requests: Sequence[Request]) -> list[Any]:
        provider: Any = self._provider
        if len(requests) == 1:
            return [provider.make_request(requests[0].method, list(requests[0].params))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # missing ids are found below
            wanted = [(one.method, list(one.params)) for one in requests]
            found = provider.make_batch_request(wanted)
        return whole_batch(found, len(requests))


def host_of(url: str) -> str:
    """Return host and port of an http(s) URL; UsageError for anything else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError("--rpc: expected the URL of a node, such as http://127.0.0.1:8545")
    return f"{host}:{port}" if port else host


def whole_batch(found: Any, count: int) -> list[Any]:
    """Return the answers of a batch, which must be complete; they are sorted by their id.

    Raises:
        WireError: the server takes no such batch, or an answer is missing or stands twice.
    """
    if not isinstance(found, list):
        reply = reply_of(found)
        raise WireError(Fault.TOO_LARGE, reply.error.message if reply.error else "no batch")
    ids = [one["id"] for one in found if isinstance(one, dict) and isinstance(one.get("id"), int)]
    if not len(found) == len(ids) == count:
        errors = [reply_of(one).error for one in found]
        told = next((error.message for error in errors if error is not None), None)
        if told is not None:
            raise WireError(Fault.TOO_LARGE, told)
        raise WireError(Fault.MALFORMED, f"{len(found)} answers to {count} requests")
    if ids != list(range(ids[0], ids[0] + count)):
        raise WireError(Fault.MALFORMED, "the answers of a batch are not those of its requests")
    return found


def reply_of(raw: Any) -> Reply:
    """Return the reply of one JSON-RPC answer; WireError where it is none."""
    if not isinstance(raw, dict) or ("result" not in raw and "error" not in raw):
        raise WireError(Fault.MALFORMED, _short(f"no JSON-RPC: {raw!r}"))
    error = raw.get("error")
    if error is None:
        return Reply(raw.get("result"))
    if not isinstance(error, dict):
        return Reply(error=RpcError(0, _short(str(error))))
    code, data = error.get("code"), error.get("data")
    return Reply(
        error=RpcError(
            code if isinstance(code, int) else 0,
            _short(str(error.get("message", ""))),
            data if isinstance(data, str) else "",
        )
    )


def _told_by(error: OSError) -> Any | None:
    """The JSON-RPC error in the body of an HTTP error, as some nodes send it; None without one."""
    response = getattr(error, "response", None)
    if response is None or response.status_code in BUSY | {TOO_LARGE}:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("error"), dict) else None


def _fault_of(error: OSError, *, count: int) -> WireError:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int):
        text = f"HTTP {status}"
        if status == TOO_LARGE or (status == BAD_REQUEST and count > 1):
            return WireError(Fault.TOO_LARGE, text)
        if status in BUSY:
            return WireError(Fault.BUSY, text, wait_s=_asked_s(response))
        return WireError(Fault.REFUSED, text)
    # The text of a connection error holds the whole URL, and with it a key.
    if "Timeout" in type(error).__name__:
        return WireError(Fault.TIMEOUT, "no answer in time")
    if isinstance(error, ValueError):
        return WireError(Fault.MALFORMED, "no JSON")
    return WireError(Fault.GONE, type(error).__name__)


def _asked_s(response: Any) -> float | None:
    text = str(response.headers.get("Retry-After", ""))
    return float(text) if text.isascii() and text.isdigit() else None


def _short(text: str) -> str:
    return text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 3] + "..."
