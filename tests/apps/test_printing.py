"""What the verbs print on a terminal: figures, distances, prices, and lines that matter."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.command_line import ask
from tests.apps.perp_case import write_perps
from trimtab.apps.printing import (
    MARKET_LINES,
    SUMMARY_LINES,
    cell_of,
    distance_of,
    money,
    name_of,
    nearest_wad,
    prices_of,
    shown,
)
from trimtab.units import WAD

PERCENT = WAD // 100


def account(fall: int = WAD, rise: int | None = None, **parts: Any) -> Any:
    """What printing reads of an explanation."""
    plain = {"account": "ann", "group": "", "debt_wad": 0, "positions": ("one",)}
    distances = {"distance_wad": fall, "distance_up_wad": rise}
    return (
        SimpleNamespace(**plain, **distances)
        if not parts
        else SimpleNamespace(**(plain | distances | parts))
    )


@pytest.mark.parametrize(
    ("fall", "rise", "text"),
    [
        (5 * PERCENT, None, "5.00"),
        (5 * PERCENT, 7 * PERCENT, "5.00"),
        (9 * PERCENT, 7 * PERCENT, "+7.00"),
        (7 * PERCENT, 7 * PERCENT, "7.00"),
        (WAD, None, "100.00"),
        (WAD, 58 * PERCENT, "+58.00"),
        (WAD, 150 * PERCENT, "+150.00"),
        (0, 0, "0.00"),
    ],
)
def test_a_distance_is_a_fall_or_with_a_plus_sign_a_rise(
    fall: int, rise: int | None, text: str
) -> None:
    assert distance_of(account(fall, rise)) == text


def test_who_owes_nothing_has_no_distance() -> None:
    assert distance_of(account(positions=())) == "-"
    assert distance_of(account(5 * PERCENT, positions=(), debt_wad=1)) == "5.00"


@given(st.integers(0, WAD), st.none() | st.integers(0, 10 * WAD))
def test_the_nearest_is_no_farther_than_either(fall: int, rise: int | None) -> None:
    near = nearest_wad(account(fall, rise))
    assert near in (fall, rise)
    assert near <= fall
    assert rise is None or near <= rise


def test_the_order_by_distance_counts_rises(tmp_path: Path) -> None:
    case = write_perps(tmp_path / "case")
    answer = ask("health", case, "--sort", "distance", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    near = [
        min(Decimal(row["distance"]), Decimal(row["distance_up"] or "Infinity")) for row in rows
    ]
    assert near == sorted(near)
    assert [row["account"] for row in rows][:4] == ["bob", "ann", "eve", "bob"]


@given(st.integers(-(10**40), 10**40), st.integers(0, 8))
def test_figures_are_rounded_half_up_and_grouped(value_wad: int, places: int) -> None:
    exact = Decimal(value_wad).scaleb(-18)
    with_many = Decimal(10) ** -places
    from decimal import localcontext

    with localcontext(prec=80):
        expected = abs(exact).quantize(with_many, rounding=ROUND_HALF_UP)
        found = Decimal(shown(value_wad, places).replace(",", ""))
    assert abs(found) == expected
    assert shown(value_wad, places).startswith("-") == (value_wad < 0 and expected > 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0.00"),
        ("-0.001", "0.00"),
        ("-0.005", "-0.01"),
        ("12225.6826325", "12,225.68"),
        ("-1234567.895", "-1,234,567.90"),
        ("0.000000000000000001", "0.00"),
    ],
)
def test_money_reads_the_exact_text_of_a_document(text: str, expected: str) -> None:
    assert money(text) == expected


def test_nothing_is_a_dash_and_a_group_is_part_of_the_name() -> None:
    assert shown(None, 2) == "-"
    assert name_of(account(group="iso")) == "ann/iso"
    assert name_of(account()) == "ann"


def test_liquidation_prices_say_their_side_and_are_three_at_most() -> None:
    prices = {name: (number + 1) * WAD for number, name in enumerate(("ETH", "BTC", "DAI", "XAU"))}
    sides = {"ETH": "above", "BTC": "below", "DAI": "below", "XAU": "above"}
    found = account(liquidation_price_wad=prices, liquidation_side=sides)
    assert prices_of(found) == "BTC < 2.0000, DAI < 3.0000, ETH > 1.0000 and 1 more"
    assert prices_of(account(liquidation_price_wad={}, liquidation_side={})) == ""


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        ("1234.5", "closed_value", "1,234.50"),
        (12345, "deleveragings", "12,345"),
        ("ab" * 32, "state_hash", "ab" * 8),
    ],
)
def test_cells_of_a_summary(value: object, key: str, text: str) -> None:
    assert cell_of(value, key) == text


def test_lines_of_markets_are_lines_of_the_summary() -> None:
    keys = [key for _, key in SUMMARY_LINES]
    assert set(MARKET_LINES) <= set(keys)
    assert len(keys) == len(set(keys))
    payers = [label for label, _ in SUMMARY_LINES if label.startswith("  ")]
    assert len(payers) == 6, "a payer a line, set in under the bad debt"
