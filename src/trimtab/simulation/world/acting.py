"""Who acts in a world: each is asked at its beats, sees the moment, and its intents are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from trimtab.agents.keeping import KeeperPolicy, Route
from trimtab.agents.observing import Beat, Funds, Observation, Policy, Seen
from trimtab.kernels.clearing.terms import KeeperTerms
from trimtab.simulation.paths.driving import Purpose
from trimtab.simulation.venue_run import VenueRun
from trimtab.simulation.world.dealing import Deal, Dealer
from trimtab.simulation.world.markets import Markets
from trimtab.simulation.world.purses import Purse
from trimtab.simulation.world.terms import Actor
from trimtab.units import WAD, fixed_of

# Health above which nobody is shown: far beyond what a policy acts on.
SEEN_HEALTH_MOST = 3.0


@dataclass(frozen=True, slots=True)
class Clock:
    """The step that a world is in: its number, length, time and gas."""

    step: int
    step_seconds: float
    at_ns: int
    gas_wad: int


def house_keeper(terms: KeeperTerms) -> Policy:
    """The keepers of a kernel's run: all that pays after gas, sold at once, within the capital."""
    route = Route.FLASH if terms.capital == float("inf") else Route.DUMP
    least_wad = fixed_of(terms.min_profit, 18)
    return KeeperPolicy((route,), min_profit_wad=least_wad, halvings=terms.halvings)


class Draws:
    """A path's uniforms of one purpose, one for each account and step, in the order of steps.

    Number step x accounts + account of the stream (seed, path): numbers do not depend on what was
    asked for before.
    """

    def __init__(self, purpose: Purpose, accounts: Sequence[str], *, seed: int, path: int) -> None:
        self._accounts = tuple(accounts)
        self._bits = np.random.Philox(
            key=np.array([seed, path], dtype=np.uint64),
            counter=np.array([0, 0, 0, int(purpose)], dtype=np.uint64),
        )
        self._generator = np.random.Generator(self._bits)
        self._next = 0
        self._found: Mapping[str, float] = MappingProxyType({})

    def at(self, step: int) -> Mapping[str, float]:
        """The uniforms of a step by account; steps are asked for in their order."""
        assert step + 1 >= self._next, "steps are asked for in their order"
        while self._next <= step:
            drawn = self._generator.random(len(self._accounts)).tolist()
            self._found = dict(zip(self._accounts, drawn, strict=True))
            self._next += 1
        return self._found


@dataclass(slots=True)
class Stage:
    """The agents of a world, what they own, and what they see."""

    venue: VenueRun
    markets: Markets
    actors: tuple[Actor, ...]
    chance: Draws
    dealer: Dealer = field(init=False)
    deals: list[tuple[str, Deal]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dealer = Dealer(self.venue, self.markets)
        for actor in self.actors:
            purse = Purse(actor.cash_wad or 0, actor.cash_wad is not None)
            self.dealer.purses[actor.policy.name] = Purse() if actor.per_step else purse

    def listening(self, beat: Beat) -> list[Policy]:
        """Who wants to be asked at a beat, in order."""
        return [actor.policy for actor in self.actors if beat in actor.policy.beats]

    def purse(self, name: str) -> Purse:
        """What an agent owns."""
        return self.dealer.purses[name]

    def funds(self, name: str) -> Funds:
        """What a policy sees of its own; of a capital for one step what is left of it."""
        actor = next(one for one in self.actors if one.policy.name == name)
        found = self.purse(name).funds()
        if not actor.per_step or actor.cash_wad is None:
            return found
        return replace(found, cash_wad=actor.cash_wad - self.dealer.used_wad.get(name, 0))

    def seen(self) -> tuple[Seen, ...]:
        """Accounts with debt and a health that somebody could act on, in order of their keys."""
        levels = self.venue.moment.levels
        health = levels.health
        rows = np.flatnonzero((levels.debt > 0.0) & (health < SEEN_HEALTH_MOST)).tolist()
        return tuple(
            Seen(
                self.venue.screen.keys[row],
                float(health[row]),
                float(levels.debt[row]),
                float(levels.collateral[row]),
            )
            for row in rows
        )

    def observation(
        self, policy: Policy, beat: Beat, *, clock: Clock, focus: tuple[str, ...] = ()
    ) -> Observation:
        """What a policy sees now."""
        wide = beat in (Beat.OPENING, Beat.REPORTED)
        return Observation(
            beat,
            clock.step,
            clock.step_seconds,
            self.venue.moment.draft,
            self.markets,
            self.funds(policy.name),
            clock.gas_wad,
            focus,
            self.seen() if wide else (),
            self.chance.at(clock.step) if wide else MappingProxyType({}),
            self.dealer.spent_wad,
        )

    def ask(self, beat: Beat, *, clock: Clock, focus: tuple[str, ...] = ()) -> int:
        """Ask everyone at a beat; returns how many intents were done."""
        return sum(
            self.act(policy, beat, clock=clock, focus=focus) for policy in self.listening(beat)
        )

    def act(self, policy: Policy, beat: Beat, *, clock: Clock, focus: tuple[str, ...]) -> int:
        """Ask one policy; its intents are done in order, as far as they can be."""
        done = 0
        for intent in policy.observe(self.observation(policy, beat, clock=clock, focus=focus)):
            deal = self.dealer.carry_out(
                policy.name, intent, step_number=clock.step, gas_wad=clock.gas_wad
            )
            if deal is not None:
                self.deals.append((policy.name, deal))
                done += 1
        return done

    def wealth(self, name: str) -> float:
        """What an agent owns at the market's prices, quote."""
        purse = self.purse(name)
        worth = purse.cash_wad + purse.claims_wad
        worth += sum(self.dealer.value_wad(lot.asset, lot.units) for lot in purse.lots)
        return worth / WAD
