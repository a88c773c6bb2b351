"""The venue of a run: what is due, what an attempt leaves, and accounts beside the book."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.cases import START_NS, STEP_SECONDS, small_case
from trimtab.model import GasTick
from trimtab.model import commands as c
from trimtab.simulation.driver import GasTable
from trimtab.simulation.venue_run import VenueRun
from trimtab.units import NANOSECONDS, WAD

STEP_NS = STEP_SECONDS * NANOSECONDS


def fallen(price: int, *, more: tuple[str, ...] = ()) -> VenueRun:
    venue = VenueRun(small_case(), more=more)
    venue.begin(START_NS + STEP_NS)
    prices = (("BTC", 2_000 * WAD), ("ETH", price * WAD))
    assert venue.do(c.SetPrices(START_NS + STEP_NS, prices))
    venue.house.look(START_NS + STEP_NS)
    return venue


def test_who_waits_is_due_after_the_delay_and_not_before() -> None:
    venue = fallen(1_450)
    at_ns = START_NS + STEP_NS
    assert venue.house.waiting
    assert set(venue.house.waiting.values()) == {at_ns}
    assert venue.house.due(at_ns, delay_ns=0) == sorted(venue.house.waiting)
    assert venue.house.due(at_ns + 5, delay_ns=6) == []
    assert venue.house.due(at_ns + 6, delay_ns=6) == sorted(venue.house.waiting)


def test_an_attempt_that_is_not_wanted_changes_nothing() -> None:
    venue = fallen(1_450)
    before, told = venue.store.state_hash(), len(venue.events)
    command = c.Liquidate(START_NS + STEP_NS, "ann", "USD", "ETH", "@keeper")
    assert venue.attempt(command, lambda _: False) is None
    assert (venue.store.state_hash(), len(venue.events)) == (before, told)
    assert venue.tally.liquidations == 0
    outcome = venue.attempt(command, lambda found: bool(found.events))
    assert outcome is not None
    assert venue.store.state_hash() != before
    assert venue.tally.liquidations == 1
    assert venue.commands[-1] == command


def test_an_account_that_the_book_does_not_list_is_watched_when_it_comes() -> None:
    venue = fallen(2_000, more=("@late",))
    at_ns = START_NS + STEP_NS
    assert venue.unsafe() == fallen(2_000).unsafe()
    assert venue.do(c.Deposit(at_ns, "@late", "ETH", 10**18))
    assert venue.do(c.Borrow(at_ns, "@late", "USD", 1_400 * 10**6))
    assert venue.do(c.SetPrices(at_ns, (("ETH", 1_600 * WAD),)))
    assert "@late" in venue.unsafe()


def test_gas_is_the_last_that_was_told() -> None:
    rows = (GasTick(START_NS, 3 * WAD), GasTick(START_NS + 10, 5 * WAD))
    case = small_case(gas_cost_wad=WAD)
    quiet, told = GasTable(case), GasTable(replace(case, gas=rows))
    assert quiet.at(START_NS) == WAD
    assert [told.at(START_NS + later) for later in (0, 9, 10, 99)] == [
        3 * WAD,
        3 * WAD,
        5 * WAD,
        5 * WAD,
    ]
