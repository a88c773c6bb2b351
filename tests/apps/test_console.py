"""The terminal: cells, tables that fit, progress that waits, and one line for every failure."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.apps import console
from trimtab.units import (
    DataError,
    InternalError,
    NumberError,
    RulesError,
    TrimtabError,
    UsageError,
)

HEADS = ["account", "binding", "health", "debt USD", "prices"]
ROWS = [["a-rather-long-account-name", "ETH", "1.0090", "11,100.00", "ETH 1,982.1429"]] * 2
NATURAL = [26, 7, 6, 9, 14]


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def table_text(width: int | None, monkeypatch: pytest.MonkeyPatch, **more: Any) -> list[str]:
    """The lines of the table in a terminal of a width, or in a pipe."""
    out = io.StringIO() if width is None else Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", str(width or 20))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    console.print_table("title", HEADS, rows=ROWS, left=2, **more)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()


# No name that can be read holds a control character.
visible = st.characters(exclude_categories=["C"]) | st.just("\n")


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text(visible, min_size=1, max_size=5),
        st.lists(st.text(visible, max_size=6), min_size=3, max_size=3),
        min_size=2,
        max_size=4,
    )
)
def test_any_text_comes_back_from_csv(table: dict[str, list[str]]) -> None:
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", out)
        console.print_csv(table)
    names, *rows = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert names == list(table)
    assert [list(column) for column in zip(*rows, strict=True)] == list(table.values())


def test_cells_of_csv(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_csv(
        {"a": [True, False, None], "b": [0, "1.50", 'x,"y"\n'], "c": [0.5, 2**70, ""]}
    )
    assert capsys.readouterr().out == (
        'a,b,c\ntrue,0,0.5\nfalse,1.50,1180591620717411303424\n,"x,""y""\n",\n'
    )


def test_a_table_without_rows_is_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_csv({"a": [], "b": []})
    assert capsys.readouterr().out == "a,b\n"


def test_a_document_is_json_as_people_read_it(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"ü": [None, True, "1.5"]})
    text, _ = capsys.readouterr()
    assert text == '{\n  "ü": [\n    null,\n    true,\n    "1.5"\n  ]\n}\n'
    assert json.loads(text) == {"ü": [None, True, "1.5"]}


def test_parquet_does_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    with pytest.raises(UsageError, match="send it to a file"):
        console.write_binary({"a": ["1"]})
    assert out.getvalue() == ""


OPTIONAL = ("prices", "debt USD", "binding")


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, HEADS),
        (66, HEADS),
        (65, HEADS[:4]),
        (49, HEADS[:4]),
        (48, ["account", "binding", "health"]),
        (37, ["account", "binding", "health"]),
        (36, ["account", "health"]),
        (10, ["account", "health"]),
    ],
)
def test_columns_go_in_the_order_in_which_they_may(width: int, shown: list[str]) -> None:
    """The first column counts as 14 characters, each other as its widest, with 3 between them."""
    places = console._fitting(HEADS, NATURAL, width=width, optional=OPTIONAL)
    assert [HEADS[place] for place in places] == shown


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=6),
    st.integers(1, 200),
    st.data(),
)
def test_a_wider_terminal_never_shows_less(
    natural: list[int], width: int, data: st.DataObject
) -> None:
    names = [f"c{place}" for place in range(len(natural))]
    optional = data.draw(st.lists(st.sampled_from(names[1:]), unique=True))
    shown = console._fitting(names, natural, width=width, optional=optional)
    wider = console._fitting(names, natural, width=width + 7, optional=optional)
    assert set(shown) <= set(wider)
    assert shown == sorted(shown)
    hidden = [name for name in names if names.index(name) not in shown]
    assert set(hidden) == set(optional[: len(hidden)])


@pytest.mark.parametrize("width", [37, 50, 65, 66, 67, 77, 78, 120])
def test_a_table_keeps_within_its_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table_text(width, monkeypatch, optional=OPTIONAL)
    assert all(len(line) <= width for line in lines)
    assert lines[2].split()[0] == "account"
    assert ("prices" in lines[2].split()) == (width >= 66)
    whole = ROWS[0][0] in lines[4]
    assert whole == (61 <= width < 66 or width >= 78)  # without the prices there is room
    assert ("…" in lines[4]) != whole
    shown = [cell for head, cell in zip(HEADS[1:], ROWS[0][1:], strict=True) if head in lines[2]]
    assert all(cell in lines[4] for cell in shown), "a figure is never cut"


@pytest.mark.parametrize("width", [5, 20, 36])
def test_a_terminal_that_is_too_narrow_still_shows_whole_figures(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = table_text(width, monkeypatch, optional=())
    assert all(cell in lines[4] for cell in ROWS[0][1:])
    lines = table_text(width, monkeypatch, optional=OPTIONAL)
    assert ROWS[0][HEADS.index("health")] in lines[4]


def test_a_pipe_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = table_text(None, monkeypatch, optional=OPTIONAL)
    assert lines[0] == "title"
    assert all(cell in lines[4] for cell in ROWS[0])
    assert len(lines) == 7


def test_texts_stand_left_and_numbers_right(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    console.print_table("t", ["name", "n"], rows=[["a", "1"], ["bcdef", "1,234"]])
    first, second = out.getvalue().splitlines()[4:6]
    assert (first.split(), second.split()) == (["a", "1"], ["bcdef", "1,234"])
    assert first.index("a") == second.index("bcdef")
    assert len(first) == len(second)


@pytest.mark.parametrize(("seconds", "bars"), [(0.0, 0), (1.0, 0), (1.01, 1), (9.0, 1)])
def test_progress_appears_only_after_a_second(
    monkeypatch: pytest.MonkeyPatch, seconds: float, bars: int
) -> None:
    from rich.progress import Progress

    clock, calls = [100.0], []
    monkeypatch.setattr(console.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(Progress, "start", lambda _: calls.append("start"))
    monkeypatch.setattr(Progress, "stop", lambda _: calls.append("stop"))
    with console.progress("[bold]venue") as tell:
        tell(1, 3)
        clock[0] += seconds
        tell(2, 3)
        tell(3, 3)
    assert calls == ["start"] * bars + ["stop"] * bars


def test_a_bar_is_taken_away_when_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.progress import Progress

    calls: list[str] = []
    monkeypatch.setattr(console, "SLOW_SECONDS", -1.0)
    monkeypatch.setattr(Progress, "start", lambda _: calls.append("start"))
    monkeypatch.setattr(Progress, "stop", lambda _: calls.append("stop"))

    def work() -> None:
        with console.progress("venue") as tell:
            tell(1, 2)
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        work()
    assert calls == ["start", "stop"]


def failing(error: BaseException) -> int:
    def run() -> int:
        raise error

    return console.guarded(run, debug=False)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("no such\n  verb"), 2, "no such verb"),
        (DataError("bad", where="book.csv", row=3), 3, "book.csv: row 3: bad"),
        (RulesError("bad", column="a.b"), 3, "key a.b: bad"),
        (NumberError("bad", found="\x1b[2J"), 3, r"bad; found '\x1b[2J'"),
        (InternalError("broken promise"), 4, "broken promise"),
        (TrimtabError("any"), 4, "any"),
        (MemoryError(), 4, "out of memory"),
        (FileNotFoundError(2, "No such file", "/a/b/book.csv"), 3, "book.csv: No such file"),
        (IsADirectoryError(21, "Is a directory", "/a/out"), 3, "out: Is a directory"),
        (OSError("odd"), 3, "the machine refused"),
    ],
)
def test_every_failure_is_one_line_and_its_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    assert failing(error) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {line}")
    assert err.count("\n") == 1


def test_an_interruption_is_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(KeyboardInterrupt()) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].endswith("interrupted")
    assert "Traceback" not in err


@pytest.mark.parametrize(("given_code", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_does_not_fail_keeps_its_code(given_code: int | None, code: int) -> None:
    assert console.guarded(lambda: given_code, debug=False) == code


def test_a_reader_that_went_away_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    assert failing(BrokenPipeError(32, "Broken pipe")) == 0
    assert err.closed


def test_what_is_ours_is_not_caught_here() -> None:
    """Only the outermost frame calls a defect a defect; a test must see it."""
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_asks_to_be_reported(capsys: pytest.CaptureFixture[str], *, debug: bool) -> None:
    code = 0
    try:
        raise KeyError("a\nb")
    except KeyError as error:
        code = console.internal(error, debug=debug)
    assert code == 4
    err = capsys.readouterr().err
    assert err.splitlines()[-1].startswith("error: internal error: KeyError: 'a\\nb' (a defect")
    assert ("Traceback" in err) == debug
