"""The margin parameters of one perpetual market, as any venue publishes them, in one record.

A preset is data: what a venue's configuration says, with its date and source, and in words what of
the venue's rule the record does not hold. Notionals are wad of the quote, fractions wad.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from trimtab.protocols.brackets import Bracket, Brackets
from trimtab.units import WAD, NumberError, RulesError, mul_div_down, mul_div_up, parse_decimal

OPEN_END: Final = 0


@dataclass(frozen=True, slots=True)
class PerpTier:
    """From which notional on, at which initial and maintenance fractions, less which deduction.

    upper: where the tier ends, `OPEN_END` for nowhere; deduction: of maintenance, in quote.
    """

    lower_wad: int
    upper_wad: int
    initial_wad: int
    maintenance_wad: int
    deduction_wad: int = 0


@dataclass(frozen=True, slots=True)
class InterestScale:
    """Open interest between which the initial fraction rises from its own to one, in quote."""

    lower_wad: int
    upper_wad: int


@dataclass(frozen=True, slots=True)
class RootScale:
    """A fraction that grows with size: max(m, base * m + factor * sqrt(size in coins))."""

    base_wad: int
    factor_wad: int


@dataclass(frozen=True, slots=True)
class PerpPreset:
    """One market of one venue.

    tiers: ascending from zero; interest: the scaling of initial margin, None for none; root: the
    scaling by the square root of size; skew_margin: what a size of skew_scale coins adds to the
    initial fraction (0: none); position: what every open position needs, quote; liquidation_fee:
    the most that a liquidation takes, of notional; gain_weight, gain_cap: how much of a profit
    counts for initial margin, and at most (None: all); withdrawal: share of notional that stays
    when collateral leaves; missing: what the venue does and the record does not say.
    """

    venue: str
    market: str
    quote: str
    as_of: str
    source: str
    tiers: tuple[PerpTier, ...]
    interest: InterestScale | None = None
    root: RootScale | None = None
    skew_scale_wad: int = 0
    skew_margin_wad: int = 0
    position_wad: int = 0
    gain_weight_wad: int = WAD
    gain_cap_wad: int | None = None
    withdrawal_wad: int = 0
    liquidation_fee_wad: int = 0
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.tiers, f"{self.market} has no tier"
        assert self.tiers[0].lower_wad == 0, f"{self.market} starts above zero"
        for low, high in pairwise(self.tiers):
            assert low.upper_wad == high.lower_wad, f"{self.market} has a gap at {high.lower_wad}"

    def at(self, notional_wad: int) -> PerpTier:
        """Return the tier of a notional; a bound belongs to the tier that it opens."""
        assert notional_wad >= 0, f"negative notional: {notional_wad}"
        return next(tier for tier in reversed(self.tiers) if tier.lower_wad <= notional_wad)

    def initial_wad(self, notional_wad: int) -> int:
        """Return notional * initial fraction of its tier, rounded up, before any scaling."""
        return mul_div_up(notional_wad, self.at(notional_wad).initial_wad, WAD)

    def maintenance(self) -> Brackets:
        """Return the table of maintenance margin."""
        return Brackets(
            tuple(
                Bracket(tier.lower_wad, tier.maintenance_wad, tier.deduction_wad)
                for tier in self.tiers
            )
        )

    def initial_breaks(self) -> tuple[tuple[int, int], ...]:
        """Return where the initial margin jumps, and by how much: (lower, jump) of each bound.

        An initial fraction without a deduction jumps at every bound where it changes. Rounding:
        down.
        """
        return tuple(
            (high.lower_wad, mul_div_down(high.lower_wad, high.initial_wad - low.initial_wad, WAD))
            for low, high in pairwise(self.tiers)
            if high.initial_wad != low.initial_wad
        )


def fraction_of_leverage_wad(leverage_wad: int) -> int:
    """Return 1 / leverage, rounded up: the initial fraction of a most leverage."""
    return mul_div_up(WAD, WAD, leverage_wad)


def exact_wad(entry: Mapping[str, Any], key: str, *, where: str) -> int:
    """Return a number of a loaded entry in wad; text, integers and decimals stay exact.

    Raises:
        RulesError: the key is missing, or its value is no number of at most 18 decimals.
    """
    if key not in entry:
        raise RulesError("the key is missing", where=where, column=key, expected="a number")
    try:
        return parse_decimal(str(entry[key]), 18)
    except NumberError as error:
        raise RulesError(
            "the value is not a number",
            where=where,
            column=key,
            found=str(entry[key]),
            expected="a decimal of at most 18 places",
        ) from error


def whole(entry: Mapping[str, Any], key: str, *, where: str) -> int:
    """Return a whole number of a loaded entry that is not negative.

    Raises:
        RulesError: the key is missing, or its value is not such a number.
    """
    value = entry.get(key)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise RulesError(
        "the value is not a whole number",
        where=where,
        column=key,
        found=str(value),
        expected="a whole number, zero or more",
    )
