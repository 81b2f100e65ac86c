"""A shopper with a browser that knows no scripts: pages are read, forms are sent as they stand in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from onebasket.channels.shop import guesses, offers, visit
from onebasket.commerce.hotpath.actions import asking
from onebasket.front import stores
from tests.builders import make_chain
from tests.channels.api import InlineCommitter


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, its fields as they are filled, and its buttons as (name, value, text)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Reads forms, links and the visible text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self._silent = self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._silent = tag in {"script", "style"}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "input" and self.forms and "name" in given:
            if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "textarea" and self.forms:
            self.forms[-1].fields[given["name"]] = ""
        elif tag == "button" and self.forms and "disabled" not in given:
            self._in_button = True
            self.forms[-1].buttons.append([given.get("name", ""), given.get("value", ""), ""])

    def handle_endtag(self, tag: str) -> None:
        self._silent = False
        if tag == "button":
            self._in_button = False

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text.append(data)
        if self._in_button:
            self.forms[-1].buttons[-1][2] += data


@dataclass(slots=True)
class Page:
    """What came back: the status, the headers, and what a reader sees."""

    status: int
    html: str
    address: str
    headers: Mapping[str, str]
    forms: list[Form]
    links: list[str]
    text: str

    def form(self, action: str, *, button: str = "", **fields: str) -> Form:
        """Return the form that goes to an address, has a button that says so, and these fields."""
        for form in self.forms:
            fits = all(form.fields.get(name) == value for name, value in fields.items())
            if (
                form.action.endswith(action)
                and fits
                and any(button in one[2] for one in form.buttons or [["", "", ""]])
            ):
                return form
        raise AssertionError(f"no form to {action} with {button!r} and {fields} in {self.address}")


def read_page(response: Any, address: str) -> Page:
    """Read an answer of Django's test client."""
    html = response.content.decode()
    reader = _Reader()
    reader.feed(html)
    text = " ".join(" ".join(reader.text).split()).replace("\N{MINUS SIGN}", "-")
    return Page(response.status_code, html, address, dict(response.headers), reader.forms, reader.links, text)


class Shopper:
    """A browser with its cookies."""

    def __init__(self, *, store: str = "p1", language: str = "en") -> None:
        self.client = Client(headers={"accept-language": language}, enforce_csrf_checks=True)
        if store:
            self.choose(store)

    def get(self, path: str, **more: Any) -> Page:
        """Open an address below /shop/, and follow where it leads."""
        return self._follow(self.client.get(_whole(path), **more), path)

    def send(self, form: Form, *, button: str = "", **typed: str) -> Page:
        """Send a form with what was typed, by the button that says so, and follow where it leads."""
        return self._follow(self.answer(form, button=button, **typed), form.action)

    def answer(self, form: Form, *, button: str = "", **typed: str) -> Any:
        """Send a form and return the bare answer."""
        sent = form.fields | typed
        pressed = next((one for one in form.buttons if button in one[2]), None)
        assert pressed or not button, f"no button {button!r} in {form}"
        if pressed and pressed[0]:
            sent = {pressed[0]: pressed[1]} | sent
        return self.client.post(form.action, sent)

    def choose(self, store: str) -> Page:
        """Choose a store from the list."""
        return self.send(self.get("stores").form("stores/choose", store=store))

    def add(self, sku: str, times: int = 1) -> Page:
        """Put a product into the basket from its page, so many times."""
        page = self.get(f"p/x/{sku}")
        for _ in range(times):
            form = page.form("basket/lines", sku=sku)
            page = self.send(form, button="Add" if form.fields["seen"] == "0" else "More")
        return page

    def visit(self) -> visit.Visit:
        """Return what the shop knows of this browser."""
        request = type(
            "Request", (), {"COOKIES": {name: morsel.value for name, morsel in self.client.cookies.items()}}
        )()
        return visit.read_visit(request)

    def basket(self) -> UUID:
        """Return the id of the basket that is being filled."""
        found = self.visit().basket
        assert found is not None
        return found

    def checkout(self) -> Page:
        """Go to the checkout, and choose the first time where one is wanted."""
        page = self.get("checkout")
        if any(form.action.endswith("slot/take") for form in page.forms):
            page = self.send(page.form("slot/take"))
        return page

    def place(self, **typed: str) -> Page:
        """Go through the checkout and place the order."""
        who = {"name": "Ada", "email": "ada@example.org"} | typed
        return self.send(self.checkout().form("/checkout"), **who)

    def _follow(self, response: Any, path: str) -> Page:
        for _ in range(5):
            if response.status_code not in {301, 302, 303}:
                return read_page(response, path)
            path = response.headers["Location"]
            response = self.client.get(_whole(path.partition("#")[0]))
        raise AssertionError(f"{path} leads round in a circle")


def make_shop(monkeypatch: pytest.MonkeyPatch, *, stock: Mapping[str, int] | None = None) -> int:
    """Make a chain with the stores p1 and p2, whose writes are committed in the test's own transaction."""
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    stores.forget_stores()
    offers.forget_offers()
    monkeypatch.setattr(stores, "REST_SECONDS", 3_600.0)
    guesses.MISSES.clear()
    return make_chain("p1", "p2", stock=stock if stock is not None else {"milk": 10, "bread": 5, "apples": 5_000})


def _whole(path: str) -> str:
    return path if path.startswith("/") else f"/shop/{path}"
