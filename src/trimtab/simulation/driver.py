"""The driver of a replay: sets prices, screens, lets keepers act, closes what nobody wants.

Keepers see what a command would bring before they send it.
"""

from trimtab.engine import MemoryStore
from trimtab.model import Case, Command
from trimtab.simulation.feed import Feed
from trimtab.simulation.policy import Policy
from trimtab.simulation.steps import StepRecord
from trimtab.simulation.venue_run import VenueRun
from trimtab.units import DataError


class Driver:
    """The venue of a case, and its keepers."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.feed = Feed(case)
        self.venue = VenueRun(case)
        self.gas = GasTable(case)
        self.policy = Policy(self.venue.house)

    @property
    def store(self) -> MemoryStore:
        """The venue's records."""
        return self.venue.store

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        return self.venue.do(command)

    def advance(self, number: int) -> StepRecord:
        """Decide and do one price step."""
        tick = self.case.ticks[number]
        self._begin(tick.at_ns)
        for command in self.feed.batch(number):
            self.venue.do(command)
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
        self.venue.house.waiting = dict(record.waiting)
        again = self._end(record.step, tick.at_ns)
        if again.state_hash != record.state_hash:
            raise DataError(
                "the journal is not of this case",
                found=f"step {record.step}: state hash {again.state_hash[:16]}",
                expected=record.state_hash[:16],
            )

    def _begin(self, at_ns: int) -> None:
        self.venue.begin(at_ns)
        self.policy.gas_wad = self.gas.at(at_ns)

    def _end(self, number: int, at_ns: int) -> StepRecord:
        state_hash = self.venue.end(number, at_ns, steps=len(self.case.ticks))
        venue = self.venue
        return StepRecord(number, tuple(venue.commands), dict(venue.house.waiting), state_hash)


class GasTable:
    """What a liquidation costs, wad of the quote: the case's table, read forward in time."""

    def __init__(self, case: Case) -> None:
        self._gas = case.gas
        self._read = 0
        self._cost_wad = case.replay.gas_cost_wad

    def at(self, at_ns: int) -> int:
        """The last cost up to a time, which is never before the last one asked for."""
        while self._read < len(self._gas) and self._gas[self._read].at_ns <= at_ns:
            self._cost_wad = self._gas[self._read].cost_wad
            self._read += 1
        return self._cost_wad
