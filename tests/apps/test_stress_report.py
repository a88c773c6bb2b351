"""The page of a stress test: what it says is what was found, at every edge."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.apps.stress_answers import (
    EDGES,
    always,
    answer_of,
    ready_of,
    shock,
    swing,
)
from tests.apps.test_report import Reader, assert_stands_alone
from trimtab.apps.report.shown import NARROW
from trimtab.apps.report.stress import stress_report
from trimtab.apps.stressing import StressAnswer
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress import SamplingChoice
from trimtab.units import float_of, parse_decimal


@cache
def found_of(edge: str) -> StressAnswer:
    return EDGES[edge]()


@cache
def page_of(edge: str) -> str:
    return stress_report(found_of(edge))


def words_of(page: str) -> str:
    text = Reader(page).text.replace(NARROW, " ").replace("\u00a0", " ")
    return " ".join(text.split())


def section(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def exact(page: str) -> list[str]:
    """The exact figures of a part of a page, in order."""
    return re.findall(r'<data value="([^"]*)"', page)


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_edge_gives_a_page_that_stands_alone(edge: str) -> None:
    page = page_of(edge)
    assert_stands_alone(page)
    words = words_of(page)
    for odd in ("nan", "inf ", "None", "Infinity", "1 paths", "1 days", "1 steps", "{}"):
        assert f" {odd}" not in words, words
    assert "\u202e" not in page
    assert "\x07" not in page


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_every_picture_has_words_and_both_widths(edge: str) -> None:
    reader = Reader(page_of(edge))
    drawn = [attributes for tag, attributes in reader.tags if tag == "svg"]
    for width in ("wide", "narrow"):
        told = [one["aria-label"] for one in drawn if one["class"] == width]
        assert len(told) == len(drawn) // 2 >= 1
        assert all(len(words) > 60 and words.endswith(".") for words in told)
    assert reader.captions
    assert all(reader.captions), "a figure has no caption"


@pytest.mark.parametrize("edge", sorted(EDGES))
def test_links_within_the_page_lead_to_what_is_there(edge: str) -> None:
    page = page_of(edge)
    linked = re.findall(r'href="#(\w+)"', page.partition("<nav")[2].partition("</nav>")[0])
    assert linked == re.findall(r'<section id="(\w+)"', page)


SAID = [
    ("falling", "The funds are exceeded on 4.0 % of paths"),
    ("falling", "3 accounts turn unsafe, 1 of them under water"),
    ("falling", "Of that 53.8 % falls on suppliers and holders."),
    ("falling", "It hangs most on market depth, which moves it by 240 USD."),
    ("no loss", "No path costs anybody anything"),
    ("no loss", "On none of them does anybody bear a loss."),
    ("no loss", "No path loses anything."),
    ("no loss", "they do not rule out up to 1.9 %"),
    ("all the same", "The funds are exceeded on 100 % of paths"),
    ("all the same", "ETH by 77.7 %"),
    ("one path", "along 1 possible price path of 2 days"),
    ("one path", "they do not rule out up to 79.3 %"),
    ("nobody owes", "a book of 0 USD of debt, which uses 0 % of its borrow capacity"),
    ("many fail", "12,345 accounts turn unsafe, 6,172 of them under water"),
    ("nothing breaks it", "No joint shock that was tried breaks the funds."),
    ("hostile", "<script>alert(1)</script>\"'&{{7*7}}\\u202egpj.exe\\u0007$x^2$0/<i>"),
    ("levels", "Expected shortfall at 99.995 %"),
    ("levels", "VaR 0.99995"),
    ("tiny losses", "it is <0.01 USD on average"),
]


@pytest.mark.parametrize(("edge", "words"), SAID)
def test_states_are_said_plainly(edge: str, words: str) -> None:
    assert words in words_of(page_of(edge)), words_of(page_of(edge))[:4000]


@pytest.mark.parametrize(
    ("edge", "name"),
    [
        ("no loss", "tornado"),
        ("nothing moves it", "tornado"),
        ("falling", "assumed nothing"),
        ("nobody owes", "heat"),
        ("all the same", "reverse"),
    ],
)
def test_what_was_not_found_has_no_section(edge: str, name: str) -> None:
    assert f'id="{name}"' not in page_of(edge)


def test_the_same_answer_gives_the_same_bytes() -> None:
    assert stress_report(EDGES["falling"]()) == page_of("falling")


def test_hostile_names_are_text() -> None:
    page = page_of("hostile")
    assert "<script" not in page
    assert "</title><b>" not in page
    assert "49" not in words_of(page).partition("Trimtab stress report")[0]
    assert "</title><b>&{{7*7}}\\u202e" in words_of(page)


def close(text: str, value: float) -> bool:
    return float(text) == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("edge", ["falling", "all the same", "levels", "two paths"])
def test_the_table_of_measures_is_the_documents(edge: str) -> None:
    document = found_of(edge).to_json()["measures"]
    part = section(page_of(edge), "losses").partition('aria-label="Measures"')[2]
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', part.partition("</table>")[0])
    names = ("loss", "bad_debt", "liquidated", "insurance_used", "backstop_used", "deleveraged")
    for row, name in zip(rows, names, strict=False):
        found = document[name]
        told = [found["mean"]["value"], found["quantiles"]["0.5"]]
        for tail in found["tails"]:
            told += [tail["value_at_risk"]["value"], tail["expected_shortfall"]["value"]]
        told.append(found["worst"])
        shown = exact(row)
        assert len(shown) == len(told)
        assert all(map(close, shown, told)), (name, shown, told)


def test_bearers_worst_paths_and_cascade_are_the_documents() -> None:
    page, document = page_of("falling"), found_of("falling").to_json()
    rows = re.findall(r'<tr[^>]*><th scope="row">(.*?)</tr>', section(page, "bearers"))
    assert len(rows) == len(document["bearers"]) + 1 == 7
    whole = document["measures"]["loss"]
    mean, tail, share = exact(rows.pop())
    assert close(mean, whole["mean"]["value"])
    assert float(tail) == pytest.approx(whole["tails"][-1]["expected_shortfall"]["value"])
    assert share == "100 %"
    for row, one in zip(rows, document["bearers"], strict=True):
        mean, tail, share = exact(row)
        assert close(mean, one["mean"])
        assert close(tail, one["tail_mean"])
        assert float(share.removesuffix(" %")) == pytest.approx(100 * one["tail_share"])
    worst = section(page, "losses").partition('aria-label="The worst paths"')[2]
    rows = re.findall(r'<tr><th scope="row">(\d+)</th>(.*?)</tr>', worst)
    assert [int(number) for number, _ in rows] == [one["path"] for one in document["worst"]]
    for (_, row), one in zip(rows, document["worst"], strict=True):
        loss, _, beyond = exact(row)
        assert close(loss, one["loss"])
        assert close(beyond, max(one["loss"] - 50.0, 0.0))
    points = document["curve"]["points"]
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', section(page, "cascade"))
    assert len(rows) == len(points)
    for row, point in zip(rows, points, strict=True):
        told = ("liquidated", "liquidated_alone", "loss", "loss_alone")
        assert all(close(text, point[name]) for text, name in zip(exact(row), told, strict=True))
        assert "1.25x" in row


def test_keepers_rows_are_means_and_the_most() -> None:
    found = found_of("all the same")
    shown = exact(section(page_of("all the same"), "keepers"))
    assert [float(text) for text in shown[:4]] == [2.0, 2.0, 7000.0, 7000.0]
    assert ">2</data>" in section(page_of("all the same"), "keepers")
    assert found.tables["outcomes"]["liquidations"].tolist() == [2.0] * 200


def test_a_push_of_prices_is_told_as_a_fraction_not_a_logarithm() -> None:
    told = words_of(stress_report(answer_of(ready_of(paths=4, engine=always(9.0, -3.0)))))
    assert f"ETH by {100 * (1 - np.exp(-3.0)):.1f} %" in told
    assert "300" not in told.partition("sales pushed down")[2].partition("A path is")[0]


def test_an_interrupted_run_says_so() -> None:
    whole = found_of("falling")
    facts = replace(whole.result.facts, done=150, asked=200)
    page = stress_report(replace(whole, result=replace(whole.result, facts=facts)))
    assert "Interrupted: 150 of 200 paths are counted." in words_of(page)


@pytest.mark.parametrize("kind", [k for k in SamplingKind if k is not SamplingKind.PLAIN])
def test_weighted_paths_are_told_with_their_weights(kind: SamplingKind) -> None:
    ready = ready_of(paths=256, sampling=SamplingChoice(kind))
    answer = answer_of(ready)
    page = stress_report(answer)
    assert_stands_alone(page)
    table = answer.tables["outcomes"]
    mean = float((table["liquidated"] * table["weight"]).mean())
    row = section(page, "keepers").partition("debt repaid")[2]
    assert close(exact(row)[0], mean)
    share = re.search(r"On ([\d.,<]+) % of them somebody bears", words_of(page))
    assert share is not None
    losing = float((table["weight"] * (table["bad_debt"] > 0)).mean())
    assert float(share[1]) == pytest.approx(100 * min(losing, 1.0), abs=0.06)


def test_the_heat_map_is_debt_times_the_chance_to_get_there() -> None:
    from trimtab.apps.report.stress_heat import _grid

    answer = found_of("falling")
    edges, expected = _grid(answer)
    owed = sum(float_of(one.debt_wad, 18) for one in answer.standing.accounts if one.debt_wad)
    assert 0.0 < expected.sum(axis=0).max() <= owed
    assert (np.diff(expected, axis=1) >= 0.0).all(), "what was reached stays reached"
    near = float(expected[:, -1].sum())
    prices = answer.lowest[:, -1]
    by_hand = 0.0
    for one in answer.standing.accounts:
        at = one.liquidation_price_wad.get("ETH")
        if at is None or not edges[0] <= float_of(at, 18) <= edges[-1]:
            continue
        row = min(np.searchsorted(edges, float_of(at, 18), side="right") - 1, len(edges) - 2)
        middle = 0.5 * (edges[row] + edges[row + 1])
        by_hand += float_of(one.debt_wad, 18) * float((prices <= middle).mean())
    assert near == pytest.approx(by_hand)


def test_failing_accounts_are_named_with_their_group_and_exact_values() -> None:
    page = stress_report(answer_of(broken=shock(3, name="eve", group="loop")))
    part = section(page, "reverse")
    assert part.count('title="eve') == 3
    assert 'title="eve1/loop"' in part
    last = re.findall(r'<tr><th scope="row"><bdi(.*?)</tr>', part)[-1]
    assert [parse_decimal(text, 18) for text in exact(last)] == [
        n * 10**18 for n in (1000, 902, 98)
    ]


def test_swings_are_drawn_largest_first_and_those_of_nothing_not() -> None:
    swings = (swing("volatility", 40.0, 400.0), swing("delay", 90.0, 110.0), swing("gas", 7, 7))
    part = section(stress_report(answer_of(sensitivities=swings)), "tornado")
    wide = part.partition('class="narrow"')[0]
    assert wide.index("volatility: x 0.5 and x 2") < wide.index("delay: x 0.5 and x 2")
    assert "gas" not in part


def test_what_is_hidden_stays_within_what_scrolls() -> None:
    """Else a phone scrolls the page to where a heading that nobody sees would stand."""
    page = page_of("falling")
    rules = dict(re.findall(r"^(\.[\w-]+) \{ ([^}]*)\}", page, re.MULTILINE))
    assert "position: absolute" in rules[".hidden"]
    assert "position: relative" in rules[".scroll"]
    head, _, rest = page.partition('<span class="hidden">')
    while rest:
        assert head.rindex('<div class="scroll"') > head.rfind("</table></div>")
        head, _, rest = rest.partition('<span class="hidden">')
    phone = page.partition("@media screen and (max-width: 640px)")[2]
    assert ".bars.bearers .track" in phone
    assert '<table class="bars bearers">' in section(page, "bearers")
