"""The journal: what was appended is read back, a torn end is cut, and a change is found."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.adapters.files import open_journal, read_journal, truncate_torn
from trimtab.units import DataError

RECORDS = [{"seq": 1, "kind": "deposit"}, {"seq": 2, "text": 'a\n"\u2028'}, {"seq": 3, "b": [None]}]


def journal_of(folder: Path, records: list[dict] = RECORDS) -> Path:
    path = folder / "journal.jsonl"
    with open_journal(path) as journal:
        for record in records:
            journal.append(record)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        list(read_journal(path))
    return str(caught.value)


def test_records_read_back_in_order(tmp_path: Path) -> None:
    path = journal_of(tmp_path)
    assert list(read_journal(path)) == RECORDS
    lines = path.read_text().splitlines()
    assert [
        set(json.loads(line)) - set(record) for line, record in zip(lines, RECORDS, strict=True)
    ] == [{"chain"}] * 3


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
RECORD = st.dictionaries(st.text().filter(lambda key: key != "chain"), JSON, min_size=1, max_size=4)


@settings(max_examples=30, deadline=None)
@given(records=st.lists(RECORD, max_size=5))
def test_any_records_read_back(
    records: list[dict], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = journal_of(tmp_path_factory.mktemp("journal"), records)
    assert list(read_journal(path)) == records


def test_a_reopened_journal_goes_on_with_the_chain(tmp_path: Path) -> None:
    (tmp_path / "at once").mkdir()
    path = journal_of(tmp_path, RECORDS[:1])
    with open_journal(path, sync_every=1) as journal:
        chain = [journal.append(record) for record in RECORDS[1:]][-1]
    assert journal.chain == chain
    journal.close()
    assert path.read_bytes() == journal_of(tmp_path / "at once").read_bytes()


def test_a_record_is_on_its_way_before_append_returns(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with open_journal(path) as journal:
        journal.append(RECORDS[0])
        assert list(read_journal(path)) == RECORDS[:1]


def test_any_torn_end_is_left_out_and_cut(tmp_path: Path) -> None:
    path = journal_of(tmp_path)
    whole = path.read_bytes()
    kept = len(b"".join(whole.splitlines(keepends=True)[:2]))
    for end in range(kept, len(whole)):
        path.write_bytes(whole[:end])
        assert list(read_journal(path)) == RECORDS[:2]
        assert truncate_torn(path) == end - kept
        assert path.stat().st_size == kept
    assert truncate_torn(path) == 0


@pytest.mark.parametrize("tail", [b"\0" * 100, b"{broken}\n", b"\xff\xfe\n"])
def test_rubbish_at_the_end_is_torn_and_appending_cuts_it(tmp_path: Path, tail: bytes) -> None:
    path = journal_of(tmp_path, RECORDS[:2])
    path.write_bytes(path.read_bytes() + tail)
    assert list(read_journal(path)) == RECORDS[:2]
    with open_journal(path) as journal:
        journal.append(RECORDS[2])
    assert list(read_journal(path)) == RECORDS


def changed(lines: list[bytes]) -> Mapping[str, tuple[list[bytes], int]]:
    spaced = lines[0].replace(b":", b": ", 1)
    return {
        "value": ([lines[0].replace(b"deposit", b"withdraw"), *lines[1:]], 1),
        "chain": ([lines[0], lines[1].replace(b'"}\n', b'0"}\n'), lines[2]], 2),
        "missing": ([lines[0], lines[2]], 2),
        "first missing": (lines[1:], 1),
        "swapped": ([lines[0], lines[2], lines[1]], 2),
        "twice": ([lines[0], lines[0], *lines[1:]], 2),
        "spaces": ([spaced, *lines[1:]], 1),
        "broken": ([lines[0], b"{\n", lines[2]], 2),
        "blank": ([lines[0], b"\n", *lines[1:]], 2),
        "last": ([*lines[:2], lines[2].replace(b"3", b"4", 1)], 3),
    }


@pytest.mark.parametrize("what", list(changed([b""] * 3)))
def test_any_change_is_found_and_its_line_named(tmp_path: Path, what: str) -> None:
    path = journal_of(tmp_path)
    lines, number = changed(path.read_bytes().splitlines(keepends=True))[what]
    path.write_bytes(b"".join(lines))
    assert refusal(path).startswith(
        f"journal.jsonl: row {number}: the journal is corrupt: the line does not follow"
    )
    before = path.read_bytes()
    for act in (truncate_torn, open_journal):
        with pytest.raises(DataError, match="the journal is corrupt"):
            act(path)
    assert path.read_bytes() == before


def test_every_single_byte_counts(tmp_path: Path) -> None:
    path = journal_of(tmp_path)
    whole = path.read_bytes()
    # Without the line break before it, the last line is torn: no one can tell that from a crash.
    last_break = whole[:-1].rindex(b"\n")
    for place in range(last_break):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert "the journal is corrupt" in refusal(path)


def test_an_empty_journal_has_no_records_and_a_missing_one_is_told(tmp_path: Path) -> None:
    path = journal_of(tmp_path, [])
    assert list(read_journal(path)) == []
    assert refusal(tmp_path / "none.jsonl") == "none.jsonl: there is no such file"
    with pytest.raises(DataError, match=r"^none: the output cannot be written; found "):
        open_journal(tmp_path / "nowhere" / "none")


@pytest.mark.parametrize("record", [{}, {"chain": "x"}])
def test_a_record_without_a_key_or_with_ours_is_a_mistake(tmp_path: Path, record: dict) -> None:
    with open_journal(tmp_path / "j") as journal, pytest.raises(AssertionError):
        journal.append(record)
