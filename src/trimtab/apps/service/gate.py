"""The gate: who asks, by which key, and how often. Without keys, this machine alone.

A service without keys listens on loopback only, and answers only to loopback's own names: a page of
another site that resolves its name to this machine is refused, and so is a request that such a page
makes. With keys, a request carries one as `Authorization: Bearer trimtab_...`.
"""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address
from math import ceil
from threading import Lock

from starlette.requests import HTTPConnection

from trimtab.apps.service.keyring import Keyring
from trimtab.apps.service.security import Caller, RefusedError, Role

LOOPBACK = ("localhost", "127.0.0.1", "::1", "testserver")
CALLERS_MAX = 10_000
KEY_HEADER = "expected the header Authorization: Bearer trimtab_..."


class RateLimit:
    """A bucket of requests for each caller: `burst` at once, `rate` a second after that."""

    def __init__(self, rate: float, burst: int, *, now_s: Callable[[], float]) -> None:
        self._rate, self._burst, self._now_s = rate, burst, now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str) -> None:
        """Count a request; RefusedError 429 where the caller's bucket is empty."""
        with self._lock:
            now = self._now_s()
            left, since = self._buckets.pop(caller, (float(self._burst), now))
            left = min(float(self._burst), left + max(0.0, now - since) * self._rate)
            short = left < 1
            self._buckets[caller] = (left if short else left - 1, now)
            if len(self._buckets) > CALLERS_MAX:
                self._buckets.popitem(last=False)
        if short:
            wait = str(max(1, ceil((1 - left) / self._rate)))
            message = f"more than {self._burst} requests at once or {self._rate:g} a second"
            raise RefusedError(
                429, "too_many_requests", message=message, headers={"Retry-After": wait}
            )


class OpenGate:
    """No keys: whoever reaches loopback is the operator of this machine."""

    keys_required = False

    def __init__(self, limit: RateLimit | None = None) -> None:
        self._limit = limit

    def admit(self, connection: HTTPConnection) -> Caller:
        """The local operator; RefusedError where the request is of another host or origin."""
        host = host_of(connection)
        if host not in LOOPBACK:
            message = f"this service has no keys and answers to loopback only; found host {host!r}"
            raise RefusedError(403, "host_refused", message=message[:300])
        require_same_origin(connection)
        if self._limit is not None:
            self._limit.take("local")
        return Caller("local", Role.ADMIN)


class KeyGate:
    """A key for every request; wrong ones are counted by the address that they come from."""

    keys_required = True

    def __init__(
        self,
        keyring: Keyring,
        *,
        clock_ns: Callable[[], int],
        limit: RateLimit,
        failures: RateLimit,
    ) -> None:
        """A gate before a keyring.

        Arguments:
            clock_ns: the world's time, which ends keys.
            limit: of requests by key; failures: of wrong keys by address.
        """
        self._keyring = keyring
        self._clock_ns = clock_ns
        self._limit = limit
        self._failures = failures

    def admit(self, connection: HTTPConnection) -> Caller:
        """The caller of a key; RefusedError 401 without one, and for one that is no longer good."""
        scheme, _, text = connection.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not text:
            raise refused("key_missing", f"this service needs a key; {KEY_HEADER}")
        return self.check(text.strip(), self._address(connection))

    def check(self, text: str, address: str) -> Caller:
        """The caller of a key's text; RefusedError 401 where it is not good."""
        record = self._keyring.find(text)
        if record is None:
            self._failures.take(address)
            raise refused("key_unknown", "there is no such key")
        state = record.state(self._clock_ns())
        if state != "good":
            raise refused(f"key_{state}", f"the key {record.name!r} is {state}")
        self._limit.take(record.id)
        return Caller(record.name, Role[record.role.upper()])

    def _address(self, connection: HTTPConnection) -> str:
        return connection.client.host if connection.client else "unknown"


def refused(error: str, message: str) -> RefusedError:
    """A 401, which names the scheme that is expected."""
    return RefusedError(401, error, message=message, headers={"WWW-Authenticate": "Bearer"})


def host_of(connection: HTTPConnection) -> str:
    """The host that a request names, without its port."""
    text = connection.headers.get("host", "")
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]


def require_same_origin(connection: HTTPConnection) -> None:
    """Refuse a browser's request that a page of another origin made."""
    origin = connection.headers.get("origin")
    if origin is None:
        return
    host = connection.headers.get("host", "")
    if origin.partition("://")[2] != host:
        message = f"pages of another origin are refused; found {origin[:100]!r}"
        raise RefusedError(403, "origin_refused", message=message)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on reaches this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
