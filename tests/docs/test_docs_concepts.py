"""The worked examples of the concept pages on margin and interest: the engine says the numbers."""

from __future__ import annotations

from dataclasses import replace

from tests.docs.tiny_venue import START_S, TinyVenue, asset, at, rules_of, says, shown, usd, wad
from trimtab.engine import is_unsafe
from trimtab.engine.accrual import accrued, borrow_rate_wad, utilization_wad
from trimtab.engine.dynamics import newly_unsafe
from trimtab.engine.margin import account_sums
from trimtab.model import (
    Accrual,
    CallExpiry,
    CategoryRules,
    EventKind,
    Level,
    MarginCallRules,
    Pool,
    Reason,
    RuleChange,
    Rules,
    Table,
)
from trimtab.model import commands as c
from trimtab.units import RAY, WAD, YEAR_SECONDS, mul_div_down

ETH_WEIGHTS = "0.75 0.78 0.80"


def test_lending_and_margin_levels() -> None:
    dai = replace(asset("DAI", "1"), liability_weight_wad=wad("1.25"))
    usdc = asset("USDC", "1", weights="0.85 0.88 0.90")
    venue = TinyVenue(
        rules_of(asset("ETH", "2000", weights=ETH_WEIGHTS), usdc, dai),
        "alice ETH 10\nalice USDC 5000\nalice DAI -12000",
    )
    found = venue.ask("alice")
    assert found.excess_wad[Level.INITIAL] <= found.excess_wad[Level.LIQUIDATION_END]
    assert found.excess_wad[Level.LIQUIDATION_END] <= found.excess_wad[Level.MAINTENANCE]
    prices = found.liquidation_price_wad
    assert set(prices) == {"ETH", "DAI"}
    numbers = [
        *(found.collateral_wad, found.weighted_collateral_wad, found.weighted_debt_wad),
        *(found.equity_wad, found.health_wad or 0, found.leverage_wad or 0),
        *found.excess_wad.values(),
        *(prices["ETH"], prices["DAI"], found.distance_wad),
        *(found.withdrawable["ETH"], found.borrowable["DAI"]),
    ]
    says("lending-and-margin-levels.md", map(shown, numbers))
    venue.do(c.SetPrices(at(1), (("ETH", prices["ETH"]),)))
    assert not venue.ask("alice").liquidatable, "equality is safe"
    venue.do(c.SetPrices(at(2), (("ETH", prices["ETH"] - 1),)))
    assert venue.ask("alice").liquidatable


def test_isolated_groups() -> None:
    rules = rules_of(
        asset("ETH", "2000", weights=ETH_WEIGHTS),
        asset("WBTC", "40000", weights="0.70 0.75 0.75"),
        asset("DAI", "1"),
    )
    book = "carol ETH 10\ncarol DAI -15000\ncarol WBTC 1 basis\ncarol DAI -20000 basis"
    venue = TinyVenue(rules, book, groups=True)
    venue.price("ETH", "1800", seconds=1)
    cross, group = venue.ask("carol"), venue.ask("carol/basis")
    assert cross.liquidatable
    assert not group.liquidatable
    assert group.health_wad is not None
    assert cross.health_wad is not None
    says("isolated-and-categories.md", [shown(cross.health_wad), shown(group.health_wad)])


def test_categories() -> None:
    rules = rules_of(
        asset("ETH", "2000", weights=ETH_WEIGHTS),
        asset("STETH", "1980", weights="0.70 0.75 0.75"),
        asset("DAI", "1"),
    )
    category = CategoryRules("ether", ("ETH", "STETH"), wad("0.90"), wad("0.93"), wad("0.02"))
    rules = replace(rules, categories={"ether": category})
    outside = TinyVenue(rules, "dave STETH 10\ndave ETH -8.5").ask("dave")
    venue = TinyVenue(rules, "dave STETH 10 ether\ndave ETH -8.5 ether")
    inside = venue.ask("dave")
    assert outside.liquidatable
    assert not inside.liquidatable
    assert outside.health_wad is not None
    assert inside.health_wad is not None
    numbers = [outside.health_wad, inside.health_wad, inside.excess_wad[Level.INITIAL]]
    says("isolated-and-categories.md", map(shown, numbers))
    assert venue.refused(c.Borrow(at(1), "dave", "DAI", WAD)) is Reason.CATEGORY
    assert venue.refused(c.SetCategory(at(1), "dave", "")) is Reason.INITIAL_MARGIN


