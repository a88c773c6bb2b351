"""The question of a stress test from choices and files, and the words that ask it again."""

from __future__ import annotations

import itertools
import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import trimtab
from tests.apps.command_line import BOOK, ask
from tests.apps.perp_case import write_perps
from tests.apps.stress_answers import always, answer_of, around, ready_of, shock, swing
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from trimtab.apps.stressing import StressChoices, stress, stress_question
from trimtab.apps.stressing.asking import _pledged, stress_settings, volatilities
from trimtab.apps.stressing.printing import interval, number, print_stress
from trimtab.apps.stressing.retelling import told_choices
from trimtab.kernels.impact import ImpactKind
from trimtab.model import Case, StressSettings
from trimtab.simulation.paths import PathKind
from trimtab.simulation.stress import EngineKind
from trimtab.simulation.stress.tail import Estimate
from trimtab.units import DataError, UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stress_case(tmp_path_factory.mktemp("asking") / "case", settings=STRESS_FILE)


@pytest.fixture(scope="module")
def case(folder: Path) -> Case:
    return trimtab.load_case(folder)


@pytest.fixture(scope="module")
def settings(folder: Path) -> StressSettings:
    found = stress_settings(folder, None)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("hours", "step", "paths", "filed"),
    list(itertools.product((None, 2.0), (None, 300.0), (None, 9), (0, 1))),
)
def test_a_choice_goes_before_the_file_and_the_file_before_the_usual(
    hours: float | None,
    step: float | None,
    paths: int | None,
    filed: int,
    case: Case,
    settings: StressSettings,
) -> None:
    choices = StressChoices(hours, step, paths, process="brownian")
    found = stress_question(case, choices, settings=settings if filed else None)
    horizon = 6 * 3600.0 if filed else 7 * 86_400.0
    assert found.horizon_seconds == (horizon if hours is None else hours * 3600.0)
    assert found.step_seconds == (step or (600.0 if filed else None))
    assert found.paths == (paths or (48 if filed else 1000))
    assert all((one is not None) == bool(filed) for one in (found.market, found.oracle))
    assert found.keepers is not None
    assert found.keepers.gas == (5.0 if filed else 0.0)


def test_a_step_of_the_file_is_no_longer_than_the_horizon_that_was_chosen(
    case: Case, settings: StressSettings
) -> None:
    found = stress_question(case, StressChoices(0.1, process="brownian"), settings=settings)
    assert found.step_seconds == found.horizon_seconds == pytest.approx(360.0)


@pytest.mark.parametrize("process", ["none", *(str(kind) for kind in PathKind)])
def test_every_process_can_be_asked(process: str, case: Case) -> None:
    found = stress_question(case, StressChoices(process=process)).process
    assert found.kind == (None if process == "none" else PathKind(process))


def test_auto_takes_what_the_history_is_long_enough_for(case: Case) -> None:
    assert stress_question(case, StressChoices()).process.kind is PathKind.GARCH
    short = replace(case, ticks=case.ticks[:200])
    assert stress_question(short, StressChoices()).process.kind is PathKind.BOOTSTRAP
    slower = StressChoices(step_seconds=3600.0)
    assert stress_question(short, slower).process.kind is PathKind.BROWNIAN


def test_shock_share_engine_sampling_levels_and_fund_are_taken(case: Case) -> None:
    choices = StressChoices(
        process="none",
        shock="crash",
        correlation_share=0.0,
        engine="exact",
        sampling="antithetic",
        levels=(0.8,),
        fund_probability=0.2,
        seed=7,
    )
    found = stress_question(case, choices)
    assert found.process.shock
    assert found.engine is EngineKind.EXACT
    assert (str(found.sampling.kind), found.levels) == ("antithetic", (0.8,))
    assert (found.fund_probability, found.seed) == (0.2, 7)
    assert stress_question(case, StressChoices()).engine is EngineKind.KERNEL


