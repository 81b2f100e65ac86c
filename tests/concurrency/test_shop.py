"""The last goods of a shelf, wanted by all at once through the shop's own pages, of real hub processes."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.channels.shopping import Form, Page, Shopper
from tests.concurrency.hubs import Hubs, serving
from tests.concurrency.webwrites import open_chain
from tests.conftest import SpareDatabases

STOCK, BUYERS = 50, 200
AT_ONCE = 16
"""How many shoppers come in at a time; they take the last goods all at once."""


@dataclass
class Response:
    """What came back, as Shopper reads it."""

    status_code: int
    content: bytes
    headers: dict[str, str]


@dataclass
class Browser:
    """A connection to a hub, with cookies of its own."""

    port: int
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def get(self, path: str, **_: Any) -> Response:
        return self._ask("GET", path, "")

    def post(self, path: str, sent: dict[str, str]) -> Response:
        return self._ask("POST", path, urlencode(sent))

    def _ask(self, method: str, path: str, body: str) -> Response:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=90)
        carried = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        headers = {"Cookie": carried, "Accept-Language": "en", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookies.load(value.strip())
        assert answer.status < 500, (path, content[:2_000])
        return Response(answer.status, content, {"Location": answer.headers.get("Location", "")})


class Buyer(Shopper):
    """A shopper over HTTP."""

    def __init__(self, hubs: Hubs, number: int) -> None:
        self.client = Browser(hubs.ports[number % len(hubs.ports)])  # type: ignore[assignment] # of the same shape
        self.page: Page
        self.send(self.get("stores?q=p1").form("stores/choose", store="p1"), next="/shop/orders")

    def look_at(self, sku: str) -> None:
        self.page = self.get(f"p/x/{sku}")

    def take(self, sku: str) -> None:
        self.page = self.send(self.page.form("basket/lines", sku=sku), next="/shop/basket")

    def form(self) -> Form | None:
        """Return the checkout's form; None for whoever is told what is missing instead."""
        self.page = self.checkout()
        return next((form for form in self.page.forms if form.action.endswith("/checkout")), None)


@pytest.fixture(scope="module")
def hubs(
    spare_databases: SpareDatabases, command: tuple[str, ...], program: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hubs]:
    url, home = spare_databases.copy(), tmp_path_factory.mktemp("shops")
    with serving(command, program, url=url, home=home, count=2 if spare_databases.on_postgres else 1) as served:
        open_chain(served, products={"last": STOCK})
        yield served


def in_turn(buyers: Sequence[Buyer], do: Callable[[Buyer], Any]) -> list[Any]:
    """Let some at a time do something."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(do, buyers))


def all_at_once(buyers: Sequence[Buyer], do: Callable[[Buyer], Any]) -> list[Any]:
    """Let all do something from the same moment on."""
    gate = threading.Barrier(len(buyers))

    def one(buyer: Buyer) -> Any:
        gate.wait(60)
        return do(buyer)

    with ThreadPoolExecutor(len(buyers)) as pool:
        return list(pool.map(one, buyers))


@pytest.mark.timeout(400)
def test_200_buyers_buy_50_through_the_pages(hubs: Hubs) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        buyers = list(pool.map(lambda number: Buyer(hubs, number), range(BUYERS)))
    in_turn(buyers, lambda buyer: buyer.look_at("last"))

    all_at_once(buyers, lambda buyer: buyer.take("last"))

    (row,) = hubs.get("stock/shelves?place=p1&sku=last&state=sellable")["items"]
    assert (row["on_hand"], row["reserved"], row["held"]) == (STOCK, 0, STOCK)
    told = Counter("not kept: the store has none" in buyer.page.text.lower() for buyer in buyers)
    assert told == {False: STOCK, True: BUYERS - STOCK}

    forms = in_turn(buyers, lambda buyer: (buyer, buyer.form()))
    ready = [(buyer, form) for buyer, form in forms if form is not None]
    assert len(ready) == STOCK
    # Each sends the form twice, over two connections.
    twice = [(buyer, form) for buyer, form in ready for _ in range(2)]
    gate = threading.Barrier(len(twice))

    def place(pair: tuple[Buyer, Form]) -> str:
        buyer, form = pair
        gate.wait(60)
        page: Page = buyer.send(form, name="Ada", email="ada@example.org")
        assert "Order p1-" in page.text, page.text[:500]
        return page.address.partition("?")[0]

    with ThreadPoolExecutor(len(twice)) as pool:
        addresses = list(pool.map(place, twice))

    assert Counter(addresses).most_common(1)[0][1] == 2
    assert len(set(addresses)) == STOCK
    assert hubs.audit()["orders.entries"] == STOCK
    (row,) = hubs.get("stock/shelves?place=p1&sku=last&state=sellable")["items"]
    assert (row["on_hand"], row["reserved"], row["held"]) == (STOCK, STOCK, 0)
