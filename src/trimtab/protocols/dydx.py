"""dYdX v4: margin of cross accounts, with the initial margin scaled by open interest.

Source: dydxprotocol/v4-chain, commit 84d4664b, protocol/x/perpetuals and protocol/x/subaccounts.
Sizes are base quantums, signed; amounts quote quantums (1e-6 USDC); fractions ppm.
Liquidation is in `dydx_liquidation`, funding in `dydx_funding`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from trimtab.protocols.signed import mul_div_toward_zero
from trimtab.units import mul_div_down, mul_div_up, pow10

MILLION: Final = 10**6
_QUOTE_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class LiquidityTier:
    """The margin parameters of a group of markets.

    initial_ppm: base initial margin fraction, 0 to 1e6; maintenance_fraction_ppm: share of the base
    initial margin that is maintenance margin, 0 to 1e6; the two caps: open interest, in quote
    quantums, between which the fraction rises to one. An upper cap of 0 turns that off.
    """

    initial_ppm: int
    maintenance_fraction_ppm: int = MILLION
    open_interest_lower: int = 0
    open_interest_upper: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.initial_ppm <= MILLION, f"initial margin out of range: {self.initial_ppm}"
        assert 0 <= self.maintenance_fraction_ppm <= MILLION, "maintenance fraction out of range"
        assert self.open_interest_lower <= self.open_interest_upper, "caps out of order"


@dataclass(frozen=True, slots=True)
class Market:
    """A perpetual market and its oracle price.

    price * 10**price_exponent is USD per coin; 10**atomic_resolution is coins in a base quantum;
    open_interest: base quantums, not negative.
    """

    tier: LiquidityTier
    price: int
    price_exponent: int = 0
    atomic_resolution: int = 0
    open_interest: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """A signed size in base quantums; user_imf_ppm: the fraction the user chose, 0 for none."""

    market: Market
    size: int
    user_imf_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Risk:
    """Net collateral, initial and maintenance margin requirement of a part or an account."""

    collateral: int = 0
    initial: int = 0
    maintenance: int = 0

    def plus(self, other: Risk) -> Risk:
        """Return the sum of two parts."""
        return Risk(
            self.collateral + other.collateral,
            self.initial + other.initial,
            self.maintenance + other.maintenance,
        )

    @property
    def liquidatable(self) -> bool:
        """Return whether the account may be liquidated; equality is healthy."""
        return self.maintenance > 0 and self.maintenance > self.collateral

    @property
    def may_open(self) -> bool:
        """Return whether the account may stand so after a trade that increases risk."""
        return self.collateral >= self.initial

    def riskier_than(self, other: Risk) -> bool:
        """Return whether collateral / maintenance is lower; ties go to the larger requirement."""
        mine = self.collateral * other.maintenance
        yours = other.collateral * self.maintenance
        return mine < yours or (mine == yours and self.maintenance > other.maintenance)


def notional(market: Market, size: int) -> int:
    """Return the value of a signed size at the oracle price, cut toward zero (big.Int Quo)."""
    exponent = market.price_exponent + market.atomic_resolution + _QUOTE_DECIMALS
    if exponent >= 0:
        return size * market.price * pow10(exponent)
    return mul_div_toward_zero(size, market.price, denominator=pow10(-exponent))


def initial_ppm(tier: LiquidityTier, open_interest: int) -> int:
    """Return the initial margin fraction at an open interest in quote quantums, floored.

    base + (1 - base) * (open interest - lower) / (upper - lower), from base to one.
    """
    lower, upper = tier.open_interest_lower, tier.open_interest_upper
    if upper == 0 or open_interest <= lower:
        return tier.initial_ppm
    if open_interest >= upper:
        return MILLION
    rise = mul_div_down(MILLION - tier.initial_ppm, open_interest - lower, upper - lower)
    return tier.initial_ppm + rise


def initial_margin(
    tier: LiquidityTier, amount: int, *, open_interest: int = 0, user_imf_ppm: int = 0
) -> int:
    """Return the initial margin of a notional, rounded up; all in quote quantums."""
    ppm = max(initial_ppm(tier, open_interest), user_imf_ppm)
    return mul_div_up(amount, ppm, MILLION)


def maintenance_margin(tier: LiquidityTier, amount: int) -> int:
    """Return the maintenance margin of a notional: a share of the *base* initial margin.

    Both steps round up; open interest and the user's choice do not move it.
    """
    base = mul_div_up(amount, tier.initial_ppm, MILLION)
    return mul_div_up(base, tier.maintenance_fraction_ppm, MILLION)


def position_risk(position: Position) -> Risk:
    """Return the parts that one position adds: signed notional and both requirements."""
    market = position.market
    size = abs(notional(market, position.size))
    return Risk(
        notional(market, position.size),
        initial_margin(
            market.tier,
            size,
            open_interest=notional(market, market.open_interest),
            user_imf_ppm=position.user_imf_ppm,
        ),
        maintenance_margin(market.tier, size),
    )


def account_risk(quote: int, positions: Iterable[Position]) -> Risk:
    """Return the sums of an account: its quote balance (signed) and all its positions."""
    total = Risk(quote)
    for position in positions:
        total = total.plus(position_risk(position))
    return total


def may_update(before: Risk, after: Risk) -> bool:
    """Return whether an account may go from one standing to another.

    Either it then holds its initial margin, or it is not worse: no requirement grew and
    collateral / maintenance did not fall.
    """
    if after.may_open:
        return True
    if after.initial > before.initial or after.maintenance > before.maintenance:
        return False
    if before.maintenance == 0 or after.maintenance == 0:
        return False
    return after.collateral * before.maintenance >= before.collateral * after.maintenance
