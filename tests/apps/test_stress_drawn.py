"""Where paths were drawn from stands beside the probabilities that they give."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import trimtab
from tests.apps.command_line import ask
from tests.apps.stress_case import prices_text, swinging, write_stress_case
from tests.apps.test_report import Reader
from trimtab.apps.report.stress import stress_report
from trimtab.apps.stressing import StressChoices, stress
from trimtab.apps.stressing.drawn import allowed_words, resampled
from trimtab.apps.stressing.printing import print_stress

STEPS = 200
CHOICES = {"paths": 40, "horizon_hours": 12.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of 33 hours, too short for GARCH, that ends below where it began."""
    place = tmp_path_factory.mktemp("drawn") / "case"
    return write_stress_case(place, prices=prices_text(STEPS))


def answer_of(folder: Path, **choices: object) -> trimtab.apps.stressing.StressAnswer:
    case = trimtab.load_case(folder)
    return stress(case, StressChoices(**(CHOICES | choices)), hangs_on=False)


def words_of(page: str) -> str:
    text = Reader(page).text.replace("\u202f", " ").replace("\u00a0", " ")
    return " ".join(text.split())


def test_resampled_history_says_so_where_the_number_stands(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = answer_of(folder)
    found = resampled(answer)
    assert found is not None
    prices = swinging(STEPS)
    assert found.hours == pytest.approx((STEPS - 1) / 6)
    assert found.moved == pytest.approx(prices[-1] / prices[0] - 1.0)
    assert found.first == pytest.approx(prices[0])
    end = answer.price_quantiles()[answer.fan.levels.index(0.5), -1]
    assert found.median == pytest.approx(end)
    page = stress_report(answer)
    header = page.partition("<header>")[2].partition("</header>")[0]
    assert "drawn from the case&#39;s own 33.17 hours" in header
    assert f"{abs(found.moved):.1%}" in header
    print_stress(answer)
    told = capsys.readouterr().err.splitlines()
    line = next(line for line in told if line.startswith("probability of a loss"))
    assert found.source in line
    assert found.caution in line
    assert not re.search(r"\d\.\d\d+%", line), "no digits that forty paths cannot know"


def test_from_a_later_moment_it_is_the_history_that_was_learnt_from(folder: Path) -> None:
    first, last = (resampled(answer_of(folder, at=at)) for at in ("first", "last"))
    assert first is not None
    assert last is not None
    assert (last.hours, last.moved) == (pytest.approx(first.hours), pytest.approx(first.moved))
    assert last.first == pytest.approx(swinging(STEPS)[-1])


@pytest.mark.parametrize("process", ["brownian", "none"])
def test_paths_without_drift_need_no_word(folder: Path, process: str) -> None:
    answer = answer_of(folder, process=process, paths=8, shock="crash")
    assert resampled(answer) is None
    assert "drawn from" not in stress_report(answer).partition("</header>")[0]


def test_the_dateline_has_date_horizon_paths_and_seed(folder: Path) -> None:
    words = words_of(stress_report(answer_of(folder, seed=7)))
    told = "12 hours from 1 January 2020, 00:00 UTC: 40 paths of 72 steps of 10 minutes, seed 7"
    assert f"{told} · values in USD" in words


def test_what_nobody_asked_for_is_the_default(folder: Path) -> None:
    assert allowed_words(0.01) == "the default of 0.01"
    assert allowed_words(0.02) == "the 0.02 asked for"
    page = words_of(stress_report(answer_of(folder)))
    assert "than the default of 0.01" in page
    assert "asked for" not in page
    asked = words_of(stress_report(answer_of(folder, fund_probability=0.05)))
    assert "than the 0.05 asked for" in asked


def test_funds_are_told_in_a_sentence(folder: Path) -> None:
    answer = ask("stress", folder, "--paths", 40, "--horizon-hours", 12, "--no-sensitivity")
    assert answer.code == 0, answer.err
    told = r"funds of [\d,.]+ USD would be exceeded with a probability of at most 0\.01; there are"
    assert re.search(told, answer.err)
    assert np.isfinite(answer_of(folder).result.fund.size.value)
