"""The driver of a replay: sets prices, screens, lets the policy act, measures.

Whoever the screen cannot clear is decided by the engine, exactly; keepers see what a command would
bring before they send it.
"""

from trimtab.agents import Keeper
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    is_unsafe,
    open_venue,
    step,
)
from trimtab.model import Accepted, Case, Command, Event, EventKind, Pool, Rejected, Table
from trimtab.model import commands as c
from trimtab.simulation.feed import Feed, first_prices
from trimtab.simulation.metrics import Metrics
from trimtab.simulation.moment import Moment
from trimtab.simulation.policy import Policy
from trimtab.simulation.screen import Screen
from trimtab.simulation.steps import StepRecord, TimedEvent
from trimtab.simulation.tally import Tally
from trimtab.units import DataError, div_up

# Price rows are in the case already.
QUIET = (EventKind.PRICE, EventKind.MARK)


class Driver:
    """The venue, its keepers, and what they have done so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.feed = Feed(case)
        self.store = open_venue(
            case.rules, case.book, at_ns=case.ticks[0].at_ns, prices=first_prices(case)
        )
        self.policy = Policy(self, case.replay)
        self.genesis_cash = self._cash()
        self.tally = Tally()
        self.events: list[TimedEvent] = []
        self._gas_read = 0
        self.commands: list[Command] = []
        self.screen = Screen(self.store, Draft(self.store, case.ticks[0].at_ns))
        self.metrics = Metrics(self.screen)
        self.moment = self._moment(case.ticks[0].at_ns)

    def _moment(self, at_ns: int) -> Moment:
        return Moment(self.store, self.screen, at_ns=at_ns)

    def _cash(self) -> dict[str, int]:
        pools = (self.store.get(Table.POOL, key) for key in self.store.keys(Table.POOL))
        return {pool.asset: pool.cash for pool in pools if isinstance(pool, Pool)}

    def advance(self, number: int) -> StepRecord:
        """Decide and do one price step."""
        tick = self.case.ticks[number]
        self._begin(tick.at_ns)
        for command in self.feed.batch(number):
            self.do(command)
        self.policy.act(tick.at_ns)
        return self._end(number, tick.at_ns)

    def repeat(self, record: StepRecord) -> None:
        """Do a journaled step again; its decisions are taken from the journal."""
        if record.step >= len(self.case.ticks):
            raise DataError("the journal holds more steps than the case has prices")
        tick = self.case.ticks[record.step]
        self._begin(tick.at_ns)
        for command in record.commands:
            if not self.do(command):
                raise DataError(
                    "the journal is not of this case",
                    found=f"step {record.step}: {type(command).__name__} is rejected",
                    expected="the same rules, book and prices as when it was written",
                )
        self.policy.waiting = dict(record.waiting)
        again = self._end(record.step, tick.at_ns)
        if again.state_hash != record.state_hash:
            raise DataError(
                "the journal is not of this case",
                found=f"step {record.step}: state hash {again.state_hash[:16]}",
                expected=record.state_hash[:16],
            )

    def _begin(self, at_ns: int) -> None:
        self.commands = []
        self.moment = self._moment(at_ns)
        gas = self.case.gas
        while self._gas_read < len(gas) and gas[self._gas_read].at_ns <= at_ns:
            self.policy.gas_wad = gas[self._gas_read].cost_wad
            self._gas_read += 1

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        return self.ask(command) is None

    def ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply and note what it accepts, return what it refuses."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            return outcome
        self._apply(outcome, command)
        return None

    def attempt(self, command: Command, *, keeper: Keeper, gas_wad: int) -> bool:
        """Do a keeper's command if the engine accepts it and the keeper gains by it."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected) or not keeper.gains(outcome, gas_wad):
            return False
        self._apply(outcome, command)
        return True

    def _apply(self, outcome: Accepted, command: Command) -> None:
        self.store.apply(outcome)
        self.commands.append(command)
        self.moment = self._moment(command.at_ns)
        self._note(outcome, command)

    def _note(self, outcome: Accepted, command: Command) -> None:
        self.tally.add(outcome.events)
        if isinstance(command, c.Liquidate | c.StartAuction):
            self.tally.liquidations += 1
        for event in outcome.events:
            if event.kind is EventKind.UNSETTLED:
                self.policy.positions.unpaid.add(event.reason)
            if event.kind not in QUIET:
                self.events.append(TimedEvent(command.at_ns, len(self.events), event))
        touched = [key for table, key in outcome.changes if table is Table.ACCOUNT]
        if touched:
            self.screen.refresh(touched, self.moment.draft)

    def unsafe(self) -> list[str]:
        """Accounts at risk that are unsafe now, decided exactly."""
        moment, found = self.moment, []
        for key in self.screen.in_doubt(moment.levels, moment.marks):
            account = moment.draft.account(key)
            if account.at_risk and is_unsafe(account, moment.sums(key)):
                found.append(key)
        return found

    def between_levels(self) -> list[str]:
        """Accounts that the screen cannot hold to be above the initial level."""
        return self.screen.between_levels(self.moment.levels, self.moment.marks)

    def _end(self, number: int, at_ns: int) -> StepRecord:
        """Measure the step, and put a checkpoint where one is due."""
        last = number + 1 == len(self.case.ticks)
        self.metrics.add(
            at_ns,
            self.moment.levels,
            marks=self.moment.marks,
            tally=self.tally,
            waiting=self.policy.waiting,
            draft=self.moment.draft,
            last=last,
        )
        state_hash = ""
        if last or (number + 1) % self.case.replay.checkpoint_steps == 0:
            state_hash = self.store.state_hash()
            checkpoint = Event(EventKind.CHECKPOINT)
            self.events.append(TimedEvent(at_ns, len(self.events), checkpoint, state_hash))
        return StepRecord(number, tuple(self.commands), dict(self.policy.waiting), state_hash)

    def conserved(self) -> bool:
        """Whether every asset's cash changed by the sum of its flows, to the last unit."""
        cash = self._cash()
        return all(
            cash[asset] == before + self.tally.flows.get(asset, 0)
            for asset, before in self.genesis_cash.items()
        )

    def unwanted(self) -> dict[str, int]:
        """Debt and notional (wad) of the accounts that are unsafe at the end: nobody acted."""
        found = {}
        for key in self.unsafe():
            sums = self.moment.sums(key)
            found[key] = div_up(sums.debt + sums.notional, EXACT_PER_WAD)
        return found
