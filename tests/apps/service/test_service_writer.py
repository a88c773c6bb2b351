"""The writer: sources in any disorder, clocks set back, full queues, a journal that fails."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.apps.service.services import Caller, HandClock, crisis, quiet, running, until
from trimtab.apps.service.opening import Place
from trimtab.apps.service.queue import WorkQueue
from trimtab.apps.service.recorder import MemoryJournal
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.work import Receipt, Work
from trimtab.model import commands as c
from trimtab.model.journal_entries import Entry, JournalError, JournalUnavailableError
from trimtab.units import WAD

MINUTE = 60 * 10**9


def tick(number: int | None, price: int = 190, source: str = "desk") -> Work:
    return Work((c.SetPrices(0, (("ETH", price * WAD),)),), source, number)


def sent(service: Service, work: Sequence[Work]) -> list[Receipt]:
    """Decide work without threads; the receipts in the order in which they were told."""
    told: list[Receipt] = []
    service.writer.group([replace(one, reply=told.append) for one in work])
    return told


def price(service: Service) -> int:
    return service.writer.venue.moment.draft.price_wad("ETH") // WAD


def test_duplicates_change_nothing_and_early_work_waits() -> None:
    service = quiet()
    assert [one.status for one in sent(service, [tick(1), tick(1, 10)])] == ["done", "duplicate"]
    assert price(service) == 190
    early = sent(service, [tick(4, 184), tick(3, 183)])
    assert [(one.status, one.gap) for one in early] == [("held", (2, 3)), ("held", (2, 2))]
    assert price(service) == 190
    (again,) = sent(service, [tick(4, 10)])
    assert again.status == "held", "what waits is not durable, so that it is no duplicate yet"
    (told,) = sent(service, [tick(2, 182)])
    assert told.status == "done"
    assert [one.status for one in early] == ["held", "held", "done", "done"], "told once durable"
    assert price(service) == 184
    state = service.writer.sources.states()["desk"]
    assert (state.taken, state.duplicates, state.reordered, state.gaps) == (4, 2, 2, 1)
    assert service.journal.sources() == {"desk": 4}


def test_any_order_ends_in_the_same_state() -> None:
    ticks = [tick(n, 180 + n) for n in range(1, 9)]
    straight, mixed = quiet(), quiet()
    sent(straight, ticks)
    sent(mixed, [ticks[0], ticks[3], ticks[3], ticks[1], ticks[0], ticks[7], ticks[2]])
    sent(mixed, [ticks[5], ticks[6], ticks[4], ticks[4]])
    hashes = {one.writer.venue.store.state_hash() for one in (straight, mixed)}
    assert len(hashes) == 1
    assert [e.command for e in straight.journal.read()] == [e.command for e in mixed.journal.read()]


def test_what_is_too_early_is_told_to_come_again() -> None:
    service = quiet()
    sent(service, [tick(1)])
    waiting = [tick(n) for n in range(3, 1003)]
    assert {one.status for one in sent(service, waiting)} == {"held"}
    (told,) = sent(service, [tick(1500)])
    assert (told.status, told.gap) == ("beyond", (2, 2))


def test_an_operator_can_give_up_a_gap() -> None:
    service = quiet()
    first = sent(service, [tick(1), tick(3, 173)])
    (told,) = sent(service, [Work((), "desk", skip=True)])
    assert price(service) == 173
    assert [one.status for one in [*first, told]] == ["done", "held", "done", "done"]
    (told_again,) = sent(service, [Work((), "desk", skip=True)])
    assert (told_again.status, "nothing waits" in told_again.refused[0][1]) == ("failed", True)


def test_time_never_runs_backwards() -> None:
    service = quiet()
    clock = service.clock
    assert isinstance(clock, HandClock)
    sent(service, [tick(1)])
    before = service.writer.venue.now_ns
    clock.at_ns -= 3600 * 10**9
    sent(service, [tick(2, 170)])
    assert price(service) == 170, "a clock that was set back stops nothing"
    assert service.writer.venue.now_ns == before
    assert service.writer.counters.clock_back_ns == 3600 * 10**9
    found = Caller(service).get("/v1/status").json()
    assert found["clock_behind_seconds"] == "3600"
    clock.at_ns = before + MINUTE
    sent(service, [tick(3)])
    assert (service.writer.venue.now_ns, service.writer.counters.clock_back_ns) == (
        before + MINUTE,
        0,
    )


def test_a_silent_source_is_stuck() -> None:
    service = quiet(Options(stale_s=30))
    clock = service.clock
    assert isinstance(clock, HandClock)
    sent(service, [tick(1, source="fast"), tick(1, source="slow")])
    clock.at_ns += 31 * 10**9
    sent(service, [tick(2, source="fast")])
    assert service.writer.sources.stuck(clock.now_ns()) == ["slow"]
    api = Caller(service)
    rows = {row["source"]: row for row in api.get("/v1/oracle").json()["feeds"]}
    assert (rows["slow"]["stuck"], rows["fast"]["stuck"]) == (True, False)
    assert rows["slow"]["age_seconds"] == "31"


def test_a_refused_command_is_journaled_with_its_reason() -> None:
    service = quiet()
    work = Work((c.Withdraw(0, "nobody", "ETH", 1), c.Deposit(0, "new", "ETH", WAD)), "desk", 7)
    (told,) = sent(service, [work])
    assert [(at, why) for at, why, _ in told.refused] == [(0, "unknown_account")]
    entries = list(service.journal.read())
    assert [(e.source_number, e.reason) for e in entries] == [(7, "unknown_account"), (None, "")]
    assert told.number == entries[-1].number == 2


class Failing(MemoryJournal):
    """A journal that cannot write for a while, or breaks for good."""

    def __init__(self, failures: int, error: JournalError) -> None:
        super().__init__()
        self.failures, self.error = failures, error

    def append(self, entries: Sequence[Entry]) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        super().append(entries)


def test_nothing_is_told_before_it_is_durable() -> None:
    journal = Failing(2, JournalUnavailableError("disk full"))
    service = quiet(place=Place(journal=journal))
    told: list[Receipt] = []
    with running(service):
        service.queue.put(replace(tick(1, 170), reply=told.append))
        until(lambda: service.writer.waiting_for_journal)
        assert not told
        assert Caller(service).get("/readyz").status_code == 503
        with service.board.reading() as reading:
            assert reading.draft.price_wad("ETH") == 195 * WAD, "readers see what is durable"
        until(lambda: told)
        assert (told[0].status, journal.last().number) == ("done", 1)
        assert service.writer.counters.journal_waits == 2
    assert service.board.store.state_hash() == service.writer.venue.store.state_hash()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_broken_journal_stops_the_writer_and_says_so() -> None:
    service = quiet(place=Place(journal=Failing(9, JournalError("another writer"))))
    told: list[Receipt] = []
    with running(service):
        service.queue.put(replace(tick(1), reply=told.append))
        until(lambda: told)
        assert told[0].status == "failed"
        assert "another writer" in service.ready()
        assert not service.queue.offer(tick(2))
        answer = Caller(service).post("/v1/ingest/prices", {"source": "a", "prices": {"ETH": "1"}})
        assert (answer.status_code, answer.json()["error"]) == (503, "stopped")


def test_a_full_queue_refuses_who_cannot_wait_and_holds_who_can() -> None:
    queue = WorkQueue(2)
    assert queue.offer(tick(1))
    assert queue.put(tick(2))
    assert not queue.offer(tick(3))
    assert not queue.put(tick(3), timeout_s=0.01)
    assert queue.refused == 1
    assert [one.number for one in queue.take(10, timeout_s=0)] == [1, 2]
    queue.close()
    assert not queue.put(tick(4))


def test_http_is_told_to_come_back_when_the_queue_is_full() -> None:
    service = quiet(Options(queue_capacity=1))
    service.queue.offer(tick(1))
    body: dict[str, Any] = {"source": "a", "prices": {"ETH": "170"}}
    answer = Caller(service).post("/v1/ingest/prices", body)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_ingest_is_durable_when_it_is_answered() -> None:
    with running(quiet()) as service:
        api = Caller(service)
        body = {"source": "desk-1", "number": 5, "prices": {"ETH": "170.5", "WBTC": "7000"}}
        answer = api.post("/v1/ingest/prices", body).json()
        assert (answer["status"], answer["journal_number"]) == ("done", 1)
        assert [entry.source for entry in service.journal.read()] == ["desk-1"]
        assert api.post("/v1/ingest/prices", body).json()["status"] == "duplicate"
        until(lambda: api.get("/v1/overview").json()["prices"]["ETH"] == "170.5")
        move = {"kind": "deposit", "account": "new", "asset": "ETH", "amount": "2.5"}
        sent_twice = {"source": "desk-2", "number": 9, "actions": [move, move | {"asset": "DAI"}]}
        assert api.post("/v1/ingest/actions", sent_twice).json()["refused"] == []
        view = until(lambda: api.get("/v1/accounts/new").json().get("balances"))
        supplied = {row["asset"]: float(row["supplied"]) for row in view}
        assert supplied == {"DAI": 2.5, "ETH": 2.5}
        page = api.get("/v1/journal?after=1&limit=1").json()
        assert page["entries"][0]["command"]["amount"] == "2500000000000000000"


def test_a_served_venue_does_not_act_unless_told() -> None:
    crash = Work((c.SetPrices(0, (("ETH", 60 * WAD),)),), "desk")
    shown, acting = quiet(), quiet(Options(acts=True))
    sent(shown, [crash])
    assert len(shown.writer.venue.house.waiting) > 100
    assert shown.journal.last().number == 1
    sent(acting, [crash])
    clock = acting.clock
    assert isinstance(clock, HandClock)
    clock.at_ns += crisis().replay.delay_blocks * crisis().replay.block_seconds * 10**9
    sent(acting, [crash])
    kinds = {entry.source for entry in acting.journal.read()}
    assert kinds == {"desk", "@policy"}
