"""What `trimtab replay` finds in its folder: another run, a journal of other inputs, nothing."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import pytest

from tests.apps.command_line import BOOK, RULES, Answer, ask, prices_text, write_case
from trimtab.apps import front, verbs
from trimtab.apps.replay_folder import is_to_resume

OUTPUTS = {"events.parquet", "metrics.parquet", "summary.json", "report.html", "journal.jsonl"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("folder") / "small")


def run(case: Path, out: Path, *more: object) -> Answer:
    return ask("replay", case, "--out", out, "--format", "json", *more)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def cut(out: Path, lines: int) -> None:
    """Leave of a run its journal alone, up to a line."""
    journal = (out / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for name in OUTPUTS:
        (out / name).unlink()
    (out / "journal.jsonl").write_bytes(b"".join(journal[:lines]))


def test_the_same_run_again_says_what_it_replaces(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(case, out)
    assert first.err == ""
    before, again = contents(out), run(case, out)
    line = f"replaces the finished run in {out}, which is of the same inputs and seed\n"
    assert (again.code, again.err) == (0, line)
    assert contents(out)["summary.json"] == before["summary.json"]
    assert {path.name for path in out.iterdir()} == OUTPUTS


@pytest.mark.parametrize("what", ["seed", "case"])
def test_a_finished_run_of_others_is_kept_whole(case: Path, tmp_path: Path, what: str) -> None:
    out, other, more = tmp_path / "out", case, ("--seed", 4)
    if what == "case":
        other, more = write_case(tmp_path / "o", book=BOOK.replace("ann,ETH,10", "ann,ETH,11")), ()
    assert run(case, out).code == 0
    before, answer = contents(out), run(other, out, *more)
    assert answer.code == 0
    told = f"the finished run in {out} is of other inputs or another seed"
    assert answer.err == f"{told}: kept as {out / 'earlier-1'}\n"
    assert contents(out / "earlier-1") == before
    assert json.loads(answer.out) == json.loads((out / "summary.json").read_text())
    assert run(case, out).err.endswith(f"kept as {out / 'earlier-2'}\n")
    assert contents(out / "earlier-1") == before


def test_an_unfinished_run_is_kept_and_can_go_on_where_it_is(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    whole = json.loads(run(case, out).out)
    cut(out, 5)
    answer = run(case, out)
    kept = out / "earlier-1"
    assert f"an unfinished run is in {out}: kept as {kept}; " in answer.err
    assert is_to_resume(kept)
    assert json.loads(run(case, kept, "--resume").out) == whole


@pytest.mark.parametrize("lines", [None, 0, 1])
def test_nothing_to_resume_is_said(case: Path, tmp_path: Path, lines: int | None) -> None:
    out = tmp_path / "out"
    if lines is not None:
        assert run(case, out).code == 0
        cut(out, lines)
    answer = run(case, out, "--resume")
    line = f"nothing to resume in {out}: the replay starts at its first step\n"
    assert (answer.code, answer.err) == (0, line)


def test_going_on_says_nothing_of_it(case: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(case, out).code == 0
    cut(out, 4)
    assert run(case, out, "--resume").err == ""
    assert run(case, out, "--resume").err == ""


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"rules": RULES.replace("0.75", "0.74")}, "rules.toml differs from then"),
        ({"book": BOOK.replace("ann,ETH,10", "ann,ETH,11")}, "book.csv differs from then"),
        (
            {"book": BOOK + "zoe,ETH,1,\n", "prices": prices_text((2000, 1999))},
            "book.csv, prices.csv differ from then",
        ),
    ],
)
def test_a_journal_of_another_case_names_the_files(
    case: Path, tmp_path: Path, changed: dict[str, str], named: str
) -> None:
    out = tmp_path / "out"
    assert run(case, out).code == 0
    cut(out, 4)
    complaint = run(write_case(tmp_path / "other", **changed), out, "--resume").complaint
    assert f"journal.jsonl: the journal is of another run: {named}; run without" in complaint
    assert len(complaint) < 200


def interrupted(case: Path, out: Path, *more: object, at: str) -> Answer:
    """A replay that gets Ctrl-C in one of its parts."""
    owner = verbs if at == "load_case" else front.ReplayResult if at == "save" else front
    with mock.patch.object(owner, at, side_effect=KeyboardInterrupt):
        return run(case, out, *more)


@pytest.mark.parametrize("at", ["load_case", "run_replay"])
def test_before_the_first_step_the_way_on_is_the_same_command(
    case: Path, tmp_path: Path, at: str
) -> None:
    answer = interrupted(case, tmp_path / "out", at=at)
    assert answer.code == 130
    assert answer.complaint == (
        "error: interrupted before the first step: nothing is written; run the same command again"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("at", ["save", "load_case"])
def test_with_a_journal_the_way_on_is_to_resume(case: Path, tmp_path: Path, at: str) -> None:
    """Also while the outputs are written, and while a resumed run still reads its case."""
    out, more = tmp_path / "out", ()
    if at == "load_case":
        assert run(case, out).code == 0
        more = ("--resume",)
    answer = interrupted(case, out, *more, at=at)
    assert answer.code == 130
    assert answer.complaint == (
        f"error: interrupted; the journal in {out} is whole: go on with --resume"
    )
    assert run(case, out, "--resume").code == 0
    assert {path.name for path in out.iterdir()} == OUTPUTS


def test_an_interrupted_demo_is_run_again(tmp_path: Path) -> None:
    with mock.patch.object(front, "run_replay", side_effect=KeyboardInterrupt):
        answer = ask("demo", "--out", tmp_path / "demo")
    assert answer.code == 130
    assert answer.err.splitlines()[-1] == "error: interrupted; run the same command again"
