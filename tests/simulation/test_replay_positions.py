"""Replays of perp books: who is closed, who is cut, who pays; conserved, repeatable, resumable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from tests.simulation.cases import START_NS
from tests.simulation.perp_books import LINEAR, PerpScene, perp_rules, perp_scenes
from trimtab.engine import Draft, account_sums, market_mark, owed_cost
from trimtab.model import (
    AdlPolicy,
    BookRow,
    Case,
    DeleveragingRules,
    EventKind,
    FundingTick,
    FundRules,
    OracleRules,
    OracleTick,
    Payer,
    ReplayRules,
    Table,
    Tick,
)
from trimtab.model import commands as c
from trimtab.simulation import ReplayRun, StepRecord, replay, standing
from trimtab.simulation.feed import Feed, first_prices
from trimtab.units import NANOSECONDS, WAD

MINUTE = 60 * NANOSECONDS


def case_of(book: tuple[BookRow, ...], *prices: int, **parts: Any) -> Case:
    """A case of one price series for AAA; BBB stays at 1."""
    ticks = tuple(
        Tick(START_NS + number * MINUTE, (("AAA", price * WAD), ("BBB", WAD)))
        for number, price in enumerate(prices)
    )
    rules = parts.pop("rules", perp_rules())
    return Case("perps", rules, book, ticks, **{"replay": ReplayRules(), **parts})


def crowd(*, leverage: int) -> tuple[BookRow, ...]:
    """Four longs at a leverage against four shorts with twice the margin, all at 2,000."""
    rows = [BookRow("lender", "USD", 10**12)]
    for number in range(4):
        for side, key, cash in ((1, "long", 1), (-1, "short", 2)):
            name, margin = f"{key}{number}", 2_000 * 10**6 * cash // leverage
            rows.append(BookRow(name, "USD", margin))
            rows.append(BookRow(name, LINEAR, side * 10**18, entry_price_wad=2_000 * WAD))
    return tuple(rows)


def claims_agree(run: ReplayRun) -> None:
    """Sizes sum to zero; claims and surplus are what is held, to the last digit."""
    draft = Draft(run.store, run.case.ticks[-1].at_ns)
    for market in run.case.rules.markets:
        mark = market_mark(draft, market)
        held = [draft.account(key).positions.get(market) for key in run.store.keys(Table.ACCOUNT)]
        positions = [position for position in held if position is not None]
        assert sum(position.size for position in positions) == 0
        costs = sum(owed_cost(position, mark.state) for position in positions)
        assert -costs + mark.state.surplus == mark.state.held * mark.settle_unit


def payers_sum(run: ReplayRun) -> None:
    losses = [one.event.value for one in run.events if one.event.kind is EventKind.LOSS]
    assert sum(losses) == run.tally.bad_debt_wad == sum(run.tally.loss_wad.values())


def test_a_fall_closes_the_longs_and_nobody_loses() -> None:
    run = replay(case_of(crowd(leverage=5), 2_000, 1_800, 1_675, 1_700))
    assert run.tally.position_liquidations >= 4
    assert run.tally.bad_debt_wad == 0
    assert run.tally.fee_wad > 0
    assert run.conserved
    assert not run.unwanted
    claims_agree(run)
    closed = {
        one.event.account for one in run.events if one.event.kind is EventKind.LIQUIDATE_POSITION
    }
    assert closed == {"long0", "long1", "long2", "long3"}


@pytest.mark.parametrize("policy", [AdlPolicy.QUEUE, AdlPolicy.PRO_RATA, AdlPolicy.WATER_FILL])
def test_a_gap_beyond_every_margin_is_paid_in_order(policy: AdlPolicy) -> None:
    """At 20x a fall of 15 % leaves 4 x 200 short: 60 are in the funds, the shorts give the rest."""
    rules = perp_rules(deleveraging=DeleveragingRules(policy=policy))
    run = replay(case_of(crowd(leverage=20), 2_000, 1_700, rules=rules))
    loss = run.tally.loss_wad
    assert loss[Payer.INSURANCE] <= 40 * WAD
    assert loss[Payer.BACKSTOP] <= 20 * WAD
    assert loss[Payer.SOCIALIZED] == 0
    assert run.tally.bad_debt_wad == pytest.approx(800 * WAD, rel=1e-9)
    assert loss[Payer.ADL] == run.tally.bad_debt_wad - loss[Payer.INSURANCE] - loss[Payer.BACKSTOP]
    assert run.tally.deleveraged_wad == pytest.approx(4 * 1_700 * WAD, rel=1e-9)
    assert run.conserved
    claims_agree(run)
    payers_sum(run)


def test_without_deleveraging_the_rest_is_socialized() -> None:
    rules = perp_rules(deleveraging=DeleveragingRules(policy=AdlPolicy.NONE))
    run = replay(case_of(crowd(leverage=20), 2_000, 1_700, rules=rules))
    assert run.tally.loss_wad[Payer.ADL] == 0
    assert run.tally.loss_wad[Payer.SOCIALIZED] > 700 * WAD
    assert run.tally.deleveragings == 0
    claims_agree(run)
    payers_sum(run)


def test_takers_close_no_more_than_the_depth_of_a_step() -> None:
    replayed = ReplayRules(position_depth_wad=500 * WAD)
    run = replay(case_of(crowd(leverage=5), 2_000, 1_675, 1_675, 1_675, replay=replayed))
    by_step: dict[int, int] = {}
    for one in run.events:
        if one.event.kind is EventKind.LIQUIDATE_POSITION:
            by_step[one.at_ns] = by_step.get(one.at_ns, 0) + one.event.value
    assert by_step
    assert max(by_step.values()) <= 500 * WAD


def test_the_backstop_takes_what_no_taker_closes() -> None:
    rules = replace(perp_rules(), backstop=FundRules(balance_wad=10_000 * WAD))
    replayed = ReplayRules(position_depth_wad=0, backstop_after_seconds=0)
    run = replay(case_of(crowd(leverage=10), 2_000, 1_890, 1_890, rules=rules, replay=replayed))
    assert run.tally.backstop_transfers == 4
    backstop = run.store.get(Table.ACCOUNT, "@backstop")
    assert backstop.positions[LINEAR].size == 4 * 10**18
    claims_agree(run)


def test_closed_gains_wait_for_losers_and_are_then_paid() -> None:
    """The shorts are closed by the rise of one, while the longs' losses are not in yet."""
    book = (
        BookRow("winner", "USD", 210 * 10**6),
        BookRow("winner", LINEAR, 10**18, entry_price_wad=1_000 * WAD),
        BookRow("loser", "USD", 5_000 * 10**6),
        BookRow("loser", LINEAR, -(10**18), entry_price_wad=1_000 * WAD),
        BookRow("lender", "USD", 10**12),
    )
    run = replay(case_of(book, 2_000, 2_100, 900, 905))
    claims_agree(run)
    left = run.store.get(Table.ACCOUNT, "winner").positions.get(LINEAR)
    assert left is None or left.size != 0 or left.cost > -(10**54)


