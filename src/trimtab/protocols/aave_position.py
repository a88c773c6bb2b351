"""Aave v3: reserves, categories and one account's holdings, in the protocol's own fixed point.

Prices are in the base currency with 8 decimals per whole token, ratios in basis points, indices in
ray, scaled balances in native units at index one. Sources: see `trimtab.protocols.aave_versions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique

from trimtab.protocols.aave_math import PERCENT, owed, percent_mul_half_up, supplied
from trimtab.protocols.aave_versions import Version
from trimtab.units import RAY, mul_div_down, mul_div_up, pow10

Prices = Mapping[str, int]


@unique
class AaveRefusal(StrEnum):
    """Why the pool reverts."""

    SELF_LIQUIDATION = "self_liquidation"
    INACTIVE = "inactive"
    PAUSED = "paused"
    SENTINEL = "sentinel"
    GRACE_PERIOD = "grace_period"
    HEALTHY = "healthy"
    NOT_COLLATERAL = "not_collateral"
    NOT_BORROWED = "not_borrowed"
    DUST = "dust"
    NOTHING_BURNED = "nothing_burned"
    FROZEN = "frozen"
    NOT_BORROWABLE = "not_borrowable"
    ZERO_AMOUNT = "zero_amount"
    NO_COLLATERAL = "no_collateral"
    ZERO_LTV = "zero_ltv"
    UNHEALTHY = "unhealthy"
    COLLATERAL_TOO_SMALL = "collateral_too_small"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that the pool reverts: the rule, what was found and what it asks for."""

    reason: AaveRefusal
    found: int
    needed: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """One asset's rules and indices.

    Args:
        decimals: of the token, 0 to 36.
        ltv_bps: most to borrow against it, at most the threshold.
        threshold_bps: its weight in the health factor, 0 to 1e4.
        bonus_bps: of a liquidation, 1e4 is none; 0 only where the threshold is 0.
        fee_bps: the protocol's part of the bonus, 0 to 1e4.
        liquidity_index_ray: supply per scaled supply, one or more.
        borrow_index_ray: debt per scaled debt, one or more.
        active, paused, frozen, borrowable: the reserve's flags.
        in_grace: whether liquidations still wait after an unpause.
    """

    decimals: int
    ltv_bps: int = 0
    threshold_bps: int = 0
    bonus_bps: int = 0
    fee_bps: int = 0
    liquidity_index_ray: int = RAY
    borrow_index_ray: int = RAY
    active: bool = True
    paused: bool = False
    frozen: bool = False
    borrowable: bool = True
    in_grace: bool = False

    def __post_init__(self) -> None:
        assert 0 <= self.ltv_bps <= PERCENT, f"loan-to-value out of range: {self.ltv_bps}"
        assert 0 <= self.threshold_bps <= PERCENT, f"threshold out of range: {self.threshold_bps}"
        assert 0 <= self.fee_bps <= PERCENT, f"fee out of range: {self.fee_bps}"
        assert self.liquidity_index_ray >= RAY, "the supply index is below one"
        assert self.borrow_index_ray >= RAY, "the borrow index is below one"

    @property
    def unit(self) -> int:
        """Native units of one whole token."""
        return pow10(self.decimals)


@dataclass(frozen=True, slots=True)
class Holding:
    """What one account has in one reserve: scaled supply, scaled debt, and the collateral flag."""

    reserve: Reserve
    scaled_supply: int = 0
    scaled_debt: int = 0
    as_collateral: bool = True

    def __post_init__(self) -> None:
        assert self.scaled_supply >= 0, f"negative supply: {self.scaled_supply}"
        assert self.scaled_debt >= 0, f"negative debt: {self.scaled_debt}"

    @property
    def is_collateral(self) -> bool:
        """Whether it is flagged as collateral and there is any."""
        return self.as_collateral and self.scaled_supply > 0

    def supply(self, version: Version) -> int:
        """Return the supplied balance in native units."""
        return supplied(self.scaled_supply, self.reserve.liquidity_index_ray, version=version)

    def debt(self, version: Version) -> int:
        """Return the debt in native units."""
        return owed(self.scaled_debt, self.reserve.borrow_index_ray, version=version)


