"""What can be read of a venue: the GET routes of `/v1`."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from trimtab.apps.service import account_schemas as accounts
from trimtab.apps.service import schemas
from trimtab.apps.service.account_views import (
    ListQuestion,
    account_list,
    account_view,
    adl_sides,
)
from trimtab.apps.service.actions import NAME_MAX
from trimtab.apps.service.risk_views import BUCKETS_MAX, ClusterQuestion, auctions, clusters, queue
from trimtab.apps.service.rules_views import RulesView, rules_view
from trimtab.apps.service.running import Service
from trimtab.apps.service.security import RefusedError, Role, needs
from trimtab.apps.service.status_views import oracle_view, status_view
from trimtab.apps.service.views import breakers, funds, heard, overview, waterfall, when
from trimtab.apps.service.writer import QUIET
from trimtab.model import EventKind, Table

PAGE_MAX = 500
KINDS_LENGTH = 1000
# The kinds of events that are kept for readers.
KINDS = tuple(sorted(str(kind) for kind in EventKind if kind not in QUIET))
routes = APIRouter(prefix="/v1", dependencies=[Depends(needs(Role.READ))])
Key = Annotated[str, Path(max_length=2 * NAME_MAX)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


def service_of(request: Request) -> Service:
    """The service that the application was made for."""
    found = request.app.state.service
    assert isinstance(found, Service), "an application has its service"
    return found


Of = Annotated[Service, Depends(service_of)]


@routes.get("/status", tags=["venue"])
def read_status(service: Of) -> schemas.Status:
    """Whether the service runs: queue, journal, clock, sources."""
    return schemas.Status(**status_view(service))


@routes.get("/overview", tags=["venue"])
def read_overview(service: Of) -> schemas.Overview:
    """The venue in one page: totals, distribution of health, breaker, funds, prices."""
    with service.board.reading() as reading:
        return schemas.Overview(**overview(reading, acting=service.acting))


@routes.get("/health", tags=["venue"])
def read_health(service: Of, limit: Limit = 20) -> accounts.AccountPage:
    """The accounts nearest to liquidation, the lowest health first."""
    with service.board.reading() as reading:
        question = ListQuestion(state="with_debt", limit=limit)
        return accounts.AccountPage(**account_list(reading, question))


@routes.get("/accounts", tags=["accounts"])
def read_accounts(
    service: Of,
    *,
    search: Annotated[str, Query(max_length=NAME_MAX)] = "",
    below: Annotated[float | None, Query(ge=0, le=1e6, allow_inf_nan=False)] = None,
    state: Literal["all", "liquidatable", "with_debt", "in_liquidation", "called"] = "all",
    sort: Literal[
        "health", "distance", "debt", "collateral", "equity", "leverage", "account"
    ] = "health",
    descending: bool | None = None,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    limit: Limit = 50,
) -> accounts.AccountPage:
    """A page of accounts: part of a name, health below a number, a state; in an order."""
    question = ListQuestion(search, below, state, sort, descending, offset, limit)
    with service.board.reading() as reading:
        return accounts.AccountPage(**account_list(reading, question))


@routes.get("/accounts/{key:path}", tags=["accounts"], responses={404: {"model": schemas.Problem}})
def read_account(service: Of, key: Key) -> accounts.AccountView:
    """One account whole: its explanation, balances, and positions with their rank."""
    with service.board.reading() as reading:
        require_account(service, key)
        return accounts.AccountView(**account_view(reading, key))


def require_account(service: Service, key: str) -> None:
    """Refuse the key of no account; hold the board meanwhile."""
    if service.board.store.get(Table.ACCOUNT, key) is None:
        message = f"there is no account {key[:60]!r}; expected the key of one (GET /v1/accounts)"
        raise RefusedError(404, "unknown_account", message=message)


@routes.get("/liquidations/queue", tags=["liquidations"])
def read_queue(service: Of, limit: Limit = 50) -> accounts.Queue:
    """Who is unsafe, since when, when keepers reach them, and the best offer of each."""
    with service.board.reading() as reading:
        return accounts.Queue(**queue(reading, service.board, limit=limit))


@routes.get("/auctions", tags=["liquidations"])
def read_auctions(service: Of) -> accounts.Auctions:
    """Running auctions with their price now."""
    with service.board.reading() as reading:
        return accounts.Auctions(**auctions(reading))


@routes.get("/adl/{market}", tags=["liquidations"], responses={404: {"model": schemas.Problem}})
def read_ranks(service: Of, market: Key, *, limit: Limit = 100) -> accounts.Ranks:
    """The order of deleveraging of one market, the first to be cut first."""
    with service.board.reading() as reading:
        rules = reading.draft.rules
        if market not in rules.markets:
            known = ", ".join(sorted(rules.markets)) or "none: this venue has no market"
            message = f"there is no market {market[:60]!r}; expected {known}"
            raise RefusedError(404, "unknown_market", message=message)
        sides = adl_sides(reading, market)
        return accounts.Ranks(
            as_of=when(reading.at_ns),
            market=market,
            policy=str(rules.deleveraging.policy),
            longs=sides["longs"][:limit],
            shorts=sides["shorts"][:limit],
            longs_total=len(sides["longs"]),
            shorts_total=len(sides["shorts"]),
        )


@routes.get("/clusters", tags=["liquidations"], responses={404: {"model": schemas.Problem}})
def read_clusters(
    service: Of,
    *,
    asset: Annotated[str | None, Query(max_length=NAME_MAX)] = None,
    low: Annotated[float, Query(ge=0, lt=10, allow_inf_nan=False)] = 0.3,
    high: Annotated[float, Query(gt=0, le=10, allow_inf_nan=False)] = 1.0,
    buckets: Annotated[int, Query(ge=1, le=BUCKETS_MAX)] = 70,
) -> accounts.Clusters:
    """Debt and collateral that become liquidatable along a falling price.

    Of one asset, or (without one) of everything but the quote together. `low` and `high` are ratios
    of the price now.
    """
    if high - low < 1e-6:
        message = f"the range is empty: low {low}, high {high}; expected low below high"
        raise RefusedError(422, "bad_range", message=message)
    with service.board.reading() as reading:
        if asset is not None and asset not in reading.draft.rules.assets:
            message = f"there is no asset {asset[:60]!r}"
            raise RefusedError(404, "unknown_asset", message=message)
        return accounts.Clusters(**clusters(reading, ClusterQuestion(asset, low, high, buckets)))


@routes.get("/waterfall", tags=["losses"])
def read_waterfall(service: Of, limit: Limit = 50) -> schemas.Waterfall:
    """Who paid for losses since the service began, and the latest losses."""
    latest = [one for one in service.board.latest() if one.event.kind is EventKind.LOSS]
    with service.board.reading() as reading:
        return schemas.Waterfall(**waterfall(reading, latest[-limit:]))


@routes.get("/funds", tags=["losses"])
def read_funds(service: Of) -> schemas.Funds:
    """Insurance, backstop, and the pools beside them."""
    with service.board.reading() as reading:
        return schemas.Funds(**funds(reading))


@routes.get("/oracle", tags=["prices"])
def read_oracle(service: Of) -> schemas.Oracle:
    """Prices, their ages and sources; and the feeds: duplicates, gaps, whether one is stuck."""
    with service.board.reading() as reading:
        return schemas.Oracle(**oracle_view(service, reading))


@routes.get("/breakers", tags=["rules"])
def read_breakers(service: Of) -> schemas.Breakers:
    """The breaker's level in force, the operator's, and what rules tripped."""
    with service.board.reading() as reading:
        return schemas.Breakers(**breakers(reading))


@routes.get("/rules", tags=["rules"])
def read_rules(service: Of) -> RulesView:
    """All settings in force, and ramps that run."""
    with service.board.reading() as reading:
        return RulesView(**rules_view(reading))


@routes.get("/events", tags=["journal"], responses={404: {"model": schemas.Problem}})
def read_events(
    service: Of,
    *,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    kind: Annotated[str, Query(max_length=KINDS_LENGTH, description=", ".join(KINDS))] = "",
    account: Annotated[str, Query(max_length=2 * NAME_MAX)] = "",
    limit: Limit = 100,
) -> schemas.Events:
    """Events since the service began, oldest first; price and interest events are left out.

    `kind` may be several, joined by commas. Without `after` the latest are given.
    """
    kinds = _kinds(kind)
    told, newest = service.board.told()
    # An account that is gone from the book is still known by its events.
    if account and not any(one.event.account == account for one in told):
        with service.board.reading():
            require_account(service, account)
    found: list[Any] = [
        one
        for one in told
        if one.number > after
        and (kinds is None or str(one.event.kind) in kinds)
        and (not account or one.event.account == account)
    ]
    found = found[:limit] if after else found[-limit:]
    with service.board.reading() as reading:
        rows = [schemas.EventRow(**heard(one, reading)) for one in found]
        last = found[-1].number if found else newest
        return schemas.Events(as_of=when(reading.at_ns), last=last, events=rows)


def _kinds(text: str) -> set[str] | None:
    """Kinds of events joined by commas; None is all. RefusedError for one that is never told."""
    wanted = set(text.split(",")) if text else None
    unknown = sorted((wanted or set()) - set(KINDS))
    if unknown:
        message = f"no event of the kind {unknown[0][:60]!r} is kept; expected {', '.join(KINDS)}"
        raise RefusedError(422, "unknown_kind", message=message)
    return wanted
