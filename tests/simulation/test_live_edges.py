"""A live venue, its house and its policy at their edges: nobody, delays, gas, both indices."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.simulation.cases import row, small_case, small_rules, ticks_of
from tests.simulation.test_live import exactly_unsafe
from trimtab.engine import Draft, open_venue
from trimtab.kernels.backends import Backend
from trimtab.model import Accepted, Case, ReplayRules, Table
from trimtab.model import commands as c
from trimtab.simulation import first_prices
from trimtab.simulation.columns import VenueColumns
from trimtab.simulation.live import LiveVenue
from trimtab.simulation.venue_index import VenueIndex
from trimtab.units import NANOSECONDS, WAD

PRICES = {"BTC": 30_000, "ETH": 2_000}
BLOCK = 12 * NANOSECONDS


def book_case(*rows, **replayed) -> Case:
    return Case("live", small_rules(), tuple(rows), ticks_of(PRICES), ReplayRules(**replayed), {})


def loan(name: str, debt: int):
    return row(name, "ETH", 10**18), row(name, "USD", -debt * 10**6)


def lender():
    return row("zoe", "USD", 10**6 * 10**6), row("zoe", "ETH", 1000 * 10**18)


def opened(case: Case, *, acts: bool = False, waiting: dict[str, int] | None = None) -> LiveVenue:
    at_ns = case.ticks[0].at_ns
    store = open_venue(case.rules, case.book, at_ns=at_ns, prices=first_prices(case))
    return LiveVenue(store, case.replay, acts=acts, waiting=waiting)


def eth(at_ns: int, price: float) -> c.SetPrices:
    return c.SetPrices(at_ns, (("ETH", round(price * 10**6) * 10**12),))


def test_a_venue_without_accounts_decides_that_nobody_is_unsafe():
    venue = opened(book_case(), acts=True)
    done = venue.do([eth(venue.now_ns, 1.0)], decide=True)
    assert [told.refused for told in done.told] == [None]
    assert venue.house.waiting == {}
    assert venue.between_levels() == []
    later = venue.now_ns
    done = venue.do(
        [c.Deposit(later, "ann", "ETH", 10**18), c.Borrow(later, "ann", "USD", 100 * 10**6)],
        decide=True,
    )
    assert list(venue.store.keys(Table.ACCOUNT))
    assert [told.refused is None for told in done.told] == [True, False], "the fund alone lends 60"


def test_a_tie_is_safe_and_a_unit_less_is_not():
    # 1,600 owed at a threshold of 0.8: the edge is at 2,000.
    venue = opened(book_case(*loan("ann", 1_600), *lender()))
    venue.do([eth(venue.now_ns, 2000.0)], decide=True)
    assert venue.house.waiting == {}
    venue.do([eth(venue.now_ns + 1, 1999.999999)], decide=True)
    assert list(venue.house.waiting) == ["ann"]
    assert venue.between_levels() == ["ann"]


def test_under_the_initial_level_alone_nobody_is_liquidated():
    venue = opened(book_case(*loan("ann", 1_550), *lender()), acts=True)
    done = venue.do([eth(venue.now_ns, 2000.0)], decide=True)
    assert venue.between_levels() == ["ann"]
    assert (venue.house.waiting, done.sent, len(done.told)) == ({}, 1, 1)


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_keepers_come_after_their_delay_and_not_before(blocks):
    case = book_case(*loan("ann", 1_550), *lender(), delay_blocks=blocks)
    venue = opened(case, acts=True)
    policy, start = venue.policy, venue.now_ns
    assert policy.delay_ns == blocks * case.replay.block_seconds * NANOSECONDS
    assert policy.due_ns(start) == start + policy.delay_ns
    venue.do([eth(start, 1_800.0)], decide=True)
    for late in (policy.delay_ns - 1, policy.delay_ns):
        if late > 0:
            assert list(venue.house.waiting) == ["ann"]
            done = venue.do([], decide=True, at_ns=start + late)
            assert bool(done.told) == (late >= policy.delay_ns)
            assert done.sent == 0
    assert venue.house.waiting == {} or not exactly_unsafe(venue, start + policy.delay_ns)


def test_gas_above_every_gain_stops_keepers_and_falling_gas_brings_them_back():
    venue = opened(book_case(*loan("ann", 1_550), *lender()), acts=True)
    dear = venue.do([eth(venue.now_ns, 1_800.0)], decide=True, gas_wad=10**6 * WAD)
    assert len(dear.told) == dear.sent == 1
    assert venue.policy.offer("ann", capital_wad=None) is None
    free = venue.do([], decide=True, gas_wad=0)
    assert [type(told.command) for told in free.told] == [c.Liquidate]
    assert free.changes
    assert not exactly_unsafe(venue, venue.now_ns)
    assert venue.policy.gas_wad == 0


def test_keepers_without_capital_do_nothing():
    case = book_case(*loan("ann", 1_550), *lender(), capital_wad=0)
    venue = opened(case, acts=True)
    done = venue.do([eth(venue.now_ns, 1_800.0)], decide=True)
    assert done.sent == len(done.told) == 1
    assert list(venue.house.waiting) == ["ann"]


def test_an_offer_gains_its_bonus_and_costs_what_it_repays():
    """0.05 of what is repaid; to health 1.05 at 1,800: (1.05 x 1550 - 1440) / 0.21."""
    venue = opened(book_case(*loan("ann", 1_550), *lender()))
    venue.do([eth(venue.now_ns, 1_800.0)], decide=True)
    offer = venue.policy.offer("ann", capital_wad=None)
    assert offer is not None
    assert offer.cost_wad / WAD == pytest.approx((1.05 * 1550 - 1440) / 0.21, rel=1e-6)
    assert offer.gain_wad / WAD == pytest.approx(0.05 * offer.cost_wad / WAD, rel=1e-6)
    half = venue.policy.offer("ann", capital_wad=offer.cost_wad // 2)
    assert half is not None
    assert half.cost_wad <= offer.cost_wad // 2


def test_a_venue_that_goes_on_remembers_since_when():
    case = book_case(*loan("ann", 1_700), *loan("bob", 100), *lender(), delay_blocks=10)
    since = case.ticks[0].at_ns - 5
    venue = opened(case, waiting={"ann": since, "bob": since})
    venue.do([], decide=True)
    assert venue.house.waiting == {"ann": since}, "who is safe no longer waits"
    assert venue.house.due(since + 9, delay_ns=10) == []
    assert venue.house.due(since + 10, delay_ns=10) == ["ann"]


def test_refused_and_accepted_commands_are_told_once_each():
    venue = opened(book_case(*loan("ann", 1_000), *lender()))
    now = venue.now_ns
    good, bad = c.Deposit(now, "new", "ETH", 10**18), c.Withdraw(now, "nobody", "ETH", 1)
    done = venue.do([good, bad, good], decide=False)
    assert sorted(told.refused is None for told in done.told) == [False, True, True]
    assert done.sent == 3
    account = venue.store.get(Table.ACCOUNT, "new")
    assert account is not None
    assert done.changes[Table.ACCOUNT, "new"] == account
    assert venue.do([], decide=False).changes == {}, "work is told once"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("backend", [Backend.NUMBA, Backend.NUMPY])
def test_two_indices_and_the_engine_name_the_same(seed, backend):
    chance = random.Random(seed)
    loans = [loan(f"a{n:02d}", chance.randint(300, 1_590)) for n in range(40)]
    case = book_case(*(line for pair in loans for line in pair), *lender())
    venue = opened(case)
    columns = VenueColumns(venue.store, Draft(venue.store, venue.now_ns))
    index = VenueIndex(columns, Draft(venue.store, venue.now_ns), backend=backend)
    at_ns, price, ever = venue.now_ns, 2_000.0, set()
    for _ in range(25):
        at_ns += BLOCK
        price = max(400.0, min(2_100.0, price * (1 + chance.gauss(-0.02, 0.06))))
        done = venue.do([eth(at_ns, price)], decide=True)
        changed = columns.apply(Accepted(done.changes, ()), Draft(venue.store, at_ns))
        found = index.unsafe(Draft(venue.store, at_ns), changed=changed).tolist()
        named = sorted(columns.keys[number] for number in found)
        assert named == list(venue.house.waiting) == exactly_unsafe(venue, at_ns)
        ever.update(named)
    assert len(ever) > 15


def test_an_index_of_nobody_finds_nobody():
    venue = opened(book_case())
    draft = Draft(venue.store, venue.now_ns)
    index = VenueIndex(VenueColumns(venue.store, draft), draft)
    assert index.unsafe(draft).tolist() == []
    assert index.examined == 0


def test_a_crash_in_one_step_leaves_nobody_who_could_be_liquidated_at_a_gain():
    """After a decision with free gas, every unsafe account has no offer left."""
    case = replace(small_case(), replay=ReplayRules())
    venue = opened(case, acts=True)
    prices = (("BTC", 9_000 * WAD), ("ETH", 1_100 * WAD))
    venue.do([c.SetPrices(venue.now_ns, prices)], decide=True, gas_wad=0)
    for key in exactly_unsafe(venue, venue.now_ns):
        assert venue.policy.offer(key, capital_wad=None) is None
    assert venue.columns.unsafe(venue.moment.draft).unsafe.size == len(venue.unsafe())
