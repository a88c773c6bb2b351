"""What the pages ask that the API has no other use for: history, heat map, an account's terms."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request

from trimtab.apps.service.actions import NAME_MAX
from trimtab.apps.service.dashboard.history import STEP, History
from trimtab.apps.service.dashboard.terms import account_terms
from trimtab.apps.service.reading_routes import Of, require_account
from trimtab.apps.service.security import Caller, RefusedError, Role, needs
from trimtab.engine import Refusal
from trimtab.units import Time

LOOK_S = 0.5


@contextlib.asynccontextmanager
async def keeping_history(app: FastAPI) -> AsyncIterator[None]:
    """While the application runs, `app.state.history` grows beside its service."""
    if not isinstance(getattr(app.state, "history", None), History):
        app.state.history = History()
    history = app.state.history
    history.note(app.state.service.board)

    async def look() -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.to_thread(history.note, app.state.service.board)

    looking = asyncio.create_task(look())
    yield
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking


routes = APIRouter(
    prefix="/v1/dashboard",
    dependencies=[Depends(needs(Role.READ))],
    tags=["dashboard"],
    lifespan=keeping_history,
)


def history_of(request: Request) -> History:
    """The past that the application keeps."""
    found = request.app.state.history
    assert isinstance(found, History), "an application with a dashboard keeps a history"
    return found


Past = Annotated[History, Depends(history_of)]
After = Annotated[str, Query(max_length=40, description="a time: what came later alone")]


@routes.get("/session")
def read_session(
    service: Of, request: Request, *, caller: Annotated[Caller, Depends(needs(Role.READ))]
) -> dict[str, Any]:
    """Who asks and what about: the first thing a page needs."""
    rules = service.case.rules
    return {
        "venue": rules.venue,
        "quote": rules.quote,
        "name": caller.name,
        "role": caller.role.name.lower(),
        "keys_required": bool(request.app.state.gate.keys_required),
        "durable": service.durable,
        "replayed": service.case_clock is not None,
    }


@routes.get("/terms/{key:path}")
def read_terms(service: Of, key: Annotated[str, Path(max_length=2 * NAME_MAX)]) -> dict[str, Any]:
    """Amounts, weights and prices of one account, from which a page works out its health."""
    with service.board.reading() as reading:
        require_account(service, key)
        try:
            return account_terms(reading.draft, reading.draft.account(key))
        except Refusal:
            message = f"an asset of {key[:60]!r} has no price yet; ask again when it has one"
            raise RefusedError(409, "price_missing", message=message) from None


@routes.get("/history")
def read_history(past: Past, after: After = "") -> dict[str, Any]:
    """Totals (quote, as numbers) and prices since the service began, thinned; or after a time."""
    return {"points": past.totals(after_ns=_after_ns(after))}


@routes.get("/heat")
def read_heat(
    service: Of,
    past: Past,
    *,
    asset: Annotated[str, Query(max_length=NAME_MAX)] = "",
    after: After = "",
) -> dict[str, Any]:
    """The heat map of one asset (the first one where none is named): debt by liquidation price.

    Bin k of a column holds prices from `step`^k to `step`^(k + 1); values are debt in the quote.
    """
    with service.board.reading() as reading:
        quote = reading.draft.rules.quote
        names = [name for name in reading.draft.rules.assets if name != quote]
    if asset and asset not in names:
        message = f"there is no asset {asset[:60]!r}; expected {', '.join(names)}"
        raise RefusedError(404, "unknown_asset", message=message)
    chosen = asset or (names[0] if names else "")
    known = {"asset": chosen, "assets": names, "quote": quote, "step": STEP}
    return {**known, "columns": past.heat(chosen, after_ns=_after_ns(after))}


def _after_ns(text: str) -> int:
    return Time.parse(text).raw if text else -1
