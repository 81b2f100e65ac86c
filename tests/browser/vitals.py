"""Core Web Vitals of the shop in Chromium: `python -m tests.browser.vitals http://127.0.0.1:8000 STORE [TIMES]`.

Each page is loaded afresh, on a phone whose processor is slowed four times and whose line carries 1.6 Mbit/s with
150 ms to and fro (what Lighthouse calls slow 4G). Printed are medians: when the largest part was painted (LCP), by how
much the page shifted (CLS), how long a press took to be answered (INP, of adding to the basket and of more), and what
came over the line. The hub serves as in production but for TLS.
"""

import statistics
import sys
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, SIZES

PAGES = {"front": "", "category": "d/grocery/soup", "search": "search?q=milk", "basket": "basket"}
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
WATCH = """
window.vitals = { lcp: 0, cls: 0, inp: 0 };
const watch = (type, see, more) =>
  new PerformanceObserver((list) => list.getEntries().forEach(see)).observe({ type, buffered: true, ...more });
watch("largest-contentful-paint", (one) => { vitals.lcp = one.startTime; });
watch("layout-shift", (one) => { if (!one.hadRecentInput) vitals.cls += one.value; });
watch("event", (one) => { if (one.interactionId) vitals.inp = Math.max(vitals.inp, one.duration); },
  { durationThreshold: 16 });
"""


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def measure(browser: Browser, address: str, store: str, path: str) -> dict[str, float]:
    """Load a page afresh, and press what can be pressed."""
    width, height = SIZES["phone"]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/shop/stores?q={store}")
    page.locator(f"form:has(input[name=store][value='{store}']) button").first.click()
    page.wait_for_load_state("networkidle")
    cookies = context.cookies()
    context.close()
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    context.add_cookies(cookies)  # type: ignore[arg-type] # as they were given
    context.add_init_script(WATCH)
    page = context.new_page()
    received = _slowed(page)
    page.goto(f"{address}/shop/{path}")
    page.wait_for_load_state("networkidle")
    loaded = sum(received)
    lcp = page.evaluate("vitals.lcp")
    add = page.locator(".cart button").first
    if add.count():
        add.click()
        page.locator(".stepper button[id^=more]").first.click()
        page.wait_for_timeout(800)
    found: dict[str, Any] = page.evaluate("vitals")
    context.close()
    return {"LCP ms": lcp, "CLS": found["cls"], "INP ms": found["inp"], "KB": loaded / 1024}


def _slowed(page: Page) -> list[int]:
    received: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    return received


def main(address: str, store: str, times: int) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        for name, path in PAGES.items():
            runs = [measure(browser, address, store, path) for _ in range(times)]
            medians = {kind: round(statistics.median(run[kind] for run in runs), 3) for kind in runs[0]}
            say(f"{name:10}", medians)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 5)
