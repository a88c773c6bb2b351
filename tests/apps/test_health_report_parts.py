"""The parts of the health report: order of risk, the map, buckets, assets, figures as shown."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trimtab
from tests.apps.command_line import write_case
from tests.apps.test_health_report import MIXED, found_of
from tests.apps.test_report import small_case
from trimtab.apps.report import health_report
from trimtab.apps.report.health_book import HealthBook, book_of, distance
from trimtab.apps.report.health_map import bucket_rows, map_picture, map_rows
from trimtab.apps.report.health_rows import asset_rows, debt_rows, leverage, next_rows, risk_rows
from trimtab.apps.report.health_story import health_title, health_verdict
from trimtab.apps.summaries import health_totals
from trimtab.engine import Draft, MemoryStore, account_sums, is_unsafe, step
from trimtab.model import Accepted
from trimtab.model import commands as c
from trimtab.simulation import Standing, standing
from trimtab.units import WAD


def book(owed: Sequence[tuple[str, int, int]], price: int = 200) -> HealthBook:
    return book_of(standing(small_case(owed, [price])))


def test_titles_and_verdicts_follow_the_risk() -> None:
    assert health_title(book([("a", 1, 0)])) == "Nobody owes anything"
    assert health_verdict(book([("a", 1, 0)])).tone == "good"
    assert health_verdict(book([("a", 10, 100)])).tone == "good"
    assert health_verdict(book([("a", 10, 1600)])).tone == "warn"
    assert health_verdict(book([("a", 10, 1700)])).tone == "warn"
    assert health_verdict(book([("a", 10, 2100)])).tone == "bad"


def test_accounts_stand_in_order_of_risk() -> None:
    assert [row.name for row in risk_rows(book(MIXED))] == ["dee", "cal", "bob", "ann"]
    assert [(side, at.exact) for side, at in risk_rows(book(MIXED))[3].prices] == [
        ("ETH below", "60.240963855421686747")
    ]
    states = [row.state for row in risk_rows(book(MIXED))]
    assert states[0] == "bankrupt: debt exceeds collateral"
    assert states[1] == "liquidatable: below maintenance"
    assert states[3] == "safe: meets every level"


def test_the_next_in_line_are_shown_when_the_liquidatable_fill_the_table() -> None:
    many = [(f"unsafe {number:02}", 10, 1700 + number) for number in range(30)]
    found = book([*many, ("near", 10, 1600), ("far", 10, 100)])
    assert len(risk_rows(found)) == 25
    assert [row.name for row in next_rows(found)] == ["near", "far"]
    assert next_rows(book(MIXED)) == []
    assert "Next in line: the 2 safe accounts" in health_report(found.found, command="")


def test_the_map_starts_with_what_is_unsafe_and_ends_with_what_can_be_reached() -> None:
    rows = map_rows(book(MIXED))
    assert [rows[0].name, rows[0].debt.exact, rows[0].accounts.exact] == ["already", "3800", "2"]
    assert rows[-1].debt.exact == "5900"
    assert rows[-1].name == "75\u202f%"  # ann, at 500 / 1660, is the last
    assert [row.width for row in rows] == sorted(row.width for row in rows)


def test_what_no_fall_reaches_has_a_row_of_its_own() -> None:
    rows = map_rows(book_of(found_of("no fall reaches")))
    assert [row.name for row in rows] == ["already", "by no fall"]
    assert rows[-1].debt.exact == "200"


@given(st.integers(1, 1659), st.integers(0, 1000))
def test_the_curve_agrees_with_the_engine_at_the_fallen_price(debt: int, permille: int) -> None:
    """Exactly, also at the brink: the margin function is asked again after the fall."""
    found = standing(small_case([("a", 10, debt)], [200]))
    reached = book_of(found).reached(permille * WAD // 1000)
    store = _fallen(found, permille)
    draft = Draft(store, found.as_of_ns)
    account = draft.account("a")
    assert (reached.accounts == 1) == is_unsafe(account, account_sums(account, draft))


def _fallen(found: Standing, permille: int) -> MemoryStore:
    """The venue after ether fell by a part of its price."""
    price = 200 * WAD * (1000 - permille) // 1000
    outcome = step(found.store, c.SetPrices(found.as_of_ns, (("ETH", max(price, 1)),)))
    assert isinstance(outcome, Accepted), outcome
    found.store.apply(outcome)
    return found.store


def test_an_account_at_the_brink_is_safe_until_the_price_falls_further() -> None:
    found = book([("a", 10, 1660)])
    assert found.waiting[0].distance_wad == 0
    assert found.reached(0).accounts == 0
    assert found.reached(1).accounts == 1


def test_buckets_sum_to_the_whole_debt() -> None:
    rows = bucket_rows(book(MIXED))
    assert sum(int(row.debt.exact) for row in rows) == 5900
    assert sum(int(row.accounts.exact) for row in rows) == 4
    assert max(row.width for row in rows) == 100


def test_assets_sum_to_the_totals(tmp_path: Path) -> None:
    found = trimtab.health(trimtab.load_case(write_case(tmp_path / "case"))).standing
    totals = health_totals(found)
    held, owed = (
        sum(float(row.bars[side].value.exact) for row in asset_rows(found)) for side in (0, 1)
    )
    assert held == pytest.approx(float(totals["collateral"]), abs=1e-9)
    assert owed == pytest.approx(float(totals["debt"]), abs=1e-9)


def test_the_ten_largest_debts_run_up_to_their_share() -> None:
    rows = debt_rows(book([(f"a{number:02}", 100, 100 * number) for number in range(1, 13)]))
    assert [row.name for row in rows][:2] == ["a12", "a11"]
    assert len(rows) == 10
    assert rows[-1].running.text == "96.2\u202f%"


@pytest.mark.parametrize(
    ("fall_wad", "text"),
    [
        (0, "0\u202f%"),
        (1, "<0.01\u202f%"),
        (WAD // 10_000, "0.01\u202f%"),
        (WAD // 8, "12.50\u202f%"),
        (WAD - 1, "99.99\u202f%"),  # cut, not rounded up
        (WAD, "never"),
    ],
)
def test_distances_never_look_farther_than_they_are(fall_wad: int, text: str) -> None:
    assert distance(fall_wad).text == text


def test_leverage_without_equity_is_a_dash() -> None:
    assert leverage(None).text == "–"
    assert leverage(1234 * WAD + WAD // 2).text == "1,234.50×"


def test_the_picture_says_in_words_what_it_shows() -> None:
    picture = map_picture(book(MIXED))
    assert picture is not None
    assert "from 64.4 % of all debt without a fall to 100 %" in picture.alt
    assert map_picture(book([("a", 1, 0)])) is None


def test_accounts_of_a_group_keep_their_key(tmp_path: Path) -> None:
    found = trimtab.health(trimtab.load_case(write_case(tmp_path / "case"))).standing
    names = [row.name for row in risk_rows(book_of(found))]
    assert "eve/loop" in names
    assert len(names) == 3
