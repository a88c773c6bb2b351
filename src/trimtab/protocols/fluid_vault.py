"""Fluid: a vault's rules, what it knows of its positions, and what the protocol absorbs.

Source: Instadapp/fluid-contracts-public, commit a9949b48:
contracts/protocols/vault/vaultT1/coreModule/main.sol (levels) and main2.sol (absorb).

Units: raw amounts are native units over the exchange prices (1e12); the oracle says debt per
collateral in 1e27; factor, threshold and limit in 1e3, penalty in 1e4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from trimtab.protocols.fluid_ticks import RATIO_ONE, ratio_at, tick_at
from trimtab.protocols.fluid_walk import Branch
from trimtab.units import RAY, div_down, mul_div_down

EXCHANGE_ONE: Final = 10**12
ORACLE_MAX: Final = 10**54
_RAW_PRICE_MAX: Final = 10**45


@dataclass(frozen=True, slots=True)
class FluidRules:
    """One vault: collateral factor, liquidation threshold and maximum limit in 1e3, penalty 1e4."""

    factor: int
    threshold: int
    limit: int
    penalty: int

    def __post_init__(self) -> None:
        assert self.factor < self.threshold < self.limit, "factor < threshold < limit"
        assert self.limit * 10 + self.penalty <= 9970, "limit and penalty above 99.7 %"


@dataclass(frozen=True, slots=True)
class ExchangePrices:
    """Native units per raw unit of collateral and of debt, in 1e12."""

    supply: int = EXCHANGE_ONE
    borrow: int = EXCHANGE_ONE


@dataclass(frozen=True, slots=True)
class FluidVault:
    """What the vault knows of its positions.

    ticks: raw debt at each tick that was not liquidated; branches: what was, riskiest first;
    total_debt, total_collateral: raw, of all positions; absorbed_debt, absorbed_collateral: taken
    over by the protocol above the maximum limit, for sale at its ratio.
    """

    ticks: Mapping[int, int] = field(default_factory=dict)
    branches: tuple[Branch, ...] = ()
    total_debt: int = 0
    total_collateral: int = 0
    absorbed_debt: int = 0
    absorbed_collateral: int = 0

    @property
    def top_tick(self) -> int | None:
        """Return the riskiest tick, liquidated before or not; None without a debt."""
        firsts = [branch.tick for branch in self.branches[:1]]
        return max([*self.ticks, *firsts], default=None)


@dataclass(frozen=True, slots=True)
class Levels:
    """What an oracle price means: raw collateral per debt with penalty (1e27), and two ticks."""

    collateral_per_debt: int
    threshold_tick: int
    limit_tick: int


def levels(oracle: int, rules: FluidRules, *, prices: ExchangePrices) -> Levels:
    """Return the ticks of the threshold and of the limit at an oracle price, each floored."""
    raw = min(mul_div_down(oracle, prices.supply, prices.borrow), _RAW_PRICE_MAX)
    per_debt = mul_div_down(div_down(ORACLE_MAX, raw), 10_000 + rules.penalty, 10_000)
    ratio = mul_div_down(raw, RATIO_ONE, RAY)
    return Levels(
        per_debt,
        tick_at(mul_div_down(ratio, rules.threshold, 1000)).tick,
        tick_at(mul_div_down(ratio, rules.limit, 1000)).tick,
    )


def absorb(vault: FluidVault, limit_tick: int) -> FluidVault:
    """Return the vault once the protocol took over every tick and branch above the limit.

    Rounding: collateral down, tick by tick.
    """
    debt, collateral = vault.absorbed_debt, vault.absorbed_collateral
    above = {tick: owed for tick, owed in vault.ticks.items() if tick > limit_tick}
    for tick, owed in above.items():
        debt, collateral = debt + owed, collateral + mul_div_down(owed, RATIO_ONE, ratio_at(tick))
    gone = [branch for branch in vault.branches if branch.tick > limit_tick]
    for branch in gone:
        part = mul_div_down(branch.debt, RATIO_ONE, branch.ratio)
        debt, collateral = debt + branch.debt, collateral + part
    return replace(
        vault,
        ticks={tick: owed for tick, owed in vault.ticks.items() if tick not in above},
        branches=vault.branches[len(gone) :],
        absorbed_debt=debt,
        absorbed_collateral=collateral,
    )
