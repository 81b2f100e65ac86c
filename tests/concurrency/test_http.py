"""Overselling and doubled requests over HTTP: real hub processes, two where the database serves several."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import chain
from typing import Any

import pytest

from onebasket.channels.api.application import CONTRACTS
from onebasket.channels.api.urls import ENDPOINTS
from tests.channels.api import order_body, receipt_body
from tests.concurrency.hubs import Answer, Hubs, serving, working
from tests.concurrency.partnerwrites import partner_phases
from tests.concurrency.shopwrites import ON_CARD, REFUND, THREE, TWO, payments_of, shop_phases
from tests.concurrency.webwrites import EACH, Write, open_chain, phases
from tests.conftest import SpareDatabases
from tests.faults.paying import ProviderProcess, provider_process
from tests.paying import SECRET

STOCK, BUYERS = 50, 200
OPENING = {"last": STOCK, "plain": STOCK, "milk": 1_000, "bread": 1_000, "apples": 5, "soap": 1_000}
SENDERS = 4
"""So many connections to each hub, each of which sends everything."""


@pytest.fixture(scope="module")
def provider(command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderProcess]:
    """A card provider, which the hubs are told of."""
    with provider_process(command, tmp_path_factory.mktemp("provider")) as one, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEBASKET_CARD_URL", one.url)
        patch.setenv("ONEBASKET_CARD_SECRET", SECRET)
        yield one


@pytest.fixture(scope="module")
def hubs(
    provider: ProviderProcess,
    spare_databases: SpareDatabases,
    command: tuple[str, ...],
    program: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Hubs]:
    url, home = spare_databases.copy(), tmp_path_factory.mktemp("hubs")
    count = 2 if spare_databases.on_postgres else 1
    workers = working(command, url=url, home=home) if spare_databases.on_postgres else nullcontext()
    with serving(command, program, url=url, home=home, count=count) as served, workers:
        open_chain(served, products=OPENING)
        yield served


def shelf(hubs: Hubs, sku: str, *, place: str = "p1", state: str = "sellable") -> tuple[int, int, int]:
    (row,) = hubs.get(f"stock/shelves?place={place}&sku={sku}&state={state}")["items"]
    return row["on_hand"], row["reserved"], row["held"]


def all_at_once(hubs: Hubs, method: str, path: str, bodies: Sequence[tuple[object, str]]) -> list[Answer]:
    """Send each request over a connection of its own, all from the same moment."""
    gate = threading.Barrier(len(bodies))

    def one(number: int) -> Answer:
        body, key = bodies[number]
        with hubs.sender(number) as sender:
            sender.connection.connect()
            gate.wait(30)
            return sender.send(method, path, body, key)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(one, range(len(bodies))))


def test_200_buyers_at_once_buy_50_and_the_others_are_told_why(hubs: Hubs) -> None:
    bodies = [(order_body({"last": 1}), f"buyer-{number}") for number in range(BUYERS)]

    answers = all_at_once(hubs, "POST", "orders", bodies)

    assert Counter(answer.status for answer in answers) == {201: STOCK, 422: BUYERS - STOCK}
    assert len({answer.json["id"] for answer in answers if answer.status == 201}) == STOCK
    refused = [answer.json for answer in answers if answer.status == 422]
    short = [{"line": 1, "sku": "last", "requested": 1, "available": 0, "missing": 1}]
    assert {(one["code"], one["place"]) for one in refused} == {("short", "p1")}
    assert [one["shortfalls"] for one in refused] == [short] * (BUYERS - STOCK)
    assert shelf(hubs, "last") == (STOCK, STOCK, 0)
    assert hubs.audit()["orders.entries"] == STOCK
    assert [again.said for again in all_at_once(hubs, "POST", "orders", bodies)] == [one.said for one in answers]
    assert shelf(hubs, "last") == (STOCK, STOCK, 0)


def test_control_what_is_not_promised_goes_below_zero(hubs: Hubs) -> None:
    """The same crowd with facts, which nobody refuses: more is taken than there is, so the crowd is large enough."""
    bodies = [({"items": [receipt_body(f"taken-{number}", {"plain": (1, 100)})]}, "") for number in range(BUYERS)]

    answers = all_at_once(hubs, "POST", "receipts", bodies)

    assert {answer.results[0]["outcome"] for answer in answers} == {"booked"}
    assert shelf(hubs, "plain") == (STOCK - BUYERS, 0, 0)
    hubs.audit()


class Answers:
    """What each request was answered, by its name, each time."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}
        self.said: dict[str, set[str]] = {}
        self.count = 0
        self._lock = threading.Lock()

    def keep(self, write: Write, answer: Answer) -> None:
        with self._lock:
            self.given[write.name] = answer.json
            self.said.setdefault(write.name, set()).add(answer.said if answer.status != 404 else "404")
            self.count += 1


def send_all(hubs: Hubs, writes: Sequence[Write], answers: Answers, number: int) -> None:
    """Send the writes over one connection, in an order of this sender's own."""
    shuffled = list(writes)
    random.Random(number).shuffle(shuffled)  # noqa: S311 - no secret
    with hubs.sender(number) as sender:
        for write in shuffled:
            answers.keep(write, sender.send(write.method, write.path, write.body, write.key))


def send_everything(hubs: Hubs) -> tuple[Answers, set[tuple[str, str]]]:
    """Send every write from every sender at once, phase by phase; return the answers, and what was called."""
    answers, called = Answers(), set()
    every = (phases, partner_phases, shop_phases)
    for phase in chain.from_iterable(each(hubs, answers.given) for each in every):
        called |= {(write.method, write.route) for write in phase}
        count = SENDERS * len(hubs.ports)
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(partial(send_all, hubs, phase, answers), range(count)))
    return answers, called


