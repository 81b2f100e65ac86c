"""A small chain in which something of everything has happened, for the back office's tests; and that it is so."""

import json
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.contrib.auth.hashers import make_password
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.base.models import Delivery, Event, Letter, ParkedEvent, QuarantineItem, SubscriptionCursor, Webhook
from onebasket.base.outbox import number_events
from onebasket.base.quarantine import Unreadable
from onebasket.commerce.access.actions import TokenRequest, enrol_source, issue_token
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import PLACE_BOUND_ROLES
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.catalogue.actions import upsert_products, upsert_units
from onebasket.commerce.catalogue.models import BarcodeTemplate
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem, UnitItem
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.actions.merging import merge_customers
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.fulfilment.actions import set_return_policy
from onebasket.commerce.fulfilment.models import Return, ReturnLine, ReturnTender, Staging
from onebasket.commerce.orders.actions import OrderCall, place_orders
from onebasket.commerce.orders.rules.messages import LineRequest, OrderPlaced, OrderRequest
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.models import (
    CommissionEntry,
    CommissionLine,
    ExchangeRate,
    OfferImport,
    PartnerAttempt,
    PartnerCursor,
    PartnerPart,
    PartnerPartLine,
    PartnerReturn,
    ReceivedPush,
    Referral,
    ShownOffers,
    TheirOrder,
)
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import WEEKDAYS, PlaceItem
from onebasket.commerce.pricing.actions import (
    end_promotions,
    set_campaigns,
    set_coupons,
    set_prices,
    set_promotions,
    set_tax_classes,
    set_tax_terms,
    set_taxes,
)
from onebasket.commerce.pricing.actions.previews import begin_preview
from onebasket.commerce.pricing.actions.redeeming import claim_uses
from onebasket.commerce.pricing.models import Overuse
from onebasket.commerce.pricing.models import Promotion as PromotionRow
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import (
    CampaignItem,
    CouponItem,
    PromotionEnd,
    PromotionItem,
    TaxClassItem,
    TaxItem,
    TaxTermsItem,
)
from onebasket.commerce.pricing.rules.promotions import AmountOff, Selector
from onebasket.commerce.pricing.rules.promotions import Promotion as Terms
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.commerce.sales.models import LineException
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Receipt, Tax, Tender
from onebasket.commerce.slots.actions import open_slots_book, post_slots, set_slot_exceptions, set_slot_plans
from onebasket.commerce.slots.queries import open_slots
from onebasket.commerce.slots.rules.messages import SlotExceptionItem, SlotPlanItem, WeeklyWindow
from onebasket.commerce.stock.actions import book_movements, hold_stock, set_buffers
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.models import Breach, Discrepancy
from onebasket.commerce.stock.rules.buffers import BufferSetting
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, HoldLineRequest, HoldRequest, StockFact
from onebasket.kernel.identity import new_id
from tests.partnering import add_offers, make_partner
from tests.scenario_paying import pay_everything

ROLES = ("admin", "merchandiser", "store", "manager", "finance", "reader")
PASSWORD = "a-long-enough-password"
NOW = datetime.now(UTC)
EARLIER = NOW - timedelta(hours=3)


@dataclass(frozen=True)
class World:
    """What was made: the source's id, orders by place, and the rows that wait for somebody."""

    source: int
    orders: dict[str, UUID]


def make_world() -> World:
    """Make two stores with stock, orders, receipts, and one of each thing that waits for somebody."""
    source = enrol_source("till-330-2", actor="test", name="Second till")
    issue_token(TokenRequest("till-330-2", "till", ("sales:write",), ("330",)), actor="test")
    _catalogue(source)
    _stock(source)
    _slots(source)
    orders = {place: _order(source, place) for place in ("330", "406")}
    for place in ("330", "406"):
        _sales(source, place)
    for place in ("330", "406"):
        _back(source, place, orders[place])
    pay_everything(source, "330", "406")
    pay_everything(source, "406", "330", round_="again")
    make_offers(source)
    set_return_policy("reprice_kept", place="330", actor="test")
    make_partners(orders["330"])
    _events()
    journalise_all()
    return World(source, orders)


class Stands(NamedTuple):
    """The world and its people, made once for a module's tests."""

    world: World
    people: dict[str, User]

    def own_people(self) -> dict[str, User]:
        """Return the people for one test, which may change them."""
        return deepcopy(self.people)


def make_stands() -> Stands:
    """Make the world and its people, who have no password."""
    return Stands(make_world(), make_people("!"))


