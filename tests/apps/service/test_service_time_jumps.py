"""Leaps of the venue's time: what was accrued, from when to when, told once and kept."""

from decimal import Decimal

from tests.apps.service.services import Caller, HandClock, crisis, quiet, running, until
from tests.apps.service.test_service_degraded import Told
from trimtab.apps.service.opening import replayed
from trimtab.apps.service.running import Options, Service
from trimtab.apps.service.time_jumps import DAY_NS, Jump, TimeWatch, debt_wad, jump_text
from trimtab.apps.service.work import Work
from trimtab.model import commands as c
from trimtab.units import WAD


def leapt(days: int) -> tuple[Service, Told]:
    """A service whose clock lies some days after its book, told of one price."""
    service, log = quiet(), Told()
    service.log = log
    clock = service.clock
    assert isinstance(clock, HandClock)
    clock.at_ns = service.case.ticks[0].at_ns + days * DAY_NS
    price = service.writer.venue.moment.draft.price_wad("ETH")
    service.writer.group([Work((c.SetPrices(0, (("ETH", price),)),), "desk")])
    return service, log


def test_six_years_of_interest_are_said() -> None:
    service, log = leapt(2446)
    (found,) = Caller(service).get("/v1/status").json()["notices"]
    ((level, event, about),) = log.lines
    assert (level, event) == ("warning", "time_leapt")
    assert about["from"] == "2020-03-12T00:00:00Z" or about["from"] in found
    assert about["days"] == 2446
    assert about["to"][:19] in found
    assert "--speed" in found
    interest, before = Decimal(about["interest"]), Decimal(about["debt_before"])
    assert interest == Decimal(about["debt_after"]) - before
    assert interest > before / 10, "years of interest on the bundled book"
    service.board.refresh()
    with service.board.reading() as reading:
        assert (
            debt_wad(reading.store, reading.at_ns) == service.writer.times.jumps[0].debt_after_wad
        )


def test_a_day_is_no_leap_and_one_that_was_told_is_not_told_again() -> None:
    service, log = leapt(1)
    assert log.lines == []
    service, log = leapt(2)
    service.writer.group([Work((), "@clock")])
    assert [event for _, event, _ in log.lines] == ["time_leapt"]


def test_a_look_without_a_price_leaps_too() -> None:
    service, log = quiet(Options(heartbeat_s=0.01, publish_s=0.01)), Told()
    service.log = log
    clock = service.clock
    assert isinstance(clock, HandClock)
    clock.at_ns += 400 * DAY_NS
    with running(service):
        until(lambda: service.writer.times.jumps)
        until(lambda: service.writer.counters.groups > 2)
    assert [line[1] for line in log.lines] == ["time_leapt"], "the clock looks again and again"


def test_rows_of_a_replay_are_no_leaps() -> None:
    watch = TimeWatch(0, lambda _: None)
    service = replayed(crisis(), Options(), speed=1e6)
    watch.reach(30 * DAY_NS, service.writer.venue.store, expected=True)
    assert watch.jumps == ()
    with running(service):
        until(lambda: service.feeds[0].status().startswith("ended"), seconds=60)
    assert service.writer.times.jumps == ()


def test_a_leap_reads_as_one_sentence() -> None:
    jump = Jump(0, 3 * DAY_NS + 1, 100 * WAD, 110 * WAD + 1)
    assert jump_text(jump, "USD").startswith(
        "the venue's time leapt 3 days, from 1970-01-01T00:00:00Z to 1970-01-04T00:00:00"
    )
    assert "10.01 USD of interest was accrued at once, debt 100 to 110.01" in jump_text(jump, "USD")
