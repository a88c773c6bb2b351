"""What operators do: at once or in two steps, audited, journaled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.journal_chains import actions_of
from tests.apps.service.services import Caller, quiet, running, until
from trimtab.adapters.stores import open_store
from trimtab.apps.service.audit import AuditTrail, told_about
from trimtab.apps.service.opening import Place, replayed
from trimtab.apps.service.proposals import LIFE_S, Proposals
from trimtab.apps.service.running import Options
from trimtab.apps.service.security import Caller as Who
from trimtab.apps.service.security import RefusedError, Role
from trimtab.apps.service.work import Work
from trimtab.model import Case
from trimtab.model import commands as c
from trimtab.model.journal_entries import JournalDamagedError, JournalUnavailableError, Tip
from trimtab.model.operator_actions import OperatorAction, checked_actions
from trimtab.units import WAD

ANNA = Who("anna", Role.ADMIN)
LOWER = {"section": "liquidation", "field": "close_factor_wad", "value": "0.4"}


def kept_in(location: str | Path) -> Place:
    """A journal and the audit trail in it, as `trimtab serve` opens them."""
    journal = open_store(location)
    return Place(journal=journal, audit=AuditTrail(journal.actions, clock_ns=lambda: 10**18))


def test_a_change_of_rules_takes_two_words(tmp_path: Path) -> None:
    with running(quiet(place=kept_in(tmp_path / "a.db"))) as service:
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


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "venue.db")
    return str(request.getfixturevalue("postgres").create())


def test_what_operators_did_outlives_the_service(location: str) -> None:
    with running(quiet(place=kept_in(location))) as service:
        api = Caller(service)
        api.post("/v1/breakers/pause", {"level": 1, "reason": "one"})
        api.post("/v1/breakers/resume", {"level": 0, "reason": "two"})
    with running(quiet(place=kept_in(location))) as service:
        api = Caller(service)
        before = api.get("/v1/audit").json()["actions"]
        assert [(one["number"], one["about"]["reason"]) for one in before] == [
            (1, "one"),
            (2, "two"),
        ]
        assert [one["result"] for one in before] == ["done: entry 1", "waits"]
        api.post("/v1/breakers/pause", {"level": 3, "reason": "three"})
        assert api.get("/v1/audit").json()["actions"][:2] == before
    journal = open_store(location, reads_only=True)
    whole = list(checked_actions(journal.actions.read()))
    assert [action.action for action in whole] == ["pause", "propose_resume", "pause"]
    assert {action.who for action in whole} == {"local"}
    journal.close()


def test_a_trail_that_was_changed_is_refused_at_the_start(location: str) -> None:
    journal = open_store(location)
    journal.actions.extend(actions_of(3))
    change = "UPDATE journal_actions SET who = 'boris' WHERE number = 2"
    journal.access.write(lambda connection: connection.exec_driver_sql(change))
    with pytest.raises(JournalDamagedError, match="action 2 of the audit trail"):
        AuditTrail(journal.actions, clock_ns=lambda: 10**18)
    journal.close()


class Failing:
    """A store of actions that is cut off: before it writes, or before it says that it has."""

    def __init__(self) -> None:
        self.kept: list[OperatorAction] = []
        self.fails = ""

    def append(self, action: OperatorAction) -> None:
        if self.fails != "before":
            self.kept.append(action)
        if self.fails:
            raise JournalUnavailableError("the server does not answer")

    def read(self, after: int = 0) -> Iterator[OperatorAction]:
        return iter(self.kept[after:])

    def last(self) -> Tip:
        return self.kept[-1].tip if self.kept else Tip()


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_trail_goes_on_after_an_action_of_unknown_fate(fails: str) -> None:
    store = Failing()
    trail = AuditTrail(store, clock_ns=lambda: 10**18)
    trail.note(ANNA, "pause", about={}, result="done")
    store.fails = fails
    with pytest.raises(JournalUnavailableError):
        trail.note(ANNA, "resume", about={}, result="done")
    store.fails = ""
    trail.note(ANNA, "pause", about={}, result="done")
    expected = ["pause", "pause"] if fails == "before" else ["pause", "resume", "pause"]
    assert [one.action for one in checked_actions(store.kept)] == expected
    assert trail.latest(9) == store.kept
    assert trail.latest(1) == store.kept[-1:]


def test_what_cannot_be_audited_is_said_and_not_offered() -> None:
    store = Failing()
    trail = AuditTrail(store, clock_ns=lambda: 10**18)
    with running(quiet(place=Place(audit=trail))) as service:
        api = Caller(service)
        store.fails = "before"
        answer = api.post("/v1/breakers/resume", {"level": 0, "reason": "x"})
        assert (answer.status_code, answer.json()["error"]) == (503, "audit_unavailable")
        assert api.get("/v1/proposals").json()["proposals"] == []
        paused = api.post("/v1/breakers/pause", {"level": 2, "reason": "x"})
        assert paused.status_code == 503
        assert "done: entry 1; but the audit trail could not be written" in paused.json()["message"]
        until(lambda: api.get("/v1/breakers").json()["level"] == 2)


def test_stress_tests_and_the_pace_of_a_replay_are_audited(small: Case) -> None:
    service = replayed(small, Options(), speed=1.0)
    api = Caller(service)
    assert api.post("/v1/replay", {"speed": 60, "held": True}).status_code == 200
    found = api.post("/v1/stress", {"paths": 1, "process": "none"}).json()["id"]
    api.post(f"/v1/stress/{found}/cancel")
    service.stress.close()
    told = [(one.action, told_about(one)) for one in service.audit.latest(9)]
    assert [action for action, _ in told] == ["pace_replay", "stress", "cancel_stress"]
    assert told[0][1] == {"speed": 60.0, "held": True}
    assert (told[1][1]["paths"], told[2][1]) == (1, {"id": found})


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
