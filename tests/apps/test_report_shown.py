"""Figures on a page: rounded never to a lie, and always with the exact one behind them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.apps.report.shown import (
    MINUS,
    MONTHS,
    NARROW,
    NO_BREAK,
    Shown,
    amount,
    axis_words,
    cell,
    count,
    counted,
    duration,
    health,
    listed,
    moment,
    moment_cell,
    money,
    percent,
    plain_text,
    price,
    printable,
    ratio,
    sentence,
    short_number,
    years,
)
from trimtab.units import NANOSECONDS, WAD, Time

SCALES = {"million": 10**6, "billion": 10**9, "trillion": 10**12}
LETTERS = {"k": 10**3, "m": 10**6, "bn": 10**9, "t": 10**12}
LAST_NS = 253_402_300_799 * NANOSECONDS
values = st.integers(-(10**15) * WAD, 10**15 * WAD)
moments = st.integers(0, LAST_NS)


def number(text: str) -> Fraction:
    return Fraction(text.replace(MINUS, "-").replace(",", ""))


@given(values)
def test_money_is_right_to_half_its_last_digit(value_wad: int) -> None:
    told = money(value_wad, "USD")
    figure, *words = told.text.split(NO_BREAK)
    assert words[-1] == "USD"
    if "<" in figure or ">" in figure:
        assert 0 < abs(value_wad) < WAD // 100
        return
    scale = SCALES.get(words[0], 1)
    last = Fraction(scale, 10 ** len(figure.partition(".")[2]))
    off = abs(number(figure) * scale - Fraction(value_wad, WAD))
    assert off <= last / 2 * (1 + Fraction(1, 10**9))


@given(values)
def test_a_figure_hides_nothing(value_wad: int) -> None:
    """What is not zero never looks like it, and no sign stands before a zero."""
    for told in (money(value_wad, "USD"), cell(value_wad)):
        assert Decimal(told.exact.removesuffix(" USD")) * WAD == value_wad or value_wad > 10**28
        looks_empty = not set(told.text) & set("123456789")
        assert looks_empty == (value_wad == 0)
        assert (MINUS in told.text) == (value_wad < 0)


@given(st.integers(1, 10**40), st.sampled_from((0, 2, 6, 8, 18, 36)))
def test_an_amount_is_told_to_four_places_at_most(raw: int, decimals: int) -> None:
    told = amount(raw, decimals)
    if told.text.startswith("<"):
        assert Fraction(raw, 10**decimals) < Fraction(1, 10_000)
        return
    places = len(told.text.partition(".")[2])
    assert places <= min(4, decimals)
    exact = Fraction(raw, 10**decimals)
    assert abs(number(told.text) - exact) <= max(Fraction(51, 100 * 10**places), exact / 10**15)
    assert amount(-raw, decimals).text in (f"{MINUS}{told.text}", "0")


@pytest.mark.parametrize(
    ("raw", "decimals", "text"),
    [
        (0, 18, "0"),
        (1, 18, "<0.0001"),
        (-1, 18, f">{MINUS}0.0001"),
        (10**14, 18, "0.0001"),
        (1_234_567, 6, "1.2346"),
        (1_234_567_891, 6, "1,234.57"),
        (1_234_567_891_234, 6, "1,234,568"),
        (5, 0, "5"),
        (150, 2, "1.50"),
    ],
)
def test_amounts_by_their_size(raw: int, decimals: int, text: str) -> None:
    assert amount(raw, decimals).text == text


@given(st.integers(0, 10 * WAD))
def test_health_is_never_rounded_up(value_wad: int) -> None:
    told = health(value_wad)
    exact = Fraction(value_wad, WAD)
    assert number(told.text) <= exact < number(told.text) + Fraction(1, 1000)
    assert (number(told.text) < 1) == (value_wad < WAD)


@given(st.floats(-1, 10).filter(lambda fraction: fraction == 0 or abs(fraction) > 1e-300))
def test_a_percentage_has_the_sign_of_its_fraction(fraction: float) -> None:
    text = percent(fraction).text
    assert text.endswith(f"{NARROW}%")
    assert (MINUS in text) == (fraction < 0)
    figure = text.removesuffix(f"{NARROW}%")
    if "<" in figure or ">" in figure:
        assert 0 < abs(fraction) < 0.0006
        return
    assert abs(float(number(figure)) - 100 * fraction) <= 0.0500001
    signed = percent(fraction, signed=True).text
    assert signed == (f"+{text}" if fraction > 0 else text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_a_dash(value: float) -> None:
    for told in (percent(value), price(value)):
        assert told.text == "–"
        assert told.exact == repr(value)


@given(st.floats(1e-18, 1e15))
def test_a_price_keeps_four_figures_and_is_never_zero(value: float) -> None:
    told = price(value)
    assert float(told.exact) == value
    shown = float(number(told.text))
    assert shown > 0
    assert shown == pytest.approx(value, rel=6e-4) or value < 1e-14


@pytest.mark.parametrize(
    ("value_wad", "text"),
    [(WAD, "100"), (825 * 10**15, "82.5"), (1, "0.0000000000000001"), (0, "0")],
)
def test_a_ratio_of_the_rules_is_exact(value_wad: int, text: str) -> None:
    assert ratio(value_wad).text == f"{text}{NARROW}%"


@given(st.integers(0, 10**12))
def test_a_number_of_things_is_exact(things: int) -> None:
    assert number(count(things).text) == things
    told = counted(things, "account", many="accounts")
    assert told.text == f"{things:,}{NO_BREAK}account{'' if things == 1 else 's'}"
    assert told.exact == str(things)
    assert counted(2, "loss", many="losses").text.endswith("losses")


def civil(words: str) -> datetime:
    """The time that a page's words say."""
    date, _, clock = words.partition(", ")
    day, month, year = date.split()
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    place = MONTHS.index(month) + 1
    return datetime(int(year), place, int(day), hour, minute, second, tzinfo=UTC)


