"""Engines broken on purpose: the invariants notice each within a short run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.engine.market_machine import run_machine
from tests.engine.venues import START_NS, at, eth, row, usd, venue_rules
from tests.engine.watch import WatchedVenue
from trimtab.engine import (
    draft,
    ledger,
    lending,
    liquidation,
    margin,
    oracle,
    pools,
    sizing,
    waterfall,
)
from trimtab.engine.perps import deleveraging, fills, funding, losses, marks, settlement
from trimtab.model import Accepted, Pool, Table, commands
from trimtab.units import WAD, mul_div_down, mul_div_up

Break = Callable[[pytest.MonkeyPatch], None]


def round_debt_down(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(pools, "mul_div_up", mul_div_down)


def round_debt_shares_up(patch: pytest.MonkeyPatch) -> None:
    def debt_shares_to_burn(pool: Pool, amount: int) -> int:
        return mul_div_up(amount, pool.borrow_shares, pool.borrowed)

    patch.setattr(lending, "debt_shares_to_burn", debt_shares_to_burn)
    patch.setattr(liquidation, "debt_shares_to_burn", debt_shares_to_burn)


def forget_the_reserves_unit(patch: pytest.MonkeyPatch) -> None:
    kept = pools.remove_debt

    def remove_debt(pool: Pool, paid: int, *, shares: int) -> Pool:
        return replace(kept(pool, paid, shares=shares), reserves=pool.reserves)

    patch.setattr(lending, "remove_debt", remove_debt)
    patch.setattr(liquidation, "remove_debt", remove_debt)


def forget_to_book_the_fee(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(liquidation, "move_supply", lambda *_, **__: None)


def leave_bonus_and_fee_uncut(patch: pytest.MonkeyPatch) -> None:
    kept = sizing.terms_of

    def terms_of(sums, pair, *, rules, category=None):
        least = kept(sums, pair, rules=rules, category=category)
        bonus = sizing.base_bonus_wad(sums, pair, rules=rules, category=category)
        fee = pair.collateral.rules.liquidation_fee_wad
        return replace(least, bonus_wad=bonus, fee_wad=fee)

    patch.setattr(liquidation, "terms_of", terms_of)


def pay_a_loss_twice(patch: pytest.MonkeyPatch) -> None:
    kept = waterfall._from_insurance

    def twice(change, asset, *, left):
        first = kept(change, asset, left=left)
        kept(change, asset, left=left)
        return first

    patch.setattr(waterfall, "_from_insurance", twice)


def skip_the_penalties(patch: pytest.MonkeyPatch) -> None:
    """A payer that says it paid, and does not."""
    patch.setattr(waterfall, "_from_penalties", lambda *_, left, **__: left // 2)


def round_supply_up(patch: pytest.MonkeyPatch) -> None:
    def supply_amount(pool: Pool, shares: int) -> int:
        return mul_div_up(shares, pool.supplied, pool.supply_shares) if shares else 0

    for module in (lending, ledger, margin, sizing, pools):
        patch.setattr(module, "supply_amount", supply_amount)


def mint_too_many_shares(patch: pytest.MonkeyPatch) -> None:
    kept = pools.shares_to_mint
    patch.setattr(lending, "shares_to_mint", lambda pool, amount: kept(pool, amount) + 1)


def liquidate_below_the_initial_level(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(liquidation, "is_unsafe", lambda _, sums: sums.excess_initial < 0)


def forget_isolated_debt(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(draft.Draft, "_shift_isolated", lambda *_, **__: None)


def write_into_the_state(patch: pytest.MonkeyPatch) -> None:
    """A change in place, instead of a new record: a rejected command then leaves traces."""

    def shifted(holdings, asset, *, by):
        holdings[asset] = holdings.get(asset, 0) + by
        if not holdings[asset]:
            del holdings[asset]
        return holdings

    patch.setattr(draft, "shifted", shifted)


def get_funding_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """Longs pay what shorts do not get."""
    kept = funding.funded

    def funded(state, rules, *, moment):
        changed, paid = kept(state, rules, moment=moment)
        return replace(changed, short_index=state.short_index), paid

    patch.setattr(marks, "funded", funded)


def book_funding_at_the_new_price(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(oracle, "_book_funding", lambda *_: None)
    patch.setattr(oracle, "market_state", lambda draft, name: draft.get(Table.MARKET, name))


def pay_a_gain_from_thin_air(patch: pytest.MonkeyPatch) -> None:
    """A close takes the gain as paid, whatever the market holds."""
    kept = settlement.pay_out

    def pay_out(draft, key, *, market, units):
        kept(draft, key, market=market, units=units)
        return units

    patch.setattr(settlement, "pay_out", pay_out)


def forget_the_old_cost(patch: pytest.MonkeyPatch) -> None:
    kept = fills.changed

    def changed(position, size, *, cost):
        return kept(replace(position, cost=0), size, cost=cost)

    patch.setattr(fills, "changed", changed)


def forget_to_count_the_taker(patch: pytest.MonkeyPatch) -> None:
    kept = fills._count

    def count(draft, market, *, before, after):
        if abs(after) < abs(before):
            kept(draft, market, before=before, after=after)

    patch.setattr(fills, "_count", count)


def cut_one_unit_less(patch: pytest.MonkeyPatch) -> None:
    kept = deleveraging.cuts

    def cuts(candidates, quantity, *, policy):
        found = dict(kept(candidates, quantity, policy=policy))
        key = max(found, key=lambda name: (found[name], name))
        return {**found, key: found[key] - 1}

    patch.setattr(deleveraging, "cuts", cuts)


def tell_a_loss_and_pay_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(losses, "_from_insurance", lambda *_, units: units)


def write_off_more_than_the_loss(patch: pytest.MonkeyPatch) -> None:
    """The charge of a socialized loss, rounded down: somebody's claim is not covered."""
    patch.setattr(losses, "funding_charge", lambda exact, units: exact // units)


MARKET_BREAKS: tuple[Break, ...] = (
    get_funding_for_nothing,
    book_funding_at_the_new_price,
    pay_a_gain_from_thin_air,
    forget_the_old_cost,
    forget_to_count_the_taker,
    cut_one_unit_less,
    tell_a_loss_and_pay_nothing,
    write_off_more_than_the_loss,
)


BREAKS: tuple[Break, ...] = (
    round_debt_down,
    round_debt_shares_up,
    forget_the_reserves_unit,
    forget_to_book_the_fee,
    pay_a_loss_twice,
    skip_the_penalties,
    round_supply_up,
    mint_too_many_shares,
    liquidate_below_the_initial_level,
    forget_isolated_debt,
    write_into_the_state,
)


@pytest.mark.parametrize("broken", [*BREAKS, *MARKET_BREAKS], ids=lambda each: each.__name__)
def test_a_broken_engine_is_caught(broken, monkeypatch):
    broken(monkeypatch)
    with pytest.raises(AssertionError):
        run_machine(examples=40, steps=50, shrink=False)


def at_the_edge() -> WatchedVenue:
    """ETH at 2,000 x 0.8 against 1,600 USD: an excess of exactly zero."""
    book = [row("anna", "ETH", 10**18), row("anna", "USD", -1600 * 10**6)]
    return WatchedVenue(venue_rules(usd(), eth()), book, at_ns=START_NS)


def test_an_engine_that_liquidates_at_zero_excess_is_caught(monkeypatch):
    asked = commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper")
    assert not isinstance(at_the_edge().run(asked), Accepted)
    monkeypatch.setattr(liquidation, "is_unsafe", lambda _, sums: sums.excess_maintenance <= 0)
    with pytest.raises(AssertionError, match="I3"):
        at_the_edge().run(asked)


def test_an_engine_that_forgets_what_it_told_is_caught():
    venue = at_the_edge()
    venue.run(commands.SetPrices(at(1), (("ETH", 1900 * WAD),)))
    venue.run(commands.Liquidate(at(2), "anna", "USD", "ETH", "keeper"))
    venue.replay()
    command, events = venue.journal.pop()
    venue.journal.append((command, events[:-1]))
    with pytest.raises(AssertionError, match="I9"):
        venue.replay()


def test_an_engine_that_cuts_no_bonus_is_caught(monkeypatch):
    """At a health of 0.82 and a threshold of 0.8 a bonus of 5 % lowers health."""
    book = [row("anna", "ETH", 10**18), row("anna", "USD", -1950 * 10**6)]
    bite = commands.Liquidate(at(0), "anna", "USD", "ETH", "keeper", 100 * 10**6)
    rules = venue_rules(usd(), eth())
    assert isinstance(WatchedVenue(rules, book, at_ns=START_NS).run(bite), Accepted)
    leave_bonus_and_fee_uncut(monkeypatch)
    with pytest.raises(AssertionError, match="I4"):
        WatchedVenue(rules, book, at_ns=START_NS).run(bite)
