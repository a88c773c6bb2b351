"""The engine under a preset, as a differential test asks it: one account, at some prices."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

from tests.engine.venues import START_NS, accepted, account_of, opened, row, sums_of
from trimtab.adapters.files.rules_file import rules_of_tables
from trimtab.apps.presets import preset
from trimtab.engine import Draft, MemoryStore, debt_amount, is_unsafe, supply_amount
from trimtab.model import EventKind, Rules
from trimtab.model.commands import Liquidate
from trimtab.units import WAD

ACCOUNT = "ann"
WEIGHTED = 10**72


@cache
def rules_under(name: str) -> Rules:
    """The rules of a preset."""
    return rules_of_tables(preset(name).tables)


def priced(rules: Rules, prices_wad: Mapping[str, int]) -> Rules:
    """The rules with these prices of assets (wad of the quote per whole unit), no interest."""
    assets = {
        name: replace(asset, price_wad=prices_wad.get(name, asset.price_wad))
        for name, asset in rules.assets.items()
    }
    return replace(rules, assets=assets)


@dataclass(frozen=True, slots=True)
class Position:
    """One account of a venue: native units by asset, negative where owed, at prices in wad."""

    rules: Rules
    holdings: Mapping[str, int]

    def store(self) -> MemoryStore:
        """A venue that holds the account, and suppliers of what it owes."""
        rows = [row(ACCOUNT, asset, quantity) for asset, quantity in self.holdings.items()]
        return opened(self.rules, *rows)

    @property
    def excess(self) -> Fraction:
        """Maintenance excess in units of the quote."""
        return Fraction(sums_of(self.store(), ACCOUNT).excess_maintenance, WEIGHTED)

    @property
    def liquidatable(self) -> bool:
        """Whether the engine would liquidate the account."""
        store = self.store()
        return is_unsafe(account_of(store, ACCOUNT), sums_of(store, ACCOUNT))

    @property
    def equity(self) -> Fraction:
        """Collateral less debt in units of the quote."""
        return Fraction(sums_of(self.store(), ACCOUNT).equity, 10**54)

    def value(self, asset: str, amount: int) -> Fraction:
        """Native units of an asset in units of the quote."""
        entry = self.rules.assets[asset]
        return Fraction(amount * entry.price_wad, WAD * 10**entry.decimals)

    def amount(self, asset: str, value: Fraction) -> Fraction:
        """Native units that a value in the quote buys, exactly."""
        entry = self.rules.assets[asset]
        return value * WAD * 10**entry.decimals / entry.price_wad


@dataclass(slots=True)
class Tally:
    """What a comparison saw, over all its positions.

    gap: largest excess at which the two decided differently, over what is allowed; amount, fee:
    largest differences of a liquidation's amounts, over one allowed unit.
    """

    positions: int = 0
    unsafe: int = 0
    undecided: int = 0
    liquidations: int = 0
    left_out: int = 0
    gap: Fraction = Fraction(0)
    amount: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)

    def decided(self, position: Position, theirs: bool, *, allowed: Fraction) -> bool:
        """Count a decision; whether both took the same."""
        self.positions += 1
        self.unsafe += theirs
        if position.liquidatable == theirs:
            return True
        self.undecided += 1
        self.gap = max(self.gap, abs(position.excess) / allowed)
        return False

    def measured(self, ours: int | Fraction, theirs: int | Fraction, *, unit: Fraction) -> None:
        """Count an amount, in allowed units."""
        self.amount = max(self.amount, abs(Fraction(ours) - theirs) / unit)

    def line(self, name: str) -> str:
        """The figures for a table."""
        return (
            f"{name}: {self.positions} positions, {self.unsafe} unsafe, {self.undecided} decided "
            f"otherwise (at most {float(self.gap):.2f} of the unit), {self.liquidations} "
            f"liquidations compared, {self.left_out} left out, largest difference "
            f"{float(self.amount):.2f} and of fees {float(self.fee):.2f} units"
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A liquidation by the engine, native units: paid, got, fee, and what the account has left."""

    repaid: int
    to_liquidator: int
    fee: int
    left: Mapping[str, int]

    @property
    def seized(self) -> int:
        """All collateral that left the account."""
        return self.to_liquidator + self.fee


def liquidate(position: Position, *, debt: str, collateral: str, repay: int | None = None) -> Taken:
    """Let the engine liquidate a pair, at most or by an amount."""
    store = position.store()
    command = Liquidate(
        START_NS, ACCOUNT, debt=debt, collateral=collateral, liquidator="bob", repay=repay
    )
    events = accepted(store, command).events
    moved = dict.fromkeys((EventKind.LIQUIDATE, EventKind.SEIZE, EventKind.FEE), 0)
    for event in events:
        if event.kind in moved:
            moved[event.kind] -= event.quantity
    repaid, got, fee = moved.values()
    return Taken(repaid, got, fee, left_of(store))


def left_of(store: MemoryStore) -> dict[str, int]:
    """What the account holds and owes, native units."""
    draft = Draft(store, START_NS)
    account = draft.account(ACCOUNT)
    held = {asset: supply_amount(draft.pool(asset), s) for asset, s in account.supply.items()}
    owed = {asset: -debt_amount(draft.pool(asset), s) for asset, s in account.debt.items()}
    return held | owed


def magnitude(draw: random.Random, low: int, high: int) -> int:
    """A whole number between two powers of ten, spread evenly over its length."""
    digits = draw.randint(low, high)
    return draw.randint(10**digits, 10 ** (digits + 1) - 1)


def near(draw: random.Random, limit: int) -> int:
    """A debt at, beside or well around a limit; at least one unit."""
    kind = draw.randrange(6)
    if kind == 0:
        return max(1, limit + draw.randint(-2, 2))
    if kind == 1:
        return max(1, limit * draw.randint(10**6 - 30, 10**6 + 30) // 10**6)
    if kind == 2:
        return max(1, limit * draw.randint(60, 99) // 100)
    return max(1, limit * draw.randint(1_000, 1_300) // 1_000 + draw.randint(0, 9))


def of_wad(value_wad: int) -> Fraction:
    """A wad as a fraction."""
    return Fraction(value_wad, WAD)