def test_isolated_collateral() -> None:
    new = replace(
        asset("NEW", "10", weights="0.50 0.55 0.55"), isolated=True, debt_ceiling_wad=wad("10000")
    )
    dai = replace(asset("DAI", "1"), borrowable_in_isolation=True, external_supply=20_000 * WAD)
    rules = rules_of(new, dai, asset("ETH", "2000", weights=ETH_WEIGHTS))
    venue = TinyVenue(rules, "erin NEW 1500\nfred NEW 1500")
    venue.do(c.Borrow(at(1), "erin", "DAI", 6000 * WAD))
    assert venue.refused(c.Borrow(at(2), "fred", "DAI", 6000 * WAD)) is Reason.DEBT_CEILING
    venue.do(c.Borrow(at(2), "fred", "DAI", 4000 * WAD))
    assert venue.refused(c.Deposit(at(3), "fred", "ETH", WAD)) is Reason.ISOLATION
    says("isolated-and-categories.md", ["10,000", "6,000", "4,000", "debt_ceiling", "isolation"])


def test_vaults() -> None:
    dai = replace(
        asset("DAI", "1"),
        mintable=True,
        base_rate_wad=wad("0.031536"),
        accrual=Accrual.LINEAR,
    )
    rules = rules_of(asset("ETH", "2000", weights="0.60 0.625 0.625"), dai)
    venue = TinyVenue(rules, "gina ETH 10\ngina DAI -10000")
    before = venue.ask("gina").liquidation_price_wad["ETH"]
    venue.do(c.Accrue(at(1_000_000), ("DAI",)))
    pool, after = venue.pool("DAI"), venue.ask("gina").liquidation_price_wad["ETH"]
    assert (pool.cash, pool.supplied, pool.deficit) == (0, 0, 0)
    numbers = [pool.borrowed, pool.reserves, pool.minted, before, after]
    venue.do(c.Repay(at(1_000_000), "gina", "DAI", 5000 * WAD))
    pool = venue.pool("DAI")
    says("vaults.md", map(shown, [*numbers, pool.minted, pool.borrowed]))


