"""Errors say on one line where, what, found, expected and what to do."""

from __future__ import annotations

import copy
import pickle

import pytest

from trimtab.units import (
    DataError,
    InternalError,
    NumberError,
    RulesError,
    TrimtabError,
    UsageError,
)

FULL = DataError(
    "the quantity is no number",
    where="book.csv",
    row=7,
    column="quantity",
    found="nan",
    expected="a finite decimal number",
    hint="leave the row out",
)


def test_a_full_error_is_one_line_in_reading_order():
    assert str(FULL) == (
        "book.csv: row 7, column quantity: the quantity is no number; found 'nan'; "
        "expected a finite decimal number; leave the row out"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("it is empty"), "it is empty"),
        (DataError("it is empty", where="a.csv"), "a.csv: it is empty"),
        (DataError("it is empty", row=0), "row 0: it is empty"),
        (DataError("it is empty", column="price"), "column price: it is empty"),
        (DataError("it is empty", where="a.csv", row=2), "a.csv: row 2: it is empty"),
        (DataError("it is empty", found=""), "it is empty; found ''"),
        (DataError("it is empty", hint="fill it"), "it is empty; fill it"),
        (
            RulesError("too high", where="rules.toml", column="assets.ETH.max_ltv", found="1.2"),
            "rules.toml: key assets.ETH.max_ltv: too high; found '1.2'",
        ),
    ],
)
def test_absent_parts_leave_no_trace(error, line):
    assert str(error) == line


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (UsageError, 2),
        (DataError, 3),
        (RulesError, 3),
        (NumberError, 3),
        (InternalError, 4),
        (TrimtabError, 4),
    ],
)
def test_each_branch_has_its_exit_code(kind, exit_code):
    assert kind.exit_code == exit_code
    assert issubclass(kind, TrimtabError)
    assert kind("why").exit_code == exit_code
    assert str(kind("why")) == "why"


def test_long_findings_are_cut():
    line = str(DataError("too long", found="9" * 10_000))
    assert len(line) < 100
    assert "999..." in line


def test_sixty_characters_are_not_cut():
    assert f"'{'9' * 60}'" in str(DataError("odd", found="9" * 60))


@pytest.mark.parametrize(
    "hostile", ["a\nb", "a\r\nb", "\x1b[31m", "\u2028", "\u202e", "\x00", "\ud800"]
)
@pytest.mark.parametrize("part", ["where", "column", "found", "expected", "hint"])
def test_hostile_text_stays_on_one_printable_line(hostile, part):
    line = str(DataError("bad", **{part: hostile}))
    assert line.isprintable()
    assert len(line.splitlines()) == 1


def test_printable_foreign_text_is_kept():
    assert "'größe'" in str(DataError("bad", found="größe"))


def test_located_fills_in_the_place_and_keeps_the_class_and_the_rest():
    bare = NumberError("no number", found="x", expected="a number", hint="fix it")
    placed = bare.located(where="book.csv", row=7, column="quantity")
    assert type(placed) is NumberError
    assert str(placed) == (
        "book.csv: row 7, column quantity: no number; found 'x'; expected a number; fix it"
    )
    assert str(bare) == "no number; found 'x'; expected a number; fix it"


def test_located_keeps_what_it_is_not_told():
    placed = FULL.located(row=0)
    assert (placed.where, placed.row, placed.column) == ("book.csv", 0, "quantity")


@pytest.mark.parametrize("duplicate", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
def test_errors_survive_copying_and_the_way_back_from_a_worker(duplicate):
    again = duplicate(FULL)
    assert type(again) is DataError
    assert str(again) == str(FULL)
