"""Batches on disk: what is kept comes back to the last bit, and only for the run it is of."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.adapters.files import BatchFolder
from trimtab.units import DataError


def batch(number: int) -> dict[str, np.ndarray]:
    rows = np.random.default_rng(number)
    return {
        "path": np.arange(number * 5, number * 5 + 5),
        "bad_debt": rows.lognormal(size=5) * 1e6,
        "displacement_ETH": -rows.random(5),
    }


def test_what_is_kept_comes_back_to_the_last_bit(tmp_path):
    folder = BatchFolder(tmp_path / "run [1]", "abc")
    assert folder.finished() == {}
    assert not (tmp_path / "run [1]").exists(), "nothing is touched before the first batch"
    for number in (3, 0):
        folder.keep(number, batch(number))
    found = BatchFolder(tmp_path / "run [1]", "abc", resume=True).finished()
    assert sorted(found) == [0, 3]
    for number, columns in found.items():
        for name, column in batch(number).items():
            assert columns[name].dtype == column.dtype
            np.testing.assert_array_equal(columns[name], column)


def test_a_number_that_is_none_comes_back_as_none(tmp_path):
    folder = BatchFolder(tmp_path, "abc")
    folder.keep(0, {"loss": np.array([1.0, np.nan])})
    np.testing.assert_array_equal(folder.finished()[0]["loss"], [1.0, np.nan])


def test_batches_of_another_run_are_refused(tmp_path):
    BatchFolder(tmp_path, "abc").keep(0, batch(0))
    with pytest.raises(DataError, match=r"head.json: the batches are of another run; found 'abc'"):
        BatchFolder(tmp_path, "xyz", resume=True)


def test_a_run_that_starts_anew_leaves_no_older_batch(tmp_path):
    old = BatchFolder(tmp_path, "abc")
    old.keep(0, batch(0))
    old.keep(1, batch(1))
    (tmp_path / "notes.txt").write_text("mine")
    new = BatchFolder(tmp_path, "xyz")
    assert new.finished() == {}
    new.keep(5, batch(5))
    assert sorted(BatchFolder(tmp_path, "xyz", resume=True).finished()) == [5]
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_damaged_batch_and_a_file_for_a_folder_have_their_words(tmp_path):
    folder = BatchFolder(tmp_path / "run", "abc")
    folder.keep(0, batch(0))
    (tmp_path / "run" / "batch-000000.parquet").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"^batch-000000.parquet: the batch is not readable"):
        folder.finished()
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"^file: the output is not a folder"):
        BatchFolder(tmp_path / "file", "abc")
