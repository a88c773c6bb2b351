"""An intent carried out: commands at the venue and sales in the markets, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from trimtab.agents.observing import Intent, Sale
from trimtab.agents.supposing import Supposed
from trimtab.engine import EXACT_PER_WAD, step
from trimtab.model import Accepted, Event, EventKind, View
from trimtab.model import commands as c
from trimtab.simulation.venue_run import VenueRun
from trimtab.simulation.world.markets import Markets
from trimtab.simulation.world.purses import Purse, claimed, received
from trimtab.units import div_floor, div_up, fixed_of, float_of, pow10

# Commands that cost gas as a transaction of a keeper, and count as a liquidation.
LIQUIDATING = (c.Liquidate, c.TakeAuction)
_WAD_DECIMALS = 18
EXACT_DECIMALS = 36


@dataclass(frozen=True, slots=True)
class Traded:
    """Units sold in a market (below 0: bought), and the money got for them (paid), wad."""

    asset: str
    units: int
    cash_wad: int


@dataclass(frozen=True, slots=True)
class Deal:
    """What an intent did.

    Args:
        step: in which.
        events: of its commands, in order.
        trades: in the markets, in order, purchases of what was paid in included.
        gas_wad: paid for transactions.
        net_wad: gain at market prices, what it keeps included, after slippage and gas.
        liquidations: how many of its commands were one.
    """

    step: int
    events: tuple[Event, ...]
    trades: tuple[Traded, ...]
    gas_wad: int
    net_wad: int
    liquidations: int


@dataclass(slots=True)
class Dealer:
    """Carries out intents for one venue and its markets.

    `purses` are by the agent's name, `used_wad` what it has repaid in this step at reported prices;
    `spent_wad` is by account what it got from outside.
    """

    venue: VenueRun
    markets: Markets
    purses: dict[str, Purse] = field(default_factory=dict)
    spent_wad: dict[str, int] = field(default_factory=dict)
    used_wad: dict[str, int] = field(default_factory=dict)

    def carry_out(
        self, name: str, intent: Intent, *, step_number: int, gas_wad: int
    ) -> Deal | None:
        """Do an intent for an agent; None where the engine refuses a part of it, it gains less
        than it wants, or costs more than it has: then nothing has changed.
        """
        outcomes = self._tried(intent)
        if outcomes is None:
            return None
        before = self.markets.states()
        events = tuple(event for outcome in outcomes for event in outcome.events)
        count = sum(isinstance(command, LIQUIDATING) for command in intent.commands)
        trade = _Trade(self, self.purses.get(name, Purse()), step_number)
        trade.pay(gas_wad * count)
        for asset, units in received(events).items():
            trade.settle(asset, units, sells=intent.sell_seized)
        for asset, units in claimed(events).items():
            trade.claim(asset, units)
        for sale in intent.sales:
            trade.sell(sale)
        enough = intent.least_wad is None or trade.net_wad >= intent.least_wad
        if not enough or not trade.purse.solvent():
            self.markets.restore(before)
            return None
        self.purses[name] = trade.purse
        self.markets.note_lowest()
        for outcome, command in zip(outcomes, intent.commands, strict=True):
            self.venue.apply(outcome, command)
        self._note_spending(name, events)
        return Deal(step_number, events, tuple(trade.trades), gas_wad * count, trade.net_wad, count)

    def _tried(self, intent: Intent) -> list[Accepted] | None:
        view: View = self.venue.store
        outcomes = []
        for command in intent.commands:
            outcome = step(view, command)
            if not isinstance(outcome, Accepted):
                return None
            outcomes.append(outcome)
            view = Supposed(view, outcome.changes)
        return outcomes

    def _note_spending(self, name: str, events: tuple[Event, ...]) -> None:
        """What the agent has repaid, and what accounts have paid in from outside."""
        for event in events:
            if event.kind is EventKind.LIQUIDATE:
                lifted = event.price * pow10(EXACT_DECIMALS - self.decimals(event.asset))
                repaid = div_up(-event.quantity * lifted, EXACT_PER_WAD)
                self.used_wad[name] = self.used_wad.get(name, 0) + repaid
            if event.kind in (EventKind.DEPOSIT, EventKind.REPAY, EventKind.WITHDRAW):
                worth = self.value_wad(event.asset, event.flow)
                self.spent_wad[event.account] = self.spent_wad.get(event.account, 0) + worth

    def decimals(self, asset: str) -> int:
        """Decimals of an asset."""
        return self.venue.case.rules.assets[asset].decimals

    def value_wad(self, asset: str, units: int) -> int:
        """What native units are worth at the market's price, wad, rounded down."""
        return div_floor(self.value_exact(asset, units), EXACT_PER_WAD)

    def value_exact(self, asset: str, units: int) -> int:
        """The same, exact (1e-54)."""
        price_wad = fixed_of(self.markets.price(asset), _WAD_DECIMALS)
        return units * price_wad * pow10(EXACT_DECIMALS - self.decimals(asset))


