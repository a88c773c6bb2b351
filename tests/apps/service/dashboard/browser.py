"""A browser for the tests of the dashboard: Debian's Chromium, whatever it complains about kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT_MS = 30_000


@dataclass
class Watched:
    """A page with what it complained of and whom it asked."""

    # Playwright keeps what it makes of `hear` and `see` on the object: it has no slots.

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings of the console."""
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def see(self, request: Request) -> None:
        """Keep requests that leave the service's own origin."""
        own = request.url.startswith((self.address, "data:", "blob:", "about:"))
        if not own:
            self.strangers.append(request.url)

    def open(self, place: str) -> None:
        """Go to a page of the dashboard and wait until it has drawn what it asked for."""
        target = f"{self.address}dashboard/#/{place}"
        if self.page.url == target:
            self.page.reload()
        self.page.goto(target)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is loading."""
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("() => !document.querySelector('.loading')")
        failed = self.page.locator(".failed")
        assert failed.count() == 0, failed.first.inner_text()

    def require_quiet(self) -> None:
        """No console error, no warning, no request beyond the origin."""
        assert self.complaints == []
        assert self.strangers == []


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; skips where it or Playwright is not installed."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with api.sync_playwright() as made:
        browser = made.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def watched(
    browser: Browser, address: str, *, width: int = 1440, dark: bool = False
) -> Iterator[Watched]:
    """A fresh page of a window of a width, in a color scheme."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    found = Watched(page, address)
    page.on("console", found.hear)
    page.on("pageerror", lambda error: found.complaints.append(f"{page.url}: {error}"))
    page.on("request", found.see)
    yield found
    context.close()
