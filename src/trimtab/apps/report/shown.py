"""Figures as a page shows them: short for people, with the exact one behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, isfinite, log10

from trimtab.apps.rounding import health_text
from trimtab.units import NANOSECONDS, WAD, Time, format_decimal

WAD_DECIMALS = 18
NARROW = "\u202f"  # narrow space that does not break: between a figure and its sign or unit
NO_BREAK = "\u00a0"
JOINER = "\u2060"  # forbids a break on either side
MINUS = "\u2212"
NONE = "–"
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
LARGE = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))
SHORT = ((1e12, "t"), (1e9, "bn"), (1e6, "m"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure: the text on the page, and the exact one in its tooltip."""

    text: str
    exact: str

    def __str__(self) -> str:
        return self.text


Sentence = tuple[str | Shown, ...]


def sentence(template: str, *parts: str | Shown) -> Sentence:
    """Words with figures in the places of `{}`; a figure keeps its tooltip.

    >>> [str(part) for part in sentence("{} of {}", "one", "two")]
    ['one', ' of ', 'two']
    """
    words = template.split("{}")
    assert len(words) == len(parts) + 1, f"{len(parts)} parts for: {template}"
    woven: list[str | Shown] = [words[0]]
    for part, word in zip(parts, words[1:], strict=True):
        woven += [part, word]
    return tuple(piece for piece in woven if piece != "")


def listed(parts: Sequence[Sentence]) -> Sentence:
    """Parts of a sentence as a list: a, b and c."""
    joined: Sentence = ()
    for number, part in enumerate(parts):
        link = " and " if number == len(parts) - 1 else ", "
        joined = (*joined, link, *part) if number else part
    return joined


def plain_text(sentences: Sequence[Sentence]) -> str:
    """Sentences as text without tooltips."""
    joined = " ".join("".join(str(part) for part in sentence) for sentence in sentences)
    return joined.replace(NARROW, " ").replace(NO_BREAK, " ")


def _grouped(value: float, places: int) -> str:
    text = f"{abs(value):,.{places}f}"
    return f"{MINUS}{text}" if value < 0 and any(c in "123456789" for c in text) else text


def money(value_wad: int, quote: str) -> Shown:
    """A value in prose, three figures of it where it is large: `6.85 million USD`."""
    exact, size = f"{format_decimal(value_wad, WAD_DECIMALS)} {quote}", abs(value_wad)
    for bound, word in LARGE:
        if size >= bound * WAD:
            scaled = value_wad / (bound * WAD)
            places = 2 if abs(scaled) < 100 else 0
            text = f"{_grouped(scaled, places)}{NO_BREAK}{word}"
            return Shown(f"{text}{NO_BREAK}{quote}", exact)
    return Shown(f"{_cell_text(value_wad)}{NO_BREAK}{quote}", exact)


def cell(value_wad: int) -> Shown:
    """A value in a table, whose heading names the unit: whole from a hundred up, else cents."""
    return Shown(_cell_text(value_wad), format_decimal(value_wad, WAD_DECIMALS))


def _cell_text(value_wad: int) -> str:
    if value_wad == 0:
        return "0"
    if abs(value_wad) < WAD // 100:
        return "<0.01" if value_wad > 0 else f">{MINUS}0.01"
    return _grouped(value_wad / WAD, 0 if abs(value_wad) >= 100 * WAD else 2)


def amount(raw: int, decimals: int) -> Shown:
    """Native units as whole units, to at most four decimals."""
    exact = format_decimal(raw, decimals)
    value = raw / 10**decimals
    if raw and abs(value) < 0.0001:
        return Shown("<0.0001" if raw > 0 else f">{MINUS}0.0001", exact)
    places = 0 if abs(value) >= 1e6 or raw == 0 else 2 if abs(value) >= 1000 else 4
    return Shown(_grouped(value, min(places, decimals)), exact)


def price(value: float) -> Shown:
    """A price to about five figures."""
    if not isfinite(value) or value <= 0:
        return Shown(NONE, repr(value))
    places = min(max(2 if value >= 10 else 4, 3 - floor(log10(value))), 18)
    if value >= 1000:
        places = 0 if float(value).is_integer() or value >= 1e5 else 2
    return Shown(_grouped(value, places), f"{value:.17g}")


