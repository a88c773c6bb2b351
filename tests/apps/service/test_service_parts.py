"""Parts of the service on their own: sources, recorder, board, snapshots, limits of the web."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apps.service.services import Caller, HandClock, crisis, quiet, running
from trimtab.apps.service.application import BODY_MAX
from trimtab.apps.service.board import EVENTS_MAX
from trimtab.apps.service.figures import text
from trimtab.apps.service.metrics import metrics_text
from trimtab.apps.service.onlooker import forgettable, longest_delay_ns
from trimtab.apps.service.recorder import MemoryJournal
from trimtab.apps.service.running import Options
from trimtab.apps.service.sources import Sources
from trimtab.apps.service.views import overview
from trimtab.apps.service.work import Work
from trimtab.model import Accepted, Table
from trimtab.model import commands as c
from trimtab.model.ingest import Arrival
from trimtab.model.journal_entries import Tip, entry_after
from trimtab.units import WAD, UsageError


def numbered(number: int | None, source: str = "a") -> Work:
    return Work((c.Accrue(0, ()),), source, number)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(1, 13)), st.lists(st.integers(1, 12), max_size=10))
def test_whatever_the_order_each_number_is_taken_once(order: list[int], again: list[int]) -> None:
    sources, taken = Sources(), []
    # The first number that comes is where a source begins.
    for number in [0, *order, *again]:
        _, ready, _ = sources.sort(numbered(number), 5)
        taken += [work.number for work in ready]
    assert taken == list(range(13))
    state = sources.states()["a"]
    assert (state.taken, state.gap, state.seen_ns) == (13, None, 5)
    assert state.duplicates == len(again)


def test_work_without_a_number_is_taken_as_it_comes() -> None:
    sources = Sources()
    for _ in range(3):
        arrival, ready, gap = sources.sort(numbered(None), 1)
        assert (arrival, len(ready), gap) == (Arrival.NEW, 1, None)
    assert sources.states()["a"].intake.last is None


def test_sources_go_on_after_a_journal() -> None:
    sources = Sources()
    sources.restore({"a": 7})
    assert sources.sort(numbered(7), 1)[0] is Arrival.DUPLICATE
    assert sources.sort(numbered(9), 1)[2] is not None
    assert sources.sort(numbered(8), 1)[0] is Arrival.NEW
    with pytest.raises(UsageError, match="no source"):
        sources.skip("b")


def test_there_are_only_so_many_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.apps.service.sources.SOURCES_MAX", 2)
    service = quiet()
    told: list[Any] = []
    for name in ("a", "b", "c"):
        work = Work((c.Accrue(0, ()),), name, 1, reply=told.append)
        service.writer.group([work])
    assert [one.status for one in told] == ["done", "done", "failed"]
    assert "sources already" in told[2].refused[0][1]


def test_a_memory_journal_keeps_to_the_port() -> None:
    journal, tip = MemoryJournal(), Tip()
    for number in range(1, 6):
        command = c.Accrue(number, ())
        entry = entry_after(
            tip, command, outcome=Accepted({}, ()), at_ns=0, source="a", source_number=number
        )
        journal.append([entry])
        tip = entry.tip
    assert (journal.last(), journal.anchor(), journal.sources()) == (tip, Tip(), {"a": 5})
    assert [entry.number for entry in journal.read(2)] == [3, 4, 5]
    assert [entry.number for entry in journal.read(1, limit=2)] == [2, 3]
    assert (journal.latest_snapshot(), journal.snapshots(), journal.verify()) == (None, [], None)
    assert journal.retain(3) == 0


def test_readers_see_nothing_before_they_are_shown_it() -> None:
    service = quiet()
    with service.board.reading() as before:
        version = before.version
    service.writer.group([Work((c.SetPrices(0, (("ETH", 170 * WAD),)),), "desk")])
    with service.board.reading() as reading:
        assert (reading.version, reading.draft.price_wad("ETH")) == (version, 195 * WAD)
    assert service.board.refresh()
    assert not service.board.refresh(), "nothing is new"
    with service.board.reading() as reading:
        assert (reading.version, reading.draft.price_wad("ETH")) == (version + 1, 170 * WAD)
        assert reading.number == service.journal.last().number


def test_the_readers_columns_follow_the_venue() -> None:
    service = quiet()
    with service.board.reading() as reading:
        overview(reading, acting=False)
    moves = (
        c.Deposit(0, "new", "ETH", 5 * WAD),
        c.Borrow(0, "new", "DAI", 100 * WAD),
        c.Repay(0, "borrower-0001", "USDC", None),
    )
    service.writer.group([Work(moves, "desk", decide=False)])
    service.board.refresh()
    fresh = quiet()
    fresh.writer.group([Work(moves, "desk", decide=False)])
    fresh.board.refresh()
    with service.board.reading() as followed, fresh.board.reading() as made:
        ours, theirs = (overview(one, acting=False) for one in (followed, made))
    for name in ("collateral", "debt", "accounts", "accounts_with_debt", "debt_at_risk"):
        assert float(ours[name]) == pytest.approx(float(theirs[name]), rel=1e-9), name


def test_events_are_kept_up_to_a_number() -> None:
    service = quiet()
    deposits = tuple(c.Deposit(0, f"n{n}", "ETH", WAD) for n in range(600))
    for _ in range(EVENTS_MAX // 600 + 2):
        service.writer.group([Work(deposits, "desk", decide=False)])
    assert len(service.board.events) == EVENTS_MAX
    assert service.board.heard > EVENTS_MAX
    assert len(service.board.events_after(0, 50)) == 50
    last = service.board.heard
    assert [one.number for one in service.board.events_after(last - 2, 50)] == [last - 1, last]
    assert service.board.events_after(last, 50) == []
    api = Caller(service)
    page = api.get(f"/v1/events?after={last - 3}&limit=2").json()
    assert [one["number"] for one in page["events"]] == [last - 2, last - 1]
    assert page["last"] == last - 1
    assert api.get("/v1/events?kind=loss").json()["events"] == []
    assert len(api.get("/v1/events?account=n7&limit=500").json()["events"]) > 10


def test_a_snapshot_waits_until_nothing_depends_on_memory() -> None:
    rules = crisis().replay
    delay = longest_delay_ns(rules)
    assert delay == rules.delay_blocks * rules.block_seconds * 10**9
    assert forgettable({}, rules, now_ns=0)
    assert forgettable({"a": 5}, rules, now_ns=5 + delay)
    assert not forgettable({"a": 5, "b": 6}, rules, now_ns=5 + delay)
    service = quiet(Options(acts=True, snapshot_every=1))
    clock = service.clock
    assert isinstance(clock, HandClock)
    fall = Work((c.SetPrices(0, (("ETH", 120 * WAD),)),), "desk")
    service.writer.group([fall])
    assert service.writer.venue.house.waiting
    assert not service.snapshots.possible()
    assert service.journal.snapshots() == []
    clock.at_ns += 10 * delay
    service.writer.group([fall])
    service.snapshots.finish(service.journal.last())
    assert service.snapshots.failure == ""
    assert len(service.journal.snapshots()) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-0.0, "0"), (1.5, "1.5"), (1e-9, "0"), (1e15, "1000000000000000")],
)
def test_estimates_are_plain_decimals(value: float, shown: str) -> None:
    assert text(value) == shown


def test_estimates_that_are_no_numbers_are_null() -> None:
    assert [text(one) for one in (float("inf"), float("-inf"), float("nan"))] == [None] * 3


def test_metrics_count_what_was_done() -> None:
    service = quiet()
    tick = c.SetPrices(0, (("ETH", 170 * WAD), ("WBTC", 7000 * WAD)))
    service.writer.group([Work((tick,), "desk", 1), Work((tick,), "desk", 1)])
    refused = c.Withdraw(0, "nobody", "ETH", 1)
    service.writer.group([Work((refused,), "desk", 2)])
    service.board.refresh()
    lines = dict(
        line.rsplit(" ", 1)
        for line in metrics_text(service).decode().splitlines()
        if not line.startswith("#")
    )
    assert float(lines["trimtab_commands_total"]) == 1
    assert float(lines["trimtab_commands_refused_total"]) == 1
    assert float(lines["trimtab_prices_total"]) == 2
    assert float(lines["trimtab_journal_entries"]) == 2
    assert float(lines['trimtab_source_duplicates_total{source="desk"}']) == 1
    assert float(lines["trimtab_accounts"]) == 408
    assert float(lines["trimtab_debt_quote"]) > 1e7
    assert float(lines["trimtab_ready"]) == 0, "nothing runs"


def test_a_body_is_measured_as_it_comes() -> None:
    with running(quiet()) as service:
        api = Caller(service)

        def chunks() -> Any:
            async def more() -> Any:
                for _ in range(BODY_MAX // 1024 + 2):
                    yield b" " * 1024

            return more()

        sent = {"content-type": "application/json"}
        answer = api.ask("POST", "/v1/what-if", content=chunks(), headers=sent)
        assert answer.status_code in (400, 413), answer.text
        declared = sent | {"content-length": "1" * 30}
        answer = api.ask("POST", "/v1/what-if", content=b"{}", headers=declared)
        assert answer.json()["error"] == "body_too_large"
        assert answer.headers["x-frame-options"] == "DENY"


def test_whoever_asks_for_nothing_is_told_so() -> None:
    api = Caller(quiet())
    assert api.get("/v1/nothing").json()["error"] == "not_found"
    answer = api.ask("DELETE", "/v1/overview")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert api.get("/v1/replay").json()["error"] == "no_replay"
    assert api.get("/v1/adl/ETH-PERP").json()["error"] == "unknown_market"
    assert api.get("/healthz").text == "ok"


def test_an_account_that_was_closed_out_keeps_its_page() -> None:
    service = quiet()
    service.writer.group(
        [Work((c.Deposit(0, "new", "ETH", WAD), c.Withdraw(0, "new", "ETH", None)), "desk")]
    )
    service.board.refresh()
    assert service.board.store.get(Table.ACCOUNT, "new") is not None
    found = Caller(service).get("/v1/accounts/new").json()
    assert (found["balances"], found["health_factor"], found["collateral"]) == ([], None, "0")
