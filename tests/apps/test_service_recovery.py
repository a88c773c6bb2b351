"""Recovery: the state that was lost, from wherever it begins, or an error that says why not."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.apps.journal_story import Story, genesis_of, story_of
from tests.simulation.cases import small_case
from trimtab.adapters.stores import SqlJournal, open_store
from trimtab.apps.service.recovery import hash_of_case, recover, take_snapshot
from trimtab.engine import MemoryStore
from trimtab.model import Case
from trimtab.model.journal_entries import Entry, JournalDamagedError, JournalError, Tip, chained
from trimtab.model.state_text import encode_state

MIDDLE, LATE = 8, 20


@pytest.fixture(scope="module")
def story() -> Story:
    return story_of(small_case(), snapshot_at=(MIDDLE, LATE))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    opened = open_store(tmp_path / "venue.sqlite")
    yield opened
    opened.close()


def never() -> MemoryStore:
    raise AssertionError("the case is not needed")


def linked(entries: list[Entry]) -> list[Entry]:
    """The same contents with chains that hold."""
    tip, found = Tip(), []
    for entry in entries:
        found.append(replace(entry, chain=chained(tip.chain, entry)))
        tip = found[-1].tip
    return found


def test_the_story_has_what_a_crisis_has(story: Story) -> None:
    kinds = " ".join(entry.command for entry in story.entries)
    assert all(f'"{kind}"' in kinds for kind in ("SetPrices", "Liquidate"))
    assert "loss" in " ".join(entry.result for entry in story.entries)
    assert {entry.accepted for entry in story.entries} == {True, False}
    assert len(story.entries) > LATE + 5
    assert len(set(story.hashes)) > 10


def test_an_empty_journal_gives_the_case(story: Story, journal: SqlJournal) -> None:
    found = recover(journal, genesis=story.genesis)
    assert found.store.state_hash() == story.hashes[0] == found.case_hash
    assert (found.tip, found.sources, found.snapshot, found.replayed) == (Tip(), {}, None, 0)


@pytest.mark.parametrize("snapshots", [(), (MIDDLE,), (MIDDLE, LATE), (LATE,)])
@pytest.mark.parametrize("upto", [1, LATE, None])
def test_the_state_is_that_of_an_undisturbed_run(
    story: Story, journal: SqlJournal, snapshots: tuple[int, ...], upto: int | None
) -> None:
    entries = story.entries[:upto]
    journal.append(entries)
    used = [number for number in snapshots if number <= len(entries)]
    for number in used:
        journal.save_snapshot(story.snapshots[number])
    found = recover(journal, genesis=never if used else story.genesis)
    assert found.store.state_hash() == story.hashes[len(entries)]
    assert found.tip == entries[-1].tip
    assert found.sources == {"feed": len(entries)}
    begun = max(used, default=0)
    assert (found.snapshot or 0, found.replayed) == (begun, len(entries) - begun)


def test_what_follows_a_recovery_is_what_would_have_followed(
    story: Story, journal: SqlJournal
) -> None:
    """Not only the hash is the same: the order of mappings is, on which events depend."""
    journal.append(story.entries[:LATE])
    journal.save_snapshot(story.snapshots[LATE])
    recover(journal, genesis=never)
    journal.append(story.entries[LATE:])
    assert recover(journal, genesis=never).store.state_hash() == story.hashes[-1]


def test_a_bundled_crisis_comes_back(demo: Case, tmp_path: Path) -> None:
    story = story_of(demo, snapshot_at=(500,), hash_each=False)
    journal = open_store(tmp_path / "crisis.sqlite")
    journal.append(story.entries)
    told: list[tuple[int, int]] = []
    first = recover(journal, genesis=story.genesis, progress=lambda *each: told.append(each))
    journal.save_snapshot(story.snapshots[500])
    later = recover(journal, genesis=never)
    assert first.store.tables() == later.store.tables()
    assert later.store.state_hash() == story.hashes[-1]
    assert told == [(1000, len(story.entries))]
    audited = recover(journal, genesis=story.genesis, from_start=True)
    assert (audited.replayed, audited.snapshot) == (len(story.entries), None)
    journal.close()


def test_a_damaged_snapshot_is_passed_over(story: Story, journal: SqlJournal) -> None:
    journal.append(story.entries)
    for number in (MIDDLE, LATE):
        journal.save_snapshot(story.snapshots[number])
    from sqlalchemy import update

    from trimtab.adapters.stores.tables import SNAPSHOTS

    changed = update(SNAPSHOTS).where(SNAPSHOTS.c.number == LATE).values(state=b"other")
    journal.access.write(lambda connection: connection.execute(changed))
    found = recover(journal, genesis=never)
    assert (found.snapshot, found.store.state_hash()) == (MIDDLE, story.hashes[-1])


def test_a_snapshot_of_another_state_is_refused(story: Story, journal: SqlJournal) -> None:
    journal.append(story.entries)
    right = story.snapshots[LATE]
    journal.save_snapshot(replace(right, state_hash="f" * 64))
    with pytest.raises(JournalDamagedError, match="snapshot at entry 20 gives another state"):
        recover(journal, genesis=never)
    journal.save_snapshot(replace(right, state=story.snapshots[MIDDLE].state))
    with pytest.raises(JournalDamagedError, match="gives another state"):
        recover(journal, genesis=never)
    journal.save_snapshot(replace(right, state=b"".join(encode_state({}))))
    with pytest.raises(JournalDamagedError, match="gives another state"):
        recover(journal, genesis=never)


def test_an_audit_holds_every_snapshot_against_the_replay(
    story: Story, journal: SqlJournal
) -> None:
    journal.append(story.entries)
    journal.save_snapshot(story.snapshots[MIDDLE])
    wrong = replace(story.snapshots[LATE], state=story.snapshots[MIDDLE].state)
    wrong = replace(wrong, state_hash=story.snapshots[MIDDLE].state_hash)
    journal.save_snapshot(wrong)
    with pytest.raises(JournalDamagedError, match="snapshot at entry 20 is of another state"):
        recover(journal, genesis=story.genesis, from_start=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda entry: replace(entry, reason="dust"), "entry 5 is decided otherwise now"),
        (lambda entry: replace(entry, result="[]"), "entry 5 is decided otherwise now"),
        (lambda entry: replace(entry, command="{}"), "entry 5 holds no command"),
    ],
)
def test_what_is_decided_otherwise_now_is_refused(
    story: Story, journal: SqlJournal, change: Callable[[Entry], Entry], message: str
) -> None:
    entries = list(story.entries[:10])
    entries[4] = change(entries[4])
    journal.append(linked(entries))
    with pytest.raises(JournalError, match=message):
        recover(journal, genesis=story.genesis)


def test_a_journal_is_of_one_case(story: Story, journal: SqlJournal) -> None:
    journal.append(story.entries)
    journal.save_snapshot(story.snapshots[LATE])
    name = hash_of_case(story.case)
    assert recover(journal, genesis=never, case_hash=name).case_hash == name
    other = replace(story.case, book=story.case.book[1:])
    with pytest.raises(JournalError, match=r"of another case.*or another journal"):
        recover(journal, genesis=never, case_hash=hash_of_case(other))


def test_after_retention_the_snapshot_at_the_anchor_is_the_start(
    story: Story, journal: SqlJournal
) -> None:
    journal.append(story.entries)
    for number in (MIDDLE, LATE):
        journal.save_snapshot(story.snapshots[number])
    journal.retain(MIDDLE)
    assert recover(journal, genesis=never).snapshot == LATE
    audited = recover(journal, genesis=never, from_start=True)
    assert (audited.snapshot, audited.store.state_hash()) == (MIDDLE, story.hashes[-1])


def test_a_snapshot_lets_others_run_and_does_not_follow_the_store(story: Story) -> None:
    store = genesis_of(story.case)
    pauses: list[int] = []
    snapshot = take_snapshot(
        store.tables(),
        Tip(),
        at_ns=1,
        sources={},
        case_hash="c",
        pause=lambda: pauses.append(1),
    )
    assert snapshot.state_hash == story.hashes[0]
    assert len(pauses) > 5


def test_the_collector_of_cycles_is_left_as_it_was(story: Story, journal: SqlJournal) -> None:
    journal.append(linked([replace(story.entries[0], result="[]")]))
    gc.enable()
    with pytest.raises(JournalError):
        recover(journal, genesis=story.genesis)
    assert gc.isenabled()