@settings(max_examples=25, deadline=None)
@given(perp_scenes())
def test_any_perp_book_is_conserved_and_resumes(scene: PerpScene) -> None:
    half = {key: price * 7 // 10 for key, price in scene.later.items()}
    ticks = tuple(
        Tick(START_NS + number * MINUTE, tuple(sorted(prices.items())))
        for number, prices in enumerate((scene.first, scene.later, half, scene.first))
    )
    case = Case("drawn", scene.rules, scene.book, ticks)
    records: list[StepRecord] = []
    run = replay(case, journal=records.append)
    assert run.conserved
    claims_agree(run)
    payers_sum(run)
    again = replay(case, resume=records[:2])
    assert again.state_hash == run.state_hash
    assert [one.event for one in again.events] == [one.event for one in run.events]
    draft = Draft(run.store, ticks[-1].at_ns)
    for key in run.metrics.screen.keys:
        assert account_sums(draft.account(key), draft).equity > -(10**54), (
            "no one is left below zero"
        )


def test_the_feed_hands_on_what_lies_between_two_rows() -> None:
    case = case_of(
        crowd(leverage=5),
        2_000,
        1_900,
        observations=(
            OracleTick(START_NS - MINUTE, "AAA", "early", 2_001 * WAD, 0, START_NS - MINUTE),
            OracleTick(START_NS + MINUTE // 2, "AAA", "late", 1_950 * WAD, 0, START_NS),
        ),
        funding=(FundingTick(START_NS + MINUTE // 2, LINEAR, WAD // 1000),),
    )
    feed = Feed(case)
    first, second = (list(feed.batch(number)) for number in (0, 1))
    assert [type(command) for command in first] == [c.SubmitPrice, c.SetPrices]
    assert first[0].at_ns == START_NS, "what is older than the first row arrives with it"
    assert [type(command) for command in second] == [c.SetFunding, c.SubmitPrice, c.SetPrices]
    assert first_prices(case)["AAA"] == 2_000 * WAD


def test_a_refused_source_is_counted_and_changes_no_price() -> None:
    rules = perp_rules(oracle=OracleRules(max_confidence_wad=WAD // 100))
    seen = OracleTick(START_NS + MINUTE // 2, "AAA", "wide", 900 * WAD, 90 * WAD, START_NS)
    case = case_of(crowd(leverage=5), 2_000, 1_990, rules=rules, observations=(seen,))
    run = replay(case)
    assert run.tally.prices_refused == 1
    assert run.tally.position_liquidations == 0


def test_a_standing_ranks_each_side_once() -> None:
    found = standing(case_of(crowd(leverage=5), 2_000, 1_800), at_ns=START_NS + MINUTE)
    for side in ("long", "short"):
        places = sorted(found.ranks[f"{side}{number}", LINEAR].place for number in range(4))
        assert places == [1, 2, 3, 4]
    assert all(rank.among == 4 for rank in found.ranks.values())
