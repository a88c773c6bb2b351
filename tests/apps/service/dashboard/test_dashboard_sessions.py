"""The dashboard before keys, with positions, and when the service goes away."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.apps.service.dashboard.browser import Watched, chromium, watched
from tests.apps.service.dashboard.dashboard_service import perp_service, served
from trimtab.apps.service.application import application
from trimtab.apps.service.dashboard.static_routes import static_routes
from trimtab.apps.service.gate import KeyGate, OpenGate, RateLimit
from trimtab.apps.service.keyring import Keyring, add_key
from trimtab.apps.service.security import Role


@pytest.fixture
def gated(tmp_path: Path) -> tuple[KeyGate, Callable[[Role], str]]:
    """A gate with keys, and what makes one."""
    file = tmp_path / "keys.json"

    def made(role: Role) -> str:
        return add_key(file, role.name.lower(), role=role, now_ns=time.time_ns())[0]

    limit = RateLimit(1000, 1000, now_s=time.monotonic)
    gate = KeyGate(Keyring(file), clock_ns=time.time_ns, limit=limit, failures=limit)
    return gate, made


def test_anybody_may_know_whether_a_key_is_needed(
    gated: tuple[KeyGate, Callable[[Role], str]],
) -> None:
    for gate, needed in ((gated[0], True), (OpenGate(), False)):
        app = FastAPI()
        app.state.gate = gate
        app.include_router(static_routes())
        answer = TestClient(app).get("/dashboard/gate.json")
        assert answer.json() == {"keys_required": needed}


def test_reads_of_the_pages_need_a_key(
    tmp_path: Path, gated: tuple[KeyGate, Callable[[Role], str]]
) -> None:
    gate, made = gated
    key = made(Role.READ)
    paths = [f"/v1/dashboard/{name}" for name in ("session", "history", "heat", "terms/bob")]
    with TestClient(application(perp_service(tmp_path / "case"), gate=gate)) as client:
        assert [client.get(path).status_code for path in paths] == [401] * 4
        allowed = {"authorization": f"Bearer {key}"}
        assert [client.get(path, headers=allowed).status_code for path in paths] == [200] * 4
        assert client.get(paths[0], headers=allowed).json()["role"] == "read"
        assert client.get("/dashboard/main.js").status_code == 200


# Health of accounts with positions at other prices: the page's, and the engine's.
MOVED = """async (keys) => {
  const { get, post } = await import('./api.js');
  const { shocked, sums } = await import('./terms.js');
  const factors = { ETH: '0.8', BTC: '1.1' };
  const { accounts } = await post('what-if', { accounts: keys, factors });
  return Promise.all(accounts.map(async ({ key, after }) => {
    const terms = await get(`dashboard/terms/${encodeURIComponent(key)}`);
    const found = sums(terms, shocked(terms, { ETH: -0.2, BTC: 0.1 }));
    return [key, found.health, after.health_factor];
  }));
}"""


def signed_in(desk: Watched, key: str) -> None:
    """Type a key into the page that asks for one."""
    desk.page.fill("input[name=key]", key)
    desk.page.keyboard.press("Enter")


def test_a_reader_signs_in_looks_and_is_told_when_the_service_goes(
    tmp_path: Path, gated: tuple[KeyGate, Callable[[Role], str]]
) -> None:
    gate, made = gated
    key = made(Role.READ)
    service = perp_service(tmp_path / "case")
    with chromium() as browser, ExitStack() as stack:
        address = stack.enter_context(served(service, gate=gate))
        with watched(browser, address) as desk:
            desk.page.goto(f"{address}dashboard/#/account/bob")
            desk.page.wait_for_selector("h1:has-text('Sign in')")
            desk.require_quiet()
            signed_in(desk, "trimtab_wrong")
            desk.page.wait_for_selector(".banner.bad:has-text('does not accept this key')")
            desk.complaints.clear()  # the browser itself logs the 401
            signed_in(desk, key)
            desk.page.wait_for_selector(".pill.live")
            desk.settle()
            positions = desk.page.locator("[aria-label=Positions] tbody")
            assert positions.locator("[data-label='adl rank']").inner_text() in {"1 of 3", "2 of 3"}
            for key_, shown, exact in desk.page.evaluate(
                MOVED, ["ann", "bob", "bob/iso", "fay", "gus"]
            ):
                assert shown == pytest.approx(float(exact), rel=1e-9), key_
            assert desk.page.evaluate("sessionStorage.length") == 1
            assert desk.page.evaluate("localStorage.getItem('trimtab-key')") is None
            desk.open("rules")
            assert desk.page.get_by_role(
                "button", name="Raise now", include_hidden=True
            ).is_disabled()
            desk.require_quiet()
            desk.page.get_by_role("button", name="Sign out").click()
            desk.page.wait_for_selector("h1:has-text('Sign in')")
            signed_in(desk, key)
            desk.page.wait_for_selector(".pill.live")
            desk.settle()
            stack.close()
            desk.page.wait_for_selector(".pill.bad:has-text('offline')")
            assert "stale" in (desk.page.get_attribute("body", "class") or "")
            assert "stream is broken" in desk.page.locator("#alarm").inner_text()
            assert desk.page.locator(".failed").count() == 0
