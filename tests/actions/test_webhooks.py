"""Webhooks: signed, in order within a subject, tried again, given up, and never sent inside our own network."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.models import Delivery, Event, TrailEntry, Webhook
from onebasket.base.relay import number_waiting
from onebasket.base.webhooks import (
    Deliveries,
    Policy,
    UnknownWebhookError,
    WebhookError,
    fan_out,
    list_webhooks,
    register,
    revive,
    rotate_secret,
    set_webhook_active,
    unregister,
)
from onebasket.base.webhooks.delivering import LANES
from onebasket.base.webhooks.signing import secret_text
from tests.builders import deliver_due

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUICK = Policy(timeout=2, attempts=3, first_wait=0.0, longest_wait=0.0)
PATIENT = Policy(timeout=2, attempts=3, first_wait=600)


@dataclass
class Receiver:
    """A shop's HTTP server: answers as it is told, and keeps what it was sent."""

    url: str = ""
    got: list[tuple[dict[str, str], str]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], int] = lambda _: 204

    @property
    def told(self) -> list[tuple[str, int]]:
        """What arrived: (subject, n)."""
        return [(body["subject"], body["data"]["n"]) for body in (json.loads(text) for _, text in self.got)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            made.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            status = made.answer(json.loads(body))
            self.send_response(status)
            if status == 302:
                self.send_header("location", f"{made.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def subscribe(receiver: Receiver, *, types: tuple[str, ...] = (), places: tuple[str, ...] = ("*",)) -> tuple[UUID, str]:
    return register(receiver.url, types=types, places=places, actor="tests", now=NOW)


def tell(*news: tuple[str, int], type_: str = "order.placed", place: str = "s1") -> None:
    with transaction.atomic():
        outbox.record([outbox.News(type_, subject, NOW, {"n": n}, place) for subject, n in news])
    number_waiting()
    fan_out()


def states() -> list[tuple[str, str, int]]:
    return list(Delivery.objects.order_by("id").values_list("subject", "state", "attempts"))


def test_a_delivery_is_signed_as_the_specification_says(receiver: Receiver) -> None:
    _, secret = subscribe(receiver)
    tell(("order/1", 1))

    assert deliver_due(QUICK) == 1
    ((headers, body),) = receiver.got
    event = Event.objects.get()
    assert Verifier(secret).verify(body, headers)["position"] == event.position == 1
    assert headers["webhook-id"] == str(event.event_id)
    assert headers["content-type"] == "application/cloudevents+json"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body.replace('"n":1', '"n":2'), headers)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 44).verify(body, headers)
    assert states() == [("order/1", "delivered", 1)]
    assert deliver_due(QUICK) == 0


def test_the_secret_is_nowhere_in_the_database(receiver: Receiver) -> None:
    identity, secret = subscribe(receiver)
    assert secret.startswith("whsec_")
    assert secret == secret_text(identity, 1)
    rows = [*Webhook.objects.values_list(), *TrailEntry.objects.values_list()]
    assert secret not in repr(rows)


def accepted(receiver: Receiver, *secrets: str) -> list[bool]:
    """Which receivers, by the secret that each has, take the last delivery for genuine."""
    headers, body = receiver.got[-1]
    taken = []
    for secret in secrets:
        try:
            Verifier(secret).verify(body, headers)
        except WebhookVerificationError:
            taken.append(False)
        else:
            taken.append(True)
    return taken


@pytest.mark.parametrize(("hours", "both"), [(0, True), (23.9, True), (24, False), (100, False)])
def test_a_new_secret_signs_from_then_on_and_the_one_before_it_for_a_day(
    receiver: Receiver, hours: float, *, both: bool
) -> None:
    identity, old = subscribe(receiver)
    new = rotate_secret(identity, actor="tests", now=database_now() - timedelta(hours=hours))
    assert new != old

    tell(("order/1", 1))
    deliver_due(QUICK)

    assert accepted(receiver, new, old, "whsec_" + "A" * 44) == [True, both, False]
    signatures = receiver.got[-1][0]["webhook-signature"].split(" ")
    assert [one.partition(",")[0] for one in signatures] == ["v1"] * (1 + both)


