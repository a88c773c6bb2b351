"""A damaged file: the damage is found and named, and what is whole is kept when it is cut."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.adapters.damaged_journals import (
    LOG,
    NAME,
    WITNESS,
    altered,
    examine,
    taken,
)


def flip(path: Path, source: random.Random) -> str:
    data = bytearray(path.read_bytes())
    place, bit = source.randrange(len(data)), source.randrange(8)
    data[place] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {place} of {path.name}"


def truncate(path: Path, source: random.Random) -> str:
    size = source.randrange(path.stat().st_size)
    with path.open("r+b") as stream:
        stream.truncate(size)
    return f"{path.name} cut at {size}"


def blank(path: Path, source: random.Random) -> str:
    """A page of nothing, as a lost write leaves it."""
    page = source.randrange(path.stat().st_size >> 12) << 12
    with path.open("r+b") as stream:
        stream.seek(page)
        stream.write(bytes(4096))
    return f"{path.name} without what is at {page}"


def harm(template: Path, tmp_path: Path, *, seed: int) -> tuple[Path, str]:
    source = random.Random(seed)
    path = taken(template, tmp_path)
    targets = [path] * 3 + [each for each in (path.with_name(LOG),) if each.exists()] * 6
    acts = [flip, flip, truncate, blank]
    if seed % 10 == 0:
        targets, acts = [path.with_name(WITNESS)], [flip]
    done = source.choice(acts)(source.choice(targets), source)
    return path, done


@pytest.mark.parametrize("kind", ["rest", "killed"])
def test_no_damage_anywhere_goes_unseen(
    templates: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    mattered = [examine(*harm(templates[kind], tmp_path, seed=seed)) for seed in range(12)]
    assert sum(mattered) >= 6


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["rest", "killed"])
@pytest.mark.parametrize("block", range(10))
def test_no_damage_anywhere_goes_unseen_for_long(
    templates: dict[str, Path], tmp_path: Path, kind: str, block: int
) -> None:
    seeds = range(100 + block * 100, 200 + block * 100)
    mattered = [examine(*harm(templates[kind], tmp_path, seed=seed)) for seed in seeds]
    assert sum(mattered) >= 40


@pytest.mark.parametrize(
    ("statement", "number", "what", "good", "snapshot"),
    [
        ("UPDATE journal_entries SET result = '' WHERE number = 250", 250, "entry 250 d", 249, 0),
        ("DELETE FROM journal_entries WHERE number = 250", 250, "entries are missing", 249, 0),
        ("DELETE FROM journal_entries WHERE number > 290", 291, "it and all up to", 290, 0),
        ("UPDATE journal_entries SET at_ns = 1 WHERE number = 300", 300, "entry 300 does", 299, 0),
        ("UPDATE journal_entries SET source = x'ff' WHERE number = 280", 280, "", 279, 0),
        ("UPDATE journal_entries SET number = 999 WHERE number = 300", 300, "missing", 299, 0),
        ("UPDATE journal_entries SET reason = 'dust' WHERE number = 50", 50, "entry 50", 300, 200),
        ("DELETE FROM journal_entries WHERE number = 150", 150, "missing", 300, 200),
        ("UPDATE journal_standing SET tip_number = 299", 301, "where it stands", 300, 0),
        ("UPDATE journal_standing SET anchor_number = 5", 301, "anchor, entry 5", 300, 0),
        ("DELETE FROM journal_standing", 301, "where it stands", 300, 0),
        ("UPDATE journal_sources SET last_number = 1", 301, "last numbers of the sources", 300, 0),
        ("DELETE FROM journal_sources", 301, "last numbers of the sources", 300, 0),
        ("UPDATE journal_snapshots SET at_ns = 1 WHERE number = 100", 301, "entry 100", 300, 0),
        ("UPDATE journal_actions SET who = 'x' WHERE number = 5", 301, "action 5 of", 300, 0),
        ("DELETE FROM journal_actions WHERE number > 20", 301, "action 21 of", 300, 0),
        ("DROP TABLE journal_actions", 301, "not readable", 300, 0),
        ("DROP TABLE journal_snapshots", 301, "snapshot", 300, 0),
        ("DROP TABLE journal_entries", 1, "", 200, 200),
    ],
)  # fmt: skip
def test_each_fault_is_named_and_mended(
    templates: dict[str, Path], tmp_path: Path, *, statement: str, number: int, what: str,
    good: int, snapshot: int,
) -> None:  # fmt: skip
    journal = altered(taken(templates["rest"], tmp_path), statement)
    fault = journal.verify()
    assert fault is not None
    if "DROP TABLE journal_entries" not in statement:
        assert (fault.number, fault.good.number, fault.snapshot or 0) == (number, good, snapshot)
    assert what in fault.what
    journal.close()
    assert examine(tmp_path / "journal" / NAME, statement)
