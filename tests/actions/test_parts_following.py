"""Parts at their partners: followed by asking, never moved back, and decided about by people where they are held up."""

from datetime import timedelta
from uuid import UUID

import pytest

from onebasket.base.clock import database_now
from onebasket.base.models import Event, TrailEntry
from onebasket.commerce.partners.actions import driving, following
from onebasket.commerce.partners.actions.deciding import Decision, UnknownPartError, decide_part
from onebasket.commerce.partners.actions.telling import NotPossibleError
from onebasket.commerce.partners.models import PartnerPart, TheirOrder
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import NotDone, Refused, Tracking
from onebasket.kernel.identity import new_id
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


def told() -> list[str]:
    rows = Event.objects.filter(type__startswith="part.").order_by("id")
    return [name.removeprefix("part.") for name in rows.values_list("type", flat=True)]


def words() -> list[str]:
    return list(TheirOrder.objects.order_by("reference").values_list("status", flat=True))


def test_a_part_is_shipped_when_all_of_it_is_sent_and_delivered_when_all_has_arrived(
    there: Platform, partner: PartnerFacts
) -> None:
    part = placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8000", tracking=(Tracking("Post", "SBX1", "https://post.example/1"),))
    follow()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8001", tracking=(Tracking("Post", "SBX2"), Tracking("Post", "SBX2")))
    follow()
    assert part_stands(part) == "shipped 4500 lamp:2 rug:1"
    there.set_status("FINISH", "8000")
    follow()
    assert part_stands(part) == "shipped 4500 lamp:2 rug:1"
    there.set_status("FINISH")
    follow()
    assert part_stands(part) == "delivered 4500 lamp:2 rug:1"
    assert told() == ["opened", "due", "placed", "shipped", "delivered"]
    row = PartnerPart.objects.get(pk=part)
    assert (row.next_at, row.delivered_at is not None) == (None, True)
    assert list(TheirOrder.objects.order_by("reference").values_list("tracking", flat=True)) == [
        [{"carrier": "Post", "number": "SBX1", "url": "https://post.example/1"}],
        [{"carrier": "Post", "number": "SBX2", "url": ""}, {"carrier": "Post", "number": "SBX2", "url": ""}],
    ]
    calls = len(there.calls)
    follow()
    assert len(there.calls) == calls


