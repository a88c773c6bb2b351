"""The worked examples of the concept pages on perpetuals, their margin and their liquidation."""

from __future__ import annotations

from dataclasses import replace

from tests.docs.tiny_venue import TinyVenue, asset, at, perp, rules_of, tells, wad
from trimtab.engine.perps.funding import Moment, rate_over
from trimtab.engine.perps.marks import market_mark, market_state
from trimtab.engine.perps.requirement import requirement
from trimtab.model import (
    EventKind,
    Explanation,
    Funding,
    Level,
    MarketKind,
    MarketRules,
    MarketState,
    PositionExplanation,
    Reason,
    Rules,
    Tier,
)
from trimtab.model import commands as c
from trimtab.units import WAD

PERP, POOL = "ETH-PERP", "@pool/ETH-PERP"
PERPETUALS = "perpetuals.md"
REQUIREMENTS = "position-requirements.md"
LIQUIDATION = "position-liquidation.md"
ETH_WEIGHTS = "0.75 0.80 0.80"
EXACT, WEIGHTED = 10**36, 10**54


def rules(price: str = "2000", market: MarketRules | None = None) -> Rules:
    return rules_of(asset("ETH", price, weights=ETH_WEIGHTS), market=market or perp())


def trade(taker: str, maker: str, size: str, price: str, *, seconds: int = 1) -> c.Trade:
    return c.Trade(at(seconds), PERP, taker, maker, wad(size), wad(price))


def only(found: Explanation) -> PositionExplanation:
    (position,) = found.positions
    return position


# Perpetuals.


