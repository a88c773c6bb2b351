"""Journals for the tests of stores: one file, or a schema of a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.damaged_journals import made_templates
from tests.adapters.postgres import PostgresOfTests
from trimtab.adapters.stores import SqlJournal, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a journal of one file is made."""
    return tmp_path / "venue.sqlite"


@pytest.fixture
def url(postgres: PostgresOfTests) -> str:
    """An empty place in the server of the tests."""
    return postgres.create()


@pytest.fixture
def location(path: Path) -> str:
    """Where `journal` is: a file, unless a module says otherwise."""
    return str(path)


@pytest.fixture
def journal(location: str) -> Iterator[SqlJournal]:
    """An empty journal, held for writing."""
    opened = open_store(location)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Journals to take a copy of, and to damage."""
    return made_templates(tmp_path_factory)
