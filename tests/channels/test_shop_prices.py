"""What a shopper is told of prices: with and without the card, what a promotion saves and why, what a coupon does."""

import re
from typing import cast, get_args

import pytest
from django.test import Client

from onebasket.commerce.access.models import User
from onebasket.commerce.orders.models import Order, OrderReduction
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import OrderStep, PickedLine
from onebasket.commerce.orders.rules.notes import kept_notes
from onebasket.commerce.pricing.actions import set_tax_terms, set_taxes
from onebasket.commerce.pricing.rules.basket import Note, Why
from onebasket.commerce.pricing.rules.messages import TaxItem, TaxTermsItem
from onebasket.commerce.pricing.rules.promotions import AmountOff, Audience, BuyGet, MultiBuy, PercentOff
from onebasket.commerce.pricing.rules.wording import REASONS
from onebasket.front.notes import WHY, why
from tests.builders import counts_of, take_steps
from tests.channels.shopping import Shopper, make_shop
from tests.offers import SINCE, add_coupon, add_customers, card_prices, promotion, put, worth

pytestmark = pytest.mark.django_db
CARD = "4400187"


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    made = make_shop(monkeypatch)
    add_customers(made, CARD)
    return made


def milk(shopper: Shopper) -> str:
    """Return what the milk's card says of its price."""
    page = shopper.get("d/other/other")
    found = re.findall(r'<li class="good".*?</li>', page.html, re.DOTALL)
    (card,) = [one for one in found if "/p/milk/milk" in one]
    return " ".join(re.sub(r"<[^>]+>", " ", card).split())


def test_the_cards_price_stands_beside_the_shelfs(source: int) -> None:
    card_prices(source, milk=179)
    shopper = Shopper()
    assert milk(shopper).startswith("Milk $1.99 $1.79 with card")
    page = shopper.add("milk")
    assert "Total $1.99" in shopper.get("basket").text
    page = shopper.send(shopper.get("basket").form("basket/card"), card=CARD)
    assert "Your card's prices hold now." in page.text
    assert "Total $1.79" in page.text
    assert "You save -$0.20" in page.text
    assert milk(shopper).startswith("Milk $1.79 instead of $1.99")
    away = shopper.send(page.form("basket/card", button="Put away"))
    assert "Total $1.99" in away.text


def test_a_stranger_sees_the_chains_card_price_too(source: int) -> None:
    card_prices(source, milk=179)
    assert milk(Shopper(store="")).startswith("Milk $1.99 $1.79 with card")


def test_a_card_shown_before_the_first_product_is_kept(source: int) -> None:
    card_prices(source, milk=179)
    shopper = Shopper()
    shopper.add("bread")
    shopper.send(shopper.get("basket").form("basket/card"), card=CARD)
    shopper.send(shopper.get("basket").form("basket/empty"))
    assert "$1.79 instead of $1.99" in milk(shopper)
    shopper.add("milk")
    assert "Total $1.79" in shopper.get("basket").text


def test_a_promotion_says_what_it_saves_and_why(source: int) -> None:
    put(source, promotion("half", name="Half price week", saving=PercentOff(500_000)))
    shopper = Shopper()
    assert milk(shopper).startswith("Milk Half price week $0.99 instead of $1.99")
    shopper.add("milk", 2)
    page = shopper.get("basket")
    assert "Half price week: -$2.00" in page.text
    assert "$1.98 $3.98" in page.text
    done = shopper.place()
    assert "Half price week: -$2.00" in done.text
    assert OrderReduction.objects.values_list("name", "amount").get() == ("Half price week", 200)
    assert Order.objects.get().total == 198


def test_what_is_wanting_for_a_promotion_is_said(source: int) -> None:
    put(source, promotion("three", name="3 for $5.00", saving=MultiBuy(3, 500)))
    shopper = Shopper()
    assert milk(shopper).startswith("Milk 3 for $5.00 , 2 more for it $1.99")
    shopper.add("milk", 2)
    assert "3 for $5.00: 1 more for it" in shopper.get("basket").text
    shopper.add("milk")
    page = shopper.get("basket")
    assert "3 for $5.00: -$0.97" in page.text
    assert "more for it" not in page.text


def test_a_promotion_for_members_says_so(source: int) -> None:
    put(source, promotion("club", name="Club week", audience=Audience("members")))
    shopper = Shopper()
    assert milk(shopper).startswith("Milk Club week · with card $1.99 $1.49 with card")
    shopper.add("milk")
    shopper.send(shopper.get("basket").form("basket/card"), card=CARD)
    assert "Club week: -$0.50" in shopper.get("basket").text


def test_a_coupon_is_presented_used_once_and_told(source: int) -> None:
    add_coupon(source, "SAVE50")
    put(source, worth("save", "SAVE50", name="50 cents off milk"))
    shopper = Shopper()
    shopper.add("milk")
    page = shopper.send(shopper.get("basket").form("basket/coupons"), code="SAVE50")
    assert "50 cents off milk: -$0.50" in page.text
    assert "Total $1.49" in page.text
    unknown = shopper.send(page.form("basket/coupons", button="Add"), code="NOTHING")
    assert "NOTHING We do not know this code. Check it, or take it out." in unknown.text
    assert "SAVE50 We do not" not in unknown.text
    gone = shopper.send(unknown.form("basket/coupons", button="Take out"))
    assert "The coupon is out of the basket." in gone.text
    assert "Thank you." in shopper.place().text
    assert counts_of(Order) == [1]


