"""What the service says of itself: whether its journal is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.service.services import Caller, quiet, running
from trimtab.adapters.stores import open_store
from trimtab.apps.service.opening import Place


@pytest.fixture(scope="module")
def api() -> Iterator[Caller]:
    with running(quiet()) as service:
        yield Caller(service)


def test_a_journal_in_memory_says_that_it_is_lost(api: Caller, tmp_path: Path) -> None:
    assert api.get("/v1/journal").json()["durable"] is False
    assert api.get("/v1/dashboard/session").json()["durable"] is False
    kept = quiet(place=Place(journal=open_store(str(tmp_path / "venue.db"))))
    with running(kept):
        assert Caller(kept).get("/v1/journal").json()["durable"] is True