@dataclass(frozen=True, slots=True)
class Category:
    """An efficiency mode.

    Args:
        ltv_bps, threshold_bps, bonus_bps: for its collateral, in place of the reserve's own.
        collateral: names of the assets that it takes as collateral.
        borrowable: names of those that may be borrowed in it. In v3.0 both sets are its members.
        zero_ltv: collateral of it that nothing more may be borrowed against (from 3.6).
        isolated: whether other collateral has a loan-to-value of zero (3.7).
        price: replaces the price of its members (v3.0 alone); 0 for none.
    """

    ltv_bps: int
    threshold_bps: int
    bonus_bps: int
    collateral: frozenset[str]
    borrowable: frozenset[str] = frozenset()
    zero_ltv: frozenset[str] = frozenset()
    isolated: bool = False
    price: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """One account: its holdings by asset, and the category it chose, if any."""

    holdings: Mapping[str, Holding] = field(default_factory=dict)
    category: Category | None = None

    def price_of(self, asset: str, *, prices: Prices, version: Version) -> int:
        """Return the price that counts for an asset of this account."""
        mode = self.category
        if mode is not None and version.price_override and mode.price:
            member = asset in mode.collateral or asset in mode.borrowable
            return mode.price if member else prices[asset]
        return prices[asset]

    def ltv_bps_of(self, asset: str, *, version: Version) -> int:
        """Return the loan-to-value that counts for an asset of this account."""
        mode, own = self.category, self.holdings[asset].reserve.ltv_bps
        if mode is None:
            return own
        if not version.counts_zero_threshold:
            return mode.ltv_bps if own and asset in mode.collateral else own
        if asset in mode.collateral:
            return 0 if asset in mode.zero_ltv else mode.ltv_bps
        return 0 if mode.isolated else own

    def threshold_bps_of(self, asset: str) -> int:
        """Return the liquidation threshold that counts for an asset of this account."""
        mode = self.category
        if mode is not None and asset in mode.collateral:
            return mode.threshold_bps
        return self.holdings[asset].reserve.threshold_bps

    def bonus_bps_of(self, asset: str) -> int:
        """Return the liquidation bonus that counts for an asset of this account; 1e4 is none."""
        mode = self.category
        if mode is not None and asset in mode.collateral:
            return mode.bonus_bps
        return self.holdings[asset].reserve.bonus_bps

    def counts(self, asset: str, *, version: Version) -> bool:
        """Return whether a holding is collateral that the version counts."""
        holding = self.holdings[asset]
        weighs = version.counts_zero_threshold or holding.reserve.threshold_bps > 0
        return holding.is_collateral and weighs


def debt_value(amount: int, price: int, *, reserve: Reserve, version: Version) -> int:
    """Return what a debt is worth in base currency: up from v3.5, down before."""
    divide = mul_div_up if version.rounds_balances else mul_div_down
    return divide(amount, price, reserve.unit)


def collateral_value(amount: int, price: int, *, reserve: Reserve) -> int:
    """Return what collateral is worth in base currency, rounded down."""
    return mul_div_down(amount, price, reserve.unit)


def is_sound(ltv_bps: int, threshold_bps: int, *, bonus_bps: int) -> bool:
    """Return whether the configurator accepts a reserve's parameters.

    The loan-to-value is at most the threshold, the bonus above one, and threshold times bonus,
    half-up, at most one, so that a liquidation at the threshold can be paid.
    """
    if not threshold_bps:
        return ltv_bps == 0 and bonus_bps == 0
    covered = percent_mul_half_up(threshold_bps, bonus_bps) <= PERCENT
    return ltv_bps <= threshold_bps and bonus_bps > PERCENT and covered
