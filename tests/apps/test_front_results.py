"""The Python front door: the same answers as the command line, as records."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

import trimtab
from tests.apps.command_line import ask, write_case
from trimtab.apps import front
from trimtab.model import Case


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_case(tmp_path / "case")


def test_the_front_door_is_short_and_complete() -> None:
    assert set(trimtab.__all__) <= set(dir(trimtab))
    for name in trimtab.__all__:
        assert getattr(trimtab, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = trimtab.nothing  # type: ignore[attr-defined]


def test_health_gives_the_document_that_the_command_prints(folder: Path) -> None:
    result = trimtab.health(trimtab.load_case(folder))
    printed = json.loads(ask("health", folder, "--format", "json", "--sort", "account").out)
    assert result.to_json() | {"seed": 0} == printed
    assert result.tables["accounts"]["account"] == ["ann", "bob", "dee", "eve"]


def test_health_at_a_moment(folder: Path) -> None:
    case = trimtab.load_case(folder)
    found = trimtab.health(case, at_ns=case.ticks[3].at_ns)
    assert {a.account for a in found.accounts if a.liquidatable} == {"bob", "eve"}


def test_below_takes_a_decimal_text(folder: Path) -> None:
    accounts = trimtab.health(trimtab.load_case(folder)).accounts
    assert [account.account for account in front.below(accounts, "1.1")] == ["eve"]


def test_replay_tables_and_document_agree_with_the_files(folder: Path, tmp_path: Path) -> None:
    result = trimtab.replay(trimtab.load_case(folder), seed=3)
    result.save(tmp_path / "out")
    assert result.to_json() == json.loads((tmp_path / "out/summary.json").read_text())
    saved = duckdb.read_parquet(str(tmp_path / "out/events.parquet")).fetchall()
    assert len(saved) == len(result.tables["events"]["seq"])
    assert set(result.tables) == {"events", "metrics"}


def test_a_report_is_written_alone(folder: Path, tmp_path: Path) -> None:
    result = trimtab.replay(trimtab.load_case(folder))
    result.report(tmp_path / "page.html")
    assert "<html" in (tmp_path / "page.html").read_text()


def test_a_journal_lets_python_resume(folder: Path, tmp_path: Path) -> None:
    case, path = trimtab.load_case(folder), tmp_path / "deep" / "journal.jsonl"
    whole = trimtab.replay(case, journal=path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    assert trimtab.replay(case, journal=path, resume=True).to_json() == whole.to_json()
    assert path.read_bytes() == b"".join(lines)


def test_a_failing_replay_leaves_the_old_journal_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    trimtab.replay(trimtab.load_case(folder), journal=path)
    before = path.read_bytes()

    def broken(*_: object, **__: object) -> None:
        raise trimtab.TrimtabError("no")

    monkeypatch.setattr(front, "run_replay", broken)
    with pytest.raises(trimtab.TrimtabError):
        trimtab.replay(trimtab.load_case(folder), journal=path)
    assert path.read_bytes() == before


def test_the_demo_case_is_the_same_wherever_it_is_asked_for(demo: Case, tmp_path: Path) -> None:
    front.write_demo_case(tmp_path / "demo")
    assert trimtab.load_case(tmp_path / "demo") == demo


def test_nobody_starts_unsafe_in_the_demo(demo: Case) -> None:
    assert not any(account.liquidatable for account in trimtab.health(demo).accounts)
    former = trimtab.demo_case(former=True)
    assert former.book == demo.book
    assert former.rules != demo.rules
