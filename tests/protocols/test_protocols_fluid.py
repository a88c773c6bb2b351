"""Fluid: the grid of ticks, and a liquidation that brings the top down to the threshold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.protocols.fluid import (
    FluidLiquidation,
    FluidRefusal,
    Refused,
    health,
    liquidate,
    opened,
)
from trimtab.protocols.fluid_ticks import (
    PARTS,
    RATIO_ONE,
    next_ratio,
    partial_ratio,
    ratio_at,
    stored,
    tick_at,
)
from trimtab.protocols.fluid_vault import (
    ExchangePrices,
    FluidRules,
    FluidVault,
    absorb,
    levels,
)
from trimtab.protocols.fluid_walk import Branch, Stopped, Walked, position_after, walk
from trimtab.units import RAY, NumberError

RULES = FluidRules(factor=800, threshold=850, limit=900, penalty=500)
ONE = ExchangePrices()
UNIT = 10**18


def vault_of(*positions: tuple[int, int]) -> FluidVault:
    vault = FluidVault()
    for collateral, debt in positions:
        after = opened(vault, collateral, debt=debt)
        assert isinstance(after, FluidVault)
        vault = after
    return vault


def pushed(vault: FluidVault, debt: int = 10**24, *, oracle: int = RAY, **options):
    return liquidate(vault, debt, oracle=oracle, rules=RULES, **options)


@given(st.integers(-32000, 32000))
def test_a_tick_is_the_floor_of_its_own_ratio(tick):
    assert tick_at(ratio_at(tick)).tick in (tick, tick - 1)
    assert tick_at(ratio_at(tick) + ratio_at(tick) // 10**6 + 1).tick == tick


@given(st.integers(40_000_000, 10**47))
def test_a_ratio_lies_between_its_tick_and_the_next(ratio):
    found = tick_at(ratio)
    assert found.ratio <= ratio
    slack = ratio // 10**8 + 2
    assert ratio_at(found.tick) - slack <= ratio <= ratio_at(found.tick + 1) + slack


def test_the_grid_at_its_ends():
    assert ratio_at(0) == RATIO_ONE
    assert tick_at(RATIO_ONE).tick == 0
    assert ratio_at(1) == 79347004758035734099934266262
    assert ratio_at(-32767) == 37075071  # one below the least that the contract takes back
    assert ratio_at(32767) == 169307877264527972847801929085841449095838922544595
    for ratio in (37075071, ratio_at(32767) + 1):
        with pytest.raises(NumberError):
            tick_at(ratio)
    with pytest.raises(AssertionError):
        ratio_at(32768)


def test_parts_lie_between_two_ticks():
    assert partial_ratio(5, PARTS) == ratio_at(5)
    below = partial_ratio(5, 0)
    assert abs(below - ratio_at(4)) < 10**10
    assert below < partial_ratio(5, PARTS // 2) < ratio_at(5)
    assert next_ratio(10_000) == 10_015


@given(st.integers(0, 1 << 120))
def test_stored_amounts_keep_56_bits(amount):
    down, up = stored(amount, up=False), stored(amount, up=True)
    assert down <= amount <= up
    assert down == amount if amount < 1 << 56 else up > amount
    assert up - down <= amount >> 55


def test_a_position_is_liquidatable_above_the_threshold_tick():
    level = levels(RAY, RULES, prices=ONE)
    assert level.collateral_per_debt == 105 * 10**25
    assert level.threshold_tick < level.limit_tick < 0
    for debt, liquidatable, absorbable in ((840, 0, 0), (860, 1, 0), (910, 1, 1)):
        checked = health(1000 * UNIT, debt * UNIT, oracle=RAY, rules=RULES, prices=ONE)
        assert checked.is_liquidatable == bool(liquidatable)
        assert checked.is_absorbable == bool(absorbable)


def test_exchange_prices_move_the_ticks():
    grown = levels(RAY, RULES, prices=ExchangePrices(supply=2 * 10**12))
    assert grown.collateral_per_debt == 105 * 10**25 // 2
    assert grown.threshold_tick > levels(RAY, RULES, prices=ONE).threshold_tick


def test_only_what_brings_the_tick_down_is_taken():
    vault = vault_of((1000 * UNIT, 870 * UNIT))
    done = pushed(vault)
    assert isinstance(done, FluidLiquidation)
    assert done.walked is not None
    assert done.walked.reaches_threshold
    assert 0 < done.debt < 870 * UNIT // 3
    left_debt = done.vault.branches[0].debt
    left_collateral = 1000 * UNIT - done.collateral
    threshold = levels(RAY, RULES, prices=ONE).threshold_tick
    assert done.vault.branches[0].tick == threshold + 1
    assert abs(left_debt * RATIO_ONE // left_collateral - ratio_at(threshold)) < RATIO_ONE // 10**3
    assert abs(done.collateral - done.debt * 105 // 100) <= 2


def test_a_second_liquidation_at_the_same_price_finds_nothing():
    first = pushed(vault_of((1000 * UNIT, 870 * UNIT)))
    assert isinstance(first, FluidLiquidation)
    again = pushed(first.vault)
    assert isinstance(again, Refused)
    assert again.reason is FluidRefusal.INVALID_LIQUIDATION


def test_a_short_payment_stops_on_the_way():
    vault = vault_of((1000 * UNIT, 870 * UNIT))
    done = pushed(vault, 10 * UNIT)
    assert isinstance(done, FluidLiquidation)
    assert done.debt == 10 * UNIT
    assert done.walked is not None
    assert not done.walked.reaches_threshold
    assert 0 < done.vault.branches[0].parts < PARTS
    rest = pushed(done.vault)
    whole = pushed(vault)
    assert isinstance(rest, FluidLiquidation)
    assert isinstance(whole, FluidLiquidation)
    assert abs(done.debt + rest.debt - whole.debt) < UNIT // 10**3


def test_ticks_merge_from_the_riskiest_down_and_share_pro_rata():
    vault = vault_of(
        (1000 * UNIT, 890 * UNIT), (1000 * UNIT, 870 * UNIT), (1000 * UNIT, 500 * UNIT)
    )
    done = pushed(vault)
    assert isinstance(done, FluidLiquidation)
    assert done.walked is not None
    first, second = done.walked.steps
    assert first.from_tick > first.to_tick == second.from_tick
    assert second.gathered > first.gathered
    untouched = min(vault.ticks)
    assert done.vault.ticks == {untouched: vault.ticks[untouched]}
    risky = position_after(10**18, first.from_tick, walked=done.walked)
    milder = position_after(10**18, second.from_tick, walked=done.walked)
    safe = position_after(10**18, untouched, walked=done.walked)
    assert risky < milder < safe == 10**18


def test_a_new_tick_above_a_branch_merges_into_it():
    first = pushed(vault_of((1000 * UNIT, 870 * UNIT)))
    assert isinstance(first, FluidLiquidation)
    more = opened(first.vault, 1000 * UNIT, debt=845 * UNIT)
    assert isinstance(more, FluidVault)
    done = pushed(more, oracle=RAY * 97 // 100)
    assert isinstance(done, FluidLiquidation)
    assert done.walked is not None
    assert len(done.walked.steps) == 2
    assert len(done.vault.branches) == 1
    assert done.vault.ticks == {}


def test_above_the_limit_the_protocol_absorbs():
    vault = vault_of((1000 * UNIT, 950 * UNIT), (1000 * UNIT, 870 * UNIT))
    only = pushed(vault, 0)
    assert isinstance(only, FluidLiquidation)
    assert (only.debt, only.collateral) == (0, 0)
    assert abs(only.absorbed_collateral - 1000 * UNIT) < UNIT // 100
    assert len(only.vault.ticks) == 1
    bought = pushed(only.vault, 95 * UNIT, takes_absorbed=True)
    assert isinstance(bought, FluidLiquidation)
    assert bought.walked is None
    assert bought.debt == 95 * UNIT
    assert bought.vault.absorbed_debt == only.vault.absorbed_debt - 95 * UNIT
    both = pushed(only.vault, 2000 * UNIT, takes_absorbed=True)
    assert isinstance(both, FluidLiquidation)
    assert both.vault.absorbed_debt == both.vault.absorbed_collateral == 0
    assert both.walked is not None


def test_branches_above_the_limit_are_absorbed_too():
    vault = FluidVault(branches=(Branch(10, 5, 10**20), Branch(-2000, 7, 10**20)))
    after = absorb(vault, -100)
    assert after.branches == (Branch(-2000, 7, 10**20),)
    assert after.absorbed_debt == 10**20


def test_what_the_vault_refuses():
    vault = vault_of((1000 * UNIT, 870 * UNIT))
    for refused, reason in (
        (pushed(FluidVault()), FluidRefusal.NO_TOP_TICK),
        (pushed(vault, oracle=0), FluidRefusal.INVALID_ORACLE_PRICE),
        (pushed(vault, oracle=10**54 + 1), FluidRefusal.INVALID_ORACLE_PRICE),
        (pushed(vault, -1), FluidRefusal.INVALID_AMOUNT),
        (pushed(vault, 9_999), FluidRefusal.INVALID_AMOUNT),
        (pushed(vault, 10**11), FluidRefusal.INVALID_AMOUNT),
        (pushed(vault, oracle=2 * RAY), FluidRefusal.INVALID_LIQUIDATION),
        (pushed(vault, collateral_per_debt_min_wad=2 * 10**18), FluidRefusal.EXCESS_SLIPPAGE),
        (opened(vault, UNIT, debt=9_999), FluidRefusal.DEBT_TOO_LOW),
    ):
        assert isinstance(refused, Refused)
        assert refused.reason is reason


def test_a_dusty_branch_stops_the_walk():
    done = walk({0: 60}, (), left=10**6, threshold_tick=-60, collateral_per_debt=9 * 10**26)
    assert done is Stopped.BRANCH_DEBT_TOO_LOW


def test_rules_leave_room_for_the_penalty():
    with pytest.raises(AssertionError):
        replace(RULES, limit=950, penalty=600)
    with pytest.raises(AssertionError):
        replace(RULES, factor=850)


ticks = st.dictionaries(st.integers(-150, -75), st.integers(10**18, 10**24), min_size=1, max_size=5)


@given(ticks, st.integers(10**12, 10**25))
def test_a_walk_conserves_debt_and_pays_its_price(debts, left):
    per_debt = 105 * 10**25
    done = walk(debts, (), left=left, threshold_tick=-160, collateral_per_debt=per_debt)
    assert isinstance(done, Walked)
    assert done.debt <= left
    walked_off = sum(debts.values()) - sum(done.ticks.values())
    rest = walked_off - done.debt
    assert rest <= done.branches[0].debt <= rest + (rest >> 54) + 1
    assert done.collateral * RAY <= done.debt * per_debt
    assert (done.collateral + len(done.steps)) * RAY >= done.debt * per_debt
    assert done.branches[0].tick >= -160
    assert all(tick < done.branches[0].tick + 1 for tick in done.ticks)


@given(ticks, st.integers(10**12, 10**25))
def test_a_longer_walk_pays_no_less(debts, left):
    walks = [
        walk(debts, (), left=amount, threshold_tick=-160, collateral_per_debt=105 * 10**25)
        for amount in (left, 2 * left)
    ]
    assert all(isinstance(one, Walked) for one in walks)
    assert walks[0].debt <= walks[1].debt
    assert walks[0].branches[0].ratio >= walks[1].branches[0].ratio - RATIO_ONE // 10**6
