"""The guide of the journal: its Python runs, and what it says of the chain and of faults holds."""

from __future__ import annotations

import re
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.house import documents
from trimtab.adapters.stores.postgres_server import PATIENCE_S
from trimtab.model.journal_entries import FIRST_CHAIN, Entry, Fault, Tip

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "journal.md"


def text() -> str:
    return GUIDE.read_text(encoding="utf-8")


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the guide's Python leaves behind, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", text(), re.M | re.S)
    assert len(blocks) == 3
    left: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), left)
    return left


def test_its_python_runs(names: dict[str, Any], tmp_path: Path) -> None:
    made = {path.name for path in tmp_path.iterdir()}
    assert {"monday.sqlite", "monday.journal.gz", "restored.sqlite", "export"} <= made
    assert "skip_gap" in names


def test_the_chain_is_taken_as_it_says(names: dict[str, Any]) -> None:
    entry: Entry = names["entry"]
    head = f'[1,{entry.at_ns},"exchange",17,""]'
    parts = (FIRST_CHAIN, head, entry.command, entry.result)
    assert entry.chain == sha256("\n".join(parts).encode()).hexdigest()


def test_it_lists_the_fields_of_an_entry() -> None:
    shown = [
        name
        for _, cells in documents.table_rows(text())
        for name in re.findall(r"`(\w+)`", cells[0])
    ]
    assert [entry.name for entry in fields(Entry)] == shown[-len(fields(Entry)) :]


def test_the_fault_that_it_shows_is_how_faults_read() -> None:
    fault = Fault(291, "it and all up to entry 300 are missing", Tip(290, "a" * 64), 300)
    assert str(fault) in text()


def test_the_patience_that_it_names_is_that_of_the_store() -> None:
    assert f"up to {PATIENCE_S:.0f} seconds" in text()