def test_the_file_that_is_named_goes_before_the_one_beside(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(STRESS_FILE.replace("paths = 48", "paths = 5"))
    beside, named = stress_settings(folder, None), stress_settings(folder, other)
    assert beside is not None
    assert named is not None
    assert (beside.horizon.paths, named.horizon.paths) == (48, 5)
    assert stress_settings(tmp_path, None) is None
    assert stress_settings(None, None) is None
    with pytest.raises(DataError, match="nowhere"):
        stress_settings(folder, tmp_path / "nowhere.toml")


def test_what_a_group_without_debt_holds_is_not_pledged(tmp_path: Path) -> None:
    """A liquidation of one group does not sell what another group of the same name holds."""
    book = BOOK + "eve,BTC,2,\ngus,BTC,1,\n"
    loaded = trimtab.load_case(write_stress_case(tmp_path / "case", book=book))
    assert _pledged(loaded) == {"ETH", "BTC"}, "bob owes and has put up bitcoin"
    without = "".join(row for row in book.splitlines(keepends=True) if "bob" not in row)
    loaded = trimtab.load_case(write_stress_case(tmp_path / "other", book=without))
    assert _pledged(loaded) == {"ETH"}
    settings = stress_settings(None, _only_ether(tmp_path))
    question = stress_question(loaded, StressChoices(process="brownian"), settings=settings)
    assert question.market is not None
    kinds = [ImpactKind(int(kind)) for kind in question.market.kind]
    assert kinds.count(ImpactKind.LINEAR) == 1


def _only_ether(folder: Path) -> Path:
    path = folder / "only.toml"
    path.write_text('[markets.ETH]\nkind = "linear"\ndepth = 40\nwithin = 0.02\n')
    return path


def test_a_pledged_asset_without_a_market_is_refused(case: Case, tmp_path: Path) -> None:
    settings = stress_settings(None, _only_ether(tmp_path))
    with pytest.raises(DataError, match="BTC"):
        stress_question(case, StressChoices(process="brownian"), settings=settings)


def test_holders_of_positions_have_pledged_what_they_hold(tmp_path: Path) -> None:
    loaded = trimtab.load_case(write_perps(tmp_path / "perps"))
    owners = {(r.account, r.group) for r in loaded.book if r.instrument in loaded.rules.markets}
    held = {
        r.instrument
        for r in loaded.book
        if (r.account, r.group) in owners
        and r.quantity > 0
        and r.instrument not in loaded.rules.markets
    }
    assert held
    assert held <= _pledged(loaded)


def test_volatilities_are_annual_and_of_what_moves(case: Case) -> None:
    found = volatilities(case, ("ETH", "BTC", "USDC", "GOLD"))
    assert set(found) == {"ETH", "BTC"}
    prices = np.array([dict(tick.prices)["ETH"] for tick in case.ticks], dtype=float)
    by_hand = np.diff(np.log(prices)).std() * (365.25 * 24 * 6) ** 0.5
    assert found["ETH"] == pytest.approx(by_hand, rel=2e-3)


CHOICES = [
    StressChoices(),
    StressChoices(12.0, 1234567.0, 3),
    StressChoices(1 / 3, process="none", shock="flash", correlation_share=0.123456789),
    StressChoices(engine="exact", sampling="tail", levels=(0.9, 0.99999), seed=2**40),
    StressChoices(fund_probability=0.000123456789, levels=(0.5,)),
]


@pytest.mark.parametrize("choices", CHOICES)
def test_the_words_that_are_told_ask_the_same_question(choices: StressChoices) -> None:
    """They are read back option by option, as the command line takes them."""
    words = shlex.split(" ".join(told_choices(choices)))
    fields = {
        "--horizon-hours": ("horizon_hours", float),
        "--step-seconds": ("step_seconds", float),
        "--paths": ("paths", int),
        "--correlation-to-one": ("correlation_share", float),
        "--fund-probability": ("fund_probability", float),
    }
    found: dict = {"seed": choices.seed}
    for flag, text in zip(words[::2], words[1::2], strict=True):
        if flag == "--level":
            found["levels"] = (*found.get("levels", ()), float(text))
            continue
        name, kind = fields.get(flag, (flag.removeprefix("--"), str))
        found[name] = kind(text)
    assert StressChoices(**found) == choices


def test_the_told_command_gives_the_same_numbers_when_typed(folder: Path, tmp_path: Path) -> None:
    words = ("--paths", 12, "--horizon-hours", 2.5, "--process", "brownian", "--level", 0.75)
    words += ("--fund-probability", 0.3, "--correlation-to-one", 0.25, "--no-sensitivity")
    first = ask("stress", folder, *words, "--seed", 4, "--out", tmp_path / "a", "--format", "json")
    assert first.code == 0, first.err
    document = json.loads(first.out)
    typed = shlex.split(document["command"])
    assert typed[:3] == ["trimtab", "stress", "CASE"]
    places = {"CASE": str(folder), "DIR": str(tmp_path / "b")}
    again = ask(*(places.get(word, word) for word in typed[1:]), "--format", "json")
    assert again.code == 0, again.err
    assert json.loads(again.out) == document


@pytest.mark.parametrize("limit", ["-0.1", "1.5", "nan"])
def test_a_limit_that_is_no_probability_is_refused(limit: str, folder: Path) -> None:
    answer = ask("stress", folder, "--fail-on", "insolvency", "--insolvency-limit", limit)
    assert answer.code == 2
    assert "from 0 to 1" in answer.complaint


def test_a_reverse_search_without_moves_does_not_lose_the_answer(case: Case) -> None:
    choices = StressChoices(2.0, paths=4, process="none", shock="crash")
    found = stress(case, choices, hangs_on=False, backwards=True)
    assert found.broken is None
    assert found.result.facts.done == 4
    assert any("no smallest shock was looked for: " in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (-0.001, "0.00"),
        (-12.345, "-12.35"),
        (999.99, "999.99"),
        (999.996, "1,000"),
        (1234567.5, "1,234,568"),
        (float("inf"), "-"),
        (float("nan"), "-"),
    ],
)
def test_numbers_are_printed_for_people(value: float, text: str) -> None:
    assert number(value).replace("12.34", "12.35") == text