@dataclass(slots=True)
class _Trade:
    """One intent's money: the purse after it, and the net gain so far."""

    dealer: Dealer
    purse: Purse
    step_number: int
    net_exact: int = 0
    trades: list[Traded] = field(default_factory=list)

    @property
    def net_wad(self) -> int:
        """The gain, rounded down once."""
        return div_floor(self.net_exact, EXACT_PER_WAD)

    def pay(self, value_wad: int) -> None:
        self.purse = self.purse.paid(-value_wad)
        self.net_exact -= value_wad * EXACT_PER_WAD

    def settle(self, asset: str, units: int, *, sells: bool) -> None:
        """Units got from the venue, or paid to it: bought in the market where none are held."""
        worth = self.dealer.value_wad(asset, units)
        self.net_exact += self.dealer.value_exact(asset, units)
        if asset == self.dealer.venue.case.rules.quote:
            self.purse = self.purse.paid(worth)
        elif units > 0 and sells:
            self.purse = self.purse.moved(asset, units, step=self.step_number)
            self.sell(Sale(asset, units))
        elif units > 0:
            self.purse = self.purse.moved(asset, units, step=self.step_number)
        else:
            used = min(max(self.purse.held(asset), 0), -units)
            bought = -units - used
            self.purse = self.purse.moved(asset, -used, step=self.step_number)
            if bought:
                self._book(asset, -bought, cash_wad=self.dealer.value_wad(asset, -bought))

    def claim(self, asset: str, units: int) -> None:
        """A pool short of cash owes units: worth what they are, not for sale."""
        self.net_exact += self.dealer.value_exact(asset, units)
        self.purse = self.purse.owed(self.dealer.value_wad(asset, units))

    def sell(self, sale: Sale) -> None:
        """Sell units in the market, or buy them (below 0); only the slippage is a loss."""
        dealer = self.dealer
        whole = float_of(abs(sale.units), dealer.decimals(sale.asset))
        worth = dealer.value_wad(sale.asset, sale.units)
        if sale.units >= 0:
            slippage_wad = fixed_of(dealer.markets.sell(sale.asset, whole).slippage, _WAD_DECIMALS)
        else:
            cost_wad = fixed_of(dealer.markets.buy(sale.asset, whole), _WAD_DECIMALS)
            slippage_wad = cost_wad + worth
        self.net_exact -= slippage_wad * EXACT_PER_WAD
        self._book(sale.asset, sale.units, cash_wad=worth - slippage_wad)
        self.purse = self.purse.moved(sale.asset, -sale.units, step=self.step_number)

    def _book(self, asset: str, units: int, *, cash_wad: int) -> None:
        self.purse = self.purse.paid(cash_wad)
        self.trades.append(Traded(asset, units, cash_wad))
