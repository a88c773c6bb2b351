"""How a field of the rules states its key, unit, range and default.

Rules are data: every number that distinguishes one venue from another is a dataclass field that
carries a `Setting`. The border that reads `rules.toml`, the reference page of its keys and the
check of a rule change all read the same `Setting`, so that they cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from typing import Any

from trimtab.units import WAD

# One percent, in wad.
PERCENT = 10**16


class Kind(StrEnum):
    """What a setting measures, hence how its text becomes an integer."""

    RATIO = "ratio"  # decimal, stored in wad
    FACTOR = "factor"  # decimal divisor in (0, 1], stored inverted as a weight, rounded up
    VALUE = "value"  # quote units, stored in wad
    PRICE = "price"  # quote per whole asset, stored in wad
    AMOUNT = "amount"  # whole units of the asset, stored in its native units
    SECONDS = "seconds"
    COUNT = "count"
    FLAG = "flag"
    TEXT = "text"
    NAMES = "names"
    TIERS = "tiers"  # rows of a notional in quote units and two ratios
    RANGES = "ranges"  # rows of two ticks and the liquidity between them
    CHOICE = "choice"


UNIT_OF_KIND = {
    Kind.RATIO: "fraction",
    Kind.FACTOR: "fraction",
    Kind.VALUE: "quote",
    Kind.PRICE: "quote per whole unit",
    Kind.AMOUNT: "whole units",
    Kind.SECONDS: "s",
    Kind.COUNT: "count",
    Kind.FLAG: "true or false",
    Kind.TEXT: "text",
    Kind.NAMES: "list of names",
    Kind.TIERS: "list of [quote, fraction, fraction]",
    Kind.RANGES: "list of [tick, tick, liquidity]",
    Kind.CHOICE: "one of",
}


@dataclass(frozen=True, slots=True)
class TickRange:
    """Liquidity (raw, whole) of a pool between two ticks, the lower one below the upper one."""

    lower_tick: int
    upper_tick: int
    liquidity: int


@dataclass(frozen=True, slots=True)
class Setting:
    """Key, kind and closed range (in stored integers) of one field of the rules."""

    key: str
    kind: Kind
    low: int | None
    high: int | None
    doc: str
    choices: type[StrEnum] | None = None
    ramped: bool = False


def setting(
    key: str,
    kind: Kind,
    *,
    doc: str,
    default: Any = MISSING,
    low: int | None = 0,
    high: int | None = None,
    choices: type[StrEnum] | None = None,
    ramped: bool = False,
) -> Any:
    """A dataclass field with a `Setting`; `ramped` marks weights that move at a bounded speed."""
    meta = {"setting": Setting(key, kind, low, high, doc, choices, ramped)}
    if default is MISSING:
        return field(metadata=meta)
    return field(default=default, metadata=meta)


def ratio(
    key: str,
    doc: str,
    *,
    default: Any = MISSING,
    low: int = 0,
    high: int | None = WAD,
    ramped: bool = False,
) -> Any:
    """A fraction in wad, by default within [0, 1]."""
    return setting(key, Kind.RATIO, doc=doc, default=default, low=low, high=high, ramped=ramped)


def settings_of(record: type) -> Iterator[tuple[Field[Any], Setting]]:
    """The fields of a rules record that have a setting, in the order of their definition."""
    for entry in fields(record):
        found = entry.metadata.get("setting")
        if found is not None:
            yield entry, found
