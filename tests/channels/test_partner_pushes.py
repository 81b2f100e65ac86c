"""What partners push: verified, kept once, and only a reason to ask. Forged, doubled, old and odd ones move nothing."""

from datetime import timedelta

import pytest
from django.test import Client

from onebasket.base.clock import database_now
from onebasket.channels.partner import pushes
from onebasket.commerce.partners.actions import driving, following, pushing
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import Offer, Partner, PartnerCursor, PartnerPart, ReceivedPush
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.commissions import SWEEPS
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import Capability, OddItem
from tests.builders import make_chain
from tests.dropshipping import (
    NOT_REACHED,
    MemoryGateway,
    Platform,
    follow,
    lost,
    make_platform,
    odd,
    part_stands,
    sell_part,
)

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "the-secret-of-both"
EVERYTHING = frozenset({Capability.ORDERS, Capability.ORDER_LIST, Capability.DETAILS, Capability.PUSHES})


@pytest.fixture
def there() -> Platform:
    make_chain()
    pushes.FORGED.forget()
    return Platform(prices={"lamp": 1000}, capabilities=EVERYTHING)


@pytest.fixture
def partner(there: Platform, monkeypatch: pytest.MonkeyPatch) -> PartnerFacts:
    made = make_platform(there, monkeypatch)
    set_credentials("lantern", Credentials("key", SECRET), actor="tests")
    return made


def send(body: str, *, code: str = "lantern", secret: str = SECRET) -> tuple[int, str]:
    """Push; return the status and the outcome, or what is said."""
    answer = Client(enforce_csrf_checks=True).post(
        f"/partner/{code}/push", body, content_type="application/json", headers={"Authorization": secret}
    )
    found = answer.json()
    return answer.status_code, found.get("outcome", "") or found["detail"]


def kept() -> list[tuple[str, str, bool]]:
    return [(row.key, row.reference, row.done_at is not None) for row in ReceivedPush.objects.order_by("pk")]


def test_a_push_is_kept_once(partner: PartnerFacts) -> None:
    assert send("k1|order|8000|FINISH") == (200, "kept")
    assert send("k1|order|8000|FINISH") == (200, "known")
    assert send("k2|order|8000|FINISH") == (200, "kept")
    assert kept() == [("k1", "8000", False), ("k2", "8000", False)]


@pytest.mark.parametrize(
    ("code", "secret", "status"),
    [("lantern", "another", 401), ("nobody", SECRET, 404), ("lantern", "", 401)],
)
def test_what_is_not_the_partners_changes_nothing(partner: PartnerFacts, code: str, secret: str, status: int) -> None:
    assert send("k1|order|8000|FINISH", code=code, secret=secret)[0] == status
    assert kept() == []
    assert odd() == []


def test_a_partner_that_does_not_push_or_is_switched_off_is_not_there(there: Platform, partner: PartnerFacts) -> None:
    there.capabilities = frozenset({Capability.ORDERS})
    assert send("k1|order|8000|FINISH")[0] == 404
    there.capabilities = EVERYTHING
    Partner.objects.update(active=False)
    assert send("k1|order|8000|FINISH")[0] == 404
    assert kept() == []


def test_only_small_posts_are_read(partner: PartnerFacts) -> None:
    assert send("k1|order|8000|" + "x" * pushes.MOST_BYTES)[0] == 413
    assert Client().get("/partner/lantern/push").status_code == 405
    assert kept() == []