def _back(source: int, place: str, order: UUID) -> None:
    """Bring a milk back, of which the books are told nothing, and note where an order stands."""
    at, identity, milk = places_by_code([place])[place].id, new_id(), products_by_sku(["908531"])["908531"].id
    money = {"currency": "USD", "total": 269, "tax_total": 0}
    Return.objects.create(
        id=identity, place_id=at, source_id=source, entry_id=0, reference=f"order/{order}", receipt_id=0,
        number=f"R-{place}", policy="allocated", reason="sour", accepted_by="ann", accepted_at=NOW, **money,
    )  # fmt: skip
    part: dict[str, Any] = {"place_id": at, "return_id": identity, "number": 1, "amount": 269}
    ReturnLine.objects.create(**part, original=1, product_id=milk, quantity=1, tax_amount=0, disposition="sellable")
    ReturnTender.objects.create(**part, kind="cash")
    Staging.objects.create(order_id=order, place_id=at, spot="Fridge 2", staged_by="ann", staged_at=NOW)
    Overuse.objects.create(
        place_id=at, receipt=0, code="milk", reason="limit", loyalty_number="1001", times=1, counted=2, most=1,
        opened_at=NOW,
    )  # fmt: skip


def make_offers(source: int) -> None:
    """Make one of each thing that pricing has, promotions in every state."""
    campaign = CampaignItem("campaign", "march", "March families", EARLIER, households=frozenset({"1", "1001"}))
    set_campaigns(source, [campaign], actor="test")
    coupons = [CouponItem("coupon-1", "MILK-50", "paper", "512345000123"), CouponItem("coupon-2", "ONCE", "single_use")]
    set_coupons(source, coupons, actor="test")
    milk = Selector(skus=frozenset({"908531"}))
    stated = {
        "soup": "draft", "milk": "live", "old": "live",
    }  # fmt: skip
    for code, state in stated.items():
        terms = Terms(code, f"Deal {code}", AmountOff(50), EARLIER, milk, currency="USD")
        set_promotions(source, [PromotionItem(f"promotion-{code}", terms, state=state)], actor="test")  # type: ignore[arg-type] # one of two words
    end_promotions(source, [PromotionEnd("promotion-end", "old")], actor="test")
    begin_preview(PromotionRow.objects.get(code="soup").pk, actor="test")
    with transaction.atomic():
        claim_uses([Use(UUID(int=1), "milk", 1, "1001")], now=NOW)
    set_taxes(
        source, [TaxItem("tax-1", "sales", 60_000, EARLIER), TaxItem("tax-2", "sales", 88_750, EARLIER, place="330")]
    )
    set_tax_terms(source, [TaxTermsItem("tax-3", EARLIER, included=False)])
    set_tax_classes(source, [TaxClassItem("tax-4", "food", department="GROCERY")])


def make_partners(order: UUID) -> None:
    """Make a partner, and one of each thing that comes of it."""
    partner = make_partner()
    offer = add_offers(partner, {"lamp": {"gtin": "00041900076610"}, "rug": {}})["lamp"]
    own: dict[str, Any] = {"partner_id": partner.id}
    OfferImport.objects.create(**own, name="goods.csv", started_at=NOW, moved_at=NOW, state="done")
    PartnerCursor.objects.create(**own, kind="offers")
    ExchangeRate.objects.create(base="GBP", quote="USD", billionths=1_250_000_000, valid_from=EARLIER, recorded_at=NOW)
    keep_odd([Odd(partner.id, "order", "8001", "unknown_status", "It says WOBBLED.", "{}")], now=NOW)
    ReceivedPush.objects.create(**own, key="push-1", kind="order", reference="8001", received_at=NOW)
    referral, part = new_id(), new_id()
    Referral.objects.create(
        id=referral, **own, offer_id=offer, click="c1", ticket="t1", channel="web", shown_at=NOW, clicked_at=NOW
    )
    ShownOffers.objects.create(**own, day=NOW.date(), offer_id=offer, channel="web", shown=3, clicked=1)
    stated: dict[str, Any] = {"currency": "USD", "amount": 1000, "booked_at": NOW, "status": "Payment Completed"}
    CommissionLine.objects.create(
        **own, **stated, key="sub-1", referral_id=referral, standing="expected", commission=70, rate=70_000
    )
    CommissionEntry.objects.create(**own, **stated, key="sub-1", number=1, kind="expected", change=70, rate=70_000)
    PartnerPart.objects.create(
        id=part, order_id=order, number=1, **own, place_id=partner.place_id, agreement_id=1, merchant="agent",
        ours="ob-1", channel="web", status="stuck", currency="USD", total=1000, cost=1000, cost_currency="USD",
        opened_at=NOW, changed_at=NOW,
    )  # fmt: skip
    PartnerPartLine.objects.create(
        part_id=part, number=1, offer_id=offer, reference="lamp", title="Lamp", quantity=1, unit_amount=1000,
        amount=1000, unit_cost=1000, commission_rate=70_000, exchange_billionths=10**9, stated_at=NOW,
    )  # fmt: skip
    PartnerAttempt.objects.create(part_id=part, operation="place", asked_at=NOW, result="lost")
    TheirOrder.objects.create(
        part_id=part, **own, reference="8001", status="WOBBLED", currency="USD", amount=1000, since=NOW, looked_at=NOW
    )
    PartnerReturn.objects.create(
        id=new_id(), part_id=part, source_id=1, key="r-1", place_id=1, line=1, quantity=1, amount=1000, currency="USD",
        owner="partner", disposition="kept", accepted_at=NOW,
    )  # fmt: skip


