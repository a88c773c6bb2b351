"""What operators do: at once or in two steps, audited, journaled."""

from pathlib import Path
from typing import Any

import pytest

from tests.apps.service.services import Caller, quiet, running, until
from trimtab.apps.service.audit import AuditTrail
from trimtab.apps.service.opening import Place
from trimtab.apps.service.proposals import LIFE_S, Proposals
from trimtab.apps.service.security import Caller as Who
from trimtab.apps.service.security import RefusedError, Role
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD, DataError

ANNA = Who("anna", Role.ADMIN)
LOWER = {"section": "liquidation", "field": "close_factor_wad", "value": "0.4"}


def test_a_change_of_rules_takes_two_words(tmp_path: Path) -> None:
    trail = AuditTrail(tmp_path / "audit.jsonl", clock_ns=lambda: 10**18)
    with running(quiet(place=Place(audit=trail))) as service:
        api = Caller(service)
        asked = {"changes": [LOWER], "reason": "thin books"}
        first = api.post("/v1/rules/proposals", asked)
        assert (first.status_code, first.json()["dry_run"]["newly_unsafe_total"]) == (202, 0)
        token = first.json()["proposal"]["token"]
        assert service.journal.last().number == 0, "a proposal does nothing"
        assert [one["token"] for one in api.get("/v1/proposals").json()["proposals"]] == [token]
        done = api.post(f"/v1/confirm/{token}").json()
        assert done == {"action": "set_rules", "journal_number": 1, "refused": []}
        assert api.post(f"/v1/confirm/{token}").status_code == 404, "a token is used once"
        (entry,) = service.journal.read()
        assert (entry.source, "thin books" in entry.command) == ("operator:local", True)
        rules = service.writer.venue.moment.draft.rules
        assert rules.liquidation.close_factor_wad == 4 * WAD // 10
        actions = api.get("/v1/audit").json()["actions"]
        assert [one["action"] for one in actions] == ["propose_set_rules", "set_rules"]
        assert actions[1]["result"] == "done: entry 1"
    again = AuditTrail(tmp_path / "audit.jsonl", clock_ns=lambda: 10**18)
    assert [line["number"] for line in again.latest(9)] == [1, 2]
    again.note(ANNA, "pause", about={}, result="done")
    again.close()
    text = (tmp_path / "audit.jsonl").read_text()
    (tmp_path / "audit.jsonl").write_text(text.replace("thin", "thick"))
    with pytest.raises(DataError):
        AuditTrail(tmp_path / "audit.jsonl", clock_ns=lambda: 10**18)


def test_a_pause_is_at_once_and_a_resume_is_not() -> None:
    with running(quiet()) as service:
        api = Caller(service)
        assert api.post("/v1/breakers/pause", {"level": 2, "reason": "x"}).json()["refused"] == []
        until(lambda: api.get("/v1/breakers").json()["level"] == 2)
        low = api.post("/v1/breakers/pause", {"level": 1, "reason": "x"}).json()["refused"]
        assert low[0]["reason"] == "rule_out_of_bounds"
        token = api.post("/v1/breakers/resume", {"level": 0, "reason": "x"}).json()["token"]
        assert api.get("/v1/breakers").json()["level"] == 2
        api.post(f"/v1/confirm/{token}")
        until(lambda: api.get("/v1/breakers").json()["level"] == 0)


def test_a_gap_is_given_up_in_two_steps() -> None:
    with running(quiet()) as service:
        api = Caller(service)
        tick: dict[str, Any] = {"source": "desk", "prices": {"ETH": "170"}}
        api.post("/v1/ingest/prices", tick | {"number": 1})
        assert api.post("/v1/ingest/prices", tick | {"number": 4}).json() == {
            "status": "held",
            "journal_number": 0,
            "events": 0,
            "refused": [],
            "missing_from": 2,
            "missing_to": 3,
        }
        asked = {"source": "desk", "reason": "the sender lost them"}
        proposal = api.post("/v1/sources/skip-gap", asked).json()
        assert (proposal["about"]["from"], proposal["about"]["to"]) == (2, 3)
        api.post(f"/v1/confirm/{proposal['token']}")
        assert service.journal.sources() == {"desk": 4}
        none = api.post("/v1/sources/skip-gap", asked)
        assert (none.status_code, none.json()["error"]) == (404, "no_gap")


def test_proposals_end_by_themselves() -> None:
    now = [0]
    proposals = Proposals(clock_ns=lambda: now[0])
    work = Work((c.Pause(0, 1, "x"),), "operator:anna")
    first = proposals.add("pause", work, about={}, by=ANNA)
    now[0] = LIFE_S * 10**9 - 1
    assert proposals.waiting() == [first]
    now[0] += 1
    assert proposals.waiting() == []
    with pytest.raises(RefusedError):
        proposals.take(first.token)
    for _ in range(100):
        proposals.add("pause", work, about={}, by=ANNA)
    with pytest.raises(RefusedError, match="wait already"):
        proposals.add("pause", work, about={}, by=ANNA)
