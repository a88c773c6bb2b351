"""A replay in which somebody acts between the price rows, and what everybody has won or lost by it.

The replay's driver sets prices, liquidates and deleverages as ever; after a row the script may ask
the engine for commands of its own, a second later. What the engine refuses does not happen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    account_sums,
    holder_key,
    market_mark,
    open_venue,
    pool_key,
    step,
)
from trimtab.model import (
    BACKSTOP,
    INSURANCE,
    SUPPLIERS,
    Accepted,
    Account,
    Case,
    Command,
    Table,
)
from trimtab.model import commands as c
from trimtab.simulation import ReplayRun, StepRecord, first_prices, replay
from trimtab.simulation.driver import Driver
from trimtab.units import NANOSECONDS, div_floor

LEFT_OPEN = "left open"


@dataclass(frozen=True, slots=True)
class Hand:
    """What the script acts with at one moment."""

    driver: Driver
    at_ns: int
    done: list[Command] = field(default_factory=list)

    def do(self, command: Command) -> bool:
        """Ask the engine for a command; whether it was accepted."""
        accepted = self.driver.do(command)
        if accepted:
            self.done.append(command)
        return accepted

    def trade(self, market: str, *, taker: str, maker: str, size: int, price_wad: int) -> bool:
        """A fill between two accounts."""
        return self.do(c.Trade(self.at_ns, market, taker, maker, size, price_wad))

    def largest(self, make: Callable[[int], Command], high: int) -> int:
        """Do the largest amount up to `high` that the engine accepts; 0 where it accepts none."""
        low = 0
        while low < high:
            middle = (low + high + 1) >> 1
            taken = isinstance(step(self.driver.store, make(middle)), Accepted)
            low, high = (middle, high) if taken else (low, middle - 1)
        if low:
            self.do(make(low))
        return low

    def take_out(self, account: str, assets: tuple[str, ...], *, most: int) -> None:
        """Withdraw, then borrow, as much of each asset as the engine allows."""
        for asset in assets:
            self.largest(lambda n, a=asset: c.Withdraw(self.at_ns, account, a, n), most)
        for asset in assets:
            self.largest(lambda n, a=asset: c.Borrow(self.at_ns, account, a, n), most)


Script = Mapping[int, Callable[[Hand], None]]


def scripted(case: Case, script: Script) -> ReplayRun:
    """Replay a case with a script: what to do after a price row, by the row's number.

    The finished run is the replay of the commands so found, which checks every state hash again.
    """
    driver = Driver(case)
    records: list[StepRecord] = []
    pending: list[Command] = []
    for number, tick in enumerate(case.ticks):
        record = driver.advance(number)
        records.append(replace(record, commands=(*pending, *record.commands)))
        hand = Hand(driver, tick.at_ns + NANOSECONDS)
        if number in script and number + 1 < len(case.ticks):
            script[number](hand)
        pending = hand.done
    return replay(case, resume=records)


def reckoned(run: ReplayRun, *, attackers: frozenset[str]) -> dict[str, int]:
    """What each party has won (+) or lost by the end, wad of the quote; the sum is 0 but for dust.

    Equity at the end less at the start, plus what went out and less what came in. A hole that
    nobody has paid for yet stands under `LEFT_OPEN`.
    """
    case = run.case
    start = open_venue(case.rules, case.book, at_ns=case.ticks[0].at_ns, prices=first_prices(case))
    before = Draft(start, case.ticks[0].at_ns)
    after = Draft(run.store, case.ticks[-1].at_ns)
    exact: dict[str, int] = {}
    names = {*start.keys(Table.ACCOUNT), *run.store.keys(Table.ACCOUNT)}
    for key in sorted(names):
        party = party_of(key, case=case, attackers=attackers)
        if not party:
            continue
        ended = equity(after, key)
        if ended < 0 and party != "takers":
            exact[LEFT_OPEN] = exact.get(LEFT_OPEN, 0) + ended
            ended = 0
        exact[party] = exact.get(party, 0) + ended - equity(before, key)
    for market in case.rules.markets:
        # What a market's holder was paid in, less what is left of it: gains that nobody can pay.
        held = market_mark(after, market)
        short = held.state.held * after.mark(held.settle_asset).unit
        short -= equity(after, holder_key(market))
        exact[LEFT_OPEN] = exact.get(LEFT_OPEN, 0) - max(0, short)
    for timed in run.events:
        event = timed.event
        if event.flow:
            party = party_of(event.account, case=case, attackers=attackers)
            exact[party] = exact.get(party, 0) - event.flow * after.mark(event.asset).unit
    return {party: div_floor(value, EXACT_PER_WAD) for party, value in exact.items()}


def equity(draft: Draft, key: str) -> int:
    """Equity of an account, exact; 0 where there is none."""
    account = draft.account(key)
    return account_sums(account, draft).equity if isinstance(account, Account) else 0


def party_of(key: str, *, case: Case, attackers: frozenset[str]) -> str:
    """Whose an account is; empty for a market's holder, which holds what positions are owed."""
    if key in attackers:
        return "attackers"
    if key in {pool_key(market) for market in case.rules.markets}:
        return "takers"
    known = {SUPPLIERS: "lenders", BACKSTOP: "backstop"}
    if key.startswith(INSURANCE):
        return "insurance"
    return known.get(key, "" if key.startswith("@") else "others")
