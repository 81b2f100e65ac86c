"""When a card's provider is asked what, and what its answers mean."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from onebasket.commerce.payments.rules.asking import (
    MOST_TRIES,
    CardPayment,
    authorisation,
    excess_of,
    fence,
    inquiry,
    learn,
    learn_refund,
    next_call,
    refund_call,
    stands,
    wait_after,
    while_asked,
)
from onebasket.commerce.payments.rules.life import Goal, Method, RefundStatus, Status
from onebasket.commerce.payments.rules.port import Call, CardState, NeverHeard, NotDone, Operation, RefundState, Told
from onebasket.commerce.payments.rules.tenders import Tender

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
REFERENCE = f"{ID.hex}-1"
PART = UUID(int=7)


def card(status: str, goal: str = "", *, tries: int = 1, **more: object) -> CardPayment:
    payment = {name: more.pop(name) for name in ("next_at", "expires_at", "currency") if name in more}
    values = {"amount": 500, "due": 450} | more
    if status == "authorised":
        values = {"authorised": 500} | values
    tender = Tender(ID, 1, Method.CARD, Status(status), goal=Goal(goal), **values)  # type: ignore[arg-type]
    return CardPayment(tender, tries=tries, **({"currency": "USD"} | payment))  # type: ignore[arg-type]


def told(status: str, **more: object) -> Told:
    accepted = bool(more.pop("accepted", True))
    values = {"reference": REFERENCE, "status": status, "amount": 450, "currency": "USD"} | more
    return Told(CardState(**values), accepted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payment", "standing"),
    [
        (card("pending", tries=0), None),
        (card("refused"), None),
        (card("expired"), None),
        (card("refused", tries=MOST_TRIES), "exhausted"),
        (card("unknown", next_at=LATER), "asked"),
        (card("unknown", next_at=NOW), "unknown"),
        (card("authorised"), "known"),
        (card("captured", captured=450, authorised=450), "known"),
        (card("pending", "reverse", due=0), "closed"),
        (card("refused", "reverse"), "closed"),
        (card("reversed", due=0), "closed"),
        (card("pending", due=0), "closed"),
    ],
)
def test_whether_a_card_may_be_asked(payment: CardPayment, standing: str | None) -> None:
    assert stands(payment, NOW) == standing


def test_an_authorisation_is_for_what_is_due_under_a_reference_of_its_own() -> None:
    asked, call = authorisation(card("refused", tries=1))
    assert (asked.tender.status, asked.tries, asked.reason) == (Status.UNKNOWN, 2, "")
    assert call == Call(Operation.AUTHORISE, f"{ID.hex}-2", f"{ID.hex}-2-authorise", 450, "USD")


@pytest.mark.parametrize(
    ("payment", "call"),
    [
        (card("unknown"), Call(Operation.INQUIRE, REFERENCE, "")),
        (card("unknown", "capture"), Call(Operation.INQUIRE, REFERENCE, "")),
        (card("authorised"), None),
        (card("authorised", expires_at=LATER), None),
        (card("authorised", expires_at=NOW), Call(Operation.INQUIRE, REFERENCE, "")),
        (card("authorised", "capture"), Call(Operation.CAPTURE, REFERENCE, f"{REFERENCE}-capture-450", 450, "USD")),
        (card("authorised", "reverse"), Call(Operation.REVERSE, REFERENCE, f"{REFERENCE}-reverse")),
        (card("pending"), None),
        (card("captured", "capture"), None),
        (card("refused", "capture"), None),
    ],
)
def test_what_is_asked_next(payment: CardPayment, call: Call | None) -> None:
    assert next_call(payment, NOW) == call


def after(payment: CardPayment, call: Call, answer: Told | NotDone) -> tuple[str, int, int, str]:
    found = learn(while_asked(payment), call, answer)
    assert not isinstance(found, str), found
    return found.tender.status, found.tender.authorised, found.tender.captured, found.reason


AUTHORISE = Call(Operation.AUTHORISE, REFERENCE, "k", 450, "USD")
CAPTURE = Call(Operation.CAPTURE, REFERENCE, "k", 450, "USD")
REVERSE = Call(Operation.REVERSE, REFERENCE, "k")
INQUIRE = inquiry(card("unknown"))
FENCE = fence(card("unknown"))


@pytest.mark.parametrize(
    ("payment", "call", "answer", "outcome"),
    [
        (card("pending"), AUTHORISE, told("authorised"), ("authorised", 450, 0, "")),
        (card("pending"), AUTHORISE, told("declined", code="insufficient"), ("refused", 0, 0, "insufficient")),
        (card("pending"), AUTHORISE, NotDone("nobody listens"), ("pending", 0, 0, "")),
        (card("unknown"), INQUIRE, told("authorised"), ("authorised", 450, 0, "")),
        (card("unknown"), INQUIRE, told("declined", code="declined"), ("refused", 0, 0, "declined")),
        (card("unknown"), INQUIRE, told("captured", captured=450), ("captured", 450, 450, "")),
        (card("unknown"), INQUIRE, told("expired"), ("expired", 0, 0, "")),
        (card("unknown"), INQUIRE, NotDone("nobody listens"), ("unknown", 0, 0, "")),
        (card("unknown"), FENCE, told("reversed", amount=0, currency=""), ("refused", 0, 0, "never_reached")),
        (card("unknown"), FENCE, NotDone("nobody listens"), ("unknown", 0, 0, "")),
        (card("unknown", "reverse"), FENCE, told("reversed", amount=0, currency=""), ("reversed", 0, 0, "")),
        (card("authorised", "capture"), CAPTURE, told("captured", captured=450), ("captured", 450, 450, "")),
        (card("authorised", "capture"), CAPTURE, told("expired", accepted=False), ("expired", 500, 0, "")),
        (card("authorised", "capture"), CAPTURE, NotDone("nobody listens"), ("authorised", 500, 0, "")),
        (card("authorised", "capture"), CAPTURE, told("reversed", accepted=False), ("refused", 500, 0, "")),
        (card("authorised", "reverse"), REVERSE, told("reversed"), ("reversed", 500, 0, "")),
        (card("authorised", "reverse"), REVERSE, told("captured", captured=450, accepted=False),
         ("captured", 450, 450, "")),
        (card("authorised", "reverse"), REVERSE, NotDone("nobody listens"), ("authorised", 500, 0, "")),
        (card("authorised", expires_at=NOW), INQUIRE, told("authorised", expires_at=LATER), ("authorised", 450, 0, "")),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    payment: CardPayment, call: Call, answer: Told | NotDone, outcome: tuple[str, int, int, str]
) -> None:
    assert after(payment, call, answer) == outcome


@pytest.mark.parametrize(
    ("answer", "odd"),
    [
        (told("authorised", reference="other"), "it is about 'other'"),
        (told("authorised", amount=501), "it puts 501 aside, not 450"),
        (told("authorised", amount=0), "it puts 0 aside, not 450"),
        (told("authorised", currency="EUR"), "it is in EUR, not in USD"),
        (told("captured", captured=451), "it captured 451 of 450"),
        (told("captured", captured=0), "it captured 0 of 450"),
    ],
)
def test_an_odd_answer_is_told_and_nothing_learnt(answer: Told, odd: str) -> None:
    assert learn(card("unknown"), INQUIRE, answer) == odd


def test_what_was_captured_beyond_what_is_due_is_an_excess() -> None:
    taken = card("captured", "capture", due=300, authorised=450, captured=450).tender
    assert excess_of(taken) == 150
    assert excess_of(msgspec.structs.replace(taken, due=450)) == 0
    assert excess_of(msgspec.structs.replace(taken, refunded=150)) == 0
    assert excess_of(card("authorised", due=300).tender) == 0


def test_waits_become_longer_up_to_a_bound() -> None:
    waits = [wait_after(failures).total_seconds() for failures in (0, 1, 2, 3, 4, 5, 6, 50)]
    assert waits == [5, 5, 15, 45, 135, 405, 600, 600]


def test_a_refund_whose_answer_was_lost_is_inquired_about() -> None:
    paid = card("captured", "capture", authorised=450, captured=450)
    refund = Call(Operation.REFUND, REFERENCE, f"{PART.hex}-refund", 200, "USD")
    assert refund_call(paid, PART, amount=200, status=RefundStatus.PENDING) == refund
    assert refund_call(paid, PART, amount=200, status=RefundStatus.UNKNOWN) == INQUIRE


@pytest.mark.parametrize(
    ("operation", "answer", "status"),
    [
        ("refund", told("captured", captured=450, refunds=(RefundState(f"{PART.hex}-refund", 200),)), "done"),
        ("refund", told("captured", captured=450, accepted=False), "refused"),
        ("refund", NotDone("nobody listens"), "pending"),
        ("refund", NeverHeard(), "refused"),
        ("inquire", told("captured", captured=450, refunds=(RefundState(f"{PART.hex}-refund", 200),)), "done"),
        ("inquire", told("captured", captured=450, refunds=(RefundState("another", 200),)), "pending"),
        ("inquire", told("captured", captured=450, refunds=(RefundState(f"{PART.hex}-refund", 20),)), "pending"),
        ("inquire", NotDone("nobody listens"), "unknown"),
    ],
)
def test_where_a_refund_stands_after_an_answer(
    operation: str, answer: Told | NeverHeard | NotDone, status: str
) -> None:
    call = Call(Operation(operation), REFERENCE, "k")
    assert learn_refund(PART, amount=200, call=call, answer=answer) == status