def test_every_write_sent_many_times_to_every_hub_has_one_effect_and_one_answer(
    hubs: Hubs, provider: ProviderProcess
) -> None:
    before = hubs.audit()

    answers, called = send_everything(hubs)

    assert ENDPOINTS  # importing them has written the contracts
    assert called == {(method, path) for method, path in CONTRACTS if method != "GET"}
    assert {name for name, said in answers.said.items() if len(said) > 1} <= assert_those_that_differ(answers, hubs)
    superseded = assert_effects(hubs)
    assert_shop(hubs, answers.given, provider)
    after = hubs.audit()
    made = {check: after[check] - before[check] for check in after}
    assert (made["sales.entries"], made["orders.entries"], made["stock.holds"]) == (7 * EACH, 10 * EACH, 3 * EACH)
    # What is refused for the state of its row is not remembered: here the replays that came too late.
    # A partner has a place of its own. One plan is of p1; one step an order, confirming what a card paid, is ours.
    assert made["inbox.once"] == (63 + 33 + 1 + 6) * EACH + 1 - superseded


def assert_those_that_differ(answers: Answers, hubs: Hubs) -> set[str]:
    """Return the requests that are not answered alike each time, which is by design, once their answers are right."""
    ended, codes, authorised = (
        {name for name in answers.said if name.startswith(kind)} for kind in ("webhook-end ", "code ", "authorise ")
    )
    assert [answers.said[name] for name in ended] == [{"204 null", "404"}] * EACH
    # Each is a code of its own, and ends the one before.
    assert [len(answers.said[name]) for name in codes] == [SENDERS * len(hubs.ports)] * EACH
    # Whoever asks while the provider is asked learns that it is not known yet.
    outcomes = [{json.loads(said.partition(" ")[2])["outcome"] for said in answers.said[name]} for name in authorised]
    assert len(outcomes) == EACH
    assert all({"authorised"} <= told <= {"authorised", "unknown"} for told in outcomes)
    return ended | codes | authorised


def assert_shop(hubs: Hubs, given: Mapping[str, Any], provider: ProviderProcess) -> None:
    """Three were handed over, two put aside for a card, two held by the basket that an order became again."""
    assert shelf(hubs, "soap") == (1_000 - 3 * EACH, 2 * EACH, 2 * EACH)
    put_aside, rest = provider.put_aside(), THREE - ON_CARD
    back = REFUND - rest
    for number in range(EACH):
        paid = payments_of(hubs, given, f"basket bought {number}")
        told = {method: (one["captured"], one["refunded"]) for method, one in paid.items()}
        assert told == {"gift_card": (ON_CARD, back), "at_collection": (rest, rest)}
        code = given[f"card {number}"]["results"][0]["result"]["code"]
        assert hubs.send("POST", "gift-cards/balance", {"code": code}).json["balance"] == back
        (card,) = payments_of(hubs, given, f"basket by-card {number}").values()
        assert (card["status"], card["amount"], put_aside[card["id"].replace("-", "")]) == ("authorised", TWO, TWO)
        assert [hubs.send("GET", f"customers/{who}{number}").status for who in "hie"] == [200, 200, 404]
        assert given[f"reopen {number}"]["lines"] == [{"sku": "soap", "quantity": 2, "held": 2}]
        assert given[f"drop {number}"]["state"] == "dropped"
    assert len(put_aside) == EACH


def assert_effects(hubs: Hubs) -> int:
    """Each request shows once on the shelves and in the lists; return how many replays came after the till's own."""
    # Delivered 10, transferred 2, sold 1, booked after all 1, handed over 1; four orders and a hold stand.
    assert shelf(hubs, "milk") == (1_000 + EACH * (10 - 2 - 1 - 1 - 1 + 1), 4 * EACH, EACH)
    # Delivered 5, lost 2, moved 1, brought back 1, sold 2, mended on a receipt 1, handed over 2; three orders stand.
    assert shelf(hubs, "bread") == (1_000 + EACH * (5 - 2 - 1 + 1 - 2 - 1 - 2), 6 * EACH, 0)
    assert shelf(hubs, "apples") == (70 + EACH - 1, 0, 0)
    assert [shelf(hubs, sku, state="unsellable") for sku in ("milk", "bread")] == [(EACH, 0, 0)] * 2
    assert shelf(hubs, "milk", place="p2") == (2 * EACH, 0, 0)
    assert [shelf(hubs, "milk", state="staged"), shelf(hubs, "milk", place="p2", state="in_transit")] == [(0, 0, 0)] * 2
    assert statuses(hubs) == {"placed": 5 * EACH, "handed_over": 2 * EACH, "cancelled": 3 * EACH}
    states = Counter(one["state"] for one in hubs.get("quarantine?state=all")["items"])
    # Whichever came first, the replay or the till's own second try, has booked the message.
    assert (states["discarded"], states["replayed"] + states["superseded"], states["open"]) == (EACH, EACH, 0)
    lines = Counter(one["state"] for one in hubs.get("line-exceptions?state=all")["items"])
    assert lines == {"mended": EACH, "dismissed": EACH}
    assert hubs.get("webhooks")["items"] == []
    assert len(hubs.get("places")["items"]) == 2 + 2 * EACH
    assert [len(hubs.get(f"products?sku=s{number}")["items"]) for number in range(EACH)] == [1] * EACH
    return states["superseded"]


def statuses(hubs: Hubs) -> Counter[str]:
    """How many orders stand where, but for those of the crowd."""
    orders = hubs.get("orders?limit=500")["items"]
    return Counter(one["status"] for one in orders if one["lines"][0]["sku"] != "last")
