"""The WebSocket stream: a snapshot first, then deltas; a slow reader gets a snapshot again."""

import asyncio
import contextlib

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from trimtab.apps.service.hub import Hub, Reader
from trimtab.apps.service.running import Service
from trimtab.apps.service.security import RefusedError, Role, caller_of, require_role

READERS_MAX = 1000
# A reader whose connection takes nothing for this long is closed.
SEND_S = 10.0
POLICY_VIOLATION, TRY_AGAIN = 1008, 1013
routes = APIRouter()


@routes.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Snapshot and deltas as JSON texts; what a client sends is ignored."""
    service: Service = socket.app.state.service
    try:
        require_role(caller_of(socket), Role.READ)
    except RefusedError as refused:
        # Closed before it is accepted: the handshake is answered 403.
        await socket.close(POLICY_VIOLATION, refused.message[:120])
        return
    if len(service.hub) >= READERS_MAX:
        await socket.close(TRY_AGAIN, "too many readers")
        return
    await socket.accept()
    wake = asyncio.Event()
    reader = service.hub.join(asyncio.get_running_loop(), wake)
    listening = asyncio.ensure_future(_listen(socket))
    sending = asyncio.ensure_future(_send(socket, service.hub, reader=reader, wake=wake))
    try:
        await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        service.hub.leave(reader)
        for task in (listening, sending):
            task.cancel()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()


async def _listen(socket: WebSocket) -> None:
    """End when the reader goes; nothing it says matters."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _send(socket: WebSocket, hub: Hub, *, reader: Reader, wake: asyncio.Event) -> None:
    """End when the reader goes, or takes nothing for too long."""
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        while True:
            await wake.wait()
            wake.clear()
            if reader.behind:
                text = await asyncio.to_thread(hub.snapshot, reader)
                await asyncio.wait_for(socket.send_text(text), SEND_S)
            while (frame := hub.next(reader)) is not None:
                await asyncio.wait_for(socket.send_text(frame), SEND_S)