def test_buying_two_gets_one(source: int) -> None:
    put(source, promotion("free", name="Buy 2, get 1", saving=BuyGet(2, 1)))
    shopper = Shopper()
    shopper.add("milk", 3)
    page = shopper.get("basket")
    assert "Buy 2, get 1: -$1.99" in page.text
    assert "Total $3.98" in page.text


def test_an_amount_off_never_goes_below_nothing(source: int) -> None:
    put(source, promotion("much", name="Nearly free", saving=AmountOff(5_000)))
    shopper = Shopper()
    assert milk(shopper).startswith("Milk Nearly free $0.00 instead of $1.99")
    shopper.add("milk")
    assert "Total $0.00" in shopper.get("basket").text
    assert "Thank you." in shopper.place().text
    assert Order.objects.get().total == 0


@pytest.mark.parametrize(("included", "total", "said"), [(True, 199, "Tax, included $0.15"), (False, 215, "Tax $0.16")])
def test_tax_is_in_the_price_or_beside_it(source: int, included: bool, total: int, said: str) -> None:  # noqa: FBT001
    set_taxes(source, [TaxItem("tax", "SALES", 80_000, SINCE)])
    set_tax_terms(source, [TaxTermsItem("terms", SINCE, included=included)])
    shopper = Shopper()
    shopper.add("milk")
    assert said in shopper.get("basket").text
    done = shopper.place()
    assert Order.objects.get().total == total
    assert "SALES 8%" in done.text


@pytest.mark.parametrize(
    ("language", "button", "told"),
    [
        ("en", "Add", ["Other offers, and why not", "Halves: Deal deal instead", "Card price: with your card"]),
        ("de", "In den Korb", [
            "Andere Angebote, und warum nicht", "Halves: stattdessen Deal deal", "Kartenpreis: mit Ihrer Karte",
        ]),
    ],
)  # fmt: skip
def test_why_other_offers_do_not_apply_is_told_in_the_pages_language(
    source: int, admin_user: User, language: str, button: str, told: list[str]
) -> None:
    card_prices(source, milk=179)
    put(source, promotion(amount=150), promotion("half", amount=100, name="Halves"))
    shopper = Shopper(language=language)
    shopper.send(shopper.get("p/milk/milk").form("basket/lines", sku="milk"), button=button)
    done = shopper.place()
    receipt = shopper.get(next(link for link in done.links if link.endswith("/receipt")))
    order = Order.objects.get()
    for page in (done, receipt):
        assert [text for text in told if text not in page.text] == []
    # The order keeps codes: whoever looks later reads them in a language of his own.
    kept = [(row[1], row[4], row[8]) for row in order.reason["notes"]]
    assert kept == [("card", "needs_card", ""), ("deal", "applied", ""), ("half", "instead", "Deal deal")]
    desk = Client()
    desk.force_login(admin_user)
    assert "Line 1: Halves: Deal deal instead." in desk.get(f"/desk/orders/order/{order.pk}/change/").content.decode()


def test_every_reason_has_its_words() -> None:
    said = set(get_args(Why))
    assert said == REASONS.keys()
    assert said == WHY.keys() | {"applied", "more_goods", "more_money", "instead", "not_together"}
    cases = {
        "more_goods": "3 more for it", "more_money": "for $0.03 more", "instead": "Other instead",
        "not_together": "not together with Other", "used_up": "used as often as it may be",
    }  # fmt: skip
    for code, text in cases.items():
        note = Note("p", "Promotion", applied=False, why=cast("Why", code), missing=3, other="Other")
        assert why(note, "USD") == text


def test_what_an_earlier_version_kept_of_an_order_is_left_out() -> None:
    kept = kept_notes({"notes": [
        [1, "p", "P", False, "not for goods by weight", 0, "weighed", 0], [1, "q", "Q", True, "applied", 5], [2], "odd",
    ]})  # fmt: skip
    assert [(line, note.reference, note.saved) for line, note in kept] == [(1, "q", 5)]
    assert kept_notes({}) == ()


def test_a_fallback_is_named_on_the_receipt(source: int) -> None:
    shopper = Shopper()
    shopper.add("milk")
    done = shopper.place()
    assert "fixed rule" not in done.text
    order = Order.objects.get()
    Order.objects.update(reason=order.reason | {"method": "greedy"})
    assert "combined by a fixed rule. (greedy)" in shopper.get(done.address).text


def test_lines_and_the_tax_beside_them_come_to_the_total_also_after_a_short_pick(source: int) -> None:
    set_taxes(source, [TaxItem("tax", "SALES", 70_000, SINCE)])
    set_tax_terms(source, [TaxTermsItem("terms", SINCE, included=False)])
    shopper = Shopper()
    shopper.add("milk", 3)
    shopper.add("bread")
    done = shopper.place()
    receipt = next(link for link in done.links if link.endswith("/receipt"))
    # Milk 5.97 and bread 2.50, with 0.42 and 0.18 of tax.
    assert "Milk 3 $5.97 Bread 1 $2.50 Goods $8.47 SALES 7% $0.60 To pay $9.07" in shopper.get(receipt).text
    order = Order.objects.get()
    take_steps(source, OrderStep("k", order.pk, Step.PICK, (PickedLine(1, 2), PickedLine(2, 0))))
    order.refresh_from_db()
    assert order.total == 426
    text = shopper.get(receipt).text
    assert "Milk 2 · 1 not there $3.98" in text
    assert "Goods $3.98 SALES 7% $0.28 To pay $4.26" in text
