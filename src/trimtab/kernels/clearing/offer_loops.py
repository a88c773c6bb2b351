"""What a liquidation would pay and take: `engine.sizing` in floats, values at reported prices.

A repayment of value x against collateral at price factor k = 1 + bonus + fee lowers the weighted
debt by x w and the weighted collateral by x LT k.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from trimtab.kernels.clearing import layout as on
from trimtab.kernels.clearing.edge_loops import EDGE, Sums, below
from trimtab.kernels.clearing.layout import World
from trimtab.kernels.compiling import inlined_if_possible

TARGET_HEALTH: Final = 0
CLOSE_FACTOR: Final = 1
WHOLE: Final = 2


class Pair(NamedTuple):
    """One debt row and one collateral row of an account, with the values on either side."""

    owed_at: int
    held_at: int
    owed: float
    held: float
    liability: float
    weight: float
    end: float
    full_bonus: float
    fee: float


class Offer(NamedTuple):
    """The best pair of an account: repayment and gain in the quote, at reported prices."""

    owed_at: int
    held_at: int
    repay: float
    bonus: float
    fee: float
    gain: float
    refused: bool


@inlined_if_possible
def base_bonus(world: World, pricing: tuple[float, float]) -> float:
    """Return the bonus before the spiral bound for (full bonus, health)."""
    full, health = pricing
    terms = world.terms
    if not terms.shortfall_bonus or health <= terms.full_bonus_health:
        return full
    least = min(terms.minimum_bonus, full)
    shortfall = max(0.0, 1.0 - health)
    return float(least + (full - least) * shortfall / (1.0 - terms.full_bonus_health))


@inlined_if_possible
def price_of(world: World, asked: tuple[Pair, Sums]) -> tuple[float, float]:
    """Return bonus and fee of a pair, kept inside the spiral bound where the rules cut them."""
    pair, found = asked
    collateral, maintenance, _, debt, weighted = found
    bonus = base_bonus(world, (pair.full_bonus, maintenance / weighted))
    fee = 0.0 if below(collateral, debt) else pair.fee
    if pair.weight == 0.0 or not world.terms.spiral_cut:
        return bonus, fee
    room = maintenance * pair.liability / (pair.weight * weighted) - 1.0
    if bonus + fee > room:
        fee = min(fee, max(0.0, room - bonus))
        bonus = min(bonus, max(room, min(world.terms.minimum_bonus, bonus)))
    return bonus, fee


@inlined_if_possible
def largest_repay(world: World, asked: tuple[Pair, Sums, float]) -> float:
    """Return the value that one liquidation may repay, before the collateral's cap and dust."""
    pair, found, factor = asked
    collateral, maintenance, at_end, debt, weighted = found
    terms = world.terms
    if terms.sizing == WHOLE or below(collateral, debt):
        return pair.owed
    if terms.sizing == CLOSE_FACTOR:
        if below(maintenance, terms.full_close_health * weighted):
            return pair.owed
        return float(pair.owed * terms.close_factor)
    target, weight = terms.target_health, pair.weight
    missing = target * weighted - maintenance
    if not below(maintenance, target * weighted):
        # At the target, yet not released: what is missing is missing at the liquidation end.
        target, weight = 1.0, pair.end
        missing = weighted - at_end
    slope = target * pair.liability - weight * factor
    if slope <= EDGE:
        return pair.owed
    return float(min(pair.owed, missing / slope))


@inlined_if_possible
def without_dust(world: World, asked: tuple[Pair, float, float]) -> float:
    """Return a repayment, raised to the most where it would leave dust on either side."""
    pair, repay, factor = asked
    cap = min(pair.owed, pair.held / factor)
    if repay >= cap:
        return cap
    if pair.owed - repay < world.terms.dust_debt - EDGE * pair.owed:
        return cap
    left = max(0.0, pair.held - repay * factor)
    if left < world.terms.dust_collateral - EDGE * pair.held:
        return cap
    return repay


