"""Maker's Dutch auctions: the falling price, and kick, take and redo with their edges.

Source: makerdao/dss, commit fa4f6630: src/clip.sol, src/abaci.sol. Lots in wad, prices in ray,
debts in rad, times in whole seconds. The breaker: 0 open, 1 no kick, 2 also no
redo, 3 also no take.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique
from typing import Final, assert_never

from trimtab.units import (
    RAY,
    div_down,
    mul_div_down,
    pow_ray,
    ray_div_down,
    ray_mul_down,
    wad_mul_down,
)

_FEED_TO_RAY: Final = 10**9


@unique
class AuctionRefusal(StrEnum):
    """Why the clipper reverts."""

    STOPPED = "stopped"
    ZERO_TARGET = "zero_target"
    ZERO_LOT = "zero_lot"
    ZERO_TOP_PRICE = "zero_top_price"
    CANNOT_RESET = "cannot_reset"
    NEEDS_RESET = "needs_reset"
    TOO_EXPENSIVE = "too_expensive"
    NO_PARTIAL_PURCHASE = "no_partial_purchase"


@dataclass(frozen=True, slots=True)
class AuctionRefused:
    """A call that the clipper reverts: the rule, what was found and what it asks for."""

    reason: AuctionRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class LinearFall:
    """Falls in a line from the top to zero at `duration_s` (tau), positive."""

    duration_s: int


@dataclass(frozen=True, slots=True)
class StairFall:
    """Every `step_s` seconds the price is multiplied by `cut_ray`, at most one."""

    step_s: int
    cut_ray: int


@dataclass(frozen=True, slots=True)
class ExponentialFall:
    """Every second the price is multiplied by `cut_ray`, at most one."""

    cut_ray: int


Fall = LinearFall | StairFall | ExponentialFall


@dataclass(frozen=True, slots=True)
class AuctionRules:
    """One collateral type's auctions.

    fall: the price curve; buffer_ray (buf): top over feed; reset_seconds (tail) and
    reset_ratio_ray (cusp): past the one or below the other a reset is due; reward_rad (tip) and
    reward_wad (chip): the keeper's flat and proportional reward; dust_rad (chost): dust with
    penalty, cached; breaker: 0 to 3.
    """

    fall: Fall
    buffer_ray: int = RAY
    reset_seconds: int = 0
    reset_ratio_ray: int = 0
    reward_rad: int = 0
    reward_wad: int = 0
    dust_rad: int = 0
    breaker: int = 0


@dataclass(frozen=True, slots=True)
class Auction:
    """A running auction: rad still to raise, wad still for sale, top price and start."""

    target_rad: int
    lot: int
    top_ray: int
    started_s: int


@dataclass(frozen=True, slots=True)
class Started:
    """An auction just started or reset, and the keeper's reward, which the vow's debt pays."""

    auction: Auction
    reward_rad: int


@dataclass(frozen=True, slots=True)
class AuctionStatus:
    """The price now, and whether the auction needs a reset and by which of its two limits."""

    price_ray: int
    seconds: int
    is_too_old: bool
    is_too_cheap: bool

    @property
    def needs_reset(self) -> bool:
        """Return whether takes are refused until someone resets the auction."""
        return self.is_too_old or self.is_too_cheap


@dataclass(frozen=True, slots=True)
class Taken:
    """One purchase.

    slice: bought, wad; owed_rad: paid for it to the vow; returned: collateral back to the owner of
    the vault, wad; unpaid_rad: target that an emptied lot never raised (it stays as bad debt);
    freed_rad: what leaves the debt on auction; kept_dust: the purchase was cut so that the rest
    keeps the dust limit; auction: what remains, None when it ended.
    """

    slice: int
    owed_rad: int
    price_ray: int
    returned: int
    unpaid_rad: int
    freed_rad: int
    kept_dust: bool
    auction: Auction | None


def price_ray(fall: Fall, top_ray: int, *, seconds: int) -> int:
    """Return the price `seconds` after the start, in ray, floored.

    Args:
        top_ray: the price at the start; seconds: since then, zero or more.
    """
    match fall:
        case LinearFall(duration_s=duration):
            if seconds >= duration:
                return 0
            return ray_mul_down(top_ray, mul_div_down(duration - seconds, RAY, duration))
        case StairFall(step_s=step, cut_ray=cut):
            return ray_mul_down(top_ray, pow_ray(cut, div_down(seconds, step)))
        case ExponentialFall(cut_ray=cut):
            return ray_mul_down(top_ray, pow_ray(cut, seconds))
    assert_never(fall)


def feed_price_ray(price_wad: int, par_ray: int) -> int:
    """Return the feed in ray per unit of the target: floor(price * 1e9 * ray / par)."""
    return ray_div_down(price_wad * _FEED_TO_RAY, par_ray)


def dust_limit_rad(dust_rad: int, penalty_wad: int) -> int:
    """Return the dust limit of auctions, floor(dust * penalty), as Clipper.upchost caches it."""
    return wad_mul_down(dust_rad, penalty_wad)


def keeper_reward_rad(target_rad: int, rules: AuctionRules) -> int:
    """Return the reward of who starts an auction: flat + floor(target * share)."""
    return rules.reward_rad + wad_mul_down(target_rad, rules.reward_wad)


def status(auction: Auction, rules: AuctionRules, *, now_s: int) -> AuctionStatus:
    """Return the price and whether a reset is due: age > tail or price / top < cusp, strictly."""
    seconds = now_s - auction.started_s
    price = price_ray(rules.fall, auction.top_ray, seconds=seconds)
    return AuctionStatus(
        price_ray=price,
        seconds=seconds,
        is_too_old=seconds > rules.reset_seconds,
        is_too_cheap=ray_div_down(price, auction.top_ray) < rules.reset_ratio_ray,
    )


def kick(
    target_rad: int, lot: int, *, feed_ray: int, rules: AuctionRules, now_s: int
) -> Started | AuctionRefused:
    """Start an auction at feed * buffer; the reward is due whatever the size."""
    if rules.breaker >= 1:
        return AuctionRefused(AuctionRefusal.STOPPED, rules.breaker, 0)
    if target_rad == 0:
        return AuctionRefused(AuctionRefusal.ZERO_TARGET, 0, 1)
    if lot == 0:
        return AuctionRefused(AuctionRefusal.ZERO_LOT, 0, 1)
    top = ray_mul_down(feed_ray, rules.buffer_ray)
    if top == 0:
        return AuctionRefused(AuctionRefusal.ZERO_TOP_PRICE, 0, 1)
    return Started(Auction(target_rad, lot, top, now_s), keeper_reward_rad(target_rad, rules))


def redo(
    auction: Auction, rules: AuctionRules, *, feed_ray: int, now_s: int
) -> Started | AuctionRefused:
    """Reset an auction that is due; the reward only where target and lot are not dusty."""
    if rules.breaker >= 2:
        return AuctionRefused(AuctionRefusal.STOPPED, rules.breaker, 1)
    state = status(auction, rules, now_s=now_s)
    if not state.needs_reset:
        return AuctionRefused(AuctionRefusal.CANNOT_RESET, state.seconds, rules.reset_seconds)
    top = ray_mul_down(feed_ray, rules.buffer_ray)
    if top == 0:
        return AuctionRefused(AuctionRefusal.ZERO_TOP_PRICE, 0, 1)
    is_worth_it = auction.target_rad >= rules.dust_rad and auction.lot * feed_ray >= rules.dust_rad
    reward = keeper_reward_rad(auction.target_rad, rules) if is_worth_it else 0
    return Started(replace(auction, top_ray=top, started_s=now_s), reward)


def take(
    auction: Auction, amount: int, *, price_max_ray: int, rules: AuctionRules, now_s: int
) -> Taken | AuctionRefused:
    """Buy up to `amount` wad of the lot at the price of now.

    Args:
        amount: the most to buy, wad; price_max_ray: the most to pay per unit, ray.

    Returns:
        The purchase, or why not. The buyer has the collateral before they pay (the contract calls
        them back in between): a flash liquidation needs no capital.
    """
    if rules.breaker >= 3:
        return AuctionRefused(AuctionRefusal.STOPPED, rules.breaker, 2)
    state = status(auction, rules, now_s=now_s)
    if state.needs_reset:
        return AuctionRefused(AuctionRefusal.NEEDS_RESET, state.seconds, rules.reset_seconds)
    if price_max_ray < state.price_ray:
        return AuctionRefused(AuctionRefusal.TOO_EXPENSIVE, state.price_ray, price_max_ray)
    return take_at(auction, amount, price=state.price_ray, dust_rad=rules.dust_rad)


def take_at(auction: Auction, amount: int, *, price: int, dust_rad: int) -> Taken | AuctionRefused:
    """Buy up to `amount` at `price` (ray), without the checks of time, limit price and breaker.

    Rounding: where the target caps the purchase, the slice is floored against the buyer.
    """
    bought = min(auction.lot, amount)
    owed = bought * price
    kept_dust = False
    if owed > auction.target_rad:
        owed = auction.target_rad
        bought = div_down(owed, price)
    elif bought < auction.lot and 0 < auction.target_rad - owed < dust_rad:
        if auction.target_rad <= dust_rad:
            reason = AuctionRefusal.NO_PARTIAL_PURCHASE
            return AuctionRefused(reason, auction.target_rad, dust_rad + 1)
        owed = auction.target_rad - dust_rad
        bought = div_down(owed, price)
        kept_dust = True
    return _settled(auction, price=price, bought=bought, owed=owed, kept_dust=kept_dust)


def _settled(auction: Auction, *, price: int, bought: int, owed: int, kept_dust: bool) -> Taken:
    lot, target = auction.lot - bought, auction.target_rad - owed
    is_over = lot == 0 or target == 0
    return Taken(
        slice=bought,
        owed_rad=owed,
        price_ray=price,
        returned=lot if is_over else 0,
        unpaid_rad=target if is_over else 0,
        freed_rad=target + owed if lot == 0 else owed,
        kept_dust=kept_dust,
        auction=None if is_over else replace(auction, target_rad=target, lot=lot),
    )
