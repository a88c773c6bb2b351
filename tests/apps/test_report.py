"""The report as a whole: what a browser, a screen reader and a careful reader find in it."""

import re
from collections.abc import Sequence
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from trimtab.adapters.files import load_case
from trimtab.apps.report import replay_report
from trimtab.apps.summaries import replay_summary
from trimtab.model import AssetRules, BookRow, Case, FundRules, ReplayRules, Rules, Tick
from trimtab.simulation import ReplayRun, crisis_case, replay
from trimtab.simulation.crisis import crisis_rules_2020
from trimtab.units import WAD

VOID = {"meta", "br", "link", "img", "input", "hr"}
HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}\u202egpj.exe\x07$x^2$"
START_NS = 1_700_000_000 * 10**9
Owed = Sequence[tuple[str, int, int]]


def small_case(
    owed: Owed, prices: Sequence[int], *, venue: str = "small", insurance: int = 0, gas: int = 0
) -> Case:
    """Accounts with ether and a debt in dollars, through prices of ether ten minutes apart."""
    ether = AssetRules(
        "ETH",
        decimals=18,
        max_ltv_wad=80 * WAD // 100,
        liquidation_end_wad=83 * WAD // 100,
        liquidation_threshold_wad=83 * WAD // 100,
        liquidation_bonus_wad=5 * WAD // 100,
    )
    dollar = AssetRules("USD", decimals=18, max_ltv_wad=WAD, liquidation_threshold_wad=WAD)
    rules = Rules(
        venue, "USD", {"ETH": ether, "USD": dollar}, {}, insurance=FundRules(insurance * WAD)
    )
    book = []
    for name, held, debt in owed:
        book.append(BookRow(name, "ETH", held * WAD))
        book += [BookRow(name, "USD", -debt * WAD)] if debt else []
    ticks = [
        Tick(START_NS + 600 * 10**9 * step, (("ETH", price * WAD),))
        for step, price in enumerate(prices)
    ]
    return Case("small", rules, tuple(book), tuple(ticks), ReplayRules(gas_cost_wad=gas * WAD))


def page_of(case: Case) -> str:
    return replay_report(replay(case), command="trimtab replay small --out out")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[ReplayRun]:
    """The demo, smaller: today's rules, then those of 2020."""
    found = []
    for name in ("today", "then"):
        folder: Path = tmp_path_factory.mktemp(name)
        texts = crisis_case(7, accounts=60)
        if name == "then":
            texts["rules.toml"] = crisis_rules_2020()
        for file, text in texts.items():
            (folder / file).write_text(text)
        found.append(replay(load_case(folder)))
    return found


@pytest.fixture(scope="module")
def page(runs: list[ReplayRun]) -> str:
    return replay_report(runs[0], command="trimtab demo --seed 7", others=runs[1:])


EDGES = {
    "nobody owes": small_case([("alice", 10, 0)], [200, 100]),
    "one step": small_case([("alice", 10, 1500), ("bob", 10, 1700)], [200]),
    "one step, no debt": small_case([("alice", 10, 0)], [200]),
    "one account": small_case([("alice", 10, 1500)], [200, 190, 20]),
    "no liquidation": small_case([("alice", 10, 100)], [200, 210, 190]),
    "prices stand still": small_case([("alice", 10, 1500)], [200, 200, 200]),
    "the fund pays": small_case([("alice", 10, 1500)], [200, 90], insurance=100_000),
    "too small for the gas": small_case([("alice", 1, 160)], [200, 190], gas=50),
    "unsafe from the start": small_case([("alice", 10, 1900)], [200, 201]),
    "hostile names": small_case(
        [(HOSTILE, 10, 1500), ("b" * 300, 10, 1400)], [200, 100], venue="</title><b>&{{7*7}}"
    ),
}


@cache
def edge_page(edge: str) -> str:
    return page_of(EDGES[edge])


