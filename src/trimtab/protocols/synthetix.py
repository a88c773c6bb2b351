"""Synthetix v3 perpetuals: skew-scaled margins, fill price, funding velocity.

Source: Synthetixio/synthetix-v3, commit 23585f73, markets/perps-market/contracts/storage/
PerpsMarketConfiguration.sol, PerpsMarket.sol, AsyncOrder.sol. Sizes, prices, ratios and USD are
wad, sizes signed. Requirements round up, profits down. Liquidation is in `synthetix_liquidation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trimtab.protocols.signed import mul_div_floor, wad_mul_floor
from trimtab.units import WAD, mul_div_up, wad_mul_up

DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class Market:
    """A market's margin parameters, all wad.

    initial_factor: the size-dependent part of the ratio at one skew scale; initial_ratio_min: the
    part of every size; maintenance_scalar: share of the initial ratio; margin_min: USD of every
    position; flag_ratio: reward for flagging, of the notional.
    """

    skew_scale: int
    initial_factor: int
    initial_ratio_min: int = 0
    maintenance_scalar: int = WAD
    margin_min: int = 0
    flag_ratio: int = 0

    def __post_init__(self) -> None:
        assert self.skew_scale > 0, f"skew scale is not positive: {self.skew_scale}"


@dataclass(frozen=True, slots=True)
class Position:
    """A signed size, the price of its fills and the price of now; funding: accrued USD, signed."""

    market: Market
    size: int
    entry_wad: int
    mark_wad: int
    funding: int = 0

    @property
    def notional(self) -> int:
        """Return |size| * price, USD, rounded up."""
        return wad_mul_up(abs(self.size), self.mark_wad)

    @property
    def pnl(self) -> int:
        """Return size * (mark - entry) + funding, USD, floored."""
        return wad_mul_floor(self.size, self.mark_wad - self.entry_wad) + self.funding


@dataclass(frozen=True, slots=True)
class Margins:
    """An account's sums, USD wad.

    initial and maintenance: without the reward; reward: what a liquidation may cost; available:
    collateral and profit.
    """

    initial: int
    maintenance: int
    reward: int
    available: int

    @property
    def withdrawable(self) -> int:
        """Return what may leave, signed: available less initial requirement less reward."""
        return self.available - self.initial - self.reward

    @property
    def liquidatable(self) -> bool:
        """Return whether available margin is below maintenance with the reward; equality is not."""
        return self.available < self.maintenance + self.reward


@dataclass(frozen=True, slots=True)
class RewardBounds:
    """What keepers get, USD and ratios wad.

    cost: of the transaction; reward_min: least profit; profit_ratio: of the cost; margin_ratio: of
    the account's margin at most; reward_max: at most.
    """

    cost: int = 0
    reward_min: int = 0
    profit_ratio: int = 0
    margin_ratio: int | None = None
    reward_max: int | None = None


def initial_ratio_wad(market: Market, size: int) -> int:
    """Return |size| / skew scale * factor + minimum, rounded up."""
    return (
        mul_div_up(abs(size), market.initial_factor, market.skew_scale) + market.initial_ratio_min
    )


def initial_margin(position: Position) -> int:
    """Return notional * ratio + position minimum, USD, rounded up."""
    ratio = initial_ratio_wad(position.market, position.size)
    return wad_mul_up(position.notional, ratio) + position.market.margin_min


def maintenance_margin(position: Position) -> int:
    """Return notional * ratio * scalar + position minimum, USD, rounded up."""
    ratio = initial_ratio_wad(position.market, position.size)
    scaled = wad_mul_up(ratio, position.market.maintenance_scalar)
    return wad_mul_up(position.notional, scaled) + position.market.margin_min


def keeper_reward(reward: int, margin: int, *, bounds: RewardBounds) -> int:
    """Return a keeper's reward within its bounds, USD.

    min(max(cost + min, cost * (1 + profit), reward + cost), min(margin * ratio, max)).

    Args:
        reward: before bounds; margin: the account's, not negative.
    """
    least = max(
        bounds.cost + bounds.reward_min,
        bounds.cost + wad_mul_up(bounds.cost, bounds.profit_ratio),
    )
    found = max(least, reward + bounds.cost)
    if bounds.margin_ratio is not None:
        found = min(found, wad_mul_up(margin, bounds.margin_ratio))
    return found if bounds.reward_max is None else min(found, bounds.reward_max)


def margins(
    collateral: int, positions: Sequence[Position], *, bounds: RewardBounds | None = None
) -> Margins:
    """Return the sums of an account.

    Args:
        collateral: USD after haircut; bounds: of the reward, none if None.
    """
    open_positions = [position for position in positions if position.size]
    flags = sum(
        wad_mul_up(position.notional, position.market.flag_ratio) for position in open_positions
    )
    available = collateral + sum(position.pnl for position in open_positions)
    limits = bounds or RewardBounds()
    reward = keeper_reward(flags, max(available, 0), bounds=limits) if open_positions else 0
    return Margins(
        initial=sum(map(initial_margin, open_positions)),
        maintenance=sum(map(maintenance_margin, open_positions)),
        reward=reward,
        available=available,
    )


def fill_price_wad(oracle_wad: int, *, skew: int, size: int, skew_scale: int) -> int:
    """Return oracle * (1 + mean of the premium before and after the fill), wad, floored.

    Args:
        skew: longs less shorts before the fill, signed; size: of the fill, signed.
    """
    return oracle_wad + mul_div_floor(oracle_wad, 2 * skew + size, denominator=2 * skew_scale)


def funding_velocity_wad(skew: int, *, skew_scale: int, velocity_max_wad: int) -> int:
    """Return clamp(skew / scale, -1, 1) * the largest velocity, wad per day per day, floored."""
    held = max(-skew_scale, min(skew, skew_scale))
    return mul_div_floor(held, velocity_max_wad, denominator=skew_scale)


def funding_rate_wad(rate_wad: int, velocity_wad: int, *, seconds: int) -> int:
    """Return the rate after a time at a velocity, wad per day, floored."""
    return rate_wad + mul_div_floor(velocity_wad, seconds, denominator=DAY_SECONDS)


def funding_per_unit(rate_wad: int, velocity_wad: int, *, seconds: int, price_wad: int) -> int:
    """Return what one long unit pays over a time: mean rate * days * price, USD wad, floored."""
    later = funding_rate_wad(rate_wad, velocity_wad, seconds=seconds)
    daily = mul_div_floor(rate_wad + later, price_wad, denominator=2 * WAD)
    return mul_div_floor(daily, seconds, denominator=DAY_SECONDS)
