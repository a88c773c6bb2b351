"""The replay report where takers leave positions open: who is unsafe, why, and how much."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps.perp_case import PERP_RULES, prices_of_steps, write_perps
from tests.apps.test_report import Reader, assert_stands_alone
from tests.apps.test_report_positions_words import plain, run_of
from trimtab.apps.presets import load_case
from trimtab.apps.report import replay_report
from trimtab.apps.report.ends import Cause, ends_of
from trimtab.apps.report.figures import exposure_at_risk
from trimtab.apps.report.notes import warnings_of
from trimtab.apps.report.shown import plain_text
from trimtab.apps.report.story import CAUSES, paragraph_of
from trimtab.simulation import ReplayRun, replay
from trimtab.units import WAD

FALL = (("2000", "", "30000"), ("1900", "", "30000"))
NO_TAKERS = PERP_RULES + "\n[replay]\nposition_depth = 0\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("left")


@pytest.fixture(scope="module")
def stuck(folder: Path) -> ReplayRun:
    """Takers close nothing at all, so that bob's isolated long is left unsafe."""
    case = write_perps(folder / "stuck", rules=NO_TAKERS, prices=prices_of_steps(FALL))
    return replay(load_case(case))


def test_who_is_left_with_positions_is_not_said_to_have_nothing(stuck: ReplayRun) -> None:
    both = ends_of(stuck)
    (left,) = both.left
    assert (left.account, left.cause, left.gain_wad) == ("bob/iso", Cause.TAKERS, None)
    assert left.debt_wad == 1900 * WAD
    words = plain(plain_text(paragraph_of(stuck, both)))
    assert words.endswith(
        "At the end 1 account with 1,900 USD of debt and notional is still unsafe: holding "
        "positions that takers, for their depth or a limit, did not close."
    )
    warned = [plain(plain_text([one])) for one in warnings_of(stuck, both)]
    assert warned[0].startswith("1 unsafe account with 1,900 USD of debt and notional is holding")
    assert set(CAUSES) == set(Cause)


def test_a_page_of_who_is_left_stands_alone(stuck: ReplayRun) -> None:
    page = replay_report(stuck, command="trimtab replay CASE --out DIR")
    assert_stands_alone(page)
    text = " ".join(plain(Reader(page).text).split())
    assert "Unsafe at the end: 1 account" in text
    assert "has positions that takers did not close" in text
    assert "No loss was booked, but unsafe accounts are left at the end." in text


@pytest.mark.parametrize("name", ["crash", "without debt", "stuck"])
def test_the_line_at_risk_is_what_stands_below_its_health(
    folder: Path, stuck: ReplayRun, name: str
) -> None:
    """Health below 1.1: the three lowest buckets, of debt and notional."""
    run = stuck if name == "stuck" else run_of(folder, name)
    columns = run.metrics.columns
    low = [columns[f"debt_health_from_{edge}"] for edge in ("0", "1", "1.05")]
    expected = [sum(step) for step in zip(*low, strict=True)]
    assert exposure_at_risk(run.metrics).tolist() == pytest.approx(expected)
    if name == "stuck":
        # Ann's 7,600 stand at a health of 1.097, and bob's isolated 1,900 are unsafe.
        assert expected == pytest.approx([0.0, 9500.0, 9500.0])
