"""Value types for the borders: illegal arithmetic fails in mypy and raises TypeError at run time.

Each holds one signed integer `raw`, in the scale its docstring names. Values of one kind add,
subtract and compare; everything else is a named method that says how it rounds: `down` is toward
minus infinity and `up` toward plus infinity, so down <= exact <= up for either sign. Inside the
engine plain integers do the work, through `units.fixed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from trimtab.units.decimals import format_decimal, parse_decimal
from trimtab.units.scales import WAD, pow10
from trimtab.units.times import Time

__all__ = ["Amount", "Price", "Rate", "Ratio", "Time", "Unit", "Value"]

UNIT_DECIMALS_MAX: Final = 36
WAD_DECIMALS: Final = 18
RAY_DECIMALS: Final = 27


@final
@dataclass(frozen=True, slots=True)
class Unit:
    """What an amount counts: an asset and its decimals, 0 to 36."""

    asset: str
    decimals: int

    def __post_init__(self) -> None:
        assert self.asset, "a unit names its asset"
        assert 0 <= self.decimals <= UNIT_DECIMALS_MAX, f"decimals out of range: {self.decimals}"


@final
@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity of one asset, in its native units: 1 ETH is 10**18."""

    raw: int
    unit: Unit

    def __post_init__(self) -> None:
        _require_integer(self.raw)

    def __add__(self, other: Amount) -> Amount:
        if not isinstance(other, Amount):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Amount")
        return Amount(self.raw + other.raw, self.unit)

    def __sub__(self, other: Amount) -> Amount:
        if not isinstance(other, Amount):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Amount")
        return Amount(self.raw - other.raw, self.unit)

    def __neg__(self) -> Amount:
        return Amount(-self.raw, self.unit)

    def __lt__(self, other: Amount) -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Amount")
        return self.raw < other.raw

    def __le__(self, other: Amount) -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Amount")
        return self.raw <= other.raw

    @classmethod
    def parse(cls, text: str, unit: Unit) -> Amount:
        """Return the amount of a decimal text in whole units, exactly; NumberError if it cannot."""
        return cls(parse_decimal(text, unit.decimals), unit)

    def text(self) -> str:
        """Return the whole units as exact decimal text, without the asset's name."""
        return format_decimal(self.raw, self.unit.decimals)


@final
@dataclass(frozen=True, slots=True)
class Price:
    """A price in wad: 1e-18 of the venue's quote for one whole unit of the asset."""

    raw: int
    unit: Unit

    def __post_init__(self) -> None:
        _require_integer(self.raw)

    def __add__(self, other: Price) -> Price:
        if not isinstance(other, Price):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Price")
        return Price(self.raw + other.raw, self.unit)

    def __sub__(self, other: Price) -> Price:
        if not isinstance(other, Price):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Price")
        return Price(self.raw - other.raw, self.unit)

    def __lt__(self, other: Price) -> bool:
        if not isinstance(other, Price):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Price")
        return self.raw < other.raw

    def __le__(self, other: Price) -> bool:
        if not isinstance(other, Price):
            return NotImplemented
        _require_same_unit(self.unit, other.unit, kind="Price")
        return self.raw <= other.raw

    def value_of_down(self, amount: Amount) -> Value:
        """Return amount * price, rounded toward minus infinity; TypeError for another asset."""
        _require_same_unit(self.unit, amount.unit, kind="Price and Amount")
        return Value(_floor(amount.raw * self.raw, pow10(self.unit.decimals)))

    def value_of_up(self, amount: Amount) -> Value:
        """Return amount * price, rounded toward plus infinity; TypeError for another asset."""
        _require_same_unit(self.unit, amount.unit, kind="Price and Amount")
        return Value(_ceil(amount.raw * self.raw, pow10(self.unit.decimals)))

    def amount_for_down(self, value: Value) -> Amount:
        """Return value / price, rounded toward minus infinity; the price must be positive."""
        return Amount(_floor(value.raw * pow10(self.unit.decimals), self.raw), self.unit)

    def amount_for_up(self, value: Value) -> Amount:
        """Return value / price, rounded toward plus infinity; the price must be positive."""
        return Amount(_ceil(value.raw * pow10(self.unit.decimals), self.raw), self.unit)

    @classmethod
    def parse(cls, text: str, unit: Unit) -> Price:
        """Return the price of a decimal text in quote, exactly; NumberError if it cannot."""
        return cls(parse_decimal(text, WAD_DECIMALS), unit)

    def text(self) -> str:
        """Return the price in quote as exact decimal text."""
        return format_decimal(self.raw, WAD_DECIMALS)


