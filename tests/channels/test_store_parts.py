"""Partners' goods at the store's counter: found with the order, taken back once for the right owner."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client, override_settings

from onebasket.base.clock import database_now
from onebasket.channels.shop.own import shop_source
from onebasket.commerce.hotpath.actions import asking
from onebasket.commerce.orders.actions.secrets import collection_code
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import Offer, PartnerPart, PartnerPartLine, PartnerReturn
from onebasket.commerce.partners.rules.partners import Merchant
from onebasket.commerce.payments.models import Payment
from onebasket.kernel.identity import new_id
from tests.builders import make_chain
from tests.channels.api import InlineCommitter
from tests.channels.test_store import Associate, form_of
from tests.dropshipping import Platform, deliver_part, hear, make_platform
from tests.mixing import mixed, place
from tests.paying import gift_card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    committer = InlineCommitter()
    monkeypatch.setattr(asking, "committer", lambda: committer)
    with override_settings(STAFF_MFA_ROLES=frozenset()):
        make_chain("p1", "p2", stock={"milk": 10})
        yield Platform(prices={"lamp": 1000, "rug": 2500})


def buy(there: Platform, monkeypatch: pytest.MonkeyPatch, **terms: Any) -> UUID:
    """Buy milk, two lamps and a rug; return the partner's part, delivered."""
    make_platform(there, monkeypatch, **terms)
    ids = dict(Offer.objects.values_list("reference", "pk"))
    card = gift_card(shop_source(), 20_000)
    basket = mixed(shop_source(), {"milk": 1}, {ids["lamp"]: 2, ids["rug"]: 1})
    place(shop_source(), basket, method="invoice", balances=(card.code,), accounts=(card.account,))
    part = PartnerPart.objects.get().pk
    deliver_part(there, part)
    return part


def returned(part: UUID) -> list[int]:
    return list(PartnerPartLine.objects.filter(part=part).order_by("number").values_list("returned", flat=True))


def test_a_partners_goods_are_found_with_the_order_and_taken_back(
    there: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = buy(there, monkeypatch)
    order = Order.objects.get()
    at = Associate(places=("p2",))
    for text in ("p1-0001", collection_code(order.pk, 1)):
        page = at.send(at.get("/store/returns"), "", order=text)
        assert "This order was not handed over, so nothing of it can come back." in page.text
        assert "Sold and sent by the partner" in page.text
        assert f"/store/returns/part/{part}" in page.links
    page = at.get(f"/store/returns/part/{part}")
    assert "What comes back of Lantern?" in page.text
    assert "The partner sold it. We pay back for the partner" in page.text
    shown = at.send(page, "", **{"quantity-1": "1", "state-1": "damaged"})
    assert "Accept, pay back $10.00" in shown.text
    assert PartnerReturn.objects.count() == 0
    sent = form_of(shown, "", button="Accept").fields | {"quantity-1": "1", "state-1": "damaged", "accept": "1000"}
    first = at.client.post(shown.address, sent).content.decode()
    again = at.client.post(shown.address, sent).content.decode()
    assert "on the gift card" in first
    assert "Keep it apart for Lantern with the number P-" in first
    assert "Keep it apart for Lantern with the number P-" in again
    (row,) = PartnerReturn.objects.all()
    assert (row.quantity, row.amount, row.owner, row.disposition, row.associate) == (
        1, 1000, "partner", "damaged", "store-p2",
    )  # fmt: skip
    assert returned(part) == [1, 0]
    assert Payment.objects.get(order_id=part).refunded == 1000
    assert "1 can come back" in at.get(f"/store/returns/part/{part}").text


def test_what_the_chain_sold_it_owes(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part = buy(there, monkeypatch, merchant=Merchant.PRINCIPAL)
    at = Associate()
    page = at.get(f"/store/returns/part/{part}")
    assert "We sold it, and claim it from the partner." in page.text
    shown = at.send(page, "", **{"quantity-2": "1"})
    assert "Owed by us" in " ".join(shown.text.split())
    at.send(shown, "", button="Accept")
    assert PartnerReturn.objects.get().owner == "chain"


def test_more_than_was_shown_is_not_paid_back(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part = buy(there, monkeypatch)
    at = Associate()
    shown = at.send(at.get(f"/store/returns/part/{part}"), "", **{"quantity-1": "1"})
    changed = at.send(shown, "", button="Accept", **{"quantity-1": "2"})
    assert (changed.status, "another amount than was shown" in changed.text) == (422, True)
    for typed in ("", "-1", "x", "99999999"):
        page = at.send(at.get(f"/store/returns/part/{part}"), "", **{"quantity-1": typed})
        assert (page.status, "Say how much comes back." in page.text) == (422, True)
    assert PartnerReturn.objects.count() == 0


@pytest.mark.parametrize("why", ["at_partner", "too_late", "not_sent"])
def test_what_cannot_come_back_says_why(there: Platform, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    part = buy(there, monkeypatch, **({"counter_returns": False} if why == "at_partner" else {}))
    if why == "too_late":
        PartnerPart.objects.update(delivered_at=database_now() - timedelta(days=40))
    elif why == "not_sent":
        PartnerPart.objects.update(status="placed")
    said = {
        "at_partner": "The partner takes it back itself: send the shopper there.",
        "too_late": "The time in which it could come back is over.",
        "not_sent": "Nothing of it was sent yet",
    }[why]
    at = Associate()
    page = at.send(at.get("/store/returns"), "", order="p1-0001")
    assert said in page.text
    assert f"/store/returns/part/{part}" not in page.links
    page = at.get(f"/store/returns/part/{part}")
    assert (page.status, said in page.text, [form for form in page.forms if "quantity-1" in form.fields]) == (
        422, True, [],
    )  # fmt: skip


def test_own_goods_and_partners_goods_stand_on_one_page(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part = buy(there, monkeypatch)
    at = Associate()
    order = Order.objects.get().pk
    at.send(at.get(f"/store/orders/{order}"), "/scan", code="4006381333931")
    at.send(at.get(f"/store/hand-over/{order}"), "", button="Hand over")
    hear()
    page = at.send(at.get("/store/returns"), "", order="p1-0001")
    assert ("1 can come back" in page.text, f"/store/returns/part/{part}" in page.links) == (True, True)


def test_a_part_that_never_came_is_not_shown(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(there, monkeypatch)
    PartnerPart.objects.update(status="refused")
    page = Associate().send(Associate().get("/store/returns"), "", order="p1-0001")
    assert "Sent by partners" not in page.text


def test_strangers_and_wrong_addresses_get_nothing(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part = buy(there, monkeypatch)
    address = f"/store/returns/part/{part}"
    assert Client().get(address).status_code == 302
    assert Client().post(address, {"quantity-1": "1", "accept": "1000"}).status_code == 302
    assert Associate().get(f"/store/returns/part/{new_id()}").status == 404
    assert Associate("partner", places=("p1",)).client.post(address, {"quantity-1": "1"}).status_code in {302, 403}
    assert returned(part) == [0, 0]
