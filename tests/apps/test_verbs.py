"""What the verbs print: rounded figures, orders, price lists, and cells of a summary."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.command_line import ask
from tests.simulation.cases import small_case
from trimtab.apps import console, doctor, front, printing, summaries
from trimtab.apps.printing import SUMMARY_LINES, shown
from trimtab.apps.verbs import SORTS
from trimtab.model import Explanation, Payer
from trimtab.simulation import standing
from trimtab.units import WAD, UsageError

FIGURE = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?")
ACCOUNTS = standing(small_case()).accounts


@given(st.integers(-(10**50), 10**50), st.integers(0, 6))
def test_a_figure_is_exact_to_half_its_last_place(value_wad: int, places: int) -> None:
    text = shown(value_wad, places)
    assert FIGURE.fullmatch(text)
    assert len(text.partition(".")[2]) == places
    off = abs(Fraction(text.replace(",", "")) - Fraction(value_wad, WAD))
    assert off <= Fraction(1, 2 * 10**places)


@given(st.integers(1, 10**50), st.integers(0, 6))
def test_a_negative_figure_is_the_positive_one_with_a_sign(value_wad: int, places: int) -> None:
    text = shown(value_wad, places)
    nothing = not set(text) & set("123456789")
    assert shown(-value_wad, places) == (text if nothing else f"-{text}")


@given(st.integers(0, 10**40), st.integers(0, 10**40), st.integers(0, 4))
def test_rounding_keeps_the_order(one: int, other: int, places: int) -> None:
    low, high = (Fraction(shown(value, places).replace(",", "")) for value in sorted((one, other)))
    assert low <= high


@pytest.mark.parametrize(
    ("value_wad", "places", "text"),
    [
        (None, 2, "-"),
        (0, 2, "0.00"),
        (0, 0, "0"),
        (WAD // 2, 0, "1"),
        (3 * WAD // 2, 0, "2"),
        (5 * WAD // 2, 0, "3"),
        (-WAD // 2, 0, "-1"),
        (-WAD // 1000, 2, "0.00"),
        (999_995 * WAD // 1000, 2, "1,000.00"),
        # More digits than a float holds.
        (123_456_789_012_345_678_91 * WAD // 100, 2, "123,456,789,012,345,678.91"),
        (10**16 * WAD + WAD, 0, "10,000,000,000,000,001"),
    ],
)
def test_figures_as_they_are_printed(value_wad: int | None, places: int, text: str) -> None:
    assert shown(value_wad, places) == text


def with_prices(number: int) -> Explanation:
    prices = {f"A{place}": (place + 1) * WAD for place in reversed(range(number))}
    sides = dict.fromkeys(prices, "below")
    return replace(ACCOUNTS[0], liquidation_price_wad=prices, liquidation_side=sides)


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4, 9])
def test_at_most_three_prices_are_listed_by_name(number: int) -> None:
    text = printing.prices_of(with_prices(number))
    told = re.findall(r"(A\d)\D+(\d\.\d{4})", text)
    assert told == [(f"A{place}", f"{place + 1}.0000") for place in range(min(number, 3))]
    assert text.endswith(f" and {number - 3} more") == (number > 3)
    assert bool(text) == bool(number)


healths = st.none() | st.integers(0, 3 * WAD)
drawn_accounts = st.builds(
    lambda name, group, health, debt: replace(
        ACCOUNTS[0],
        account=name,
        group=group,
        health_wad=health,
        leverage_wad=health,
        debt_wad=debt,
        collateral_wad=debt,
        distance_wad=debt,
    ),
    *(st.sampled_from("abc"), st.sampled_from(("", "g")), healths, st.integers(0, 3)),
)


@pytest.mark.parametrize("key", SORTS)
@given(
    accounts=st.lists(drawn_accounts, max_size=6, unique_by=lambda a: (a.account, a.group)),
    random=st.randoms(),
)
def test_an_order_is_of_the_accounts_not_of_the_book(
    key: str, accounts: list[Explanation], random
) -> None:
    shuffled = list(accounts)
    random.shuffle(shuffled)
    assert sorted(shuffled, key=SORTS[key]) == sorted(accounts, key=SORTS[key])


@given(st.lists(drawn_accounts, max_size=6))
def test_who_has_no_debt_comes_last_and_who_has_no_equity_first(
    accounts: list[Explanation],
) -> None:
    healths = [account.health_wad for account in sorted(accounts, key=SORTS["health"])]
    known = [health for health in healths if health is not None]
    assert healths == sorted(known) + [None] * (len(healths) - len(known))
    gears = [account.leverage_wad for account in sorted(accounts, key=SORTS["leverage"])]
    known = [gear for gear in gears if gear is not None]
    assert gears == [None] * (len(gears) - len(known)) + sorted(known, reverse=True)


def test_the_printed_summary_has_a_line_for_every_figure() -> None:
    document = front.replay(small_case((2000, 700))).to_json()
    printed = {key for _, key in SUMMARY_LINES}
    assert printed <= document.keys()
    assert {key for key in document if key.endswith("_value")} <= printed
    assert [key for _, key in SUMMARY_LINES if key.removesuffix("_value") in set(Payer)] == [
        f"{payer}_value" for payer in Payer
    ]
    names = [name for name, _ in SUMMARY_LINES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        ("1234567.895", "repaid_value", "1,234,567.90"),
        ("0", "fee_value", "0.00"),
        (12345, "liquidations", "12,345"),
        ("abcdef0123456789abcdef", "state_hash", "abcdef0123456789"),
    ],
)
def test_cells_of_the_printed_summary(value: object, key: str, text: str) -> None:
    assert printing.cell_of(value, key) == text


def test_a_run_that_does_not_conserve_cash_says_so_aloud(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = front.replay(small_case((2000, 1990)), seed=4)
    broken = replace(result, run=replace(result.run, conserved=False))
    printing.print_replays([result, broken])
    assert capsys.readouterr().err.splitlines() == [
        "test: every asset conserved to the last unit; seed 4",
        "test: every asset NOT CONSERVED; seed 4",
    ]


@pytest.mark.parametrize("form", [console.Format.CSV, console.Format.PARQUET])
def test_the_doctor_prints_no_table_files(form: console.Format) -> None:
    with pytest.raises(UsageError, match="expected table or json"):
        doctor.run_doctor(form)


def test_the_doctor_tells_the_same_facts_in_both_forms(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speeds = {"accounts_explained_per_second": 1234, "commands_per_second": 56}
    monkeypatch.setattr(doctor, "_speeds", lambda: speeds)
    monkeypatch.setattr(doctor, "kernel_facts", dict)
    doctor.run_doctor(console.Format.TABLE)
    table = capsys.readouterr().out
    assert re.search(r"accounts explained per second +1,234\n", table)
    assert re.search(r"commands per second +56\n", table)
    assert all(version in table for version in summaries.versions().values())
    doctor.run_doctor(console.Format.JSON)
    assert json.loads(capsys.readouterr().out).keys() > summaries.versions().keys() | speeds.keys()


def test_a_version_is_the_package_s_own() -> None:
    assert ask("--version").out.strip() == summaries.versions()["trimtab"]
