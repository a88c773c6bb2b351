"""The address that the service listens on: taken before anything else, or refused in one line."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from trimtab.units import UsageError

BACKLOG = 2048
HELD = (errno.EADDRINUSE, errno.EACCES)


@contextmanager
def taken_address(host: str, port: int) -> Iterator[Sequence[socket.socket]]:
    """Yield sockets bound to every address of a host; nobody is heard before `open_to_readers`.

    Raises:
        UsageError: another program has the port, or the machine has no such address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _no_address(host, error) from None
    refused: OSError | None = None
    with ExitStack() as stack:
        sockets = []
        for family, *kind, _, address in dict.fromkeys(found):
            try:
                taken = stack.enter_context(socket.socket(family, *kind))
                _bind(taken, address)
            except OSError as error:
                # Of several addresses, one that is held counts before one that is not there.
                refused = refused if refused is not None and refused.errno in HELD else error
                continue
            sockets.append(taken)
        if refused is not None and refused.errno in HELD:
            raise _no_port(host, port, error=refused)
        if not sockets:
            raise _no_address(host, refused or OSError("no address"))
        yield sockets


def _bind(taken: socket.socket, address: Any) -> None:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if taken.family == socket.AF_INET6:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    taken.bind(address)


def open_to_readers(sockets: Sequence[socket.socket], host: str, *, port: int) -> None:
    """Let the sockets take connections.

    Raises:
        UsageError: another program has taken the port meanwhile.
    """
    for one in sockets:
        try:
            one.listen(BACKLOG)
        except OSError as error:
            raise _no_port(host, port, error=error) from None


def _no_port(host: str, port: int, *, error: OSError) -> UsageError:
    if error.errno == errno.EACCES:
        return UsageError(f"--port {port}: this user may not listen there; expected 1024 or more")
    return UsageError(
        f"--port {port}: another program listens on {host}:{port}; stop it, or give another --port"
    )


def _no_address(host: str, error: OSError | UnicodeError) -> UsageError:
    why = getattr(error, "strerror", None) or str(error)
    return UsageError(f"--host {host}: {why}; expected an address of this machine")
