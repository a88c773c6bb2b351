"""A market fall of the health report: what falls, what keeps its price, and whom it reaches."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

import trimtab
from tests.apps.command_line import write_case
from tests.apps.test_health_report import MIXED, book, words_of
from trimtab.apps.report.health_book import HealthBook, book_of
from trimtab.apps.report.health_fall import PART_WAD, stable_assets
from trimtab.apps.report.health_story import health_paragraph, health_title
from trimtab.apps.report.health_tiles import health_tiles
from trimtab.apps.report.shown import plain_text
from trimtab.model import Case
from trimtab.units import WAD, format_decimal

FALLING = ("ETH", "STETH", "WBTC")


@cache
def demo() -> Case:
    return trimtab.demo_case()


@cache
def demo_book() -> HealthBook:
    return book_of(trimtab.health(demo()).standing)


def moved(percent: str) -> trimtab.HealthResult:
    return trimtab.health(demo(), shock=dict.fromkeys(FALLING, f"-{percent}%"))


def test_the_names_of_what_falls_and_what_does_not() -> None:
    fall = demo_book().fall
    assert (fall.moving, fall.kept) == (FALLING, ("DAI", "USDC"))


@pytest.mark.parametrize("percent", [5, 10, 30])
def test_a_market_fall_is_the_shock_of_what_falls(percent: int) -> None:
    """The same accounts and debts, to the wad, as moving those prices and asking again."""
    unsafe = [one for one in moved(str(percent)).accounts if one.liquidatable]
    reach = demo_book().fall.reaches[percent]
    assert reach.accounts == len(unsafe) > 0
    assert reach.debt_wad == sum(one.debt_wad for one in unsafe)


def test_debts_in_ether_do_not_count_as_if_they_kept_their_price() -> None:
    """Collateral alone reaches several times the debt that a fall of the market does."""
    book_ = demo_book()
    alone, market = book_.reached(WAD // 10), book_.fall.reaches[10]
    assert alone.debt_wad > 7 * market.debt_wad
    told = plain_text(health_paragraph(book_))
    assert "ETH, STETH and WBTC lose the same part of the price, held or owed alike" in told
    assert "DAI and USDC, worth about 1 USD, keep their price" in told
    assert "staker-" not in told


def test_the_first_debt_is_reached_a_hundredth_of_a_percent_further_and_not_before() -> None:
    fall = demo_book().fall
    assert fall.first is not None
    before, after = (
        {one.account for one in moved(format_decimal(at, 16)).accounts if one.liquidatable}
        for at in (fall.first_wad, fall.first_wad + PART_WAD)
    )
    assert not before
    assert fall.first.account in after
    assert "the first debt is a market fall of" in health_title(demo_book())


def test_where_only_stable_debts_are_owed_both_falls_agree() -> None:
    found = book(MIXED)
    assert found.fall.first is not None
    assert found.fall.first.account == "bob"
    assert found.fall.first_wad == found.waiting[0].distance_wad // PART_WAD * PART_WAD
    assert found.fall.reaches[10].accounts == found.reached(WAD // 10).accounts


def test_a_book_of_stable_assets_has_no_market_to_fall(tmp_path: Path) -> None:
    """Prices near 1: the report says that nothing moves instead of a distance."""
    prices = "timestamp,asset,price\n"
    prices += "".join(f"2020-01-01T00:00:00Z,{name},1.01\n" for name in ("ETH", "BTC", "USDC"))
    text = "account,instrument,quantity,group\nann,ETH,10,\nann,USDC,-7.9,\ndee,USDC,50,\n"
    case = trimtab.load_case(write_case(tmp_path / "case", book=text, prices=prices))
    found = book_of(trimtab.health(case).standing)
    assert stable_assets(found.found) >= {"ETH", "USDC", "USD"}
    assert found.fall.first is None
    assert health_title(found) == "Nobody is liquidatable, and no fall of the market changes that"
    told = plain_text(health_paragraph(found))
    assert "A market fall would move nothing here: all is worth about 1 USD." in told


def test_the_tiles_and_the_page_say_which_fall_they_mean(tmp_path: Path) -> None:
    tiles = {tile.name.replace("\u202f", " "): tile for tile in health_tiles(demo_book())}
    assert "falls along" in plain_text([tiles["After a market fall of 10 %"].note])
    assert "Market fall to the first debt" in tiles
    trimtab.health(demo()).report(tmp_path / "page.html")
    told = words_of((tmp_path / "page.html").read_text())
    assert "What a fall of collateral alone would make liquidatable" in told
    assert "what they owe keeps its price" in told