class Reader(HTMLParser):
    """Reads a page strictly: tags must close in order; notes tags, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.captions: list[bool] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"attribute twice in <{tag}>: {names}"
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "figure":
            self.captions.append(False)
        if tag in ("figcaption", "h3") and "figure" in self.open:
            self.captions[-1] = True
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def assert_stands_alone(page: str) -> None:
    """Well formed, without scripts, and without anything that a browser would fetch."""
    reader = Reader(page)
    assert "script" not in {tag for tag, _ in reader.tags}
    assert not {"link", "iframe", "object", "base"} & {tag for tag, _ in reader.tags}
    assert not [name for _, attributes in reader.tags for name in attributes if name[:2] == "on"]
    for value in reader.values("href") + reader.values("src"):
        assert value.startswith(("#", "data:image/png;base64,")), value[:60]
    assert "://" not in page
    assert "@import" not in page
    ids = reader.values("id")
    assert len(ids) == len(set(ids)), "an id occurs twice"
    links = [value[1:] for value in reader.values("href") if value.startswith("#")]
    links += re.findall(r"url\(#([^)]*)\)", page)
    assert set(links) <= set(ids)


def test_the_page_stands_alone(page: str) -> None:
    assert_stands_alone(page)


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_edge_case_gives_a_page_that_stands_alone(edge: str) -> None:
    assert_stands_alone(edge_page(edge))


def test_every_picture_says_in_words_what_it_shows(page: str) -> None:
    reader = Reader(page)
    pictures = [attributes for tag, attributes in reader.tags if tag == "svg"]
    assert len(pictures) == 6  # three pictures, each wide and narrow
    for attributes in pictures:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"]) > 60
    assert len(reader.captions) == sum(tag == "figure" for tag, _ in reader.tags) >= 6
    assert all(reader.captions)


def test_pictures_have_the_colors_of_the_page(page: str) -> None:
    assert "#0000" not in page.partition("<body>")[2]
    used = set(re.findall(r"var\(--([a-z0-9]+)\)", page))
    assert used <= set(re.findall(r"--([a-z0-9]+):", page))
    assert page.count('class="only-light"') == page.count('class="only-dark"') == 2


def test_tables_have_headings_with_scope(page: str) -> None:
    headings = [attributes for tag, attributes in Reader(page).tags if tag == "th"]
    assert headings
    assert all(attributes.get("scope") in ("col", "row") for attributes in headings)


def test_exact_figures_are_those_of_the_summary(page: str, runs: list[ReplayRun]) -> None:
    text = Reader(page).text
    exact = page.partition('id="exact"')[2]
    summary = replay_summary(runs[0])
    for key, value in summary.items():
        if key in ("versions", "inputs"):
            assert all(name in text and one in text for name, one in value.items())
            continue
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        row = rf"<code>{key}</code></th><td class=\"n\"><bdi>{re.escape(shown)}</bdi>"
        assert re.search(row, exact), key


def test_rounded_figures_stand_for_the_exact_ones(page: str) -> None:
    """What a tooltip says and what the page shows agree in the digits shown."""
    pattern = r'<data value="(-?[\d.]+) USD" title="[^"]*">([^<]*)</data>'
    found = re.findall(pattern, page)
    assert len(found) > 15
    for exact, text in found:
        number, _, word = unescape(text).replace("\u2212", "-").partition("\u00a0")
        scale = {"million": 1e6, "billion": 1e9}.get(word.split("\u00a0")[0], 1)
        if number.startswith("<"):
            continue
        digits = len(number.partition(".")[2])
        rounded = float(number.replace(",", "")) * scale
        assert rounded == pytest.approx(float(exact), abs=0.51 * scale / 10**digits)


def test_the_headline_tells_who_what_and_who_paid(page: str, runs: list[ReplayRun]) -> None:
    lead = Reader(page.partition('class="lead"')[2].partition("</p>")[0].join(["<p ", "</p>"])).text
    run, words = runs[0], lead.replace("\u00a0", " ").replace("\u202f", " ")
    assert f"{len(run.metrics.screen.keys)} accounts held" in words
    assert "ETH stood at 195.00 USD" in words
    assert "fell by 48.2 % to 101.00 USD on 12 March 2020, 23:40 UTC" in words
    assert f"In {run.tally.liquidations} liquidations" in words
    assert "Every asset's cash is conserved to the last unit." in words
    assert f"At the end {len(run.unwanted)} accounts" in words
    assert "for the gas" in words


def test_other_rules_stand_side_by_side(page: str, runs: list[ReplayRun]) -> None:
    labels = [run.case.rules.venue for run in runs]
    section = page.partition('id="comparison"')[2].partition("</section>")[0]
    assert all(label in section for label in labels)
    assert "<code>liquidation.sizing</code>" in section
    assert "target_health" in section
    assert "whole" in section
    assert "<code>assets.ETH" not in section  # those are the same
    losses = page.partition('id="losses"')[2].partition("</section>")[0]
    assert all(f"<h3><bdi>{label}</bdi></h3>" in losses for label in labels)


def test_runs_with_other_prices_are_not_passed_off_as_other_rules() -> None:
    run, other = (replay(small_case([("alice", 10, 1500)], prices)) for prices in ([200], [150]))
    assert "do not have the same prices" in replay_report(run, command="", others=[other])
    assert "do not have the same" not in replay_report(run, command="", others=[run])


def test_the_same_run_gives_the_same_bytes() -> None:
    assert page_of(EDGES["the fund pays"]) == edge_page("the fund pays")


def test_hostile_names_are_text() -> None:
    page = edge_page("hostile names")
    assert "<script" not in page
    assert "</title><b>" not in page
    text = Reader(page).text
    assert "<script>alert(1)</script>\"'&{{7*7}}\\u202egpj.exe\\u0007$x^2$" in text
    assert "</title><b>&{{7*7}}" in text
    assert "\u202e" not in page
    assert "\x07" not in page


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        ("nobody owes", "Nobody owes anything"),
        ("nobody owes", "There was no loss"),
        ("nobody owes", "No account was liquidated and none left a loss."),
        ("one step", "there is no course of prices to draw"),
        ("one step", "there is no course of time to draw"),
        ("no liquidation", "No account had to be liquidated."),
        ("no liquidation", "No liquidation, no loss"),
        ("prices stand still", "ETH, most of the collateral, did not move."),
        ("the fund pays", "nobody outside the venue's funds paid"),
        ("too small for the gas", "too small to pay a keeper for the gas"),
        ("unsafe from the start", "unsafe at the first step, before anybody acts"),
        ("one account", "suppliers and holders bear all of it"),
    ],
)
def test_empty_and_small_states_are_said_plainly(edge: str, words: str) -> None:
    assert words in " ".join(Reader(edge_page(edge)).text.split())


def test_pages_of_long_histories_stay_small() -> None:
    prices = [200 - step % 37 for step in range(1500)]
    case = small_case([(f"account {number}", 10, 1000 + number) for number in range(3)], prices)
    page = page_of(case)
    assert len(page.encode()) < 600_000
    assert "at most 722 of 1,500 steps" in Reader(page).text


def test_the_page_of_the_demo_is_small_enough_to_send(page: str) -> None:
    assert len(page.encode()) < 1_500_000