def test_a_gain_waits_for_what_was_paid_in() -> None:
    book = "cleo USD 1000\ndan USD 1000\neve USD 1000\ncleo ETH-PERP 1 @2000\ndan ETH-PERP -1 @2000"
    venue = TinyVenue(rules(), book)
    venue.price("ETH", "2100", seconds=1)
    outcome = venue.do(trade("cleo", "eve", "-1", "2100"))
    assert [e.quantity for e in outcome.events if e.kind is EventKind.UNSETTLED] == [wad("100")]
    claim = venue.position("cleo")
    assert (claim.size, claim.cost) == (0, -wad("100") * EXACT)
    assert venue.refused(c.Settle(at(1), "cleo", PERP)) is Reason.NOTHING_TO_SETTLE
    venue.do(c.Settle(at(1), "dan", PERP))
    assert market_state(venue.draft(), PERP).held == wad("100")
    venue.do(c.Settle(at(1), "cleo", PERP))
    assert market_state(venue.draft(), PERP).held == 0
    dan = venue.position("dan")
    assert (dan.size, dan.cost) == (-WAD, -wad("2100") * EXACT)
    numbers = [venue.ask(key).collateral_wad for key in ("cleo", "dan")]
    tells(PERPETUALS, [*numbers, dan.cost // EXACT, wad("100")], "1,100 900 -2,100 100")


def test_a_close_realizes_its_share() -> None:
    venue = TinyVenue(rules(), "ann USD 5000\nbob USD 5000")
    venue.do(trade("ann", "bob", "2", "2010"))
    cost = venue.position("ann").cost // EXACT
    venue.price("ETH", "2100", seconds=1)
    unrealized = only(venue.ask("ann")).pnl_wad
    venue.do(trade("bob", "ann", "1", "2100"))
    ann = venue.ask("ann")
    numbers = [cost, unrealized, ann.collateral_wad, venue.ask("bob").collateral_wad]
    numbers += [venue.position("ann").cost // EXACT, only(ann).pnl_wad]
    tells(PERPETUALS, numbers, "4,020 180 5,090 4,910 2,010 90")


def test_a_taker_whose_gain_comes_first_waits_for_the_next_close() -> None:
    venue = TinyVenue(rules("2100"), "ann USD 5000\nbob USD 5000")
    venue.do(trade("ann", "bob", "2", "2010"))
    venue.do(trade("ann", "bob", "-1", "2100"))
    assert venue.ask("ann").collateral_wad == wad("5000")
    assert only(venue.ask("ann")).pnl_wad == wad("180")
    venue.do(trade("bob", "ann", "1", "2100"))
    assert venue.ask("ann").collateral_wad == wad("5180")


def test_a_size_that_crosses_zero_closes_first() -> None:
    venue = TinyVenue(rules("2100"), "ann USD 5000\nbob USD 5000")
    venue.do(trade("ann", "bob", "2", "2010"))
    venue.do(trade("bob", "ann", "5", "2100"))
    ann = venue.position("ann")
    assert (ann.size, ann.cost) == (-3 * WAD, -wad("6300") * EXACT)
    assert venue.ask("ann").collateral_wad == wad("5180")


def test_funding_is_two_indices() -> None:
    market = perp(funding=Funding.PREMIUM)
    book = "ann USD 5000\nbob USD 5000\nann ETH-PERP 1 @2010\nbob ETH-PERP -1 @2010"
    venue = TinyVenue(rules("2100", market), book)
    venue.do(c.SetPrices(at(0), ((PERP, wad("2121")),)))
    before = only(venue.ask("ann")).pnl_wad
    venue.do(c.Accrue(at(7200), ()))
    state = market_state(venue.draft(), PERP)
    assert state.long_index == -state.short_index
    paid = state.long_index * WAD // EXACT
    assert only(venue.ask("bob")).pnl_wad == -only(venue.ask("ann")).pnl_wad
    numbers = [state.rate_wad, before, paid, only(venue.ask("ann")).pnl_wad]
    tells(PERPETUALS, numbers, "0.01 111 5.25 105.75")
    assert venue.refused(c.SetFunding(at(7200), PERP, WAD)) is Reason.RULE_OUT_OF_BOUNDS


def test_funding_by_velocity() -> None:
    market = perp(funding=Funding.VELOCITY, funding_velocity_wad=wad("0.02"), skew_scale=wad("100"))
    state = MarketState(PERP, long=wad("60"), short=wad("10"))
    mean, after, _ = rate_over(state, market, moment=Moment(WAD, WAD, WAD, 86_400), seconds=86_400)
    tells(PERPETUALS, [mean, after], "0.005 0.01")


def test_an_inverse_contract_settles_in_its_asset() -> None:
    market = perp("ETH-INV", kind=MarketKind.INVERSE_PERP)
    venue = TinyVenue(rules(market=market), "ian ETH 2\nian ETH-INV 20000 @2000")
    cost = venue.position("ian", "ETH-INV").cost // 10**18
    numbers = [cost]
    for price in ("2500", "1600"):
        venue.price("ETH", price, seconds=1)
        found = only(venue.ask("ian"))
        numbers += [found.pnl_wad * WAD // wad(price), found.pnl_wad, found.notional_wad]
    tells(PERPETUALS, numbers, "-10 2 5,000 20,000 -2.5 -4,000 20,000")


def test_the_pool_takes_the_other_side_at_a_price_moved_by_the_skew() -> None:
    venue = TinyVenue(
        rules(market=perp(skew_scale=wad("1000"))),
        "ann USD 5000\nfay USD 5000\nfay ETH-PERP 5 @1900",
    )
    pool = venue.position(POOL)
    numbers = [pool.size, pool.cost // EXACT, venue.ask(POOL).collateral_wad]
    assert venue.refused(trade("ann", POOL, "2", "2011.9")) is Reason.PRICE_BEYOND_LIMIT
    (fill,) = (
        e for e in venue.do(trade("ann", POOL, "2", "2020")).events if e.kind is EventKind.TRADE
    )
    tells(PERPETUALS, [*numbers, fill.price], "-5 -9,500 10,000 2,012")


def test_orders_count_as_if_the_worse_side_were_filled() -> None:
    venue = TinyVenue(rules(), "gil USD 1500\ngil ETH-PERP 2 @2000")
    before = only(venue.ask("gil")).initial_wad
    venue.do(c.SetOrders(at(1), "gil", PERP, wad("3"), wad("6")))
    tells(PERPETUALS, [before, only(venue.ask("gil")).initial_wad], "400 1,000")
    more = c.SetOrders(at(1), "gil", PERP, wad("6"), wad("6"))
    assert venue.refused(more) is Reason.INITIAL_MARGIN
    venue.do(c.SetOrders(at(1), "gil", PERP, wad("3"), wad("9")))
    tells(PERPETUALS, [only(venue.ask("gil")).initial_wad], "1,400")


def test_a_group_loses_its_own_margin_and_transfers_leave_both_above_initial() -> None:
    book = "hal USD 1200 \nhal ETH-PERP 5 @2000\nhal USD 300 iso\nhal ETH-PERP 1 iso @2000"
    venue = TinyVenue(rules(), book, groups=True)
    over = c.Transfer(at(1), "hal", "hal/iso", "USD", wad("200.000000000000000001"))
    assert venue.refused(over) is Reason.INITIAL_MARGIN
    venue.do(replace(over, amount=wad("200")))
    tells(PERPETUALS, [venue.ask("hal").collateral_wad, venue.equity("hal/iso")], "1,000 500")
    venue.price("ETH", "1850", seconds=2)
    assert venue.ask("hal").liquidatable
    assert not venue.ask("hal/iso").liquidatable


# Requirements.


def required(market: MarketRules, size: str, level: Level, **state: int) -> int:
    venue = TinyVenue(rules(market=market), "ann USD 1")
    mark = market_mark(venue.draft(), PERP)
    mark = replace(mark, state=replace(mark.state, **state))
    return requirement(wad(size), mark, level=level, price_wad=wad("2000")) // WEIGHTED


def test_requirements_by_form() -> None:
    tiers = (Tier(0, wad("0.1"), wad("0.05")), Tier(wad("10000"), wad("0.2"), wad("0.1")))
    forms = [
        (perp(), "5"),
        (perp(tiers=tiers), "7.5"),
        (perp(size_factor_wad=wad("0.01")), "100"),
        (perp(skew_scale=wad("1000"), skew_margin_wad=wad("0.5")), "20"),
    ]
    numbers = []
    for market, size in forms:
        numbers += [required(market, size, level) for level in (Level.INITIAL, Level.MAINTENANCE)]
    oi = perp(oi_lower_wad=wad("1000000"), oi_upper_wad=wad("3000000"))
    numbers.append(required(oi, "5", Level.INITIAL, long=wad("1000"), short=wad("700")))
    tells(REQUIREMENTS, numbers, "1,000 500 2,000 1,000 36,000 28,000 4,400 2,200 5,500")


def test_gains_do_not_buy_leverage() -> None:
    book = "ann USD 1000\nann ETH-PERP 5 @2000"
    venue = TinyVenue(rules("2200"), book)
    found = venue.ask("ann")
    half = perp(initial_gain_weight_wad=wad("0.5"), gain_cap_wad=wad("400"))
    counted = TinyVenue(rules("2200", half), book).ask("ann").excess_wad[Level.INITIAL]
    numbers = [*found.excess_wad.values(), counted, found.health_wad or 0]
    assert found.withdrawable["USD"] == 0
    assert venue.refused(c.Withdraw(at(1), "ann", "USD", 1)) is Reason.INITIAL_MARGIN
    tells(REQUIREMENTS, numbers, "-100 1,450 1,450 100 3.636363636363636363")


def test_a_withdrawal_leaves_a_share_of_the_notional() -> None:
    venue = TinyVenue(rules(market=perp(margin="0.02 0.01")), "cy USD 1500\ncy ETH-PERP 5 @2000")
    found = venue.ask("cy")
    out = c.Withdraw(at(1), "cy", "USD", wad("500") + 1)
    assert venue.refused(out) is Reason.WITHDRAWAL_MARGIN
    venue.do(replace(out, amount=wad("500")))
    tells(REQUIREMENTS, [found.excess_wad[Level.INITIAL], found.withdrawable["USD"]], "1,300 500")


def test_an_account_may_ask_more_of_itself() -> None:
    venue = TinyVenue(rules(), "dot USD 3000\ndot ETH-PERP 5 @2000")
    asked = c.SetLeverage(at(1), "dot", PERP, wad("0.31"))
    assert venue.refused(asked) is Reason.INITIAL_MARGIN
    venue.do(replace(asked, initial_wad=wad("0.25")))
    tells(REQUIREMENTS, [only(venue.ask("dot")).initial_wad], "2,500")
    assert only(venue.ask("dot")).maintenance_wad == wad("500")


def ends_of(found: Explanation, distance: int) -> list[int]:
    place = only(found)
    prices = [place.liquidation_price_wad or 0, place.bankruptcy_price_wad or 0]
    return [found.health_wad or 0, found.leverage_wad or 0, *prices, distance]


def test_prices_at_which_it_ends() -> None:
    book = "ann USD 1000\nann ETH-PERP 5 @2000\nbea USD 1500\nbea ETH-PERP -5 @2000"
    venue = TinyVenue(rules(), book)
    ann, bea = venue.ask("ann"), venue.ask("bea")
    assert (ann.distance_up_wad, bea.distance_wad) == (None, WAD)
    ends = "1,894.736842105263157895 1,800 0.052631578947368421"
    tells(REQUIREMENTS, ends_of(ann, ann.distance_wad), f"2 10 {ends}")
    ends = "2,190.47619047619047619 2,300 0.095238095238095238"
    tells(REQUIREMENTS, ends_of(bea, bea.distance_up_wad or 0), f"3 6.666666666666666666 {ends}")
    edge = ann.liquidation_price_wad["ETH"]
    venue.do(c.SetPrices(at(1), (("ETH", edge),)))
    assert not venue.ask("ann").liquidatable, "equality is safe"
    venue.do(c.SetPrices(at(2), (("ETH", edge - 1),)))
    assert venue.ask("ann").liquidatable


def test_a_cross_account_shares_its_equity_by_requirement() -> None:
    two = rules_of(asset("ETH", "2000"), asset("BTC", "30000"), market=perp())
    two = replace(two, markets={**two.markets, "BTC-PERP": perp("BTC-PERP")})
    venue = TinyVenue(two, "eva USD 1000\neva ETH-PERP 5 @2000\neva BTC-PERP 1 @30000")
    numbers = [place.bankruptcy_price_wad or 0 for place in venue.ask("eva").positions]
    tells(REQUIREMENTS, numbers, "29,250 1,950")
