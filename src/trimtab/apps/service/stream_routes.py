"""The WebSocket stream: a snapshot first, then deltas; a slow reader gets a snapshot again."""

import asyncio
import contextlib
import json

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from trimtab.apps.service.hub import Hub, Reader
from trimtab.apps.service.running import Service
from trimtab.apps.service.security import RefusedError, Role, caller_of, require_role

READERS_MAX = 1000
# A reader whose connection takes nothing for this long is closed.
SEND_S = 10.0
KEY_S = 5.0
# Where nothing moves, this says that the connection is alive.
HEARTBEAT_S = 5.0
HEARTBEAT = '{"type":"heartbeat"}'
POLICY_VIOLATION, TRY_AGAIN = 1008, 1013
routes = APIRouter()


@routes.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Snapshot and deltas as JSON texts; what a client sends is ignored."""
    service: Service = socket.app.state.service
    if not await _admitted(socket):
        return
    if len(service.hub) >= READERS_MAX:
        await socket.close(TRY_AGAIN, "too many readers")
        return
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


async def _admitted(socket: WebSocket) -> bool:
    """Let a reader in by its header, or by the key in its first message, within some seconds.

    Browsers cannot set headers here: their first message is `{"key": "trimtab_..."}`.
    """
    gate = socket.app.state.gate
    first = gate.keys_required and "authorization" not in socket.headers
    try:
        if first:
            await socket.accept()
            said = json.loads(await asyncio.wait_for(socket.receive_text(), KEY_S))
            text = said.get("key") if isinstance(said, dict) else None
            address = socket.client.host if socket.client else "unknown"
            require_role(await asyncio.to_thread(gate.check, str(text)[:200], address), Role.READ)
        else:
            require_role(await asyncio.to_thread(caller_of, socket), Role.READ)
            await socket.accept()
    except (RefusedError, TimeoutError, ValueError, KeyError) as refused:
        # Before it is accepted, the handshake is answered 403.
        reason = refused.message if isinstance(refused, RefusedError) else "a key was expected"
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(POLICY_VIOLATION, reason[:100])
        return False
    except WebSocketDisconnect:
        return False
    return True


async def _listen(socket: WebSocket) -> None:
    """End when the reader goes; nothing it says matters."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _send(socket: WebSocket, hub: Hub, *, reader: Reader, wake: asyncio.Event) -> None:
    """End when the reader goes, or takes nothing for too long."""
    with contextlib.suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        while True:
            if not await _woken(wake):
                await _told(socket, HEARTBEAT)
                continue
            if reader.behind:
                await _told(socket, await asyncio.to_thread(hub.snapshot, reader))
            while (frame := hub.next(reader)) is not None:
                await _told(socket, frame)


async def _woken(wake: asyncio.Event) -> bool:
    """Whether there is something to send; False where nothing came for some seconds."""
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            await wake.wait()
    except TimeoutError:
        return False
    wake.clear()
    return True


async def _told(socket: WebSocket, text: str) -> None:
    """Send a text, and wait while the connection has no room for it, but not for long."""
    async with asyncio.timeout(SEND_S):
        await socket.send_text(text)
