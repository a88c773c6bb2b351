"""Who pays what a position's margin does not: each payer in turn, exactly once, to the unit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.markets import (
    DOLLAR,
    ETHER,
    PERP,
    POOL,
    cash,
    draft_of,
    equity,
    funds,
    held,
    mark_of,
    opened,
    perp,
    position,
    rules_with,
    state_of,
    sums_at,
    tick,
)
from tests.engine.venues import accepted, at
from trimtab.engine.perps.attribution import closed_value, own_share, whole_offer
from trimtab.engine.perps.losses import Loss, cover, funding_charge, socialize
from trimtab.engine.perps.settlement import settle_closed, sweep_dust
from trimtab.engine.perps.valuation import owed_cost
from trimtab.engine.waterfall import realize_bad_debt
from trimtab.model import (
    INSURANCE,
    Account,
    AdlPolicy,
    DeleveragingRules,
    Payer,
    Position,
    PositionLiquidationRules,
    PositionSizing,
    Socialize,
    Table,
    commands,
)
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

EXACT = 10**54
WHOLE = PositionLiquidationRules(sizing=PositionSizing.WHOLE)
NOBODY = DeleveragingRules(AdlPolicy.NONE)


def venue(*, market=None, insurance=0, backstop=0, **sections):
    """a is long 5 on 1,000, s short 5 on 9,000; lenders hold 10,000."""
    sections = {"position_liquidation": WHOLE, "deleveraging": NOBODY, **sections}
    rules = rules_with(market, **sections, **funds(insurance=insurance, backstop=backstop))
    rows = [cash("a", 1000), held("a", 5), cash("s", 9000), held("s", -5)]
    return opened(rules, *rows, cash("lender", 10_000))


def paid(outcome) -> list[tuple[Payer, Fraction]]:
    """Payers and what they paid, in order."""
    return [(e.payer, Fraction(e.value, WAD)) for e in outcome.events if e.payer is not None]


def close(key: str = "a", *, taker: str = POOL):
    return commands.LiquidatePosition(at(0), key, PERP, taker)


@settings(max_examples=50, deadline=None)
@given(
    insurance=st.integers(0, 400),
    backstop=st.integers(0, 400),
    price=st.integers(1000, 1799),
    form=st.sampled_from(Socialize),
)
def test_the_payers_sum_to_the_loss_in_their_order(insurance, backstop, price, form):
    """I5: the fund first, the backstop next, all others last; together exactly what is lost."""
    store = venue(market=perp(socialize=form), insurance=insurance, backstop=backstop)
    tick(store, price)
    lost = Fraction(-sums_at(store, "a").equity, EXACT)
    found = paid(accepted(store, close()))
    # Deposits give whole shares: a unit may be left, and is written off as a bad debt.
    assert 0 <= sum(amount for _, amount in found) - lost <= Fraction(1, DOLLAR)
    found = [each for each in found if each[1] > Fraction(1, DOLLAR)]
    first = min(lost, insurance)
    second = min(lost - first, backstop)
    expected = [
        (Payer.INSURANCE, first),
        (Payer.BACKSTOP, second),
        (Payer.SOCIALIZED, lost - first - second),
    ]
    assert found == [each for each in expected if each[1]]
    assert abs(equity(store, "a")) < 1e-5


def test_deposits_carry_a_loss_in_proportion_and_the_account_itself_none():
    """150 dollars on 19,000 of others' deposits; the market's own holder is one of them."""
    store = venue(market=perp(socialize=Socialize.DEPOSITS))
    tick(store, 1770)
    before = equity(store, "lender")
    accepted(store, close())
    assert equity(store, "a") == pytest.approx(0, abs=1e-5)
    assert 0 < before - equity(store, "lender") < 150


def test_no_more_than_nine_tenths_of_deposits_are_taken():
    store = venue(market=perp(socialize=Socialize.DEPOSITS, pool_balance_wad=0))
    draft = draft_of(store)
    loss = Loss("a", PERP, 10**6 * EXACT)
    before = draft.pool("USD").supplied
    socialize(draft, loss)
    lender = draft.account("lender").supply["USD"]
    pool = draft.pool("USD")
    left = Fraction(lender * pool.supplied, pool.supply_shares)
    assert pool.supplied == before
    assert left == pytest.approx(1000 * DOLLAR, rel=1e-6)


@given(loss=st.integers(1, 10**70), units=st.integers(1, 10**30))
def test_the_charge_of_a_unit_covers_the_loss(loss, units):
    charged = funding_charge(loss, units)
    assert 0 <= charged * units - loss < units


def test_a_charge_goes_to_both_sides_and_its_rest_to_the_surplus():
    store = venue()
    draft = draft_of(store)
    before = owed_cost(draft.account("a").positions[PERP], mark_of(store).state)
    socialize(draft, Loss("a", PERP, 7 * EXACT + 1))
    state = draft.get(Table.MARKET, PERP)
    assert state.long_index == state.short_index == -(-(7 * EXACT + 1) // (5 * ETHER))
    assert state.surplus == state.long_index * 5 * ETHER - 7 * EXACT - 1
    # The account's own five do not pay for its own loss.
    after = owed_cost(draft.account("a").positions[PERP], state)
    assert before - after == 7 * EXACT + 1


def test_a_loss_nobody_else_holds_goes_to_deposits():
    """The only open units are the account's and the pool's, once the short is gone."""
    rules = rules_with(position_liquidation=WHOLE, deleveraging=NOBODY)
    store = opened(rules, cash("a", 1000), held("a", 5), cash("lender", 10**6))
    draft = draft_of(store)
    socialize(draft, Loss("lender", PERP, EXACT))
    assert draft.get(Table.MARKET, PERP).long_index > 0
    rules = replace(rules, markets={PERP: perp()})
    store = opened(rules, cash("a", 1000), cash("lender", 10**6))
    draft = draft_of(store)
    socialize(draft, Loss("a", PERP, EXACT))
    assert draft.get(Table.MARKET, PERP).long_index == 0
    pool, shares = draft.pool("USD"), draft.account("a").supply["USD"]
    assert Fraction(shares * pool.supplied, pool.supply_shares) == pytest.approx(1001 * DOLLAR)


def test_a_fund_sells_what_it_holds_for_what_is_lost():
    store = venue(insurance=100)
    accepted(store, commands.FundDeposit(at(0), INSURANCE, "ETH", ETHER))
    tick(store, 1750)
    found = paid(accepted(store, close()))
    assert found[0] == (Payer.INSURANCE, 250)
    assert equity(store, INSURANCE) == pytest.approx(1750 - 150, abs=1e-5)


def test_the_backstop_keeps_the_margin_of_what_it_took():
    """Of 1,000 it needs 470 for a position: 530 may pay another's loss."""
    rules = rules_with(position_liquidation=WHOLE, deleveraging=NOBODY, **funds(backstop=1000))
    rows = [cash("a", 400), held("a", 5), cash("b", 100), held("b", 5), cash("s", 9000)]
    store = opened(rules, *rows, held("s", -10))
    tick(store, 1980)
    accepted(store, commands.TransferToBackstop(at(0), "a"))
    assert sums_at(store, "@backstop").excess_maintenance == (1300 - 495) * 10**72
    draft = draft_of(store)
    left = cover(draft, Loss("b", PERP, 10**6 * EXACT))
    assert 10**6 * EXACT - left == 805 * EXACT