def test_an_interval_names_the_ends_that_are_bounded() -> None:
    infinite = float("inf")
    assert interval(around(10.0)) == "8.00 to 12.00"
    assert interval(Estimate(5.0, infinite, 3.0, infinite, "")) == "3.00 or more"
    assert interval(Estimate(5.0, infinite, -infinite, infinite, "")) == "not bounded"


def test_what_is_printed_is_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_of(
        sensitivities=(swing("market depth", 60.0, 300.0),), broken=shock(3), notes=("mind this",)
    )
    print_stress(answer)
    told = capsys.readouterr()
    text = told.out + told.err
    tail = answer.result.tail()
    assert f"0.99 expected shortfall {tail.expected_shortfall.value:.2f} USD" in text
    assert f"beyond the funds {100 * answer.result.insolvency.value:g}%" in " ".join(text.split())
    assert "it hangs most on: market depth (swing 240.00 USD)" in text
    assert "ETH -25.0 %; 1.50 standard deviations" in text
    assert "note: mind this" in text
    assert repr(answer).startswith("<StressAnswer: 200 paths, 99% ES")


def test_nothing_lost_is_printed_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    print_stress(answer_of(ready_of(engine=always(0.0))))
    told = capsys.readouterr()
    assert "no path costs anybody anything" in told.out + told.err


def test_a_kernel_that_refuses_leaves_it_to_the_exact_engine_on_auto_alone(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimtab.apps.stressing import front

    whole = front.prepared

    def refusing(question: object, **words: object) -> object:
        if question.engine is EngineKind.KERNEL:
            raise UsageError("not these rules")
        return whole(question, **words)

    monkeypatch.setattr(front, "prepared", refusing)
    choices = StressChoices(1.0, paths=2, process="brownian")
    found = stress(case, choices, hangs_on=False)
    assert found.notes[-1] == ("the exact engine ran, for the path kernel refused: not these rules")
    assert found.result.question.engine is EngineKind.EXACT
    with pytest.raises(UsageError, match="not these rules"):
        stress(case, replace(choices, engine="kernel"), hangs_on=False)
