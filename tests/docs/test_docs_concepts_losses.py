"""The worked examples of the concept pages on liquidation and loss, and of rebased prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs.tiny_venue import CONCEPTS, TinyVenue, asset, at, rules_of, says, shown, wad
from trimtab.adapters.files import load_case
from trimtab.engine import auction_price_wad, quote
from trimtab.engine.margin import account_sums
from trimtab.engine.sizing import base_bonus_wad
from trimtab.model import (
    INSURANCE,
    Auction,
    AuctionCurve,
    AuctionRules,
    BonusCurve,
    EventKind,
    FundRules,
    LiquidationRules,
    Payer,
    Rules,
    Sizing,
    Table,
)
from trimtab.model import commands as c
from trimtab.units import UINT256_MAX, DataError

LIQUIDATION = "liquidation.md"


def eth_and_dai(price: str = "2000") -> Rules:
    eth = asset("ETH", price, weights="0.75 0.80 0.80", terms="0.05 0.01")
    return rules_of(eth, asset("DAI", "1"))


def opened(price: str, *, rules: Rules | None = None) -> TinyVenue:
    venue = TinyVenue(rules or eth_and_dai(), "nora ETH 10\nnora DAI -14800")
    venue.price("ETH", price, seconds=1)
    return venue


def test_a_liquidation_to_a_target() -> None:
    venue = opened("1800")
    before = venue.ask("nora").health_wad
    outcome = venue.do(c.Liquidate(at(2), "nora", "DAI", "ETH", "oscar"))
    by_kind = {event.kind: event for event in outcome.events}
    repaid, seized, fee = (
        -by_kind[kind].quantity for kind in (EventKind.LIQUIDATE, EventKind.SEIZE, EventKind.FEE)
    )
    after = venue.ask("nora").health_wad
    assert before is not None
    assert after is not None
    assert wad("1.05") <= after < wad("1.05") + 10**6
    says(LIQUIDATION, map(shown, [before, repaid, seized, fee]))


@pytest.mark.parametrize("price", ["1800", "1550", "1490"])
def test_terms_inside_and_beyond_the_spiral_bound(price: str) -> None:
    terms = quote(opened(price).draft(), "nora", debt="DAI", collateral="ETH").terms
    assert terms.inside_bound == (price != "1490")
    says(LIQUIDATION, [shown(terms.bonus_wad), shown(terms.fee_wad)])


def test_the_bonus_grows_with_the_shortfall() -> None:
    curve = LiquidationRules(
        bonus_curve=BonusCurve.SHORTFALL,
        minimum_bonus_wad=wad("0.02"),
        full_bonus_health_wad=wad("0.90"),
    )
    rules = replace(eth_and_dai(), liquidation=curve)
    draft = opened("1776", rules=rules).draft()
    pair = quote(draft, "nora", debt="DAI", collateral="ETH").pair
    sums = account_sums(draft.account("nora"), draft)
    says(LIQUIDATION, [shown(base_bonus_wad(sums, pair, rules=curve, category=None))])


def test_dust_closes_the_whole_debt() -> None:
    dusty = LiquidationRules(dust_debt_wad=wad("10000"))
    offer = quote(
        opened("1800", rules=replace(eth_and_dai(), liquidation=dusty)).draft(),
        "nora",
        debt="DAI",
        collateral="ETH",
    )
    assert offer.repay == 14_800 * 10**18
    says(LIQUIDATION, ["14,800", "9,156.435643564356435643"])
    assert shown(offer.repay - wad("5643.564356435643564357")) == "9,156.435643564356435643"


def test_an_auction() -> None:
    auction = AuctionRules(penalty_wad=wad("0.10"), lot_buffer_wad=wad("1.05"))
    rules = replace(
        eth_and_dai(), auction=auction, liquidation=LiquidationRules(sizing=Sizing.WHOLE)
    )
    venue = TinyVenue(rules, "paul ETH 10\npaul DAI -12000")
    venue.price("ETH", "1450", seconds=1)
    started = venue.do(c.StartAuction(at(2), "paul", "DAI", "ETH", "quinn")).events[0]
    record = venue.store.get(Table.AUCTION, "1")
    assert isinstance(record, Auction)
    price = auction_price_wad(record, auction, now_s=at(2 + 5400) // 10**9)
    outcome = venue.do(c.TakeAuction(at(2 + 5400), "1", UINT256_MAX, UINT256_MAX, "rosa"))
    by_kind = {event.kind: event for event in outcome.events}
    paid = -by_kind[EventKind.LIQUIDATE].quantity
    fund = -by_kind[EventKind.FEE].quantity
    kept = venue.ask("paul")
    assert EventKind.AUCTION_END in by_kind
    assert not venue.account("paul").debt
    numbers = [started.quantity, record.top_wad, record.floor_wad, record.penalty, price]
    numbers += [paid, fund, kept.withdrawable["ETH"], by_kind[EventKind.BONUS].value]
    says("auctions.md", map(shown, numbers))
    assert venue.account(INSURANCE).supply


def test_the_three_curves() -> None:
    auction = Auction("1", "a", "ETH", "DAI", 0, wad("2000"), 0, started_ns=at(0))
    curves = [
        AuctionRules(curve=AuctionCurve.LINEAR),
        AuctionRules(curve=AuctionCurve.STAIR),
        AuctionRules(curve=AuctionCurve.EXPONENTIAL, cut_wad=wad("0.9999")),
    ]
    now_s = at(900) // 10**9
    says("auctions.md", [shown(auction_price_wad(auction, r, now_s=now_s)) for r in curves])


def test_a_loss_through_the_waterfall() -> None:
    rules = replace(
        eth_and_dai(),
        insurance=FundRules(wad("500")),
        backstop=FundRules(wad("300")),
    )
    venue = TinyVenue(rules, "sven ETH 10\nsven DAI -12000\ntina DAI 15000")
    venue.price("ETH", "1000", seconds=1)
    outcome = venue.do(c.Liquidate(at(2), "sven", "DAI", "ETH", "uma"))
    losses = {e.payer: e.quantity for e in outcome.events if e.kind is EventKind.LOSS}
    assert set(losses) == {Payer.INSURANCE, Payer.BACKSTOP, Payer.SOCIALIZED}
    (paid,) = [-e.quantity for e in outcome.events if e.kind is EventKind.LIQUIDATE]
    pool = venue.pool("DAI")
    assert pool.cash + pool.borrowed + pool.deficit == pool.supplied + pool.reserves + pool.minted
    numbers = [paid, sum(losses.values()), *losses.values(), pool.supplied, pool.cash]
    says("waterfall-and-bad-debt.md", map(shown, numbers))
    assert not venue.account("sven").debt


def test_rebased_prices(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(
        '[venue]\nname = "page"\nquote = "USD"\n[assets.ETH]\ndecimals = 18\nprice = 2000\n'
        "max_ltv = 0.75\nliquidation_threshold = 0.80\n[replay]\nrebase = true\n"
    )
    (tmp_path / "book.csv").write_text("account,instrument,quantity\nvera,ETH,1\n")
    rows = ["timestamp,ETH"]
    rows += [f"2020-03-12T00:{minute:02}:00Z,{200 - minute}" for minute in range(0, 30, 10)]
    (tmp_path / "prices.csv").write_text("\n".join(rows) + "\n")
    prices = [dict(tick.prices)["ETH"] for tick in load_case(tmp_path).ticks]
    says("prices-and-breakers.md", map(shown, prices))
    rows += ["2020-03-12T00:30:00Z,170", "2020-03-12T02:10:01Z,160"]
    (tmp_path / "prices.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError) as caught:
        load_case(tmp_path)
    assert str(caught.value) in (CONCEPTS / "prices-and-breakers.md").read_text(encoding="utf-8")
