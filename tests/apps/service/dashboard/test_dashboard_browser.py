"""The dashboard in a browser, on a running service with the bundled crisis."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.apps.service.dashboard.browser import Watched, chromium, watched
from tests.apps.service.dashboard.dashboard_service import crisis_service, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = (
    *("overview", "heatmap", "heatmap/WBTC", "accounts", "accounts/staker", "liquidations"),
    *("account/borrower-0006", "losses", "oracle", "rules", "stress", "alerts", "journal"),
)
SPEED = 3000.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The crisis with its time held at the first price, so that every answer is of one moment."""
    service = crisis_service()
    assert service.case_clock is not None, "a replay has its clock"
    service.case_clock.change(held=True)
    with served(service) as found:
        yield found


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """The crisis as it unfolds."""
    with served(crisis_service(speed=SPEED)) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def window(browser: Browser, address: str) -> Iterator[Watched]:
    with watched(browser, address) as found:
        yield found


@pytest.fixture
def desk(window: Watched) -> Iterator[Watched]:
    """A desktop window on the held crisis; whatever a test does there must be quiet."""
    yield window
    window.require_quiet()


def ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{address}v1/{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_every_page_opens_quietly(browser: Browser, running: str, width: int, dark: bool) -> None:
    with watched(browser, running, width=width, dark=dark) as found:
        titles = set()
        for place in PAGES:
            found.open(place)
            wide = found.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{place} is {wide} pixels wider than the window"
            titles.add(found.page.title())
        assert len(titles) >= 10, titles
        assert found.page.locator(".pill.live").count() == 1
        assert found.page.evaluate("document.documentElement.dataset.theme") == (
            "dark" if dark else "light"
        )
        found.require_quiet()


def test_charts_are_drawn_by_the_package_of_this_machine(desk: Watched) -> None:
    desk.open("heatmap/ETH")
    desk.page.wait_for_selector(".plot .hm image, .plot .heatmaplayer image")
    assert desk.page.locator(".plot .scatterlayer path.js-line").count() >= 1
    assert "Heat map of ETH at" in (desk.page.get_attribute(".plot", "aria-label") or "")


def test_slider_moves_health_at_once_and_the_engine_confirms(desk: Watched, address: str) -> None:
    desk.open("account/borrower-0006")
    big = desk.page.locator(".gauge .big")
    before = float(big.get_attribute("data-health") or "nan")
    slider = desk.page.get_by_label("ETH", exact=True)
    slider.focus()
    for _ in range(40):
        slider.press("ArrowLeft")
    shown = float(big.get_attribute("data-health") or "nan")
    assert shown == pytest.approx(before * 0.8, rel=1e-9)
    desk.page.wait_for_selector("[data-health]:has-text('Confirmed')")
    question = {"accounts": ["borrower-0006"], "factors": {"ETH": "0.8"}}
    exact = ask(address, "what-if", question)["accounts"][0]["after"]
    confirmed = desk.page.get_attribute("p[role=status][data-health]", "data-health")
    assert confirmed == exact["health_factor"]
    assert shown == pytest.approx(float(exact["health_factor"]), rel=1e-9)
    assert "liquidatable" in desk.page.locator(".gauge").inner_text()
    desk.page.get_by_role("button", name="Back to market").click()
    assert float(big.get_attribute("data-health") or "nan") == before


def test_all_prices_move_by_one_slider(desk: Watched) -> None:
    desk.open("account/staker-0001")
    joint = desk.page.get_by_label("All prices")
    joint.focus()
    joint.press("ArrowRight")
    for asset in ("ETH", "STETH"):
        assert desk.page.get_by_label(asset, exact=True).input_value() == "0.005"
    assert "+0.5" in (joint.get_attribute("aria-valuetext") or "")


ARITHMETIC = """async ([keys, shocks]) => {
  const { shocked, sums, liquidationPrice } = await import('./terms.js');
  const found = {};
  for (const key of keys) {
    const terms = await (await fetch(`../v1/dashboard/terms/${encodeURIComponent(key)}`)).json();
    const at = sums(terms, shocked(terms, shocks));
    const edge = liquidationPrice(terms, {}, 'ETH');
    found[key] = { health: at.health, equity: at.equity, edge: edge?.price, side: edge?.side };
  }
  return found;
}"""


def test_arithmetic_of_the_page_is_the_engines(desk: Watched, address: str) -> None:
    rows = ask(address, "accounts?state=with_debt&limit=40")["accounts"]
    keys = [row["key"] for row in rows]
    desk.open("accounts")
    shocks = {"ETH": -0.25, "WBTC": 0.1, "DAI": 0.03}
    factors = {"ETH": "0.75", "WBTC": "1.1", "DAI": "1.03"}
    found = desk.page.evaluate(ARITHMETIC, [keys, shocks])
    exact = ask(address, "what-if", {"accounts": keys, "factors": factors})["accounts"]
    for row in exact:
        page = found[row["key"]]
        assert page["health"] == pytest.approx(float(row["after"]["health_factor"]), rel=1e-9)
        assert page["equity"] == pytest.approx(float(row["after"]["equity"]), rel=1e-6)
        edge = row["before"]["liquidation_price"].get("ETH")
        if edge is not None and float(edge) < 20 * 195:
            assert page["edge"] == pytest.approx(float(edge), rel=1e-6)
            assert page["side"] == row["before"]["liquidation_side"]["ETH"]


def test_dry_run_shows_who_would_be_liquidatable(desk: Watched, address: str) -> None:
    fields = ("max_ltv_wad", "liquidation_end_wad", "liquidation_threshold_wad")
    desk.open("rules")
    for name in fields:
        desk.page.click(f"[data-setting='assets.ETH.{name}']")
        desk.page.fill(f"input[name='assets.ETH.{name}']", "0.6")
    desk.page.fill("input[name=reason]", "a test")
    desk.page.get_by_role("button", name="Dry run").click()
    banner = desk.page.locator(".banner.warn", has_text="would become liquidatable")
    banner.wait_for()
    changes = [{"section": "assets", "name": "ETH", "field": n, "value": "0.6"} for n in fields]
    exact = ask(address, "rules/dry-run", {"changes": changes, "reason": "a test"})
    assert exact["newly_unsafe_total"] > 10
    shown = banner.inner_text().replace("\u00a0", " ")
    assert shown == f"{exact['newly_unsafe_total']} accounts would become liquidatable."
    first = desk.page.locator("[aria-label='Who would become liquidatable'] tbody th").first
    assert first.inner_text() == exact["newly_unsafe"][0]["key"]
    rules = ask(address, "rules")["settings"]
    now = {row["field"]: row["value"] for row in rules if row["name"] == "ETH"}
    assert [now[name] for name in fields] == ["0.64", "0.65", "0.6666"]


def test_what_the_engine_would_refuse_is_said_so(desk: Watched) -> None:
    desk.open("rules")
    setting = "assets.ETH.liquidation_threshold_wad"
    desk.page.click(f"[data-setting='{setting}']")
    desk.page.fill(f"input[name='{setting}']", "0.01")
    desk.page.fill("input[name=reason]", "a test")
    desk.page.get_by_role("button", name="Dry run").click()
    desk.page.wait_for_selector("text=The engine would refuse this: rule out of bounds")


def test_breaker_is_raised_at_once_and_lowered_by_a_second_word(desk: Watched) -> None:
    desk.open("rules")
    desk.page.click("text=Raise or lower it")
    desk.page.fill("input[name=breaker-reason]", "a test")
    desk.page.get_by_role("button", name="Raise now").click()
    desk.page.wait_for_selector(".banner.good:has-text('The breaker stands at level 1.')")
    desk.page.wait_for_selector(".pill:has-text('breaker 1: no new risk')")
    assert "level 1" in desk.page.locator("#alarm").inner_text()
    desk.page.get_by_role("button", name="Lower …").click()
    confirm = desk.page.get_by_role("dialog").get_by_role("button", name="Confirm")
    confirm.click()
    desk.page.wait_for_selector(".pill:has-text('not tripped')")
    desk.open("journal")
    assert "a test" in desk.page.locator("main").inner_text()


def test_stress_is_launched_from_the_page(desk: Watched, address: str) -> None:
    desk.open("stress")
    for name, value in (("paths", "20"), ("horizon_hours", "2"), ("seed", "7")):
        desk.page.fill(f"input[name={name}]", value)
    # At the first price nothing has been served that could be learnt from.
    for name, value in (("process", "none"), ("shock", "crash")):
        desk.page.select_option(f"select[name={name}]", value)
    desk.page.get_by_role("button", name="Launch").click()
    row = desk.page.locator("[aria-label=Runs] tbody tr").first
    row.locator(".tag.good, .tag.bad").wait_for(timeout=120_000)
    (run,) = ask(address, "stress")["runs"]
    assert (run["question"]["paths"], run["question"]["seed"]) == (20, 7)
    result = desk.page.locator("main").inner_text()
    assert run["state"] == "done", run["error"]
    assert "Chance of insolvency" in result
    assert "of 20 paths" in result
    with desk.page.expect_download() as saved:
        desk.page.get_by_role("button", name="Save the answer as JSON").click()
    answer = json.loads(saved.value.path().read_text())
    assert answer == ask(address, f"stress/{run['id']}")["result"]


def test_pages_are_reached_by_keyboard(desk: Watched) -> None:
    desk.open("overview")
    desk.page.reload()
    desk.settle()
    desk.page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    assert desk.page.evaluate(focused) == "Skip to the page"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert desk.page.evaluate(outline) == "solid"
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.id") == "main"
    desk.page.keyboard.press("/")
    desk.page.keyboard.type("staker-0003")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("main a[href='#/account/staker-0003']")
    desk.settle()


def test_color_scheme_is_chosen_and_kept(desk: Watched) -> None:
    desk.open("losses")
    scheme = desk.page.locator("button.scheme")
    theme = "document.documentElement.dataset.theme"
    scheme.click()
    assert desk.page.evaluate(theme) == "light"
    scheme.click()
    assert desk.page.evaluate(theme) == "dark"
    desk.page.reload()
    desk.settle()
    assert desk.page.evaluate(theme) == "dark"


def test_names_from_outside_stay_text(desk: Watched) -> None:
    desk.open("accounts/" + "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert desk.page.locator("main img").count() == 0
    assert "<img src=x" in desk.page.locator(".empty").inner_text()
