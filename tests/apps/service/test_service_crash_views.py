"""A crash in which keepers act: every page tells the same story, the journal's and the engine's."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.apps.service.services import Caller, HandClock, crisis, quiet
from trimtab.apps.service.board import Reading
from trimtab.apps.service.metrics import metrics_text
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.work import Work
from trimtab.engine import account_sums, explain, is_unsafe
from trimtab.kernels.liquidation_map import liquidation_edges
from trimtab.model import EventKind, Payer
from trimtab.model import commands as c
from trimtab.units import WAD

STEP = 600 * 10**9


def crashed() -> Service:
    """A service whose keepers acted along a fall of everything by two thirds, and back a little."""
    service = quiet(Options(acts=True))
    clock = service.clock
    assert isinstance(clock, HandClock)
    for percent in (90, 75, 60, 45, 33, 33, 36):
        clock.at_ns += STEP
        first = crisis().ticks[0].prices
        fall = tuple((name, p * percent // 100) for name, p in first if name in ("ETH", "WBTC"))
        service.writer.group([Work((c.SetPrices(0, fall),), "desk")])
        service.board.refresh()
    return service


@pytest.fixture(scope="module")
def service() -> Service:
    return crashed()


@pytest.fixture(scope="module")
def api(service: Service) -> Caller:
    return Caller(service)


@pytest.fixture
def reading(service: Service) -> Reading:
    """Let go of at once: nothing runs here, and pages are read by other threads."""
    with service.board.reading() as found:
        return found


def test_losses_are_told_alike_by_waterfall_events_and_overview(
    service: Service, api: Caller
) -> None:
    found = api.get("/v1/waterfall?limit=500").json()
    paid = {row["payer"]: Decimal(row["paid"]) for row in found["payers"]}
    assert list(paid) == [str(payer) for payer in Payer]
    told: Counter[str] = Counter()
    for one in service.board.latest():
        if one.event.kind is EventKind.LOSS:
            told[str(one.event.payer)] += one.event.value
    assert {name: value for name, value in paid.items() if value} == {
        name: Decimal(value) / WAD for name, value in told.items() if value
    }
    assert sum(paid.values()) > 0, "the fall was deep enough for losses"
    assert len(found["losses"]) == sum(
        one.event.kind is EventKind.LOSS for one in service.board.latest()
    )
    assert found["bad_debt"] == api.get("/v1/overview").json()["bad_debt"]


def test_liquidations_are_counted_as_the_journal_has_them(service: Service, api: Caller) -> None:
    kinds = Counter(
        (entry.reason == "", "Liquidate" in entry.command.split('"')[1:8])
        for entry in service.journal.read()
    )
    assert all(accepted for accepted, _ in kinds), "the policy's refused tries are not told"
    shown = api.get("/v1/overview").json()
    assert shown["liquidations"] == service.board.tally.liquidations > 10
    assert f"trimtab_liquidations_total {shown['liquidations']}.0" in metrics_text(service).decode()


def test_every_row_of_the_list_is_the_engines_own(reading: Reading, api: Caller) -> None:
    page = api.get("/v1/accounts?sort=distance&limit=500").json()
    assert page["total"] == len(reading.columns.keys)
    for row in page["accounts"][::9]:
        exact = explain(reading.draft.account(row["key"]), reading.draft)
        assert Decimal(row["debt"]) * WAD == exact.debt_wad
        assert Decimal(row["equity"]) * WAD == exact.equity_wad
        health = None if exact.health_wad is None else Decimal(exact.health_wad) / WAD
        assert (None if row["health_factor"] is None else Decimal(row["health_factor"])) == health
        assert row["liquidatable"] == exact.liquidatable


def test_the_unsafe_are_those_of_the_engine(reading: Reading, api: Caller) -> None:
    exact = {
        key
        for key in reading.columns.keys
        if (account := reading.draft.account(key)).at_risk
        and not key.startswith("@")
        and is_unsafe(account, account_sums(account, reading.draft))
    }
    found = api.get("/v1/liquidations/queue?limit=500").json()
    assert {row["key"] for row in found["accounts"]} == exact
    assert found["total"] == len(exact)
    since = [row["since"] for row in found["accounts"]]
    assert since == sorted(since)
    assert api.post("/v1/what-if", {}).json()["unsafe_after"] == len(exact)
    assert api.get("/v1/accounts?state=liquidatable").json()["total"] == len(exact)


def test_offers_of_the_queue_are_within_the_debt(api: Caller) -> None:
    for row in api.get("/v1/liquidations/queue?limit=500").json()["accounts"]:
        offer = row["best_offer"]
        net = Decimal(row["collateral"]) - Decimal(row["debt"])
        assert abs(Decimal(row["equity"]) - net) <= Decimal("2e-18"), "each is rounded on its own"
        if offer is not None:
            assert 0 < Decimal(offer["cost"]) <= Decimal(row["debt"]) * Decimal("1.000001")


@pytest.mark.parametrize("asset", ["ETH", "WBTC"])
def test_clusters_are_the_liquidation_map(reading: Reading, api: Caller, asset: str) -> None:
    asked = f"/v1/clusters?asset={asset}&low=0.2&high=1&buckets=40"
    found = api.get(asked).json()
    names = sorted(reading.draft.rules.assets)
    edges = liquidation_edges(reading.columns.book, reading.coefficients).of(names.index(asset))
    (price,) = (Decimal(found["price"]),)
    assert Decimal(found["buckets"][0]["price_from"]) == pytest.approx(
        price / 5, rel=Decimal("1e-5")
    )
    for low, high in zip(found["buckets"][:-1], found["buckets"][1:], strict=True):
        assert (low["ratio_to"], low["price_to"]) == (high["ratio_from"], high["price_from"])
    whole = sum(float(row["debt"]) for row in found["buckets"])
    one = api.get(f"/v1/clusters?asset={asset}&low=0.2&high=1&buckets=1").json()["buckets"][0]
    assert whole == pytest.approx(float(one["debt"]), abs=1e-3)
    assert edges.account.size >= sum(float(row["debt"]) > 0 for row in found["buckets"]) > 0


def test_a_cluster_is_what_a_fall_of_that_size_makes_unsafe() -> None:
    api = Caller(quiet())
    for ratio in ("0.7", "0.5"):
        asked = f"/v1/clusters?asset=ETH&low={ratio}&high=1&buckets=1"
        edges = float(api.get(asked).json()["buckets"][0]["debt"])
        found = api.post("/v1/what-if", {"factors": {"ETH": ratio}, "limit": 500}).json()
        fresh = sum(float(row["debt"]) for row in found["newly_unsafe"])
        assert found["newly_unsafe_total"] == len(found["newly_unsafe"]) > 0
        assert edges == pytest.approx(fresh, rel=1e-6)


def test_pages_of_the_journal_are_the_chain(service: Service, api: Caller) -> None:
    after, rows = 0, list[dict[str, Any]]()
    while page := api.get(f"/v1/journal?after={after}&limit=97").json()["entries"]:
        rows += page
        after = page[-1]["number"]
    entries = list(service.journal.read())
    assert [row["number"] for row in rows] == list(range(1, len(entries) + 1))
    assert [row["chain"] for row in rows] == [entry.chain for entry in entries]
    assert {row["source"] for row in rows} == {"desk", "@policy"}
    assert api.get(f"/v1/journal?after={len(entries) + 5}").json()["entries"] == []
    times = [int(row["command"]["at_ns"]) for row in rows]
    assert times == sorted(times), "a venue's time never runs backwards"


def test_metrics_are_the_overview(service: Service, api: Caller) -> None:
    shown = api.get("/v1/overview").json()
    lines = dict(
        line.rsplit(" ", 1)
        for line in metrics_text(service).decode().splitlines()
        if line and not line.startswith("#")
    )
    for name in ("collateral", "debt", "equity", "insurance", "bad_debt", "unsafe_debt"):
        assert float(lines[f"trimtab_{name}_quote"]) == pytest.approx(float(shown[name] or 0))
    assert float(lines["trimtab_accounts"]) == shown["accounts"]
    assert float(lines["trimtab_works_total"]) == 7
    assert float(lines["trimtab_journal_entries"]) == service.journal.last().number
    assert lines['trimtab_source_taken_total{source="desk"}'] == "7.0"
    assert lines["trimtab_ready"] == "0.0", "its writer does not run"