def make_people(hashed: str = "") -> dict[str, User]:
    """Make one person of each role; those of a store are bound to 330."""
    return {
        role: User.objects.create(
            username=role,
            role=role,
            places=["330"] if role in PLACE_BOUND_ROLES else [],
            password=hashed or make_password(PASSWORD),
        )
        for role in ROLES
    }


def receipt(key: str, *, place: str = "330", **changes: object) -> Receipt:
    """Return a receipt that ties: two milks, discounted, taxed, paid in cash."""
    off = Discount("loyalty", Funder.RETAILER, 98)
    values: dict[str, Any] = {
        "key": key, "place": place, "till": "2", "number": key, "kind": Kind.SALE, "currency": "USD",
        "occurred_at": NOW - timedelta(minutes=20),
        "lines": (
            Line("00041900076610", 2, 578, 480, discounts=(off,), taxes=(Tax(88_750, 480, 39),)),
            Line("4011", 842, 109, 109, unit="kg"),
        ),
        "tenders": (Tender("cash", 1000),), "change": 411, "loyalty_number": "4400187", "operator": "op-17",
    }  # fmt: skip
    return Receipt(**{**values, **changes})


def _catalogue(source: int) -> None:
    set_earning_rule(EarningRule("USD", NOW.date() - timedelta(days=9), 1, 100, ("Fuel",), 100, 100), actor="test")
    places = [
        PlaceItem(f"p-{code}", code=code, name=f"Store {code}", currency="USD", time_zone="America/New_York")
        for code in ("330", "406")
    ]
    upsert_places(source, places)
    upsert_units(source, [UnitItem("u-each", code="each", decimals=0), UnitItem("u-kg", code="kg", decimals=3)])
    products = [
        ProductItem("milk", sku="908531", name="Fluid milk, white, 1 gal", department="DAIRY",
                    barcodes=(BarcodeItem("041900076610"),)),
        ProductItem("bananas", sku="1029743", name="Bananas, yellow", unit="kg", department="PRODUCE", weighed=True,
                    barcodes=(BarcodeItem("4011"),)),
        ProductItem("bread", sku="995242", name="Bread, Italian", department="BAKERY"),
    ]  # fmt: skip
    upsert_products(source, products)
    BarcodeTemplate.objects.create(pattern="2{item:5}{price:5}{check}")
    since = NOW - timedelta(days=30)
    prices = [
        PriceItem("pr-milk", sku="908531", currency="USD", amount=289, valid_from=since),
        PriceItem("pr-milk-330", sku="908531", currency="USD", amount=269, valid_from=since, place="330"),
        PriceItem("pr-bananas", sku="1029743", currency="USD", amount=130, per_quantity=1000, valid_from=since),
        PriceItem("pr-bread", sku="995242", currency="USD", amount=199, valid_from=since),
    ]
    set_prices(source, prices)
    upsert_customers(source, [CustomerItem(f"c-{number}", number) for number in ("4400187", "4400201", "4400202")])
    merge_customers("4400201", "4400202", actor="test")


def _stock(source: int) -> None:
    lines = (FactLine("908531", 12), FactLine("1029743", 20_000), FactLine("995242", 4))
    facts = [
        StockFact(key=f"d-{place}", place=place, kind=FactKind.DELIVERY, occurred_at=EARLIER, lines=lines)
        for place in ("330", "406")
    ]
    count = StockFact("count-330", "330", FactKind.COUNT, EARLIER + timedelta(minutes=5), (FactLine("908531", 11),))
    unknown = StockFact("d-odd", "330", FactKind.DELIVERY, EARLIER, (FactLine("nobody", 1),))
    book_movements(source, [*facts, count, unknown])
    for place in ("330", "406"):
        set_buffers(source, [BufferSetting(f"b-{place}", place, 1, channel="web", sku="995242")])
        hold_stock([HoldCall(source, HoldRequest(f"h-{place}", place, (HoldLineRequest("995242", 1),)))])


