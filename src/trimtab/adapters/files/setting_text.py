"""One setting of the rules, between its text in `rules.toml` and the integer that is stored."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from trimtab.adapters.files.naming import nearest_hint
from trimtab.adapters.files.toml_text import DecimalText
from trimtab.model import Kind, Setting, TickRange, Tier
from trimtab.units import (
    WAD,
    DataError,
    NumberError,
    RulesError,
    div_up,
    format_decimal,
    mul_div_down,
    parse_decimal,
)

WAD_DECIMALS = 18
DECIMALS_OF_KIND: Mapping[Kind, int] = MappingProxyType(
    {
        Kind.RATIO: WAD_DECIMALS,
        Kind.FACTOR: WAD_DECIMALS,
        Kind.VALUE: WAD_DECIMALS,
        Kind.PRICE: WAD_DECIMALS,
        Kind.SECONDS: 0,
        Kind.COUNT: 0,
    }
)

TIER_PARTS = "[notional from, initial, maintenance]"
RANGE_PARTS = "[lower tick, upper tick, liquidity]"
# Uniswap v3: the ticks of a price that fits its integers.
TICK_MOST = 887_272
FRACTION_HINT = "write a fraction, such as 0.83 for 83 %"


def parse_setting(setting: Setting, value: object, *, decimals: int | None) -> Any:
    """Return the stored form of a value of `rules.toml`.

    Args:
        setting: kind, range and choices of the field.
        value: as `read_toml` gives it.
        decimals: of the asset, which only an amount needs.

    Raises:
        RulesError: of the wrong type, out of range or no choice; without a place.
    """
    reader = _READERS.get(setting.kind)
    if reader is not None:
        return reader(setting, value)
    return _number(setting, value, decimals=decimals)


def range_text(setting: Setting) -> str:
    """Return the range of a setting in the units of its text, as "0 to 1" or "at least 0"."""
    low, high = setting.low, setting.high
    if setting.kind == Kind.FACTOR:
        assert low == WAD, "a factor is at most 1"
        assert high is not None, "a factor has a bound above zero"
        return f"{_shown(mul_div_down(WAD, WAD, high), setting.kind)} to 1"
    if setting.kind not in DECIMALS_OF_KIND and setting.kind != Kind.AMOUNT:
        return ", ".join(setting.choices) if setting.choices else ""
    below, above = high, low
    if DECIMALS_OF_KIND.get(setting.kind, WAD_DECIMALS) == WAD_DECIMALS and low == 1:
        return "above 0" if below is None else f"above 0, {_below(below, setting.kind)}"
    if below is None:
        return f"at least {_shown(above or 0, setting.kind)}"
    if below == WAD - 1:
        return f"at least {_shown(above or 0, setting.kind)}, below 1"
    return f"{_shown(above or 0, setting.kind)} to {_shown(below, setting.kind)}"


def stored_text(setting: Setting, stored: Any) -> str:
    """Return the text of a stored value, as a default in the reference shows it."""
    if setting.kind == Kind.FACTOR:
        return _shown(mul_div_down(WAD, WAD, stored), setting.kind)
    if isinstance(stored, bool):
        return str(stored).lower()
    if isinstance(stored, str):
        return f'"{stored}"'
    if isinstance(stored, tuple):
        return "[]"
    return _shown(stored, setting.kind)


def _below(high: int, kind: Kind) -> str:
    return "below 1" if high == WAD - 1 else f"at most {_shown(high, kind)}"


def _shown(stored: int, kind: Kind) -> str:
    return format_decimal(stored, DECIMALS_OF_KIND.get(kind, 0))


def _number(setting: Setting, value: object, *, decimals: int | None) -> int:
    places = decimals if setting.kind == Kind.AMOUNT else DECIMALS_OF_KIND[setting.kind]
    assert places is not None, "an amount is parsed after the decimals of its asset"
    text = _number_text(value)
    try:
        stored = parse_decimal(text, places)
    except NumberError as error:
        # In the rules a number stands at a key, not in a column.
        raise RulesError(error.what, found=error.found, expected=error.expected) from None
    if setting.kind == Kind.FACTOR and stored > 0:
        stored = div_up(WAD * WAD, stored)
    if _outside(setting, stored):
        percent = setting.kind in (Kind.RATIO, Kind.FACTOR) and WAD < stored <= 100 * WAD
        hint = FRACTION_HINT if percent else None
        raise RulesError(
            "the value is out of range", found=text, expected=range_text(setting), hint=hint
        )
    return stored


def _outside(setting: Setting, stored: int) -> bool:
    too_low = setting.low is not None and stored < setting.low
    return too_low or (setting.high is not None and stored > setting.high)


def _number_text(value: object) -> str:
    if isinstance(value, DecimalText):
        # TOML allows 1_000.5; the underscores group digits and mean nothing.
        return value.text.replace("_", "")
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:
            raise RulesError("the number is too large", expected="at most 4300 digits") from None
    hint = "write it without quotes" if isinstance(value, str) else None
    raise _wrong_type(value, "a number", hint=hint)


def _flag(_: Setting, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(value, "true or false")
    return value


def _text(_: Setting, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong_type(value, "text in quotes")
    return value


def _names(setting: Setting, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _wrong_type(value, "a list of names")
    if len(value) < (1 if setting.low is None else setting.low):
        raise RulesError("the list is empty", expected="at least one name")
    for place, name in enumerate(value):
        if name in value[:place]:
            raise RulesError("the name stands twice", found=name)
    return tuple(value)


def _tiers(_: Setting, value: object) -> tuple[Tier, ...]:
    if not isinstance(value, list):
        raise _wrong_type(value, f"a list of {TIER_PARTS} rows")
    return tuple(_tier(row, number) for number, row in enumerate(value, start=1))


def _tier(row: object, number: int) -> Tier:
    if not isinstance(row, list) or len(row) != len(fields(Tier)):
        found = f"{len(row)} entries" if isinstance(row, list) else _written(row)
        raise RulesError(f"tier {number} is not of three numbers", found=found, expected=TIER_PARTS)
    stored = []
    for part in row:
        try:
            stored.append(parse_decimal(_number_text(part), WAD_DECIMALS))
        except DataError as error:
            what = f"in tier {number} {error.what}"
            raise RulesError(
                what, found=error.found, expected=error.expected, hint=error.hint
            ) from None
    floor_wad, *rates = stored
    if floor_wad < 0 or min(rates) <= 0 or max(rates) > WAD:
        percent = floor_wad >= 0 and min(rates) > 0 and max(rates) <= 100 * WAD
        raise RulesError(
            f"tier {number} is out of range",
            found=", ".join(_number_text(part) for part in row),
            expected="a notional of at least 0, and rates above 0, at most 1",
            hint=FRACTION_HINT if percent else None,
        )
    return Tier(*stored)


def _ranges(_: Setting, value: object) -> tuple[TickRange, ...]:
    if not isinstance(value, list):
        raise _wrong_type(value, f"a list of {RANGE_PARTS} rows")
    return tuple(_range(row, number) for number, row in enumerate(value, start=1))


def _range(row: object, number: int) -> TickRange:
    whole = isinstance(row, list) and all(
        isinstance(part, int) and not isinstance(part, bool) for part in row
    )
    if not isinstance(row, list) or not whole or len(row) != len(fields(TickRange)):
        found = ", ".join(map(_written, row)) if isinstance(row, list) else _written(row)
        raise RulesError(
            f"range {number} is not of three whole numbers", found=found, expected=RANGE_PARTS
        )
    lower, upper, liquidity = row
    if not -TICK_MOST <= lower < upper <= TICK_MOST or liquidity < 1:
        raise RulesError(
            f"range {number} is out of range",
            found=", ".join(str(part)[:20] for part in row),
            expected=f"ticks from {-TICK_MOST} to {TICK_MOST}, rising, and liquidity above 0",
        )
    return TickRange(lower, upper, liquidity)


def _choice(setting: Setting, value: object) -> Any:
    assert setting.choices is not None, "a choice has choices"
    if not isinstance(value, str):
        raise _wrong_type(value, "text in quotes")
    if value not in list(setting.choices):
        raise RulesError(
            "there is no such choice",
            found=value,
            expected=", ".join(setting.choices),
            hint=nearest_hint(value, setting.choices),
        )
    return setting.choices(value)


def _wrong_type(value: object, expected: str, *, hint: str | None = None) -> RulesError:
    found = _written(value)
    return RulesError("the value has the wrong type", found=found, expected=expected, hint=hint)


def _written(value: object) -> str:
    if isinstance(value, DecimalText):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return "a number" if isinstance(value, int) else str(value)


_READERS: Mapping[Kind, Callable[[Setting, object], Any]] = MappingProxyType(
    {Kind.FLAG: _flag, Kind.TEXT: _text, Kind.NAMES: _names, Kind.CHOICE: _choice}
    | {Kind.TIERS: _tiers, Kind.RANGES: _ranges}
)
