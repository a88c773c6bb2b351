"""Writers: exact round trips, the same bytes twice, and never half a file."""

import json
import os
from enum import StrEnum
from pathlib import Path

import duckdb
import numpy as np
import pytest

from trimtab.adapters.files import (
    staged_folder,
    write_csv,
    write_json,
    write_parquet,
    write_text,
)
from trimtab.adapters.files.staging import atomic_file
from trimtab.units import DataError, Time


class Color(StrEnum):
    RED = "red"


NOON_NS = Time.parse("2020-03-12T12:00:00.123456789Z").raw
COLUMNS = {
    "timestamp": [NOON_NS, None],
    "seq": [2**63 - 1, None],
    "share": [0.1, None],
    "safe": [True, None],
    "kind": [Color.RED, None],
    "quantity": ["115792089237316195423570985008687907853.000000000000000001", None],
    'odd "name", x': ["a,b", 'say "hi"\n'],
    "empty": [None, None],
}


def rows(path: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(":memory:") as connection:
        return connection.execute(
            "SELECT epoch_ns(timestamp), * EXCLUDE (timestamp) FROM read_parquet(?)", [str(path)]
        ).fetchall()


def test_parquet_holds_every_type_exactly(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", COLUMNS)
    first, second = rows(tmp_path / "t.parquet")
    assert first == (NOON_NS, 2**63 - 1, 0.1, True, "red", COLUMNS["quantity"][0], "a,b", None)
    assert second == (None,) * 6 + ('say "hi"\n', None)
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?)", [str(tmp_path / "t.parquet")]
        ).fetchall()
    kinds = [
        "TIMESTAMP_NS",
        "BIGINT",
        "DOUBLE",
        "BOOLEAN",
        "VARCHAR",
        "VARCHAR",
        "VARCHAR",
        "VARCHAR",
    ]
    assert [row[:2] for row in found] == list(zip(COLUMNS, kinds, strict=True))


def test_csv_holds_text_as_it_is(tmp_path: Path) -> None:
    write_csv(tmp_path / "t.csv", COLUMNS)
    assert (tmp_path / "t.csv").read_bytes().decode() == (
        'timestamp,seq,share,safe,kind,quantity,"odd ""name"", x",empty\n'
        "2020-03-12T12:00:00.123456789Z,9223372036854775807,0.1,true,red,"
        '115792089237316195423570985008687907853.000000000000000001,"a,b",\n'
        ',,,,,,"say ""hi""\n",\n'
    )


def test_numpy_columns_are_written_like_lists(tmp_path: Path) -> None:
    arrays = {
        "timestamp": np.array(["2020-03-12T12", "NaT"], dtype="datetime64[s]"),
        "seq": np.array([1, 2], dtype=np.int32),
        "share": np.array([0.5, np.nan]),
        "kind": np.array(["a", "b"]),
    }
    write_parquet(tmp_path / "t.parquet", arrays)
    noon_ns = Time.parse("2020-03-12T12:00:00Z").raw
    assert rows(tmp_path / "t.parquet") == [(noon_ns, 1, 0.5, "a"), (None, 2, None, "b")]


def test_a_long_run_of_missing_cells_does_not_hide_a_columns_type(tmp_path: Path) -> None:
    count = 20_000
    write_parquet(
        tmp_path / "t.parquet",
        {"timestamp": [NOON_NS] * count, "reason": [None] * (count - 1) + ["7"]},
    )
    assert rows(tmp_path / "t.parquet")[-1] == (NOON_NS, "7")


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    write_parquet(tmp_path / "t.parquet", {"timestamp": [], "seq": np.array([], dtype=int)})
    write_csv(tmp_path / "t.csv", {"timestamp": [], "seq": []})
    assert (tmp_path / "t.csv").read_text() == "timestamp,seq\n"
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(f"SELECT * FROM '{tmp_path}/t.parquet'")
        assert [column[0] for column in found.description] == ["timestamp", "seq"]


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_the_same_table_is_the_same_bytes(tmp_path: Path, write: object) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, COLUMNS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "columns",
    [{}, {"a": [1], "b": []}, {"a": [1, "x"]}, {"a": [2**63]}, {"a": [1], "A": [1]}, {"a": [[]]}],
)
def test_a_table_that_is_none_is_a_mistake_of_ours(tmp_path: Path, columns: dict) -> None:
    for write in (write_csv, write_parquet):
        with pytest.raises(AssertionError):
            write(tmp_path / "t", columns)
    assert not list(tmp_path.iterdir())


def test_json_is_indented_and_refuses_what_json_lacks(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"név": ["1", None, True]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"név": ["1", None, True]}
    assert text.startswith('{\n  "név"')
    assert text.endswith("}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with atomic_file(path) as temporary:
            temporary.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]
    write_text(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["t.txt", "t.csv", "t.parquet"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "nowhere" / name
    write = {"t.txt": lambda: write_text(path, ""), "t.csv": lambda: write_csv(path, COLUMNS)}
    with pytest.raises(DataError) as caught:
        write.get(name, lambda: write_parquet(path, COLUMNS))()
    assert str(caught.value).startswith(f"{name}: the output cannot be written; found ")
    assert str(tmp_path) not in str(caught.value)


def test_staged_files_appear_together_at_the_end(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    with staged_folder(out) as staged:
        write_text(staged / "a.txt", "a")
        (staged / "sub").mkdir()
        write_text(staged / "sub" / "b.txt", "b")
        assert not out.exists()
        assert staged.name.startswith(".")
    assert (out / "a.txt").read_text() + (out / "sub" / "b.txt").read_text() == "ab"
    assert os.listdir(out.parent) == ["out"]


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_failed_run_leaves_the_folder_as_it_was(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("old")

    def fail() -> None:
        with staged_folder(out, known=["a.txt"]) as staged:
            write_text(staged / "a.txt", "new")
            raise fault

    with pytest.raises(fault):
        fail()
    assert (out / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def staged_run(out: Path) -> None:
    with staged_folder(out, known=["a.txt", "c.txt"]) as staged:
        for name in ("a.txt", "b.txt"):
            write_text(staged / name, "new")


def test_only_known_names_are_replaced_and_others_left_alone(tmp_path: Path) -> None:
    for name in ("a.txt", "c.txt", "mine.txt"):
        (tmp_path / name).write_text("old")
    staged_run(tmp_path)
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"a.txt": "new", "b.txt": "new", "c.txt": "old", "mine.txt": "old"}


def test_a_strangers_file_is_not_replaced_and_then_nothing_moves(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.txt").write_text("mine")
    with pytest.raises(DataError) as caught:
        staged_run(out)
    assert str(caught.value) == (
        "out: the output folder holds a file of this name that is not an earlier output; "
        "found 'b.txt'; expected another folder"
    )
    assert os.listdir(out) == ["b.txt"]
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match=r"^out: the output is not a folder"):
        staged_run(tmp_path / "out")
