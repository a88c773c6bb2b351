"""The driver of a replay: sets prices, screens, lets keepers act, closes what nobody wants.

Whoever the screen cannot clear is decided by the engine, exactly; keepers see what a command would
bring before they send it.
"""

from trimtab.agents import Keeper, best_offer, bid, most_gain_wad
from trimtab.agents.keeper import KEEPER, Offer, by_gain
from trimtab.engine import (
    EXACT_PER_WAD,
    Draft,
    auction_price_wad,
    holder,
    is_spent,
    is_unsafe,
    needs_reset,
    open_venue,
    step,
    supply_amount,
)
from trimtab.model import (
    Accepted,
    Auction,
    Case,
    Command,
    Event,
    EventKind,
    Mechanism,
    Pool,
    Rejected,
    Table,
)
from trimtab.model import commands as c
from trimtab.simulation.feed import Feed, first_prices
from trimtab.simulation.metrics import Metrics
from trimtab.simulation.moment import Moment
from trimtab.simulation.position_acts import PositionActs
from trimtab.simulation.screen import Screen
from trimtab.simulation.steps import StepRecord, TimedEvent
from trimtab.simulation.tally import Tally
from trimtab.units import NANOSECONDS, DataError, div_up

# Price rows are in the case already.
QUIET = (EventKind.PRICE, EventKind.MARK)
# An account that a keeper has liquidated this often within one price step waits for the next.
MOST_PER_STEP = 8