def test_a_fee_of_this_liquidation_is_given_back_before_the_fund_pays():
    market = perp(insurance_fee_wad=PERCENT, liquidation_end_margin_wad=9 * PERCENT)
    store = venue(market=market, position_liquidation=PositionLiquidationRules(), insurance=1000)
    tick(store, 1885)
    outcome = accepted(store, commands.LiquidatePosition(at(0), "a", PERP, POOL, ETHER))
    assert paid(outcome) == []
    fee = draft_of(store).account("a").penalties["USD"]
    assert fee > 0
    tick(store, 1500)
    found = paid(accepted(store, close()))
    assert found[0] == (Payer.PENALTY, Fraction(fee, DOLLAR))
    assert found[1][0] is Payer.INSURANCE


# Attribution


@settings(max_examples=50, deadline=None)
@given(
    parts=st.lists(st.integers(1, 5 * 10**17), min_size=1, max_size=9),
    price=st.integers(1000, 1899),
)
def test_the_shares_of_the_parts_sum_to_the_share_of_the_whole(parts, price):
    store = venue()
    tick(store, price)
    offer = whole_offer(draft_of(store), "a", market=PERP)
    shares = sum(own_share(offer, part) for part in parts)
    assert 0 <= own_share(offer, sum(parts)) - shares <= len(parts)
    assert own_share(offer, 5 * ETHER) == offer.sums.equity


