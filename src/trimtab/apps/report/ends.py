"""The book before the first command and after the last, exactly; and why some stay unsafe."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from trimtab.agents import Keeper, Offer, best_offer
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    MemoryStore,
    account_sums,
    health_wad,
    is_unsafe,
    open_venue,
    step,
)
from trimtab.model import BACKSTOP, INSURANCE, Accepted, Auction, Mechanism, Rejected, Table
from trimtab.model import commands as c
from trimtab.simulation import ReplayRun, first_prices
from trimtab.units import div_down, div_up


@dataclass(frozen=True, slots=True)
class Stand:
    """One account at one moment; values in wad, collateral rounded down and debt up.

    `debt_wad` is with the notional of positions: what a liquidation would close.
    """

    collateral_wad: int
    debt_wad: int
    health_wad: int | None
    unsafe: bool


Stands = Mapping[str, Stand]


class Cause(StrEnum):
    """Why an account is unsafe at the end and nobody acted."""

    GAS = "does not pay for the gas of a liquidation"
    EMPTY = "no pair of debt and collateral can be liquidated"
    REFUSED = "the rules refuse the liquidation that would pay (dust or a cap)"
    WAITING = "would pay, but the delay or the keepers' capital ran out the clock"
    AUCTION = "in an auction that nobody has taken yet"
    TAKERS = "has positions that takers did not close: their depth or a limit held them"


@dataclass(frozen=True, slots=True)
class Left:
    """An account that is unsafe at the end; what a keeper would gain before gas (wad)."""

    account: str
    debt_wad: int
    gain_wad: int | None
    health_wad: int | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a replay. `gas_wad` is what one liquidation costs at the last step."""

    opening: MemoryStore
    before: Stands
    after: Stands
    funds_before: Mapping[str, int]
    funds_after: Mapping[str, int]
    left: tuple[Left, ...]
    gas_wad: int
    auctions: int

    @property
    def collateral_wad(self) -> int:
        """Collateral of the book at the first step."""
        return sum(stand.collateral_wad for stand in self.before.values())

    @property
    def debt_wad(self) -> int:
        """Debt and notional of the book at the first step."""
        return sum(stand.debt_wad for stand in self.before.values())


def ends_of(run: ReplayRun) -> Ends:
    """Value the book at both ends; nothing here is an estimate."""
    first, last = run.case.ticks[0], run.case.ticks[-1]
    prices = first_prices(run.case)
    opening = open_venue(run.case.rules, run.case.book, at_ns=first.at_ns, prices=prices)
    priced = MemoryStore(
        {
            (table, key): record
            for table in Table
            for key in opening.keys(table)
            if (record := opening.get(table, key)) is not None
        }
    )
    outcome = step(priced, c.SetPrices(first.at_ns, first.prices))
    assert isinstance(outcome, Accepted), f"a replayed tick is accepted: {outcome}"
    priced.apply(outcome)
    start, end = Draft(priced, first.at_ns), Draft(run.store, last.at_ns)
    keys = run.metrics.screen.keys
    after = _stands(end, keys)
    return Ends(
        opening=opening,
        before=_stands(start, run.metrics.screen.listed),
        after=after,
        funds_before=_funds(start),
        funds_after=_funds(end),
        left=_left(run, end, after=after),
        gas_wad=_gas_wad(run),
        auctions=len(tuple(run.store.keys(Table.AUCTION))),
    )


def _stands(draft: Draft, keys: Iterable[str]) -> Stands:
    found = {}
    for key in keys:
        account = draft.account(key)
        sums = account_sums(account, draft)
        found[key] = Stand(
            div_down(sums.collateral, EXACT_PER_WAD),
            div_up(sums.debt + sums.notional, EXACT_PER_WAD),
            health_wad(sums),
            account.at_risk and is_unsafe(account, sums),
        )
    return found


def _funds(draft: Draft) -> Mapping[str, int]:
    """Net worth of the venue's funds, wad."""
    worth = {}
    for key in (INSURANCE, BACKSTOP):
        sums = account_sums(draft.account(key), draft)
        worth[key] = div_down(max(sums.equity, 0), EXACT_PER_WAD)
    return worth


def _gas_wad(run: ReplayRun) -> int:
    last = run.case.ticks[-1].at_ns
    costs = [tick.cost_wad for tick in run.case.gas if tick.at_ns <= last]
    return costs[-1] if costs else run.case.replay.gas_cost_wad


def _left(run: ReplayRun, draft: Draft, *, after: Stands) -> tuple[Left, ...]:
    records = (run.store.get(Table.AUCTION, key) for key in run.store.keys(Table.AUCTION))
    in_auction = {record.account for record in records if isinstance(record, Auction)}
    by_auction = run.case.replay.mechanism is Mechanism.AUCTION
    found = []
    for key, debt_wad in run.unwanted.items():
        offer = best_offer(draft, key, capital_wad=None)
        if by_auction or key in in_auction:
            cause = Cause.AUCTION
        else:
            cause = _cause(run, offer, holds=bool(draft.account(key).positions))
        gain = None if offer is None else offer.gain_wad
        found.append(Left(key, debt_wad, gain, after[key].health_wad, cause))
    return tuple(sorted(found, key=lambda left: (-left.debt_wad, left.account)))


def _cause(run: ReplayRun, offer: Offer | None, *, holds: bool) -> Cause:
    """Why keepers did not take an offer at the last step, by asking as they ask.

    `holds` is whether positions are open, which takers close without an offer.
    """
    keeper, gas = Keeper(run.case.replay), _gas_wad(run)
    if offer is None:
        return Cause.TAKERS if holds else Cause.EMPTY
    if not keeper.wants(offer.gain_wad, gas):
        return Cause.GAS
    outcome = step(run.store, keeper.intent(offer, run.case.ticks[-1].at_ns))
    if isinstance(outcome, Rejected):
        return Cause.REFUSED
    return Cause.WAITING if keeper.gains(outcome, gas) else Cause.GAS
