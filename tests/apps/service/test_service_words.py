"""What the service says of itself: kinds of events, broken bodies, a journal that is not kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.service.services import Caller, quiet, running
from trimtab.adapters.stores import open_store
from trimtab.apps.service.opening import Place
from trimtab.apps.service.reading_routes import KINDS


@pytest.fixture(scope="module")
def api() -> Iterator[Caller]:
    with running(quiet()) as service:
        yield Caller(service)


def test_an_unknown_kind_of_event_is_refused_with_the_kinds_there_are(api: Caller) -> None:
    for text, bad in (("bogus", "bogus"), ("loss,bogus", "bogus"), ("price", "price")):
        answer = api.get("/v1/events", params={"kind": text})
        assert answer.status_code == 422
        assert answer.json()["error"] == "unknown_kind"
        assert f"{bad!r}" in answer.json()["message"]
        assert "liquidate, liquidate_position, loss" in answer.json()["message"]
    assert api.get("/v1/events", params={"kind": ",".join(KINDS)}).status_code == 200
    schema = api.get("/v1/openapi.json").json()
    asked = schema["paths"]["/v1/events"]["get"]["parameters"]
    (kind,) = [one for one in asked if one["name"] == "kind"]
    assert "auction_end" in kind["description"]
    guide = (Path(__file__).parents[3] / "docs/guides/service.md").read_text("utf-8")
    assert [one for one in KINDS if f"`{one}`" not in guide] == []


def test_events_of_nobody_are_refused_and_of_who_did_something_told(api: Caller) -> None:
    answer = api.get("/v1/events", params={"account": "nobody"})
    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_account")
    assert api.get("/v1/events", params={"account": "borrower-0001"}).json()["events"] == []
    coin = {"account": "passing", "asset": "USDC"}
    acts = [{"kind": "deposit", "amount": "5", **coin}, {"kind": "withdraw", **coin}]
    api.post("/v1/ingest/actions", {"source": "desk", "actions": acts})
    found = api.get("/v1/events", params={"account": "passing"})
    assert [row["kind"] for row in found.json()["events"]] == ["deposit", "withdraw"]


def test_a_broken_body_is_one_line_that_says_where(api: Caller) -> None:
    answer = api.ask(
        "POST",
        "/v1/what-if",
        content='{"all": 1,,}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    message = answer.json()["message"]
    assert message.startswith("the body is no JSON document: ")
    assert "at character 11; expected a JSON object" in message
    assert api.post("/v1/what-if", {"all": 1}).json()["message"].startswith("body.all")


def test_a_journal_in_memory_says_that_it_is_lost(api: Caller, tmp_path: Path) -> None:
    assert api.get("/v1/journal").json()["durable"] is False
    assert api.get("/v1/dashboard/session").json()["durable"] is False
    kept = quiet(place=Place(journal=open_store(str(tmp_path / "venue.db"))))
    with running(kept):
        assert Caller(kept).get("/v1/journal").json()["durable"] is True
