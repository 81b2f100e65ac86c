"""A hub, its committer and a card provider as processes: from a basket to captured money, by nobody's hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.house import House, open_house
from tests.faults.paying import ProviderProcess, provider_process
from tests.paying import SECRET

pytestmark = pytest.mark.timeout(180)

CONTACT = {"name": "Ada", "email": "ada@example.org"}


@pytest.fixture
def one(command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderProcess]:
    with provider_process(command, tmp_path) as found:
        monkeypatch.setenv("ONEBASKET_CARD_URL", found.url)
        monkeypatch.setenv("ONEBASKET_CARD_SECRET", SECRET)
        yield found


@pytest.fixture
def house(command: tuple[str, ...], spare_database_url: str, tmp_path: Path, one: ProviderProcess) -> Iterator[House]:
    found = open_house(command, spare_database_url, tmp_path / "home")
    try:
        found.start()
        yield found
    finally:
        found.end()


def buy(house: House) -> dict[str, Any]:
    """Fill a basket and check it out, to be paid by card."""
    sku = house.ask("GET", "stock/shelves?limit=1").json["items"][0]
    opened = house.ask(
        "POST", "baskets", {"place": sku["place"], "lines": [{"sku": sku["sku"], "quantity": 3}]}, "b1"
    ).json
    total = house.ask("GET", f"baskets/{opened['id']}").json["priced"]["total"]
    body = {"version": opened["version"], "expected_total": total, "contact": CONTACT, "method": "card"}
    answer = house.ask("POST", f"baskets/{opened['id']}/checkout", body, "c1")
    assert answer.status == 201, answer.json
    found: dict[str, Any] = answer.json["order"]
    return found


def test_an_order_is_paid_confirmed_captured_and_given_back(house: House, one: ProviderProcess) -> None:
    order = buy(house)
    assert order["status"] == "awaiting_payment"
    (payment,) = house.ask("GET", f"payments?order={order['id']}").json["items"]
    total = payment["due"]
    asked = house.ask("POST", f"payments/{payment['id']}/authorise", {"token": "tok_approved"}, "p1")
    assert (asked.status, asked.json["outcome"], asked.json["amount"]) == (200, "authorised", total)

    def status() -> str:
        return str(house.ask("GET", f"orders/{order['id']}").json["status"])

    def paid() -> dict[str, Any]:
        found: dict[str, Any] = house.ask("GET", f"payments/{payment['id']}").json
        return found

    house.wait_until(lambda: status() == "placed")
    # One is missing on the shelf: only two are picked.
    picked = house.ask("POST", f"orders/{order['id']}/pick", {"lines": [{"line": 1, "quantity": 2}]}, "s1")
    assert picked.status == 200, picked.json
    house.wait_until(lambda: paid()["due"] == picked.json["total"] < total)
    assert house.ask("POST", f"orders/{order['id']}/hand-over", {}, "s2").status == 200
    house.wait_until(lambda: paid()["status"] == "captured")
    assert paid()["captured"] == picked.json["total"]

    made = house.ask("POST", "refunds", {"order": order["id"], "amount": 50}, "r1")
    assert [part["status"] for part in made.json["parts"]] == ["pending"]
    refunds = f"refunds?order={order['id']}"
    house.wait_until(lambda: house.ask("GET", refunds).json["items"][0]["parts"][0]["status"] == "done")
    with one.ledger._transaction() as session:
        ((captured,),) = session.execute("SELECT captured FROM authorisation").fetchall()
        ((back,),) = session.execute("SELECT amount FROM refund").fetchall()
    assert (captured, back) == (picked.json["total"], 50)
    assert house.audit()["payments.calls"] >= 3  # and nothing contradicts another


def test_an_answer_that_is_lost_is_found_out_by_the_hub(house: House, one: ProviderProcess) -> None:
    order = buy(house)
    (payment,) = house.ask("GET", f"payments?order={order['id']}").json["items"]
    one.kill()
    asked = house.ask("POST", f"payments/{payment['id']}/authorise", {"token": "tok_approved"}, "p1")
    assert (asked.status, asked.json["outcome"], asked.json["code"]) == (200, "declined", "unavailable")
    one.start()
    asked = house.ask("POST", f"payments/{payment['id']}/authorise", {"token": "tok_late"}, "p2")
    assert asked.json["outcome"] == "authorised"  # after the time-out, by the inquiry
    house.wait_until(lambda: house.ask("GET", f"orders/{order['id']}").json["status"] == "placed")
    assert one.put_aside() == {payment["id"].replace("-", ""): payment["due"]}