@inlined_if_possible
def pair_of(world: World, rows: tuple[int, int]) -> Pair:
    """Return the pair of a debt row and a collateral row."""
    owed_at, held_at = rows
    debt, collateral = world.owed_asset[owed_at], world.held_asset[held_at]
    return Pair(
        owed_at,
        held_at,
        world.owed[owed_at, on.AMOUNT] * world.assets[debt, on.OWED_WORTH],
        world.held[held_at, on.AMOUNT] * world.assets[collateral, on.HELD_WORTH],
        world.assets[debt, on.LIABILITY],
        world.held[held_at, on.WEIGHT],
        world.held[held_at, on.END],
        world.held[held_at, on.BONUS],
        world.assets[collateral, on.FEE],
    )


@inlined_if_possible
def offer_of(world: World, asked: tuple[Pair, Sums]) -> Offer:
    """Return what a pair offers within the capital that is left; a repayment of 0 is no offer.

    `refused`: the capital reaches for a repayment that would leave dust, which the venue refuses.
    """
    pair, found = asked
    if pair.owed <= 0.0 or pair.held <= 0.0:
        return Offer(pair.owed_at, pair.held_at, 0.0, 0.0, 0.0, 0.0, False)
    bonus, fee = price_of(world, asked)
    factor = 1.0 + bonus + fee
    repay = min(largest_repay(world, (pair, found, factor)), pair.held / factor)
    repay = without_dust(world, (pair, repay, factor))
    refused = False
    capital = world.row[on.CAPITAL]
    if repay > capital:
        repay = capital
        refused = without_dust(world, (pair, repay, factor)) != repay
    gain = max(0.0, min(pair.held, repay * (1.0 + bonus)) - repay)
    return Offer(pair.owed_at, pair.held_at, repay, bonus, fee, gain, refused)


@inlined_if_possible
def keep(world: World, made: tuple[int, Offer]) -> None:
    """Keep the best offer of who waits at a place for the rest of the step."""
    place, offer = made
    world.lists[on.OFFER_OWED, place] = offer.owed_at
    world.lists[on.OFFER_HELD, place] = offer.held_at
    world.known[place, on.REPAY] = offer.repay
    world.known[place, on.BONUS_RATE] = offer.bonus
    world.known[place, on.FEE_RATE] = offer.fee
    world.known[place, on.GAINED] = offer.gain


@inlined_if_possible
def kept_offer(world: World, place: int) -> Offer:
    """Return the offer kept of who waits at a place."""
    return Offer(
        world.lists[on.OFFER_OWED, place],
        world.lists[on.OFFER_HELD, place],
        world.known[place, on.REPAY],
        world.known[place, on.BONUS_RATE],
        world.known[place, on.FEE_RATE],
        world.known[place, on.GAINED],
        False,
    )


@inlined_if_possible
def is_kept(world: World, found: Sums) -> bool:
    """Return whether the offer kept of an account with such sums is still its best.

    It is while suppliers have not paid and the capital that is left reaches for all of its debt.
    """
    return bool(world.counts[on.SOCIALIZED_NOW] == 0 and world.row[on.CAPITAL] >= found[3])


@inlined_if_possible
def best_offer(world: World, asked: tuple[int, Sums]) -> Offer:
    """Return the pair of an unsafe account that gains most; of ties the first by name."""
    account, found = asked
    best = Offer(-1, -1, 0.0, 0.0, 0.0, -1.0, False)
    for owed_at in range(
        world.account[account, on.OWED_FIRST], world.account[account, on.OWED_LAST]
    ):
        for held_at in range(
            world.account[account, on.HELD_FIRST], world.account[account, on.HELD_LAST]
        ):
            offer = offer_of(world, (pair_of(world, (owed_at, held_at)), found))
            if offer.repay > 0.0 and offer.gain > best.gain * (1.0 + EDGE):
                best = offer
    return best
