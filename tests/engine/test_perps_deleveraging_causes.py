"""What else starts deleveraging: a spent backstop, a pool that owes too much; and ranks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.cut_books import SHORTS, adl, cut_of, losses, venue
from tests.engine.markets import (
    ETHER,
    PERP,
    POOL,
    cash,
    contracts,
    draft_of,
    equity,
    funds,
    held,
    inverse,
    opened,
    perp,
    rules_with,
    tick,
    told,
)
from tests.engine.venues import accepted, at, refused
from trimtab.engine import adl_order, adl_rank
from trimtab.model import (
    BACKSTOP,
    AdlPolicy,
    DeleveragingRules,
    OracleRules,
    Payer,
    Reason,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD


def test_the_backstop_is_cut_once_it_has_lost_its_share():
    """Capital 1,000 and a position that loses 300, under a limit of a quarter."""
    rules = rules_with(
        deleveraging=DeleveragingRules(backstop_loss_wad=25 * PERCENT), **funds(backstop=1000)
    )
    store = opened(rules, cash("a", 100), held("a", 2), cash("s", 9000), held("s", -2))
    tick(store, 1951)
    accepted(store, commands.TransferToBackstop(at(0), "a"))
    assert draft_of(store).venue.backstop_capital_wad == 1002 * WAD
    assert refused(store, adl(BACKSTOP, ("s",))) is Reason.ADL_NOT_DUE
    tick(store, 1825)
    outcome = accepted(store, adl(BACKSTOP, ("s",)))
    assert cut_of(outcome) == {"s": 2 * ETHER}
    assert equity(store, BACKSTOP) == 750
    assert losses(outcome) == []


def test_an_old_price_cuts_no_backstop():
    rules = rules_with(
        deleveraging=DeleveragingRules(backstop_loss_wad=25 * PERCENT),
        oracle=OracleRules(max_age_seconds=60),
        **funds(backstop=1000),
    )
    store = opened(rules, cash("a", 100), held("a", 2), cash("s", 9000), held("s", -2))
    tick(store, 1951)
    accepted(store, commands.TransferToBackstop(at(0), "a"))
    tick(store, 1825)
    assert refused(store, adl(BACKSTOP, ("s",), seconds=61)) is Reason.PRICE_STALE
    accepted(store, adl(BACKSTOP, ("s",), seconds=60))


def test_a_backstop_below_zero_is_cut_at_its_bankruptcy_price():
    rules = rules_with(**funds(backstop=200))
    store = opened(rules, cash("a", 100), held("a", 2), cash("s", 9000), held("s", -2))
    tick(store, 1951)
    accepted(store, commands.TransferToBackstop(at(0), "a"))
    tick(store, 1750)
    assert equity(store, BACKSTOP) == -200
    before = equity(store, "s")
    outcome = accepted(store, adl(BACKSTOP, ("s",)))
    assert losses(outcome) == [(Payer.ADL, 200)]
    assert equity(store, BACKSTOP) == 0
    assert before - equity(store, "s") == pytest.approx(200)


def test_capital_given_to_the_backstop_counts_for_its_limit():
    store = opened(rules_with(**funds(backstop=100)), cash("s", 1))
    accepted(store, commands.FundDeposit(at(0), BACKSTOP, "ETH", ETHER))
    assert draft_of(store).venue.backstop_capital_wad == 2100 * WAD


def test_traders_who_won_too_much_of_the_pool_are_cut_back_to_the_limit():
    """The pool has 10,000 and owes 9,000: above 80 %, back to 60 %, a third of the position."""
    rules = rules_with(
        perp(pool_balance_wad=10_000 * WAD),
        deleveraging=DeleveragingRules(
            pool_gain_wad=80 * PERCENT, pool_gain_after_wad=60 * PERCENT
        ),
    )
    store = opened(rules, cash("a", 20_000), held("a", 9))
    tick(store, 2800)
    assert refused(store, adl(POOL, ("a",))) is Reason.ADL_NOT_DUE
    tick(store, 3000)
    outcome = accepted(store, adl(POOL, ("a",)))
    assert cut_of(outcome) == {"a": -3 * ETHER}
    assert equity(store, POOL) == pytest.approx(1000)
    # 3,000 were paid out of it: it owes 6,000 of 7,000 now, and may be cut again.
    accepted(store, adl(POOL, ("a",)))


def test_without_a_limit_the_pool_is_never_cut():
    store = opened(rules_with(), cash("a", 20_000), held("a", 9))
    tick(store, 9000)
    assert refused(store, adl(POOL, ("a",))) is Reason.ADL_NOT_DUE


def test_ranks_go_by_policy_and_none_where_all_are_cut_alike():
    store = venue(policy=AdlPolicy.QUEUE)
    tick(store, 1700)
    draft = draft_of(store)
    places = [adl_rank(draft, key, market=PERP, names=SHORTS) for key in SHORTS]
    assert [(rank.place, rank.among) for rank in places] == [(1, 3), (2, 3), (3, 3)]
    assert adl_order(draft, PERP, long=False, names=SHORTS) == list(SHORTS)
    assert adl_rank(draft, "nobody", market=PERP, names=SHORTS) is None
    for policy in (AdlPolicy.NONE, AdlPolicy.PRO_RATA):
        other = draft_of(venue(policy=policy))
        assert adl_rank(other, "lean", market=PERP, names=SHORTS) is None
        assert adl_order(other, PERP, long=False, names=SHORTS) == []


def test_an_inverse_position_is_deleveraged_in_its_asset():
    rules = rules_with(inverse())
    ether = {
        key: replace(cash(key, 0), instrument="ETH", quantity=int(units * ETHER))
        for key, units in {"a": 1.2, "s": 9}.items()
    }
    store = opened(rules, *ether.values(), contracts("a", 20_000), contracts("s", -20_000))
    tick(store, 1700)
    lost = -equity(store, "a")
    assert lost > 0
    before = equity(store, "s")
    outcome = accepted(store, adl(names=("s",)))
    assert losses(outcome)[0][0] is Payer.ADL
    assert equity(store, "a") == pytest.approx(0, abs=1e-6)
    assert before - equity(store, "s") == pytest.approx(lost, rel=1e-9)


def test_a_cut_shows_in_what_the_account_is_told():
    store = venue()
    tick(store, 1700)
    accepted(store, adl(size=9 * ETHER))
    sizes = {key: sum(p.size for p in told(store, key).positions) for key in SHORTS}
    assert sum(sizes.values()) == -ETHER
