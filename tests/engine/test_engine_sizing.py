"""How much one liquidation closes, and at what terms: the formulas, worked out independently."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.venues import (
    START_NS,
    accepted,
    asset,
    eth,
    opened,
    row,
    sums_of,
    usd,
    venue_rules,
)
from trimtab.engine import Draft, MemoryStore, Quote, account_sums, quote
from trimtab.engine.sizing import collateral_cap, terms_of, without_dust
from trimtab.model import BonusCurve, LiquidationRules, Rules, Sizing, SpiralRule
from trimtab.model.commands import Liquidate
from trimtab.model.settings import PERCENT
from trimtab.units import WAD

ETHER, DOLLAR = 10**18, 10**6


def indebted(rules: Rules, *, ether: int, dollars: int) -> MemoryStore:
    rows = [row("anna", "ETH", ether), row("anna", "USD", -dollars)]
    return opened(rules, *(each for each in rows if each.quantity))


def with_liquidation(liquidation: LiquidationRules, *, fee: int = 0, bonus: int = 5) -> Rules:
    sold = replace(eth(), liquidation_bonus_wad=bonus * PERCENT, liquidation_fee_wad=fee * PERCENT)
    return replace(venue_rules(usd(), sold), liquidation=liquidation)


def offer_of(store: MemoryStore) -> Quote:
    return quote(Draft(store, START_NS), "anna", debt="USD", collateral="ETH")


def health_after(store: MemoryStore, *, repay: int, factor: Fraction) -> Fraction:
    """Health if `repay` dollars closed debt and `factor` of its value left the collateral."""
    draft = Draft(store, START_NS)
    account = draft.account("anna")
    ether = Fraction(account.supply["ETH"], 10**6 * ETHER) * 2000
    dollars = Fraction(account.debt["USD"], 10**6 * DOLLAR)
    paid = Fraction(repay, DOLLAR)
    return (ether - paid * factor) * Fraction(8, 10) / (dollars - paid)


@given(st.integers(1601, 1800), st.sampled_from((100, 105, 110)), st.sampled_from((0, 1)))
def test_a_target_is_reached_by_the_least_repayment(dollars, target, fee):
    liquidation = LiquidationRules(target_health_wad=target * PERCENT)
    store = indebted(with_liquidation(liquidation, fee=fee), ether=ETHER, dollars=dollars * DOLLAR)
    offer = offer_of(store)
    factor = 1 + Fraction(offer.terms.bonus_wad + offer.terms.fee_wad, WAD)
    assert offer.repay < offer.pair.owed
    assert health_after(store, repay=offer.repay, factor=factor) >= Fraction(target, 100)
    assert health_after(store, repay=offer.repay - 1, factor=factor) < Fraction(target, 100)


@given(st.integers(1601, 1840), st.integers(100, 200), st.integers(0, 10), st.integers(0, 3))
def test_the_size_is_the_design_formula(dollars, target, bonus, fee):
    """x = (h WD - WC) / (h w - LT (1 + b + f)), capped by the debt and by the collateral."""
    liquidation = LiquidationRules(
        target_health_wad=target * PERCENT, spiral=SpiralRule.ALLOW, minimum_bonus_wad=0
    )
    rules = with_liquidation(liquidation, fee=fee, bonus=bonus)
    offer = offer_of(indebted(rules, ether=ETHER, dollars=dollars * DOLLAR))
    h, factor = Fraction(target, 100), 1 + Fraction(bonus + fee, 100)
    threshold = Fraction(8, 10)
    slope = h - threshold * factor
    expected = dollars * DOLLAR
    if slope > 0:
        exact = (h * dollars - threshold * 2000) / slope
        expected = min(expected, ceil(exact * DOLLAR))
    assert offer.repay == min(expected, ceil(2000 / factor * DOLLAR))


@given(st.integers(1601, 1999))
def test_a_close_factor_closes_its_share_or_all_below_the_full_close_health(dollars):
    liquidation = LiquidationRules(sizing=Sizing.CLOSE_FACTOR, close_factor_wad=40 * PERCENT)
    store = indebted(with_liquidation(liquidation), ether=ETHER, dollars=dollars * DOLLAR)
    offer, health = offer_of(store), Fraction(1600, dollars)
    cap = collateral_cap(offer.pair, WAD + offer.terms.bonus_wad + offer.terms.fee_wad)
    share = ceil(Fraction(2, 5) * dollars * DOLLAR)
    expected = share if health >= Fraction(95, 100) else dollars * DOLLAR
    assert offer.repay == min(expected, cap)


@pytest.mark.parametrize("sizing", list(Sizing))
def test_a_bankrupt_account_is_closed_as_far_as_its_collateral_reaches(sizing):
    liquidation = LiquidationRules(sizing=sizing)
    store = indebted(with_liquidation(liquidation, fee=3), ether=ETHER, dollars=3000 * DOLLAR)
    offer = offer_of(store)
    assert offer.terms.fee_wad == 0
    assert offer.terms.bonus_wad == PERCENT
    assert offer.repay == ceil(Fraction(2000 * DOLLAR * 100, 101))


def test_whole_closes_the_whole_debt_of_the_pair():
    store = indebted(
        with_liquidation(LiquidationRules(sizing=Sizing.WHOLE)), ether=ETHER, dollars=1700 * DOLLAR
    )
    assert offer_of(store).repay == 1700 * DOLLAR


@given(st.integers(1601, 2400), st.integers(0, 25), st.integers(0, 5), st.integers(0, 5))
def test_the_spiral_cut_takes_the_fee_first_and_leaves_the_least_bonus(dollars, bonus, fee, least):
    liquidation = LiquidationRules(minimum_bonus_wad=least * PERCENT)
    rules = with_liquidation(liquidation, fee=fee, bonus=bonus)
    terms = offer_of(indebted(rules, ether=ETHER, dollars=dollars * DOLLAR)).terms
    # LT (1 + b + f) <= health x w, with LT 0.8, w 1 and health = 1600 / debt.
    room = floor(Fraction(1600, dollars) / Fraction(8, 10) * WAD) - WAD
    full, wanted = bonus * PERCENT, fee * PERCENT
    if dollars > 2000:
        wanted = 0
    if full + wanted <= room:
        assert (terms.bonus_wad, terms.fee_wad) == (full, wanted)
    elif full <= room:
        assert (terms.bonus_wad, terms.fee_wad) == (full, room - full)
    else:
        assert terms.bonus_wad == max(room, min(full, least * PERCENT))
        assert terms.fee_wad == 0
    assert terms.inside_bound == (terms.bonus_wad + terms.fee_wad <= room)


@pytest.mark.parametrize(
    ("dollars", "bonus_bp"),
    [(1601, 103), (1684, 297), (1777, 496), (1779, 500), (1900, 500)],
)
def test_the_bonus_grows_with_the_shortfall_between_its_ends(dollars, bonus_bp):
    """1 % at health 1, 5 % at health 0.9 and below: 1 + 4 x (1 - health) / 0.1 percent."""
    liquidation = LiquidationRules(
        bonus_curve=BonusCurve.SHORTFALL,
        spiral=SpiralRule.ALLOW,
        full_bonus_health_wad=90 * PERCENT,
    )
    store = indebted(with_liquidation(liquidation), ether=ETHER, dollars=dollars * DOLLAR)
    assert offer_of(store).terms.bonus_wad // 10**14 == pytest.approx(bonus_bp, abs=3)
    shortfall = min(1, (1 - Fraction(1600, dollars)) * 10)
    exact = (1 + 4 * shortfall) * PERCENT
    assert -100 < offer_of(store).terms.bonus_wad - exact < 100


def test_without_weight_there_is_no_bound():
    weightless = replace(eth(), liquidation_threshold_wad=0, liquidation_end_wad=0, max_ltv_wad=0)
    store = indebted(venue_rules(usd(), weightless), ether=ETHER, dollars=10 * DOLLAR)
    terms = offer_of(store).terms
    assert (terms.bonus_wad, terms.inside_bound) == (5 * PERCENT, True)


@given(
    st.integers(1, 10**9),
    st.integers(71, 300),
    st.integers(1, 10**9),
    st.sampled_from((0, 5, 1000)),
    st.sampled_from((0, 5, 1000)),
)
def test_dust_is_left_on_neither_side(held_cents, percent, repay, dust_debt, dust_collateral):
    cent = asset("CENT", 2, price=1, ltv=60, threshold=70, bonus=8)
    owed = held_cents * 100 * percent
    rows = [row("anna", "CENT", held_cents), row("anna", "USD", -owed)]
    store = opened(venue_rules(usd(), cent), *rows)
    draft = Draft(store, START_NS)
    offer = quote(draft, "anna", debt="USD", collateral="CENT")
    rules = LiquidationRules(
        dust_debt_wad=dust_debt * WAD, dust_collateral_wad=dust_collateral * WAD
    )
    factor = WAD + 8 * PERCENT
    cap = min(owed, collateral_cap(offer.pair, factor))
    clean = without_dust(offer.pair, min(repay, cap), rules=rules, factor_wad=factor)
    assert min(repay, cap) <= clean <= cap
    if clean < cap:
        left = Fraction(held_cents, 100) - Fraction(clean, DOLLAR) * Fraction(108, 100)
        assert Fraction(owed - clean, DOLLAR) >= dust_debt
        assert left > dust_collateral - Fraction(1, WAD)
    assert without_dust(offer.pair, clean, rules=rules, factor_wad=factor) == clean


def test_an_account_above_its_target_is_sized_to_the_liquidation_end():
    """Threshold 0.9, end 0.7: at a health of 1.08 nothing is missing at the target of 1.05."""
    tall = replace(eth(), liquidation_threshold_wad=90 * PERCENT, liquidation_end_wad=70 * PERCENT)
    rules = venue_rules(usd(), replace(tall, max_ltv_wad=60 * PERCENT))
    draft = Draft(indebted(rules, ether=ETHER, dollars=1666 * DOLLAR), START_NS)
    draft.put_account(replace(draft.account("anna"), in_liquidation=True))
    offer = quote(draft, "anna", debt="USD", collateral="ETH")
    # x = (WD - WC) / (w - LT (1 + b)) at the end's weight: 266 / (1 - 0.7 x 1.05).
    assert offer.repay == ceil(Fraction(266 * DOLLAR * 1000, 265))


def test_the_worked_example_of_the_design_keeps_its_health():
    """Collateral 33, debt 5, price 333333333333333334, threshold 910 bps, no bonus, repay 2.

    With chained floors health falls from 0.2 to 0; on cross products it does not fall.
    """
    token = asset("TOKEN", 0)
    rules = venue_rules(
        asset("ONE", 0, price=1),
        replace(
            token,
            price_wad=333_333_333_333_333_334,
            liquidation_threshold_wad=910 * 10**14,
            liquidation_end_wad=910 * 10**14,
        ),
    )
    rules = replace(rules, liquidation=LiquidationRules(minimum_bonus_wad=0))
    store = opened(rules, row("anna", "TOKEN", 33), row("anna", "ONE", -5))
    draft = Draft(store, START_NS)
    before = account_sums(draft.account("anna"), draft)
    after = _liquidated(store, repay=2)
    assert (before.maintenance, before.weighted_debt) == (
        33 * 333_333_333_333_333_334 * 10**36 * 910 * 10**14,
        5 * 10**54 * WAD,
    )
    assert after.maintenance * before.weighted_debt >= before.maintenance * after.weighted_debt
    assert after.maintenance > 0


def _liquidated(store: MemoryStore, *, repay: int):
    accepted(store, Liquidate(START_NS, "anna", "ONE", "TOKEN", "keeper", repay))
    return sums_of(store, "anna")


def test_terms_do_not_depend_on_the_size_of_the_account():
    rules = with_liquidation(LiquidationRules(), fee=1)
    found = set()
    for size in (1, 1000, 10**6):
        draft = Draft(indebted(rules, ether=size * ETHER, dollars=1700 * size * DOLLAR), START_NS)
        offer = quote(draft, "anna", debt="USD", collateral="ETH")
        sums = account_sums(draft.account("anna"), draft)
        assert terms_of(sums, offer.pair, rules=rules.liquidation) == offer.terms
        found.add(offer.terms)
    assert len(found) == 1
