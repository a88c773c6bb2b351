"""The driver of a replay: sets prices, screens, lets keepers act, closes what nobody wants.

Keepers see what a command would bring before they send it.
"""

from trimtab.agents import Keeper, best_offer, bid, most_gain_wad
from trimtab.agents.keeper import KEEPER, Offer, by_gain
from trimtab.engine import (
    Draft,
    MemoryStore,
    auction_price_wad,
    holder,
    needs_reset,
    supply_amount,
)
from trimtab.model import Accepted, Auction, Case, Command, Mechanism, Table
from trimtab.model import commands as c
from trimtab.simulation.feed import Feed
from trimtab.simulation.steps import StepRecord
from trimtab.simulation.venue_run import VenueRun
from trimtab.units import NANOSECONDS, DataError

# An account that a keeper has liquidated this often within one price step waits for the next.
MOST_PER_STEP = 8


class Driver:
    """The venue of a case, and its keepers."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.keeper = Keeper(case.replay)
        self.feed = Feed(case)
        self.venue = VenueRun(case)
        self.gas = GasTable(case)
        self.acts = KeeperActs(self.venue, self.keeper)

    @property
    def store(self) -> MemoryStore:
        """The venue's records."""
        return self.venue.store

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        return self.venue.do(command)

    def advance(self, number: int) -> StepRecord:
        """Decide and do one price step."""
        tick, venue = self.case.ticks[number], self.venue
        self._begin(tick.at_ns)
        for command in self.feed.batch(number):
            venue.do(command)
        venue.positions.begin_step()
        venue.sort_waiting(tick.at_ns)
        if self.case.replay.margin_calls:
            venue.call_margin(tick.at_ns)
        if self.case.replay.mechanism is Mechanism.AUCTION:
            self.acts.auction(self._due(tick.at_ns), tick.at_ns)
        else:
            self.acts.liquidate(self._due(tick.at_ns), tick.at_ns)
        venue.close_positions(self._due(tick.at_ns), tick.at_ns)
        venue.close_rest(tick.at_ns)
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
        self.venue.waiting = dict(record.waiting)
        again = self._end(record.step, tick.at_ns)
        if again.state_hash != record.state_hash:
            raise DataError(
                "the journal is not of this case",
                found=f"step {record.step}: state hash {again.state_hash[:16]}",
                expected=record.state_hash[:16],
            )

    def _begin(self, at_ns: int) -> None:
        self.venue.begin(at_ns)
        self.acts.gas_wad = self.gas.at(at_ns)

    def _due(self, at_ns: int) -> list[str]:
        rules = self.case.replay
        return self.venue.due(
            at_ns, delay_ns=rules.delay_blocks * rules.block_seconds * NANOSECONDS
        )

    def _end(self, number: int, at_ns: int) -> StepRecord:
        state_hash = self.venue.end(number, at_ns, steps=len(self.case.ticks))
        venue = self.venue
        return StepRecord(number, tuple(venue.commands), dict(venue.waiting), state_hash)


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


class KeeperActs:
    """What keepers do with accounts that are due: bonus sales, flash liquidations, auctions."""

    def __init__(self, venue: VenueRun, keeper: Keeper) -> None:
        self.venue = venue
        self.keeper = keeper
        self.rules = venue.case.replay
        self.gas_wad = self.rules.gas_cost_wad

    def _wanted(self, outcome: Accepted) -> bool:
        return self.keeper.gains(outcome, self.gas_wad)

    def liquidate(self, due: list[str], at_ns: int) -> None:
        """Keepers take offers, the largest gain first, until none pays or the capital is used."""
        capital = self.rules.capital_wad
        offers = [self.offer(key, capital_wad=capital) for key in due]
        for first in by_gain([offer for offer in offers if offer is not None]):
            offer: Offer | None = first
            if capital != self.rules.capital_wad:
                offer = self.offer(first.account, capital_wad=capital)
            for _ in range(MOST_PER_STEP):
                if offer is None or not self._take(offer, at_ns):
                    break
                capital = self.keeper.capital_after(capital, offer.cost_wad)
                offer = self.offer(first.account, capital_wad=capital)

    def _take(self, offer: Offer, at_ns: int) -> bool:
        return self.venue.attempt(self.keeper.intent(offer, at_ns), self._wanted) is not None

    def offer(self, key: str, *, capital_wad: int | None) -> Offer | None:
        """The best offer of an account that a keeper wants, None where there is none."""
        moment = self.venue.moment
        most = most_gain_wad(moment.draft.account(key), moment.sums(key), draft=moment.draft)
        least = self.keeper.least_wad(self.gas_wad)
        if most < least:
            return None
        offer = best_offer(moment.draft, key, capital_wad=capital_wad, least_wad=least)
        return None if offer is None or offer.gain_wad < least else offer

    def auction(self, due: list[str], at_ns: int) -> None:
        """Start auctions for who is due, and tend those that run."""
        for key in due:
            account = self.venue.moment.draft.account(key)
            for debt in sorted(account.debt):
                for collateral in sorted(account.supply):
                    self.venue.do(c.StartAuction(at_ns, key, debt, collateral, KEEPER))
        for key in sorted(self.venue.store.keys(Table.AUCTION), key=int):
            self._tend(key, at_ns)

    def _tend(self, key: str, at_ns: int) -> None:
        """Reset an expired auction, or buy the lot of a running one where it pays."""
        draft = self.venue.moment.draft
        auction = draft.auction(key)
        if needs_reset(auction, self.venue.case.rules.auction, now_s=draft.now_s):
            self.venue.do(c.ResetAuction(at_ns, key, KEEPER))
            return
        taken = self._bid(draft, auction)
        if taken is not None:
            self.venue.attempt(taken, self._wanted)

    def _bid(self, draft: Draft, auction: Auction) -> c.TakeAuction | None:
        price = auction_price_wad(auction, self.venue.case.rules.auction, now_s=draft.now_s)
        shares = draft.account(holder(auction.key)).supply.get(auction.collateral, 0)
        return bid(
            draft,
            auction,
            price_wad=price,
            lot=supply_amount(draft.pool(auction.collateral), shares),
            rules=self.rules,
        )
