"""Deleveraging: when it is due, against whom, at what price, and what is left of everybody."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.cut_books import SHORTS, adl, cut_of, losses, venue
from tests.engine.markets import (
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    equity,
    funds,
    held,
    opened,
    position,
    rules_with,
    state_of,
    sums_at,
    tick,
)
from tests.engine.venues import accepted, refused
from trimtab.engine.perps.deleveraging import candidates
from trimtab.model import (
    AdlPolicy,
    AdlPrice,
    DeleveragingRules,
    EventKind,
    OracleRules,
    Payer,
    Reason,
)
from trimtab.units import WAD


def test_a_bankrupt_long_is_closed_at_its_bankruptcy_price():
    """Equity 2,000 - 10 x 300: the shorts buy back at 1,800, not at 1,700, and carry 1,000."""
    store = venue()
    tick(store, 1700)
    before = {key: equity(store, key) for key in SHORTS}
    outcome = accepted(store, adl())
    assert sum(cut_of(outcome).values()) == 10 * ETHER
    assert losses(outcome) == [(Payer.ADL, 1000)]
    assert equity(store, "a") == 0
    assert position(store, "a").size == 0
    for key, share in (("lean", 400), ("rich", 400), ("third", 200)):
        assert before[key] - equity(store, key) == pytest.approx(share, abs=1e-5)
    prices = {e.price for e in outcome.events if e.kind is EventKind.DELEVERAGE}
    assert prices == {1800 * WAD}


def test_at_the_mark_price_the_rest_of_the_loss_is_socialized():
    store = venue(price=AdlPrice.MARK)
    tick(store, 1700)
    before = {key: equity(store, key) for key in SHORTS}
    outcome = accepted(store, adl())
    assert losses(outcome) == [(Payer.SOCIALIZED, 1000)]
    # By open units of all others: 4, 4 and 2 of ten shorts.
    for key, share in (("lean", 400), ("rich", 400), ("third", 200)):
        assert before[key] - equity(store, key) == pytest.approx(share, abs=1e-5)
    assert equity(store, "a") == pytest.approx(0, abs=1e-5)


def test_the_payers_before_it_pay_first():
    store = venue(**funds(insurance=300, backstop=200))
    tick(store, 1700)
    outcome = accepted(store, adl())
    paid = [(Payer.INSURANCE, 300), (Payer.BACKSTOP, 200), (Payer.ADL, 500)]
    assert losses(outcome) == paid


@pytest.mark.parametrize(("funded", "reason"), [(5000, Reason.ADL_NOT_DUE)])
def test_while_a_fund_can_pay_nobody_is_cut(funded, reason):
    store = venue(**funds(insurance=funded))
    tick(store, 1700)
    assert refused(store, adl()) is reason


@pytest.mark.parametrize("price", [2000, 1900, 1801])
def test_a_solvent_account_is_not_deleveraged(price):
    store = venue()
    tick(store, price)
    expected = Reason.HEALTHY if price > 1890 else Reason.ADL_NOT_DUE
    assert refused(store, adl()) is expected


def test_a_venue_without_a_policy_cuts_nobody():
    store = venue(policy=AdlPolicy.NONE)
    tick(store, 1700)
    assert refused(store, adl()) is Reason.ADL_NOT_DUE


@pytest.mark.parametrize(
    "names",
    [
        ("lean", "rich"),
        ("lean", "rich", "third", "third"),
        ("lean", "rich", "third", "nobody"),
        ("lean", "rich", "third", POOL),
        (),
    ],
)
def test_a_list_that_is_not_all_holders_of_the_side_is_refused(names):
    store = venue()
    tick(store, 1700)
    assert refused(store, adl(names=names)) is Reason.NOT_COUNTERPARTIES


def test_who_is_itself_deleveraged_may_be_on_the_list():
    store = venue()
    tick(store, 1700)
    accepted(store, adl(names=("a", *SHORTS)))


def test_more_than_counterparties_hold_is_refused():
    """The pool holds six of the other side and need not be listed: then four are too little."""
    rules = rules_with(deleveraging=DeleveragingRules())
    store = opened(rules, cash("a", 2000), held("a", 10), cash("s", 9000), held("s", -4))
    tick(store, 1700)
    assert refused(store, adl(names=("s",))) is Reason.ADL_TOO_LITTLE
    accepted(store, adl(names=("s",), size=4 * ETHER))
    accepted(store, adl(names=(POOL,)))
    assert position(store, "a").size == 0


@pytest.mark.parametrize("size", [0, -1, 10 * ETHER + 1])
def test_a_size_lies_within_the_position(size):
    store = venue()
    tick(store, 1700)
    assert refused(store, adl(size=size)) is Reason.AMOUNT_NOT_POSITIVE


def test_a_part_carries_its_part_of_the_loss():
    store = venue()
    tick(store, 1700)
    outcome = accepted(store, adl(size=4 * ETHER))
    assert losses(outcome) == [(Payer.ADL, 400)]
    assert equity(store, "a") == -600


@pytest.mark.parametrize(
    ("policy", "cut"),
    [
        # Leverages at 1,700: lean 6,800 / 2,000, rich 6,800 / 3,200, third 3,400 / 40,600.
        # Sizes over equity: the level of 4 cut units is (8 - 4) / 5,200 ETH a dollar.
        (AdlPolicy.WATER_FILL, {"lean": 2.461538461538461538, "rich": 1.538461538461538462}),
        (AdlPolicy.PRO_RATA, {"lean": 1.6, "rich": 1.6, "third": 0.8}),
        # Profit over equity: lean 1,200 / 2,000 comes first.
        (AdlPolicy.QUEUE, {"lean": 4.0}),
    ],
)
def test_each_policy_cuts_its_own(policy, cut):
    store = venue(policy=policy)
    tick(store, 1700)
    found = cut_of(accepted(store, adl(size=4 * ETHER)))
    assert sum(found.values()) == 4 * ETHER
    assert {key: size / ETHER for key, size in found.items()} == pytest.approx(cut)


def test_a_hedge_with_the_asset_itself_is_respected():
    """Rich holds four ether against its short: only the naked ones are cut."""
    rules = rules_with(deleveraging=DeleveragingRules(AdlPolicy.PRO_RATA))
    ether = replace(cash("rich", 0), instrument="ETH", quantity=4 * ETHER)
    store = opened(
        rules,
        *(cash("a", 2000), held("a", 10)),
        *(cash("lean", 4000), held("lean", -6)),
        *(ether, held("rich", -4)),
    )
    tick(store, 1700)
    found = {
        c.key: c.naked
        for c in candidates(draft_of(store), "a", market=PERP, names=("lean", "rich"))
    }
    assert found == {"lean": 6 * ETHER, "rich": 0}
    assert cut_of(accepted(store, adl(names=("lean", "rich"), size=6 * ETHER))) == {
        "lean": 6 * ETHER
    }
    assert cut_of(accepted(store, adl(names=("rich",)))) == {"rich": 4 * ETHER}


def test_a_loan_of_the_asset_makes_a_short_no_hedge():
    ether = replace(cash("lean", 0), instrument="ETH", quantity=-ETHER)
    rules = rules_with()
    store = opened(rules, cash("a", 900), held("a", 2), cash("lean", 9000), held("lean", -2), ether)
    (found,) = candidates(draft_of(store), "a", market=PERP, names=("lean",))
    assert found.naked == found.size == 2 * ETHER


def test_an_old_price_deleverages_nobody_unless_the_table_allows_it():
    for allows, reason in (((), Reason.PRICE_STALE), (("liquidate",), None)):
        store = venue(oracle=OracleRules(max_age_seconds=60, stale_allows=allows))
        tick(store, 1700)
        late = adl(seconds=61)
        if reason is None:
            accepted(store, late)
        else:
            assert refused(store, late) is reason


@settings(max_examples=40)
@given(
    policy=st.sampled_from([p for p in AdlPolicy if p is not AdlPolicy.NONE]),
    price=st.sampled_from(AdlPrice),
    fall=st.integers(201, 1500),
    share=st.integers(1, 100),
)
def test_cuts_sum_to_what_is_closed_and_values_to_what_was(policy, price, fall, share):
    """I2: what a lost, others bear; sizes sum to zero; no unit appears."""
    store = venue(policy=policy, price=price)
    tick(store, 2000 - fall)
    keys = ("a", *SHORTS)
    before = {key: sums_at(store, key).equity for key in keys}
    size = 10 * ETHER * share // 100
    outcome = accepted(store, adl(size=size))
    found = cut_of(outcome)
    assert sum(found.values()) == size
    assert sum(position(store, key).size for key in keys) == 0
    assert state_of(store).long == state_of(store).short == 10 * ETHER - size
    after = {key: sums_at(store, key).equity for key in keys}
    # But for native units lost to roundings, at most a few for each that was touched.
    lost = sum(before.values()) - sum(after.values())
    assert 0 <= lost <= 30 * 10**48
    assert after["a"] >= before["a"]