@final
@dataclass(frozen=True, slots=True, order=True)
class Value:
    """A value in wad of the venue's quote; signed, for equity and pnl are."""

    raw: int

    def __post_init__(self) -> None:
        _require_integer(self.raw)

    def __add__(self, other: Value) -> Value:
        return Value(self.raw + other.raw) if isinstance(other, Value) else NotImplemented

    def __sub__(self, other: Value) -> Value:
        return Value(self.raw - other.raw) if isinstance(other, Value) else NotImplemented

    def __neg__(self) -> Value:
        return Value(-self.raw)

    def weighted_down(self, ratio: Ratio) -> Value:
        """Return value * ratio, rounded toward minus infinity."""
        return Value(_floor(self.raw * ratio.raw, WAD))

    def weighted_up(self, ratio: Ratio) -> Value:
        """Return value * ratio, rounded toward plus infinity."""
        return Value(_ceil(self.raw * ratio.raw, WAD))

    @classmethod
    def parse(cls, text: str) -> Value:
        """Return the value of a decimal text in quote, exactly; NumberError if it cannot."""
        return cls(parse_decimal(text, WAD_DECIMALS))

    def text(self) -> str:
        """Return the value in quote as exact decimal text."""
        return format_decimal(self.raw, WAD_DECIMALS)


@final
@dataclass(frozen=True, slots=True, order=True)
class Ratio:
    """A pure number in wad: a weight, a haircut, a threshold; 0.83 is 83 * 10**16."""

    raw: int

    def __post_init__(self) -> None:
        _require_integer(self.raw)

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.raw + other.raw) if isinstance(other, Ratio) else NotImplemented

    def __sub__(self, other: Ratio) -> Ratio:
        return Ratio(self.raw - other.raw) if isinstance(other, Ratio) else NotImplemented

    @classmethod
    def parse(cls, text: str) -> Ratio:
        """Return the ratio of a decimal text, exactly; NumberError if it cannot."""
        return cls(parse_decimal(text, WAD_DECIMALS))

    def text(self) -> str:
        """Return the ratio as exact decimal text."""
        return format_decimal(self.raw, WAD_DECIMALS)


@final
@dataclass(frozen=True, slots=True, order=True)
class Rate:
    """A rate per second in ray: growth of 1e-27 a second."""

    raw: int

    def __post_init__(self) -> None:
        _require_integer(self.raw)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.raw + other.raw) if isinstance(other, Rate) else NotImplemented

    def __sub__(self, other: Rate) -> Rate:
        return Rate(self.raw - other.raw) if isinstance(other, Rate) else NotImplemented

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Return the rate of a decimal text per second, exactly; NumberError if it cannot."""
        return cls(parse_decimal(text, RAY_DECIMALS))

    def text(self) -> str:
        """Return the rate per second as exact decimal text."""
        return format_decimal(self.raw, RAY_DECIMALS)


def _require_integer(raw: int) -> None:
    # A float or a wrapping NumPy integer would pass every later step and be wrong in silence.
    assert isinstance(raw, int), f"raw is not an integer: {raw!r}"


def _require_same_unit(left: Unit, right: Unit, *, kind: str) -> None:
    if left != right:
        names = f"{left.asset} ({left.decimals} decimals) and {right.asset} ({right.decimals})"
        raise TypeError(f"{kind} must be of one asset: {names}")


def _floor(numerator: int, denominator: int) -> int:
    assert denominator > 0, f"denominator is not positive: {denominator}"
    return numerator // denominator


def _ceil(numerator: int, denominator: int) -> int:
    assert denominator > 0, f"denominator is not positive: {denominator}"
    return -(-numerator // denominator)
