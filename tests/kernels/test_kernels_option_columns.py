"""The border: what a kernel cannot compute with is refused in one line that says where."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from trimtab import kernels
from trimtab.kernels import OptionColumns
from trimtab.kernels.option_book import OptionBook, group_sums
from trimtab.units import DataError, TrimtabError, UsageError

FINE = {"forward": [100.0, 101.0], "strike": 90.0, "vol_annual": 0.8, "years": 0.5, "is_call": True}
BOOK = {
    "amount": [1.0, -1.0],
    "forward": 100.0,
    "strike": 90.0,
    "vol_annual": 0.8,
    "seconds": 86400,
    "is_call": True,
    "offsets": [0, 2],
}


@pytest.mark.parametrize("name", ["forward", "strike", "vol_annual", "years", "discount"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0, 1e200])
def test_nan_infinite_negative_and_absurd_are_refused_with_their_row(name, bad):
    with pytest.raises(DataError) as refused:
        OptionColumns(**FINE | {name: [1.0, bad]})
    assert str(refused.value).startswith(f"{name}: row 1: the number cannot be computed with")
    assert refused.value.found == str(float(bad))
    assert refused.value.expected


@pytest.mark.parametrize("name", ["forward", "discount"])
def test_zero_is_refused_where_it_means_nothing(name):
    with pytest.raises(DataError, match=f"^{name}: row 0: .*expected a number from 1e-100"):
        OptionColumns(**FINE | {name: 0.0})


def test_subnormal_numbers_are_refused():
    with pytest.raises(DataError, match=r"^strike: row 0: .*expected 0, or a number"):
        OptionColumns(**FINE | {"strike": 1e-310})


@pytest.mark.parametrize("bad", ["put", [2, 0], [0.5, 1.0], [None, True]])
def test_flags_are_booleans(bad):
    with pytest.raises(DataError, match=r"^is_call"):
        OptionColumns(**FINE | {"is_call": bad})


@pytest.mark.parametrize("bad", [["a", "b"], ["1", "2"], [1j, 2j], object(), [[1.0, 2.0]]])
def test_what_is_no_column_of_numbers_is_refused(bad):
    with pytest.raises(DataError, match=r"^forward"):
        OptionColumns(**FINE | {"forward": bad})


def test_two_lengths_are_refused():
    with pytest.raises(UsageError, match="years holds 3 rows and forward holds 2"):
        OptionColumns(**FINE | {"years": [1.0, 2.0, 3.0]})


def test_single_numbers_serve_all_rows_and_an_empty_book_is_fine():
    options = OptionColumns(**FINE)
    assert len(options) == 2
    assert options.strike.tolist() == [90.0, 90.0]
    assert options.discount.tolist() == [1.0, 1.0]
    empty = OptionColumns(**FINE | {"forward": []})
    assert len(kernels.option_prices(empty)) == 0


def test_other_number_types_and_layouts_are_taken():
    forward = np.arange(1, 9, dtype=np.float32)[::2]
    options = OptionColumns(
        **FINE | {"forward": forward, "strike": [1, 2, 3, 4], "is_call": [1] * 4}
    )
    assert options.forward.tolist() == [1.0, 3.0, 5.0, 7.0]
    assert options.forward.flags.c_contiguous


@pytest.mark.parametrize("offsets", [[0, 1], [1, 2], [0, 2, 1, 2], [], [[0, 2]]])
def test_offsets_that_do_not_cut_the_rows_are_refused(offsets):
    with pytest.raises(DataError, match=r"^offsets: the offsets do not cut"):
        OptionBook(**BOOK | {"offsets": offsets})


@pytest.mark.parametrize(
    ("name", "bad"),
    [("amount", np.nan), ("amount", 1e101), ("strike", 0.0), ("seconds", -1.0)],
)
def test_a_book_refuses_what_its_margin_cannot_use(name, bad):
    with pytest.raises(TrimtabError, match=f"^{name}: row"):
        OptionBook(**BOOK | {name: bad})


def test_sums_of_groups_hold_empty_ones():
    values = np.array([1.0, 2.0, 4.0, 8.0])
    assert group_sums(values, np.array([0, 0, 3, 3, 4, 4])).tolist() == [0.0, 7.0, 0.0, 8.0, 0.0]
    assert group_sums(np.zeros((0, 3)), np.array([0, 0])).tolist() == [[0.0, 0.0, 0.0]]


def test_importing_the_kernels_does_not_import_numba():
    code = "import sys, trimtab.kernels; print('numba' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_records_of_columns_are_compared_as_what_they_are():
    """By identity: comparing arrays gives arrays, which are neither true nor false."""
    one, other = OptionColumns(**FINE), OptionColumns(**FINE)
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2
