"""Parts at their partners: placed once whatever becomes of the answers, and only what was agreed is paid for."""

from datetime import timedelta

import pytest
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.base.models import Event
from onebasket.base.outside import InsideTransactionError
from onebasket.commerce.partners.actions import calling, driving, finding
from onebasket.commerce.partners.actions.deciding import Decision, decide_part
from onebasket.commerce.partners.actions.telling import NotPossibleError
from onebasket.commerce.partners.models import PartnerAddress, PartnerPart, TheirOrder
from onebasket.commerce.partners.queries.audit import audit_partners
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import Capability, Lost, NotDone, Placed, Refused
from onebasket.commerce.payments.models import Payment
from tests.builders import make_chain
from tests.dropshipping import (
    NOT_REACHED,
    Platform,
    attempts,
    drive,
    hear,
    lost,
    make_parts_due,
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
    return Platform(prices={LAMP: 1000, RUG: 2500})


@pytest.fixture
def partner(there: Platform, monkeypatch: pytest.MonkeyPatch) -> PartnerFacts:
    return make_platform(there, monkeypatch)


def told() -> list[str]:
    rows = Event.objects.filter(type__startswith="part.").order_by("id")
    return [name.removeprefix("part.") for name in rows.values_list("type", flat=True)]


def test_a_part_is_placed_and_its_orders_are_kept(there: Platform, partner: PartnerFacts) -> None:
    there.split = True
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    assert driving.place_parts() == 1
    assert part_stands(part) == "placed 4500 lamp:2 rug:1"
    assert attempts(part) == ["place placed"]
    kept = TheirOrder.objects.filter(part=part).order_by("reference")
    assert list(kept.values_list("reference", "status", "amount")) == [
        ("8000", "PLACE_ORDER_SUCCESS", 2000), ("8001", "PLACE_ORDER_SUCCESS", 2500),
    ]  # fmt: skip
    assert told() == ["opened", "due", "placed"]
    assert driving.place_parts() == 0
    assert there.calls == ["details", "place"]


def test_a_part_that_waits_for_its_payment_is_not_placed(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1}, due=False)
    assert driving.place_parts() == 0
    assert part_stands(part) == "waiting 1000 lamp:1"
    assert there.calls == []


def test_a_lost_answer_is_looked_up_and_nothing_is_ordered_again(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(part) == "unknown 1000 lamp:1"
    assert driving.place_parts() == 0  # not before its wait is over
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert attempts(part) == ["place lost", "find some"]
    assert len(there.orders) == 1


def test_without_the_list_a_second_order_appears(
    there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever asks again after a lost answer orders twice."""

    def again(row: PartnerPart, attempt: int, answer: object, *, is_mine: bool, now: object) -> None:
        row.status, row.next_at = "due", now  # type: ignore[assignment]
        row.save()

    monkeypatch.setattr(driving, "learn_from_list", again)
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1})
    drive(3)
    assert part_stands(part) == "placed 1000 lamp:1"
    assert len(there.orders) == 2


def test_a_list_that_lags_leads_to_no_second_order(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    there.hidden = 1
    part = sell_part(partner, {LAMP: 1})
    drive(5)
    assert part_stands(part) == "unknown 1000 lamp:1"
    assert attempts(part) == ["place lost", *["find none"] * 4]
    there.hidden = 0
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert len(there.orders) == 1


def test_one_empty_list_is_not_enough_however_late(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    there.hidden = 1
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    make_parts_due(60)
    driving.place_parts()
    assert part_stands(part) == "unknown 1000 lamp:1"
    # Nine minutes after it are not enough, ten are.
    make_parts_due(9)
    driving.place_parts()
    assert part_stands(part) == "unknown 1000 lamp:1"


def test_what_is_surely_not_there_is_ordered_again(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [Lost("cut before it was done")]
    part = sell_part(partner, {LAMP: 1})
    drive(2)
    assert part_stands(part) == "unknown 1000 lamp:1"
    make_parts_due(10)
    driving.place_parts()
    assert part_stands(part) == "due 1000 lamp:1"
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert attempts(part) == ["place lost", "find none", "find none", "place placed"]
    assert len(there.orders) == 1


def test_without_the_settling_time_a_lagging_list_leads_to_a_second_order(
    there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an empty list that is believed at once."""
    monkeypatch.setattr(finding, "is_sure", lambda *_: True)
    there.answers["place"] = [lost]
    there.hidden = 1
    sell_part(partner, {LAMP: 1})
    drive(3)
    assert len(there.orders) == 2


def test_an_order_that_is_there_twice_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    there.orders.append(there.copy(reference="9999"))
    drive()
    assert part_stands(part) == "stuck (ordered_twice) 1000 lamp:1"
    assert odd() == ["ordered_twice"]
    assert sorted(TheirOrder.objects.values_list("reference", flat=True)) == ["8000", "9999"]
    drive(3)
    assert there.calls.count("place") == 1
    assert told() == ["opened", "due", "stuck"]


def test_a_list_that_shows_a_part_of_it_is_believed_later(there: Platform, partner: PartnerFacts) -> None:
    there.split, there.hidden = True, 1
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1, RUG: 1})
    drive(3)
    assert part_stands(part) == "unknown 3500 lamp:1 rug:1"
    there.hidden = 0
    drive()
    assert part_stands(part) == "placed 3500 lamp:1 rug:1"