def test_rotated_twice_a_leaked_secret_signs_no_more(receiver: Receiver) -> None:
    identity, leaked = subscribe(receiver)
    later = [rotate_secret(identity, actor="tests", now=database_now()) for _ in range(2)]

    tell(("order/1", 1))
    deliver_due(QUICK)

    assert accepted(receiver, leaked, *later) == [False, True, True]


def test_a_stopped_webhook_is_sent_nothing_and_goes_on_where_it_stood(receiver: Receiver) -> None:
    identity, _ = subscribe(receiver)
    tell(("order/1", 1))
    for _ in range(2):
        set_webhook_active(identity, active=False, actor="tests", now=NOW)
    tell(("order/1", 2))
    assert (deliver_due(QUICK), receiver.told) == (0, [])

    set_webhook_active(identity, active=True, actor="tests", now=NOW)
    fan_out()
    while deliver_due(QUICK):
        pass

    assert receiver.told == [("order/1", 1), ("order/1", 2)]
    assert list(TrailEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "webhook.register", "webhook.disable", "webhook.enable",
    ]  # fmt: skip


def test_only_what_was_asked_for_and_only_from_then_on(receiver: Receiver) -> None:
    tell(("order/0", 0))
    subscribe(receiver, types=("order.placed",), places=("s1",))
    tell(("order/1", 1))
    tell(("order/2", 2), type_="order.cancelled")
    tell(("order/3", 3), place="s2")
    tell(("product/4", 4), place="")
    while deliver_due(QUICK):
        pass
    assert receiver.told == [("order/1", 1)]
    assert Webhook.objects.get().position == 5


def test_an_empty_code_asks_for_what_belongs_to_no_place(receiver: Receiver) -> None:
    subscribe(receiver, places=("s1", ""))
    tell(("product/1", 1), place="")
    tell(("order/2", 2), place="s2")
    deliver_due(QUICK)
    assert receiver.told == [("product/1", 1)]


def test_fan_out_again_delivers_nothing_twice(receiver: Receiver) -> None:
    subscribe(receiver)
    tell(("order/1", 1))
    Webhook.objects.update(position=1)
    assert fan_out() == 0
    assert Delivery.objects.count() == 1


def test_a_failing_delivery_delays_only_its_own_subject(receiver: Receiver) -> None:
    subscribe(receiver)
    receiver.answer = lambda body: 500 if body["subject"] == "order/bad" else 200
    tell(("order/bad", 1), ("order/good", 2), ("order/bad", 3), ("order/good", 4), ("order/other", 5))
    while deliver_due(PATIENT):
        pass

    assert sorted(receiver.told) == [("order/bad", 1), ("order/good", 2), ("order/good", 4), ("order/other", 5)]
    good = [n for subject, n in receiver.told if subject == "order/good"]
    assert good == [2, 4]
    assert states() == [
        ("order/bad", "pending", 1),
        ("order/good", "delivered", 1),
        ("order/bad", "pending", 0),
        ("order/good", "delivered", 1),
        ("order/other", "delivered", 1),
    ]
    receiver.answer = lambda _: 200
    receiver.got.clear()
    due_now()
    while deliver_due(PATIENT):
        pass
    assert receiver.told == [("order/bad", 1), ("order/bad", 3)]


def due_now() -> None:
    Delivery.objects.filter(state="pending").update(next_attempt_at=NOW)


def test_one_webhook_that_fails_delays_no_other(receiver: Receiver) -> None:
    register("http://127.0.0.1:9/", types=(), places=("*",), actor="tests", now=NOW)  # the discard port: refused
    subscribe(receiver)
    tell(*[(f"order/{n}", n) for n in range(6)])
    while deliver_due(PATIENT):
        pass
    assert sorted(receiver.told) == [(f"order/{n}", n) for n in range(6)]
    waiting = list_webhooks()
    assert [(hook.pending, hook.dead) for hook in waiting] == [(6, 0), (0, 0)]


