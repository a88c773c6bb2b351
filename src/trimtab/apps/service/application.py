"""The web application of one running service: routes, refusals as one clear line, headers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from trimtab.apps.service import (
    alert_routes,
    ingest_routes,
    journal_routes,
    operation_routes,
    reading_routes,
    stress_routes,
    trial_routes,
)
from trimtab.apps.service.fanout.process import StreamProcess
from trimtab.apps.service.gate import OpenGate
from trimtab.apps.service.metrics import metrics_text
from trimtab.apps.service.running import Service
from trimtab.apps.service.security import HEADERS, RefusedError, Role, needs
from trimtab.model.journal_entries import JournalError
from trimtab.units import TrimtabError

READS = Depends(needs(Role.READ))
ROUTED = (
    reading_routes,
    trial_routes,
    alert_routes,
    ingest_routes,
    journal_routes,
    operation_routes,
    stress_routes,
)
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BODY_MAX = 256 * 1024
TOO_LARGE = f"the body is too large; expected at most {BODY_MAX} bytes"
DESCRIPTION = """The live risk engine of one venue.

Amounts are decimal text, never floats: values in the venue's `quote`, balances in whole units of
the asset named beside them, prices in quote per whole unit, ratios as plain numbers. Times are
ISO 8601 UTC. A refusal is a document with `error` (a closed word) and `message` (one line)."""


def application(
    service: Service, *, gate: Any = None, stream: StreamProcess | None = None
) -> FastAPI:
    """The application for a service, which runs beside it: starting it is the caller's.

    Arguments:
        gate: admits callers; None is the open gate of loopback.
        stream: starts and stops with the application; its readers come to the web server.
    """

    @asynccontextmanager
    async def streaming(_: FastAPI) -> AsyncIterator[None]:
        if stream is None:
            yield
            return
        await asyncio.to_thread(stream.start)
        try:
            yield
        finally:
            await asyncio.to_thread(stream.stop)

    app = FastAPI(
        title="Trimtab",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=streaming,
    )
    app.state.service = service
    app.state.gate = gate or OpenGate()
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(TrimtabError, _bad_data)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for module in ROUTED:
        app.include_router(module.routes)
    _probes(app, service)
    _pages(app, service)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    return app


def _probes(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["probes"], response_class=PlainTextResponse)
    def healthz() -> str:
        """Whether the process answers."""
        return "ok"

    @app.get("/readyz", tags=["probes"], response_class=PlainTextResponse)
    def readyz() -> PlainTextResponse:
        """Whether work is taken, decided and made durable; 503 and why where it is not."""
        problem = service.ready()
        return PlainTextResponse(problem or "ok", status_code=503 if problem else 200)

    @app.get("/metrics", tags=["probes"], response_class=PlainTextResponse, dependencies=[READS])
    def metrics() -> PlainTextResponse:
        """Counters and gauges in Prometheus's text format."""
        return PlainTextResponse(metrics_text(service), media_type=METRICS_TYPE)


def _pages(app: FastAPI, service: Service) -> None:
    """The schema for whoever may read, and the dashboard, where it is installed."""

    @app.get("/v1/openapi.json", include_in_schema=False, dependencies=[READS])
    @app.get("/openapi.json", include_in_schema=False, dependencies=[READS])
    def openapi() -> dict[str, Any]:
        return app.openapi()

    if find_spec("trimtab.apps.service.dashboard") is not None:
        dashboard: Any = import_module("trimtab.apps.service.dashboard")
        app.state.history = dashboard.History()
        service.watchers.append(app.state.history.note)
        for router in dashboard.dashboard_routes():
            app.include_router(router)


class BodyLimit:
    """Refuses a body above the limit: by what it declares, and by what then comes."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, *ends: Any) -> None:
        """Pass a request on while its body is small enough; ASGI gives both ends of its talk."""
        receive, send = ends
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared[:20]) > BODY_MAX:
            await _too_large()(scope, receive, send)
            return
        came = 0

        async def received() -> Any:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > BODY_MAX:
                raise RefusedError(413, "body_too_large", message=TOO_LARGE)
            return message

        await self._app(scope, received, send)


def _too_large() -> JSONResponse:
    return problem(413, "body_too_large", message=TOO_LARGE)


class SecurityHeaders:
    """Puts the security headers on every answer, errors included."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, *ends: Any) -> None:
        """Pass a request on; its answer leaves with the headers."""
        receive, send = ends
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].lower() != b"server"]
                have = {name.lower() for name, _ in kept}
                added = [(k.lower().encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] = kept + [pair for pair in added if pair[0] not in have]
            await send(message)

        await self._app(scope, receive, sent)


def problem(
    status: int, error: str, *, message: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    """A refusal: a closed word for programs, one line for people."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return JSONResponse({"error": error, "message": line}, status_code=status, headers=headers)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return problem(error.status, error.error, message=error.message, headers=error.headers)


async def _bad_data(_: Request, error: Exception) -> Response:
    if isinstance(error, JournalError):
        return problem(503, "journal_unavailable", message=str(error))
    return problem(422, "bad_data", message=str(error))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return problem(422, "bad_request", message=_no_json(first))
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, "bad_request", message=f"{where}: {first['msg']}"[:400])


def _no_json(error: dict[str, Any]) -> str:
    """Where a body stops being a JSON document, and why."""
    why = str(error.get("ctx", {}).get("error", "")).lower() or "it cannot be read"
    at = int(error["loc"][-1]) + 1 if isinstance(error["loc"][-1], int) else 1
    return f"the body is no JSON document: {why} at character {at}; expected a JSON object"


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = {400: "bad_request", 404: "not_found", 405: "method_not_allowed"}
    word = words.get(error.status_code, "refused")
    headers = dict(error.headers or {})
    return problem(error.status_code, word, message=str(error.detail), headers=headers)
