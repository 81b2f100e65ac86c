"""A crowd at the shop: no more pages are made at once than there are seats, and who waits for others gives up his."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from onebasket.base import gate
from onebasket.base.committer import QueueFullError
from onebasket.base.gate import GATE
from tests.channels.shopping import Shopper, make_shop

CROWD, SEATS = 12, 3


class Counter:
    """How many are inside at a time."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = threading.Lock()

    def __call__(self) -> None:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.05)
        with self.lock:
            self.now -= 1


def crowd(do: Callable[[], None]) -> None:
    ready = threading.Barrier(CROWD)

    def one(_: int) -> None:
        ready.wait(10)
        do()

    with ThreadPoolExecutor(CROWD) as pool:
        list(pool.map(one, range(CROWD)))


def test_no_more_than_there_are_seats_come_in() -> None:
    one, counter = gate.Gate(SEATS), Counter()

    def page() -> None:
        with one.inside():
            counter()

    crowd(page)
    assert counter.most == SEATS


def test_without_a_gate_all_come_in() -> None:
    """The negative control: the crowd is large enough to fill more than the seats."""
    counter = Counter()
    crowd(counter)
    assert counter.most > SEATS


def test_who_waits_for_others_gives_the_seat_to_the_next() -> None:
    one, both = gate.Gate(1), threading.Barrier(2)

    def page(_: int) -> None:
        with one.inside(), one.outside():
            both.wait(10)  # would never be met by two with one seat

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(page, range(2)))


def test_a_thread_without_a_seat_goes_on_as_it_is() -> None:
    one = gate.Gate(1)
    with one.outside():
        pass
    with one.inside():
        pass


@pytest.mark.django_db
def test_where_nobody_leaves_the_shop_says_that_it_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    make_shop(monkeypatch)
    shopper = Shopper()

    def full(_: object) -> None:
        raise QueueFullError

    monkeypatch.setattr(GATE, "_enter", lambda: full(GATE))
    page = shopper.get("departments")
    assert (page.status, page.headers["Retry-After"]) == (503, "1")
    assert "Many are shopping just now" in page.text
