"""A process of its own: shoppers who place web orders against the tills' shelves, and associates who serve them.

Shoppers want what really sells at a store, the scarce products included; they order at one place, or at the first of
several that has it all, and some send their order twice, as phones on a bad line do. Associates pick and hand over
after a while; some orders are cancelled, before the pick or after it.
"""

import heapq
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from onebasket.base.asked import stop_when_asked
from onebasket.channels.demo.derived import read_popularity
from onebasket.channels.demo.keeping import write_kept
from onebasket.channels.demo.popularity import Popularity, Wanted
from onebasket.channels.demo.process import Task, read_task
from onebasket.channels.demo.sending import HubLine, Stopped
from onebasket.kernel.identity import new_id

SHOPPERS = 3
"""Threads that order at the same time."""
PLACES_A_MINUTE = 0.4
"""Orders a real minute for each place, between the bounds below."""
FEWEST, MOST = 8.0, 90.0
SCARCE_SHARE = 0.2
SEVERAL_SHARE = 0.35
TWICE_SHARE = 0.05
CANCEL_SHARE = 0.08
NOTE = "from the demo"
"""On the orders of the demo's own shoppers."""
CHANNELS = ("web", "web", "web", "app")
PICK_AFTER = (4.0, 30.0)
"""Real seconds until an order is picked, then until it is handed over."""
TALLY_FILE = "shoppers.json"
_ORDERS = "/api/v1/orders"
_OK, _CREATED, _REFUSED = 200, 201, 422
_NOT_OPEN = frozenset({404, 409, 422})
"""Somebody else, at the desk perhaps, has moved the order on."""


class Tally(msgspec.Struct):
    """What shoppers and associates have done since this process began."""

    placed: int = 0
    refused: int = 0
    sent_twice: int = 0
    handed_over: int = 0
    cancelled: int = 0
    retries: int = 0


class Wish(msgspec.Struct, frozen=True):
    """An order as the web shop sends it."""

    places: tuple[str, ...]
    lines: tuple[dict[str, Any], ...]
    channel: str
    note: str = NOTE


@dataclass(order=True)
class Job:
    """Something that an associate or shopper does to an order at a real time (monotonic seconds)."""

    due: float
    order: str = field(compare=False)
    steps: tuple[str, ...] = field(compare=False)


@dataclass
class Shop:
    """What the threads share."""

    popularity: Popularity
    stop: threading.Event
    chance: random.Random
    tally: Tally = field(default_factory=Tally)
    jobs: list[Job] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, **more: int) -> None:
        """Add to the tally."""
        with self.lock:
            for name, number in more.items():
                setattr(self.tally, name, getattr(self.tally, name) + number)

    def later(self, order: str, steps: tuple[str, ...]) -> None:
        """Put off what is to be done next to an order."""
        if steps:
            with self.lock:
                heapq.heappush(self.jobs, Job(time.monotonic() + self.chance.uniform(*PICK_AFTER), order, steps))

    def due(self) -> Job | None:
        """Return a job whose time has come."""
        with self.lock:
            if self.jobs and self.jobs[0].due <= time.monotonic():
                return heapq.heappop(self.jobs)
        return None


def wish(popularity: Popularity, chance: random.Random) -> Wish:
    """Make up an order: one to six products by their popularity at a place, now and then a scarce one."""
    codes = list(popularity.places)
    weights = [sum(item.lines for item in popularity.places[code]) for code in codes]
    first = chance.choices(codes, weights)[0]
    places = [first]
    if len(codes) > 1 and chance.random() < SEVERAL_SHARE:
        others = [code for code in codes if code != first]
        places += chance.sample(others, min(2, len(others)))
    wanted = _chosen(popularity.places[first], chance)
    lines = {item.sku: _quantity(item, chance) for item in wanted}
    if popularity.scarce and chance.random() < SCARCE_SHARE:
        sku = chance.choice(popularity.scarce)
        lines[sku] = chance.choice((1, 2, 4))
    return Wish(tuple(places), tuple({"sku": sku, "quantity": n} for sku, n in lines.items()), chance.choice(CHANNELS))


def _chosen(wanted: Sequence[Wanted], chance: random.Random) -> list[Wanted]:
    return chance.choices(wanted, [item.lines for item in wanted], k=chance.randint(1, 6))


