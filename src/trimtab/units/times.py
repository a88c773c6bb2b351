"""Instants in UTC, as integer nanoseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, final

from trimtab.units.errors import NumberError
from trimtab.units.scales import NANOSECONDS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_MIN: Final = -62135596800  # 0001-01-01T00:00:00Z
_SECOND_MAX: Final = 253402300799  # 9999-12-31T23:59:59Z

_ISO_8601: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<minute>[0-9]{2}:[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?:Z|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?)?)?"
)


@final
@dataclass(frozen=True, slots=True, order=True)
class Time:
    """An instant: nanoseconds UTC, years 1 to 9999, without leap seconds.

    `Time - Time` is an integer of nanoseconds; `later_by` goes the other way.
    """

    raw: int

    def __post_init__(self) -> None:
        assert isinstance(self.raw, int), f"raw is not an integer: {self.raw!r}"
        assert _in_calendar(self.raw), f"time outside of years 1 to 9999: {self.raw} ns"

    def __sub__(self, other: Time) -> int:
        if not isinstance(other, Time):
            return NotImplemented
        return self.raw - other.raw

    def later_by(self, nanoseconds: int) -> Time:
        """Return the instant this many nanoseconds later; negative is earlier."""
        return Time(self.raw + nanoseconds)

    @classmethod
    def parse(cls, text: str) -> Time:
        """Return the instant of an ISO 8601 text, exactly.

        Args:
            text: a date, or a date and a time with "T" or a space between, with up to nine digits
                of fraction and an optional "Z" or offset; without an offset it is UTC.

        Raises:
            NumberError: another form, no such date or time, or outside of years 1 to 9999.

        >>> Time.parse("2020-03-12 01:30:00.5+01:00").text()
        '2020-03-12T00:30:00.500Z'
        """
        match = _ISO_8601.fullmatch(text)
        if match is None:
            raise _not_time("the text is not a time", text)
        hours_east, minutes_east = int(match["hours"] or 0), int(match["minutes"] or 0)
        if hours_east > 23 or minutes_east > 59:
            raise _not_time("there is no such offset", text)
        clock = f"{match['minute'] or '00:00'}:{match['second'] or '00'}"
        try:
            local = datetime.fromisoformat(f"{match['day']}T{clock}+00:00")
        except ValueError:
            raise _not_time("there is no such date or time", text) from None
        east_seconds = (hours_east * 60 + minutes_east) * (-60 if match["sign"] == "-" else 60)
        seconds = (local - _EPOCH) // timedelta(seconds=1) - east_seconds
        raw = seconds * NANOSECONDS + int((match["fraction"] or "").ljust(9, "0"))
        if not _in_calendar(raw):
            raise _not_time("the time is outside of years 1 to 9999", text)
        return cls(raw)

    def text(self) -> str:
        """Return "YYYY-MM-DDTHH:MM:SS[.fff]Z" with 0, 3, 6 or 9 digits of fraction, exactly."""
        seconds, nanoseconds = divmod(self.raw, NANOSECONDS)
        instant = _EPOCH + timedelta(seconds=seconds)
        fraction = f".{nanoseconds:09d}" if nanoseconds else ""
        while fraction.endswith("000"):
            fraction = fraction[:-3]
        return f"{instant.replace(tzinfo=None).isoformat()}{fraction}Z"


def _in_calendar(raw: int) -> bool:
    return _SECOND_MIN <= raw // NANOSECONDS <= _SECOND_MAX


def _not_time(what: str, text: str) -> NumberError:
    return NumberError(what, found=text, expected="an ISO 8601 time such as 2020-03-12T00:00:00Z")