def test_it_is_tried_again_with_growing_waits_and_then_dead(receiver: Receiver) -> None:
    identity, _ = subscribe(receiver)
    receiver.answer = lambda _: 503
    tell(("order/1", 1), ("order/1", 2))
    waits = []
    for attempt in (1, 2):
        assert deliver_due(PATIENT) == 1
        row = Delivery.objects.order_by("id")[0]
        assert (row.state, row.attempts, row.last_error) == ("pending", attempt, "answered 503")
        waits.append((row.next_attempt_at - datetime.now(UTC)).total_seconds())
        assert deliver_due(PATIENT) == 0
        due_now()
    assert 470 < waits[0] < 730
    assert 1430 < waits[1] < 2170
    deliver_due(PATIENT)
    assert states() == [("order/1", "dead", 3), ("order/1", "pending", 0)]
    assert list_webhooks()[0].dead == 1

    receiver.answer = lambda _: 200
    receiver.got.clear()
    deliver_due(PATIENT)  # the next of the subject goes on
    assert receiver.told == [("order/1", 2)]
    assert revive(identity, actor="tests", now=NOW) == 1
    deliver_due(PATIENT)
    assert receiver.told == [("order/1", 2), ("order/1", 1)]


def test_the_same_message_keeps_its_id_when_tried_again(receiver: Receiver) -> None:
    subscribe(receiver)
    receiver.answer = lambda _: 500
    tell(("order/1", 1))
    deliver_due(QUICK)
    due_now()
    deliver_due(QUICK)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    subscribe(receiver)
    receiver.answer = lambda _: 302
    tell(("order/1", 1))
    deliver_due(PATIENT)
    assert len(receiver.got) == 1
    assert Delivery.objects.get().last_error == "answered 302: redirects are not followed, register the new address"


def test_a_receiver_that_hangs_costs_its_time_out_alone(receiver: Receiver) -> None:
    subscribe(receiver)
    gate = threading.Event()
    receiver.answer = lambda _: 200 * gate.wait(5)
    tell(("order/1", 1))
    deliver_due(Policy(timeout=0.2, first_wait=600))
    gate.set()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.last_error) == ("pending", 1, "TimeoutError: timed out")


@pytest.mark.parametrize("hanging", [1, 300])
def test_receivers_that_hang_keep_nobody_else_waiting(receiver: Receiver, hanging: int) -> None:
    """Each of its deliveries is a subject of its own, all due before the others'; none of them ends in this test."""
    slow, gate = subscribe(receiver, types=("order.placed",))[0], threading.Event()
    subscribe(receiver, types=("order.cancelled",))
    receiver.answer = lambda body: 200 * (body["type"].endswith("cancelled") or gate.wait(20))
    tell(*[(f"order/{n}", n) for n in range(hanging)])
    tell(*[(f"order/{n}", n) for n in range(20)], type_="order.cancelled")
    deliveries = Deliveries(Policy(timeout=20))
    try:
        until = time.monotonic() + 15
        while Delivery.objects.filter(state="delivered").count() < 20:
            assert time.monotonic() < until
            deliveries.turn()
        assert Delivery.objects.filter(webhook=slow, attempts=1).count() == min(hanging, LANES)
        assert Delivery.objects.filter(webhook=slow, attempts=0).count() == max(0, hanging - LANES)
    finally:
        gate.set()
        deliveries.end()


def test_a_webhook_that_nobody_answers_for_is_asked_with_one_delivery_at_a_time(receiver: Receiver) -> None:
    register("http://127.0.0.1:9/", types=(), places=("*",), actor="tests", now=NOW)  # the discard port: refused
    tell(*[(f"order/{n}", n) for n in range(8)])
    deliveries = Deliveries(PATIENT)
    begun = []
    for _ in range(3):
        begun.append(deliveries.begin())
        while deliveries._under_way:
            deliveries._record_done()
    assert begun == [LANES, 1, 1]
    deliveries.end()


def test_no_transaction_is_open_while_it_is_sent(receiver: Receiver) -> None:
    subscribe(receiver)
    tell(("order/1", 1))
    with transaction.atomic(), pytest.raises(RuntimeError):
        deliver_due(QUICK)
    seen: list[int] = []

    def count(_: dict[str, Any]) -> int:
        # Another connection can write while the receiver thinks, so nothing is locked.
        with transaction.atomic():
            seen.append(Webhook.objects.update(active=True))
        connections.close_all()
        return 200

    receiver.answer = count
    deliver_due(QUICK)
    assert seen == [1]