def test_what_stays_left_out_of_the_list_is_not_paid(there: Platform, partner: PartnerFacts) -> None:
    there.leaves_out = {RUG}
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1, RUG: 1})
    drive(2)
    make_parts_due(11)
    driving.place_parts()
    assert part_stands(part) == "placed (left_out) 1000 lamp:1 rug:0"


def test_what_the_partner_leaves_out_is_not_paid(there: Platform, partner: PartnerFacts) -> None:
    there.leaves_out = {RUG}
    part = sell_part(partner, {LAMP: 2, RUG: 1})
    driving.place_parts()
    assert part_stands(part) == "placed (left_out) 2000 lamp:2 rug:0"


def test_an_order_that_takes_in_nothing_is_looked_up(there: Platform, partner: PartnerFacts) -> None:
    there.leaves_out = {LAMP}
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    assert part_stands(part) == "unknown 2000 lamp:2"


@pytest.mark.parametrize(
    ("code", "stands", "queue"),
    [
        ("INVENTORY_HOLD_ERROR", "refused (out_of_stock) 0 lamp:0", []),
        ("PRICE_PAY_CURRENCY_ERROR", "refused (price_changed) 0 lamp:0", ["price_refused"]),
        ("DELIVERY_METHOD_NOT_EXIST", "refused (not_delivered_there) 0 lamp:0", []),
        ("A002_INVALID_ZONE", "refused (not_delivered_there) 0 lamp:0", []),
        ("B_DROPSHIPPER_DELIVERY_ADDRESS_VALIDATE_FAIL", "refused (address) 0 lamp:0", []),
        ("BLACKLIST_BUYER_IN_LIST", "refused (turned_away) 0 lamp:0", ["turned_away"]),
        ("SOMETHING_NEW", "stuck (unknown_refusal) 2000 lamp:2", ["unknown_refusal"]),
    ],
)
def test_refusals(there: Platform, partner: PartnerFacts, code: str, stands: str, queue: list[str]) -> None:
    there.answers["place"] = [Refused(code, "no")]
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    assert part_stands(part) == stands
    assert odd() == queue
    assert there.orders == []
    drive(2)
    assert there.calls.count("place") == 1


def test_a_repeated_order_is_looked_up(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lambda _: Refused("REPEATED_ORDER_ERROR", "there is one")]
    part = sell_part(partner, {LAMP: 2})
    driving.place_parts()
    assert part_stands(part) == "unknown 2000 lamp:2"
    drive()
    assert part_stands(part) == "placed 2000 lamp:2"


