"""Letters about partners' parts: what was taken in, what not, where the parcels are, what came back; once each."""

from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives

from onebasket.base.models import Letter, SubscriptionCursor
from onebasket.channels.shop.own import shop_source
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.baskets import Contact
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep
from onebasket.commerce.partners.actions.returning import PartReturnCall, accept_part_returns
from onebasket.commerce.partners.models import Offer, PartnerPart
from onebasket.commerce.partners.rules.port import Refused, Tracking
from onebasket.commerce.partners.rules.returns import PartBackLine, PartReturnAccepted, PartReturnRequest
from onebasket.commerce.payments.actions import refund
from onebasket.commerce.payments.rules.messages import NewRefund, RefundCall
from tests.builders import make_chain, take_steps
from tests.dropshipping import Platform, drive, follow, make_platform
from tests.mailing import post
from tests.mixing import mixed, place
from tests.paying import balance, gift_card

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def there() -> Platform:
    make_chain(stock={"milk": 100})
    return Platform(prices={"lamp": 1000, "rug": 2500}, split=True)


def buy(there: Platform, monkeypatch: pytest.MonkeyPatch, language: str = "en") -> tuple[PartnerPart, int]:
    """Buy milk, two lamps and a rug in the shop with a gift card of $99; return the part and the card."""
    make_platform(there, monkeypatch)
    ids = dict(Offer.objects.values_list("reference", "pk"))
    source = shop_source()
    card = gift_card(source, 9_900)
    basket = mixed(source, {"milk": 1}, {ids["lamp"]: 2, ids["rug"]: 1})
    contact = Contact("Ada", "ada@example.org", language=language)
    place(source, basket, method="invoice", balances=(card.code,), accounts=(card.account,), contact=contact)
    assert len(post()) == 1
    return PartnerPart.objects.get(), card.account


def news(skip: int = 1) -> list[tuple[str, str]]:
    """Send what is to be sent; return subject and text of each, but for the first ones."""
    return [(str(one.subject), str(one.body)) for one in post()[skip:]]


def whole(message: Any) -> str:
    """Return a letter's text and HTML."""
    assert isinstance(message, EmailMultiAlternatives)
    return f"{message.body}\n{message.alternatives[0][0]!s}"


def test_what_was_taken_in_sent_and_brought_back_is_told_once(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part, card = buy(there, monkeypatch)
    drive()
    ((subject, text),) = news()
    assert subject == "Lantern prepares its part of your order p1-0001"
    assert "Sold and sent by Lantern to your home. You hear from us when it is on its way." in text
    assert "2 x Lamp   $20.00\n1 x Rug   $25.00\nTotal: $45.00\n" in text
    assert "does not come" not in text

    there.set_status(
        "WAIT_BUYER_ACCEPT_GOODS", tracking=(Tracking("Fernway Post", "SBX1", "https://post.example/SBX1"),)
    )
    follow()
    ((subject, text),) = news(2)
    assert subject == "Lantern has sent its part of your order p1-0001"
    assert "Fernway Post SBX1: https://post.example/SBX1" in text

    request = PartReturnRequest("r1", "p1", "anna", part.pk, (PartBackLine(1, 1),))
    (outcome,) = accept_part_returns([PartReturnCall(shop_source(), request)])
    assert isinstance(outcome, PartReturnAccepted)
    assert balance(card) == 9_900 - 199 - 4_500 + 1_000
    ((subject, text),) = news(3)
    assert subject == "What you brought back of Lantern, order p1-0001"
    assert "1 x Lamp   $10.00\nYou get back: $10.00\n    Gift card: $10.00" in text

    SubscriptionCursor.objects.filter(name="shop.mail").update(position=0)
    assert len(post()) == 4


def test_what_does_not_come_is_told_with_why_and_not_paid(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    there.answers["place"] = [Refused("INVENTORY_HOLD_ERROR", "no rugs", (2,))]
    _, card = buy(there, monkeypatch)
    drive(2)
    ((_, text),) = news()
    assert "This does not come: It is sold out there.\n1 x Rug\n" in text
    assert "2 x Lamp   $20.00\nTotal: $20.00\n" in text
    assert balance(card) == 9_900 - 199 - 2_000
    there.set_status("CANCELLED")
    follow()
    ((subject, text),) = news(2)
    assert subject == "Lantern cannot send its part of your order p1-0001"
    assert "This does not come: The partner cancelled it.\n2 x Lamp\n1 x Rug\n" in text
    assert balance(card) == 9_900 - 199


def test_a_part_that_is_refused_is_told_in_german(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    there.answers["place"] = [Refused("A002_INVALID_ZONE", "not there")]
    _, card = buy(there, monkeypatch, "de-AT")
    drive()
    ((subject, text),) = news()
    assert subject == "Lantern kann seinen Teil Ihrer Bestellung p1-0001 nicht senden"
    assert "Das kommt nicht: An Ihre Adresse wird es nicht geliefert.\n2 x Lamp\n1 x Rug\n" in text
    assert balance(card) == 9_900 - 199


def test_a_part_cancelled_with_its_order_is_told_by_the_order_alone(
    there: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(there, monkeypatch)
    take_steps(shop_source(), OrderStep("k", Order.objects.get().pk, Step.CANCEL))
    assert [subject for subject, _ in news(0)] == ["Your order p1-0001", "Your order p1-0001 is cancelled"]
    assert sorted(Letter.objects.values_list("kind", "state")) == [
        ("cancelled", "sent"), ("part_cancelled", "unneeded"), ("placed", "sent"),
    ]  # fmt: skip


def test_a_refund_of_a_part_that_somebody_gave_is_told(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    part, _ = buy(there, monkeypatch)
    drive()
    there.set_status("FINISH")
    follow()
    post()
    (made,) = refund([RefundCall(shop_source(), NewRefund("sorry", part.pk, 500, "late"), "anna")])
    assert made.__class__.__name__ == "RefundMade"
    (_, text) = news(0)[-1]
    assert "You get money back for your order p1-0001." in text
    assert "You get back: $5.00" in text


def test_what_a_partner_writes_cannot_break_out(there: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    buy(there, monkeypatch)
    Offer.objects.update(title="<script>alert(1)</script>")
    drive()
    post()
    there.set_status(
        "WAIT_BUYER_ACCEPT_GOODS", tracking=(Tracking("<b>Post</b>", "1", "javascript:alert(1)"), Tracking("Post", ""))
    )
    follow()
    message = post()[-1]
    assert "javascript:" not in whole(message)
    assert "<b>Post</b>" not in message.alternatives[0][0]  # type: ignore[attr-defined]
