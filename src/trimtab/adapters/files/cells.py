"""One cell to one exact value. An error here knows no place; the caller adds it."""

from trimtab.adapters.files.tables import Cell, Instant
from trimtab.units import (
    UINT256_MAX,
    WAD,
    DataError,
    NumberError,
    Time,
    fixed_of,
    parse_decimal,
    parse_decimal_rounded,
)

WAD_DECIMALS = 18
INT64_MAX = 2**63 - 1


def text_of(cell: Cell) -> str:
    """Return a name; a typed integer counts as its digits. DataError where it is missing."""
    if cell is None:
        raise DataError("the cell is empty", expected="a name")
    return optional_text_of(cell)


def optional_text_of(cell: Cell) -> str:
    """Return a name, "" where the cell is missing."""
    if isinstance(cell, float | Instant):
        raise DataError("the cell is not text", found=_shown(cell), expected="text")
    return "" if cell is None else str(cell)


def number_of(cell: Cell, decimals: int, *, up: bool) -> tuple[int, bool]:
    """Return cell * 10**decimals as an integer, and whether text lost a digit to rounding.

    Text and integers round by `up` (magnitude up or down); a float becomes the nearest integer.

    Raises:
        NumberError: missing, no finite number, or more than 2**256 - 1 in magnitude.
    """
    if cell is None:
        raise NumberError("the cell is empty", expected="a number")
    if isinstance(cell, Instant):
        raise NumberError("the cell is a time", found=_shown(cell), expected="a number")
    if not isinstance(cell, float):
        return _from_text(str(cell), decimals, up=up)
    raw = fixed_of(cell, decimals)
    if abs(raw) > UINT256_MAX:
        raise NumberError(
            "the number is too large",
            found=str(cell),
            expected=f"a magnitude of at most (2**256 - 1) / 10**{decimals}",
        )
    return raw, False


def _from_text(text: str, decimals: int, *, up: bool) -> tuple[int, bool]:
    try:
        return parse_decimal_rounded(text, decimals, up=up)
    except NumberError as error:
        if "," not in text:
            raise
        raise NumberError(
            error.what,
            found=error.found,
            expected=error.expected,
            hint="write a point for the fraction, and no thousands separators",
        ) from None


def quantity_of(cell: Cell, decimals: int) -> tuple[int, bool]:
    """Return a signed quantity in native units, rounded against the account: + down, - up."""
    owed = isinstance(cell, str) and cell.startswith("-")
    return number_of(cell, decimals, up=owed)


def price_of(cell: Cell) -> tuple[int, bool]:
    """Return a price in wad, rounded down, and whether it was; it stays above zero."""
    price_wad, inexact = number_of(cell, WAD_DECIMALS, up=False)
    if price_wad <= 0:
        raise NumberError(
            "the price is not positive",
            found=_shown(cell),
            expected="a price above 0",
        )
    return price_wad, inexact


def cost_of(cell: Cell) -> int:
    """Return a cost in wad of the quote, rounded up; it is not negative."""
    cost_wad, _ = number_of(cell, WAD_DECIMALS, up=True)
    if cost_wad < 0:
        raise NumberError("the cost is negative", found=_shown(cell), expected="at least 0")
    return cost_wad


def interval_of(cell: Cell) -> tuple[int, bool]:
    """Return a confidence interval in wad, rounded up, and whether it was; a missing one is 0."""
    if cell is None:
        return 0, False
    interval_wad, inexact = number_of(cell, WAD_DECIMALS, up=True)
    if interval_wad < 0:
        raise NumberError(
            "the confidence interval is negative", found=_shown(cell), expected="at least 0"
        )
    return interval_wad, inexact


def funding_rate_of(cell: Cell) -> tuple[int, bool]:
    """Return a signed rate in wad within [-1, 1], rounded towards 0, and whether it was."""
    rate_wad, inexact = number_of(cell, WAD_DECIMALS, up=False)
    if abs(rate_wad) > WAD or (inexact and abs(rate_wad) == WAD):
        raise NumberError(
            "the funding rate is out of range",
            found=_shown(cell),
            expected="-1 to 1",
            hint="write a fraction a period, such as 0.0001 for 0.01 %",
        )
    return rate_wad, inexact


def threshold_of(cell: Cell) -> int | None:
    """Return a ratio in wad within [0, 1], None where the cell is missing."""
    if cell is None:
        return None
    if isinstance(cell, float | Instant):
        ratio_wad = number_of(cell, WAD_DECIMALS, up=False)[0]
    else:
        ratio_wad = parse_decimal(str(cell), WAD_DECIMALS)
    if not 0 <= ratio_wad <= WAD:
        raise NumberError("the ratio is out of range", found=_shown(cell), expected="0 to 1")
    return ratio_wad


def instant_of(cell: Cell) -> int:
    """Return an instant in ns UTC, of ISO 8601 text or a typed timestamp."""
    if cell is None:
        raise NumberError("the cell is empty", expected="a time")
    if isinstance(cell, float | int) or (isinstance(cell, str) and cell.lstrip("+-").isdigit()):
        raise NumberError(
            "the time is a bare number, which does not say its unit",
            found=_shown(cell),
            expected="a time such as 2020-03-12T00:00:00Z or a timestamp column",
        )
    ns = cell.ns if isinstance(cell, Instant) else Time.parse(cell).raw
    if abs(ns) > INT64_MAX:
        raise NumberError(
            "the time does not fit in 64 bits of nanoseconds",
            found=_shown(cell),
            expected="a time in the years 1678 to 2261",
        )
    return ns


def _shown(cell: Cell) -> str:
    if isinstance(cell, Instant):
        return f"{cell.ns} ns since 1970" if abs(cell.ns) > INT64_MAX else Time(cell.ns).text()
    return str(cell)
