"""Borrowers: they top up, repay, deleverage or panic by a hazard that rises as health falls.

In a step of dt seconds an account at health h acts with probability 1 - exp(-rate(h) dt), where

    rate(h) = a_day exp(steepness (reference - h)) / 86,400        a_day: acts a day at `reference`

and 0 at or above `calm`. One uniform decides whether it acts and how: the first part of it below
the probability is shared out among the acts by their weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum, unique

from trimtab.agents.observing import Beat, Intent, Observation, Seen
from trimtab.engine import Draft, Mark, debt_amount, supply_amount, value_wad_up
from trimtab.model import Account
from trimtab.model import commands as c
from trimtab.units import UsageError

DAY_SECONDS = 86_400.0
BORROWERS = "@borrowers"


@unique
class Act(StrEnum):
    """What a borrower does.

    TOP_UP adds collateral and REPAY pays debt, from outside. DELEVERAGE pays debt and takes as much
    value of collateral out, which is sold. PANIC pays all debt and sells all collateral.
    """

    TOP_UP = "top_up"
    REPAY = "repay"
    DELEVERAGE = "deleverage"
    PANIC = "panic"


@dataclass(frozen=True, slots=True)
class Hazard:
    """How often accounts act, by health; a rate and its steepness are 0 or more."""

    a_day: float
    reference: float = 1.1
    steepness: float = 20.0
    calm: float = 1.5

    def __post_init__(self) -> None:
        numbers = (self.a_day, self.reference, self.steepness, self.calm)
        if not all(0.0 <= number < math.inf for number in numbers):
            raise UsageError(f"a hazard's numbers are 0 or more and finite: found {self}")

    def probability(self, health: float, seconds: float) -> float:
        """The probability to act within some seconds; it never rises with health."""
        if not health < self.calm:
            return 0.0
        # An exponent above 700 is certainty whatever the rate is.
        exponent = min(self.steepness * (self.reference - health), 700.0)
        rate = self.a_day * math.exp(exponent) / DAY_SECONDS
        return -math.expm1(-rate * seconds)


@dataclass(frozen=True, slots=True)
class BorrowerPolicy:
    """All borrowers of a book.

    Args:
        hazard: how often they act.
        weights: of top up, repay, deleverage and panic among the acts; 0 or more, not all 0.
        share: of its debt that one act moves, above 0 up to 1; a panic moves all.
        reserve_share: what a borrower has outside, as a share of its debt: it tops up and repays
            from it, and once it is spent it can only sell. 0 or more.
    """

    hazard: Hazard
    weights: tuple[float, float, float, float] = (4.0, 3.0, 2.0, 1.0)
    share: float = 0.2
    reserve_share: float = 0.3
    name: str = BORROWERS
    beats: frozenset[Beat] = frozenset({Beat.REPORTED})

    def __post_init__(self) -> None:
        good = all(0.0 <= weight < math.inf for weight in self.weights) and sum(self.weights) > 0.0
        if not good or not 0.0 < self.share <= 1.0 or not 0.0 <= self.reserve_share < math.inf:
            raise UsageError(
                "borrowers have four weights, 0 or more and not all 0, a share above 0 up to 1 and "
                f"a reserve of 0 or more: found {self}"
            )

    def act(self, health: float, seconds: float, *, uniform: float) -> Act | None:
        """What an account at a health does in a step, by one uniform; None for nothing."""
        chance = self.hazard.probability(health, seconds)
        if uniform >= chance:
            return None
        place, total = uniform / chance * sum(self.weights), 0.0
        for act, weight in zip(Act, self.weights, strict=True):
            total += weight
            if place < total:
                return act
        return [act for act, weight in zip(Act, self.weights, strict=True) if weight][-1]

    def observe(self, observation: Observation) -> Sequence[Intent]:
        """One intent for each account that acts in this step."""
        intents = []
        for seen in observation.seen:
            uniform = observation.uniforms.get(seen.key)
            if uniform is None:
                continue
            act = self.act(seen.health, observation.step_seconds, uniform=uniform)
            intent = None if act is None else self._intent(act, seen, observation=observation)
            if intent is not None:
                intents.append(intent)
        return intents

    def _intent(self, act: Act, seen: Seen, *, observation: Observation) -> Intent | None:
        draft = observation.draft
        account = draft.account(seen.key)
        pair = largest_pair(account, draft)
        if pair is None or account.has_open_positions:
            return None
        debt, collateral = pair
        if act is Act.PANIC:
            return _all_out(account, draft)
        owed = debt_amount(debt.pool, account.debt[debt.asset])
        units = max(1, round(owed * self.share))
        paid_wad = value_wad_up(units, debt)
        if act is Act.DELEVERAGE:
            return _deleverage(draft, account, debt=debt, collateral=collateral, units=units)
        reserve_wad = self.reserve_share * value_wad_up(owed, debt)
        if observation.spent_wad.get(seen.key, 0) + paid_wad > reserve_wad:
            return None
        if act is Act.REPAY:
            return Intent((c.Repay(draft.now_ns, seen.key, debt.asset, units),))
        added = units * debt.unit // collateral.unit
        if added == 0:
            return None
        return Intent((c.Deposit(draft.now_ns, seen.key, collateral.asset, added),))


def largest_pair(account: Account, draft: Draft) -> tuple[Mark, Mark] | None:
    """The largest debt and the largest collateral by value, ties by name; None without both."""
    owed = [(debt_amount, asset, shares) for asset, shares in account.debt.items()]
    held = [(supply_amount, asset, shares) for asset, shares in account.supply.items()]
    sides = []
    for side in (owed, held):
        found = []
        for amount_of, asset, shares in side:
            mark = draft.mark_if_priced(asset)
            if mark is not None:
                found.append((-amount_of(mark.pool, shares) * mark.unit, asset, mark))
        if not found:
            return None
        sides.append(min(found, key=lambda one: one[:2])[2])
    return sides[0], sides[1]


def _deleverage(
    draft: Draft, account: Account, *, debt: Mark, collateral: Mark, units: int
) -> Intent | None:
    """Repay from a flash loan, withdraw the same value, sell it to pay the loan."""
    held = supply_amount(collateral.pool, account.supply[collateral.asset])
    taken = min(held, -(-units * debt.unit // collateral.unit))
    if taken == 0 or collateral.asset == debt.asset:
        return None
    commands = (
        c.Repay(draft.now_ns, account.key, debt.asset, units),
        c.Withdraw(draft.now_ns, account.key, collateral.asset, taken),
    )
    return Intent(commands, sell_seized=True)


def _all_out(account: Account, draft: Draft) -> Intent:
    """Repay everything, withdraw everything, sell it."""
    repaid = [c.Repay(draft.now_ns, account.key, asset, None) for asset in sorted(account.debt)]
    taken = [c.Withdraw(draft.now_ns, account.key, asset, None) for asset in sorted(account.supply)]
    return Intent((*repaid, *taken), sell_seized=True)
