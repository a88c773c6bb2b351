"""The OpenAPI document against the service: whatever it allows to be asked, nothing answers 5xx."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from tests.apps.service.services import Caller, quiet, running
from trimtab.apps.service.application import application
from trimtab.apps.service.running import Service

SERVICE = quiet()
SCHEMA = schemathesis.openapi.from_asgi("/v1/openapi.json", application(SERVICE)).exclude(
    # Each of its jobs is a process of its own; tested by itself.
    method="POST",
    path="/v1/stress",
)


@pytest.fixture(scope="module", autouse=True)
def _running() -> Iterator[Service]:
    with running(SERVICE) as found:
        # What is compiled on first use is compiled before a call's time counts.
        assert Caller(SERVICE).post("/v1/what-if", {"all": "0.9"}).status_code == 200
        yield found


@SCHEMA.parametrize()
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_nothing_answers_with_a_server_error(case: schemathesis.Case) -> None:
    response = case.call(headers={"Host": "localhost"})
    case.validate_response(response, checks=[not_a_server_error])


def test_every_operation_is_told_of() -> None:
    document = Caller(SERVICE).get("/v1/openapi.json").json()
    assert len(document["paths"]) > 35
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path}"
            assert operation.get("tags"), f"{method} {path}"
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description") or name.startswith(("HTTP", "Validation")), name
    floats = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, kind in schema.get("properties", {}).items()
        if kind.get("type") == "number"
    ]
    known = ("StressRequest.", "PaceRequest.", "Terms", "Dashboard", "Heat", "History", "Session")
    assert not [name for name in floats if not name.startswith(known)], "amounts are decimal text"
