"""The worked examples of the concept pages on closing positions: liquidation, deleveraging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.docs.tiny_venue import TinyVenue, asset, at, perp, rules_of, tells, wad
from trimtab.engine import adl_rank
from trimtab.engine.perps.attribution import Offer
from trimtab.engine.perps.liquidation import position_offer, worst_price_wad
from trimtab.model import (
    BACKSTOP,
    Accepted,
    AdlPolicy,
    AdlPrice,
    DeleveragingRules,
    EventKind,
    FundRules,
    Level,
    MarketRules,
    Payer,
    PositionLiquidationRules,
    PositionSizing,
    Reason,
    Rules,
    Socialize,
)
from trimtab.model import commands as c
from trimtab.units import WAD

PERP, POOL = "ETH-PERP", "@pool/ETH-PERP"
LIQUIDATION, DELEVERAGING = "position-liquidation.md", "deleveraging.md"
NAMES = ("lee", "mia", "ned")


def rules(price: str = "1900", market: MarketRules | None = None, **sections: Any) -> Rules:
    found = rules_of(asset("ETH", price, weights="0.75 0.80 0.80"), market=market or perp())
    return replace(found, **sections)


def funds(insurance: str = "0", backstop: str = "0") -> dict[str, FundRules]:
    return {"insurance": FundRules(wad(insurance)), "backstop": FundRules(wad(backstop))}


def losses(outcome: Accepted) -> list[tuple[Payer | None, int]]:
    return [(e.payer, e.value) for e in outcome.events if e.kind is EventKind.LOSS]


# Liquidation: Lia is long 10 ETH at 2,000, the price is 1,900.


def lia(usd: str = "1760", pace: PositionLiquidationRules | None = None, **terms: Any) -> TinyVenue:
    market = perp(
        liquidation_end_margin_wad=wad("0.06"),
        liquidator_fee_wad=wad("0.01"),
        liquidator_fee_max_wad=wad("0.02"),
        insurance_fee_wad=wad("0.01"),
    )
    sections = {key: terms.pop(key) for key in ("insurance", "backstop") if key in terms}
    found = rules(
        market=replace(market, **terms),
        position_liquidation=pace or PositionLiquidationRules(),
        **sections,
    )
    return TinyVenue(found, f"lia USD {usd}\nlia ETH-PERP 10 @2000")


def close(
    seconds: int = 0, size: int | None = None, price: int | None = None
) -> c.LiquidatePosition:
    return c.LiquidatePosition(at(seconds), "lia", PERP, POOL, size, price)


def offer(venue: TinyVenue) -> Offer:
    return position_offer(venue.draft(), "lia", market=PERP)


def test_a_close_is_sized_by_shortage() -> None:
    venue = lia()
    before, offered = venue.ask("lia"), offer(venue)
    assert before.binding == "maintenance"
    outcome = venue.do(close())
    (fee,) = (e for e in outcome.events if e.kind is EventKind.FEE)
    after = venue.ask("lia")
    numbers = [before.equity_wad, before.requirement_wad]
    numbers += [before.excess_wad[level] for level in (Level.MAINTENANCE, Level.LIQUIDATION_END)]
    numbers += [offered.fees.insurance_wad, offered.most, offered.price_wad, -fee.quantity]
    numbers += [after.equity_wad, after.excess_wad[Level.LIQUIDATION_END]]
    tells(LIQUIDATION, numbers, "760 950 -190 -380 0.01 5 1,881 94.05 570.95 0.95")
    assert venue.refused(close(1)) is Reason.HEALTHY


@pytest.mark.parametrize(
    ("usd", "expected"), [("1380", "0.0095 9.87654320987654321"), ("1140", "0 10")]
)
def test_the_funds_fee_stops_where_the_margin_stops(usd: str, expected: str) -> None:
    offered = offer(lia(usd))
    tells(LIQUIDATION, [offered.fees.insurance_wad, offered.most], expected)


def test_portions_and_ladders() -> None:
    portion = lia(pace=PositionLiquidationRules(PositionSizing.PORTION))
    assert offer(portion).most == WAD
    portion.do(close())
    assert portion.refused(close()) is Reason.LIQUIDATION_PACED
    numbers = [offer_after(portion, 1)]
    ladder = PositionLiquidationRules(PositionSizing.LADDER, ladder_from_wad=wad("10000"))
    first = lia(pace=ladder)
    numbers.append(offer(first).most)
    first.do(close())
    numbers += [offer_after(first, 30), offer_after(first, 31)]
    whole = lia(pace=PositionLiquidationRules(PositionSizing.WHOLE))
    numbers.append(offer(whole).most)
    tells(LIQUIDATION, numbers, "0.9 2 8 1.6 10")


def offer_after(venue: TinyVenue, seconds: int) -> int:
    venue.do(c.Accrue(at(seconds), ()))
    return offer(venue).most


def test_a_shortage_is_released_over_time() -> None:
    pace = PositionLiquidationRules(release_seconds=600)
    venue = lia(pace=pace)
    numbers = [offer(venue).most]
    venue.do(close())
    assert venue.refused(close()) is Reason.LIQUIDATION_PACED
    numbers.append(offer_after(venue, 240))
    tells(LIQUIDATION, numbers, "0.5 1.99875")


def test_the_liquidators_fee_rises_while_nobody_comes() -> None:
    venue = lia(pace=PositionLiquidationRules(fee_ramp_wad=wad("0.00001")))
    venue.do(close(size=WAD // 1000))
    numbers = []
    for seconds in (599, 600, 2000):
        venue.do(c.Accrue(at(seconds), ()))
        numbers.append(offer(venue).fees.liquidator_wad)
    tells(LIQUIDATION, numbers, "0.01 0.016 0.02")


def test_a_taker_may_ask_for_the_fillable_price() -> None:
    venue = lia(pace=PositionLiquidationRules(fillable_spread_wad=wad("1.5")))
    worst = worst_price_wad(venue.draft(), offer(venue))
    assert venue.refused(close(price=worst - 1)) is Reason.PRICE_BEYOND_LIMIT
    venue.do(close(price=worst))
    tells(LIQUIDATION, [worst], "1,871.5")


def test_a_window_caps_what_is_closed() -> None:
    venue = lia(window_cap=wad("3"))
    venue.do(close())
    assert venue.refused(close(29)) is Reason.WINDOW_CAP
    numbers = [venue.position("lia").size, offer_after(venue, 30)]
    tells(LIQUIDATION, numbers, "7 1.9925")


def test_who_pays_pays_at_once() -> None:
    """Equity 100; half the position has 50 of it, and closing it costs 95."""
    venue = lia("1100", **funds("30", "60"))
    outcome = venue.do(close(size=wad("5")))
    assert losses(outcome) == [(Payer.INSURANCE, wad("30")), (Payer.BACKSTOP, wad("15"))]
    tells(LIQUIDATION, [value for _, value in losses(outcome)], "30 15")
    tells(LIQUIDATION, [venue.equity("lia")], "50")
    poor = lia("1100", **funds("30"))
    assert poor.refused(close(size=wad("5"))) is Reason.FUND_TOO_SMALL


# Deleveraging: Abe is long 10 ETH at 2,000 and bankrupt at 1,800; three shorts stand against him.


def abe(
    policy: AdlPolicy = AdlPolicy.WATER_FILL, price: AdlPrice = AdlPrice.BANKRUPTCY, **sections: Any
) -> TinyVenue:
    market = perp(socialize=sections.pop("socialize", Socialize.FUNDING))
    found = rules("1800", market, deleveraging=DeleveragingRules(policy, price), **sections)
    book = "abe USD 1500\nabe ETH-PERP 10 @2000\nlee USD 200\nlee ETH-PERP -4 @2000\n"
    book += "mia USD 3200\nmia ETH-PERP -4 @2000\nned USD 19600\nned ETH-PERP -2 @2000"
    return TinyVenue(found, book)


def adl(size: str | None = "4", names: tuple[str, ...] = NAMES, key: str = "abe") -> c.Deleverage:
    return c.Deleverage(at(1), key, PERP, names, None if size is None else wad(size))


def cuts(outcome: Accepted) -> Mapping[str, int]:
    return {e.account: e.quantity for e in outcome.events if e.kind is EventKind.DELEVERAGE}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (AdlPolicy.WATER_FILL, "3.2 0.8 160 40"),
        (AdlPolicy.PRO_RATA, "1.6 1.6 0.8 80 80 40"),
        (AdlPolicy.QUEUE, "4 200"),
    ],
)
def test_each_policy_by_hand(policy: AdlPolicy, expected: str) -> None:
    venue = abe(policy)
    before = {key: venue.equity(key) for key in ("abe", *NAMES)}
    outcome = venue.do(adl())
    assert sum(cuts(outcome).values()) == wad("4")
    assert losses(outcome) == [(Payer.ADL, wad("200"))]
    assert {e.price for e in outcome.events if e.kind is EventKind.DELEVERAGE} == {wad("1850")}
    carried = [before[key] - venue.equity(key) for key in cuts(outcome)]
    numbers = [*before.values(), *cuts(outcome).values(), *carried, venue.equity("abe")]
    tells(DELEVERAGING, numbers, f"-500 1,000 4,000 20,000 {expected} -300")


def test_all_counterparties_are_listed() -> None:
    venue = abe()
    assert venue.refused(adl(names=("lee", "mia"))) is Reason.NOT_COUNTERPARTIES
    assert venue.refused(adl("11")) is Reason.AMOUNT_NOT_POSITIVE


def test_a_hedge_is_cut_last() -> None:
    found = rules("1800", deleveraging=DeleveragingRules(AdlPolicy.PRO_RATA))
    book = "abe USD 1500\nabe ETH-PERP 10 @2000\nlee USD 200\nlee ETH-PERP -4 @2000\n"
    book += "mia ETH 4\nmia ETH-PERP -4 @2000\nned USD 19600\nned ETH-PERP -2 @2000"
    four, eight = (cuts(TinyVenue(found, book).do(adl(size))) for size in ("4", "8"))
    assert set(four) == {"lee", "ned"}
    tells(
        DELEVERAGING,
        [*four.values(), *eight.values()],
        "2.666666666666666667 1.333333333333333333 4 2 2",
    )


def test_the_payers_before_it_pay_first() -> None:
    venue = abe(**funds("100", "100"))
    outcome = venue.do(adl(None))
    assert [value for _, value in losses(outcome)] == [wad("100"), wad("100"), wad("300")]
    (price,) = {e.price for e in outcome.events if e.kind is EventKind.DELEVERAGE}
    tells(DELEVERAGING, [wad("100"), wad("300"), price, venue.equity("abe")], "100 300 1,830 0")
    assert abe(**funds("500")).refused(adl(None)) is Reason.ADL_NOT_DUE


@pytest.mark.parametrize(
    ("through", "expected"),
    [
        (Socialize.FUNDING, "200 200 100"),
        (
            Socialize.DEPOSITS,
            "4.34782608695652174 69.565217391304347827 426.086956521739130436",
        ),
    ],
)
def test_at_the_mark_price_the_loss_is_socialized(through: Socialize, expected: str) -> None:
    venue = abe(price=AdlPrice.MARK, socialize=through)
    before = {key: venue.equity(key) for key in NAMES}
    lost, *dust = losses(venue.do(adl(None)))
    assert lost == (Payer.SOCIALIZED, wad("500"))
    assert sum(value for _, value in dust) <= 1, "a rounding"
    fell = [before[key] - venue.equity(key) for key in NAMES]
    tells(DELEVERAGING, fell, expected)


def test_a_spent_backstop_is_cut() -> None:
    found = rules(
        "2000",
        deleveraging=DeleveragingRules(backstop_loss_wad=wad("0.25")),
        **funds(backstop="1000"),
    )
    venue = TinyVenue(
        found, "pia USD 100\npia ETH-PERP 2 @2000\nquin USD 9000\nquin ETH-PERP -2 @2000"
    )
    venue.price("ETH", "1950", seconds=1)
    venue.do(c.TransferToBackstop(at(1), "pia"))
    order = adl(None, ("quin",), BACKSTOP)
    numbers = [venue.draft().venue.backstop_capital_wad]
    venue.price("ETH", "1825.1", seconds=1)
    assert venue.refused(order) is Reason.ADL_NOT_DUE
    venue.price("ETH", "1825", seconds=1)
    numbers.append(venue.equity(BACKSTOP))
    assert cuts(venue.do(order)) == {"quin": wad("2")}
    tells(DELEVERAGING, numbers, "1,000 750")


def test_a_pool_whose_traders_won_too_much_is_cut() -> None:
    limit = DeleveragingRules(pool_gain_wad=wad("0.8"), pool_gain_after_wad=wad("0.6"))
    found = rules("2000", perp(pool_balance_wad=wad("10000")), deleveraging=limit)
    venue = TinyVenue(found, "rob USD 20000\nrob ETH-PERP 9 @2000")
    order = adl(None, ("rob",), POOL)
    venue.price("ETH", "2800", seconds=1)
    assert venue.refused(order) is Reason.ADL_NOT_DUE
    venue.price("ETH", "3000", seconds=1)
    pool = venue.ask(POOL)
    assert cuts(venue.do(order)) == {"rob": -wad("3")}
    tells(DELEVERAGING, [pool.collateral_wad, -pool.unrealized_pnl_wad, wad("3")], "10,000 9,000 3")


def test_every_account_can_ask_for_its_rank() -> None:
    draft = abe(AdlPolicy.QUEUE).draft()
    ranks = [adl_rank(draft, key, market=PERP, names=NAMES) for key in NAMES]
    assert [(rank.place, rank.among) for rank in ranks if rank] == [(1, 3), (2, 3), (3, 3)]
