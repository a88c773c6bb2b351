"""What keepers, takers and the venue itself do after a tick: one policy, replayed or live.

It sees a venue between two commands and asks for commands; who is unsafe is the engine's answer.
"""

from collections.abc import Sequence
from typing import Protocol

from trimtab.agents import Keeper, best_offer, bid, most_gain_wad
from trimtab.agents.keeper import KEEPER, Offer, by_gain
from trimtab.engine import (
    Draft,
    MemoryStore,
    Sums,
    auction_price_wad,
    holder,
    is_spent,
    is_unsafe,
    needs_reset,
    supply_amount,
)
from trimtab.model import Auction, Command, Mechanism, Rejected, ReplayRules, Table
from trimtab.model import commands as c
from trimtab.simulation.position_acts import PositionActs
from trimtab.units import NANOSECONDS

# An account that a keeper has liquidated this often within one price step waits for the next.
MOST_PER_STEP = 8


class Sight(Protocol):
    """One state at one time, exactly."""

    draft: Draft

    def sums(self, key: str) -> Sums:
        """The exact sums of one account."""


class Floor(Protocol):
    """A venue as its policy sees it. After every accepted command `moment` is another one."""

    store: MemoryStore

    @property
    def moment(self) -> Sight:
        """The state now, at the time of the last command or tick."""

    def unsafe(self) -> Sequence[str]:
        """Accounts at risk that are unsafe now, decided exactly, in order of their keys."""

    def between_levels(self) -> Sequence[str]:
        """Accounts that may be under the initial level, in order of their keys."""

    def ask(self, command: Command) -> Rejected | None:
        """Ask the engine; apply what it accepts, return what it refuses."""

    def attempt(self, command: Command, *, keeper: Keeper, gas_wad: int) -> bool:
        """Do a keeper's command if the engine accepts it and the keeper gains by it."""


class Policy:
    """The acts of one venue, step by step. `waiting` is who is unsafe, and since when (ns)."""

    def __init__(self, floor: Floor, rules: ReplayRules) -> None:
        self.floor = floor
        self.rules = rules
        self.keeper = Keeper(rules)
        self.positions = PositionActs(floor.store, floor.ask, rules.position_depth_wad)
        self.waiting: dict[str, int] = {}
        self.gas_wad = rules.gas_cost_wad

    def look(self, at_ns: int) -> None:
        """Note who is unsafe now, and since when; nobody acts."""
        self.waiting = {key: self.waiting.get(key, at_ns) for key in self.floor.unsafe()}

    def act(self, at_ns: int) -> None:
        """Decide and do what follows the prices of a step."""
        self.positions.begin_step()
        self.look(at_ns)
        if self.rules.margin_calls:
            self._call_margin(at_ns)
        if self.rules.mechanism is Mechanism.AUCTION:
            self._auction(at_ns)
        else:
            self._liquidate(at_ns)
        for key in self._due(at_ns):
            self.positions.liquidate(key, at_ns)
        self._close(at_ns)
        self.positions.close_without_takers(tuple(self.waiting), at_ns)
        self.positions.settle(at_ns)

    def _do(self, command: Command) -> bool:
        return self.floor.ask(command) is None

    def _try(self, command: Command) -> bool:
        return self.floor.attempt(command, keeper=self.keeper, gas_wad=self.gas_wad)

    def due_ns(self, since: int) -> int:
        """When keepers reach an account that has been unsafe since a time, ns."""
        return since + self.rules.delay_blocks * self.rules.block_seconds * NANOSECONDS

    def _due(self, at_ns: int) -> list[str]:
        return [key for key, since in sorted(self.waiting.items()) if at_ns >= self.due_ns(since)]

    def _liquidate(self, at_ns: int) -> None:
        """Keepers take offers, the largest gain first, until none pays or the capital is used."""
        capital = self.rules.capital_wad
        offers = [self.offer(key, capital_wad=capital) for key in self._due(at_ns)]
        for first in by_gain([offer for offer in offers if offer is not None]):
            offer: Offer | None = first
            if capital != self.rules.capital_wad:
                offer = self.offer(first.account, capital_wad=capital)
            for _ in range(MOST_PER_STEP):
                if offer is None or not self._try(self.keeper.intent(offer, at_ns)):
                    break
                capital = self.keeper.capital_after(capital, offer.cost_wad)
                offer = self.offer(first.account, capital_wad=capital)

    def offer(self, key: str, *, capital_wad: int | None) -> Offer | None:
        """The best offer of an account that a keeper wants, None where there is none."""
        moment = self.floor.moment
        most = most_gain_wad(moment.draft.account(key), moment.sums(key), draft=moment.draft)
        least = self.keeper.least_wad(self.gas_wad)
        if most < least:
            return None
        offer = best_offer(moment.draft, key, capital_wad=capital_wad, least_wad=least)
        return None if offer is None or offer.gain_wad < least else offer

    def _auction(self, at_ns: int) -> None:
        for key in self._due(at_ns):
            account = self.floor.moment.draft.account(key)
            for debt in sorted(account.debt):
                for collateral in sorted(account.supply):
                    self._do(c.StartAuction(at_ns, key, debt, collateral, KEEPER))
        for key in sorted(self.floor.store.keys(Table.AUCTION), key=int):
            self._tend(key, at_ns)

    def _tend(self, key: str, at_ns: int) -> None:
        """Reset an expired auction, or buy the lot of a running one where it pays."""
        draft = self.floor.moment.draft
        auction = draft.auction(key)
        if needs_reset(auction, draft.rules.auction, now_s=draft.now_s):
            self._do(c.ResetAuction(at_ns, key, KEEPER))
            return
        taken = self._bid(draft, auction)
        if taken is not None:
            self._try(taken)

    def _bid(self, draft: Draft, auction: Auction) -> c.TakeAuction | None:
        price = auction_price_wad(auction, draft.rules.auction, now_s=draft.now_s)
        shares = draft.account(holder(auction.key)).supply.get(auction.collateral, 0)
        return bid(
            draft,
            auction,
            price_wad=price,
            lot=supply_amount(draft.pool(auction.collateral), shares),
            rules=self.rules,
        )

    def _call_margin(self, at_ns: int) -> None:
        """Call who fell under the initial level, and end the grace of calls left unanswered."""
        grace = self.floor.moment.draft.rules.margin_call.grace_seconds * NANOSECONDS
        for key in self.floor.between_levels():
            called = self.floor.moment.draft.account(key).called_ns
            if called is not None and at_ns >= called + grace:
                self._do(c.ExpireCall(at_ns, key))
            self._do(c.CallMargin(at_ns, key))

    def _close(self, at_ns: int) -> None:
        """The venue closes out spent accounts, and gives what no keeper wants to the backstop."""
        after = self.rules.backstop_after_seconds
        for key, since in sorted(self.waiting.items()):
            draft, sums = self.floor.moment.draft, self.floor.moment.sums(key)
            account = draft.account(key)
            if not account.at_risk or not is_unsafe(account, sums):
                del self.waiting[key]
                continue
            closed = False
            if is_spent(account, sums, draft=draft):
                closed = self._do(c.CloseOut(at_ns, key))
            elif after is not None and at_ns >= since + after * NANOSECONDS:
                closed = self._do(c.TransferToBackstop(at_ns, key))
            if closed:
                del self.waiting[key]
