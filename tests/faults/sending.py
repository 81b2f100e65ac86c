"""Senders that put a hub under load, and the books they keep: what was acknowledged, what was never answered."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from tests.channels.api import fact_body, order_body, receipt_body
from tests.faults.house import Answer, House, Line

ACCEPTED = {"orders": 201, "holds": 201, "receipts": 200, "stock/facts": 200}
BULK = 3
"""Receipts and facts of one request, each with a key of its own."""
HOLD_SECONDS = 86_400


@dataclass(frozen=True)
class Message:
    """A request with its keys; `quantities` are the steps of each key, in order."""

    path: str
    keys: tuple[str, ...]
    quantities: tuple[int, ...]
    body: Any

    @property
    def header(self) -> str:
        return self.keys[0] if self.path in {"orders", "holds"} else ""

    def effects(self, answer: Any) -> dict[str, str]:
        """Return the id that the answer names for each key; facts have none."""
        if self.path in {"orders", "holds"}:
            return {self.keys[0]: answer["id"]}
        assert tuple(item["key"] for item in answer["results"]) == self.keys
        results = [item["result"] for item in answer["results"]]
        assert {result["outcome"] for result in results} == {"booked"}, results
        return {key: str(result.get("receipt", "")) for key, result in zip(self.keys, results, strict=True)}


def message(stem: str, chance: random.Random) -> Message:
    """Make an order or a hold of milk, or receipts or deliveries of bread, keyed after the stem."""
    path = chance.choice(["orders", "orders", "receipts", "receipts", "holds", "stock/facts"])
    single = path in {"orders", "holds"}
    keys = (stem,) if single else tuple(f"{stem}/{number}" for number in range(BULK))
    quantities = tuple(chance.randint(1, 4) for _ in keys)
    if path == "orders":
        return Message(path, keys, quantities, order_body({"milk": quantities[0]}))
    if path == "holds":
        lines = [{"sku": "milk", "quantity": quantities[0]}]
        return Message(path, keys, quantities, {"place": "p1", "lines": lines, "seconds": HOLD_SECONDS})
    stated = list(zip(keys, quantities, strict=True))
    if path == "receipts":
        items = [receipt_body(key, {"bread": (quantity, 250 * quantity)}) for key, quantity in stated]
    else:
        items = [fact_body(key, "delivery", {"bread": quantity}) for key, quantity in stated]
    return Message(path, keys, quantities, {"items": items})


@dataclass
class Books:
    """What senders know: messages acknowledged with the ids they were told, and messages that nobody answered."""

    acknowledged: list[Message] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    unanswered: list[Message] = field(default_factory=list)
    refusals: list[tuple[Message, Answer]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, sent: Message, answer: Any) -> None:
        """Note an acknowledgement; one that comes again must name the same."""
        told = sent.effects(answer)
        with self._lock:
            for key, identity in told.items():
                assert self.ids.setdefault(key, identity) == identity, key
            self.acknowledged.append(sent)

    def leave_open(self, sent: Message) -> None:
        with self._lock:
            self.unanswered.append(sent)

    def refuse(self, sent: Message, answer: Answer) -> None:
        with self._lock:
            self.refusals.append((sent, answer))

    def refused(self) -> set[str]:
        """Return the paths that were answered with 503."""
        return {sent.path for sent, _ in self.refusals}

    def keys(self, path: str) -> dict[str, int]:
        """Return the steps of each acknowledged key of a path."""
        return {
            key: quantity
            for sent in self.acknowledged
            if sent.path == path
            for key, quantity in zip(sent.keys, sent.quantities, strict=True)
        }


def send(line: Line, sent: Message, books: Books) -> Answer:
    """Send a message and note what was said; 503 leaves it open, and has to say when to come again."""
    try:
        answer = line.ask("POST", sent.path, sent.body, sent.header)
    except (OSError, HTTPException):
        books.leave_open(sent)
        raise
    if answer.status == ACCEPTED[sent.path]:
        books.acknowledge(sent, answer.json)
    else:
        assert (answer.status, answer.retry_after.isdecimal()) == (503, True), answer
        books.leave_open(sent)
        books.refuse(sent, answer)
    return answer


class Senders:
    """Threads that each send one message after the other, until the hub no longer answers or they are stopped."""

    def __init__(self, house: House, books: Books, *, stem: str, count: int = 8, pause: float = 0.0) -> None:
        self._house, self._books, self._pause = house, books, pause
        self._stopping = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work, args=(f"{stem}.{number}",)) for number in range(count)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Send while the block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()
        assert self._errors == []

    def _work(self, stem: str) -> None:
        chance = random.Random(stem)  # noqa: S311 - a repeatable load, no secret
        line = self._house.line()
        number = 0
        try:
            while not self._stopping.is_set():
                number += 1
                answer = send(line, message(f"{stem}.{number}", chance), self._books)
                self._stopping.wait(self._pause if answer.status < 500 else 0.2)
        except (OSError, HTTPException):
            pass  # the hub is gone, and the message is left open
        except Exception as error:  # noqa: BLE001 - told by the thread that started this one
            self._errors.append(error)
        finally:
            line.close()


def send_again(house: House, books: Books) -> int:
    """Send what was left open once more with the same keys; every message must be accepted now. Return how many."""
    left, books.unanswered = books.unanswered, []
    line = house.line()
    try:
        for sent in left:
            answer = send(line, sent, books)
            assert answer.status == ACCEPTED[sent.path], (answer, house.said())
    finally:
        line.close()
    return len(left)


def repeat(house: House, books: Books, some: Sequence[Message]) -> None:
    """Send acknowledged messages again: the answer must name the same ids."""
    line = house.line()
    try:
        for sent in some:
            answer = line.ask("POST", sent.path, sent.body, sent.header)
            assert answer.status == ACCEPTED[sent.path], (answer, house.said())
            told = sent.effects(answer.json)
            assert told == {key: books.ids[key] for key in told}
    finally:
        line.close()
