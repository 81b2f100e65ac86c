"""A kiosk in Chromium: what it complains of, what axe finds, and targets that a thumb misses, gathered on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from onebasket.channels.kiosk.enrolment import COOKIE
from tests.browser.chromium import ARGUMENTS, SCREENS

SMALL = """
  [...document.querySelectorAll(
    "button, a.btn, nav a, .aisles a, select, label.choice, input:not([type=hidden]):not([type=radio])"
  )]
  .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.closest(".hush"))
  .filter(one => Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width) < 64)
  .map(one => one.outerHTML.slice(0, 120))
"""
"""What a thumb would miss."""
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")
"""What htmx says where the next letter is typed before an answer is there: the older question is given up."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Not a fixture: while it runs, Django refuses to read the database in this thread."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        yield started
        started.close()


class Screen:
    """A kiosk's screen, bound to its store by the machine's secret."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        secret: str,
        *,
        screen: str = "portrait",
        scheme: str = "light",
        **more: Any,
    ) -> None:
        width, height = SCREENS[screen]
        stated: dict[str, Any] = {"locale": "en-US", "has_touch": True} | more
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type] # light or dark
            **stated,
        )
        self.context.add_cookies([{"name": COOKIE, "value": secret, "url": f"{address}/kiosk/"}])
        self.page: Page = self.context.new_page()
        self.address, self.complaints, self._own_clock = address, list[str](), False
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._note)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error" and not said.text.startswith(GIVEN_UP):
            self.complaints.append(said.text)

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.complaints.append(f"asks another host: {request.url}")

    def start(self) -> Page:
        """Open the first page."""
        self.page.goto(f"{self.address}/kiosk/")
        return self.page

    def look(self) -> None:
        """Let axe look at the page; it must not scroll sideways, and every target must be a thumb high."""
        for item in Axe().run(self.page).response["violations"]:
            self.complaints.append(f"{self.page.url}: {item['id']}: {item['nodes'][0]['html'][:160]}")
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.complaints.append(f"{self.page.url} scrolls sideways")
        self.complaints += [f"{self.page.url}: small: {one}" for one in self.page.evaluate(SMALL)]

    def leave_alone(self, seconds: int) -> None:
        """Let time go by in which nobody touches the kiosk: its page's clock is set forward."""
        if not self._own_clock:
            self.page.clock.install()
            self._own_clock = True
        self.page.clock.fast_forward(1_000 * seconds)

    def tap(self, target: str, *, first: bool = True) -> None:
        """Touch something."""
        found = self.page.locator(target)
        (found.first if first else found.last).tap()

    def settle(self) -> None:
        """Wait until no answer is on its way any more: it would take the place of what is touched next."""
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    def type(self, text: str, *, into: str) -> None:
        """Touch a field, then the keys of the screen's own keyboard."""
        self.page.locator(into).tap()
        self.page.locator(".keys").wait_for()
        for character in text:
            key = "space" if character == " " else character.lower()
            self.page.locator(f'.keys [data-key="{key}"]').tap()

    def scan(self, code: str) -> None:
        """Let a scanner type a code, and Enter, wherever the focus is."""
        self.page.keyboard.type(code, delay=2)
        self.page.keyboard.press("Enter")