def test_lines_that_are_refused_fall_away_and_the_rest_is_ordered(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [Refused("INVENTORY_HOLD_ERROR", "no rugs", (2,))]
    part = sell_part(partner, {LAMP: 1, RUG: 2})
    driving.place_parts()
    assert part_stands(part) == "due (out_of_stock) 1000 lamp:1 rug:0"
    hear()
    (payment,) = Payment.objects.filter(order_id=part)
    # Until it is placed, what fell away stays put aside: that is nothing wrong, whoever has to look at it.
    for status in ("due", "unknown", "stuck"):
        PartnerPart.objects.update(status=status)
        assert [found.check for found in audit_partners() if found.differences] == []
    assert payment.due == 6000
    PartnerPart.objects.update(status="due")
    driving.place_parts()
    assert part_stands(part) == "placed (out_of_stock) 1000 lamp:1 rug:0"
    hear()
    payment.refresh_from_db()
    assert payment.due == 1000
    assert [found.check for found in audit_partners() if found.differences] == []
    assert [line.reference for one in there.orders for line in one.lines] == [LAMP]


def test_what_went_up_is_not_ordered(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1, RUG: 1})
    there.prices[RUG] = 2600
    drive(2)
    assert part_stands(part) == "placed (price_changed) 1000 lamp:1 rug:0"
    assert [line.reference for one in there.orders for line in one.lines] == [LAMP]
    whole = sell_part(partner, {RUG: 1})
    driving.place_parts()
    assert part_stands(whole) == "refused (price_changed) 0 rug:0"


def test_what_is_sold_no_more_is_not_ordered(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1})
    del there.prices[LAMP]
    driving.place_parts()
    assert part_stands(part) == "refused (out_of_stock) 0 lamp:0"


def test_what_went_down_is_ordered_at_what_was_agreed(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1})
    there.prices[LAMP] = 900
    driving.place_parts()
    assert part_stands(part) == "placed 1000 lamp:1"


def test_an_order_that_costs_more_than_was_said_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    def dearer(_said: object) -> Placed:
        order = there.orders[0]
        there.set_status("PLACE_ORDER_SUCCESS", amount=order.amount + 100)
        return Placed(tuple(there.orders))

    there.answers["place"] = [dearer]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(part) == "stuck (costs_more) 1000 lamp:1"
    assert odd() == ["costs_more"]
    # The order is there, so nobody can have it placed again: it is accepted, or given up and cancelled there.
    with pytest.raises(NotPossibleError, match="has an order"):
        decide_part(part, Decision.AGAIN, actor="fay", note="")
    assert PartnerPart.objects.get().cost == 1000
    decide_part(part, Decision.ACCEPT, actor="fay", note="We bear it.")
    assert (part_stands(part), PartnerPart.objects.get().cost) == ("placed 1000 lamp:1", 1100)
    assert len(there.orders) == 1