class Driver:
    """The venue, its keepers, and what they have done so far."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.keeper = Keeper(case.replay)
        self.feed = Feed(case)
        self.store = open_venue(
            case.rules, case.book, at_ns=case.ticks[0].at_ns, prices=first_prices(case)
        )
        self.positions = PositionActs(self.store, self._ask, case.replay.position_depth_wad)
        self.genesis_cash = self._cash()
        self.tally = Tally()
        self.events: list[TimedEvent] = []
        self.waiting: dict[str, int] = {}
        self.gas_wad = case.replay.gas_cost_wad
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
        self.positions.begin_step()
        self._sort_waiting(tick.at_ns)
        if self.case.replay.margin_calls:
            self._call_margin(tick.at_ns)
        if self.case.replay.mechanism is Mechanism.AUCTION:
            self._auction(tick.at_ns)
        else:
            self._liquidate(tick.at_ns)
        for key in self._due(tick.at_ns):
            self.positions.liquidate(key, tick.at_ns)
        self._close(tick.at_ns)
        self.positions.close_without_takers(tuple(self.waiting), tick.at_ns)
        self.positions.settle(tick.at_ns)
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
        self.waiting = dict(record.waiting)
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
            self.gas_wad = gas[self._gas_read].cost_wad
            self._gas_read += 1

    def do(self, command: Command) -> bool:
        """Ask the engine; apply and note what it accepts."""
        return self._ask(command) is None

    def _ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply and note what it accepts, return what it refuses."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected):
            return outcome
        self._apply(outcome, command)
        return None

    def _try(self, command: Command) -> bool:
        """Do a keeper's command if the engine accepts it and the keeper gains by it."""
        outcome = step(self.store, command)
        if isinstance(outcome, Rejected) or not self.keeper.gains(outcome, self.gas_wad):
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
                self.positions.unpaid.add(event.reason)
            if event.kind not in QUIET:
                self.events.append(TimedEvent(command.at_ns, len(self.events), event))
        touched = [key for table, key in outcome.changes if table is Table.ACCOUNT]
        if touched:
            self.screen.refresh(touched, self.moment.draft)

    def _unsafe(self) -> list[str]:
        """Accounts at risk that are unsafe now, decided exactly."""
        moment, found = self.moment, []
        for key in self.screen.in_doubt(moment.levels, moment.marks):
            account = moment.draft.account(key)
            if account.at_risk and is_unsafe(account, moment.sums(key)):
                found.append(key)
        return found

    def _sort_waiting(self, at_ns: int) -> None:
        """Who is unsafe now, and since when."""
        self.waiting = {key: self.waiting.get(key, at_ns) for key in self._unsafe()}

    def _due(self, at_ns: int) -> list[str]:
        rules = self.case.replay
        delay = rules.delay_blocks * rules.block_seconds * NANOSECONDS
        return [key for key, since in sorted(self.waiting.items()) if at_ns >= since + delay]

    def _liquidate(self, at_ns: int) -> None:
        """Keepers take offers, the largest gain first, until none pays or the capital is used."""
        capital = self.case.replay.capital_wad
        offers = [self._offer(key, capital_wad=capital) for key in self._due(at_ns)]
        for first in by_gain([offer for offer in offers if offer is not None]):
            offer: Offer | None = first
            if capital != self.case.replay.capital_wad:
                offer = self._offer(first.account, capital_wad=capital)
            for _ in range(MOST_PER_STEP):
                if offer is None or not self._try(self.keeper.intent(offer, at_ns)):
                    break
                capital = self.keeper.capital_after(capital, offer.cost_wad)
                offer = self._offer(first.account, capital_wad=capital)

    def _offer(self, key: str, *, capital_wad: int | None) -> Offer | None:
        """The best offer of an account that a keeper wants, None where there is none."""
        draft = self.moment.draft
        most = most_gain_wad(draft.account(key), self.moment.sums(key), draft=draft)
        least = self.keeper.least_wad(self.gas_wad)
        if most < least:
            return None
        offer = best_offer(draft, key, capital_wad=capital_wad, least_wad=least)
        return None if offer is None or offer.gain_wad < least else offer

    def _auction(self, at_ns: int) -> None:
        for key in self._due(at_ns):
            account = self.moment.draft.account(key)
            for debt in sorted(account.debt):
                for collateral in sorted(account.supply):
                    self.do(c.StartAuction(at_ns, key, debt, collateral, KEEPER))
        for key in sorted(self.store.keys(Table.AUCTION), key=int):
            self._tend(key, at_ns)

    def _tend(self, key: str, at_ns: int) -> None:
        """Reset an expired auction, or buy the lot of a running one where it pays."""
        draft = self.moment.draft
        auction = draft.auction(key)
        if needs_reset(auction, self.case.rules.auction, now_s=draft.now_s):
            self.do(c.ResetAuction(at_ns, key, KEEPER))
            return
        taken = self._bid(draft, auction)
        if taken is not None:
            self._try(taken)

    def _bid(self, draft: Draft, auction: Auction) -> c.TakeAuction | None:
        price = auction_price_wad(auction, self.case.rules.auction, now_s=draft.now_s)
        shares = draft.account(holder(auction.key)).supply.get(auction.collateral, 0)
        return bid(
            draft,
            auction,
            price_wad=price,
            lot=supply_amount(draft.pool(auction.collateral), shares),
            rules=self.case.replay,
        )

    def _call_margin(self, at_ns: int) -> None:
        """Call who fell under the initial level, and end the grace of calls left unanswered."""
        grace = self.case.rules.margin_call.grace_seconds * NANOSECONDS
        for key in self.screen.between_levels(self.moment.levels, self.moment.marks):
            called = self.moment.draft.account(key).called_ns
            if called is not None and at_ns >= called + grace:
                self.do(c.ExpireCall(at_ns, key))
            self.do(c.CallMargin(at_ns, key))

    def _close(self, at_ns: int) -> None:
        """The venue closes out spent accounts, and gives what no keeper wants to the backstop."""
        after = self.case.replay.backstop_after_seconds
        for key, since in sorted(self.waiting.items()):
            draft, sums = self.moment.draft, self.moment.sums(key)
            account = draft.account(key)
            if not account.at_risk or not is_unsafe(account, sums):
                del self.waiting[key]
                continue
            closed = False
            if is_spent(account, sums, draft=draft):
                closed = self.do(c.CloseOut(at_ns, key))
            elif after is not None and at_ns >= since + after * NANOSECONDS:
                closed = self.do(c.TransferToBackstop(at_ns, key))
            if closed:
                del self.waiting[key]

    def _end(self, number: int, at_ns: int) -> StepRecord:
        """Measure the step, and put a checkpoint where one is due."""
        last = number + 1 == len(self.case.ticks)
        self.metrics.add(
            at_ns,
            self.moment.levels,
            marks=self.moment.marks,
            tally=self.tally,
            waiting=self.waiting,
            draft=self.moment.draft,
            last=last,
        )
        state_hash = ""
        if last or (number + 1) % self.case.replay.checkpoint_steps == 0:
            state_hash = self.store.state_hash()
            checkpoint = Event(EventKind.CHECKPOINT)
            self.events.append(TimedEvent(at_ns, len(self.events), checkpoint, state_hash))
        return StepRecord(number, tuple(self.commands), dict(self.waiting), state_hash)

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
        for key in self._unsafe():
            sums = self.moment.sums(key)
            found[key] = div_up(sums.debt + sums.notional, EXACT_PER_WAD)
        return found
