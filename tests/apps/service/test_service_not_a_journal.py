"""`trimtab journal` on what is no journal: one line, exit code 3, and nothing made or changed."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from tests.apps.service.test_service_journal_verbs import COUNT, journal, told

assert journal, "a fixture of the verbs' own tests"


def other_database(path: Path, *, log: bool = False) -> None:
    """A SQLite file of another program; with `log` its table is in the log alone."""
    with closing(sqlite3.connect(path)) as file:
        if log:
            file.execute("PRAGMA journal_mode=WAL")
        file.execute("CREATE TABLE recipes (name TEXT)")
        file.execute("INSERT INTO recipes VALUES ('soup')")
        file.commit()


def make(kind: str, path: Path) -> None:
    match kind:
        case "text":
            path.write_text("no journal at all\n" * 500)
        case "empty":
            path.write_bytes(b"")
        case "database":
            other_database(path)
        case "logged database":
            other_database(path, log=True)
        case "folder":
            path.mkdir()
        case "archive":
            path.write_bytes(gzip.compress(b'["somebody else\'s", 1]\n'))
        case _:
            assert kind == "short"
            path.write_bytes(b"SQLite")


def state(folder: Path) -> dict[str, str]:
    """Every file and folder, with what is in it."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


KINDS = {
    "text": "a file of another kind",
    "short": "a file of another kind",
    "empty": "an empty file",
    "database": "a database of another program",
    "logged database": "a database of another program",
    "folder": "a folder",
}
VERBS = (
    ("verify", "notes.db"),
    ("back-up", "notes.db", "deep/copy.db"),
    ("export", "notes.db", "out"),
    ("retain", "notes.db"),
    ("cut-tail", "notes.db"),
    ("cut-tail", "notes.db", "--consent"),
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_it_is_said_in_one_line_and_nothing_is_made(
    kind: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(kind, tmp_path / "notes.db")
    before = state(tmp_path)
    answer = ask("journal", *words)
    assert answer.code == 3
    assert answer.complaint == (
        f"error: notes.db: this is no journal; found '{KINDS[kind]}'; "
        "expected a file that `trimtab serve --journal` wrote"
    )
    assert state(tmp_path) == before


@pytest.mark.parametrize("kind", ["text", "short", "empty", "database", "folder", "archive"])
def test_no_journal_is_made_from_what_is_no_back_up(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(kind, tmp_path / "notes.db")
    before = state(tmp_path)
    answer = ask("journal", "restore", "notes.db", "new.db")
    assert answer.code == 3
    assert answer.complaint.startswith("error: notes.db: this is no ")
    assert state(tmp_path) == before


@pytest.mark.parametrize("kind", ["text", "database", "logged database", "folder"])
def test_nothing_is_restored_or_served_into_somebody_else_s_file(
    kind: str, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(journal.parent)
    assert ask("journal", "back-up", journal, "copy.db").code == 0
    make(kind, journal.parent / "notes.db")
    before = state(journal.parent)
    answer = ask("journal", "restore", "copy.db", "notes.db")
    assert answer.code == 3
    assert "notes.db: this is no journal" in answer.complaint
    assert state(journal.parent) == before


def test_an_export_of_an_unreadable_journal_leaves_no_folder(journal: Path) -> None:
    journal.write_bytes(b"overwritten\n" * 1000)
    folder, copy = journal.parent / "out", journal.parent / "deep" / "copy.db"
    for words in (("export", journal, folder), ("back-up", journal, copy)):
        answer = ask("journal", *words)
        assert answer.code == 3
        assert "venue.db" in answer.complaint
    assert not folder.exists()
    assert not copy.parent.exists()


def test_what_was_a_journal_is_one_however_damaged(journal: Path) -> None:
    """Its witness says so: the fault is named, and the file is set aside by consent alone."""
    content = b"overwritten\n" * 1000
    journal.write_bytes(content)
    seen = ask("journal", "verify", journal)
    assert (seen.code, seen.out) == (1, "")
    assert seen.err.startswith("fault: entry 1: the file is not readable")
    assert ask("journal", "cut-tail", journal, "--consent").code == 0
    assert Path(f"{journal}.broken-1").read_bytes() == content


def test_a_journal_beside_its_writer_is_seen_as_one(tmp_path: Path) -> None:
    """All that a service has written yet may stand in the log, not in the file."""
    from trimtab.adapters.stores import open_store

    path = tmp_path / "venue.db"
    store = open_store(path)
    store.append(told(COUNT))
    try:
        answer = ask("journal", "verify", path)
    finally:
        store.close()
    assert answer.err.startswith(f"whole: {COUNT} entries")
