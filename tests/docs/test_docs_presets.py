"""The generated tables of the presets' page are those of the data sets."""

from __future__ import annotations

import pytest

from docs import generate_presets
from tests.conftest import DATA


@pytest.mark.shared
def test_the_tables_of_the_page_are_up_to_date() -> None:
    text = generate_presets.PAGE.read_text(encoding="utf-8")
    assert text == generate_presets.page_with(text, generate_presets.tables(DATA))


def test_what_is_generated_goes_between_the_marks() -> None:
    start, end = generate_presets.MARKS
    found = generate_presets.page_with(f"a\n{start}\nold\n{end}\nb\n", "new")
    assert found == f"a\n{start}\n\nnew\n\n{end}\nb\n"
    with pytest.raises(AssertionError):
        generate_presets.page_with("no marks", "new")


def test_without_data_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_presets.main(["--data", "nowhere"]) == 3
    assert capsys.readouterr().err.count("\n") == 1
