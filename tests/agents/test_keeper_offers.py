"""The keeper: the best pair, what it would want, and bounds that hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.simulation.books import Scene, scenes
from tests.simulation.cases import START_NS, collateral, row, rules_of
from trimtab.agents import Keeper, best_offer, bid, most_gain_wad
from trimtab.agents.keeper import KEEPER, by_gain
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe, open_venue, step
from trimtab.model import Accepted, Auction, EventKind, Mechanism, ReplayRules, Rules
from trimtab.model.commands import SetPrices
from trimtab.units import UINT256_MAX, WAD


def drafted(rules: Rules, *rows: object, **prices: int) -> Draft:
    store = open_venue(rules, rows, at_ns=START_NS)  # type: ignore[arg-type]
    priced(store, tuple(sorted((asset, price * WAD) for asset, price in prices.items())))
    return Draft(store, START_NS)


def priced(store: MemoryStore, prices: tuple[tuple[str, int], ...]) -> None:
    outcome = step(store, SetPrices(START_NS, prices))
    assert isinstance(outcome, Accepted), outcome
    store.apply(outcome)


@pytest.fixture
def draft() -> Draft:
    """One unsafe account with two collaterals of different bonus, one safe account."""
    rules = rules_of(collateral("AAA", 18, bonus=5), collateral("BBB", 8, bonus=10))
    return drafted(
        rules,
        row("ann", "AAA", 10 * 10**18),
        row("ann", "BBB", 10 * 10**8),
        row("ann", "USD", -17_000 * 10**6),
        row("bob", "AAA", 10**18),
        row("bob", "USD", -10 * 10**6),
        AAA=1000,
        BBB=1000,
    )


def test_the_pair_with_the_larger_gain_is_offered(draft: Draft) -> None:
    offer = best_offer(draft, "ann", capital_wad=None)
    assert offer is not None
    assert offer.quote.pair.collateral.asset == "BBB"
    assert offer.gain_wad * 11 == pytest.approx(offer.cost_wad + offer.gain_wad, rel=1e-6)


def test_equal_gains_go_to_the_first_pair_by_name() -> None:
    rules = rules_of(collateral("AAA", 18), collateral("BBB", 18))
    rows = [row("ann", name, 10**18) for name in ("BBB", "AAA")]
    draft = drafted(rules, *rows, row("ann", "USD", -170 * 10**6), AAA=100, BBB=100)
    offer = best_offer(draft, "ann", capital_wad=None)
    assert offer is not None
    assert offer.quote.pair.collateral.asset == "AAA"


def test_a_safe_account_has_no_offer(draft: Draft) -> None:
    assert best_offer(draft, "bob", capital_wad=None) is None
    assert best_offer(draft, "nobody", capital_wad=None) is None


@pytest.mark.parametrize("capital", [0, 1, 10**11])
def test_capital_below_a_native_unit_buys_nothing(draft: Draft, capital: int) -> None:
    assert best_offer(draft, "ann", capital_wad=capital) is None


def test_an_offer_costs_no_more_than_the_capital(draft: Draft) -> None:
    offer = best_offer(draft, "ann", capital_wad=100 * WAD)
    assert offer is not None
    assert offer.cost_wad == 100 * WAD
    assert offer.gain_wad == 10 * WAD


def test_the_intent_is_a_command_that_the_engine_accepts(draft: Draft) -> None:
    offer = best_offer(draft, "ann", capital_wad=None)
    assert offer is not None
    plain = Keeper(ReplayRules()).intent(offer, START_NS)
    flash = Keeper(ReplayRules(mechanism=Mechanism.FLASH)).intent(offer, START_NS)
    assert plain.liquidator == KEEPER
    assert plain == replace(flash, flash_payment=None)
    assert flash.flash_payment == offer.repay


@pytest.mark.parametrize(
    ("gain", "gas", "least", "wanted"),
    [(1, 0, 0, True), (0, 0, 0, False), (5, 5, 0, False), (6, 5, 0, True), (9, 5, 5, False)],
)
def test_a_gain_is_wanted_above_gas_and_least_profit(
    gain: int, gas: int, least: int, wanted: bool
) -> None:
    assert Keeper(ReplayRules(min_profit_wad=least)).wants(gain, gas) is wanted


def test_capital_is_used_up_but_for_flash_loans() -> None:
    bonus, flash = Keeper(ReplayRules()), Keeper(ReplayRules(mechanism=Mechanism.FLASH))
    assert bonus.capital_after(10, 4) == 6
    assert bonus.capital_after(10, 11) == 0
    assert bonus.capital_after(None, 4) is None
    assert flash.capital_after(10, 4) == 10


def test_offers_are_taken_from_the_largest_gain_down(draft: Draft) -> None:
    offer = best_offer(draft, "ann", capital_wad=None)
    assert offer is not None
    small = replace(offer, account="zed", gain_wad=1)
    twin = replace(offer, account="abe")
    assert [o.account for o in by_gain([small, offer, twin])] == ["abe", "ann", "zed"]


@pytest.mark.parametrize(("percent", "bids"), [(120, False), (99, False), (98, True), (60, True)])
def test_a_bid_waits_for_the_discount(draft: Draft, percent: int, bids: bool) -> None:
    auction = Auction("1", "ann", "AAA", "USD", 0, 1200 * WAD, 600 * WAD, START_NS)
    price = 1000 * WAD * percent // 100
    found = bid(draft, auction, price_wad=price, lot=5, rules=ReplayRules())
    assert (found is not None) is bids
    if found is not None:
        assert (found.amount, found.max_wad, found.taker) == (5, UINT256_MAX, KEEPER)


@settings(max_examples=120)
@given(scenes())
def test_no_offer_gains_more_than_the_bound_or_than_it_then_brings(scene: Scene) -> None:
    store = open_venue(scene.rules, scene.book, at_ns=START_NS)
    priced(store, scene.prices)
    draft = Draft(store, START_NS)
    for key in {holding.account for holding in scene.book}:
        account = draft.account(key)
        sums = account_sums(account, draft)
        offer = best_offer(draft, key, capital_wad=None)
        if offer is None:
            continue
        assert is_unsafe(account, sums)
        assert offer.gain_wad <= most_gain_wad(account, sums, draft=draft)
        outcome = step(store, Keeper(ReplayRules()).intent(offer, START_NS))
        if isinstance(outcome, Accepted):
            brought = sum(e.value for e in outcome.events if e.kind is EventKind.BONUS)
            assert brought <= offer.gain_wad
            assert Keeper(ReplayRules()).gains(outcome, 0) is (brought > 0)