def percent(fraction: float, *, signed: bool = False) -> Shown:
    """A fraction as a percentage with one decimal."""
    if not isfinite(fraction):
        return Shown(NONE, repr(fraction))
    text = _grouped(100 * fraction, 1) if fraction else "0"
    if text == "0.0":
        text = "<0.1" if fraction > 0 else f">{MINUS}0.1"
    text = "100" if text == "100.0" and fraction == 1 else text
    sign = "+" if signed and fraction > 0 and text[0].isdigit() else ""
    return Shown(f"{sign}{text}{NARROW}%", f"{100 * fraction:.12g} %")


def ratio(value_wad: int) -> Shown:
    """A fraction of the rules as a percentage, exactly."""
    text = format_decimal(value_wad, WAD_DECIMALS - 2)
    return Shown(f"{text}{NARROW}%", f"{format_decimal(value_wad, WAD_DECIMALS)}")


def health(value_wad: int | None) -> Shown:
    """A health factor as the terminal has it: rounded down, so that 0.99999 does not look safe."""
    if value_wad is None:
        return Shown("no debt", "no debt")
    return Shown(health_text(value_wad), format_decimal(value_wad, WAD_DECIMALS))


def count(number: int) -> Shown:
    """A number of things."""
    return Shown(f"{number:,}", str(number))


def counted(number: int, noun: str, *, many: str = "") -> Shown:
    """A number of things with their name: `1 account`, `408 accounts`."""
    word = noun if number == 1 else many or f"{noun}s"
    return Shown(f"{number:,}{NO_BREAK}{word}", str(number))


def _civil(at_ns: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_ns // NANOSECONDS)


def moment(at_ns: int) -> Shown:
    """A time in prose: `12 March 2020, 23:40 UTC`."""
    when = _civil(at_ns)
    clock = f"{when:%H:%M:%S}" if when.second else f"{when:%H:%M}"
    text = f"{when.day}{NO_BREAK}{MONTHS[when.month - 1]}{NO_BREAK}{when.year}, {clock}"
    return Shown(f"{text}{NO_BREAK}UTC", Time(at_ns).text())


def moment_cell(at_ns: int) -> Shown:
    """A time in a table: `12 Mar 23:40`, where a heading names the year."""
    when = _civil(at_ns)
    text = f"{when.day}{NO_BREAK}{MONTHS[when.month - 1][:3]}{NO_BREAK}{when:%H:%M}"
    return Shown(text, Time(at_ns).text())


def axis_words(first_ns: int, last_ns: int) -> str:
    """What a time axis leaves out: its day where it has one, else its year, and the zone."""
    first, last = _civil(first_ns), _civil(last_ns)
    if first.date() == last.date():
        return f"{first.day} {MONTHS[first.month - 1]} {first.year}, UTC"
    return f"{years(first_ns, last_ns)}, UTC"


def years(first_ns: int, last_ns: int) -> str:
    """The year of two times, or both: `2020`, `2020 – 2021`."""
    first, last = _civil(first_ns).year, _civil(last_ns).year
    return f"{first}" if first == last else f"{first} – {last}"


def duration(nanoseconds: int) -> str:
    """A length of time, exactly, in the largest unit with one decimal: `36 hours`."""
    seconds = nanoseconds / NANOSECONDS
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and 10 * nanoseconds % (size * NANOSECONDS) == 0:
            number = f"{seconds / size:,.1f}".removesuffix(".0")
            return f"{number}{NO_BREAK}{word}{'' if number == '1' else 's'}"
    number = f"{seconds:,.3f}".rstrip("0").rstrip(".")
    return f"{number}{NO_BREAK}second{'' if number == '1' else 's'}"


def short_number(value: float) -> str:
    """A number on an axis: `250k`, `1.5m`."""
    for bound, letter in SHORT:
        if abs(value) >= bound * 0.9995:
            return f"{value / bound:.3g}{letter}".replace("-", MINUS)
    return f"{value:,.4g}".replace("-", MINUS)


def printable(name: str) -> str:
    """A name without control signs or overrides of the reading direction: they are spelled out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in name)
