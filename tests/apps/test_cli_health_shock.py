"""`trimtab health --shock`: the book once prices have moved at once, exactly, in every form."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

import trimtab
from tests.apps.command_line import RULES, ask, write_case
from tests.apps.perp_case import write_perps
from tests.apps.test_report import assert_stands_alone
from trimtab.engine import Draft
from trimtab.simulation.price_shock import Shock, shocked_records
from trimtab.units import WAD, DataError


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("shock") / "small")


def document(case: Path, *words: object) -> dict:
    answer = ask("health", case, *words, "--format", "json")
    assert (answer.code, answer.err) == (0, ""), answer.err
    found: dict = json.loads(answer.out)
    return found


def test_accounts_stand_where_the_moved_prices_put_them(case: Path) -> None:
    """Ann: 10 ether at 2000 less 30 %, at 80 %, against 12,000: 14,000 x 0.8 / 12,000."""
    found = document(case, "--shock", "ETH=-30%", "--shock", "BTC=-20%")
    assert found["shock"] == {
        "asked": {"ETH": "-30%", "BTC": "-20%"},
        "prices": [
            {"asset": "ETH", "before": "2000", "after": "1400"},
            {"asset": "BTC", "before": "30000", "after": "24000"},
        ],
        "liquidatable_before": 0,
        "newly_liquidatable": ["ann", "bob", "eve/loop"],
        "owed_by_wildcard": [],
        "note": "",
    }
    ann = next(one for one in found["accounts"] if one["account"] == "ann")
    assert ann["health_factor"] == "0.933333333333333333"
    assert (ann["collateral"], ann["equity"]) == ("14000", "2000")
    bob = next(one for one in found["accounts"] if one["account"] == "bob")
    assert bob["weighted_collateral"] == "5160"
    assert found["totals"]["liquidatable"] == 3


def test_a_shock_is_the_book_at_those_prices(case: Path, tmp_path: Path) -> None:
    """The same answers as of a case whose prices are so, but for the shock and the inputs."""
    prices = "timestamp,asset,price\n2020-01-01T00:00:00Z,ETH,1234.5\n"
    prices += "2020-01-01T00:00:00Z,BTC,27000\n2020-01-01T00:00:00Z,USDC,1\n"
    other = write_case(tmp_path / "other", prices=prices)
    moved = document(case, "--shock", "ETH=1234.5", "--shock", "*=-10%", "--shock", "USDC=1")
    plain = document(other)
    assert moved["accounts"] == plain["accounts"]
    assert moved["totals"] == plain["totals"]
    assert "shock" not in plain


def test_products_are_exact_and_rounded_down() -> None:
    case = trimtab.demo_case()
    plain = trimtab.health(case)
    draft = Draft(plain.standing.store, plain.standing.as_of_ns)
    before = draft.mark("ETH").price_wad
    found = trimtab.health(case, shock={"ETH": "-33.333333333333333%"})
    assert found.shock is not None
    move = next(one for one in found.shock.moves if one.asset == "ETH")
    assert move.before_wad == before
    assert move.after_wad == before * 666_666_666_666_666_670 // WAD


def test_the_table_says_what_moved_and_whom_it_makes_liquidatable(case: Path) -> None:
    answer = ask("health", case, "--shock", "ETH=-30%")
    title = answer.out.splitlines()[0]
    assert title.endswith("after a shock: ETH 2,000.0000 -> 1,400.0000")
    first = answer.err.splitlines()[0]
    assert first == "the shock makes 2 liquidatable beside 0 before it: ann, eve/loop"


WILDCARD = "* moved what is owed too: USDC; name assets to move them alone"


def test_a_wildcard_that_moves_debts_says_so_in_every_form(case: Path, tmp_path: Path) -> None:
    """USDC falls with the rest, and with it every debt: nobody is nearer than before."""
    page = tmp_path / "health.html"
    answer = ask("health", case, "--shock", "*=-30%", "--report", page)
    assert answer.err.splitlines()[:2] == [
        "the shock makes 0 liquidatable beside 0 before it",
        f"note: {WILDCARD}",
    ]
    told = document(case, "--shock", "*=-30%")["shock"]
    assert (told["owed_by_wildcard"], told["note"]) == (["USDC"], WILDCARD)
    assert f"Note: {WILDCARD}." in page.read_text(encoding="utf-8")


def test_debts_that_are_named_or_keep_their_price_need_no_note(case: Path) -> None:
    for words in (("*=-30%", "USDC=1"), ("ETH=-30%",), ("*=-30%", "USDC=-1%")):
        asked = [word for text in words for word in ("--shock", text)]
        assert document(case, *asked)["shock"]["note"] == "", words


def test_rows_and_exit_code_are_of_after_the_shock(case: Path) -> None:
    words = ("--shock", "ETH=-30%", "--account", "ann")
    rows = list(csv.DictReader(io.StringIO(ask("health", case, *words, "--format", "csv").out)))
    assert rows[0]["health_factor"] == "0.933333333333333333"
    assert ask("health", case, "--fail-on", "liquidatable").code == 0
    assert ask("health", case, "--fail-on", "liquidatable", *words).code == 1


def test_the_report_begins_with_the_shock(case: Path, tmp_path: Path) -> None:
    page = tmp_path / "health.html"
    assert ask("health", case, "--shock", "ETH=-30%", "--report", page).code == 0
    text = page.read_text(encoding="utf-8")
    assert_stands_alone(text)
    assert "Prices are moved at once, before anybody acts: ETH from " in text
    assert "trimtab health CASE --at first --shock ETH=-30% --report REPORT" in text


def test_whatever_the_report_says_first_says_after_which_moves(tmp_path: Path) -> None:
    """Title, date line, verdict and tiles: a page read in passing is not taken for a fact."""
    moves = {"ETH": "-30%", "STETH": "-35%"}
    trimtab.health(trimtab.demo_case(), shock=moves).report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8").replace("\u202f", " ")
    page = page.replace("\u00a0", " ").replace("\u2212", "-")
    after = "After ETH -30 %, STETH -35 %: "
    assert f"<title>{after}123 accounts liquidatable" in page
    assert f"<h1>{after}123 accounts liquidatable" in page
    dated = page.partition('<p class="period">')[2].partition("</p>")[0]
    assert dated.partition(" · ")[0].endswith(", after ETH -30 %, STETH -35 %")
    verdict = page.partition('<p class="verdict')[2].partition("</p>")[0]
    assert after in verdict
    assert " now" not in verdict
    tiles = page.partition('<ul class="tiles">')[2].partition("</ul>")[0].split("<li")[1:]
    assert sum("; after ETH -30 %, STETH -35 %" in tile for tile in tiles) == len(tiles) - 1
    assert "liquidatable now" not in page.partition("<main>")[0].lower()
    assert "After a further market fall of 10 %" in page


def test_a_price_and_a_wildcard_are_told_as_they_were_asked(case: Path, tmp_path: Path) -> None:
    page = tmp_path / "health.html"
    words = ("--shock", "ETH=2100", "--shock", "*=+1.5%", "--report", page)
    assert ask("health", case, *words).code == 0
    told = page.read_text(encoding="utf-8").replace("\u202f", " ").replace("\u00a0", " ")
    assert "<h1>After ETH at 2100 USD, all else +1.5 %: nobody is liquidatable" in told


def test_other_rules_are_asked_at_the_moved_prices(case: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.replace("liquidation_threshold = 0.80", "liquidation_threshold = 0.76"))
    words = ("--against", rules, "--shock", "ETH=-24%")
    assert [one["account"] for one in document(case, *words)["against"]["accounts"]] == ["ann"]


def test_mark_prices_move_with_their_asset(tmp_path: Path) -> None:
    """The last mark of ETH-PERP is not its index price, and falls by the same tenth."""
    case = write_perps(tmp_path / "perps")
    plain, moved = (
        {one["market"]: one for row in found["accounts"] for one in row["positions"]}
        for found in (
            document(case, "--at", "2024-01-01T00:30:00Z"),
            document(case, "--at", "2024-01-01T00:30:00Z", "--shock", "ETH=-10%"),
        )
    )
    before, after = (Decimal(held["ETH-PERP"]["mark_price"]) for held in (plain, moved))
    assert after == before * Decimal("0.9")
    assert moved["BTC-USD"] == plain["BTC-USD"]
    at_first = document(case, "--shock", "ETH=-10%")["shock"]
    assert at_first["newly_liquidatable"] == ["ann", "bob/iso"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ETH", "--shock 'ETH': expected ASSET=-30%"),
        ("=-30%", "--shock '=-30%': expected ASSET=-30%"),
        ("ETH=much", "--shock ETH=much: expected ASSET=-30%"),
        ("ETH=nan%", "--shock ETH=nan%: expected ASSET=-30%"),
        ("ETH=-100%", "--shock ETH=-100%: expected a price above 0 after it"),
        ("ETH=0", "--shock ETH=0: expected a price above 0 after it"),
        ("ETH=-30", "expected a price above 0 after it; ETH=-30% for a fall of 30 %"),
        ("*=5", "--shock *=5: expected a move, such as *=-20%"),
        ("ETHH=-30%", "--shock ETHH=-30%: there is no such asset; expected BTC, ETH, USD, USDC"),
        ("USD=-1%", "--shock USD=-1%: this asset has no price of its own"),
        ("ETH=-99.9999999999999999999%", "--shock ETH=-99.99"),
    ],
)
def test_another_form_is_refused_by_its_option(case: Path, text: str, said: str) -> None:
    answer = ask("health", case, "--shock", text)
    assert answer.code == 2
    assert said in answer.complaint


def test_no_fall_is_offered_that_would_be_refused_too(case: Path) -> None:
    assert "for a fall" not in ask("health", case, "--shock", "ETH=-100").complaint


def test_an_asset_is_moved_once(case: Path) -> None:
    answer = ask("health", case, "--shock", "ETH=-30%", "--shock", "ETH=5")
    assert answer.code == 2
    assert "ETH is moved to -30% already" in answer.complaint


def test_yield_bearing_assets_move_with_their_underlying() -> None:
    case = trimtab.demo_case()
    plain, moved = trimtab.health(case), trimtab.health(case, shock={"ETH": "-10%"})
    assert moved.shock is not None
    named = {one.asset for one in moved.shock.moves}
    derived = {name for name, rules in case.rules.assets.items() if rules.underlying}
    assert named == {"ETH"} | {
        name for name in derived if case.rules.assets[name].underlying == "ETH"
    }
    store, at_ns = plain.standing.store, plain.standing.as_of_ns
    records = shocked_records(store, Draft(store, at_ns), shock=Shock({"ETH": WAD * 9 // 10}))
    assert len(records) == 1
    for name in derived:
        with pytest.raises(DataError, match="no price of its own"):
            shocked_records(store, Draft(store, at_ns), shock=Shock({name: WAD // 2}))
