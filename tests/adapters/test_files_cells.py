"""One cell, one name, one byte string: the small readers by themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.adapters.files.cells import (
    cost_of,
    instant_of,
    number_of,
    optional_text_of,
    price_of,
    quantity_of,
    text_of,
    threshold_of,
)
from trimtab.adapters.files.encoding import decoded
from trimtab.adapters.files.naming import check_name, check_own_name, nearest_hint
from trimtab.adapters.files.tables import Instant, Table
from trimtab.units import UINT256_MAX, WAD, DataError, NumberError, Time

SECOND_NS = 10**9


@pytest.mark.parametrize(
    ("cell", "raw", "inexact"),
    [
        ("1.5", 1_500_000, False),
        (3, 3_000_000, False),
        (-3, -3_000_000, False),
        (0.5, 500_000, False),
        # A float is no text: its nearest native unit is meant, and nothing was lost by us.
        (0.1234567, 123_457, False),
        (-0.1234564, -123_456, False),
        ("0.1234569", 123_456, True),
        ("-0.1234561", -123_457, True),
        ("+0.1234569", 123_456, True),
        ("-0.0", 0, False),
    ],
)
def test_a_quantity_is_in_native_units(cell: str | float, raw: int, inexact: bool) -> None:
    assert quantity_of(cell, 6) == (raw, inexact)


@given(st.integers(-(10**24), 10**24), st.integers(0, 12))
def test_text_is_rounded_against_the_account_and_by_less_than_a_unit(
    billionths: int, decimals: int
) -> None:
    sign = "-" if billionths < 0 else ""
    whole, fraction = divmod(abs(billionths), 10**9)
    raw, inexact = quantity_of(f"{sign}{whole}.{fraction:09d}", decimals)
    # Both sides in units of 10**-21: raw <= exact < raw + 1, for either sign.
    exact, ours = billionths * 10**12, raw * 10 ** (21 - decimals)
    assert ours <= exact < ours + 10 ** (21 - decimals)
    assert inexact == (ours != exact)


@pytest.mark.parametrize("up", [False, True])
def test_the_largest_number_fits_and_the_next_does_not(up: bool) -> None:
    assert number_of(str(UINT256_MAX), 0, up=up) == (UINT256_MAX, False)
    for cell in (str(UINT256_MAX + 1), UINT256_MAX + 1, 2.0**256):
        with pytest.raises(NumberError, match="too large"):
            number_of(cell, 0, up=up)
    assert number_of(2.0**255, 0, up=up) == (2**255, False)


@pytest.mark.parametrize("cell", ["10,5", "-14,000", "1,234.5"])
def test_a_comma_is_told_to_be_a_point(cell: str) -> None:
    with pytest.raises(NumberError) as caught:
        quantity_of(cell, 18)
    assert str(caught.value).endswith("write a point for the fraction, and no thousands separators")
    assert repr(cell) in str(caught.value)


def test_prices_costs_and_thresholds_have_their_range() -> None:
    assert price_of("1e-18") == (1, False)
    assert cost_of(0.0) == 0
    assert (threshold_of(None), threshold_of("1"), threshold_of(0.5)) == (None, WAD, WAD // 2)
    for read, cell in (
        (price_of, 0.0),
        (price_of, 1e-19),
        (price_of, Instant(0)),
        (cost_of, -1e-9),
        (threshold_of, 1.0000001),
        (threshold_of, "0.1234567890123456789"),
        (threshold_of, Instant(0)),
    ):
        with pytest.raises(NumberError):
            read(cell)


def test_names_are_text_or_whole_numbers() -> None:
    assert (text_of("x"), text_of(7), optional_text_of(None)) == ("x", "7", "")
    for cell in (None, 1.5, Instant(0)):
        with pytest.raises(DataError):
            text_of(cell)


@pytest.mark.parametrize(
    "cell", ["2020-03-12", "2020-03-12T00:00:00Z", Instant(Time.parse("2020-03-12").raw)]
)
def test_an_instant_is_ns_utc(cell: str | Instant) -> None:
    assert instant_of(cell) == 1_583_971_200 * SECOND_NS


@pytest.mark.parametrize("cell", ["1583971200", "-1", 1583971200, 1583971200.5, "20200312"])
def test_a_bare_number_is_no_instant(cell: str | float) -> None:
    with pytest.raises(NumberError, match="does not say its unit"):
        instant_of(cell)


@pytest.mark.parametrize("ns", [2**63, -(2**63), 10**30])
def test_an_instant_fits_in_64_bits(ns: int) -> None:
    with pytest.raises(NumberError, match="64 bits"):
        instant_of(Instant(ns))
    assert instant_of(Instant(2**63 - 1)) == 2**63 - 1


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest_hint("usdc", ["ETH", "USDC"]) == "did you mean USDC?"
    assert nearest_hint("zzz", ["ETH", "USDC"]) == "known: ETH, USDC"
    many = [f"asset-{n}" for n in range(20)]
    assert nearest_hint("zzz", many).endswith("asset-7, ...")
    assert len(nearest_hint("z" * 10**6, ["y" * 10**6])) < 100


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a\tb", "a\u202eb", "a\u200b", "\x7f"])
def test_a_name_that_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(DataError):
        check_name(name, "account")


@pytest.mark.parametrize("name", ["@fund", "a/b", "/"])
def test_a_name_with_the_venues_own_marks_is_refused(name: str) -> None:
    check_name(name, "venue")
    with pytest.raises(DataError):
        check_own_name(name, "account")


@pytest.mark.parametrize("name", ["alice", "0xAb", "a b", "名前", "ünï", "a.b", "a@b", "=1+1"])
def test_other_names_are_fine(name: str) -> None:
    check_own_name(name, "account")


@given(st.binary(max_size=40))
def test_bytes_are_text_or_one_line(content: bytes) -> None:
    try:
        text = decoded(content, "x.csv")
    except DataError as error:
        line = str(error)
    else:
        line = "x.csv: "
        assert text.encode() == content
    assert line.startswith("x.csv: ")
    assert line.isprintable()


def test_a_table_has_columns_of_one_length() -> None:
    with pytest.raises(AssertionError):
        Table("x", ("a", "b"), (["1"], []), [1], 1)
    with pytest.raises(AssertionError):
        Table("x", ("a",), ([], []), [], 1)
