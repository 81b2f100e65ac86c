"""A process of its own: the relay of the demo's stores, which sends the data's receipts as live till sales.

As a real relay does, it keeps what it is about to send until the hub has answered, so that a kill at any moment loses
and doubles nothing: after a start it first sends again what was kept, byte for byte under the same keys. A receipt's
time is the time at which it is sent. The data's days follow one another; after the last comes the first again.
"""

import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import msgspec

from onebasket.base.asked import stop_when_asked
from onebasket.channels.demo.chain import Chain
from onebasket.channels.demo.clock import DemoClock
from onebasket.channels.demo.deliveries import delivery_facts, with_web_share
from onebasket.channels.demo.derived import read_chain, read_popularity
from onebasket.channels.demo.journey import JourneyBasket, read_baskets
from onebasket.channels.demo.keeping import read_kept, write_kept
from onebasket.channels.demo.popularity import Popularity
from onebasket.channels.demo.process import Task, read_task
from onebasket.channels.demo.sending import Answer, HubLine, Stopped
from onebasket.channels.demo.slices import FIRST_DAY, LAST_DAY, TIME_ZONE, ChainSlice, local_instant
from onebasket.channels.demo.stock import ChainDelivery, derive_stock
from onebasket.channels.demo.taxes import taxed_receipt
from onebasket.commerce.sales.rules.receipt import Receipt
from onebasket.commerce.stock.rules.messages import StockFact
from onebasket.kernel.clock import zone

STRETCH_DAYS = 14
"""How many days of the data are derived at once."""
LEAD_DAYS = 3
"""The longest span between two deliveries: what was sold since the last one before a stretch."""
MOST_AT_ONCE = 200
GATHER_SECONDS = 1.0
"""A store's relay sends what came in within so long together."""
RECEIPTS, FACTS = "/api/v1/receipts", "/api/v1/stock/facts"
STATE_FILE = "replay.json"


class Relay(msgspec.Struct):
    """What the relay keeps: how far the data was taken, what waits for the hub's answer, and what was sent so far.

    `at` is the data's instant of the last that was taken and `taken` names all that was taken of that instant;
    `rounds` counts how often the year was begun. `installation` says to which database all this belongs.
    """

    installation: str
    at: datetime
    taken: list[str] = []
    rounds: int = 1
    receipts: list[Receipt] = []
    facts: list[StockFact] = []
    sent: int = 0
    quarantined: int = 0


class Due(NamedTuple):
    """Something of the data that is to be sent when its instant comes."""

    at: datetime
    name: str
    what: JourneyBasket | ChainDelivery


class Stores(NamedTuple):
    """What the tills of the demo sell, and what web shoppers want of it."""

    chain: Chain
    popularity: Popularity
    busiest: int

    def delivered(self, delivery: ChainDelivery) -> ChainDelivery:
        """Return a delivery that also makes up for web orders; scarce products stay scarce."""
        listed = self.popularity.places.get(delivery.place, ())
        wanted = {item.sku for item in listed} - set(self.popularity.scarce)
        return with_web_share(delivery, wanted, weighed={item.sku for item in listed if item.weighed})


def stretch(stores: Stores, relay: Relay, *, until: date) -> Iterator[Due]:
    """Yield what of the data comes after what the relay has taken, up to the end of a day, in the order of time."""
    first = relay.at.astimezone(zone(TIME_ZONE)).date()
    ends_at = local_instant(until + timedelta(days=1), time())
    derived = derive_stock(stores.chain, ChainSlice(until, (until - first).days + LEAD_DAYS, stores.busiest))
    deliveries = (Due(item.at, item.key, stores.delivered(item)) for item in derived.deliveries)
    baskets = (Due(item.at, f"basket-{item.basket_id}", item) for item in read_baskets(stores.chain.store_ids))
    for due in merge(deliveries, baskets, key=itemgetter(0)):
        if due.at >= ends_at:
            return
        if due.at > relay.at or (due.at == relay.at and due.name not in relay.taken):
            yield due


def take(relay: Relay, due: Due, chain: Chain, *, now: datetime) -> None:
    """Turn something of the data into a message of now, and keep it until the hub has answered."""
    suffix = "" if relay.rounds == 1 else f"-{relay.rounds}"
    if isinstance(due.what, JourneyBasket):
        receipt = taxed_receipt(due.what, chain)
        relay.receipts.append(msgspec.structs.replace(receipt, key=f"{receipt.key}{suffix}", occurred_at=now))
    else:
        relay.facts += delivery_facts(due.what, at=now, suffix=f"live{suffix}")
    relay.taken = [*relay.taken, due.name] if due.at == relay.at else [due.name]
    relay.at = due.at


def send(relay: Relay, line: HubLine, path: Path) -> None:
    """Send what waits, and keep that it was answered."""
    if relay.receipts:
        answer = line.post(RECEIPTS, {"items": relay.receipts})
        relay.quarantined += _quarantined(answer)
        relay.sent += len(relay.receipts)
        relay.receipts = []
    for fact in relay.facts:
        relay.quarantined += _quarantined(line.post(FACTS, {"items": [fact]}))
    relay.facts = []
    write_kept(path, relay)


def _quarantined(answer: Answer) -> int:
    if answer.status >= 300:  # noqa: PLR2004 - any HTTP status beyond success
        raise SystemExit(f"The hub refused what the tills sent: {answer.status} {answer.body}")
    return sum(item["result"]["outcome"] != "booked" for item in answer.body["results"])


def run(task: Task, stop: threading.Event) -> None:
    """Replay until asked to stop."""
    path = Path(task.folder) / STATE_FILE
    relay = read_kept(path, Relay)
    if relay is None:
        raise SystemExit(f"{path} is missing: it says where the replay begins.")
    line = HubLine(task.port, token=task.token, stop=stop)
    send(relay, line, path)
    folder = Path(task.folder)
    stores = Stores(read_chain(folder, task.stores), read_popularity(folder, task.stores), task.stores)
    while not stop.is_set():
        first = relay.at.astimezone(zone(TIME_ZONE)).date()
        until = min(first + timedelta(days=STRETCH_DAYS), LAST_DAY)
        _replay(stretch(stores, relay, until=until), relay, stores.chain, (task, line, stop))
        if stop.is_set():
            return
        following = until + timedelta(days=1)
        if until == LAST_DAY:
            following, relay.rounds = FIRST_DAY, relay.rounds + 1
        relay.at, relay.taken = local_instant(following, time()), []


def _replay(dues: Iterator[Due], relay: Relay, chain: Chain, world: tuple[Task, HubLine, threading.Event]) -> None:
    task, line, stop = world
    path = Path(task.folder) / STATE_FILE
    clock = DemoClock(relay.at, speed=task.speed)
    for due in dues:
        wait = clock.seconds_until(due.at)
        waiting = len(relay.receipts) + len(relay.facts)
        if waiting and (wait > GATHER_SECONDS or waiting >= MOST_AT_ONCE):
            write_kept(path, relay)
            send(relay, line, path)
            wait = clock.seconds_until(due.at)
        if (wait > 0 and stop.wait(wait)) or stop.is_set():
            break
        take(relay, due, chain, now=datetime.now(UTC))
    write_kept(path, relay)
    if not stop.is_set():
        send(relay, line, path)


def main() -> None:
    """Run the relay that the task file describes."""
    stop = stop_when_asked()
    try:
        run(read_task(sys.argv[1:]), stop)
    except Stopped:
        sys.exit(0)


if __name__ == "__main__":
    main()
