"""Cases for the tests: whole units and percents in, a `Case` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trimtab.model import (
    AssetRules,
    BookRow,
    Case,
    CategoryRules,
    FundRules,
    ReplayRules,
    Rules,
    Tick,
)
from trimtab.model.settings import PERCENT
from trimtab.simulation import ReplayRun, replay
from trimtab.units import NANOSECONDS, WAD, format_decimal

START_NS = 1_700_000_000 * NANOSECONDS
STEP_SECONDS = 600


def collateral(name: str, decimals: int, *, threshold: int = 80, bonus: int = 5) -> AssetRules:
    """An asset without interest; initial weight five percent points under the threshold."""
    return AssetRules(
        name,
        decimals=decimals,
        max_ltv_wad=max(0, threshold - 5) * PERCENT,
        liquidation_end_wad=threshold * PERCENT,
        liquidation_threshold_wad=threshold * PERCENT,
        liquidation_bonus_wad=bonus * PERCENT,
    )


def quote() -> AssetRules:
    """The quote of every case here."""
    return replace(collateral("USD", 6, threshold=95, bonus=2), price_wad=WAD)


def rules_of(*assets: AssetRules, categories: Sequence[CategoryRules] = ()) -> Rules:
    """Rules of a venue of these assets and the quote, with a small insurance fund."""
    return Rules(
        venue="test",
        quote="USD",
        assets={each.name: each for each in (quote(), *assets)},
        categories={each.name: each for each in categories},
        insurance=FundRules(balance_wad=40 * WAD),
        backstop=FundRules(balance_wad=20 * WAD),
    )


def ticks_of(*prices: Mapping[str, Any], step_seconds: int = STEP_SECONDS) -> tuple[Tick, ...]:
    """Ticks from prices in whole quote units."""
    return tuple(
        Tick(
            START_NS + number * step_seconds * NANOSECONDS,
            tuple(sorted((asset, round(price * WAD)) for asset, price in tick.items())),
        )
        for number, tick in enumerate(prices)
    )


def row(account: str, instrument: str, quantity: int, *, category: str = "") -> BookRow:
    """A row of a book, native units; `account` may name a group: `alice/basis`."""
    name, _, group = account.partition("/")
    return BookRow(name, instrument, quantity, group=group, category=category)


CRASH = (2000, 1990, 1800, 1500, 1450, 1100, 700, 900, 1200)


def small_rules() -> Rules:
    """Two collaterals beside the quote."""
    return rules_of(collateral("BTC", 8, threshold=75), collateral("ETH", 18))


def small_case(prices: Sequence[float] = CRASH, **changes: Any) -> Case:
    """Six accounts, of which some break at each stage of a crash; `changes` are replay rules."""
    book = (
        row("ann", "ETH", 10 * 10**18),
        row("ann", "USD", -12_000 * 10**6),
        row("bob", "ETH", 3 * 10**18),
        row("bob", "BTC", 10**7),
        row("bob", "USD", -5_600 * 10**6),
        row("cyd", "BTC", 6 * 10**7),
        row("cyd", "ETH", -6 * 10**18),
        row("dee", "USD", 50_000 * 10**6),
        row("eve/loop", "ETH", 7 * 10**18),
        row("eve/loop", "USD", -11_100 * 10**6),
        row("fay", "ETH", 10**15),
        row("fay", "USD", -1_590_000),
    )
    ticks = ticks_of(*({"BTC": max(20 * price - 10_000, 2000), "ETH": price} for price in prices))
    return Case("test", small_rules(), book, ticks, ReplayRules(**changes), input_hashes={})


def with_replay(case: Case, **changes: Any) -> Case:
    """The case under other replay rules."""
    return replace(case, replay=replace(case.replay, **changes))


def with_liquidation(case: Case, **changes: Any) -> Case:
    """The case under other liquidation rules."""
    rules = replace(case.rules, liquidation=replace(case.rules.liquidation, **changes))
    return replace(case, rules=rules)


def canonical_events(run: ReplayRun) -> list[tuple[Any, ...]]:
    """Events as comparable rows."""
    return [(timed.at_ns, timed.seq, timed.event, timed.state_hash) for timed in run.events]


def same_run(left: ReplayRun, right: ReplayRun) -> None:
    """Assert that two runs cannot be told apart."""
    assert left.state_hash == right.state_hash
    assert canonical_events(left) == canonical_events(right)
    assert left.tally == right.tally
    assert left.unwanted == right.unwanted
    assert left.metrics.at_ns == right.metrics.at_ns
    assert repr(left.metrics.columns) == repr(right.metrics.columns)  # nan equals nan as text
    assert left.conserved == right.conserved


def run_of(case: Case) -> ReplayRun:
    """Replay, and check what holds for every replay."""
    run = replay(case)
    assert run.conserved
    tally = run.tally
    losses = [e.event for e in run.events if e.event.kind == "loss"]
    assert tally.bad_debt_wad == sum(event.value for event in losses)
    assert all(event.payer is not None for event in losses)
    return run


def decimal(value_wad: int) -> str:
    """A wad as text."""
    return format_decimal(value_wad, 18)