def _quantity(item: Wanted, chance: random.Random) -> int:
    return chance.randrange(300, 1_600, 100) if item.weighed else chance.choice((1, 1, 1, 2, 3))


def life(chance: random.Random) -> tuple[str, ...]:
    """Choose what becomes of an order."""
    if chance.random() >= CANCEL_SHARE:
        return ("pick", "hand-over")
    return chance.choice((("cancel",), ("pick", "cancel", "put-back")))


def orders_a_minute(places: int) -> float:
    """Return how many orders all shoppers place in a real minute."""
    return min(max(places * PLACES_A_MINUTE, FEWEST), MOST)


def shop_for_ever(shop: Shop, line: HubLine) -> None:
    """Place orders until asked to stop."""
    mean = SHOPPERS * 60 / orders_a_minute(len(shop.popularity.places))
    while not shop.stop.wait(shop.chance.expovariate(1 / mean)):
        key, order = str(new_id()), wish(shop.popularity, shop.chance)
        answer = line.post(_ORDERS, order, key=key)
        if shop.chance.random() < TWICE_SHARE:
            again = line.post(_ORDERS, order, key=key)
            shop.count(sent_twice=1)
            if again.status != answer.status or again.body.get("id") != answer.body.get("id"):
                raise SystemExit(f"The same order twice was answered {answer} and {again}.")
        if answer.status == _CREATED:
            shop.count(placed=1)
            shop.later(answer.body["id"], life(shop.chance))
        elif answer.status == _REFUSED:
            shop.count(refused=1)
        else:
            raise SystemExit(f"The hub refused an order: {answer.status} {answer.body}")


def serve_for_ever(shop: Shop, line: HubLine) -> None:
    """Pick, hand over and cancel until asked to stop; what was left open by an earlier start comes first."""
    for order, steps in _left_open(line):
        shop.later(order, steps)
    while not shop.stop.wait(0.2):
        while (job := shop.due()) and not shop.stop.is_set():
            step, *rest = job.steps
            answer = line.post(f"{_ORDERS}/{job.order}/{step}", {}, key=f"{job.order}-{step}")
            if answer.status == _OK:
                shop.count(handed_over=step == "hand-over", cancelled=step == "cancel")
                shop.later(job.order, tuple(rest))
            elif answer.status not in _NOT_OPEN:
                raise SystemExit(f"The hub refused to {step}: {answer.status} {answer.body}")


def _left_open(line: HubLine) -> list[tuple[str, tuple[str, ...]]]:
    left: list[tuple[str, tuple[str, ...]]] = []
    for status, steps in (("placed", ("pick", "hand-over")), ("picking", ("hand-over",)), ("ready", ("hand-over",))):
        following = f"{_ORDERS}?status={status}&limit=200"
        while following:
            answer = line.get(following)
            if answer.status != _OK:
                raise SystemExit(f"The hub does not list orders: {answer.status} {answer.body}")
            # Only the demo's own: what a person has ordered in the shop is for a person to pick.
            left += [(str(order["id"]), steps) for order in answer.body["items"] if order["note"] == NOTE]
            following = answer.body["next"]
    return left


def run(task: Task, stop: threading.Event) -> None:
    """Let shoppers and associates loose until asked to stop; one that fails ends all."""
    chance = random.Random()  # noqa: S311 - shoppers, no secrets
    shop = Shop(read_popularity(Path(task.folder), task.stores), stop, chance)
    failed: list[BaseException] = []

    def in_thread(work: Any, token: str) -> None:  # noqa: ANN401 - one of the two loops
        try:
            work(shop, HubLine(task.port, token=token, stop=stop))
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever ends a thread ends the process
            failed.append(error)
            stop.set()

    works = [(shop_for_ever, task.token)] * SHOPPERS + [(serve_for_ever, task.associates_token)]
    threads = [threading.Thread(target=in_thread, args=work) for work in works]
    for thread in threads:
        thread.start()
    path = Path(task.folder) / TALLY_FILE
    while not stop.wait(2):
        write_kept(path, shop.tally)
    for thread in threads:
        thread.join()
    write_kept(path, shop.tally)
    if failed:
        raise failed[0]


def main() -> None:
    """Run the shoppers that the task file describes."""
    stop = stop_when_asked()
    run(read_task(sys.argv[1:]), stop)


if __name__ == "__main__":
    main()