@given(moments)
def test_a_moment_is_told_to_the_second_and_kept_to_the_nanosecond(at_ns: int) -> None:
    told = moment(at_ns)
    assert told.exact == moment_cell(at_ns).exact == Time(at_ns).text()
    words = told.text.replace(NO_BREAK, " ").removesuffix(" UTC")
    when = civil(words)
    assert when == datetime.fromtimestamp(at_ns // NANOSECONDS, UTC)
    day, month, clock = moment_cell(at_ns).text.split(NO_BREAK)
    assert (int(day), clock) == (when.day, f"{when:%H:%M}")
    assert f"{when:%B}".startswith(month)


@given(moments, moments)
def test_an_axis_says_what_its_ticks_leave_out(one: int, other: int) -> None:
    first, last = sorted((one, other))
    words = axis_words(first, last)
    assert words.endswith(", UTC")
    whole = years(first, last)
    assert words in (
        f"{whole}, UTC",
        f"{moment(first).text.split(',')[0]}, UTC".replace(NO_BREAK, " "),
    )
    assert (" – " in whole) == (whole[:4] != whole[-4:])


UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


@given(st.integers(1, 10**6), st.sampled_from(sorted(UNITS)), st.sampled_from((1, 10)))
def test_a_length_of_time_is_exact(length: int, unit: str, part: int) -> None:
    nanoseconds = length * UNITS[unit] * NANOSECONDS // part
    figure, word = duration(nanoseconds).split(NO_BREAK)
    assert number(figure) * UNITS[word.removesuffix("s")] * NANOSECONDS == nanoseconds
    assert word.endswith("s") == (figure != "1")


@given(st.floats(-1e15, 1e15).filter(lambda value: value == 0 or abs(value) > 1e-3))
def test_a_number_on_an_axis_is_right_to_three_figures(value: float) -> None:
    text = short_number(value)
    letters = text.lstrip(f"{MINUS}0123456789.,e+")
    shown = float(text.removesuffix(letters).replace(MINUS, "-").replace(",", ""))
    assert shown * LETTERS.get(letters, 1) == pytest.approx(value, rel=5.1e-3)
    assert len(text) <= 9


@given(st.lists(st.text("abc {}", max_size=5).filter(lambda word: "{}" not in word), max_size=4))
def test_a_sentence_loses_no_word(words: list[str]) -> None:
    told = sentence("{}".join(["<", *words, ">"]), *["x"] * (len(words) + 1))
    assert "".join(str(part) for part in told) == "<x" + "x".join([*words, ""]) + ">"
    assert "" not in told


def test_a_figure_in_a_sentence_keeps_what_is_behind_it() -> None:
    figure = money(7 * 10**6 * WAD + 1, "USD")
    told = sentence("owes {} in all", figure)
    assert told[1] is figure
    assert plain_text([told, ("Then.",)]) == "owes 7.00 million USD in all Then."
    with pytest.raises(AssertionError, match="1 parts for"):
        sentence("{} and {}", "one")


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, ""), (1, "p0"), (2, "p0 and p1"), (4, "p0, p1, p2 and p3")],
)
def test_lists_in_words(number: int, text: str) -> None:
    assert plain_text([listed([(f"p{place}",) for place in range(number)])]) == text


@given(st.text(max_size=12))
def test_a_printable_name_is_itself_and_any_other_becomes_one(name: str) -> None:
    assert printable(name).isprintable()
    assert (printable(name) == name) == name.isprintable()
    assert printable(printable(name)) == printable(name)
    assert str(Shown(name, "")) == name
