"""Options: help lists what they take, and a refusal names the option, what was found, what fits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from tests.apps.command_line import ask
from tests.apps.stress_case import STRESS_FILE, write_stress_case
from trimtab.adapters.executors import ExecutorKind
from trimtab.apps import choices, usage
from trimtab.apps.service.logs import LEVELS
from trimtab.apps.service.security import Role
from trimtab.apps.stressing.chosen import ENGINES, PROCESSES, StressChoices
from trimtab.apps.stressing.option_names import in_options
from trimtab.apps.verbs import SORTS
from trimtab.simulation.paths import NAMED_SHOCKS
from trimtab.simulation.paths.sampling import SamplingKind
from trimtab.simulation.stress.tuning import Borrowers
from trimtab.units import UsageError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_stress_case(tmp_path_factory.mktemp("named") / "case", settings=STRESS_FILE)


@pytest.mark.parametrize(
    ("texts", "known"),
    [
        (choices.ProcessText, PROCESSES),
        (choices.EngineText, ENGINES),
        (choices.ShockText, ("none", *NAMED_SHOCKS)),
        (choices.SamplingText, tuple(SamplingKind)),
        (choices.ExecutorText, tuple(ExecutorKind)),
        (choices.BorrowersText, tuple(Borrowers)),
        (choices.SortName, tuple(SORTS)),
        (choices.LogLevel, LEVELS),
        (choices.RoleText, tuple(role.name.lower() for role in Role)),
    ],
)
def test_texts_of_a_fixed_set_are_those_of_what_they_name(texts: object, known: tuple) -> None:
    assert set(get_args(texts)) == set(known)


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (("stress",), "--format <table|json> "),
        (("tune",), "--format <table|json> "),
        (("replay",), "--format <table|json> "),
        (("doctor",), "--format <table|json> "),
        (("keys", "list"), "--format <table|json> "),
        (("preset", "list"), "--format <table|json|csv> "),
        (("preset", "show"), "--format <table|json> "),
        (("health",), "--format <table|json|csv|parquet>"),
        (("health",), "--sort <health|distance|debt|collateral|leverage|account>"),
        (("stress",), "--engine <auto|kernel|exact>"),
        (("stress",), "--sampling <plain|antithetic|stratified|tail>"),
        (("stress",), "--shock <none|crash|flash|melt_up|slow_slide>"),
        (("stress",), "--executor <threads|processes|ray>"),
        (("stress",), "brownian, jumps, heston, garch, regimes, bootstrap, filtered or windows"),
        (("tune",), "--borrowers <same_share|fixed>"),
        (("serve",), "--log-level <debug|info|warning|error>"),
        (("keys", "add"), "--role <read|operate|admin>"),
    ],
)
def test_help_lists_the_values_of_a_fixed_set(words: tuple[str, ...], listed: str) -> None:
    text = " ".join(ask(*words, "--help").out.split())
    assert listed.strip() in text


REFUSED = {
    "--paths x": (2, "--paths 'x': expected a whole number"),
    "--paths 0": (2, "--paths '0': expected 1 or more"),
    "--paths 20000000": (2, "--paths 20,000,000: expected from 1 to 10,000,000"),
    "--at yesterday": (2, "--at 'yesterday': expected first, last, or a UTC time"),
    "--horizon-hours nan": (2, "--horizon-hours nan: expected a number above 0"),
    "--horizon-hours 0": (2, "--horizon-hours 0: expected a number above 0"),
    "--horizon-hours 1e9": (2, "--horizon-hours: 3.6e+12 s are "),
    "--step-seconds -1": (2, "--step-seconds -1: expected a number above 0"),
    "--step-seconds 1e9": (2, "--step-seconds: found 1000000000.0, expected above 0, at most"),
    "--process brownian --step-seconds 0.0001": (2, "take longer steps (--step-seconds)"),
    "--process bootstrap --step-seconds 7": (2, "take the step of the history (--step-seconds"),
    "--process windows --paths 100000": (2, "--paths: found 100,000, expected at most"),
    "--process bootstrap --correlation-to-one 0.5": (2, "--correlation-to-one: resampled"),
    "--correlation-to-one 1.5": (2, "--correlation-to-one 1.5: expected a number from 0 to 1"),
    "--settings none.toml": (3, "--settings none.toml: there is no such file"),
    "--sampling lucky": (2, "--sampling 'lucky': expected one of plain, antithetic"),
    "--sampling tail --paths 2": (2, "--sampling tail: found 2 paths, expected at least 8"),
    "--level 1": (2, "--level 1: expected a number between 0 and 1"),
    "--level 0.9 --level x": (2, "--level '0.9', 'x': expected a number"),
    "--fund-probability 0": (2, "--fund-probability 0: expected a number between 0 and 1"),
    "--insolvency-limit 3": (2, "--insolvency-limit 3: expected a number from 0 to 1"),
    "--workers 0": (2, "--workers '0': expected 1 or more"),
    "--workers 100000": (2, "--workers: found 100000, expected 1 to 256"),
    "--seed 9223372036854775808": (2, "--seed 9,223,372,036,854,775,808: expected from 0"),
    "--format csv": (2, "--format 'csv': expected table or json"),
}


@pytest.mark.parametrize("typed", REFUSED)
def test_a_refusal_of_stress_names_its_option(typed: str, folder: Path) -> None:
    code, said = REFUSED[typed]
    answer = ask("stress", folder, *typed.split())
    assert (answer.code, said in answer.complaint) == (code, True), answer.err


def test_an_output_that_cannot_be_is_refused_before_any_work(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for verb in ("stress", "tune", "replay"):
        for out in (file, file / "deep"):
            answer = ask(verb, folder, "--out", out)
            assert answer.code == 3
            assert answer.complaint.startswith(f"error: --out {out}: this is a file; found '")
    answer = ask("demo", "--out", file)
    assert answer.complaint.startswith(f"error: --out {file}: this is a file")
    report = ask("health", folder, "--report", tmp_path)
    assert report.code == 3
    assert f"--report {tmp_path}: the output cannot be written" in report.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("health", "CASE", "--below", "x"), 2, "--below 'x': expected a decimal number"),
        (("health", "CASE", "--against", "no.toml"), 3, "--against no.toml: there is no such"),
        (("health", "CASE", "--at", "1999-01-01T00:00:00Z"), 3, "--at: no prices at that time"),
        (("tune", "CASE", "--out", "o", "--key", "assets.GOLD.max_ltv=1:2:1"), 3, "--key: key a"),
        (("tune", "CASE", "--out", "o", "--key", "a=b:c:d"), 2, "--key a: found b to c by d"),
        (("tune", "CASE", "--out", "o", "--trials", "1"), 2, "--trials '1': expected 2 or more"),
        (("tune", "CASE", "--out", "o", "--trials", "1000000"), 2, "--trials: found 1000000"),
        (("keys", "add", "desk", "--expires", "soon"), 2, "--expires 'soon': expected a UTC"),
        (("keys", "list", "--file", "CASE"), 3, "--file "),
        (("serve", "CASE", "--journal", "CASE"), 3, "--journal case: this is no journal"),
        (("serve", "CASE", "--speed", "0"), 2, "--speed '0': expected 0.001 or more"),
        (("serve", "CASE", "--port", "99999"), 2, "--port '99999': expected 65535 or less"),
    ],
)
def test_a_refusal_of_another_verb_names_its_option(
    words: tuple[str, ...], code: int, said: str, folder: Path, tmp_path: Path
) -> None:
    typed = [str(folder) if word == "CASE" else word for word in words]
    typed = [str(tmp_path / "o") if word == "o" else word for word in typed]
    answer = ask(*typed)
    assert (answer.code, said in answer.complaint) == (code, True), answer.err


@pytest.mark.parametrize("choice", [{"levels": ()}, {"seed": -1}, {"paths": 0}])
def test_choices_are_refused_in_python_by_the_same_names(choice: dict) -> None:
    with pytest.raises(UsageError, match=rf"--{re.sub('s$', '', next(iter(choice)))}"):
        StressChoices(**choice)


def test_what_the_parser_says_otherwise_is_left() -> None:
    assert usage.usage_line("Missing option '--out'.", []) == "Missing option '--out'"
    odd = "Invalid value for '--out': the moon is full"
    assert usage.usage_line(odd, ["--out", "x"]) == odd
    seen = usage.usage_line("Invalid value for '--n': Input should be a valid number", ["--n=x"])
    assert seen == "--n 'x': expected a number"
    assert in_options("the study is of another search: other rules") == (
        "the study is of another search: other rules"
    )
