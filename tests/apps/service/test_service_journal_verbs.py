"""`trimtab journal`: each verb's exit code and one line, and what it leaves of the journal."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.apps.command_line import ask
from trimtab.adapters.stores import open_store
from trimtab.model import Accepted
from trimtab.model import commands as c
from trimtab.model.journal_entries import Entry, Tip, entry_after
from trimtab.units import WAD

COUNT = 7


def told(count: int) -> Sequence[Entry]:
    """Entries that deposit 1, 2, 3 ... ETH, numbered by their source."""
    entries: list[Entry] = []
    tip = Tip()
    for number in range(1, count + 1):
        command = c.Deposit(number, f"a{number}", "ETH", number * WAD)
        entry = entry_after(
            tip, command, outcome=Accepted({}, ()), at_ns=number, source="s", source_number=number
        )
        entries.append(entry)
        tip = entry.tip
    return entries


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "venue.db"
    store = open_store(path)
    store.append(told(COUNT))
    store.close()
    return path


def tip_of(path: Path) -> Tip:
    store = open_store(path, reads_only=True)
    try:
        return store.last()
    finally:
        store.close()


def damage(path: Path) -> None:
    """Turn one bit of the last entry's account, at every place where it is written."""
    content = path.read_bytes()
    assert b'"a7"' in content, "the entry is there as text"
    path.write_bytes(content.replace(b'"a7"', b'"a6"'))


def test_a_whole_journal_is_told_by_its_chain(journal: Path) -> None:
    answer = ask("journal", "verify", journal)
    chain = told(COUNT)[-1].chain
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"whole: {COUNT} entries, chain {chain}\n"


def test_an_empty_journal_is_whole_and_has_nothing_to_retain(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    open_store(path).close()
    assert ask("journal", "verify", path).err.startswith("whole: 0 entries")
    kept = ask("journal", "retain", path)
    assert kept.code == 2
    assert "no snapshot" in kept.complaint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("verify",), "Missing argument 'JOURNAL'"),
        (("verify", "none.db"), "there is no journal none.db"),
        (("back-up", "none.db"), "Missing argument 'TARGET'"),
        (("back-up", "none.db", "copy.db"), "there is no journal none.db"),
        (("restore", "none.db", "new.db"), "there is no back-up none.db"),
        (("export", "none.db", "out"), "there is no journal none.db"),
        (("export", "none.db", "out", "--after", "-1"), "--after '-1': expected 0 or more"),
        (("retain", "none.db"), "there is no journal none.db"),
        (("retain", "none.db", "--snapshot", "x"), "--snapshot 'x': expected a whole number"),
        (("cut-tail", "none.db"), "there is no journal none.db"),
        (("cut-tail", "none.db", "--consent"), "there is no journal none.db"),
        (("frobnicate",), "No such command"),
    ],
)
def test_a_look_at_no_journal_makes_none(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ask("journal", *words)
    assert answer.code == 2
    assert said.lower() in answer.complaint.lower()
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == []


def test_a_back_up_holds_the_same_chain_and_replaces_none(journal: Path) -> None:
    target = journal.parent / "deep" / "monday.db"
    answer = ask("journal", "back-up", journal, target)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.startswith(f"{target}: {COUNT} entries, chain ")
    assert tip_of(target) == tip_of(journal) == told(COUNT)[-1].tip


def test_a_back_up_comes_back_entry_by_entry(journal: Path) -> None:
    copy, fresh = journal.parent / "copy.db", journal.parent / "fresh.db"
    assert ask("journal", "back-up", journal, copy).code == 0
    assert ask("journal", "restore", copy, fresh).code == 0
    store = open_store(fresh, reads_only=True)
    assert list(store.read(0)) == list(told(COUNT))
    assert store.sources() == {"s": COUNT}
    store.close()


def test_nothing_is_restored_over_a_journal_that_has_entries(journal: Path) -> None:
    copy = journal.parent / "copy.db"
    ask("journal", "back-up", journal, copy)
    answer = ask("journal", "restore", copy, journal)
    assert answer.code in (2, 3)
    assert len(answer.complaint) < 300
    assert tip_of(journal).number == COUNT


@pytest.mark.parametrize(("after", "count"), [(0, COUNT), (3, COUNT - 3), (COUNT, 0), (99, 0)])
def test_an_export_tells_how_many_it_wrote(journal: Path, after: int, count: int) -> None:
    folder = journal.parent / "out"
    answer = ask("journal", "export", journal, folder, "--after", after)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err == f"{folder}: {count} entries written\n"


def test_a_cut_of_a_whole_journal_takes_nothing(journal: Path) -> None:
    before = tip_of(journal)
    for words in ((), ("--consent",)):
        answer = ask("journal", "cut-tail", journal, *words)
        assert (answer.code, answer.err) == (0, "the journal is whole: nothing is cut\n")
    assert tip_of(journal) == before


def test_damage_is_named_and_cut_only_by_consent(journal: Path) -> None:
    damage(journal)
    seen = ask("journal", "verify", journal)
    assert (seen.code, seen.out) == (1, "")
    (line,) = seen.err.splitlines()
    assert line.startswith("fault: ")
    assert str(COUNT) in line
    bytes_before = journal.read_bytes()
    refused = ask("journal", "cut-tail", journal)
    assert refused.code == 1
    assert refused.err.splitlines() == [
        line,
        "nothing is cut; --consent gives up what is after the last good entry",
    ]
    assert journal.read_bytes() == bytes_before
    done = ask("journal", "cut-tail", journal, "--consent")
    assert done.code == 0
    assert done.err.splitlines()[-1] == "1 entries given up; what was cut is kept aside"
    assert tip_of(journal) == told(COUNT - 1)[-1].tip
    assert ask("journal", "verify", journal).code == 0
