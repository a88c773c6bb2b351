"""Small venues for the tests: whole units and percents in, rules and stores out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trimtab.engine import Draft, MemoryStore, account_sums, open_venue, step
from trimtab.model import Accepted, Account, AssetRules, BookRow, Command, Reason, Rejected, Rules
from trimtab.model.settings import PERCENT
from trimtab.units import NANOSECONDS, WAD

START_S = 1_700_000_000
START_NS = START_S * NANOSECONDS
DAY_S = 86_400
YEAR_S = 365 * DAY_S


def at(seconds: int) -> int:
    """Nanoseconds of a moment some seconds after the start."""
    return START_NS + seconds * NANOSECONDS


def asset(
    name: str,
    decimals: int,
    *,
    price: int | None = None,
    ltv: int = 0,
    threshold: int = 0,
    end: int | None = None,
    bonus: int = 0,
) -> AssetRules:
    """An asset without interest; weights and bonus in percent, price in whole quote units."""
    return AssetRules(
        name,
        decimals=decimals,
        max_ltv_wad=ltv * PERCENT,
        liquidation_end_wad=(threshold if end is None else end) * PERCENT,
        liquidation_threshold_wad=threshold * PERCENT,
        liquidation_bonus_wad=bonus * PERCENT,
        price_wad=None if price is None else price * WAD,
    )


def usd() -> AssetRules:
    """The quote of every venue here: six decimals, worth one."""
    return asset("USD", 6, price=1, ltv=90, threshold=95, bonus=2)


def eth() -> AssetRules:
    """The usual collateral: 18 decimals, 2,000 quote units."""
    return asset("ETH", 18, price=2000, ltv=75, threshold=80, bonus=5)


def with_rates(
    rules: AssetRules, *, base: int = 2, slope1: int = 8, slope2: int = 90
) -> AssetRules:
    """The asset with interest: rates in percent a year, a tenth of it kept by the venue."""
    return replace(
        rules,
        base_rate_wad=base * PERCENT,
        slope1_wad=slope1 * PERCENT,
        slope2_wad=slope2 * PERCENT,
        reserve_factor_wad=10 * PERCENT,
    )


def venue_rules(*assets: AssetRules) -> Rules:
    """Rules of a venue of these assets; the first one is the quote."""
    return Rules(
        venue="test",
        quote=assets[0].name,
        assets={each.name: each for each in assets},
        categories={},
    )


def with_asset(rules: Rules, changed: AssetRules) -> Rules:
    """The rules with one asset's rules replaced or added."""
    return replace(rules, assets={**rules.assets, changed.name: changed})


def row(key: str, instrument: str, quantity: int) -> BookRow:
    """A book row in native units; the key may name a group: `alice/basis`."""
    account, _, group = key.partition("/")
    return BookRow(account, instrument, quantity, group)


def opened(rules: Rules, *rows: BookRow) -> MemoryStore:
    """A venue that holds these rows at the start."""
    return open_venue(rules, rows, at_ns=START_NS)


def accepted(store: MemoryStore, command: Command) -> Accepted:
    """Run a command that must be accepted, and put it in force."""
    outcome = step(store, command)
    assert isinstance(outcome, Accepted), f"{command}: {outcome}"
    store.apply(outcome)
    return outcome


def refused(store: MemoryStore, command: Command) -> Reason:
    """Run a command that must be rejected, and return why."""
    outcome = step(store, command)
    assert isinstance(outcome, Rejected), f"{command} was accepted"
    return outcome.reason


def run_all(store: MemoryStore, commands: Iterable[Command]) -> list[Accepted]:
    """Run commands that must all be accepted."""
    return [accepted(store, command) for command in commands]


def account_of(store: MemoryStore, key: str) -> Account:
    """An account as it stands; an empty one where there is none."""
    return Draft(store, _now_ns(store)).account(key)


def sums_of(store: MemoryStore, key: str, *, at_ns: int | None = None):
    """The engine's sums of an account at a time (by default the venue's)."""
    draft = Draft(store, _now_ns(store) if at_ns is None else at_ns)
    return account_sums(draft.account(key), draft)


def _now_ns(store: MemoryStore) -> int:
    return Draft(store, START_NS).venue.now_ns
