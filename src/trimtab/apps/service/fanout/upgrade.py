"""A request for the stream: looked at here, answered by a refusal, or handed to its process.

The web server gives a request that asks for a WebSocket to an `Upgrade`, with the connection. It is
looked at as any other request; then the connection itself goes to the stream's process, with the
answer that completes the handshake, and this process is done with it.
"""

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any, cast

from starlette.requests import HTTPConnection
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from trimtab.apps.service.fanout.process import StreamProcess
from trimtab.apps.service.security import HEADERS, RefusedError, Role, require_role

PATH = "/v1/stream"


def upgrades(stream: StreamProcess, gate: Any) -> Callable[..., "Upgrade"]:
    """What the web server calls for each request that asks for a WebSocket.

    Arguments:
        stream: takes who is let in; gate: looks at who asks.
    """

    def made(*, server_state: Any, config: object, app_state: object) -> Upgrade:
        del config, app_state
        return Upgrade(stream, gate, connections=server_state.connections, tasks=server_state.tasks)

    return made


class Upgrade(asyncio.Protocol):
    """One request for a WebSocket, from its bytes to its refusal or its hand-over."""

    def __init__(
        self, stream: StreamProcess, gate: Any, *, connections: set[Any], tasks: set[Any]
    ) -> None:
        """A request that is yet to come.

        Arguments:
            connections, tasks: what the web server waits for when it ends.
        """
        self._stream, self._gate = stream, gate
        self._connections, self._tasks = connections, tasks
        self._protocol = ServerProtocol()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The web server gives the connection."""
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """The web server gives the request; nothing else is due before it is answered."""
        if self._protocol.handshake_exc is not None or self._transport.is_closing():
            return
        self._protocol.receive_data(data)
        requests = [one for one in self._protocol.events_received() if isinstance(one, Request)]
        if not requests:
            self._write()
            return
        self._transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._asked(requests[0]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is no longer this process's, or is closed."""
        self._connections.discard(self)

    def shutdown(self) -> None:
        """The web server ends: whoever still waits is refused."""
        self._refuse(RefusedError(503, "stopping", message="the service is stopping"))

    async def _asked(self, request: Request) -> None:
        try:
            response = self._protocol.accept(request)
            if response.status_code != 101:
                raise _no_handshake(response)
            connection = self._connection(request)
            key_due = await asyncio.to_thread(self._looked_at, connection, request.path)
            self._hand(response, connection, key_due=key_due)
        except RefusedError as refused:
            self._refuse(refused)
        except Exception:
            self._refuse(RefusedError(500, "internal_error", message="the request failed"))
            raise

    def _connection(self, request: Request) -> HTTPConnection:
        """The request as the gate looks at every other."""
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers.raw_items()
        ]
        client = self._transport.get_extra_info("peername")
        address = None if client is None else (str(client[0]), int(client[1]))
        return HTTPConnection({"type": "websocket", "headers": headers, "client": address})

    def _looked_at(self, connection: HTTPConnection, path: str) -> bool:
        """Whether the key is still due, as the first message: browsers cannot set headers here.

        Raises:
            RefusedError: who asks may not read, or asks for something else.
        """
        if path.partition("?")[0] != PATH:
            message = f"there is no WebSocket but {PATH}"
            raise RefusedError(404, "not_found", message=message)
        if self._gate.keys_required and "authorization" not in connection.headers:
            return True
        require_role(self._gate.admit(connection), Role.READ)
        return False

    def _hand(self, response: Response, connection: HTTPConnection, *, key_due: bool) -> None:
        """Give the connection away: the process has a descriptor of its own, ours is closed."""
        if self._transport.is_closing():
            return
        address = connection.client.host if connection.client else "unknown"
        head = response.serialize().decode("latin-1")
        fields = {"address": address, "key_due": key_due, "head": head}
        try:
            descriptor = os.dup(self._transport.get_extra_info("socket").fileno())
        except OSError:
            raise _unavailable() from None
        if not self._stream.hand(descriptor, fields):
            os.close(descriptor)
            raise _unavailable()
        self._transport.abort()

    def _refuse(self, refused: RefusedError) -> None:
        document = {"error": refused.error, "message": refused.message}
        response = self._protocol.reject(refused.status, json.dumps(document))
        del response.headers["Content-Type"]
        fields = {"Content-Type": "application/json", **HEADERS, **refused.headers}
        for name, value in fields.items():
            response.headers[name] = value
        self._answer(response)

    def _answer(self, response: Response) -> None:
        if self._transport.is_closing():
            return
        self._protocol.send_response(response)
        self._write()

    def _write(self) -> None:
        self._transport.write(b"".join(self._protocol.data_to_send()))
        self._transport.close()


def _no_handshake(answer: Response) -> RefusedError:
    """What the library says against a handshake, as every refusal is said."""
    headers = {
        name: answer.headers[name] for name in ("Allow", "Upgrade") if name in answer.headers
    }
    message = bytes(answer.body or b"").decode().partition("\n")[0]
    return RefusedError(answer.status_code, "bad_handshake", message=message, headers=headers)


def _unavailable() -> RefusedError:
    message = "the stream is not there now; try again"
    return RefusedError(503, "stream_unavailable", message=message, headers={"Retry-After": "1"})
