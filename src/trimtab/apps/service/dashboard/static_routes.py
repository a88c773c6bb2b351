"""Routes of the pages: static files with caching, compression and strict headers."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from trimtab.apps.service.dashboard.files import (
    PLOTLY,
    StaticFile,
    own_files,
    plotly_file,
    security_headers,
)

INDEX = "index.html"
# Our own files are asked for each time and answered by their tag; plotly.js changes with its
# package alone.
CACHING = {PLOTLY: "private, max-age=604800"}
REVALIDATED = "no-cache"
METHODS = ["GET", "HEAD"]


def static_routes() -> APIRouter:
    """The pages under `/dashboard/`, and `/` which leads there. They ask for no key themselves.

    Raises:
        UsageError: the package `plotly` is not installed.
    """
    router = APIRouter(include_in_schema=False)
    headers = security_headers()

    @router.api_route("/", methods=METHODS)
    async def root() -> Response:
        return RedirectResponse("dashboard/", status_code=307, headers=headers)

    @router.api_route("/dashboard/", methods=METHODS)
    async def index(request: Request) -> Response:
        return _answer(request, INDEX, headers=headers)

    @router.get("/dashboard/gate.json")
    async def gate(request: Request) -> dict[str, bool]:
        """Whether a key is needed: what the pages must know before they may ask anything."""
        return {"keys_required": bool(request.app.state.gate.keys_required)}

    @router.api_route("/dashboard/{name}", methods=METHODS)
    async def file(request: Request, name: str) -> Response:
        return _answer(request, name, headers=headers)

    return router


def _answer(request: Request, name: str, *, headers: Mapping[str, str]) -> Response:
    found = plotly_file() if name == PLOTLY else own_files().get(name)
    if found is None:
        return PlainTextResponse("there is no such page", status_code=404, headers=dict(headers))
    described = {
        **headers,
        "etag": found.tag,
        "vary": "accept-encoding",
        "cache-control": CACHING.get(name, REVALIDATED),
    }
    if request.headers.get("if-none-match") == found.tag:
        return Response(status_code=304, headers=described)
    return _whole(request, found, headers=described)


def _whole(request: Request, found: StaticFile, *, headers: Mapping[str, str]) -> Response:
    if "gzip" in request.headers.get("accept-encoding", ""):
        zipped = {**headers, "content-encoding": "gzip"}
        return Response(found.compressed, headers=zipped, media_type=found.media_type)
    return Response(found.content, headers=dict(headers), media_type=found.media_type)
