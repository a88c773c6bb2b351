"""The chain that keepers' transactions go through: blocks, gas, congestion, failure, a halt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from trimtab.kernels.clearing import NO_LIMIT, KeeperTerms
from trimtab.quant import GasSlope
from trimtab.units import DataError, UsageError

GWEI: Final = 1e-9


@dataclass(frozen=True, slots=True)
class ChainBehavior:
    """What a liquidation has to get through; times in seconds from the start of the run.

    Args:
        block_seconds: between two blocks, above 0.
        gas_cost: quote per liquidation at the reference volatility.
        gas_slope: by how much of itself gas rises where volatility doubles.
        landings_per_block: most liquidations in a block; None is no limit.
        failure: probability that a keeper's transactions for an account do not land in a step.
        halt: from, to: the venue stands still in between; alike is never.
    """

    block_seconds: float = 12.0
    gas_cost: float = 0.0
    gas_slope: float = 0.0
    landings_per_block: int | None = None
    failure: float = 0.0
    halt: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if not 0.0 < self.block_seconds < math.inf:
            raise _wrong("block_seconds", found=f"{self.block_seconds:g}", expected="above 0")
        for name in ("gas_cost", "gas_slope"):
            value = getattr(self, name)
            if not 0.0 <= value < math.inf:
                raise _wrong(name, found=f"{value:g}", expected="0 or more")
        if self.landings_per_block is not None and self.landings_per_block < 1:
            raise _wrong(
                "landings_per_block", found=str(self.landings_per_block), expected="at least 1"
            )
        if not 0.0 <= self.failure <= 1.0:
            raise _wrong("failure", found=f"{self.failure:g}", expected="0 to 1")
        if not 0.0 <= self.halt[0] <= self.halt[1]:
            found = f"{self.halt[0]:g} to {self.halt[1]:g}"
            raise _wrong("halt", found=found, expected="a time from 0 to later")


@dataclass(frozen=True, slots=True)
class KeeperBehavior:
    """What keepers want and have.

    min_profit: quote, after gas; capital: quote of debt they repay in a step, infinite is any;
    delay_seconds: between seeing an unsafe account and acting; halvings: how often they halve an
    offer that does not pay whole, which the exact engine alone does.
    """

    min_profit: float = 0.0
    capital: float = math.inf
    delay_seconds: float = 0.0
    halvings: int = 0

    def __post_init__(self) -> None:
        for name in ("min_profit", "capital", "delay_seconds", "halvings"):
            value = getattr(self, name)
            if not value >= 0.0:
                raise DataError(
                    "keepers cannot behave so",
                    column=name,
                    found=f"{value:g}",
                    expected="0 or more",
                )


def gas_cost_of(*, gas_units: float, gas_price_gwei: float, native_price: float) -> float:
    """Return what gas costs: units x gwei x 1e-9 x quote per whole unit of the chain's asset."""
    return gas_units * gas_price_gwei * GWEI * native_price


def chain_of(
    fit: GasSlope, *, gas_units: float, native_price: float, block_seconds: float = 12.0
) -> ChainBehavior:
    """Return a chain whose gas was learnt in gwei, for liquidations of so many units of gas."""
    cost = gas_cost_of(
        gas_units=gas_units, gas_price_gwei=fit.gas_level_, native_price=native_price
    )
    return ChainBehavior(block_seconds, cost, max(fit.slope_, 0.0))


def keeper_terms_of(
    chain: ChainBehavior, keepers: KeeperBehavior, *, step_seconds: float, gas_asset: int = 0
) -> KeeperTerms:
    """Return the terms of keepers on a chain.

    Times become steps, rounded up; landings count whole blocks of a step.

    Args:
        gas_asset: number of the asset whose volatility moves gas.

    Raises:
        UsageError: landings are limited and a step is shorter than a block.
    """
    if not step_seconds > 0.0:
        raise UsageError(f"a step lasts longer than 0 seconds, found {step_seconds:g}")
    blocks = math.floor(step_seconds / chain.block_seconds + 1e-9)
    landings = NO_LIMIT
    if chain.landings_per_block is not None:
        if not blocks:
            raise UsageError(
                f"a step of {step_seconds:g} s is shorter than a block of {chain.block_seconds:g} "
                "s: landings a block cannot be counted; take longer steps"
            )
        landings = min(chain.landings_per_block * blocks, NO_LIMIT)

    def steps(seconds: float) -> int:
        return min(math.ceil(seconds / step_seconds - 1e-9), NO_LIMIT)

    return KeeperTerms(
        min_profit=keepers.min_profit,
        gas=chain.gas_cost,
        gas_slope=chain.gas_slope,
        gas_asset=gas_asset,
        capital=keepers.capital,
        per_step=landings,
        failure=chain.failure,
        delay_steps=steps(keepers.delay_seconds),
        halt=(steps(chain.halt[0]), steps(chain.halt[1])),
        halvings=keepers.halvings,
    )


def gas_at(chain: ChainBehavior, volatility_ratio: float) -> float:
    """Return quote per liquidation where volatility is so many times its reference."""
    return chain.gas_cost * max(1.0, 1.0 + chain.gas_slope * (volatility_ratio - 1.0))


def _wrong(name: str, *, found: str, expected: str) -> DataError:
    return DataError("a chain cannot behave so", column=name, found=found, expected=expected)
