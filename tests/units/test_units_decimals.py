"""Decimal text to integers and back: exact, strict, and cheap on hostile input."""

from __future__ import annotations

import math
import re
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.units import UINT256_MAX, NumberError, TrimtabError
from trimtab.units.decimals import format_decimal, parse_decimal, parse_decimal_rounded

places = st.integers(0, 72)
raws = st.integers(-UINT256_MAX, UINT256_MAX) | st.integers(-1000, 1000)
numerals = st.from_regex(
    r"[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?", fullmatch=True
)


@pytest.mark.parametrize(
    ("text", "decimals", "raw"),
    [
        ("0", 0, 0),
        ("-0", 18, 0),
        ("+1", 6, 1_000_000),
        ("-12.5", 1, -125),
        (".5", 1, 5),
        ("5.", 1, 50),
        ("0.10", 1, 1),
        ("1.000", 0, 1),
        ("007", 0, 7),
        ("1e-7", 18, 10**11),
        ("1E+2", 0, 100),
        ("12300e-2", 0, 123),
        ("0.000000000000000001", 18, 1),
        ("1.000000000000000001", 18, 10**18 + 1),
        ("0e999999999999999999", 18, 0),
        ("0." + "0" * 5000 + "1e5001", 0, 1),
        ("1" + "0" * 5000 + "e-5000", 0, 1),
        ("0" * 5000 + "1", 0, 1),
        (str(UINT256_MAX), 0, UINT256_MAX),
        ("-" + str(UINT256_MAX), 0, -UINT256_MAX),
    ],
)
def test_parse_examples(text, decimals, raw):
    assert parse_decimal(text, decimals) == raw


@pytest.mark.parametrize(
    ("text", "decimals", "message"),
    [
        ("", 18, "the number is empty; found ''; expected a decimal number"),
        ("nan", 18, "not finite; found 'nan'; expected a finite decimal number"),
        ("-Infinity", 18, "not finite; found '-Infinity'"),
        ("inf", 18, "not finite"),
        ("1,000", 18, "not a number; found '1,000'; expected a decimal number such as"),
        ("1.23", 1, "too many decimal places; found '1.23'; expected at most 1 decimal place$"),
        ("1e-7", 6, "too many decimal places; found '1e-7'; expected at most 6 decimal places$"),
        ("0.5", 0, "expected at most 0 decimal places$"),
        (str(UINT256_MAX + 1), 0, "too large"),
        ("-1e60", 18, r"too large; found '-1e60'; expected a magnitude of at most"),
    ],
)
def test_refusals_say_what_was_found_and_expected(text, decimals, message):
    with pytest.raises(NumberError, match=message) as caught:
        parse_decimal(text, decimals)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        *(" 1", "1 ", "1\n", "\t1", "1\x00", "1_000", "1 000", "\u0661\u0662", "\uff11", "\u00b2"),
        *("0x10", "1e", "e5", "1e5.0", ".", "-", "+", "--1", "+-1", "\u22121", "1.2.3", "1e1e1"),
        *("1/3", "$1", "1%", "None", "True", "snan1", "nan1"),
    ],
)
def test_garbage_is_refused(text):
    with pytest.raises(NumberError, match="is not a number"):
        parse_decimal(text, 18)


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999",
        "1e" + "9" * 100_000,
        "-1e-999999999",
        "1e-" + "9" * 100_000,
        "9" * 100_000,
        "0." + "1" * 100_000,
        "1" * 100_000 + "x",
        "1." + "0" * 100_000 + "e" + "0" * 100_000 + "x",
        "\x00" * 100_000,
    ],
)
def test_hostile_texts_are_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(NumberError) as caught:
        parse_decimal(text, 18)
    assert time.perf_counter() - start < 1.0
    assert len(str(caught.value)) < 500


@given(st.text("0123456789.eE+-_ ", max_size=12))
def test_any_text_gives_a_number_or_the_one_error(text):
    try:
        raw = parse_decimal(text, 18)
    except TrimtabError:
        return
    assert Fraction(raw, 10**18) == Fraction(text)
    assert re.fullmatch(r"[0-9.eE+-]+", text)


@given(st.text(max_size=12))
def test_refusals_are_printable(text):
    with pytest.raises(NumberError) as caught:
        parse_decimal(f"x{text}", 18)
    assert str(caught.value).isprintable()


@given(raws, places)
def test_format_then_parse_is_the_identity(raw, decimals):
    assert parse_decimal(format_decimal(raw, decimals), decimals) == raw


@given(raws, places)
def test_format_is_exact_and_has_no_needless_zero(raw, decimals):
    text = format_decimal(raw, decimals)
    assert Fraction(text) == Fraction(raw, 10**decimals)
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", text)
    assert text != "-0"


@pytest.mark.parametrize(
    ("raw", "decimals", "text"),
    [
        (0, 18, "0"),
        (10**18 + 1, 18, "1.000000000000000001"),
        (-1, 18, "-0.000000000000000001"),
        (100, 0, "100"),
        (100, 2, "1"),
        (-150, 2, "-1.5"),
        (1, 72, "0." + "0" * 71 + "1"),
    ],
)
def test_format_examples(raw, decimals, text):
    assert format_decimal(raw, decimals) == text


@given(numerals, st.integers(0, 30), st.booleans())
def test_rounded_parsing_rounds_the_magnitude_as_told(text, decimals, up):
    try:
        raw, inexact = parse_decimal_rounded(text, decimals, up=up)
    except NumberError:
        assert abs(Fraction(text)) * 10**decimals > UINT256_MAX - 1
        return
    exact = Fraction(text) * 10**decimals
    magnitude = math.ceil(abs(exact)) if up else math.floor(abs(exact))
    assert raw == (-magnitude if exact < 0 else magnitude)
    assert inexact == (raw != exact)


@given(numerals, st.integers(0, 30))
def test_exact_parsing_agrees_with_rounded_parsing(text, decimals):
    try:
        rounded = parse_decimal_rounded(text, decimals, up=True)
        raw = parse_decimal(text, decimals)
    except NumberError:
        return
    assert rounded == (raw, False)


@pytest.mark.parametrize(
    ("text", "up", "expected"),
    [
        ("0.0019", True, (1, True)),
        ("0.0019", False, (0, True)),
        ("-0.0019", True, (-1, True)),
        ("-0.0019", False, (0, True)),
        ("1.239", True, (124, True)),
        ("1.239", False, (123, True)),
        ("1.23", True, (123, False)),
        ("1e-999999999", True, (1, True)),
        ("1e-999999999", False, (0, True)),
    ],
)
def test_rounded_examples_in_cents(text, up, expected):
    assert parse_decimal_rounded(text, 2, up=up) == expected


def test_rounding_up_does_not_pass_the_maximum():
    with pytest.raises(NumberError, match="too large"):
        parse_decimal_rounded(f"{UINT256_MAX}.1", 0, up=True)
    assert parse_decimal_rounded(f"{UINT256_MAX}.1", 0, up=False) == (UINT256_MAX, True)


@pytest.mark.parametrize("decimals", [-1, 73])
def test_decimals_out_of_range_are_a_programmer_error(decimals):
    with pytest.raises(AssertionError):
        parse_decimal("1", decimals)
    with pytest.raises(AssertionError):
        format_decimal(1, decimals)
