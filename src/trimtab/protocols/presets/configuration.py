"""What readers of protocols' configuration files share: exact numbers, and faults by their place.

A configuration is what a JSON file says: mappings, lists, text, flags, integers, and decimals as
`Decimal`, never floats. What comes out are the tables of a `rules.toml`, decimals as `Decimal`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from trimtab.units import DataError, pow10

Tables = dict[str, Any]

WAD_DECIMALS = 18
# Wide enough that no shift of a decimal point rounds.
_EXACT = Context(prec=400)
# 0.8, "7500", "5000000e6", "7_500_000e18": what deployment scripts write.
_NUMBER = re.compile(r"\d[\d_]{0,77}(\.\d{1,77})?([eE]\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Section:
    """One object of a configuration, and the dotted path to it for messages."""

    path: str
    items: Mapping[str, Any]

    @classmethod
    def of(cls, value: object, path: str) -> Section:
        """Return the object at a path; DataError where it is none."""
        if not isinstance(value, Mapping):
            raise DataError(
                "this is no object", column=path, found=_shown(value), expected="an object {...}"
            )
        return cls(path, value)

    def section(self, key: str) -> Section:
        """Return the object under a key."""
        return Section.of(self._value(key), self._place(key))

    def text(self, key: str) -> str:
        """Return the text under a key."""
        value = self._value(key)
        if not isinstance(value, str):
            raise self.wrong(key, value, expected="text")
        return value

    def flag(self, key: str) -> bool:
        """Return the flag under a key."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self.wrong(key, value, expected="true or false")
        return value

    def number(self, key: str, *, default: Decimal | None = None) -> Decimal:
        """Return the number under a key, exact, be it JSON's or text such as "7_500_000e18".

        Args:
            key: the key.
            default: for a key that is not there; None: it must be.
        """
        if default is not None and key not in self.items:
            return default
        value = self._value(key)
        text = "" if isinstance(value, bool) else format(value, "f") if _is_number(value) else value
        if not isinstance(text, str) or not _NUMBER.fullmatch(text):
            raise self.wrong(key, value, expected="a number that is not negative")
        return Decimal(text.replace("_", ""))

    def count(self, key: str) -> int:
        """Return the whole number under a key."""
        found = self.number(key)
        if found != found.to_integral_value():
            raise self.wrong(key, self._value(key), expected="a whole number")
        return int(found)

    def wad(self, key: str, *, default: Decimal | None = None) -> int:
        """Return a fraction under a key in wad; DataError beyond 18 decimals."""
        shifted = shift(self.number(key, default=default), WAD_DECIMALS)
        if shifted != shifted.to_integral_value():
            raise self.wrong(key, self._value(key), expected="at most 18 decimals")
        return int(shifted)

    def _value(self, key: str) -> object:
        if key not in self.items:
            raise DataError("the key is missing", column=self._place(key))
        value: object = self.items[key]
        return value

    def _place(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, key: str, value: object, *, expected: str) -> DataError:
        """Return the fault of a value under a key."""
        return DataError(
            "the value is not what it should be",
            column=self._place(key),
            found=_shown(value),
            expected=expected,
        )


def market_in(configuration: Mapping[str, Any], market: str | None, *, holds: str) -> Section:
    """Return one market of a configuration file.

    Args:
        configuration: one market, or a market under each key.
        market: its key; None where the file holds one market alone.
        holds: a key that every market has, by which the file is known to be one market itself.

    Raises:
        DataError: there is no such market, or several and none was named.
    """
    if holds in configuration:
        if market is None:
            return Section("", configuration)
        raise DataError("the file is one market", found=market, expected="no name of a market")
    if market is None and len(configuration) == 1:
        market = next(iter(configuration))
    if market is None or market not in configuration:
        known = ", ".join(str(name)[:40] for name in configuration) or "nothing"
        what = "the file holds several markets" if market is None else "there is no such market"
        raise DataError(what, found=market, expected=f"one of {known}")
    return Section.of(configuration[market], market)


def shift(number: Decimal, places: int) -> Decimal:
    """Return a number with its decimal point moved to the right (left below zero), exactly."""
    return number.scaleb(places, _EXACT)


def fraction_of_wad(wad: int) -> Decimal:
    """Return a number in wad as a plain decimal."""
    return plain(Decimal(wad).scaleb(-WAD_DECIMALS, _EXACT))


def plain(number: Decimal) -> Decimal:
    """Return the number without idle zeros and without an exponent."""
    return Decimal(format(number.normalize(_EXACT), "f"))


def whole_units(native: Decimal, decimals: int) -> Decimal:
    """Return native units as whole units of an asset."""
    return plain(shift(native, -decimals))


def decimals_of(section: Section, key: str) -> int:
    """Return an asset's decimals, 0 to 36."""
    found = section.count(key)
    if found > 36:
        raise section.wrong(key, found, expected="0 to 36")
    return found


def decimals_of_unit(section: Section, key: str) -> int:
    """Return the decimals of the unit in which a text counts, as the 6 of "5000000e6"."""
    text = section.text(key)
    _, _, exponent = text.lower().partition("e")
    if not _NUMBER.fullmatch(text) or not exponent or pow10(int(exponent)) > pow10(36):
        raise section.wrong(key, text, expected='native units such as "5000000e6"')
    return int(exponent)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return "an object" if isinstance(value, Mapping) else str(value)
