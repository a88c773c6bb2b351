"""A live venue: its index and the engine agree at every tick, and its acts are a replay's."""

import random
from dataclasses import replace

import pytest

from trimtab.apps import front
from trimtab.engine import Draft, account_sums, is_unsafe, open_venue
from trimtab.model import Case, Table
from trimtab.model import commands as c
from trimtab.simulation import first_prices, replay
from trimtab.simulation.feed import Feed
from trimtab.simulation.live import LiveVenue
from trimtab.units import WAD


@pytest.fixture(scope="module")
def crisis() -> Case:
    whole = front.demo_case()
    return replace(whole, ticks=whole.ticks[:72])


def opened(case: Case, *, acts: bool = False) -> LiveVenue:
    at_ns = case.ticks[0].at_ns
    store = open_venue(case.rules, case.book, at_ns=at_ns, prices=first_prices(case))
    return LiveVenue(store, case.replay, acts=acts, waiting=None)


def exactly_unsafe(venue: LiveVenue, at_ns: int) -> list[str]:
    """The engine, asked about everybody."""
    draft = Draft(venue.store, at_ns)
    found = []
    for key in sorted(venue.store.keys(Table.ACCOUNT)):
        account = draft.account(key)
        unsafe = account.at_risk and is_unsafe(account, account_sums(account, draft))
        if unsafe and not key.startswith("@"):
            found.append(key)
    return found


def test_the_same_ticks_end_in_the_state_of_the_replay(crisis: Case) -> None:
    venue, feed = opened(crisis, acts=True), Feed(crisis)
    for number, tick in enumerate(crisis.ticks):
        cost = [one.cost_wad for one in crisis.gas if one.at_ns <= tick.at_ns]
        gas = cost[-1] if cost else None
        venue.do(list(feed.batch(number)), decide=True, at_ns=tick.at_ns, gas_wad=gas)
    assert venue.store.state_hash() == replay(crisis).state_hash


def test_whoever_is_unsafe_is_found_and_nobody_else(crisis: Case) -> None:
    venue, chance = opened(crisis), random.Random(5)
    at_ns, price = crisis.ticks[0].at_ns, 195.0
    for _ in range(40):
        at_ns += 60 * 10**9
        price = min(200.0, max(90.0, price * (1 + chance.gauss(-0.01, 0.04))))
        tick = c.SetPrices(at_ns, (("ETH", int(price * 10**6) * 10**12),))
        done = venue.do([tick], decide=True)
        assert done.sent == len(done.told) == 1
        assert list(venue.house.waiting) == exactly_unsafe(venue, at_ns)
    assert len(venue.house.waiting) > 30


def test_deposits_and_loans_move_accounts_in_the_index(crisis: Case) -> None:
    venue, at_ns = opened(crisis), crisis.ticks[0].at_ns
    venue.do([c.SetPrices(at_ns, (("ETH", 120 * WAD),))], decide=True)
    saved = next(key for key in venue.house.waiting if key.startswith("vault-eth"))
    money = [
        c.Deposit(at_ns, saved, "ETH", 10**6 * WAD),
        c.Deposit(at_ns, "new", "ETH", 10 * WAD),
        c.Borrow(at_ns, "new", "DAI", 700 * WAD),
    ]
    done = venue.do(money, decide=False)
    assert [told.refused for told in done.told] == [None] * 3
    assert saved in venue.house.waiting, "without a tick nobody looks"
    venue.do([c.SetPrices(at_ns + 1, (("ETH", 100 * WAD),))], decide=True)
    assert saved not in venue.house.waiting
    assert "new" in venue.house.waiting
    assert list(venue.house.waiting) == exactly_unsafe(venue, at_ns + 1)


def test_a_refused_command_changes_nothing_and_is_told(crisis: Case) -> None:
    venue, at_ns = opened(crisis), crisis.ticks[0].at_ns
    before = venue.store.state_hash()
    done = venue.do([c.Borrow(at_ns, "nobody", "DAI", WAD)], decide=False)
    (told,) = done.told
    assert told.refused is not None
    assert (told.events, done.changes) == ((), {})
    assert venue.store.state_hash() == before


def test_since_when_is_kept_while_an_account_stays_unsafe(crisis: Case) -> None:
    venue, at_ns = opened(crisis), crisis.ticks[0].at_ns
    venue.do([c.SetPrices(at_ns, (("ETH", 120 * WAD),))], decide=True)
    first = dict(venue.house.waiting)
    assert set(first.values()) == {at_ns}
    venue.do([], decide=True, at_ns=at_ns + 10**9)
    assert {key: venue.house.waiting.get(key) for key in first} == first
    venue.do([c.SetPrices(at_ns + 2 * 10**9, (("ETH", 195 * WAD),))], decide=True)
    assert venue.house.waiting == {}