def test_yield_bearing_collateral() -> None:
    weights = "0.80 0.90 0.90"
    wsteth = replace(
        asset("WSTETH", "1", weights=weights),
        price_wad=None,
        underlying="ETH",
        exchange_rate_wad=wad("1.15"),
        max_rate_growth_wad=wad("0.10"),
    )
    eth = replace(asset("ETH", "2000", weights=ETH_WEIGHTS), external_supply=100 * WAD)
    venue = TinyVenue(rules_of(eth, wsteth), "hugo WSTETH 10")
    turn = 10 * WAD
    for seconds in (1, 2, 3):
        turn = turn * 8 // 10
        venue.do(c.Borrow(at(seconds), "hugo", "ETH", turn * 115 // 100))
        venue.do(c.Deposit(at(seconds), "hugo", "WSTETH", turn))
    found = venue.ask("hugo")
    assert found.health_wad is not None
    assert found.leverage_wad is not None
    numbers = [
        *(found.collateral_wad, found.debt_wad, found.leverage_wad, found.health_wad),
        *(found.liquidation_price_wad["WSTETH"], found.distance_wad),
        *(venue.pool("WSTETH").supplied, venue.pool("ETH").borrowed),
    ]
    # The rate is checked against the cap that a tenth of a year allows.
    tenth = YEAR_SECONDS // 10
    outcome = venue.do(c.SetExchangeRate(at(tenth), "WSTETH", wad("1.30")))
    assert [e.kind for e in outcome.events] == [EventKind.RATE_CAPPED, EventKind.EXCHANGE_RATE]
    numbers += [outcome.events[1].price, venue.draft().price_wad("WSTETH")]
    says("yield-bearing-collateral.md", map(shown, numbers))
    health = venue.ask("hugo").health_wad
    venue.price("ETH", "1000", seconds=tenth)
    assert venue.ask("hugo").health_wad == health, "a joint fall leaves a loop alone"


def test_interest() -> None:
    usdc = replace(
        asset("USDC", "1"),
        decimals=6,
        base_rate_wad=wad("0.01"),
        slope1_wad=wad("0.04"),
        slope2_wad=wad("0.75"),
        reserve_factor_wad=wad("0.10"),
        accrual=Accrual.LINEAR,
    )
    unit = 10**6

    def pool(borrowed: int) -> Pool:
        return Pool(
            "USDC",
            cash=(1_000_000 - borrowed) * unit,
            supplied=1_000_000 * unit,
            supply_shares=10**18,
            borrowed=borrowed * unit,
            borrow_shares=borrowed * 10**12,
            accrued_s=START_S,
        )

    low, high = pool(600_000), pool(900_000)
    year = START_S + YEAR_SECONDS
    grown, interest = accrued(low, usdc, now_s=year)
    assert low.supplied + low.reserves == low.cash + low.borrowed
    assert grown.supplied + grown.reserves == grown.cash + grown.borrowed
    compounded = replace(usdc, accrual=Accrual.COMPOUNDED)
    _, more = accrued(low, compounded, now_s=year)
    rate = borrow_rate_wad(low, usdc)
    supply_rate = mul_div_down(rate * utilization_wad(low), 9, 10 * WAD)
    says("interest.md", map(shown, [rate, borrow_rate_wad(high, usdc), supply_rate]))
    amounts = [interest, grown.reserves, grown.supplied - low.supplied, more]
    says("interest.md", [shown(amount, 6) for amount in amounts])
    says("interest.md", [shown(grown.carry_ray, 27)])
    assert grown.carry_ray < RAY


def test_margin_calls() -> None:
    rules = rules_of(asset("ETH", "1900", weights="0.75 0.80 0.80"), asset("DAI", "1"))
    calls = MarginCallRules(grace_seconds=86_400, on_expiry=CallExpiry.REDUCE)
    venue = TinyVenue(replace(rules, margin_call=calls), "ivan ETH 10\nivan DAI -14500")
    (call,) = venue.do(c.CallMargin(at(1), "ivan")).events
    assert venue.refused(c.ExpireCall(at(86_400), "ivan")) is Reason.CALL_NOT_DUE
    venue.do(c.ExpireCall(at(86_401), "ivan"))
    assert venue.refused(c.Borrow(at(86_402), "ivan", "DAI", WAD)) is Reason.RESTRICTED
    outcome = venue.do(c.Reduce(at(86_402), "ivan", "DAI", "ETH", "judy"))
    reduced, seized = outcome.events[:2]
    assert outcome.events[2].kind is EventKind.CALL_MET
    assert venue.ask("ivan").excess_wad[Level.INITIAL] >= 0
    says("margin-calls.md", map(shown, [call.value, -reduced.quantity, -seized.quantity]))


def _lowered(rules: Rules) -> tuple[RuleChange, ...]:
    changes = {
        "liquidation_threshold_wad": "0.70",
        "liquidation_end_wad": "0.70",
        "max_ltv_wad": "0.65",
    }
    assert "ETH" in rules.assets
    return tuple(RuleChange("assets", "ETH", field, wad(to)) for field, to in changes.items())


def test_rule_changes() -> None:
    rules = rules_of(asset("ETH", "2000", weights="0.75 0.80 0.80"), asset("DAI", "1"))
    venue = TinyVenue(rules, "kate ETH 10\nkate DAI -14500")
    venue.do(c.SetRules(at(0), _lowered(rules), "less depth"))
    day, numbers = 86_400, []
    for seconds in (0, day, 3 * day + day // 2, 11 * day):
        venue.do(c.Accrue(at(seconds), ()))
        eth = venue.draft().asset_rules("ETH")
        assert eth.max_ltv_wad <= eth.liquidation_end_wad <= eth.liquidation_threshold_wad
        numbers += [eth.liquidation_threshold_wad, eth.max_ltv_wad]
    draft = venue.draft()
    assert is_unsafe(draft.account("kate"), account_sums(draft.account("kate"), draft))
    before = TinyVenue(rules, "kate ETH 10\nkate DAI -14500")
    lowered = replace(rules, assets={**rules.assets, "ETH": draft.asset_rules("ETH")})
    ((key, missing),) = newly_unsafe(before.store, lowered, accounts=["kate"], now_ns=at(0))
    assert key == "kate"
    says("rule-changes.md", map(shown, [*numbers, missing]))


def test_breakers() -> None:
    venue = TinyVenue(
        rules_of(asset("ETH", "2000", weights=ETH_WEIGHTS), asset("DAI", "1")),
        "lena ETH 10\nlena DAI -14500",
    )
    venue.price("ETH", "1800", seconds=1)
    bad = c.SetPrices(at(2), (("DAI", WAD), ("ETH", 0)))
    assert venue.refused(bad) is Reason.PRICE_INVALID
    venue.do(c.Pause(at(2), 2, "feed"))
    assert venue.refused(c.Liquidate(at(3), "lena", "DAI", "ETH", "mona")) is Reason.PAUSED
    assert venue.refused(c.Borrow(at(3), "lena", "DAI", WAD)) is Reason.PAUSED
    venue.do(c.Repay(at(3), "lena", "DAI", WAD))
    venue.do(c.Resume(at(4), 0, "feed is back"))
    venue.do(c.Liquidate(at(5), "lena", "DAI", "ETH", "mona"))
    assert venue.store.get(Table.PRICE, "ETH") is not None
    says("prices-and-breakers.md", ["price_invalid", "paused"])
    assert usd().price_wad == WAD
