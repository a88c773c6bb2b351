"""What the API says of a venue is what the library says of it, exactly."""

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.apps.service.services import Caller, crisis, quiet, running, until
from trimtab.apps.service.running import Service
from trimtab.apps.service.work import Work
from trimtab.apps.summaries import account_document
from trimtab.simulation import AT_RISK_HEALTH, standing


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(quiet()) as found:
        yield found


@pytest.fixture(scope="module")
def api(service: Service) -> Caller:
    return Caller(service)


def test_overview_totals_are_those_of_the_explanations(api: Caller) -> None:
    found = api.get("/v1/overview").json()
    accounts = standing(crisis()).accounts
    for name in ("collateral", "debt", "equity"):
        exact = sum(getattr(one, f"{name}_wad") for one in accounts)
        assert float(found[name]) == pytest.approx(exact / 1e18, rel=1e-9)
    debtors = [one for one in accounts if one.debt_wad]
    at_risk = [one for one in debtors if (one.health_wad or 0) < AT_RISK_HEALTH * 10**18]
    assert float(found["debt_at_risk"]) == pytest.approx(
        sum(one.debt_wad for one in at_risk) / 1e18, abs=1e-3
    )
    assert found["accounts"] == len(accounts)
    assert sum(row["accounts"] for row in found["health_histogram"]) == len(debtors)
    assert found["prices"]["ETH"] == "195"
    assert (found["quote"], found["acting"], found["breaker_level"]) == ("USD", False, 0)


def test_a_list_is_ordered_and_its_pages_do_not_overlap(api: Caller) -> None:
    whole = [
        row["key"]
        for offset in range(0, 408, 100)
        for row in api.get(f"/v1/accounts?limit=100&offset={offset}").json()["accounts"]
    ]
    assert len(set(whole)) == 408
    rows = api.get("/v1/accounts?sort=debt&limit=20").json()["accounts"]
    debts = [Decimal(row["debt"]) for row in rows]
    assert debts == sorted(debts, reverse=True)
    names = [r["key"] for r in api.get("/v1/accounts?sort=account&limit=500").json()["accounts"]]
    assert names == sorted(names)


def test_a_list_is_chosen_by_name_and_health(api: Caller) -> None:
    page = api.get("/v1/accounts?search=VAULT-eth-00&limit=500").json()
    names = [one.account for one in standing(crisis()).accounts]
    assert page["total"] == sum(name.startswith("vault-eth-00") for name in names) > 50
    assert all(row["key"].startswith("vault-eth-00") for row in page["accounts"])
    page = api.get("/v1/accounts?below=1.1&limit=500").json()
    exact = [one for one in standing(crisis()).accounts if (one.health_wad or 9**99) < 11 * 10**17]
    assert {row["account"] for row in page["accounts"]} == {one.account for one in exact}
    assert api.get("/v1/accounts?state=liquidatable").json()["total"] == 0


@pytest.mark.parametrize("key", ["borrower-0001", "vault-eth-0140"])
def test_an_account_is_its_explanation(api: Caller, key: str) -> None:
    found = api.get(f"/v1/accounts/{key}").json()
    (expected,) = [one for one in standing(crisis()).accounts if one.account == key]
    document = account_document(expected, crisis().rules)
    assert {name: found[name] for name in document} == document
    value = sum(Decimal(row["supplied_value"]) for row in found["balances"])
    owed = sum(Decimal(row["owed_value"]) for row in found["balances"])
    assert (value, owed) == (Decimal(found["collateral"]), Decimal(found["debt"]))


def test_an_unknown_account_is_one_clear_line(api: Caller) -> None:
    answer = api.get("/v1/accounts/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert answer.json()["error"] == "unknown_account"
    assert answer.headers["content-type"] == "application/json"


def test_clusters_add_up_to_the_debt_that_can_fall(api: Caller) -> None:
    one = api.get("/v1/clusters?asset=ETH&low=0&high=1&buckets=1").json()["buckets"][0]
    many = api.get("/v1/clusters?asset=ETH&low=0&high=1&buckets=50").json()["buckets"]
    assert sum(float(row["debt"]) for row in many) == pytest.approx(float(one["debt"]), rel=1e-9)
    edges = [one.liquidation_price_wad.get("ETH", 0) for one in standing(crisis()).accounts]
    debts = [one.debt_wad for one in standing(crisis()).accounts]
    falls = sum(d for d, e in zip(debts, edges, strict=True) if 0 < e <= 195 * 10**18)
    assert float(one["debt"]) == pytest.approx(falls / 1e18, rel=1e-9)
    assert api.get("/v1/clusters?low=1&high=0.5").status_code == 422
    assert api.get("/v1/clusters?asset=NONE").json()["error"] == "unknown_asset"


def test_pools_keep_their_identity(api: Caller) -> None:
    for row in api.get("/v1/funds").json()["pools"]:
        has = sum(Decimal(row[name]) for name in ("cash", "borrowed", "deficit"))
        owes = sum(Decimal(row[name]) for name in ("supplied", "reserves", "minted"))
        assert has == owes


@pytest.mark.parametrize(
    "path",
    [
        *("status", "health", "liquidations/queue", "auctions", "waterfall", "funds", "oracle"),
        *("breakers", "rules", "events", "journal", "session", "proposals", "audit", "alerts"),
        *("alerts/dead-letters", "openapi.json"),
    ],
)
def test_every_page_answers_with_its_headers(api: Caller, path: str) -> None:
    answer = api.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe", policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers


def test_ready_says_why_not(service: Service, api: Caller) -> None:
    assert api.get("/readyz").text == "ok"
    service.writer.waiting_for_journal = True
    answer = api.get("/readyz")
    service.writer.waiting_for_journal = False
    assert (answer.status_code, answer.text.split(";")[0]) == (503, "the journal cannot write")


def test_a_watcher_that_fails_stops_nobody() -> None:
    service, told = quiet(), []

    def watch(_: object) -> None:
        told.append(1)
        if len(told) == 1:
            raise ValueError("once")

    service.watchers.append(watch)
    with running(service):
        for number in (1, 2):
            assert service.queue.put(Work((), "desk", decide=True))
            until(lambda count=number: len(told) == count)
            failed = number == 1
            until(lambda wanted=failed: ("once" in service.ready()) is wanted)


def test_rules_say_every_setting_in_its_unit(api: Caller) -> None:
    settings = api.get("/v1/rules").json()["settings"]
    found = {(row["section"], row["name"], row["key"]): row for row in settings}
    eth = crisis().rules.assets["ETH"]
    threshold = found["assets", "ETH", "liquidation_threshold"]
    assert Decimal(threshold["value"]) == Decimal(eth.liquidation_threshold_wad) / 10**18
    assert (threshold["unit"], threshold["ramped"]) == ("fraction", True)
    assert found["liquidation", "", "sizing"]["value"] == str(crisis().rules.liquidation.sizing)


def test_of_those_who_are_due_the_largest_debt_is_first() -> None:
    with running(quiet()) as service:
        api = Caller(service)
        assert api.post(
            "/v1/ingest/prices", {"source": "desk", "prices": {"ETH": "140"}}
        ).is_success
        service.board.refresh()
        rows = api.get("/v1/accounts?sort=distance&limit=500").json()["accounts"]
    due = [Decimal(row["debt"]) for row in rows if row["distance"] == "0"]
    assert len(due) > 5
    assert due == sorted(due, reverse=True)
    assert [row["distance"] for row in rows[: len(due)]] == ["0"] * len(due)