def test_a_part_that_is_delivered_at_once_is_told_so(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("FINISH")
    follow()
    assert part_stands(part) == "delivered 4500 lamp:2 rug:1"
    assert told() == ["opened", "due", "placed", "delivered"]


def test_an_answer_that_leads_back_is_odd_and_changes_nothing(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    follow()
    there.set_status("WAIT_SELLER_SEND_GOODS")
    follow()
    assert part_stands(part) == "shipped 4500 lamp:2 rug:1"
    assert words() == ["WAIT_BUYER_ACCEPT_GOODS"] * 2
    assert odd() == ["moved_back"]


def test_an_answer_that_is_older_than_what_is_known_changes_nothing(there: Platform, partner: PartnerFacts) -> None:
    placed(partner)
    there.set_status("WAIT_SELLER_SEND_GOODS")
    follow()
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", changed_at=database_now() - timedelta(hours=1))
    follow()
    assert words() == ["WAIT_SELLER_SEND_GOODS"] * 2
    assert odd() == []


def test_a_word_that_we_do_not_know_is_odd_and_changes_nothing(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("QUANTUM_HOLD")
    follow()
    follow()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
    assert words() == ["PLACE_ORDER_SUCCESS"] * 2
    assert odd() == ["unknown_status"]
    there.set_status("FINISH")
    follow()
    assert part_stands(part) == "delivered 4500 lamp:2 rug:1"


def test_a_halted_order_is_told_to_people_and_goes_on(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("IN_FROZEN")
    follow()
    assert (part_stands(part), odd()) == ("placed 4500 lamp:2 rug:1", ["halted"])
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    follow()
    assert part_stands(part) == "shipped 4500 lamp:2 rug:1"


def make_old(minutes: float) -> None:
    for row in TheirOrder.objects.all():
        row.since -= timedelta(minutes=minutes)
        row.save(update_fields=["since"])


def test_what_the_partner_cancels_is_not_paid(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("IN_CANCEL", "8001")
    follow()
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
    make_old(10)
    follow()
    assert part_stands(part) == "placed (cancelled_by_partner) 2000 lamp:2 rug:0"
    follow()
    assert part_stands(part) == "placed (cancelled_by_partner) 2000 lamp:2 rug:0"
    assert told() == ["opened", "due", "placed", "placed"]
    there.set_status("WAIT_BUYER_ACCEPT_GOODS", "8000")
    follow()
    assert part_stands(part) == "shipped (cancelled_by_partner) 2000 lamp:2 rug:0"


def test_a_part_of_which_everything_is_cancelled_is_refused(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("CANCELLED")
    follow()
    assert part_stands(part) == "refused (cancelled_by_partner) 0 lamp:0 rug:0"
    assert told()[-1] == "refused"


def test_a_cancel_that_ends_is_no_delivery(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("IN_CANCEL")
    follow()
    there.set_status("FINISH")
    make_old(10)
    follow()
    assert part_stands(part) == "refused (cancelled_by_partner) 0 lamp:0 rug:0"


def test_what_is_cancelled_after_it_was_sent_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    follow()
    there.set_status("CANCELLED", "8000")
    follow()
    assert part_stands(part) == "shipped 4500 lamp:2 rug:1"
    assert odd() == ["cancelled_late"]


def test_a_partner_that_does_not_answer_is_asked_later(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    there.answers["read"] = [NOT_REACHED] * 4 + [NotDone("slow down", "throttled", 500)]
    for _ in range(5):
        follow()
    row = PartnerPart.objects.get(pk=part)
    assert row.next_at is not None
    assert timedelta(seconds=490) < row.next_at - database_now() <= timedelta(seconds=500)
    assert odd() == ["not_answered"]
    there.set_status("FINISH")
    follow()
    assert part_stands(part) == "delivered 4500 lamp:2 rug:1"


def test_an_order_that_the_partner_forgot_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    placed(partner)
    there.answers["read"] = [Refused("404", "never heard")]
    follow()
    assert odd() == ["order_not_known"]


def test_what_never_arrives_is_asked_about_no_more(there: Platform, partner: PartnerFacts) -> None:
    part = placed(partner)
    PartnerPart.objects.update(placed_at=database_now() - timedelta(days=61))
    follow()
    assert odd() == ["never_arrived"]
    assert PartnerPart.objects.get(pk=part).next_at is None


def test_a_part_is_asked_about_as_often_as_its_partner_wants(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = make_platform(there, monkeypatch, options={"poll_seconds": "2"})
    part = placed(partner)
    follow()
    row = PartnerPart.objects.get(pk=part)
    assert row.next_at is not None
    assert row.next_at - database_now() <= timedelta(seconds=2)
    assert following.follow_parts() == 0


def stuck(there: Platform, partner: PartnerFacts) -> UUID:
    """A part that was ordered twice."""
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1, RUG: 1})
    driving.place_parts()
    there.orders.append(there.copy(reference="9999"))
    drive()
    assert part_stands(part) == "stuck (ordered_twice) 3500 lamp:1 rug:1"
    return part


def test_a_person_accepts_what_is_there(there: Platform, partner: PartnerFacts) -> None:
    part = stuck(there, partner)
    with pytest.raises(NotPossibleError, match="has an order"):
        decide_part(part, Decision.AGAIN, actor="fay", note="")
    decide_part(part, Decision.ACCEPT, actor="fay", note="One of them was cancelled by telephone.")
    assert part_stands(part) == "placed 3500 lamp:1 rug:1"
    assert told() == ["opened", "due", "stuck", "placed"]
    (entry,) = TrailEntry.objects.filter(action="part.accept")
    assert (entry.actor, entry.target) == ("fay", f"part/{part}")
    assert entry.detail == {
        "was": "stuck",
        "reason": "ordered_twice",
        "note": "One of them was cancelled by telephone.",
    }
    with pytest.raises(NotPossibleError):
        decide_part(part, Decision.ACCEPT, actor="fay", note="")
    assert TrailEntry.objects.filter(action__startswith="part.").count() == 1


def test_a_person_gives_a_part_up(there: Platform, partner: PartnerFacts) -> None:
    part = stuck(there, partner)
    decide_part(part, Decision.REFUSE, actor="fay", note="")
    assert part_stands(part) == "refused (by_person) 0 lamp:0 rug:0"
    with pytest.raises(NotPossibleError):
        decide_part(part, Decision.REFUSE, actor="fay", note="")


def test_a_person_lets_it_be_tried_again(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [Refused("SOMETHING_NEW", "no")]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    with pytest.raises(NotPossibleError, match="no order"):
        decide_part(part, Decision.ACCEPT, actor="fay", note="")
    decide_part(part, Decision.AGAIN, actor="fay", note="They mended it.")
    assert part_stands(part) == "due 1000 lamp:1"
    driving.place_parts()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert len(there.orders) == 1


def test_only_what_is_held_up_is_decided_about(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1})
    for decision in Decision:
        with pytest.raises(NotPossibleError):
            decide_part(part, decision, actor="fay", note="")
    assert part_stands(part) == "due 1000 lamp:1"
    with pytest.raises(UnknownPartError):
        decide_part(new_id(), Decision.REFUSE, actor="fay", note="")
    assert TrailEntry.objects.filter(action__startswith="part.").count() == 0