def _slots(source: int) -> None:
    """Plan both stores' days, close both in three days, and let two baskets hold a slot of tomorrow."""
    windows = tuple(WeeklyWindow(day, "00:00", "24:00", 60, 2) for day in WEEKDAYS)
    set_slot_plans(source, [SlotPlanItem(f"plan-{code}", code, windows) for code in ("330", "406")])
    closed = (NOW + timedelta(days=3)).date()
    set_slot_exceptions(source, [SlotExceptionItem(f"closed-{code}", code, closed) for code in ("330", "406")])
    with transaction.atomic():
        now = database_now()
        for number, place in enumerate(places_by_code(["330", "406"]).values()):
            slot, basket = open_slots(place, now=now, days=2)[20].id, UUID(int=number)
            book = open_slots_book([slot], references=[basket], now=now)
            assert book.take(slot, basket, now + timedelta(minutes=15))
            post_slots(book, now=now)


def _order(source: int, place: str) -> UUID:
    request = OrderRequest(
        key=f"o-{place}", places=(place,), lines=(LineRequest("908531", 8), LineRequest("1029743", 1500)),
        loyalty_number="4400187", note="Please ring the bell.",
    )  # fmt: skip
    (placed,) = place_orders([OrderCall(source, request)])
    assert isinstance(placed, OrderPlaced)
    return placed.id


def _sales(source: int, place: str) -> None:
    """Sell what was promised (a breach), what is not there (a discrepancy), what nobody knows, what does not tie."""
    taken = receipt(
        f"s-{place}-2", place=place,
        lines=(Line("00041900076610", 4, 1156, 1156), Line("995242", 7, 1393, 1393, sku="995242"),
               Line("20999123", 1, 199, 199)),
        tenders=(Tender("card", 2748),), change=0,
    )  # fmt: skip
    untied = receipt(f"s-{place}-3", place=place, change=400)
    odd = Unreadable(f'{{"key": "broken-{place}"', "unreadable", "It ends in the middle of the text.", place=place)
    book_sales(source, [receipt(f"s-{place}-1", place=place), taken, untied, odd])


def _events() -> None:
    number_events()
    first = Event.objects.order_by("pk").first()
    assert first is not None
    SubscriptionCursor.objects.create(name="payments.settle", position=1)
    ParkedEvent.objects.create(
        subscription="payments.settle", event=first, position=1, type=first.type, subject=first.subject,
        state="parked", attempts=6, reason="ValueError: odd", next_attempt_at=NOW, parked_at=NOW,
    )  # fmt: skip
    Letter.objects.create(
        key="placed/1", kind="placed", subject="order/1", occurred_at=NOW, state="dead", attempts=10, due_at=NOW,
        finished_at=NOW, last_error="SMTPRecipientsRefused: 550",
    )  # fmt: skip
    webhook = Webhook.objects.create(id=new_id(), url="https://shop.example/hooks", created_at=NOW, places=["*"])
    for event in Event.objects.order_by("pk")[:2]:
        Delivery.objects.create(
            webhook=webhook, event=event, subject=event.subject, state="dead", attempts=12, next_attempt_at=NOW,
            last_error="503 Service Unavailable",
        )  # fmt: skip


def untied_item(place: str = "330") -> QuarantineItem:
    """Return the receipt that does not tie."""
    return QuarantineItem.objects.get(key=f"s-{place}-3")


def tied_text(item: QuarantineItem) -> str:
    """Return its text, mended."""
    found = json.loads(item.content)
    found["change"] = 411
    return json.dumps(found)


@pytest.mark.django_db
def test_the_world_has_one_of_each_thing_that_waits_at_each_place() -> None:
    make_world()

    assert [breach.shortfall for breach in Breach.objects.filter(closed_at=None).order_by("place__code")] == [3, 2]
    assert [odd.quantity for odd in Discrepancy.objects.filter(closed_at=None)] == [-3, -3]
    assert [line.code for line in LineException.objects.filter(state="open")] == ["20999123", "20999123"]
    reasons = (
        QuarantineItem.objects.filter(state="open").order_by("reason", "place_code").values_list("reason", flat=True)
    )
    assert list(reasons) == ["does_not_tie", "does_not_tie", "unknown_product", "unreadable", "unreadable"]
