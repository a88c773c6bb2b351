"""The worked examples of the concept pages on prices: sources, stable price, mark, breakers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.docs.tiny_venue import TinyVenue, asset, at, perp, rules_of, says, shown, tells, wad
from trimtab.engine.breaker import level_in_force
from trimtab.engine.perps.marks import market_mark
from trimtab.model import BreakerRules, EventKind, FundRules, Level, OracleRules, Reason, Rules
from trimtab.model import commands as c

PAGE, BREAKERS, PERP = "oracle-and-stable-price.md", "prices-and-breakers.md", "ETH-PERP"


def venue(book: str = "ann USD 5000\nbob USD 5000", **sections: Any) -> TinyVenue:
    return TinyVenue(rules(**sections), book)


def rules(**sections: Any) -> Rules:
    market = sections.pop("market", perp())
    found = rules_of(
        asset("ETH", "2000", weights="0.75 0.80 0.80"), asset("DAI", "1"), market=market
    )
    return replace(found, **sections)


def submit(
    oracle: TinyVenue, source: str, price: str, *, seconds: int, confidence: str = "0", age: int = 0
) -> tuple[EventKind, int, str]:
    said = c.SubmitPrice(at(seconds), "ETH", source, wad(price), wad(confidence), at(seconds - age))
    (event,) = (e for e in oracle.do(said).events if e.asset == "ETH")
    return event.kind, event.price, event.reason


def test_three_sources_and_a_quorum_of_two() -> None:
    oracle = venue(
        oracle=OracleRules(
            quorum=2,
            max_age_seconds=60,
            max_confidence_wad=wad("0.01"),
            max_deviation_wad=wad("0.02"),
            max_jump_wad=wad("1.5"),
        )
    )
    refused, accepted = EventKind.PRICE_REFUSED, EventKind.PRICE
    steps = [
        (submit(oracle, "a", "2000", seconds=1), refused, "quorum"),
        (submit(oracle, "b", "2010", seconds=2), accepted, ""),
        (submit(oracle, "c", "2400", seconds=3), accepted, ""),
        (submit(oracle, "a", "2000", seconds=4, confidence="30"), refused, "deviation"),
        (submit(oracle, "c", "2400", seconds=5, confidence="30"), refused, "uncertain"),
        (submit(oracle, "c", "2012", seconds=65), refused, "stale"),
        (submit(oracle, "a", "3900", seconds=66), refused, "deviation"),
        (submit(oracle, "c", "3900", seconds=67), refused, "jump"),
    ]
    for (kind, _, reason), *wanted in steps:
        assert [kind, reason] == wanted
    assert steps[1][0][1] == steps[2][0][1] == oracle.draft().price_wad("ETH")
    says(PAGE, [shown(steps[1][0][1]), *{reason for _, _, reason in steps if reason}])
    assert oracle.draft().oracle_state("ETH").refused == 5


def test_the_stable_price_follows_slowly() -> None:
    oracle = venue("ann ETH 10", oracle=OracleRules(stable_price=True))
    numbers = []
    for seconds in (60, 120, 180):
        oracle.price("ETH", "2400", seconds=seconds)
        numbers.append(oracle.draft().stable_wad("ETH") or 0)
    tells(PAGE, numbers, "2,000 2,036 2,071.36345776031420592")


def test_the_initial_level_takes_the_worse_price() -> None:
    oracle = venue("ann ETH 10\nann DAI -12000", oracle=OracleRules(stable_price=True))
    for seconds in (60, 120):
        oracle.price("ETH", "2400", seconds=seconds)
    found = oracle.ask("ann")
    numbers = [found.excess_wad[Level.INITIAL], found.excess_wad[Level.MAINTENANCE]]
    numbers.append(found.borrowable.get("DAI", 0))
    tells(PAGE, numbers[:2], "3,270 7,200")


def mark_inputs(*prices: str, seconds: int = 1) -> c.SubmitMark:
    named = tuple((f"venue {n}", wad(price)) for n, price in enumerate(prices))
    return c.SubmitMark(at(seconds), PERP, named)


def test_a_mark_is_a_median_within_a_band() -> None:
    oracle = venue(market=perp(mark_band_wad=wad("0.05")))
    oracle.do(mark_inputs("2010", "2030", "2500"))
    median = market_mark(oracle.draft(), PERP).price_wad
    outcome = oracle.do(mark_inputs("2101", "2101", "2500", seconds=2))
    assert [e.reason for e in outcome.events if e.kind is EventKind.PRICE_REFUSED] == ["band"]
    assert market_mark(oracle.draft(), PERP).price_wad == wad("2000")
    says(PAGE, [shown(median), "band"])
    oracle.do(mark_inputs("2099", seconds=3))
    oracle.price("ETH", "1998", seconds=4)
    assert market_mark(oracle.draft(), PERP).price_wad == wad("1998"), "the index moved away"


def test_what_an_old_price_may_be_used_for() -> None:
    oracle = venue(oracle=OracleRules(max_age_seconds=60, stale_allows=("withdraw",)))
    oracle.price("ETH", "2000", seconds=0)
    order = c.Trade(at(60), PERP, "ann", "bob", wad("1"), wad("2000"))
    oracle.do(order)
    again = replace(order, at_ns=at(61))
    assert oracle.refused(again) is Reason.PRICE_STALE
    oracle.do(replace(order, at_ns=at(61), size=-wad("0.5")))
    oracle.do(c.Withdraw(at(61), "ann", "USD", wad("1")))
    assert oracle.refused(c.Settle(at(61), "ann", PERP)) is Reason.NOTHING_TO_SETTLE
    says(PAGE, ["price_stale"])


# Breakers that trip by themselves.


def tripped(oracle: TinyVenue) -> set[str]:
    return set(oracle.draft().venue.trips)


def test_a_return_beyond_k_sigma_trips_and_resets() -> None:
    oracle = venue(breakers=BreakerRules(volatility_sigmas_wad=wad("5")))
    for seconds, price, variance in ((60, "2020", "0.000006"), (120, "2050.3", "0.00001914")):
        oracle.price("ETH", price, seconds=seconds)
        assert not tripped(oracle)
        tells(BREAKERS, [oracle.draft().oracle_state("ETH").variance_wad], variance)
    oracle.price("ETH", "2111.809", seconds=180)
    assert tripped(oracle) == {"volatility"}
    order = c.Trade(at(779), PERP, "ann", "bob", wad("1"), wad("2111.809"))
    assert oracle.refused(order) is Reason.PAUSED
    outcome = oracle.do(replace(order, at_ns=at(780)))
    assert [e.reason for e in outcome.events if e.kind is EventKind.RESUME] == ["volatility"]
    assert level_in_force(oracle.draft()) == 0


def test_an_outage_a_silent_oracle_and_a_lost_fund_trip() -> None:
    limits = BreakerRules(outage_blocks=50, oracle_failures=3, fund_loss_wad=wad("0.3"))
    oracle = venue(breakers=limits, oracle=OracleRules(max_jump_wad=wad("1.5")))
    oracle.do(c.Accrue(at(600), ()))
    assert not tripped(oracle)
    oracle.do(c.Accrue(at(1201), ()))
    assert tripped(oracle) == {"outage"}
    for seconds in (1202, 1203, 1204):
        oracle.price("ETH", "3001", seconds=seconds)
    assert tripped(oracle) == {"outage", "oracle"}
    assert level_in_force(oracle.draft()) == 2
    says(BREAKERS, ["outage", "oracle", "fund_loss"])


def test_a_fund_that_lost_its_share_trips() -> None:
    lost = venue(
        "abe USD 600\nabe ETH-PERP 10 @2100\nsue USD 9000\nsue ETH-PERP -10 @2100",
        breakers=BreakerRules(fund_loss_wad=wad("0.3")),
        insurance=FundRules(wad("1000")),
    )
    outcome = lost.do(c.LiquidatePosition(at(1), "abe", PERP, "sue"))
    assert tripped(lost) == {"fund_loss"}
    (paid,) = (e.value for e in outcome.events if e.kind is EventKind.LOSS)
    tells(BREAKERS, [paid], "400")
