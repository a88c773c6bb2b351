"""The dashboard's routes: what is served, how, and what is not."""

import gzip
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.apps.service.dashboard.dashboard_service import crisis_service
from trimtab.apps.service.application import application
from trimtab.apps.service.dashboard.files import own_files, plotly_file
from trimtab.apps.service.dashboard.static_routes import static_routes

TYPES = {
    "index.html": "text/html; charset=utf-8",
    "main.js": "text/javascript; charset=utf-8",
    "frame.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "plotly.js": "text/javascript; charset=utf-8",
}


@pytest.fixture(scope="module")
def static() -> TestClient:
    app = FastAPI()
    app.include_router(static_routes())
    return TestClient(app)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(application(crisis_service())) as found:
        yield found


@pytest.mark.parametrize("name", TYPES)
def test_files_have_their_types_and_strict_headers(static: TestClient, name: str) -> None:
    answer = static.get(f"/dashboard/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[name]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self';" in answer.headers["content-security-policy"]


def test_the_root_leads_to_the_pages(static: TestClient) -> None:
    answer = static.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "dashboard/")
    assert static.get("/").content == own_files()["index.html"].content


def test_a_known_tag_is_answered_without_a_body(static: TestClient) -> None:
    first = static.get("/dashboard/main.js")
    again = static.get("/dashboard/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    assert "max-age=604800" in static.get("/dashboard/plotly.js").headers["cache-control"]


def test_who_takes_gzip_gets_it(static: TestClient) -> None:
    packed = static.get("/dashboard/plotly.js", headers={"accept-encoding": "gzip"})
    plain = static.get("/dashboard/plotly.js", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == plotly_file().content
    assert gzip.decompress(plotly_file().compressed) == plotly_file().content


@pytest.mark.parametrize(
    "name", ["files.py", "nothing.js", "..%2Ffiles.py", "%2e%2e/files.py", "static/main.js", "a/b"]
)
def test_nothing_else_is_served(static: TestClient, name: str) -> None:
    assert static.get(f"/dashboard/{name}").status_code == 404


def test_head_is_answered_too(static: TestClient) -> None:
    assert static.head("/dashboard/main.js").status_code == 200


def test_session_says_who_asks(client: TestClient) -> None:
    assert client.get("/v1/dashboard/session").json() == {
        "venue": "black-thursday-today",
        "quote": "USD",
        "name": "local",
        "role": "admin",
        "keys_required": False,
        "durable": False,
        "replayed": True,
    }


def test_history_begins_with_the_service(client: TestClient) -> None:
    points = client.get("/v1/dashboard/history").json()["points"]
    overview = client.get("/v1/overview").json()
    assert points[0]["as_of"] == overview["as_of"]
    for name in ("collateral", "debt", "debt_at_risk", "equity"):
        assert points[0][name] == pytest.approx(float(overview[name]), rel=1e-9)
    assert points[0]["prices"]["ETH"] == 195


def test_heat_map_holds_every_borrower_within_reach(client: TestClient) -> None:
    found = client.get("/v1/dashboard/heat", params={"asset": "ETH"}).json()
    assert (found["asset"], found["quote"], found["step"]) == ("ETH", "USD", 1.01)
    column = found["columns"][0]
    accounts = client.get("/v1/accounts", params={"limit": 500}).json()["accounts"]
    expected = 0.0
    for row in accounts:
        account = client.get(f"/v1/accounts/{row['key']}").json()
        edge = account["liquidation_price"].get("ETH")
        if edge is not None and abs(float(edge) / 195 - 1) <= 0.75:
            expected += float(account["debt"])
    assert sum(column["values"]) == pytest.approx(expected, rel=1e-6)


def test_only_what_is_newer_is_given_again(client: TestClient) -> None:
    for path, rows in (("history", "points"), ("heat", "columns")):
        whole = client.get(f"/v1/dashboard/{path}").json()[rows]
        after = {"after": whole[-1]["as_of"]}
        assert client.get(f"/v1/dashboard/{path}", params=after).json()[rows] == []
        assert client.get(f"/v1/dashboard/{path}", params={"after": "soon"}).status_code == 422


def test_unknown_names_are_refused_in_one_line(client: TestClient) -> None:
    for path in ("terms/nobody", "heat?asset=GOLD"):
        answer = client.get(f"/v1/dashboard/{path}")
        assert answer.status_code == 404
        assert set(answer.json()) == {"error", "message"}
        assert "\n" not in answer.json()["message"]


def test_the_first_asset_is_shown_where_none_is_named(client: TestClient) -> None:
    found = client.get("/v1/dashboard/heat").json()
    assert found["asset"] == found["assets"][0]
    assert "USD" not in found["assets"]
