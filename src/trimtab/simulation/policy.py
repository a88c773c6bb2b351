"""What keepers do after a tick, within the venue's own beats: one policy, replayed or live."""

from trimtab.agents import Keeper, best_offer, bid, most_gain_wad
from trimtab.agents.keeper import KEEPER, Offer, by_gain
from trimtab.engine import Draft, auction_price_wad, holder, needs_reset, supply_amount
from trimtab.model import Accepted, Auction, Command, Mechanism, Table
from trimtab.model import commands as c
from trimtab.simulation.house import House
from trimtab.units import NANOSECONDS

# An account that a keeper has liquidated this often within one price step waits for the next.
MOST_PER_STEP = 8


class Policy:
    """The acts of a venue and its keepers, step by step; `gas_wad` is what a liquidation costs."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.floor = house.floor
        self.rules = house.rules
        self.keeper = Keeper(self.rules)
        self.gas_wad = self.rules.gas_cost_wad

    def act(self, at_ns: int) -> None:
        """Decide and do what follows the prices of a step."""
        house = self.house
        house.positions.begin_step()
        house.look(at_ns)
        if self.rules.margin_calls:
            house.call_margin(at_ns)
        if self.rules.mechanism is Mechanism.AUCTION:
            self._auction(at_ns)
        else:
            self._liquidate(at_ns)
        house.close_positions(self._due(at_ns), at_ns)
        house.close_rest(at_ns)

    def _attempt(self, command: Command) -> bool:
        return self.floor.attempt(command, self._wanted) is not None

    def _wanted(self, outcome: Accepted) -> bool:
        return self.keeper.gains(outcome, self.gas_wad)

    @property
    def delay_ns(self) -> int:
        """How long keepers take to reach an account that has turned unsafe."""
        return self.rules.delay_blocks * self.rules.block_seconds * NANOSECONDS

    def due_ns(self, since: int) -> int:
        """When keepers reach an account that has been unsafe since a time, ns."""
        return since + self.delay_ns

    def _due(self, at_ns: int) -> list[str]:
        return self.house.due(at_ns, delay_ns=self.delay_ns)

    def _liquidate(self, at_ns: int) -> None:
        """Keepers take offers, the largest gain first, until none pays or the capital is used."""
        capital = self.rules.capital_wad
        offers = [self.offer(key, capital_wad=capital) for key in self._due(at_ns)]
        for first in by_gain([offer for offer in offers if offer is not None]):
            offer: Offer | None = first
            if capital != self.rules.capital_wad:
                offer = self.offer(first.account, capital_wad=capital)
            for _ in range(MOST_PER_STEP):
                if offer is None or not self._attempt(self.keeper.intent(offer, at_ns)):
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
                    self.house.do(c.StartAuction(at_ns, key, debt, collateral, KEEPER))
        for key in sorted(self.floor.store.keys(Table.AUCTION), key=int):
            self._tend(key, at_ns)

    def _tend(self, key: str, at_ns: int) -> None:
        """Reset an expired auction, or buy the lot of a running one where it pays."""
        draft = self.floor.moment.draft
        auction = draft.auction(key)
        if needs_reset(auction, draft.rules.auction, now_s=draft.now_s):
            self.house.do(c.ResetAuction(at_ns, key, KEEPER))
            return
        taken = self._bid(draft, auction)
        if taken is not None:
            self._attempt(taken)

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