def test_whoever_forges_waits_and_people_are_told_once(partner: PartnerFacts) -> None:
    for _ in range(pushes.MOST_FORGED):
        assert send("k1|order|8000|FINISH", secret="forged")[0] == 401
    answer = Client().post("/partner/lantern/push", "k1|order|8000|X", content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert odd() == ["forged"]
    pushes.FORGED.forget()
    assert send("k1|order|8000|FINISH") == (200, "kept")


def test_what_is_signed_and_cannot_be_read_is_for_people(
    partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = OddItem("m1", "no_json", "It is no JSON.", "<xml>")
    monkeypatch.setattr(MemoryGateway, "read_push", lambda *_: strange)
    assert send("<xml>") == (200, "odd")
    assert odd() == ["no_json"]
    assert kept() == []


def test_names_that_are_long_or_odd_are_kept(partner: PartnerFacts) -> None:
    assert send(f"{'k' * 200}|order|{'8' * 100}|A\x00B") == (200, "kept")
    assert send(f"{'k' * 200}|order|{'8' * 100}|A\x00B") == (200, "known")
    assert len(kept()[0][0]) == 64


def test_a_push_that_cannot_be_verified_comes_again(partner: PartnerFacts) -> None:
    Partner.objects.update(credentials="sealed under another key")
    assert send("k1|order|8000|FINISH")[0] == 503


def test_a_push_lets_the_order_be_asked_about(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 1})
    driving.place_parts()
    # It says that it has arrived, and the partner says on being asked that it is on its way: that holds.
    there.set_status("WAIT_BUYER_ACCEPT_GOODS")
    send("k1|order|8000|FINISH")
    assert pushing.look_into_pushes() == 1
    assert kept() == [("k1", "8000", True)]
    row = PartnerPart.objects.get(pk=part)
    assert row.next_at is not None
    follow()
    assert part_stands(part) == "shipped 1000 lamp:1"
    assert pushing.look_into_pushes() == 0


def test_old_and_reordered_pushes_move_nothing_back(there: Platform, partner: PartnerFacts) -> None:
    part = sell_part(partner, {"lamp": 1})
    driving.place_parts()
    there.set_status("FINISH")
    for key, status in [
        ("k3", "FINISH"),
        ("k1", "PLACE_ORDER_SUCCESS"),
        ("k2", "WAIT_BUYER_ACCEPT_GOODS"),
        ("k1", "X"),
    ]:
        send(f"{key}|order|8000|{status}")
        pushing.look_into_pushes()
        follow()
        assert part_stands(part) == "delivered 1000 lamp:1"
    assert odd() == []


def test_a_push_that_is_faster_than_the_answer_is_nothing_odd(there: Platform, partner: PartnerFacts) -> None:
    there.answers["place"] = [lost]
    part = sell_part(partner, {"lamp": 1})
    driving.place_parts()
    send("k1|order|8000|PLACE_ORDER_SUCCESS")
    pushing.look_into_pushes()
    assert (kept(), odd()) == ([("k1", "8000", True)], [])
    assert part_stands(part) == "unknown 1000 lamp:1"


def test_a_push_shows_an_order_that_was_placed_twice(there: Platform, partner: PartnerFacts) -> None:
    sell_part(partner, {"lamp": 1})
    driving.place_parts()
    there.orders.append(there.copy(reference="9999"))
    send("k1|order|9999|PLACE_ORDER_SUCCESS")
    pushing.look_into_pushes()
    assert odd() == ["unexpected_order"]
    there.orders.append(there.copy(reference="9998", ours="OBX"))
    there.orders.append(there.copy(reference="9997", ours=""))
    send("k2|order|9998|PLACE_ORDER_SUCCESS")
    send("k4|order|9997|PLACE_ORDER_SUCCESS")
    send("k3|order|1|PLACE_ORDER_SUCCESS")
    pushing.look_into_pushes()
    assert odd() == ["order_not_known", "unexpected_order", "unknown_order"]


def test_a_push_waits_for_a_partner_that_does_not_answer(there: Platform, partner: PartnerFacts) -> None:
    there.answers["read"] = [NOT_REACHED] * pushing.MOST_FAILURES
    send("k1|order|8000|FINISH")
    for _ in range(pushing.MOST_FAILURES - 1):
        assert pushing.look_into_pushes() == 1
        assert kept() == [("k1", "8000", False)]
        assert pushing.look_into_pushes() == 0
        ReceivedPush.objects.update(next_at="2026-01-01T00:00:00Z")
    pushing.look_into_pushes()
    assert kept() == [("k1", "8000", True)]
    assert odd() == ["order_not_known"]


def sweep(partner: PartnerFacts, kind: str, *, read: timedelta, failures: int = 0) -> PartnerCursor:
    """Make a sweep that was read so long ago and rests for two days from now."""
    now = database_now()
    return PartnerCursor.objects.create(
        partner_id=partner.id, kind=kind, moved_at=now - read, next_at=now + timedelta(days=2), failures=failures
    )


def test_news_of_commission_lets_it_be_read(partner: PartnerFacts) -> None:
    young = sweep(partner, "commission", read=timedelta(0))
    send("k1|commission|9000|Invalid")
    send("k2|other|9000|?")
    assert pushing.look_into_pushes() == 1
    young.refresh_from_db()
    assert young.next_at is not None
    assert young.next_at <= database_now()
    assert [done for _, _, done in kept()] == [True, True]


def test_news_of_commission_brings_long_sweeps_forward_once_in_a_while(partner: PartnerFacts) -> None:
    """What it speaks of may have been bought months ago; a thousand of them are no reason to read all of it again."""
    month = sweep(partner, "commission-month", read=timedelta(minutes=10))
    half = sweep(partner, "commission-half", read=timedelta(hours=5))
    for key in ("k1", "k2"):
        send(f"{key}|commission|9000|Invalid")
        pushing.look_into_pushes()
    month.refresh_from_db()
    half.refresh_from_db()
    assert month.moved_at is not None
    assert half.next_at is not None
    assert month.next_at == month.moved_at + timedelta(minutes=30)
    assert half.next_at <= database_now()


def test_news_of_commission_leaves_a_partner_in_trouble_alone(partner: PartnerFacts) -> None:
    """It asked to be left alone for a while: pushes do not undo that."""
    barred = [sweep(partner, one.kind, read=timedelta(days=1), failures=1) for one in SWEEPS]
    send("k1|commission|9000|Invalid")
    assert pushing.look_into_pushes() == 1
    assert [PartnerCursor.objects.get(pk=one.pk).next_at for one in barred] == [one.next_at for one in barred]


def test_news_of_an_offer_lets_it_be_asked_for(there: Platform, partner: PartnerFacts) -> None:
    there.prices["lamp"] = 1200
    send("k1|offer|lamp|price")
    send("k2|offer|sofa|price")
    assert pushing.look_into_pushes() == 2
    assert Offer.objects.get(reference="lamp").price == 1200
    assert [done for _, _, done in kept()] == [True, True]


def test_a_push_that_comes_while_one_asks_is_not_lost(there: Platform, partner: PartnerFacts) -> None:
    """Its part is asked about again at once, for the answer that was on its way may be older."""
    part = sell_part(partner, {"lamp": 1})
    driving.place_parts()

    def meanwhile(said: object) -> object:
        there.set_status("WAIT_BUYER_ACCEPT_GOODS")
        send("k1|order|8000|WAIT_BUYER_ACCEPT_GOODS")
        pushing.look_into_pushes()
        return said

    there.answers["read"] = [meanwhile]
    follow()
    assert part_stands(part) == "placed 1000 lamp:1"
    assert following.follow_parts() == 1
    assert part_stands(part) == "shipped 1000 lamp:1"
