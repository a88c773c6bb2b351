"""Manners towards a node: the rate, the tries, the waits; all by a clock that stands still."""

from __future__ import annotations

import pytest

from tests.adapters.chain_fakes import ScriptedWire, StillClock
from trimtab.adapters.chains.pacing import Manners, PacedWire, SystemClock, says_busy
from trimtab.adapters.chains.wire import Fault, Reply, Request, RpcError, WireError

ONE = [Request("eth_chainId")]
FINE = Reply("0x1")


def paced(*script: object, manners: Manners | None = None) -> tuple[PacedWire, StillClock]:
    clock = StillClock()
    return PacedWire(ScriptedWire(*script), manners or Manners(), clock=clock), clock


def test_requests_keep_to_the_rate() -> None:
    wire, clock = paced(*[FINE] * 4, manners=Manners(rate_per_s=4.0))
    for _ in range(4):
        wire.send(ONE)
    assert clock.sleeps == [0.25, 0.25, 0.25]


def test_a_batch_counts_each_of_its_requests() -> None:
    wire, clock = paced(FINE, FINE, manners=Manners(rate_per_s=10.0))
    assert wire.send(ONE * 30) == [FINE] * 30
    wire.send(ONE)
    assert clock.sleeps == [3.0]


def test_time_that_went_by_is_not_waited_for_again() -> None:
    wire, clock = paced(FINE, FINE, manners=Manners(rate_per_s=1.0))
    wire.send(ONE)
    clock.moment_s += 5
    wire.send(ONE)
    assert clock.sleeps == []


def test_waits_double_up_to_the_longest() -> None:
    manners = Manners(rate_per_s=1e9, tries_max=5, wait_first_s=1.0, wait_max_s=3.0)
    wire, clock = paced(*[WireError(Fault.GONE, "refused")] * 4, FINE, manners=manners)
    assert wire.send(ONE) == [FINE]
    assert clock.sleeps == [1.0, 2.0, 3.0, 3.0]


def test_the_server_may_ask_for_more_time_within_bounds() -> None:
    manners = Manners(rate_per_s=1e9, wait_first_s=1.0, wait_max_s=20.0)
    script = [WireError(Fault.BUSY, "HTTP 429", wait_s=wait) for wait in (7.0, 900.0)]
    wire, clock = paced(*script, FINE, manners=manners)
    wire.send(ONE)
    assert clock.sleeps == [7.0, 20.0]


def test_tries_are_bounded() -> None:
    failures = [WireError(Fault.GONE, f"refused {number}") for number in range(9)]
    wire, clock = paced(*failures, manners=Manners(rate_per_s=1e9, tries_max=3))
    with pytest.raises(WireError, match="refused 2"):
        wire.send(ONE)
    assert len(clock.sleeps) == 2


def test_a_question_that_takes_too_long_is_asked_twice_alone() -> None:
    script = [WireError(Fault.TIMEOUT, "no answer in time")] * 2
    wire, clock = paced(*script, manners=Manners(rate_per_s=1e9))
    with pytest.raises(WireError, match="in time"):
        wire.send(ONE)
    assert len(clock.sleeps) == 1


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.TOO_LARGE])
def test_what_will_not_get_better_is_not_tried_again(fault: Fault) -> None:
    wire, clock = paced(WireError(fault, "HTTP 4xx"))
    with pytest.raises(WireError):
        wire.send(ONE)
    assert clock.sleeps == []


def test_an_error_that_says_later_is_asked_later() -> None:
    later = Reply(error=RpcError(-32005, "Too Many Requests, slow down"))
    wire, clock = paced(later, FINE, manners=Manners(rate_per_s=1e9))
    assert wire.send(ONE) == [FINE]
    assert clock.sleeps == [0.5]


@pytest.mark.parametrize(
    ("code", "message", "busy"),
    [
        (429, "", True),
        (-32005, "daily rate limit reached", True),
        (-32000, "exceeded its compute units per second capacity", True),
        (-32005, "query returned more than 10000 results", False),
        (3, "execution reverted", False),
    ],
)
def test_later_is_told_from_no(code: int, message: str, busy: bool) -> None:
    assert says_busy(RpcError(code, message)) is busy


def test_the_real_clock_moves() -> None:
    clock = SystemClock()
    begun = clock.now_s()
    clock.sleep(0.001)
    assert clock.now_s() > begun


def test_the_node_keeps_its_name() -> None:
    assert paced()[0].where == "node.example"
