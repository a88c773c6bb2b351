"""Facts that end otherwise than they began: who is safe again, who is gone, a gap that moved."""

import time
from typing import Any

import pytest

from tests.apps.service.alert_watching import at_price, watching
from tests.apps.service.services import Caller, quiet, running, until
from trimtab.apps.service.alert_rules import AlertRule
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.work import Receipt, Work
from trimtab.model import commands as c
from trimtab.units import WAD

KEY = "vault-eth-0140"


def act(service: Service, *commands: Any) -> None:
    service.writer.group([Work(commands, "desk", decide=False)])
    service.board.refresh()


def test_who_was_made_safe_is_no_longer_shown_as_unsafe() -> None:
    service = quiet()
    api = Caller(service)
    at_price(service, 120)
    queue = api.get("/v1/liquidations/queue?limit=500").json()
    assert KEY in {row["key"] for row in queue["accounts"]}
    act(service, c.Deposit(0, KEY, "ETH", 10_000 * WAD))
    assert not api.get(f"/v1/accounts/{KEY}").json()["liquidatable"]
    later = api.get("/v1/liquidations/queue?limit=500").json()
    assert later["total"] == queue["total"] - 1
    assert api.get("/v1/overview").json()["unsafe_accounts"] == later["total"]
    rows = api.get("/v1/accounts?state=liquidatable&limit=500").json()
    assert rows["total"] == later["total"]
    assert all(row["liquidatable"] for row in rows["accounts"])


@pytest.mark.parametrize("measure", ["account_health", "group_health"])
def test_an_alert_of_who_has_paid_back_is_cleared(measure: str) -> None:
    rule = AlertRule("hurt", measure, 1.0, 1.0, rising=False, to=("log",), match=KEY)
    service, alerts, _ = watching(rule)
    at_price(service, 120)
    assert [one.details["state"] for one in alerts.look()] == ["raised"]
    with service.board.reading() as reading:
        debt = tuple(reading.draft.account(KEY).debt)
    act(service, *(c.Repay(0, KEY, asset, None) for asset in debt))
    assert Caller(service).get(f"/v1/accounts/{KEY}").json()["debt"] == "0"
    (told,) = alerts.look()
    assert (told.details["state"], told.details["subject"]) == ("cleared", KEY)
    assert alerts.raised() == []
    assert alerts.look() == []


def test_an_empty_page_of_events_passes_over_none_that_come_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = quiet()
    reading = service.board.reading

    def meanwhile() -> Any:
        """The writer publishes while the page is being made."""
        monkeypatch.undo()
        act(service, c.Deposit(0, KEY, "ETH", WAD))
        return reading()

    monkeypatch.setattr(service.board, "reading", meanwhile)
    api = Caller(service)
    page = api.get("/v1/events?after=0").json()
    assert page["events"] == []
    assert service.board.heard > page["last"], "one came meanwhile"
    (row,) = api.get(f"/v1/events?after={page['last']}").json()["events"]
    assert (row["kind"], row["account"]) == ("deposit", KEY)
    assert api.get(f"/v1/events?after={row['number']}").json()["last"] == row["number"]


def test_a_reader_of_an_earlier_life_is_told_that_numbers_began_anew() -> None:
    service = quiet()
    act(service, c.Deposit(0, KEY, "ETH", WAD))
    page = Caller(service).get("/v1/events?after=5000").json()
    assert (page["events"], page["last"]) == ([], service.board.heard)


def test_a_confirmed_gap_is_that_gap_and_no_other() -> None:
    with running(quiet()) as service:
        api = Caller(service)
        tick: dict[str, Any] = {"source": "desk", "prices": {"ETH": "170"}}
        for number in (1, 4):
            api.post("/v1/ingest/prices", tick | {"number": number})
        asked = {"source": "desk", "reason": "the sender lost them"}
        token = api.post("/v1/sources/skip-gap", asked).json()["token"]
        for number in (2, 3, 9):
            api.post("/v1/ingest/prices", tick | {"number": number})
        assert service.journal.sources() == {"desk": 4}
        answer = api.post(f"/v1/confirm/{token}")
        assert service.journal.sources() == {"desk": 4}, "nobody gave up 5 to 8"
        assert answer.status_code == 503
        assert "5" in answer.json()["message"]


def test_who_cannot_be_told_stops_nobody() -> None:
    told: list[Receipt] = []

    def gone(_: Receipt) -> None:
        raise RuntimeError("Event loop is closed")

    with running(quiet()) as service:
        tick = c.SetPrices(0, (("ETH", 170 * WAD),))
        assert service.queue.put(Work((tick,), "a", reply=gone))
        assert service.queue.put(Work((tick,), "b", reply=told.append))
        until(lambda: told)
        assert told[0].status == "done"
        assert service.ready() == ""


def test_the_events_page_is_followed_without_a_hole() -> None:
    service = quiet()
    api = Caller(service)
    act(service, c.Deposit(0, "first", "ETH", WAD))
    last, seen = 1, [1]
    for step in range(4):
        act(service, *(c.Deposit(0, f"new-{step}-{n}", "ETH", WAD) for n in range(7)))
        while (page := api.get(f"/v1/events?after={last}&limit=3").json())["events"]:
            seen += [row["number"] for row in page["events"]]
            last = page["last"]
    assert seen == list(range(1, service.board.heard + 1)) == list(range(1, 30))
    deposits = api.get("/v1/events?kind=deposit,repay&account=new-2-3").json()["events"]
    assert [(row["account"], row["quantity"]) for row in deposits] == [("new-2-3", "1")]


def test_a_look_is_not_put_off_by_work_that_decides_nothing() -> None:
    with running(quiet(Options(heartbeat_s=0.05, publish_s=0.01))) as service:
        looks: list[int] = []
        house = service.writer.venue.house
        seen = house.look

        def look(at_ns: int) -> None:
            looks.append(at_ns)
            seen(at_ns)

        house.look = look  # type: ignore[method-assign]
        end = time.monotonic() + 0.6
        number = 0
        while time.monotonic() < end and len(looks) < 3:
            number += 1
            deposit = c.Deposit(0, f"n-{number}", "ETH", WAD)
            assert service.queue.put(Work((deposit,), "busy", decide=False))
            time.sleep(0.01)
        assert len(looks) >= 3


def test_an_alert_raised_again_is_another_letter() -> None:
    rule = AlertRule("hurt", "account_health", 1.0, 1.0, rising=False, to=("log",), match=KEY)
    service, alerts, _ = watching(rule)
    at_price(service, 120)
    first = alerts.look()
    act(service, c.Deposit(0, KEY, "ETH", 10**6 * WAD), c.Repay(0, KEY, "DAI", None))
    cleared = alerts.look()
    act(service, c.Borrow(0, KEY, "DAI", 10**7 * WAD))
    at_price(service, 1)
    again = alerts.look()
    ids = [one.id for one in (*first, *cleared, *again)]
    facts = [found.rpartition(".")[0] for found in ids]
    assert [found.rpartition(".")[2] for found in ids] == ["raised", "cleared", "raised"]
    assert all(fact.startswith(f"hurt.{KEY}.") for fact in facts)
    assert facts[0] == facts[1] != facts[2]
