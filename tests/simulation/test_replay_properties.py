"""What holds for every replay, on books that Hypothesis invents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation.books import scenes
from tests.simulation.cases import START_NS, same_run
from trimtab.agents.keeper import KEEPER
from trimtab.engine import MemoryStore, open_venue, step
from trimtab.model import (
    Accepted,
    Account,
    Case,
    Event,
    EventKind,
    Mechanism,
    Payer,
    Pool,
    PriceState,
    ReplayRules,
    Table,
    Tick,
)
from trimtab.model.commands import Liquidate, StartAuction, TakeAuction, TransferToBackstop
from trimtab.simulation import ReplayRun, StepRecord, replay
from trimtab.units import NANOSECONDS, WAD

MOVES = st.sampled_from((100, 100, 97, 80, 55, 130))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A scene through some steps of falling and rising prices, under some policy."""
    scene = draw(scenes(accounts=4))
    ticks, prices = [], dict(scene.prices)
    gap = draw(st.sampled_from((1, 600, 86_400)))
    for number in range(draw(st.integers(1, 5))):
        ticks.append(Tick(START_NS + number * gap * NANOSECONDS, tuple(sorted(prices.items()))))
        for asset in sorted(prices):
            prices[asset] = max(1, prices[asset] * draw(MOVES) // 100)
        prices["USD"] = WAD
    rules = ReplayRules(
        mechanism=draw(st.sampled_from(Mechanism)),
        gas_cost_wad=draw(st.sampled_from((0, 1, 5 * WAD))),
        capital_wad=draw(st.sampled_from((None, None, 50 * WAD))),
        delay_blocks=draw(st.sampled_from((0, 0, 60))),
        backstop_after_seconds=draw(st.sampled_from((None, 600))),
        margin_calls=draw(st.booleans()),
        checkpoint_steps=2,
    )
    liquidation = replace(
        scene.rules.liquidation,
        dust_collateral_wad=draw(st.sampled_from((0, WAD))),
        close_factor_wad=WAD // 2,
    )
    auction = replace(scene.rules.auction, penalty_wad=draw(st.sampled_from((0, WAD // 10))))
    changed = replace(scene.rules, liquidation=liquidation, auction=auction)
    return Case("invented", changed, scene.book, tuple(ticks), rules, input_hashes={})


def steps_again(case: Case, records: list[StepRecord]) -> Iterator[tuple[object, object, Accepted]]:
    """Each command with the store before it and its outcome, from the journal."""
    store = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns)
    for record in records:
        for command in record.commands:
            outcome = step(store, command)
            assert isinstance(outcome, Accepted)
            yield store, command, outcome
            store.apply(outcome)


def journaled(case: Case) -> tuple[ReplayRun, list[StepRecord]]:
    records: list[StepRecord] = []
    return replay(case, journal=records.append), records


@settings(max_examples=40)
@given(cases())
def test_cash_changes_by_its_flows_and_pools_balance(case: Case) -> None:
    run = replay(case)
    assert run.conserved
    opening = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns)
    for asset in case.rules.assets:
        before, after = opening.get(Table.POOL, asset), run.store.get(Table.POOL, asset)
        assert isinstance(before, Pool)
        assert isinstance(after, Pool)
        flows = sum(t.event.flow for t in run.events if t.event.asset == asset)
        assert after.cash == before.cash + flows
        held = after.cash + after.borrowed + after.deficit
        assert held == after.supplied + after.reserves + after.minted


@settings(max_examples=40)
@given(cases())
def test_losses_are_paid_by_exactly_one_payer_each(case: Case) -> None:
    run = replay(case)
    losses = [timed.event for timed in run.events if timed.event.kind is EventKind.LOSS]
    assert run.tally.bad_debt_wad == sum(event.value for event in losses)
    assert set(run.tally.loss_wad) == set(Payer)
    by_payer = {payer: sum(e.value for e in losses if e.payer is payer) for payer in Payer}
    assert by_payer == run.tally.loss_wad


def keeper_gain(events: tuple[Event, ...], prices: dict[str, Fraction]) -> Fraction:
    """What left the venue less what came in, at oracle prices, independently of BONUS events."""
    kinds = (EventKind.SEIZE, EventKind.AUCTION_TAKE)
    taken = sum(-e.quantity * prices[e.asset] for e in events if e.kind in kinds)
    paid = sum(-e.quantity * prices[e.asset] for e in events if e.kind is EventKind.LIQUIDATE)
    # A fee that an auction's buyer pays comes in (+); one that the borrower pays is his (-).
    fees = [e for e in events if e.kind is EventKind.FEE and e.quantity > 0]
    paid += sum(e.quantity * prices[e.asset] for e in fees)
    return Fraction(taken - paid)


def unit_prices(store: MemoryStore, case: Case) -> dict[str, Fraction]:
    """Quote per native unit, from the price records."""
    whole = {}
    for name in case.rules.assets:
        record = store.get(Table.PRICE, name)
        if isinstance(record, PriceState) and not case.rules.assets[name].underlying:
            whole[name] = record.price_wad
    for name, rules in case.rules.assets.items():
        record = store.get(Table.PRICE, name)
        if rules.underlying and isinstance(record, PriceState):
            whole[name] = whole[rules.underlying] * record.rate_wad // WAD
    decimals = {name: rules.decimals for name, rules in case.rules.assets.items()}
    return {name: Fraction(price, WAD * 10 ** decimals[name]) for name, price in whole.items()}


@settings(max_examples=50)
@given(cases())
def test_keepers_never_lose_at_oracle_prices_after_gas(case: Case) -> None:
    _, records = journaled(case)
    least = Fraction(case.replay.gas_cost_wad, WAD)
    for store, command, outcome in steps_again(case, records):
        if isinstance(command, Liquidate | TakeAuction):
            gain = keeper_gain(outcome.events, unit_prices(store, case))
            assert gain > least, (command, outcome.events)


def shortage(store: MemoryStore, key: str, case: Case) -> Fraction:
    """Weighted debt less weighted collateral, with Fractions alone; no interest in the book."""
    account = store.get(Table.ACCOUNT, key)
    assert isinstance(account, Account)
    prices, total = unit_prices(store, case), Fraction(0)
    for asset, shares in account.supply.items():
        pool = store.get(Table.POOL, asset)
        assert isinstance(pool, Pool)
        amount = Fraction(shares * pool.supplied, pool.supply_shares).__floor__()
        rules = case.rules.assets[asset]
        weight = rules.liquidation_threshold_wad
        if account.category and asset in case.rules.categories[account.category].assets:
            weight = case.rules.categories[account.category].liquidation_threshold_wad
        weight = account.thresholds.get(asset, weight)
        total -= amount * prices[asset] * Fraction(weight, WAD)
    for asset, shares in account.debt.items():
        pool = store.get(Table.POOL, asset)
        assert isinstance(pool, Pool)
        amount = Fraction(shares * pool.borrowed, pool.borrow_shares).__ceil__()
        weight = case.rules.assets[asset].liability_weight_wad
        total += amount * prices[asset] * Fraction(weight, WAD)
    return total


@settings(max_examples=40)
@given(cases())
def test_only_accounts_that_are_unsafe_at_that_moment_are_touched(case: Case) -> None:
    still = {name: replace(rules, base_rate_wad=0) for name, rules in case.rules.assets.items()}
    case = replace(case, rules=replace(case.rules, assets=still))
    _, records = journaled(case)
    for store, command, _ in steps_again(case, records):
        if isinstance(command, Liquidate | StartAuction | TransferToBackstop):
            account = store.get(Table.ACCOUNT, command.account)
            assert isinstance(account, Account)
            short = shortage(store, command.account, case)
            # Overrides may put the liquidation-end weight, and so the release, elsewhere.
            assert short > 0 or account.in_liquidation, command


@settings(max_examples=30)
@given(cases(), st.integers(0, 5))
def test_resuming_anywhere_changes_nothing(case: Case, done: int) -> None:
    run, records = journaled(case)
    same_run(replay(case, resume=records[:done]), run)


@settings(max_examples=40)
@given(cases())
def test_keepers_are_no_account_of_the_book(case: Case) -> None:
    run = replay(case)
    assert KEEPER not in run.metrics.screen.keys
    assert set(run.unwanted) <= set(run.metrics.screen.keys)
