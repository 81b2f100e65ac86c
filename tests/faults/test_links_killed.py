"""Processes are killed between a click and its redirect: who was sent on is written down, and nobody waited for it."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import psutil
import pytest

from tests.conftest import SpareDatabases
from tests.faults.house import PATIENCE, House, kill, open_house
from tests.forking import run

MODULE = "onebasket.project.committer"
AGENT = {"User-Agent": "Mozilla/5.0 Firefox/140.0"}
SHOPPERS = 6
TICKETS = 20_000
LONGEST_SECONDS = 5.0
"""Two shared cores start slowly; a shopper who waited for the next committer would wait for longer."""
pytestmark = pytest.mark.timeout(600)


class Ticket(NamedTuple):
    """A ticket, and the click that its link bears."""

    text: str
    click: str


class Shop(NamedTuple):
    """A house with a partner, and tickets that nobody has followed yet."""

    house: House
    tickets: Iterator[Ticket]


@pytest.fixture(scope="module")
def shop(
    command: tuple[str, ...], spare_databases: SpareDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    house = open_house(command, spare_databases.copy(), tmp_path_factory.mktemp("links") / "home")
    made = run("tests.faults.referring", str(TICKETS), env=house.environment)
    yield Shop(house, iter([Ticket(*line.split()) for line in made.splitlines()]))
    house.end()


class Shopper:
    """Follows one link after the other, each once; keeps what was answered and how long the longest took."""

    def __init__(self, shop: Shop) -> None:
        self.sent_on: list[Ticket] = []
        self.longest = 0.0
        self.others: list[int] = []
        self._shop = shop

    def follow(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            ticket = next(self._shop.tickets)
            begun = time.monotonic()
            connection = HTTPConnection("127.0.0.1", self._shop.house.port, timeout=PATIENCE)
            try:
                connection.request("GET", f"/go/{ticket.text}", headers=AGENT)
                response = connection.getresponse()
                response.read()
            except (OSError, HTTPException):
                stopping.wait(0.05)  # the hub itself is gone: nobody was sent on
                continue
            finally:
                connection.close()
            self.longest = max(self.longest, time.monotonic() - begun)
            if response.status == 302:
                assert response.headers["Location"] == f"https://lantern.example/item/lamp?dp={ticket.click}"
                self.sent_on.append(ticket)
            else:
                self.others.append(response.status)


def committer(house: House) -> psutil.Process:
    (one,) = [child for child in house.children() if child.is_running() and MODULE in child.cmdline()]
    return one


def written(house: House) -> set[str]:
    return {click for (click,) in house.rows("SELECT click FROM partners_referral")}


def assert_all_written(house: House, shoppers: Sequence[Shopper]) -> None:
    """Everybody who was sent on is a referral, once, as soon as the spool is booked."""
    clicks = [ticket.click for shopper in shoppers for ticket in shopper.sent_on]
    house.wait_until(lambda: set(clicks) <= written(house) and not any((house.home / "clicks").glob("*.clicks")))
    assert len(set(clicks)) == len(clicks)
    ((rows, distinct),) = house.rows("SELECT COUNT(*), COUNT(DISTINCT ticket) FROM partners_referral")
    assert rows == distinct
    ((told,),) = house.rows("SELECT COUNT(*) FROM base_event WHERE type = 'referral.clicked'")
    assert told == rows


def wait_for_more(house: House, shoppers: Sequence[Shopper], count: int) -> None:
    before = [len(one.sent_on) for one in shoppers]
    house.wait_until(lambda: all(len(one.sent_on) >= had + count for one, had in zip(shoppers, before, strict=True)))


def test_a_committer_that_is_killed_stops_no_shopper_and_loses_no_click(shop: Shop) -> None:
    shop.house.start(worker=False)
    shoppers, stopping = [Shopper(shop) for _ in range(SHOPPERS)], threading.Event()
    with ThreadPoolExecutor(SHOPPERS) as pool:
        under_way = [pool.submit(one.follow, stopping) for one in shoppers]
        try:
            for _ in range(3):
                wait_for_more(shop.house, shoppers, 5)
                committer(shop.house).kill()
                wait_for_more(shop.house, shoppers, 5)
                shop.house.wait_until(lambda: shop.house.probe("/readyz") == 200)
        finally:
            stopping.set()
        for future in under_way:
            future.result(PATIENCE)
    assert [status for one in shoppers for status in one.others] == []
    assert max(one.longest for one in shoppers) < LONGEST_SECONDS
    assert_all_written(shop.house, shoppers)
    shop.house.end()


def test_a_committer_that_is_silent_stops_no_shopper(shop: Shop) -> None:
    """Suspended, it takes everything in and answers nothing: the deadline alone lets shoppers go on."""
    shop.house.start(worker=False)
    shopper, stopping = Shopper(shop), threading.Event()
    one = committer(shop.house)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(shopper.follow, stopping)
        try:
            wait_for_more(shop.house, [shopper], 2)
            one.suspend()
            wait_for_more(shop.house, [shopper], 20)
            assert any((shop.house.home / "clicks").glob("*.clicks"))
        finally:
            stopping.set()
            one.resume()
        under_way.result(PATIENCE)
    assert (shopper.others, shopper.longest < LONGEST_SECONDS) == ([], True)
    assert_all_written(shop.house, [shopper])
    shop.house.end()


@pytest.mark.parametrize("number", range(3))
def test_a_hub_that_is_killed_whole_has_written_down_everybody_whom_it_sent_on(shop: Shop, number: int) -> None:
    """Every process at once, a third of the time while clicks go to the spool; the next hub books what that left."""
    shop.house.start(worker=False)
    shoppers, stopping = [Shopper(shop) for _ in range(SHOPPERS)], threading.Event()
    with ThreadPoolExecutor(SHOPPERS) as pool:
        under_way = [pool.submit(one.follow, stopping) for one in shoppers]
        wait_for_more(shop.house, shoppers, 3 + number)
        if number == 2:
            committer(shop.house).suspend()
            wait_for_more(shop.house, shoppers, 3)
            assert any((shop.house.home / "clicks").glob("*.clicks"))
        kill(shop.house.everything())
        stopping.set()
        for future in under_way:
            future.result(PATIENCE)
    shop.house.family = []
    shop.house.start(worker=False)
    assert_all_written(shop.house, shoppers)
    shop.house.end()
