"""The exact engine driven along one price path, with its market, oracle, chain and participants.

One step t >= 1, in the order that the path kernel keeps too: volatility, depth and absorption;
market prices (adversaries may push); the oracle hears and reports; borrowers act; who is unsafe
waits; who is due is liquidated in order of the gain, then of the name, as far as transactions land;
positions are closed by takers; a pool of last resort buys what is left; the venue closes out, and
the waterfall books losses; agents sell what they hold; measures. At t = 0 nobody acts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trimtab.agents import best_offer
from trimtab.agents.keeper import KEEPER, by_gain
from trimtab.agents.observing import Beat
from trimtab.engine import account_sums, is_unsafe, needs_reset
from trimtab.model import Case, Mechanism, Table
from trimtab.model import commands as c
from trimtab.simulation.driver import GasTable
from trimtab.simulation.feed import Feed
from trimtab.simulation.paths.driving import Purpose
from trimtab.simulation.paths.exact import case_on_path
from trimtab.simulation.paths.making import PathGrid
from trimtab.simulation.venue_run import VenueRun
from trimtab.simulation.world.acting import Clock, Draws, Stage, house_keeper
from trimtab.simulation.world.markets import Markets
from trimtab.simulation.world.measuring import Measures, outcome_row
from trimtab.simulation.world.oracles import Oracles
from trimtab.simulation.world.results import WorldRun
from trimtab.simulation.world.takers import MarketTakers
from trimtab.simulation.world.terms import Actor, WorldTerms
from trimtab.units import NANOSECONDS, UsageError, fixed_of, float_of


class World:
    """A venue of a case on one path, and the world around it; `advance` does the next step."""

    def __init__(
        self,
        case: Case,
        prices: NDArray[np.float64],
        *,
        grid: PathGrid,
        terms: WorldTerms,
        seed: int = 0,
        path: int = 0,
        measured: bool = True,
    ) -> None:
        if terms.impact.assets != grid.assets:
            raise UsageError(f"a world of {terms.impact.assets} on a grid of {grid.assets}")
        self.case = replace(case_on_path(case, grid, prices=prices), observations=())
        self.grid, self.path, self.terms = grid, path, terms
        self._measured = measured
        self.prices = np.asarray(prices, dtype=np.float64)
        actors = self._actors(terms)
        names = [actor.policy.name for actor in actors]
        self.venue = VenueRun(self.case, more=names)
        accounts = [key for key in self.venue.screen.keys if key not in names]
        self.markets = Markets(
            terms.impact, prices[0].tolist(), step_seconds=grid.step_seconds, outside=self._reported
        )
        self.oracles = Oracles(terms.oracle, prices[0].tolist())
        chance = Draws(Purpose.BORROWERS, accounts, seed=seed, path=path)
        self.stage = Stage(self.venue, self.markets, actors, chance)
        self.landing = Draws(Purpose.LANDING, accounts, seed=seed, path=path)
        self.venue.house.positions.takers = MarketTakers(self.markets)
        self.feed, self.gas = Feed(self.case), GasTable(self.case)
        self.measures = Measures()
        self._step = 0
        self._shown, self._told = [prices[0].tolist()], [prices[0].tolist()]
        self._open()

    @staticmethod
    def _actors(terms: WorldTerms) -> tuple[Actor, ...]:
        """All actors; the house's keepers where nobody else takes accounts on offer."""
        if any(Beat.OFFERED in actor.policy.beats for actor in terms.actors):
            return terms.actors
        capital = terms.keepers.capital
        cash = None if capital == float("inf") else fixed_of(capital, 18)
        return (Actor(house_keeper(terms.keepers), cash, per_step=True), *terms.actors)

    def _reported(self, asset: str) -> float:
        return float_of(self.venue.moment.draft.price_wad(asset), 18)

    def _open(self) -> None:
        """Step 0: the first prices are set, and nobody acts."""
        at_ns = self.case.ticks[0].at_ns
        self.venue.begin(at_ns)
        for command in self.feed.batch(0):
            self.venue.do(command)
        self.measures.first_debt = float(self.venue.moment.levels.debt.sum())
        self.venue.end(0, at_ns, steps=self.grid.steps + 1, measured=self._measured)

    def advance(self) -> None:
        """Do the next step."""
        self._step += 1
        clock = self._begin()
        self.stage.ask(Beat.OPENING, clock=clock)
        self._report(clock.at_ns)
        self.stage.ask(Beat.REPORTED, clock=clock)
        self.venue.house.positions.begin_step()
        self.venue.house.look(clock.at_ns)
        if self.case.replay.margin_calls:
            self.venue.house.call_margin(clock.at_ns)
        if not self._halted():
            self._clear(clock)
        self.stage.ask(Beat.CLOSING, clock=clock)
        self._end(clock)

    def _begin(self) -> Clock:
        tick = self.case.ticks[self._step]
        self.venue.begin(tick.at_ns)
        self.markets.begin(self.prices[self._step].tolist())
        self.stage.dealer.used_wad.clear()
        gas_wad = self.gas.at(tick.at_ns) if self.terms.case_gas else self._gas_wad()
        return Clock(self._step, self.grid.step_seconds, tick.at_ns, gas_wad)

    def _gas_wad(self) -> int:
        """gas x max(1, 1 + slope x (sigma_t / sigma_ref - 1))."""
        keepers, place = self.terms.keepers, self.terms.keepers.gas_asset
        sigma = self.markets.volatility(self.grid.assets[place])
        rise = keepers.gas_slope * (sigma / float(self.terms.impact.sigma_ref[place]) - 1.0)
        return fixed_of(keepers.gas * max(1.0, 1.0 + rise), 18)

    def _report(self, at_ns: int) -> None:
        self.oracles.hear([self.markets.heard(asset) for asset in self.grid.assets])
        *outside, _ = self.feed.batch(self._step)
        for command in outside:
            self.venue.do(command)
        fresh = sorted((a, fixed_of(price, 18)) for a, price in self.oracles.fresh().items())
        self.venue.do(c.SetPrices(at_ns, tuple(fresh)))

    def _halted(self) -> bool:
        begin, end = self.terms.keepers.halt
        return begin <= self._step < end

    def _due(self, at_ns: int) -> list[str]:
        step_ns = round(self.grid.step_seconds * NANOSECONDS)
        return self.venue.house.due(at_ns, delay_ns=self.terms.keepers.delay_steps * step_ns)

    def _clear(self, clock: Clock) -> None:
        """Liquidations, auctions, positions, the last resort, and the venue's own close-outs."""
        due = self._due(clock.at_ns)
        if self.case.replay.mechanism is Mechanism.AUCTION:
            self._auction(due, clock)
        else:
            self._offer(due, clock)
        self.venue.house.close_positions(due, clock.at_ns)
        left = tuple(key for key in self._due(clock.at_ns) if self._still_unsafe(key))
        if left:
            self.stage.ask(Beat.LEFT, clock=clock, focus=left)
        self.venue.house.close_rest(clock.at_ns)

    def _still_unsafe(self, key: str) -> bool:
        draft = self.venue.moment.draft
        account = draft.account(key)
        return account.at_risk and is_unsafe(account, account_sums(account, draft))

    def _offer(self, due: list[str], clock: Clock) -> None:
        """Who is due is on offer in order of the gain, then of the name, as far as it lands."""
        keepers, draft = self.terms.keepers, self.venue.moment.draft
        uniforms = self.landing.at(clock.step) if keepers.failure else {}
        capital = None if keepers.capital == float("inf") else fixed_of(keepers.capital, 18)
        offers = [best_offer(draft, key, capital_wad=capital) for key in due]
        room = keepers.per_step
        for offer in by_gain([found for found in offers if found is not None]):
            if uniforms.get(offer.account, 1.0) < keepers.failure:
                continue
            for _ in range(min(keepers.repeats, room)):
                if not self._taken(offer.account, clock):
                    break
                room -= 1

    def _taken(self, key: str, clock: Clock) -> bool:
        """Whether one of the keepers, asked in order, liquidates the account."""
        stage = self.stage
        return any(
            stage.act(policy, Beat.OFFERED, clock=clock, focus=(key,))
            for policy in stage.listening(Beat.OFFERED)
        )

    def _auction(self, due: list[str], clock: Clock) -> None:
        """Start auctions for who is due, reset those that expired, and let keepers bid."""
        venue = self.venue
        for key in due:
            account = venue.moment.draft.account(key)
            for debt in sorted(account.debt):
                for collateral in sorted(account.supply):
                    venue.do(c.StartAuction(clock.at_ns, key, debt, collateral, KEEPER))
        for key in sorted(venue.store.keys(Table.AUCTION), key=int):
            draft = venue.moment.draft
            rules = self.case.rules.auction
            if needs_reset(draft.auction(key), rules, now_s=draft.now_s):
                venue.do(c.ResetAuction(clock.at_ns, key, KEEPER))
        lots = tuple(sorted(venue.store.keys(Table.AUCTION), key=int))
        if lots:
            self.stage.ask(Beat.LOTS, clock=clock, focus=lots)

    def _end(self, clock: Clock) -> None:
        self.measures.add(self.venue.moment.levels)
        steps = self.grid.steps + 1
        self.venue.end(self._step, clock.at_ns, steps=steps, measured=self._measured)
        reported = self.oracles.reported()
        self._shown.append([self.markets.price(asset) for asset in self.grid.assets])
        self._told.append([reported[asset] for asset in self.grid.assets])

    def finish(self) -> WorldRun:
        """The run so far."""
        for _, deal in self.stage.deals:
            self.measures.note(deal.liquidations, deal.gas_wad)
        wealth = {}
        for actor in self.stage.actors:
            name = actor.policy.name
            begun = 0 if actor.per_step else actor.cash_wad or 0
            wealth[name] = self.stage.wealth(name) - float_of(begun, 18)
        keepers = [policy.name for policy in self.stage.listening(Beat.OFFERED)]
        displacement = dict(zip(self.grid.assets, self.markets.lowest, strict=True))
        outcomes = outcome_row(
            self.measures,
            self.venue.tally,
            keeper_profit=sum(wealth[name] for name in keepers),
            displacement=displacement,
            path=self.path,
        )
        venue = self.venue
        return WorldRun(
            self.case,
            outcomes,
            venue.events,
            venue.metrics,
            venue.tally,
            venue.store,
            venue.store.state_hash(),
            venue.conserved(),
            self.stage.deals,
            wealth,
            np.array(self._shown),
            np.array(self._told),
        )


def run_path(
    case: Case,
    prices: NDArray[np.float64],
    *,
    grid: PathGrid,
    terms: WorldTerms,
    seed: int = 0,
    path: int = 0,
    measured: bool = True,
) -> WorldRun:
    """Drive a case's book along one path through a world.

    Args:
        case: rules, book, and how its replay handles margin calls, auctions, the backstop and the
            depth for positions; its own prices are left, its sources of prices are not asked.
        prices: of one path, steps + 1 by assets.
        grid: the clock of the path, with the assets of `terms`.
        terms: markets, oracle, keepers and who else acts.
        seed, path: key the uniforms: the same ones give the same run.
        measured: keep a row of `Metrics` for each step; without it a run is faster.

    Returns:
        The row that the kernel gives for the path, and all that happened.

    Raises:
        UsageError: prices, grid and terms that do not fit one another.
    """
    world = World(case, prices, grid=grid, terms=terms, seed=seed, path=path, measured=measured)
    for _ in range(grid.steps):
        world.advance()
    return world.finish()
