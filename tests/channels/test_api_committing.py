"""The hot path with the real committer: concurrent requests, one effect each, and no connection held while waiting."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from onebasket.channels.api import committing, tokens
from onebasket.commerce.hotpath.actions import ACTIONS, ReceiptsCall, book_receipts
from onebasket.commerce.orders.actions import OrderCall
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from tests.builders import faults_in_stock, order, running, shelf
from tests.channels.api import Answer, Hub, make_hub, order_body, receipt_body

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    made = make_hub(monkeypatch, stock={"milk": 30}, inline=False)
    with running(ACTIONS) as committer:
        monkeypatch.setattr(committing, "committer", lambda: committer)
        yield made


def together(asks: Sequence[Any]) -> list[Answer]:
    def one(ask: Any) -> Answer:
        try:
            answer: Answer = ask()
            return answer
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, asks))


def test_concurrent_orders_never_promise_more_than_there_is(hub: Hub) -> None:
    answers = together([lambda n=n: hub.shop.post("orders", order_body({"milk": 1}), f"k{n}") for n in range(48)])
    assert Counter(answer.status for answer in answers) == {201: 30, 422: 18}
    assert shelf("milk") == (30, 30, 0)
    assert faults_in_stock() == []


def test_every_write_sent_twice_at_once_has_one_effect(hub: Hub) -> None:
    twice = [n for n in range(6) for _ in range(2)]
    orders = together([lambda n=n: hub.shop.post("orders", order_body({"milk": 1}), f"o{n}") for n in twice])
    sales = [{"items": [receipt_body(f"r{n}", {"milk": (1, 199)})]} for n in twice]
    receipts = together([lambda s=s: hub.shop.post("receipts", s) for s in sales])
    assert {answer.status for answer in orders} == {201}
    assert len({answer.json["id"] for answer in orders}) == Order.objects.count() == 6
    assert len({answer.results[0]["receipt"] for answer in receipts}) == Receipt.objects.count() == 6
    assert shelf("milk") == (24, 6, 0)


def test_receipts_of_several_requests_and_sources_are_answered_each_to_its_own(hub: Hub) -> None:
    till = hub.caller(source="erp")
    calls = [
        lambda n=n: (till if n % 2 else hub.shop).post(
            "receipts",
            {"items": [receipt_body(f"r{n}", {"milk": (1, 199)}), 7, receipt_body(f"s{n}", {"milk": (1, 1)})]},
        )
        for n in range(8)
    ]
    for number, answer in enumerate(together(calls)):
        assert [item["key"] for item in answer.json["results"]] == [f"r{number}", "", f"s{number}"]
        assert [result["outcome"] for result in answer.results] == ["booked", "quarantined", "booked"]
    assert shelf("milk") == (14, 0, 0)


def test_an_answer_that_takes_too_long_is_a_problem_and_the_same_key_finds_what_became_of_it(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def slow(calls: Sequence[OrderCall]) -> Sequence[Any]:
        assert go.wait(20)
        return ACTIONS["orders"].run(calls)

    with running(ACTIONS | {"orders": replace(ACTIONS["orders"], run=slow)}) as committer:
        monkeypatch.setattr(committing, "committer", lambda: committer)
        monkeypatch.setattr(committing, "PATIENCE_SECONDS", 0.1)
        late = hub.shop.post("orders", order_body({"milk": 1}), "k1")
        assert (late.status, late.json["code"]) == (503, "late")
        monkeypatch.setattr(committing, "PATIENCE_SECONDS", 30.0)
        go.set()
        assert hub.shop.post("orders", order_body({"milk": 1}), "k1").status == 201
    assert Order.objects.count() == 1


def test_a_request_waits_without_a_database_connection(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL the pool is smaller than the number of threads; SQLite keeps a connection a thread."""
    held: list[bool] = []
    real = committing.committer()

    class Watching:
        def commit(self, name: str, requests: Sequence[Any], **more: Any) -> Any:
            held.append(connection.connection is not None)
            return real.commit(name, requests, **more)

    monkeypatch.setattr(committing, "committer", Watching)
    connection.close()
    for number in range(2):
        tokens.forget()
        hub.shop.post("orders", order_body({"milk": 1}), f"k{number}")
    assert held == [connection.vendor == "sqlite"] * 2


def test_requests_of_one_source_are_booked_together(hub: Hub) -> None:
    assert book_receipts([ReceiptsCall(hub.source, []), ReceiptsCall(hub.source, [])]) == [[], []]
    placed = committing.commit(
        "orders", [OrderCall(hub.source, order(f"b{n}", {"milk": 1})) for n in range(3)], weights=[1] * 3
    )
    assert [type(outcome).__name__ for outcome in placed] == ["OrderPlaced"] * 3
