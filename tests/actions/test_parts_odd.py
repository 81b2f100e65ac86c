"""Parts whose partner's orders are too many, halted, unreadable, or cancelled: each told once, nothing given away."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions import driving
from onebasket.commerce.partners.actions.deciding import Decision, decide_part
from onebasket.commerce.partners.actions.oddities import settle_odd
from onebasket.commerce.partners.actions.telling import NotPossibleError
from onebasket.commerce.partners.models import Oddity, PartnerPart, TheirOrder
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import NotDone, Placed
from onebasket.commerce.payments.models import Payment
from tests.builders import make_chain
from tests.dropshipping import (
    NOT_REACHED,
    Platform,
    drive,
    follow,
    lost,
    make_platform,
    odd,
    part_stands,
    sell_part,
)

pytestmark = pytest.mark.django_db(transaction=True)
LAMP, RUG = "lamp", "rug"


@pytest.fixture
def there() -> Platform:
    make_chain()
    return Platform(prices={LAMP: 1000, RUG: 2500}, split=True)


@pytest.fixture
def partner(there: Platform, monkeypatch: pytest.MonkeyPatch) -> PartnerFacts:
    return make_platform(there, monkeypatch)


def placed(partner: PartnerFacts) -> UUID:
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    return part


def believe() -> None:
    """Let a cancel have stood for longer than the partner takes to carry one out."""
    for row in TheirOrder.objects.all():
        row.since -= timedelta(minutes=11)
        row.save(update_fields=["since"])


def accepted_as_found(there: Platform, partner: PartnerFacts) -> UUID:
    """A part of which the lamp was ordered twice, and that a person has accepted with both."""
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1, RUG: 1})
    driving.place_parts()
    there.orders.append(there.copy(reference="9999"))
    drive()
    decide_part(part, Decision.ACCEPT, actor="fay", note="")
    assert (part_stands(part), PartnerPart.objects.get().cost) == ("placed 3500 lamp:1 rug:1", 3500)
    return part


def test_the_cancel_of_what_was_ordered_twice_takes_nothing_off(there: Platform, partner: PartnerFacts) -> None:
    part = accepted_as_found(there, partner)
    there.set_status("IN_CANCEL", "9999")
    follow()
    believe()
    follow()
    assert part_stands(part) == "placed 3500 lamp:1 rug:1"
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8000")
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8001")
    follow()
    assert (part_stands(part), odd()) == ("shipped 3500 lamp:1 rug:1", ["ordered_twice"])


def test_the_cancel_of_both_takes_it_off(there: Platform, partner: PartnerFacts) -> None:
    part = accepted_as_found(there, partner)
    there.set_status("CANCELLED", "9999")
    there.set_status("CANCELLED", "8000")
    follow()
    assert part_stands(part) == "placed (cancelled_by_partner) 2500 lamp:0 rug:1"


def test_what_was_cancelled_before_it_was_first_seen_is_not_taken_off_again(
    there: Platform, partner: PartnerFacts
) -> None:
    def in_two(said: Placed) -> Placed:
        gone = there.copy(reference="7000", status="CANCELLED")
        there.orders.append(gone)
        return Placed((*said.orders, gone))

    there.answers["place"] = [in_two]
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
    follow()
    follow()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"


def test_what_was_let_go_before_is_not_told_as_cancelled_late(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("CANCELLED", "8001")
    follow()
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8000")
    follow()
    follow()
    assert part_stands(part) == "shipped (cancelled_by_partner) 2000 lamp:2 rug:0"
    assert odd() == []


def test_a_late_cancel_is_told_once_for_each_order(there: Platform, partner: PartnerFacts) -> None:
    placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    follow()
    there.set_status("CANCELLED", "8000")
    follow()
    settle_odd(Oddity.objects.get().pk, actor="fay", note="Refunded.")
    follow()
    assert list(Oddity.objects.values_list("reason", "settled_by")) == [("cancelled_late", "fay")]
    there.set_status("CANCELLED", "8001")
    follow()
    assert odd() == ["cancelled_late", "cancelled_late"]
    assert "order 8001" in Oddity.objects.get(state="open").explanation


def test_a_cancel_that_was_believed_and_not_carried_out_is_told(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("IN_CANCEL", "8001")
    follow()
    believe()
    follow()
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    follow()
    assert (part_stands(part), odd()) == ("shipped (cancelled_by_partner) 2000 lamp:2 rug:0", ["cancel_undone"])


@pytest.mark.parametrize(("word", "reason"), [("IN_FROZEN", "halted"), ("QUANTUM_HOLD", "unknown_status")])
def test_an_order_that_is_odd_from_the_beginning_is_told(
    there: Platform, partner: PartnerFacts, word: str, reason: str
) -> None:
    def in_word(said: Placed) -> Placed:
        there.set_status(word, "8000")
        return Placed(tuple(there.orders))

    there.answers["place"] = [in_word]
    part = placed(partner)
    assert (part_stands(part), odd()) == ("placed 4500 lamp:2 rug:1", [reason])


def unreadable(reference: str) -> Callable[[object], object]:
    return lambda said: NotDone("no lines", "turned_away") if getattr(said, "reference", "") == reference else said


def test_an_order_that_cannot_be_read_keeps_no_other_waiting(there: Platform, partner: PartnerFacts) -> None:
    placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8001")
    there.answers["read"] = [unreadable("8000")] * 2
    follow()
    assert list(TheirOrder.objects.order_by("reference").values_list("status", flat=True)) == [
        "PLACE_ORDER_SUCCESS",
        "WAIT_BUYER_ACCEPT_GOODS",
    ]


def test_a_silent_partner_is_asked_about_another_order_next(there: Platform, partner: PartnerFacts) -> None:
    placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8001")
    there.answers["read"] = [NOT_REACHED]
    follow()
    assert there.calls.count("read") == 1
    there.answers["read"] = [lambda said: said, NOT_REACHED]
    follow()
    assert TheirOrder.objects.get(reference="8001").status == "WAIT_BUYER_ACCEPT_GOODS"


def test_what_cannot_be_asked_about_ends_too(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    PartnerPart.objects.update(placed_at=database_now() - timedelta(days=61))
    there.answers["read"] = [NOT_REACHED]
    follow()
    assert (odd(), PartnerPart.objects.get(pk=part).next_at) == (["never_arrived"], None)


def test_what_is_not_paid_any_more_is_not_placed(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [NOT_REACHED]
    part = placed(partner)
    Payment.objects.filter(order_id=part).update(status="expired")
    drive()
    assert part_stands(part) == "stuck (not_paid) 4500 lamp:2 rug:1"
    assert (there.calls.count("place"), there.orders, odd()) == (1, [], ["not_paid"])
    with pytest.raises(NotPossibleError, match="payment has lapsed"):
        decide_part(part, Decision.AGAIN, actor="fay", note="")
    decide_part(part, Decision.REFUSE, actor="fay", note="")
    assert part_stands(part) == "refused (by_person) 0 lamp:0 rug:0"


def test_what_a_person_has_placed_again_is_tried_for_as_long_again(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [NOT_REACHED]
    part = placed(partner)
    long_ago = database_now() - timedelta(hours=49)
    PartnerPart.objects.update(opened_at=long_ago, due_since=long_ago)
    there.answers["place"] = [NOT_REACHED]
    drive()
    assert part_stands(part) == "stuck (not_reached) 4500 lamp:2 rug:1"
    decide_part(part, Decision.AGAIN, actor="fay", note="Its address is mended.")
    there.answers["place"] = [NotDone("slow down", "throttled", 1)]
    drive()
    assert part_stands(part) == "due 4500 lamp:2 rug:1"
    drive()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