def test_what_the_chain_bears_is_taken_in_and_told(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = make_platform(there, monkeypatch, options={"bears_ppm": "100000"})
    part = sell_part(partner, {LAMP: 1})
    there.prices[LAMP] = 1100
    driving.place_parts()
    assert (part_stands(part), PartnerPart.objects.get().cost) == ("placed 1000 lamp:1", 1100)
    assert odd() == ["chain_bears"]
    other = sell_part(partner, {LAMP: 1})
    there.prices[LAMP] = 1101
    driving.place_parts()
    assert part_stands(other) == "refused (price_changed) 0 lamp:0"


def test_an_order_in_another_currency_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    def foreign(_said: object) -> Placed:
        there.set_status("PLACE_ORDER_SUCCESS", currency="GBP")
        return Placed(tuple(there.orders))

    there.answers["place"] = [foreign]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(part) == "stuck (other_currency) 1000 lamp:1"


def test_a_partner_that_is_not_reached_is_asked_again(there: Platform, partner: PartnerFacts) -> None:
    there.answers["details"] = [NOT_REACHED, Lost("garbage"), NotDone("slow down", "throttled", 90)]
    part = sell_part(partner, {LAMP: 1})
    drive(3)
    row = PartnerPart.objects.get(pk=part)
    assert (row.status, row.failures) == ("due", 3)
    assert row.next_at is not None
    assert timedelta(seconds=80) < row.next_at - database_now() <= timedelta(seconds=90)
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert attempts(part) == ["place not_done"] * 3 + ["place placed"]
    assert len(there.orders) == 1


def test_a_partner_that_is_never_reached_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [NOT_REACHED] * 20
    part = sell_part(partner, {LAMP: 1})
    drive(5)
    assert odd() == ["not_reached"]
    PartnerPart.objects.update(due_since=database_now() - timedelta(hours=49))
    drive()
    assert part_stands(part) == "stuck (not_reached) 1000 lamp:1"


def test_a_silent_partner_keeps_no_other_waiting(
    there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Platform(prices={RUG: 2500})
    beside = make_platform(other, monkeypatch, "other")
    for _ in range(4):
        sell_part(partner, {LAMP: 1})
    part = sell_part(beside, {RUG: 1})
    there.answers["details"] = [NOT_REACHED] * 9
    assert driving.place_parts() == driving.MOST_SILENT + 1
    assert part_stands(part) == "placed 2500 rug:1"
    assert driving.place_parts() == driving.MOST_SILENT
    assert driving.place_parts() == 0


def test_a_gateway_that_fails_leaves_it_unknown(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lambda _: (_ for _ in ()).throw(ValueError("a fault of ours"))]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(part) == "unknown 1000 lamp:1"
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert len(there.orders) == 1


def test_a_partner_that_cannot_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    there.capabilities = frozenset()
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(part) == "stuck (not_able) 1000 lamp:1"
    there.capabilities = frozenset({Capability.ORDERS})
    there.answers["place"] = [lost]
    other = sell_part(partner, {LAMP: 1})
    drive(2)
    assert part_stands(other) == "stuck (cannot_be_listed) 1000 lamp:1"
    assert odd() == ["cannot_be_listed", "not_able"]


def test_a_part_without_an_address_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1})
    PartnerAddress.objects.all().delete()
    assert driving.place_parts() == 0
    assert part_stands(part) == "stuck (no_address) 1000 lamp:1"


def test_orders_of_others_in_the_list_are_told(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    part = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    there.answers["find"] = [lambda said: (*said, there.copy(ours="OBX", reference="1"))]
    drive()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert odd() == ["foreign_order"]


def test_an_order_that_serves_another_part_is_for_people(there: Platform, partner: PartnerFacts) -> None:
    first = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    there.answers["place"] = [lambda _: Placed(tuple(there.orders[:1]))]
    second = sell_part(partner, {LAMP: 1})
    driving.place_parts()
    assert part_stands(first) == "placed 1000 lamp:1"
    assert part_stands(second) == "stuck (foreign_order) 1000 lamp:1"


def test_a_worker_that_was_held_up_does_not_call(
    there: Platform, partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that slept through its lease: others may have found nothing and ordered meanwhile."""
    part = sell_part(partner, {LAMP: 1})
    late = database_now() + timedelta(minutes=15)
    monkeypatch.setattr(calling, "database_now", lambda: late)
    driving.place_parts()
    assert part_stands(part) == "due 1000 lamp:1"
    assert there.calls == []


def test_an_answer_that_comes_after_it_was_found_out_changes_nothing(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {LAMP: 1})

    def meanwhile(said: Placed) -> Placed:
        drive()  # another worker, after the lease
        return said

    there.answers["place"] = [meanwhile]
    driving.place_parts()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert attempts(part) == ["place placed", "find some"]
    assert odd() == ["late_answer"]
    assert TheirOrder.objects.count() == 1


def test_nobody_is_asked_inside_a_transaction(there: Platform, partner: PartnerFacts) -> None:
    sell_part(partner, {LAMP: 1})
    with transaction.atomic(), pytest.raises(InsideTransactionError):
        driving.place_parts()
