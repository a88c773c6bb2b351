"""What all tests share: the `shared` marker, and cases that are dear to make."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulation.cases import small_case
from trimtab.apps.front import demo_case
from trimtab.model import Case
from trimtab.simulation import crisis_case

if TYPE_CHECKING:
    from tests.adapters.postgres import PostgresOfTests

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("TRIMTAB_SHARED", ROOT.parent / "shared")) / "data"
NO_DATA = "no data sets: neither ../shared/data beside the checkout nor TRIMTAB_SHARED"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `shared` are skipped, with the reason, only where the data sets are absent."""
    if (DATA / "accounts").is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason=NO_DATA))


@pytest.fixture
def small() -> Case:
    """A book of six accounts through nine steps: bonus sales, one bankruptcy, one lender."""
    return small_case()


@pytest.fixture(scope="session")
def demo_texts() -> dict[str, str]:
    """The files of the bundled case."""
    return crisis_case(1)


@pytest.fixture(scope="session")
def demo() -> Case:
    """The bundled case, loaded."""
    return demo_case()


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example cases, built from the data sets; for tests marked `shared`."""
    out = tmp_path_factory.mktemp("examples")
    command = [sys.executable, str(ROOT / "examples/build_cases.py")]
    command += ["--data", str(DATA), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresOfTests]:
    """A running PostgreSQL server for all tests of a process; skips where none is installed."""
    from tests.adapters.postgres import postgres_or_skip

    server = postgres_or_skip()
    try:
        server.start()
        yield server
    finally:
        server.close()
