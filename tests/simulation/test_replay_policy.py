"""What the keepers' policy and the mechanism change, and what they must not."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.simulation.cases import (
    CRASH,
    START_NS,
    STEP_SECONDS,
    collateral,
    row,
    run_of,
    small_case,
    with_liquidation,
    with_replay,
)
from trimtab.engine import Draft, account_sums
from trimtab.model import BACKSTOP, Case, EventKind, GasTick, Mechanism, Payer, Sizing
from trimtab.simulation import ReplayRun
from trimtab.units import NANOSECONDS, WAD


def times_of(run: ReplayRun, kind: EventKind) -> list[int]:
    """Steps in which events of a kind fall."""
    return [
        (timed.at_ns - START_NS) // (STEP_SECONDS * NANOSECONDS)
        for timed in run.events
        if timed.event.kind is kind
    ]


def kinds_of(run: ReplayRun) -> Counter[str]:
    return Counter(str(timed.event.kind) for timed in run.events)


def rows_of(run: ReplayRun, kind: EventKind) -> list[tuple[str, str, int, int]]:
    return [
        (timed.event.account, timed.event.asset, timed.event.quantity, timed.event.value)
        for timed in run.events
        if timed.event.kind is kind
    ]


def test_every_indebted_account_falls_in_the_crash() -> None:
    run = run_of(small_case())
    hit = {account for account, *_ in rows_of(run, EventKind.LIQUIDATE)}
    assert hit == {"ann", "bob", "cyd", "eve/loop", "fay"}


def test_gas_that_no_offer_pays_for_leaves_everybody_unwanted() -> None:
    prices = CRASH[:6]
    run = run_of(small_case(prices, gas_cost_wad=10**6 * WAD))
    assert run.tally.liquidations == 0
    draft = Draft(run.store, run.case.ticks[-1].at_ns)
    unsafe = {
        key: -(-account_sums(draft.account(key), draft).debt // 10**36)
        for key in run.metrics.screen.keys
        if account_sums(draft.account(key), draft).excess_maintenance < 0
    }
    assert run.unwanted == unsafe
    assert len(unsafe) == 5


def test_a_gas_table_counts_from_its_time_on() -> None:
    case = small_case(CRASH[:6])
    dear, cheap = 10**6 * WAD, WAD
    gas = (GasTick(START_NS, dear), GasTick(START_NS + 4 * STEP_SECONDS * NANOSECONDS, cheap))
    run = run_of(replace(case, gas=gas))
    assert min(times_of(run, EventKind.LIQUIDATE)) == 4
    assert min(times_of(run_of(case), EventKind.LIQUIDATE)) < 4


def test_dust_that_gas_eats_stays_while_the_rest_is_liquidated() -> None:
    run = run_of(small_case(CRASH[:5], gas_cost_wad=2 * WAD))
    assert set(run.unwanted) == {"fay"}


@pytest.mark.parametrize(("blocks", "steps_late"), [(0, 0), (1, 1), (50, 1), (51, 2), (100, 2)])
def test_a_delay_in_blocks_postpones_the_first_action(blocks: int, steps_late: int) -> None:
    prices = (2000, *[1450] * 6)  # a block takes twelve seconds, a step fifty blocks
    run = run_of(small_case(prices, delay_blocks=blocks))
    assert min(times_of(run, EventKind.LIQUIDATE)) == 1 + steps_late


def test_an_account_that_recovers_starts_to_wait_anew() -> None:
    prices = (2000, 1450, 2000, 1450, 1450, 1450)
    run = run_of(small_case(prices, delay_blocks=100))
    assert min(times_of(run, EventKind.LIQUIDATE)) == 5


def test_capital_binds_within_one_step_and_comes_back_in_the_next() -> None:
    prices = (2000, *[1450] * 8)
    free, bound = run_of(small_case(prices)), run_of(small_case(prices, capital_wad=1000 * WAD))
    spent: Counter[int] = Counter()
    for at_ns, value in (
        (timed.at_ns, timed.event.value)
        for timed in bound.events
        if timed.event.kind is EventKind.LIQUIDATE
    ):
        spent[at_ns] += value
    assert max(spent.values()) <= 1000 * WAD
    assert len(spent) > len(set(times_of(free, EventKind.LIQUIDATE)))


def test_keepers_without_capital_do_nothing() -> None:
    run = run_of(small_case(capital_wad=0))
    assert run.tally.liquidations == 0


def test_flash_liquidations_move_the_same_amounts_as_bonus_sales() -> None:
    case = small_case()
    bonus, flash = run_of(case), run_of(with_replay(case, mechanism=Mechanism.FLASH))
    assert bonus.events == flash.events
    assert bonus.state_hash == flash.state_hash
    assert bonus.tally == flash.tally


def test_flash_liquidations_need_no_capital() -> None:
    case = small_case(capital_wad=800 * WAD)
    flash = run_of(with_replay(case, mechanism=Mechanism.FLASH))
    assert times_of(flash, EventKind.LIQUIDATE)
    assert flash.tally.repaid_wad > run_of(case).tally.repaid_wad > 0


def auctioned(**auction: int) -> Case:
    case = small_case((2000, 1990, *[1450] * 40), mechanism=Mechanism.AUCTION)
    rules = replace(case.rules, auction=replace(case.rules.auction, **auction))
    return replace(case, rules=rules)


def test_auctions_run_from_start_to_sale() -> None:
    run = run_of(auctioned())
    kinds = kinds_of(run)
    assert kinds["auction_start"] > 0
    assert kinds["auction_start"] == kinds["auction_end"] == run.tally.liquidations
    assert kinds["auction_take"] > 0
    assert not list(run.store.keys("auction"))
    assert run.tally.repaid_wad > 0
    assert run.tally.seized_wad - run.tally.repaid_wad >= run.tally.bonus_wad - WAD


def test_keepers_wait_for_their_discount_in_an_auction() -> None:
    early = run_of(with_replay(auctioned(), auction_discount_wad=WAD // 100))
    late = run_of(with_replay(auctioned(), auction_discount_wad=20 * WAD // 100))
    assert min(times_of(early, EventKind.AUCTION_TAKE)) < min(
        times_of(late, EventKind.AUCTION_TAKE)
    )


def test_an_auction_that_nobody_wants_is_reset() -> None:
    case = with_replay(auctioned(reset_after_seconds=1200), gas_cost_wad=10**6 * WAD)
    kinds = kinds_of(run_of(case))
    assert kinds["auction_reset"] > 0
    assert kinds["auction_take"] == 0


def test_a_keeper_bids_only_where_the_part_for_sale_pays_for_gas() -> None:
    """The lot is worth far more than its debt: what counts is what can be bought of it."""
    case = auctioned(lot_buffer_wad=1000 * WAD)
    assets = {**case.rules.assets, "ETH": collateral("ETH", 18, threshold=40)}
    book = (row("ann", "ETH", 20 * 10**18), row("ann", "USD", -12_000 * 10**6))
    case = replace(case, book=book, rules=replace(case.rules, assets=assets))
    dear = with_replay(case, gas_cost_wad=5000 * WAD)
    assert kinds_of(run_of(dear))["auction_take"] == 0
    cheap = with_replay(dear, gas_cost_wad=100 * WAD)
    assert kinds_of(run_of(cheap))["auction_take"] == 1


def backstopped(balance: int, after_seconds: int | None, **changes: int) -> Case:
    case = small_case((2000, *[1450] * 9), backstop_after_seconds=after_seconds, **changes)
    funded = replace(case.rules.backstop, balance_wad=balance * WAD)
    return replace(case, rules=replace(case.rules, backstop=funded))


def test_the_backstop_takes_what_no_keeper_wants_after_its_time() -> None:
    run = run_of(backstopped(10**6, 1800, gas_cost_wad=10**6 * WAD))
    assert min(times_of(run, EventKind.BACKSTOP_TRANSFER)) == 4  # unsafe since step 1
    assert run.tally.backstop_transfers == 5
    assert run.unwanted == {}
    draft = Draft(run.store, run.case.ticks[-1].at_ns)
    assert account_sums(draft.account(BACKSTOP), draft).excess_maintenance >= 0


def test_who_goes_to_the_backstop_in_the_last_step_is_not_left_unwanted() -> None:
    case = backstopped(10**6, 1800, gas_cost_wad=10**6 * WAD)
    run = run_of(replace(case, ticks=case.ticks[:5]))
    assert run.tally.backstop_transfers == 5
    assert run.unwanted == {}
    assert run.metrics.columns["accounts_unsafe"][-1] == 0


def test_without_a_time_the_backstop_takes_over_nobody() -> None:
    run = run_of(backstopped(10**6, None, gas_cost_wad=10**6 * WAD))
    assert run.tally.backstop_transfers == 0
    assert len(run.unwanted) == 5


def test_a_backstop_that_is_too_small_refuses_and_the_account_waits() -> None:
    run = run_of(backstopped(0, 600, gas_cost_wad=10**6 * WAD))
    assert "eve/loop" in run.unwanted


def test_margin_calls_go_to_accounts_between_the_levels() -> None:
    case = small_case((2000, 1550, 1550, 2000), margin_calls=True)
    case = replace(case, book=case.book[:2])
    run = run_of(case)
    assert [account for account, *_ in rows_of(run, EventKind.CALL)] == ["ann"]  # one in a day
    assert times_of(run, EventKind.CALL) == [1]
    assert run.tally.margin_calls == 1
    assert run_of(with_replay(case, margin_calls=False)).tally.margin_calls == 0


def test_a_bankrupt_account_without_collateral_is_closed_out() -> None:
    case = small_case((2000,))
    book = (*case.book, row("gil", "USD", -1000 * 10**6))
    run = run_of(replace(case, book=book))
    assert run.tally.bad_debt_wad == 1000 * WAD
    assert run.unwanted == {}
    paid = {payer: value for payer, value in run.tally.loss_wad.items() if value}
    assert paid == {
        Payer.INSURANCE: 40 * WAD,
        Payer.BACKSTOP: 20 * WAD,
        Payer.SOCIALIZED: 940 * WAD,
    }


def test_whole_liquidations_end_a_debt_in_one_go() -> None:
    run = run_of(with_liquidation(small_case((2000, 1800)), sizing=Sizing.WHOLE))
    hit = [account for account, *_ in rows_of(run, EventKind.LIQUIDATE)]
    assert hit == ["eve/loop", "fay"]
    draft = Draft(run.store, run.case.ticks[-1].at_ns)
    assert not any(draft.account(account).debt for account in hit)


def test_an_account_named_like_the_keepers_is_an_account() -> None:
    case = small_case((2000, 1000))
    book = (row("keeper", "ETH", 10**18), row("keeper", "USD", -1100 * 10**6))
    run = run_of(replace(case, book=book))
    assert rows_of(run, EventKind.LIQUIDATE)[0][0] == "keeper"


def test_the_tally_adds_up_its_events() -> None:
    run = run_of(small_case())
    sums: Counter[str] = Counter()
    for timed in run.events:
        sums[str(timed.event.kind)] += timed.event.value
    tally = run.tally
    assert tally.repaid_wad == sums["liquidate"]
    assert tally.seized_wad == sums["seize"]
    assert tally.bonus_wad == sums["bonus"]
    assert tally.bad_debt_wad == sum(tally.loss_wad.values()) == sums["loss"]
    by_account = Counter[str]()
    for found in tally.by_account.values():
        by_account.update(found)
    assert by_account["repaid"] == tally.repaid_wad
    assert by_account["loss"] == tally.bad_debt_wad
