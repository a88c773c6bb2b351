"""What a world is made of: markets, oracle, keepers, and who else acts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median

from trimtab.agents.observing import Policy
from trimtab.kernels.clearing.terms import NO_LIMIT, KeeperTerms, OracleTerms, oracle_terms
from trimtab.kernels.impact import ImpactTerms, without_impact
from trimtab.model import Case
from trimtab.units import NANOSECONDS, UsageError, float_of


@dataclass(frozen=True, slots=True)
class Actor:
    """A policy and what it starts with.

    Args:
        policy: who acts.
        cash_wad: its money, wad of the quote; None for as much as it wants.
        per_step: the money is debt value that it repays in one step, all there again in the next,
            whatever it earns.
    """

    policy: Policy
    cash_wad: int | None = None
    per_step: bool = False


@dataclass(frozen=True, slots=True)
class WorldTerms:
    """A world around a venue.

    Args:
        impact: of each asset with a path, in their order; whether prices feed back stands in it.
        oracle: of the same assets.
        keepers: when liquidations land, what they cost, and the keepers' own policy where `actors`
            has nobody who takes accounts on offer.
        actors: who else acts, asked in this order.
        case_gas: take what a liquidation costs from the case's gas table, not from `keepers`.

    Raises:
        UsageError: impact and oracle of other assets.
    """

    impact: ImpactTerms
    oracle: OracleTerms
    keepers: KeeperTerms = field(default_factory=KeeperTerms)
    actors: tuple[Actor, ...] = ()
    case_gas: bool = False

    def __post_init__(self) -> None:
        if self.impact.assets != self.oracle.assets:
            raise UsageError(
                f"impact of {self.impact.assets} and an oracle of {self.oracle.assets}: expected "
                "the same assets in the same order"
            )
        names = [actor.policy.name for actor in self.actors]
        if len(set(names)) < len(names):
            raise UsageError(f"two actors act as one account: found {sorted(names)}")

    def without_feedback(self) -> WorldTerms:
        """The same world in which accounts are marked at the path's prices."""
        return replace(self, impact=replace(self.impact, feedback=False))


def plain_world(assets: tuple[str, ...], keepers: KeeperTerms | None = None) -> WorldTerms:
    """A world without impact whose oracle reports the market: what a replay takes for granted."""
    return WorldTerms(without_impact(assets), oracle_terms(assets), keepers or KeeperTerms())


def keepers_of(case: Case, *, step_seconds: float) -> KeeperTerms:
    """The keepers that a case's replay rules describe, at a length of a step.

    The delay in blocks becomes the steps that it takes, rounded up. Capital is what the rules say
    for one price step of the case, at the same rate. Gas is the median of the case's gas table,
    where it has one.
    """
    rules = case.replay
    delay_ns = rules.delay_blocks * rules.block_seconds * NANOSECONDS
    step_ns = round(step_seconds * NANOSECONDS)
    return KeeperTerms(
        min_profit=float_of(rules.min_profit_wad, 18),
        gas=_gas(case),
        capital=_capital(case, step_seconds),
        per_step=NO_LIMIT,
        delay_steps=-(-delay_ns // step_ns),
    )


def _gas(case: Case) -> float:
    """What a liquidation costs, quote: the table's median, else what the rules say."""
    if not case.gas:
        return float_of(case.replay.gas_cost_wad, 18)
    return median(float_of(tick.cost_wad, 18) for tick in case.gas)


def _capital(case: Case, step_seconds: float) -> float:
    """Debt that keepers repay in a step: the rules' for a price step of the case, at its rate."""
    if case.replay.capital_wad is None:
        return float("inf")
    capital = float_of(case.replay.capital_wad, 18)
    times = [tick.at_ns for tick in case.ticks]
    if len(times) < 2:
        return capital
    own = median(after - before for before, after in pairwise(times)) / NANOSECONDS
    return capital * step_seconds / own
