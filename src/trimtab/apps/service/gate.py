"""The gate: which key a request carries, and what it may do. Without keys, this machine alone.

A service without keys listens on loopback only, and answers only to loopback's own names: a page of
another site that resolves its name to this machine is refused.
"""

from ipaddress import ip_address

from starlette.requests import HTTPConnection

from trimtab.apps.service.security import Caller, RefusedError, Role

LOOPBACK = ("localhost", "127.0.0.1", "::1", "testserver")


class OpenGate:
    """No keys: whoever reaches loopback is the operator of this machine."""

    def admit(self, connection: HTTPConnection) -> Caller:
        """The local operator; RefusedError where the request is of another host or origin."""
        host = host_of(connection)
        if host not in LOOPBACK:
            message = f"this service has no keys and answers to loopback only; found host {host!r}"
            raise RefusedError(403, "host_refused", message=message)
        require_same_origin(connection)
        return Caller("local", Role.ADMIN)


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
