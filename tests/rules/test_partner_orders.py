"""What partners' words mean, what their answers come to, and when an order may be asked for again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.rules.asking import (
    LONGEST_WAIT,
    Settling,
    is_sure,
    next_look,
    option_seconds,
    poll_after,
    poll_seconds,
    wait_after,
)
from onebasket.commerce.partners.rules.parts import Status, Step
from onebasket.commerce.partners.rules.policy import (
    Agreed,
    HeldUp,
    Look,
    Reason,
    TakenIn,
    TurnedDown,
    after_refusal,
    before_placing,
    is_whole,
    still_coming,
    weigh,
)
from onebasket.commerce.partners.rules.port import (
    AskedLine,
    OfferStated,
    Refused,
    TheirLine,
    TheirOrder,
)
from onebasket.commerce.partners.rules.statuses import Meaning, goes_back, meaning_of, next_step, settled_meaning

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
LINES = (AskedLine(1, "lamp", 2, 1000, "GBP"), AskedLine(2, "rug", 1, 2500, "GBP"))
AGREED = Agreed("OB1", LINES, "GBP", shipping={1: 300})


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def their(*lines: tuple[str, int, int], amount: int = 0, **more: str) -> TheirOrder:
    stated: dict[str, Any] = {"status": "PLACE_ORDER_SUCCESS", "currency": "GBP"} | more
    return TheirOrder(
        reference="8000", ours="OB1", amount=amount, lines=tuple(TheirLine(*line) for line in lines), **stated
    )


@pytest.mark.parametrize(
    ("orders", "comes_to"),
    [
        ([their(("lamp", 2, 1000), ("rug", 1, 2500))], TakenIn({1: 2, 2: 1}, 4500)),
        ([their(("lamp", 2, 1000)), their(("rug", 1, 2500))], TakenIn({1: 2, 2: 1}, 4500)),
        ([their(("lamp", 1, 1000)), their(("lamp", 1, 1000))], TakenIn({1: 2, 2: 0}, 2000)),
        ([their(("lamp", 2, 900), amount=2100)], TakenIn({1: 2, 2: 0}, 2100)),
        ([their(("lamp", 2, 1000), amount=2300)], TakenIn({1: 2, 2: 0}, 2300)),
        ([their(("lamp", 2, 1000), status="CANCELLED")], TakenIn({1: 0, 2: 0}, 0)),
        ([], TakenIn({1: 0, 2: 0}, 0)),
        ([their(("lamp", 3, 1000))], "ordered_twice"),
        ([their(("lamp", 2, 1000)), their(("lamp", 2, 1000))], "ordered_twice"),
        ([their(("sofa", 1, 10))], "not_asked_for"),
        ([their(("lamp", 2, 1000), currency="USD")], "other_currency"),
        ([their(("lamp", -1, 1000))], "odd_line"),
        ([their(("lamp", 2, 1151))], "costs_more"),
        ([their(("lamp", 2, 1000), amount=2301)], "costs_more"),
    ],
)
def test_what_their_orders_come_to(orders: list[TheirOrder], comes_to: TakenIn | str) -> None:
    found = weigh(AGREED, orders)
    assert (found.code if isinstance(found, HeldUp) else found) == comes_to


def test_what_the_chain_bears() -> None:
    bearing = Agreed("OB1", LINES, "GBP", bears=50_000)
    assert weigh(bearing, [their(("lamp", 2, 1050))]) == TakenIn({1: 2, 2: 0}, 2100, 100)
    assert isinstance(weigh(bearing, [their(("lamp", 2, 1051))]), HeldUp)


def test_two_lines_of_one_offer_share_what_came() -> None:
    twice = Agreed("OB1", (AskedLine(1, "lamp", 2, 10, "GBP"), AskedLine(2, "lamp", 2, 10, "GBP")), "GBP")
    assert weigh(twice, [their(("lamp", 3, 10))]) == TakenIn({1: 2, 2: 1}, 30)
    assert not is_whole(twice, TakenIn({1: 2, 2: 1}, 30))
    assert is_whole(twice, TakenIn({1: 2, 2: 2}, 40))


@given(st.lists(st.tuples(st.sampled_from(["lamp", "rug"]), st.integers(1, 3)), max_size=4))
def test_never_more_than_was_asked_for_is_taken_in(pieces: list[tuple[str, int]]) -> None:
    found = weigh(AGREED, [their((name, count, 1)) for name, count in pieces])
    came = {name: sum(count for other, count in pieces if other == name) for name in ("lamp", "rug")}
    if came["lamp"] > 2 or came["rug"] > 1:
        assert isinstance(found, HeldUp)
    else:
        assert found == TakenIn({1: came["lamp"], 2: came["rug"]}, came["lamp"] + came["rug"])


@pytest.mark.parametrize(
    ("code", "lines", "follows"),
    [
        ("REPEATED_ORDER_ERROR", (), Look()),
        ("inventory_hold_error", (), TurnedDown((1, 2), Reason.OUT_OF_STOCK)),
        ("INVENTORY_HOLD_ERROR", (2,), TurnedDown((2,), Reason.OUT_OF_STOCK)),
        ("INVENTORY_HOLD_ERROR", (7,), TurnedDown((1, 2), Reason.OUT_OF_STOCK)),
        ("PRICE_WENT_UP", (1,), TurnedDown((1,), Reason.PRICE_CHANGED)),
        ("BLACKLIST_BUYER_IN_LIST", (), TurnedDown((1, 2), Reason.TURNED_AWAY, "turned_away")),
        ("NEVER_HEARD", (), HeldUp("unknown_refusal", "The partner says NEVER_HEARD: no")),
    ],
)
def test_what_follows_a_refusal(code: str, lines: tuple[int, ...], follows: object) -> None:
    assert after_refusal(Refused(code, "no", lines), [1, 2]) == follows


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ([], None),
        ([OfferStated(reference="lamp", price=1000, currency="GBP")], None),
        ([OfferStated(reference="lamp", price=999, currency="GBP")], None),
        ([OfferStated(reference="lamp", price=1001, currency="GBP")], ("PRICE_WENT_UP", (1,))),
        ([OfferStated(reference="lamp", price=1000, currency="GBP", shipping_amount=300)], None),
        ([OfferStated(reference="lamp", price=1000, currency="GBP", shipping_amount=301)], ("PRICE_WENT_UP", (1,))),
        ([OfferStated(reference="lamp", price=999, currency="GBP", shipping_amount=302)], None),
        ([OfferStated(reference="lamp", price=1000, currency="USD")], ("PRICE_WENT_UP", (1,))),
        ([OfferStated(reference="rug", gone=True)], ("GONE", (2,))),
        ([OfferStated(reference="rug", gone=True), OfferStated(reference="lamp", price=2000)], ("GONE", (2,))),
    ],
)  # fmt: skip
def test_what_is_found_out_before_an_order(
    told: list[OfferStated], refused: tuple[str, tuple[int, ...]] | None
) -> None:
    found = before_placing(AGREED, told)
    assert (found and (found.code, found.lines)) == refused


def test_what_still_comes_of_cancelled_orders() -> None:
    lines = [(1, "lamp"), (2, "rug"), (3, "lamp")]
    assert still_coming(lines, {1: 2, 2: 1, 3: 1}, {"lamp": 1, "rug": 1}) == {1: 1, 2: 1, 3: 0}
    assert still_coming(lines, {1: 2, 2: 0, 3: 1}, {"lamp": 9}) == {1: 2, 2: 0, 3: 1}


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("PLACE_ORDER_SUCCESS", Meaning.TAKEN),
        ("RISK_CONTROL", Meaning.TAKEN),
        ("WAIT_SELLER_SEND_GOODS", Meaning.TAKEN),
        ("SELLER_PART_SEND_GOODS", Meaning.PART_SENT),
        ("WAIT_BUYER_ACCEPT_GOODS", Meaning.SENT),
        ("FUND_PROCESSING", Meaning.DELIVERED),
        ("FINISH", Meaning.DELIVERED),
        ("IN_CANCEL", Meaning.CANCELLING),
        ("IN_ISSUE", Meaning.HALTED),
        ("IN_FROZEN", Meaning.HALTED),
        (" shipped ", Meaning.SENT),
        ("QUANTUM_HOLD", Meaning.UNKNOWN),
        ("", Meaning.UNKNOWN),
    ],
)
def test_words(word: str, meaning: Meaning) -> None:
    assert meaning_of(word) is meaning


@pytest.mark.parametrize(
    ("before", "now", "back"),
    [
        ("PLACE_ORDER_SUCCESS", "WAIT_SELLER_SEND_GOODS", False),
        ("WAIT_BUYER_ACCEPT_GOODS", "WAIT_SELLER_SEND_GOODS", True),
        ("WAIT_BUYER_ACCEPT_GOODS", "SELLER_PART_SEND_GOODS", True),
        ("FINISH", "WAIT_BUYER_ACCEPT_GOODS", True),
        ("FINISH", "FUND_PROCESSING", False),
        ("WAIT_BUYER_ACCEPT_GOODS", "IN_ISSUE", False),
        ("IN_ISSUE", "WAIT_BUYER_ACCEPT_GOODS", False),
        ("PLACE_ORDER_SUCCESS", "IN_CANCEL", False),
        ("IN_CANCEL", "WAIT_SELLER_SEND_GOODS", False),
        ("IN_CANCEL", "FINISH", True),
        ("CANCELLED", "FINISH", True),
        ("FINISH", "QUANTUM_HOLD", False),
    ],
)
def test_nothing_goes_back(before: str, now: str, back: bool) -> None:  # noqa: FBT001 - a column of the table
    assert goes_back(before, now) is back


def test_a_cancel_is_believed_when_it_has_stood() -> None:
    assert settled_meaning("IN_CANCEL", NOON, now=minutes(9.9), settle=TEN) is Meaning.CANCELLING
    assert settled_meaning("IN_CANCEL", NOON, now=minutes(10), settle=TEN) is Meaning.CANCELLED
    assert settled_meaning("FINISH", NOON, now=minutes(10), settle=TEN) is Meaning.DELIVERED


M = Meaning


@pytest.mark.parametrize(
    ("status", "meanings", "step"),
    [
        (Status.PLACED, [], None),
        (Status.PLACED, [M.TAKEN], None),
        (Status.PLACED, [M.PART_SENT], None),
        (Status.PLACED, [M.SENT], Step.SHIP),
        (Status.PLACED, [M.SENT, M.TAKEN], None),
        (Status.PLACED, [M.SENT, M.DELIVERED], Step.SHIP),
        (Status.PLACED, [M.SENT, M.CANCELLED], Step.SHIP),
        (Status.PLACED, [M.SENT, M.CANCELLING], None),
        (Status.PLACED, [M.DELIVERED], Step.DELIVER),
        (Status.PLACED, [M.CANCELLED, M.CANCELLED], Step.REFUSE),
        (Status.PLACED, [M.HALTED], None),
        (Status.SHIPPED, [M.SENT], None),
        (Status.SHIPPED, [M.DELIVERED, M.DELIVERED], Step.DELIVER),
        (Status.SHIPPED, [M.DELIVERED, M.SENT], None),
        (Status.SHIPPED, [M.CANCELLED], None),
        (Status.DELIVERED, [M.DELIVERED], None),
        (Status.PLACED, [M.UNKNOWN], None),
    ],
)
def test_what_a_part_comes_to(status: Status, meanings: list[Meaning], step: Step | None) -> None:
    assert next_step(status, meanings) is step


@pytest.mark.parametrize(
    ("asked", "since", "now", "sure"),
    [
        (0, None, 600, False),
        (0, 1, 10.9, False),
        (0, 1, 11, True),
        (5, 1, 11, False),
        (5, 6, 16, True),
    ],
)
def test_when_a_list_is_sure(asked: float, since: float | None, now: float, sure: bool) -> None:  # noqa: FBT001
    settling = Settling(minutes(asked), None if since is None else minutes(since))
    assert is_sure(settling, TEN, minutes(now)) is sure


def test_a_list_is_looked_at_soon_and_when_it_is_sure() -> None:
    assert next_look(Settling(NOON, None, 0), TEN, minutes(1)) == minutes(1) + timedelta(seconds=5)
    assert next_look(Settling(NOON, minutes(1), 3), TEN, minutes(2)) == minutes(2) + timedelta(seconds=135)
    assert next_look(Settling(NOON, minutes(1), 8), TEN, minutes(9)) == minutes(11)


def test_waits_grow_to_an_end() -> None:
    assert [wait_after(count).total_seconds() for count in (0, 1, 2, 3, 4, 7, 99)] == [5, 5, 15, 45, 135, 1800, 1800]
    assert wait_after(10**6) == LONGEST_WAIT


def test_what_has_stood_for_long_is_asked_about_less_often() -> None:
    assert [poll_after(NOON, NOON + timedelta(hours=hours)) for hours in (1, 2, 47, 48)] == [
        timedelta(minutes=10), timedelta(hours=1), timedelta(hours=1), timedelta(hours=6),
    ]  # fmt: skip
    assert poll_seconds({"poll_seconds": "2"}, NOON, NOON) == timedelta(seconds=2)
    assert [option_seconds({"x": text}, "x", TEN) for text in ("", "-1", "soon", "123456789", "7")] == [
        TEN, TEN, TEN, TEN, timedelta(seconds=7),
    ]  # fmt: skip
