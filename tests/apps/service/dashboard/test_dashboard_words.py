"""What the pages say: of a dead feed, a leap of time, a liquidation that goes on, small moves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

import trimtab
from tests.apps.service.dashboard.browser import Watched, chromium, watched
from tests.apps.service.dashboard.dashboard_service import crisis_service, free_port, served
from tests.apps.service.services import until
from tests.apps.service.test_service_degraded import Told
from trimtab.adapters.streams import SocketStream
from trimtab.apps.service.feeds.remote import SocketFeed
from trimtab.apps.service.opening import opened
from trimtab.apps.service.running import Options

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def over() -> Iterator[str]:
    """The crisis, run to its end."""
    service = crisis_service(speed=1e7)
    with served(service) as address:
        until(lambda: service.feeds[0].status().startswith("ended"), seconds=90)
        yield address


@pytest.fixture(scope="module")
def desk(browser: Browser, over: str) -> Iterator[Watched]:
    with watched(browser, over) as found:
        yield found


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_a_dead_feed_and_a_leap_of_time_are_seen(browser: Browser, width: int, dark: bool) -> None:
    service = opened(trimtab.demo_case(), Options(heartbeat_s=0.2))
    stream = SocketStream(f"ws://127.0.0.1:{free_port()}/x", wait_first_s=0.05)
    rules = service.case.rules
    service.feeds.append(SocketFeed(stream, rules, queue=service.queue, log=Told()))
    with served(service) as address, watched(browser, address, width=width, dark=dark) as window:
        window.open("overview")
        pill = window.page.locator("a.pill.bad")
        pill.wait_for()
        assert "connection refused" in (pill.get_attribute("title") or "")
        window.page.wait_for_selector(".banner.bad:has-text('connection refused')")
        window.page.wait_for_selector(".banner.warn:has-text('of interest was accrued at once')")
        window.page.wait_for_selector(".banner.warn:has-text('stands on old prices')")
        pill.click()
        window.page.wait_for_selector("h1:has-text('Oracle')")
        row = window.page.locator("[aria-label='Feeds'] tr", has_text=stream.url)
        row.wait_for()
        assert "not connected: connection refused" in row.inner_text()
        assert row.locator(".tone-bad").count() == 1
        aged = window.page.locator("[aria-label='Accepted prices'] .below.tone-bad")
        assert {one.inner_text() for one in aged.all()} == {"old"}
        assert window.page.evaluate("document.body.scrollWidth <= innerWidth")
        window.require_quiet()


def test_a_replay_that_is_over_is_not_called_live(desk: Watched) -> None:
    desk.open("oracle")
    desk.page.wait_for_selector(".strip .pill:has-text('replay over')")
    assert desk.page.locator(".pill", has_text=re.compile("^live$")).count() == 0
    row = desk.page.locator("[aria-label='Feeds'] tr", has_text="replay")
    assert "ended after" in row.inner_text()


def test_the_journal_page_says_that_it_is_in_memory(desk: Watched) -> None:
    desk.open("journal")
    said = plain(desk.page.locator("main").inner_text())
    assert "This journal is kept in memory: it is lost when the service ends" in said
    assert "a crash loses nothing" not in said
    assert "in memory, until the service ends" in said


def begun(route: Route) -> None:
    """An account whose liquidation has begun, as the service would tell it."""
    answer = route.fetch()
    found = json.loads(answer.text())
    found |= {"health_factor": "1.0254", "binding": "liquidation_end", "liquidatable": True}
    found |= {"in_liquidation": True, "excess_liquidation_end": "-123.4"}
    route.fulfill(response=answer, body=json.dumps(found))


def test_a_liquidation_that_goes_on_is_said_in_the_same_words(browser: Browser, over: str) -> None:
    with watched(browser, over) as window:
        window.page.route("**/v1/accounts/borrower-0006", begun)
        window.open("account/borrower-0006")
        banner = plain(window.page.locator(".banner.bad").inner_text())
        assert "although its health is above 1 again" in banner
        assert "of which 123 USD are missing" in banner
        assert "above 1, in liquidation" in window.page.locator(".gauge").inner_text()
        text = plain(window.page.locator("main").inner_text())
        assert "Excess, liquidation-end level" in text
        assert "above 1, but its liquidation goes on" in text
        # The page asks again and again: what is asked in this moment may be answered by itself.
        window.page.unroute_all(behavior="ignoreErrors")
        window.open("account/borrower-0006")
        banner = plain(window.page.locator(".banner").inner_text())
        assert banner in (
            "This account is safe: what it holds covers what it owes at every level.",
            "This account is below the initial level: it may not borrow or withdraw.",
            "This account owes nothing.",
        )
        window.require_quiet()


def test_pools_show_every_term_of_their_identity(desk: Watched) -> None:
    desk.open("losses")
    heads = desk.page.locator("[aria-label='Pools'] thead th").all_inner_texts()
    assert heads[1:7] == ["cash", "borrowed", "deficit", "supplied", "reserves", "minted"]


FORMATS = """async () => {
  const { percentText, shortText, moneyText } = await import('./format.js');
  const { kindText } = await import('./events.js');
  return {
    small: [-0.0004, 0.0001, 0, -0.0006].map((one) => percentText(one, { signed: true })),
    part: percentText(0.0004), short: [250e3, 30e6, 2e9].map(shortText),
    release: kindText({ kind: 'release' }),
  };
}"""


def test_small_moves_and_large_numbers_are_plain(desk: Watched) -> None:
    found: dict[str, Any] = desk.page.evaluate(FORMATS)
    spaced = [plain(text) for text in found["small"]]
    assert spaced == ["0.0 %", "0.0 %", "0.0 %", "\u22120.1 %"]
    assert plain(found["part"]) == "<0.1 %"
    assert found["short"] == ["250k", "30M", "2B"]
    assert "liquidation is over" in found["release"]


def test_the_label_of_the_map_lies_above_it(desk: Watched) -> None:
    desk.open("heatmap/ETH")
    label = desk.page.locator(".plot .annotation-text", has_text="now")
    label.wait_for()
    map_ = desk.page.locator(".plot .nsewdrag").first
    at, shown = label.bounding_box(), map_.bounding_box()
    assert at is not None
    assert shown is not None
    assert at["y"] + at["height"] <= shown["y"] + 1


def test_choices_are_whole_on_a_phone(browser: Browser, over: str) -> None:
    with watched(browser, over, width=390) as window:
        for place, last in (("overview", "Losses and fund"), ("accounts", "lowest health")):
            window.open(place)
            box = window.page.get_by_role("button", name=last).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= 390
        assert "linear-gradient" in window.page.evaluate(
            "getComputedStyle(document.getElementById('nav')).backgroundImage"
        )
        window.require_quiet()
