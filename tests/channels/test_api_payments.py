"""Payments, refunds and gift cards over the API."""

import logging
from collections.abc import Iterator
from uuid import UUID

import pytest

from onebasket.base.models import TrailEntry
from onebasket.channels.api import giftcards
from onebasket.commerce.payments.models import BalanceAccount, Refund
from onebasket.commerce.payments.rules.codes import code_of, written
from onebasket.kernel.identity import new_id
from tests.channels.api import Hub, count_rows, make_hub
from tests.paying import Pay, balance, gift_card, open_order, order_of, settle, stands

pytestmark = pytest.mark.django_db


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    giftcards.guesses.forget()
    yield make_hub(monkeypatch)
    giftcards.guesses.forget()


def card(key: str, amount: int = 0, **more: object) -> dict[str, object]:
    return {"key": key, "currency": "USD", "amount": amount, "place": "p1"} | more


def paid(hub: Hub) -> tuple[int, list[UUID]]:
    made = gift_card(hub.source, 300, key="paid")
    payments = open_order(Pay("gift_card", 300, made.account), Pay("at_collection", 200))
    settle(payments[0], "hand_over", 500)
    return made.account, payments


def test_gift_cards_are_made_in_bulk_and_the_same_again_gives_the_same_codes(hub: Hub) -> None:
    body = {"items": [card("a", 1_000), card("b"), card("c", currency="XXL")]}
    first = hub.shop.post("gift-cards", body)
    assert first.status == 200
    assert [one["outcome"] for one in first.results] == ["issued", "issued", "invalid"]
    assert [one.get("balance", 0) for one in first.results] == [1_000, 0, 0]
    assert hub.shop.post("gift-cards", body).json == first.json
    assert BalanceAccount.objects.count() == 2


def test_a_printed_card_is_activated_and_looked_up(hub: Hub) -> None:
    (made,) = hub.shop.post("gift-cards", {"items": [card("a")]}).results
    body = {"items": [card("s1", 2_500, code=made["code"])]}
    assert hub.shop.post("gift-cards/activate", body).results == [
        {"outcome": "activated", "account": made["account"], "balance": 2_500}
    ]
    answer = hub.shop.post("gift-cards/balance", {"code": made["code"].lower()})
    assert (answer.status, answer.json) == (
        200,
        {
            "account": made["account"], "kind": "gift_card", "hint": made["code"].replace("-", "")[-4:],
            "currency": "USD", "balance": 2_500, "active": True, "usable": True, "expires_at": None,
        },
    )  # fmt: skip


def test_a_blocked_card_says_so_and_can_be_opened_again(hub: Hub) -> None:
    made = gift_card(hub.source, 100)
    answer = hub.shop.post("gift-cards/block", {"code": made.code, "reason": "Stolen."}, "b1")
    assert (answer.status, answer.json) == (200, {"account": made.account, "active": False})
    assert hub.shop.post("gift-cards/block", {"code": made.code, "reason": "Stolen."}, "b1").json == answer.json
    looked = hub.shop.post("gift-cards/balance", {"code": made.code}).json
    assert (looked["active"], looked["usable"], looked["balance"]) == (False, False, 100)
    hub.shop.post("gift-cards/block", {"code": made.code, "reason": "Found.", "active": True}, "b2")
    assert BalanceAccount.objects.get().active
    assert TrailEntry.objects.filter(target=f"balance/{made.account}").count() == 2


def test_codes_that_do_not_exist_are_told_alike_and_then_no_more(hub: Hub) -> None:
    made = gift_card(hub.source, 100)
    guess = written(code_of(bytes(16)))
    for _ in range(giftcards.MOST_WRONG):
        answer = hub.shop.post("gift-cards/balance", {"code": guess})
        assert (answer.status, answer.json["code"]) == (404, "unknown")
    # Now not even a right one is looked up.
    for path, body in (
        ("gift-cards/balance", {"code": made.code}),
        ("gift-cards/activate", {"items": [card("x", 5, code=made.code)]}),
    ):
        answer = hub.shop.post(path, body)
        assert (answer.status, answer.json["code"], answer.headers["Retry-After"]) == (429, "too_many_guesses", "60")
    assert balance(made) == 100
    # Other sources are not slowed down.
    assert hub.caller(source="erp").post("gift-cards/balance", {"code": made.code}).status == 200


