"""`bench pages`: the shop's pages as a shopper's browser asks for them, one after the other, over HTTP."""

import random
import re
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from onebasket.project.bench.driver import percentile
from onebasket.project.bench.report import Figure
from onebasket.project.bench.serving import Hub

ROUNDS = 60
INDEX_SECONDS = 180
SEED = 7
WORDS = (
    "milk", "bread", "chocolate", "bananas", "soup", "cheese", "coffee", "chips", "yogurt", "chicken", "shampoo",
    "orange juice", "ice cream", "tomato", "paper towels", "dog food", "pasta sauce", "crackers", "mlik", "8 oz",
)  # fmt: skip
_LINK = re.compile(r'href="(/shop/(?:d|p)/[^"#?]+)"')
_FIELD = re.compile(r'name="(csrfmiddlewaretoken|key|seen|sku)" value="([^"]*)"')


class Shopper:
    """A browser's connection and cookies."""

    def __init__(self, port: int) -> None:
        """Connect to a hub."""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: SimpleCookie = SimpleCookie()
        self.received = 0

    def get(self, path: str) -> str:
        """Return a page."""
        return self._ask("GET", path, None)

    def post(self, path: str, sent: dict[str, str]) -> None:
        """Send a form."""
        self._ask("POST", path, urlencode(sent))

    def _ask(self, method: str, path: str, body: str | None) -> str:
        headers = {
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in self._cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self.received = len(content)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookies.load(value.strip())
        if answer.status >= 400:  # noqa: PLR2004 - what is no page
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return content.decode()


def bench_pages(hub: Hub, *, store: str) -> Figure:
    """Measure each kind of page at a store, other ones every time, with a basket that is being filled."""
    shopper = Shopper(hub.port)
    _choose(shopper, store)
    await_index(shopper)
    choose = random.Random(SEED)  # noqa: S311 - which page is looked at is no secret
    paths = _paths(shopper, choose)
    _fill(shopper, next(paths["product"]))
    times: dict[str, list[float]] = {kind: [] for kind in paths}
    for _ in range(ROUNDS):
        for kind, ways in paths.items():
            path = next(ways)
            begins = time.perf_counter()
            shopper.get(path)
            times[kind].append((time.perf_counter() - begins) * 1000)
    every = sorted(one for listed in times.values() for one in listed)
    by_page = {
        kind: (round(percentile(sorted(one), 50), 1), round(percentile(sorted(one), 95), 1))
        for kind, one in times.items()
    }
    return Figure(
        "pages",
        "the shop's pages over HTTP, one shopper, a store chosen",
        percentile(every, 95),
        "ms (p95)",
        details={"p50 ms": percentile(every, 50), "p50, p95 ms by page": by_page, "rounds": ROUNDS},
    )


def await_index(shopper: Shopper) -> None:
    """Wait until search has its index: a hub builds it in the background."""
    until = time.monotonic() + INDEX_SECONDS
    while "Filter" not in shopper.get("/shop/search?q=milk"):
        if time.monotonic() > until:
            raise RuntimeError("the hub has built no index of search")
        time.sleep(0.5)


def _choose(shopper: Shopper, store: str) -> None:
    fields = dict(_FIELD.findall(shopper.get("/shop/stores")))
    token, key = fields["csrfmiddlewaretoken"], fields["key"]
    shopper.post(
        "/shop/stores/choose", {"csrfmiddlewaretoken": token, "key": key, "store": store, "next": "/shop/orders"}
    )


def _fill(shopper: Shopper, path: str) -> None:
    """Put a product into the basket, so that every page reads one."""
    fields = dict(_FIELD.findall(shopper.get(path)))
    if "sku" in fields:
        shopper.post("/shop/basket/lines", fields | {"quantity": "1", "next": "/shop/orders"})


def _paths(shopper: Shopper, choose: random.Random) -> dict[str, Iterator[str]]:
    departments = _links(shopper.get("/shop/departments"), "/shop/d/")
    categories = [link for one in departments[:6] for link in _links(shopper.get(one), f"{one}/")]
    goods = [link for one in choose.sample(categories, 20) for link in _links(shopper.get(one), "/shop/p/")]
    return {
        "front": _always("/shop/"),
        "department": _any(departments[:6], choose),
        "category": _any(categories, choose),
        "product": _any(goods, choose),
        "search": _any([f"/shop/search?{urlencode({'q': word})}" for word in WORDS], choose),
        "offers": _always("/shop/offers"),
        "stores": _always("/shop/stores"),
        "basket": _always("/shop/basket"),
    }


def _links(page: str, begins: str) -> list[str]:
    return [link for link in dict.fromkeys(_LINK.findall(page)) if link.startswith(begins)]


def _always(path: str) -> Iterator[str]:
    while True:
        yield path


def _any(paths: list[str], choose: random.Random) -> Iterator[str]:
    pick: Callable[[list[str]], str] = choose.choice
    while True:
        yield pick(paths)