@given(
    closed=st.integers(0, 10**24),
    price=st.integers(1, 10**22),
    side=st.sampled_from((1, -1)),
)
def test_a_linear_close_costs_the_distance_to_the_mark(closed, price, side):
    mark = mark_of(venue())
    assert closed_value(closed, mark, side=side, price_wad=price) == (
        side * closed * (mark.price_wad - price) * mark.lift
    )


# What is left of closed positions


def with_positions(store, key: str, positions: dict[str, Position]):
    draft = draft_of(store)
    draft.put_account(replace(draft.account(key), positions=positions))
    return draft


def test_a_claim_below_a_unit_is_the_market_s():
    draft = with_positions(venue(), "lender", {PERP: Position(0, -(10**47))})
    sweep_dust(draft, "lender", market=PERP)
    assert draft.account("lender").positions == {}
    assert draft.get(Table.MARKET, PERP).surplus == 10**47


@pytest.mark.parametrize("cost", [-(10**48), -5 * 10**48, 10**47])
def test_a_claim_of_a_unit_or_a_loss_is_not_dust(cost):
    draft = with_positions(venue(), "lender", {PERP: Position(0, cost)})
    sweep_dust(draft, "lender", market=PERP)
    assert draft.account("lender").positions[PERP].cost == cost


def test_a_loss_left_without_any_position_becomes_a_debt():
    """By then its payers have paid their share: what is left is a bad debt as any other."""
    draft = with_positions(venue(), "nobody", {PERP: Position(0, 70 * EXACT)})
    settle_closed(draft, "nobody")
    account = draft.account("nobody")
    assert account.positions == {}
    assert account.debt["USD"] > 0
    assert draft.get(Table.MARKET, PERP).held == 70 * DOLLAR


def test_while_a_position_is_open_a_loss_waits():
    positions = {PERP: Position(0, 70 * EXACT), "ETH-TWO": Position(1, 0)}
    market = replace(perp(), name="ETH-TWO")
    rules = rules_with()
    rules = replace(rules, markets={**rules.markets, "ETH-TWO": market})
    store = opened(rules, cash("lender", 10**6))
    draft = with_positions(store, "nobody", positions)
    settle_closed(draft, "nobody")
    assert draft.account("nobody").positions[PERP].cost == 70 * EXACT
    assert draft.account("nobody").debt == {}


def test_a_bankrupt_account_s_claims_go_to_the_fund():
    """A debt of 500 and a claim of 60 that the market cannot pay yet."""
    store = opened(rules_with(**funds(insurance=1000)), cash("lender", 10**5), cash("d", -500))
    draft = with_positions(store, "d", {PERP: Position(0, -60 * EXACT)})
    realize_bad_debt(draft, "d")
    assert draft.account("d") == Account("d")
    assert draft.account(INSURANCE).positions[PERP].cost == -60 * EXACT


def test_nothing_is_left_open_by_a_whole_close():
    store = venue(insurance=1000)
    tick(store, 1750)
    accepted(store, close())
    assert position(store, "a") == Position()
    assert state_of(store).long == 0
    assert draft_of(store).account("a").positions == {}
