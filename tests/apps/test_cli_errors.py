"""Usage errors, bad data and defects: one line on stderr, the documented code, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps.command_line import BOOK, ask, spawn, write_case
from trimtab.apps import front, verbs
from trimtab.units import NumberError, RulesError, UsageError


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case") / "small")


@pytest.mark.parametrize(
    "words",
    [
        ("--sort", "wealth"),
        ("--limit", "0"),
        ("--limit", "many"),
        ("--below", "soon"),
        ("--below", "1e400"),
        ("--at", "yesterday"),
        ("--format", "xml"),
        ("--fail-on", "weather"),
        ("--seed", "-1"),
        ("--account", "nobody"),
        ("--bogus",),
        ("one", "too", "many"),
    ],
)
def test_wrong_options_of_health_are_usage_errors(case: Path, words: tuple[str, ...]) -> None:
    answer = ask("health", case, *words)
    assert answer.code == 2
    assert answer.complaint


@pytest.mark.parametrize(
    "words",
    [("health",), ("replay",), ("replay", "case"), ("fly",), ("--bogus",), ("doctor", "x")],
)
def test_wrong_commands_are_usage_errors(words: tuple[str, ...]) -> None:
    answer = ask(*words)
    assert answer.code == 2
    assert answer.complaint


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_summary_is_no_table(case: Path, tmp_path: Path, form: str) -> None:
    answer = ask("replay", case, "--out", tmp_path / "out", "--format", form)
    assert answer.code == 2
    assert answer.complaint
    assert not (tmp_path / "out").exists()
    assert ask("doctor", "--format", form).code == 2


def test_without_a_command_the_help_is_shown() -> None:
    answer = ask()
    assert answer.code == 2
    assert answer.err.startswith("Usage: trimtab")
    assert answer.raw == b""


def test_help_and_version_are_data() -> None:
    for words in (("--help",), ("health", "--help"), ("--version",)):
        answer = ask(*words)
        assert (answer.code, answer.err) == (0, "")
        assert answer.out
    assert "Exit codes" in ask("--help").out


def test_every_verb_shows_an_example_in_its_help() -> None:
    for verb in ("demo", "health", "replay", "doctor"):
        assert f"Example: trimtab {verb}" in ask(verb, "--help").out


@pytest.mark.parametrize("at", ["1999-01-01T00:00:00Z"])
def test_a_moment_before_the_prices_is_bad_data(case: Path, at: str) -> None:
    assert ask("health", case, "--at", at).code == 3


def test_a_missing_case_is_bad_data(tmp_path: Path) -> None:
    answer = ask("health", tmp_path / "nowhere")
    assert answer.code == 3
    assert "nowhere" in answer.complaint
    assert str(tmp_path) not in answer.complaint


def test_bad_data_says_where(tmp_path: Path) -> None:
    case = write_case(tmp_path / "case", book=BOOK.replace("0.1", "lots"))
    complaint = ask("health", case).complaint
    assert "book.csv" in complaint
    assert "quantity" in complaint


@pytest.mark.parametrize("verb", ["health", "replay"])
def test_a_defect_is_exit_code_four_in_one_line(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr(front, verb, broken)
    words = (verb, case, *(("--out", tmp_path / "out") if verb == "replay" else ()))
    answer = ask(*words)
    assert answer.code == 4
    assert "internal error: ZeroDivisionError: first line second line" in answer.complaint


def test_a_traceback_only_with_debug(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(front, "health", broken)
    answer = ask("health", case, "--debug")
    assert answer.code == 4
    assert "Traceback" in answer.err
    assert answer.err.splitlines()[-1].startswith("error: internal error")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (MemoryError(), 4),
        (PermissionError(13, "Permission denied", "book.csv"), 3),
        (RulesError("no"), 3),
        (NumberError("no"), 3),
        (UsageError("no"), 2),
        (RecursionError("deep"), 4),
    ],
)
def test_every_failure_has_its_code(
    case: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(verbs, "load_case", failing)
    answer = ask("health", case)
    assert answer.code == code
    assert answer.complaint


def test_markup_in_a_name_is_printed_as_it_is(tmp_path: Path) -> None:
    names = ["[red]", "[bold", ":smile:", "a\\", "ünï", "{x}"]
    rows = "".join(f"{name},ETH,1\n" for name in names)
    case = write_case(tmp_path / "case", book=f"account,instrument,quantity\n{rows}")
    answer = ask("health", case)
    assert answer.code == 0, answer.err
    firsts = {line.split()[0] for line in answer.out.splitlines() if line.strip()}
    assert set(names) <= firsts
    assert ask("replay", case, "--out", tmp_path / "out").code == 0


def test_a_long_name_is_whole_in_a_pipe(tmp_path: Path) -> None:
    name = "x" * 400
    case = write_case(tmp_path / "case", book=f"account,instrument,quantity\n{name},ETH,1\n")
    assert name in ask("health", case).out


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\x00b", "a\tb", "a\u202eb", "a\u200bb", "a\x7f"])
def test_control_characters_in_a_name_are_refused(tmp_path: Path, name: str) -> None:
    case = write_case(tmp_path / "case", book=f'account,instrument,quantity\n"{name}",ETH,1\n')
    answer = ask("health", case)
    assert answer.code == 3
    assert answer.complaint.isprintable()


def test_a_venue_with_markup_in_its_name_can_be_replayed(tmp_path: Path) -> None:
    case = write_case(tmp_path / "case")
    rules = (case / "rules.toml").read_text().replace('"small"', '"[/red] :smile:"')
    case = write_case(tmp_path / "case", rules=rules)
    answer = ask("replay", case, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "[/red] :smile:" in answer.out


def test_usage_errors_of_a_process_are_one_line() -> None:
    answer = spawn("health", "--bogus")
    assert answer.code == 2
    assert answer.complaint
