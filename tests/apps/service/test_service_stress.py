"""Stress tests of a running venue: in a process of their own, followed, cancelled, failed."""

from typing import Any

from tests.apps.service.services import Caller, crisis, quiet, running, until
from trimtab.apps.service.live_case import live_case
from trimtab.apps.service.running import Service
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.simulation import standing
from trimtab.units import WAD

# As far as the service's clock is: so many rows and one are there to learn from.
ROW = 70
SMALL = {"paths": 40, "horizon_hours": 6, "step_minutes": 10, "seed": 3}


def ended(api: Caller, found: str) -> Any:
    def done() -> Any:
        view = api.get(f"/v1/stress/{found}").json()
        return view if view["state"] in ("done", "failed", "cancelled") else None

    return until(done, seconds=300)


def fallen() -> Service:
    service = quiet(row=ROW)
    service.writer.group([Work((c.SetPrices(0, (("ETH", 150 * WAD),)),), "desk")])
    service.board.refresh()
    return service


def test_a_live_venue_is_a_case_that_stands_where_it_stands() -> None:
    service = fallen()
    with service.board.reading() as reading:
        found = standing(live_case(reading, crisis())).accounts
        keys = [one.account for one in found if one.liquidatable]
        unsafe = {reading.columns.keys[n] for n in reading.columns.unsafe(reading.draft).unsafe}
    assert len(found) == 408
    assert set(keys) == {key.partition("/")[0] for key in unsafe}
    assert len(keys) > 50


def test_a_stress_test_runs_and_is_told() -> None:
    with running(fallen()) as service:
        api = Caller(service)
        asked = api.post("/v1/stress", SMALL)
        assert asked.status_code == 202, asked.text
        view = ended(api, asked.json()["id"])
        assert view["state"] == "done", view["error"]
        assert view["done"] == view["total"] == 40
        assert view["result"]["schema"] == "trimtab.stress/1"
        assert view["result"]["quote"] == "USD"
        assert view["result"]["notes"][0] == (
            f"prices are learnt from the {ROW + 1} rows served so far"
        )
        report = api.get(f"/v1/stress/{view['id']}/report")
        assert report.headers["content-security-policy"].startswith("default-src 'none'; style-src")
        assert "Where prices could go" in report.text
        assert "<script" not in report.text
        (row,) = api.get("/v1/stress").json()["runs"]
        assert row["question"]["paths"] == 40
        assert "result" not in row


def test_what_cannot_be_asked_or_found_is_told() -> None:
    with running(quiet(row=ROW)) as service:
        api = Caller(service)
        assert api.post("/v1/stress", {"paths": 0}).status_code == 422
        assert api.post("/v1/stress", {"shock": "meteor"}).status_code == 422
        assert api.get("/v1/stress/none").json()["error"] == "unknown_job"
        bad = api.post("/v1/stress", SMALL | {"step_minutes": 1000}).json()["id"]
        view = ended(api, bad)
        assert view["state"] == "failed"
        assert api.get(f"/v1/stress/{bad}/report").json()["error"] == "not_done"
        assert "step" in view["error"]


def test_jobs_wait_and_are_cancelled() -> None:
    service = quiet()
    api = Caller(service)
    ids = [api.post("/v1/stress", SMALL | {"paths": 100_000}).json()["id"] for _ in range(10)]
    answer = api.post("/v1/stress", SMALL)
    assert (answer.status_code, answer.json()["error"]) == (429, "too_many_jobs")
    assert api.post(f"/v1/stress/{ids[5]}/cancel").json()["state"] == "cancelled"
    until(lambda: api.get(f"/v1/stress/{ids[0]}").json()["state"] == "running")
    assert api.post(f"/v1/stress/{ids[0]}/cancel").json()["state"] == "cancelled"
    service.stress.close()
    assert {job.state for job in service.stress.jobs()} == {"cancelled"}
