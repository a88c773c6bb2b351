"""Several sources, one price; and what an old one may still be used for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    funds,
    held,
    mark_of,
    opened,
    perp,
    rules_with,
    state_of,
    submit,
    tick,
    trade,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine.aggregation import aggregated, median_wad
from trimtab.model import (
    EventKind,
    Observation,
    OracleRules,
    PriceUse,
    Reason,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

NOW_S = 10_000


def said(price: int, *, age: int = 0, confidence: int = 0) -> Observation:
    return Observation(price * WAD, confidence * WAD, at(0) + (NOW_S - age) * 10**9)


def verdict(rules: OracleRules, *said_by: Observation):
    observations = {f"s{place}": each for place, each in enumerate(said_by)}
    return aggregated(observations, rules, now_ns=at(0) + NOW_S * 10**9)


@given(st.lists(st.integers(1, 10**30), min_size=1, max_size=9))
def test_the_median_is_in_the_middle(prices):
    found = median_wad(prices)
    below = sum(1 for price in prices if price < found)
    above = sum(1 for price in prices if price > found)
    assert max(below, above) * 2 <= len(prices)
    assert min(prices) <= found <= max(prices)


@pytest.mark.parametrize(
    ("rules", "sources", "price", "refused_for"),
    [
        ({}, [said(100)], 100, ""),
        ({}, [], 0, "quorum"),
        ({"quorum": 2}, [said(100)], 0, "quorum"),
        ({"quorum": 2}, [said(100), said(104)], 102, ""),
        ({"max_age_seconds": 60}, [said(100, age=60)], 100, ""),
        ({"max_age_seconds": 60}, [said(100, age=61)], 0, "stale"),
        ({"max_age_seconds": 60}, [said(100, age=61), said(90)], 90, ""),
        ({"max_confidence_wad": 2 * PERCENT}, [said(100, confidence=2)], 100, ""),
        ({"max_confidence_wad": 2 * PERCENT}, [said(100, confidence=3)], 0, "uncertain"),
        ({"max_deviation_wad": 5 * PERCENT}, [said(100), said(100), said(300)], 100, ""),
        ({"max_deviation_wad": 5 * PERCENT, "quorum": 2}, [said(100), said(300)], 0, "deviation"),
        ({"quorum": 3, "max_age_seconds": 9}, [said(1), said(1), said(1, age=10)], 0, "stale"),
    ],
)
def test_what_is_accepted_and_why_not(rules, sources, price, refused_for):
    found = verdict(OracleRules(**rules), *sources)
    assert (found.price_wad, found.refused) == (price * WAD, refused_for)


def test_a_price_is_vouched_for_until_the_oldest_of_its_quorum():
    rules = OracleRules(quorum=2)
    found = verdict(rules, said(100, age=50), said(100, age=20), said(100, age=5))
    assert found.at_ns == at(0) + (NOW_S - 20) * 10**9


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=7))
def test_one_liar_moves_the_price_no_further_than_its_neighbours(prices):
    honest = sorted(prices)
    found = verdict(OracleRules(quorum=1), *[said(p) for p in [*prices, *prices, 10**9]])
    assert honest[0] * WAD <= found.price_wad <= honest[-1] * WAD


def guarded(**settings):
    rules = rules_with(oracle=OracleRules(**settings), **funds(insurance=1000))
    return opened(rules, cash("a", 2000), held("a", 5), cash("b", 10**5))


def test_a_refused_price_is_an_event_and_the_last_one_stays():
    store = guarded(quorum=2)
    events = accepted(store, submit(3000)).events
    assert [(e.kind, e.reason) for e in events] == [(EventKind.PRICE_REFUSED, "quorum")]
    assert draft_of(store).price_wad("ETH") == 2000 * WAD
    events = accepted(store, submit(3100, source="b")).events
    assert [(e.kind, e.price) for e in events] == [(EventKind.PRICE, 3050 * WAD)]


@pytest.mark.parametrize(
    "command",
    [
        submit(0),
        replace(submit(2000), asset="USD"),
        replace(submit(2000), published_ns=at(1)),
        replace(submit(2000), confidence_wad=-1),
        replace(submit(2000), price_wad=1 << 257),
    ],
)
def test_what_is_no_price_is_refused(command):
    assert refused(guarded(), command) is Reason.PRICE_INVALID


def test_a_source_cannot_go_back_in_time():
    store = guarded()
    accepted(store, submit(2000, seconds=10))
    assert refused(store, submit(2100, seconds=11, age=2)) is Reason.PRICE_INVALID
    accepted(store, submit(2100, seconds=11, age=1))


USES = {
    PriceUse.TRADE: lambda s: trade("a", "b", 0.1, 2000, seconds=s),
    PriceUse.WITHDRAW: lambda s: commands.Withdraw(at(s), "a", "USD", DOLLAR),
    PriceUse.LIQUIDATE: lambda s: commands.LiquidatePosition(at(s), "thin", PERP, POOL),
    PriceUse.SETTLE: lambda s: commands.Settle(at(s), "loser", PERP),
}


@pytest.mark.parametrize("use", PriceUse)
@pytest.mark.parametrize("allowed", [None, *PriceUse])
def test_an_old_price_is_good_for_what_the_table_says(use, allowed):
    allows = () if allowed is None else (str(allowed),)
    rules = rules_with(oracle=OracleRules(max_age_seconds=60, stale_allows=allows))
    rules = replace(rules, **funds(insurance=1000))
    rows = [cash("a", 2000), held("a", 1), cash("b", 10**5), cash("thin", 90), held("thin", 1)]
    store = opened(rules, *rows, cash("loser", 900), held("loser", 1, entry=2100))
    accepted(store, USES[use](60))
    store = opened(rules, *rows, cash("loser", 900), held("loser", 1, entry=2100))
    if use is allowed:
        accepted(store, USES[use](61))
    else:
        assert refused(store, USES[use](61)) is Reason.PRICE_STALE


def test_an_old_price_liquidates_no_loan_either():
    ether = replace(cash("d", 0), instrument="ETH", quantity=ETHER)
    rules = rules_with(oracle=OracleRules(max_age_seconds=60))
    store = opened(rules, ether, cash("d", -1700))
    for command in (
        commands.Liquidate(at(61), "d", "USD", "ETH", "keeper"),
        commands.StartAuction(at(61), "d", "USD", "ETH", "keeper"),
        commands.TransferToBackstop(at(61), "d"),
    ):
        assert refused(store, command) is Reason.PRICE_STALE
    accepted(store, commands.Liquidate(at(60), "d", "USD", "ETH", "keeper"))


def test_who_only_holds_may_withdraw_at_any_price():
    store = guarded(max_age_seconds=60)
    accepted(store, commands.Withdraw(at(10**6), "b", "USD", DOLLAR))
    accepted(store, commands.Deposit(at(10**6), "a", "USD", DOLLAR))


# The mark price


def marked(**settings):
    return opened(rules_with(perp(**settings)), cash("a", 2000), held("a", 5))


def mark(*prices: int, seconds: int = 0):
    inputs = tuple((f"input{place}", price * WAD) for place, price in enumerate(prices))
    return commands.SubmitMark(at(seconds), PERP, inputs)


def test_the_mark_is_the_median_of_named_inputs():
    store = marked()
    (event,) = accepted(store, mark(2040, 1990, 2010)).events
    assert (event.kind, event.price) == (EventKind.MARK, 2010 * WAD)
    assert mark_of(store).price_wad == 2010 * WAD


def test_a_mark_beyond_the_band_is_refused_and_the_index_rules():
    store = marked(mark_band_wad=5 * PERCENT)
    accepted(store, mark(2100))
    assert mark_of(store).price_wad == 2100 * WAD
    (event,) = accepted(store, mark(2101)).events
    assert (event.kind, event.reason) == (EventKind.PRICE_REFUSED, "band")
    assert mark_of(store).price_wad == 2000 * WAD


def test_an_index_that_leaves_the_mark_behind_takes_its_place():
    store = marked(mark_band_wad=5 * PERCENT)
    accepted(store, mark(2000))
    tick(store, 1800)
    assert mark_of(store).price_wad == 1800 * WAD
    assert state_of(store).mark_wad == 2000 * WAD
    tick(store, 1910)
    assert mark_of(store).price_wad == 2000 * WAD


@pytest.mark.parametrize("inputs", [(), (("a", 0),), (("a", WAD), ("a", WAD)), (("a", 1 << 256),)])
def test_what_is_no_mark_is_refused(inputs):
    asked = commands.SubmitMark(at(0), PERP, inputs)
    assert refused(marked(), asked) is Reason.PRICE_INVALID