def test_without_the_limit_guessing_goes_on(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(giftcards.guesses, "most", 10**9)
    guess = written(code_of(bytes(16)))
    statuses = {hub.shop.post("gift-cards/balance", {"code": guess}).status for _ in range(giftcards.MOST_WRONG + 5)}
    assert statuses == {404}


def test_mistyped_codes_are_no_guesses(hub: Hub) -> None:
    made = gift_card(hub.source, 100)
    wrong = made.code[:-1] + ("2" if made.code[-1] != "2" else "3")
    for _ in range(giftcards.MOST_WRONG + 1):
        answer = hub.shop.post("gift-cards/balance", {"code": wrong})
        assert (answer.status, answer.json["code"]) == (404, "mistyped")
    assert hub.shop.post("gift-cards/balance", {"code": made.code}).status == 200


def test_activating_codes_that_do_not_exist_counts_as_guessing(hub: Hub) -> None:
    guess = written(code_of(bytes(16)))
    for number in range(giftcards.MOST_WRONG):
        body = {"items": [card(f"x{number}", 5, code=guess)]}
        assert hub.shop.post("gift-cards/activate", body).results[0]["outcome"] == "invalid"
    assert hub.shop.post("gift-cards/activate", {"items": [card("y", 5, code=guess)]}).status == 429


def test_payments_of_an_order_are_listed(hub: Hub) -> None:
    account, payments = paid(hub)
    other = open_order(Pay("invoice", 70), place="p2")
    order = order_of(payments[0])
    rows = hub.shop.get(f"payments?order={order}").items
    assert sorted((row["number"], row["method"], row["status"], row["captured"]) for row in rows) == [
        (1, "gift_card", "captured", 300), (2, "at_collection", "captured", 200),
    ]  # fmt: skip
    assert {row["order"] for row in rows} == {str(order)}
    assert [row["id"] for row in hub.shop.get("payments?method=invoice").items] == [str(other[0])]
    assert [row["id"] for row in hub.shop.get("payments?status=authorised&place=p2").items] == [str(other[0])]
    assert len(hub.shop.get("payments?limit=2").items) == 2
    assert account


def test_a_payment_tells_the_calls_that_were_made_for_it(hub: Hub) -> None:
    (payment,) = open_order(Pay("at_collection", 500))
    answer = hub.shop.get(f"payments/{payment}")
    assert (answer.status, answer.json["calls"], answer.json["due"]) == (200, [], 500)
    assert hub.shop.get(f"payments/{new_id()}").status == 404
    assert hub.shop.get("payments/7").status == 404


def test_a_refund_is_made_once(hub: Hub) -> None:
    account, payments = paid(hub)
    order = order_of(payments[0])
    body = {"order": str(order), "amount": 250, "reason": "Two broken."}
    first = hub.shop.post("refunds", body, "r1")
    assert first.status == 200
    assert [(part["amount"], part["status"]) for part in first.json["parts"]] == [(200, "done"), (50, "done")]
    assert hub.shop.post("refunds", body, "r1").json == first.json
    assert (balance(account), Refund.objects.count()) == (50, 1)
    (listed,) = hub.shop.get(f"refunds?order={order}").items
    assert (listed["amount"], listed["reason"], len(listed["parts"])) == (250, "Two broken.", 2)
    assert listed["actor"].startswith("token/")
    conflict = hub.shop.post("refunds", body | {"amount": 251}, "r1")
    assert (conflict.status, conflict.json["code"]) == (409, "key_conflict")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": 501}, 422, "too_much"),
        ({"amount": 0}, 422, "invalid"),
        ({"amount": -1}, 422, "invalid"),
        ({"amount": 1.5}, 422, "invalid"),
        ({"order": "01890a5d-ac96-774b-bcce-b302099a8057"}, 404, "unknown"),
        ({"order": "seven"}, 422, "invalid"),
        ({"reason": "x" * 201}, 422, "invalid"),
    ],
)
def test_what_cannot_be_refunded_changes_nothing(hub: Hub, change: dict[str, object], status: int, code: str) -> None:
    _, payments = paid(hub)
    before = count_rows()
    body = {"order": str(order_of(payments[0])), "amount": 10} | change
    answer = hub.shop.post("refunds", body, "r1")
    assert (answer.status, answer.json["code"]) == (status, code)
    assert count_rows() == before
    assert stands(payments[1]) == "at_collection captured due 200 authorised 200 captured 200"


def test_no_code_is_logged(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        (made,) = hub.shop.post("gift-cards", {"items": [card("a", 5)]}).results
        hub.shop.post("gift-cards/balance", {"code": made["code"]})
    assert made["code"] not in caplog.text
