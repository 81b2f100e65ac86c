"""The sandbox's pages in a real browser: a referred shopper buys, a person breaks things, on a phone and a laptop."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, SIZES
from tests.sandboxing import CONTROL, SandboxProcess, good, sandbox_process, write_goods

pytestmark = pytest.mark.browser

LAMP, KETTLE = 7_000_001, 7_000_002


@pytest.fixture(scope="module")
def one(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("sandbox")
    goods = write_goods(
        folder / "goods.jsonl",
        good("Brass desk lamp", 3400, id=LAMP, category="Home > Lighting & clocks", list_price=4000),
        good("Sold-out kettle", 2000, id=KETTLE, stock=0),
    )
    with sandbox_process(command, folder, "--no-own-goods", "--goods", str(goods)) as found:
        yield found


def is_sound(shown: Page) -> None:
    """Nothing is wider than the screen, nothing shuts anybody out."""
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [violation["id"] for violation in Axe().run(shown).response["violations"]] == []


@pytest.mark.parametrize(
    ("size", "scheme", "scripts"), [("phone", "light", True), ("laptop", "dark", True), ("phone", "dark", False)]
)
def test_a_referred_shopper_buys(one: SandboxProcess, size: str, scheme: Any, scripts: bool) -> None:  # noqa: FBT001
    one.done("POST", "forget", {})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        screen = ViewportSize(width=SIZES[size][0], height=SIZES[size][1])
        shown = browser.new_context(viewport=screen, color_scheme=scheme, java_script_enabled=scripts).new_page()
        refused: list[str] = []
        shown.on("console", lambda message: refused.append(message.text))
        shown.goto(f"{one.url}/item/{LAMP}.html?dp=click-1&tid=shop")
        if scripts:
            is_sound(shown)
        shown.get_by_label("Your name").fill("Ada Example")
        shown.get_by_role("button", name="Buy it").click()
        expect(shown.get_by_role("heading", name="Thank you, Ada Example")).to_be_visible()
        bought = shown.locator("#order-number").inner_text()
        if scripts:
            is_sound(shown)
        shown.get_by_role("link", name="On with shopping").click()
        expect(shown.get_by_role("heading", name="Things for home, kitchen and garden")).to_be_visible()
        if scripts:
            is_sound(shown)
        browser.close()
    assert [message for message in refused if "favicon" not in message and "404" not in message] == []
    assert [(str(line["order_id"]), line["custom_parameters"]) for line in one.lines()] == [
        (bought, '{"dp":"click-1"}')
    ]


@pytest.mark.parametrize("size", SIZES)
def test_a_person_lets_things_go_wrong(one: SandboxProcess, size: str) -> None:
    one.done("POST", "forget", {})
    one.place({LAMP: 1})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        shown = browser.new_context(viewport=ViewportSize(width=SIZES[size][0], height=SIZES[size][1])).new_page()
        shown.goto(f"{one.url}/control/")
        shown.get_by_label("Control token").fill(CONTROL)
        shown.get_by_role("button", name="Open").click()
        shown.get_by_label("Fault").select_option("call_limit")
        shown.get_by_role("button", name="Add").click()
        expect(shown.get_by_role("cell", name="call_limit")).to_be_visible()
        is_sound(shown)
        shown.get_by_role("button", name="Set").click()
        expect(shown.get_by_role("cell", name="WAIT_SELLER_SEND_GOODS", exact=True)).to_be_visible()
        shown.get_by_role("button", name="Do").click()
        expect(shown.get_by_role("cell", name="Buyer Confirmed Receipt", exact=True)).to_be_visible()
        shown.get_by_role("button", name="Clear all faults").click()
        expect(shown.get_by_text("Nothing is set to go wrong.")).to_be_visible()
        browser.close()
