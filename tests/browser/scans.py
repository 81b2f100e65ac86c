"""From scan to answer in Chromium: `python -m tests.browser.scans http://127.0.0.1:8000 USER PASSWORD [TIMES]`.

USER may work at a store and open a kiosk there (role store or manager, without a second factor). Products are gathered
from the shop's own pages, so that any hub will do: one with a year loaded, or the demo's. Each scan is typed as a
scanner does, then Enter. What is measured begins with that key and ends two frames after the answer came into the page,
when it has been painted: the way to the hub and back, the answer, its layout and its painting. Printed are p50, p95 and
the longest, in milliseconds, for the associate's page on a phone and for the kiosk upright.
"""

import itertools
import random
import re
import sys
from collections.abc import Callable
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from onebasket.project.bench.driver import percentile
from tests.browser.chromium import ARGUMENTS, SCREENS, SIZES

WARM = 15
MOST_PRODUCTS = 400
WATCH = """
const seen = new WeakSet();
const look = () => {
  const answer = document.querySelector("#verdict, .one h1");
  if (!answer || seen.has(answer)) return;
  seen.add(answer);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    sessionStorage.setItem("answered", performance.timeOrigin + performance.now());
  }));
};
new MutationObserver(look).observe(document, { childList: true, subtree: true });
addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  sessionStorage.removeItem("answered");
  sessionStorage.setItem("scanned", performance.timeOrigin + event.timeStamp);
}, { capture: true });
"""
TOOK = "sessionStorage.getItem('answered') - sessionStorage.getItem('scanned')"


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def skus(address: str) -> list[str]:
    """Return the SKUs of products as the shop lists them, in an order that is always the same."""
    found: dict[str, None] = {}
    links = re.compile(r'href="(/shop/d/[^"?#]+)"')
    front = _read(f"{address}/shop/departments")
    for department in dict.fromkeys(links.findall(front)):
        for section in dict.fromkeys(links.findall(_read(address + department))):
            for sku in re.findall(r'href="/shop/p/[^/"]+/([^"?#]+)"', _read(address + section)):
                found[sku] = None
            if len(found) > MOST_PRODUCTS:
                break
    listed = list(found)
    random.Random(7).shuffle(listed)  # noqa: S311 - which product is scanned is no secret
    return listed


def _read(address: str) -> str:
    with urlopen(address, timeout=60) as answer:  # noqa: S310 - the hub that was named
        text: str = answer.read().decode()
    return text


def sign_in(context: BrowserContext, address: str, user: str, password: str, *, to: str) -> Page:
    """Sign in, and go on to a page."""
    page = context.new_page()
    page.goto(f"{address}/login/?next={to}")
    page.fill("[name=username]", user)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    return page


def measure(page: Page, codes: list[str], answered: str, begin: Callable[[], None]) -> list[float]:
    """Scan one code after the other; return how long each answer took."""
    times = []
    for number, code in enumerate(codes):
        begin()
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, code=code: url.endswith(f"={code}"))  # type: ignore[misc]
        page.locator(answered).wait_for()
        while (took := page.evaluate(TOOK)) <= 0:
            page.wait_for_timeout(5)
        if number >= WARM:
            times.append(took)
    return sorted(times)


def report(name: str, times: list[float]) -> None:
    figures = [f"{percentile(times, share):.0f}" for share in (50, 95)]
    say(f"{name:28} p50 {figures[0]} ms, p95 {figures[1]} ms, longest {times[-1]:.0f} ms, {len(times)} scans")


def associate(browser: Browser, address: str, who: tuple[str, str], codes: list[str]) -> list[float]:
    width, height = SIZES["phone"]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    context.add_init_script(WATCH)
    page = sign_in(context, address, *who, to="/store/scan")
    page.goto(f"{address}/store/scan")
    times = measure(page, codes, "#verdict", lambda: page.locator("#code:focus").wait_for())
    context.close()
    return times


def kiosk(browser: Browser, address: str, who: tuple[str, str], codes: list[str]) -> list[float]:
    width, height = SCREENS["portrait"]
    context: Any = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    context.add_init_script(WATCH)
    page = sign_in(context, address, *who, to="/kiosk/open")
    page.locator("button[name=place]").first.click()
    page.wait_for_url(f"{address}/kiosk/")
    page.wait_for_load_state("networkidle")
    times = measure(page, codes, ".one h1", lambda: page.wait_for_load_state("load"))
    context.close()
    return times


def main(address: str, user: str, password: str, times: int) -> None:
    codes = list(itertools.islice(itertools.cycle(skus(address)), times + WARM))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        report("associate, phone", associate(browser, address, (user, password), codes))
        report("kiosk, upright", kiosk(browser, address, (user, password), codes))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 300)
