"""A venue in a run: its state, its screen, its house, and what has happened so far.

The replay and the world drive it with the same beats. Whoever the screen cannot clear is decided
by the engine, exactly.
"""

from collections.abc import Sequence

from trimtab.engine import EXACT_PER_WAD, Draft, is_unsafe, open_venue, step
from trimtab.model import Accepted, Case, Command, Event, EventKind, Pool, Rejected, Table
from trimtab.model import commands as c
from trimtab.simulation.feed import first_prices
from trimtab.simulation.house import House, Wanted
from trimtab.simulation.metrics import Metrics
from trimtab.simulation.moment import Moment
from trimtab.simulation.screen import Screen
from trimtab.simulation.steps import TimedEvent
from trimtab.simulation.tally import Tally
from trimtab.units import div_up

# Price rows are in the case already.
QUIET = (EventKind.PRICE, EventKind.MARK)


class VenueRun:
    """One venue from its genesis on. `more` are accounts to watch that the book does not list."""

    def __init__(self, case: Case, *, more: Sequence[str] = ()) -> None:
        self.case = case
        start_ns = case.ticks[0].at_ns
        self.store = open_venue(case.rules, case.book, at_ns=start_ns, prices=first_prices(case))
        self.house = House(self, case.replay)
        self.genesis_cash = self._cash()
        self.tally = Tally()
        self.events: list[TimedEvent] = []
        self.commands: list[Command] = []
        self.screen = Screen(self.store, Draft(self.store, start_ns), more=more)
        self.metrics = Metrics(self.screen)
        self.moment = self._moment(start_ns)

    def _moment(self, at_ns: int) -> Moment:
        return Moment(self.store, self.screen, at_ns=at_ns)

    def _cash(self) -> dict[str, int]:
        pools = (self.store.get(Table.POOL, key) for key in self.store.keys(Table.POOL))
        return {pool.asset: pool.cash for pool in pools if isinstance(pool, Pool)}

    def begin(self, at_ns: int) -> None:
        """A new step."""
        self.commands = []
        self.moment = self._moment(at_ns)

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        return self.ask(command) is None

    def ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply and note what it accepts, return what it refuses."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            return outcome
        self.apply(outcome, command)
        return None

    def attempt(self, command: Command, wanted: Wanted) -> Accepted | None:
        """Do a command if the engine accepts it and its outcome is wanted by who sends it."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected) or not wanted(outcome):
            return None
        self.apply(outcome, command)
        return outcome

    def apply(self, outcome: Accepted, command: Command) -> None:
        """Put an accepted command in force, and note what it did."""
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
                self.house.positions.unpaid.add(event.reason)
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

    def end(self, number: int, at_ns: int, *, steps: int, measured: bool = True) -> str:
        """Measure a step; where a checkpoint is due, put it and return the state's hash."""
        last = number + 1 == steps
        if measured:
            self.metrics.add(
                at_ns,
                self.moment.levels,
                marks=self.moment.marks,
                tally=self.tally,
                waiting=self.house.waiting,
                draft=self.moment.draft,
                last=last,
            )
        if not last and (number + 1) % self.case.replay.checkpoint_steps:
            return ""
        state_hash = self.store.state_hash()
        checkpoint = Event(EventKind.CHECKPOINT)
        self.events.append(TimedEvent(at_ns, len(self.events), checkpoint, state_hash))
        return state_hash

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