def test_a_claim_keeps_others_away_until_its_lease_is_over(receiver: Receiver) -> None:
    subscribe(receiver)
    tell(("order/1", 1))
    Delivery.objects.update(attempts=1, next_attempt_at=datetime.now(UTC) + timedelta(seconds=100))
    assert deliver_due(QUICK) == 0  # as a worker that was killed has left it
    Delivery.objects.update(next_attempt_at=NOW)
    assert deliver_due(QUICK) == 1
    assert states() == [("order/1", "delivered", 2)]


def test_workers_at_once_send_each_delivery_once(receiver: Receiver) -> None:
    subscribe(receiver)
    tell(*[(f"order/{n}", n) for n in range(40)])
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while deliver_due(QUICK):
            pass
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receiver.told) == sorted((f"order/{n}", n) for n in range(40))


def test_an_ended_webhook_gets_nothing_more(receiver: Receiver) -> None:
    identity, _ = subscribe(receiver)
    tell(("order/1", 1))
    unregister(identity, actor="tests", now=NOW)
    assert (deliver_due(QUICK), Delivery.objects.count(), Webhook.objects.count()) == (0, 0, 0)
    with pytest.raises(UnknownWebhookError):
        unregister(identity, actor="tests", now=NOW)
    assert list(TrailEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "webhook.register", "webhook.unregister",
    ]  # fmt: skip


def test_a_source_reaches_its_own_webhooks_alone(receiver: Receiver) -> None:
    identity, secret = register(receiver.url, types=(), places=("*",), actor="tests", now=NOW, source_id=1)
    for attempt in (rotate_secret, unregister, revive):
        with pytest.raises(UnknownWebhookError):
            attempt(identity, actor="stranger", now=NOW, source_id=2)
    with pytest.raises(UnknownWebhookError):
        set_webhook_active(identity, active=False, actor="stranger", now=NOW, source_id=2)
    assert (list_webhooks(source_id=2), len(list_webhooks(source_id=1))) == ([], 1)
    assert secret_text(identity, Webhook.objects.get().secret_version) == secret


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "ftp://shop.example/",
        "https://user:word@shop.example/",
        "https:///hook",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://[::1]/",
        "https://[::ffff:192.168.0.1]/",
        "https://169.254.169.254/latest",
        "https://shop.example:99999/",
        "https://shop.example/ hook",
        "https://shöp.example/",
        "https://shop.example/" + "x" * 500,
        "",
    ],
)
def test_unfit_addresses_are_refused_in_production(url: str, settings: Settings) -> None:
    settings.WEBHOOKS_PRIVATE = False
    with pytest.raises(WebhookError):
        register(url, types=(), places=("*",), actor="tests", now=NOW)
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "192.168.1.1", "::1", "fd00::1", "64:ff9b::a01:203", "2002:a01:203::", "224.0.0.1", "240.0.0.1"],
)
def test_a_name_that_has_moved_inside_is_not_connected_to(
    address: str, receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOKS_PRIVATE = False
    port = int(receiver.url.rpartition(":")[2])
    register(f"https://shop.example:{port}/", types=(), places=("*",), actor="tests", now=NOW)
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, port))])
    tell(("order/1", 1))
    deliver_due(PATIENT)
    assert receiver.got == []
    assert Delivery.objects.get().last_error == (
        f"The host shop.example stands for {address}, which is not a public address."
    )


def test_a_webhook_needs_a_place() -> None:
    with pytest.raises(WebhookError):
        register("https://shop.example/", types=(), places=(), actor="tests", now=NOW)


def test_rows_of_one_subject_come_out_in_the_order_of_positions(receiver: Receiver) -> None:
    """Also where a later id was numbered first, as when its transaction was the faster one."""
    subscribe(receiver)
    with transaction.atomic():
        outbox.record([outbox.News("order.placed", "stock/s1", NOW, {"n": n}, "s1") for n in (1, 2)])
    first, second = Event.objects.order_by("id").values_list("id", flat=True)
    bulk.execute("UPDATE base_event SET position = 1 WHERE id = %s", [second])
    bulk.execute("UPDATE base_event SET position = 2 WHERE id = %s", [first])
    fan_out()
    while deliver_due(QUICK):
        pass
    assert receiver.told == [("stock/s1", 2), ("stock/s1", 1)]
