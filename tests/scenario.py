"""A chain in miniature that goes through everything that makes news: what tests of events and of the audit run on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from onebasket.base import bulk
from onebasket.base.clock import database_now
from onebasket.base.instants import instant_parameter
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.catalogue.actions import retire_products, upsert_products, upsert_units
from onebasket.commerce.catalogue.rules import ProductItem, ProductRetirement, UnitItem
from onebasket.commerce.customers.actions import retire_customers, upsert_customers
from onebasket.commerce.customers.actions.consenting import state_consents
from onebasket.commerce.customers.actions.merging import Merged
from onebasket.commerce.customers.queries import customers_by_loyalty_number
from onebasket.commerce.customers.rules import CustomerItem, CustomerRetirement
from onebasket.commerce.customers.rules.messages import ConsentItem
from onebasket.commerce.fulfilment.actions import ReturnCall, accept_returns, stage_order
from onebasket.commerce.fulfilment.rules.messages import BackLine, ReturnAccepted, ReturnRequest
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.actions.merging import merge_people, part_people
from onebasket.commerce.orders.actions import (
    BasketCall,
    CheckoutCall,
    OrderCall,
    StepCall,
    change_baskets,
    check_out,
    expire_orders,
    place_orders,
    step_orders,
)
from onebasket.commerce.orders.rules.baskets import BasketStands, ChangeBasket, Checkout, Contact, OpenBasket
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import LineRequest, OrderPlaced, OrderRequest, OrderStep, PickedLine
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import WEEKDAYS, PlaceItem
from onebasket.commerce.pricing.actions import (
    end_prices,
    end_taxes,
    set_campaigns,
    set_coupons,
    set_prices,
    set_promotions,
    set_tax_classes,
    set_tax_terms,
    set_taxes,
)
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine, Reduction, TaxPart
from onebasket.commerce.pricing.rules.book import PriceEnd, PriceItem
from onebasket.commerce.pricing.rules.messages import (
    CampaignItem,
    CouponItem,
    PromotionItem,
    TaxClassItem,
    TaxEnd,
    TaxItem,
    TaxTermsItem,
)
from onebasket.commerce.pricing.rules.promotions import Coupon, PercentOff, Promotion, Selector
from onebasket.commerce.sales.actions import book_sales, dismiss_line, mend_line
from onebasket.commerce.sales.rules.outcomes import ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Discount, Funder, Kind, Line, Original, Receipt, Tax, Tender
from onebasket.commerce.slots.actions import open_slots_book, post_slots, set_slot_exceptions, set_slot_plans
from onebasket.commerce.slots.queries import open_slots
from onebasket.commerce.slots.rules.messages import SlotExceptionItem, SlotPlanItem, WeeklyWindow
from onebasket.commerce.stock.actions import book_movements, hold_stock, release_expired, release_holds, set_buffers
from onebasket.commerce.stock.actions.holds import HoldCall
from onebasket.commerce.stock.rules.buffers import BufferSetting
from onebasket.commerce.stock.rules.messages import (
    FactKind,
    FactLine,
    FactOutcome,
    HoldLineRequest,
    HoldPlaced,
    HoldRequest,
    State,
    StockFact,
)
from tests.scenario_ordering import PennyOrders
from tests.scenario_partners import deal_with_partners
from tests.scenario_paying import pay_everything

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SKUS = ("apple", "bread", "cheese", "eggs", "milk")
OPENING = 20


@dataclass
class Chain:
    """Two stores s1 and s2, five products at 2.50 each, 20 of each on the shelves of both."""

    source: int

    def fact(self, key: str, kind: FactKind, sku: str, quantity: int, **more: object) -> FactOutcome:
        """Book one fact at s1."""
        stated = {"place": "s1", "occurred_at": START + timedelta(hours=1)} | more
        state = stated.pop("state", State.SELLABLE)
        to_state = stated.pop("to_state", None)
        line = FactLine(sku, quantity, state, to_state)  # type: ignore[arg-type]
        (outcome,) = book_movements(self.source, [StockFact(key, kind=kind, lines=(line,), **stated)])  # type: ignore[arg-type]
        return outcome

    def order(self, key: str, *lines: tuple[str, int], **more: object) -> OrderPlaced:
        """Place one order at s1."""
        request = OrderRequest(key, ("s1",), tuple(LineRequest(*line) for line in lines), **more)  # type: ignore[arg-type]
        (placed,) = place_orders([OrderCall(self.source, request)])
        assert isinstance(placed, OrderPlaced), placed
        return placed

    def step(self, key: str, order: UUID, step: Step, **more: object) -> str:
        """Take one step; return the status it leads to, or why it was refused."""
        (done,) = step_orders([StepCall(self.source, OrderStep(key, order, step, **more))])  # type: ignore[arg-type]
        return str(getattr(done, "status", done))

    def basket(self, request: OpenBasket | ChangeBasket) -> BasketStands:
        """Open or change a basket."""
        (stands,) = change_baskets([BasketCall(self.source, request)])
        assert isinstance(stands, BasketStands), stands
        return stands

    def hold(self, key: str, sku: str, quantity: int, seconds: int = 900) -> UUID:
        """Take one hold at s1."""
        request = HoldRequest(key, "s1", (HoldLineRequest(sku, quantity),), seconds=seconds)
        (held,) = hold_stock([HoldCall(self.source, request)])
        assert isinstance(held, HoldPlaced), held
        return held.id

    def sell(self, *receipts: Receipt) -> list[ReceiptOutcome]:
        """Book receipts."""
        return book_sales(self.source, receipts)


def line(code: str, quantity: int = 1, *, paid: int = 250, off: int = 0) -> Line:
    """Make a receipt's line: `off` is a loyalty discount on top of what is paid."""
    discounts = (Discount("loyalty", Funder.RETAILER, off),) if off else ()
    taxes = (Tax(100_000, paid, round(paid / 11)),) if code == "cheese" else ()
    return Line(code, quantity, paid + off, paid, discounts=discounts, taxes=taxes)


def receipt(
    number: int, *lines: Line, kind: Kind = Kind.SALE, place: str = "s1", key: str = "", **more: object
) -> Receipt:
    """Make a receipt that ties, `number` minutes after the start."""
    due = sum(item.paid_amount for item in lines)
    stated: dict[str, object] = {
        "tenders": (Tender("cash", due + 100),) if lines else (),
        "change": 100 if lines else 0,
    } | more
    return Receipt(
        key or f"r{number}",
        place,
        "t1",
        str(number),
        kind,
        "USD",
        START + timedelta(minutes=number),
        lines,
        **stated,  # type: ignore[arg-type]
    )


def open_chain(source: str = "till-1") -> Chain:
    """Make the chain with its opening stock."""
    chain = Chain(enrol_source(source, actor="tests"))
    identity = chain.source
    upsert_units(identity, [UnitItem("u1", "each", 0), UnitItem("u2", "kg", 3)])
    upsert_places(
        identity, [PlaceItem(f"p-{code}", code, f"Store {code}", "USD", "America/New_York") for code in ("s1", "s2")]
    )
    upsert_products(identity, [ProductItem(f"i-{sku}", sku, sku.title()) for sku in SKUS])
    set_prices(identity, [PriceItem(f"c-{sku}", sku, "USD", 250, START - timedelta(days=1)) for sku in SKUS])
    upsert_customers(identity, [CustomerItem("l1", "loyal-1"), CustomerItem("l2", "loyal-2")])
    lines = tuple(FactLine(sku, OPENING) for sku in SKUS)
    book_movements(
        identity, [StockFact(f"open-{code}", code, FactKind.DELIVERY, START, lines) for code in ("s1", "s2")]
    )
    return chain


def run_everything(source: str = "till-1") -> Chain:
    """Open the chain and let everything happen once that makes news or moves a figure."""
    chain = open_chain(source)
    set_buffers(chain.source, [BufferSetting("k1", "s1", 1, "kiosk", sku="milk")])
    _trade(chain)
    _mend(chain)
    _promise(chain)
    orders = PennyOrders(chain.source, ("s1", "s2"))
    deal_with_partners(chain.source)
    _collect(chain, orders)
    _breach(chain)
    _promote(chain)
    pay_everything(chain.source, orders=orders)
    _serve(chain)
    _know(chain)
    _retire(chain)
    return chain


def _trade(chain: Chain) -> None:
    sale = receipt(1, line("apple", 2, paid=450, off=50), line("cheese"), loyalty_number="loyal-1")
    original = Original("s1", "t1", START.date(), "1")
    chain.sell(
        sale,
        receipt(2, line("apple", paid=225), kind=Kind.RETURN, original=original),
        receipt(3, line("milk", 3, paid=750)),
        receipt(4, kind=Kind.VOID, original=Original("s1", "t1", START.date(), "3")),
        receipt(5, kind=Kind.VOID, original=Original("s1", "t1", START.date(), "6")),
        receipt(7, line("eggs"), kind=Kind.VOID, tenders=(), change=0),
        receipt(8, kind=Kind.NO_SALE),
    )
    chain.sell(receipt(6, line("bread", 2, paid=500)), receipt(9, line("bread", 0, paid=0)), sale)
    chain.sell(receipt(10, line("milk"), change=99), receipt(11, line("milk"), place="s9"))
    chain.fact("count", FactKind.COUNT, "eggs", 18, occurred_at=START + timedelta(hours=2))
    chain.sell(receipt(12, line("eggs")))
    chain.fact("lost", FactKind.ADJUSTMENT, "milk", -1)
    chain.fact("move", FactKind.MOVE, "milk", 2, to_state=State.UNSELLABLE)
    chain.fact("to", FactKind.TRANSFER, "milk", 3, to_place="s2")
    chain.fact("in", FactKind.ARRIVAL, "milk", 3, place="s2")
    chain.fact("back", FactKind.RETURN, "milk", 1)


def _mend(chain: Chain) -> None:
    chain.sell(receipt(20, line("what"), line("never")))
    found: dict[int, int] = dict(bulk.fetch("SELECT line, id FROM sales_lineexception WHERE state = 'open'"))
    mend_line(found[1], sku="bread", quantity=None, actor="tests", source_id=chain.source)
    dismiss_line(found[2], note="a bag", actor="tests")


def _promise(chain: Chain) -> None:
    whole = chain.order("o1", ("apple", 2), ("bread", 1), payment_minutes=30).id
    chain.step("o1-pay", whole, Step.CONFIRM_PAYMENT)
    chain.step("o1-some", whole, Step.PICK, lines=(PickedLine(1, 2),), finish=False)
    chain.step("o1-rest", whole, Step.PICK)
    stage_order(whole, "Fridge 2", actor="ann", places=None)
    chain.step("o1-out", whole, Step.HAND_OVER)
    short = chain.order("o2", ("apple", 2), ("bread", 500), partial=True).id
    chain.step("o2-pick", short, Step.PICK, lines=(PickedLine(1, 1),))
    chain.step("o2-off", short, Step.CANCEL)
    chain.step("o2-back", short, Step.PUT_BACK)
    unpaid = chain.order("o3", ("cheese", 1), payment_minutes=1).id
    bulk.execute("UPDATE orders_order SET expires_at = placed_at WHERE id = %s", [as_parameter(unpaid)])
    expire_orders()
    chain.order("o4", ("cheese", 2))
    held = chain.hold("h1", "cheese", 2)
    chain.order("o5", ("cheese", 2), hold=held)
    release_holds([chain.hold("h2", "cheese", 1)])
    late = chain.hold("h3", "cheese", 1)
    past = instant_parameter(START)
    bulk.execute("UPDATE stock_holdline SET expires_at = %s WHERE hold_id = %s", [past, as_parameter(late)])
    release_expired()
    chain.hold("h4", "cheese", 1)
    _gather(chain)


def _gather(chain: Chain) -> None:
    """Place one basket with a reduction and a tax on its line, keep one open, drop one."""
    placed = chain.basket(OpenBasket("basket-1", "s1", (LineRequest("cheese", 2),)))
    cut = Reduction("promotion", "cheese-2", "Two for 4.50", "retailer", 50)
    priced = PricedLine(1, "cheese", 2, 500, 450, (cut,), unit_amount=250, taxes=(TaxPart("reduced", 50_000, 429, 21),))
    whole = PricedBasket((priced,), "USD", 500, 50, 21, 450, tax_included=True)
    contact = Contact("Ada", "ada@example.org")
    request = Checkout("basket-2", placed.id, placed.version, 450, contact)
    (done,) = check_out([CheckoutCall(chain.source, request, placed.version, Quoted(whole))])
    assert isinstance(done, OrderPlaced), done
    chain.basket(OpenBasket("basket-3", "s1", (LineRequest("cheese", 1), LineRequest("bread", 1))))
    gone = chain.basket(OpenBasket("basket-4", "s2", (LineRequest("apple", 1),)))
    chain.basket(ChangeBasket("basket-5", gone.id, drop=True))


def _collect(chain: Chain, orders: PennyOrders) -> None:
    """Let slots be planned, taken, moved, given back and expire: those of tomorrow, by the database's own clock."""
    windows = tuple(WeeklyWindow(day, "00:00", "24:00", 60, 3) for day in WEEKDAYS)
    set_slot_plans(chain.source, [SlotPlanItem(f"plan-{code}", code, windows) for code in ("s1", "s2")])
    now = database_now()
    set_slot_exceptions(chain.source, [SlotExceptionItem("closed", "s1", (now + timedelta(days=9)).date())])
    places = places_by_code(["s1", "s2"])
    first, second = (open_slots(place, now=now, days=3)[30].id for _, place in sorted(places.items()))
    orders.collect("s1", first)
    moved, gone, late = (UUID(int=number) for number in range(2, 5))
    with transaction.atomic():
        book = open_slots_book([first, second], references=[moved, gone, late], now=now)
        taken = [book.take(first, one, now + timedelta(minutes=15)) for one in (moved, gone)]
        taken.append(book.take(second, late, now + timedelta(seconds=1)))
        assert all(taken)
        post_slots(book, now=now)
    later = now + timedelta(seconds=1)
    with transaction.atomic():
        book = open_slots_book([first, second], references=[moved, gone], now=later)
        assert book.take(second, moved, later + timedelta(days=1))
        book.give_back(first, gone)
        post_slots(book, now=later)


def _breach(chain: Chain) -> None:
    chain.order("b1", ("eggs", 10))
    chain.sell(receipt(230, line("eggs", 12, paid=3000)))
    chain.sell(receipt(231, line("eggs", 2, paid=500)))
    chain.fact("more", FactKind.DELIVERY, "eggs", 30, occurred_at=START + timedelta(hours=5))
    chain.sell(receipt(232, line("bread", 90, paid=900)))
    chain.fact("found", FactKind.DELIVERY, "bread", 90)
    chain.order("b2", ("milk", 5))
    chain.sell(receipt(233, line("milk", 30, paid=900)))


def _promote(chain: Chain) -> None:
    """A campaign, a coupon, what it is worth, and a tax."""
    campaign = CampaignItem("campaign", "26", "March", START, households=frozenset({"1001"}))
    set_campaigns(chain.source, [campaign], actor="tests")
    set_coupons(chain.source, [CouponItem("coupon", "c1", "paper")], actor="tests")
    worth = Promotion(
        "deal", "Milk", PercentOff(100_000), START, Selector(skus=frozenset({"milk"})), coupon=Coupon("c1")
    )  # fmt: skip
    set_promotions(chain.source, [PromotionItem("promotion", worth, state="live")], actor="tests")
    set_taxes(chain.source, [TaxItem("tax", "sales", 60_000, START)])
    end_taxes(chain.source, [TaxEnd("tax-end", "sales", START + timedelta(days=400))])
    set_tax_terms(chain.source, [TaxTermsItem("terms", START, included=False)])
    set_tax_classes(chain.source, [TaxClassItem("class", "food", sku="milk")])


def _serve(chain: Chain) -> None:
    """Pick an order, stage it, hand it over, and take a line of it back at the other place."""
    order = chain.order("o9", ("apple", 2)).id
    chain.step("o9-pick", order, Step.PICK)
    stage_order(order, "Shelf 2", actor="tests", places=None)
    chain.step("o9-out", order, Step.HAND_OVER)
    back = ReturnRequest("back-1", "s2", "eve", (BackLine(1, 1),), order=order)
    (taken,) = accept_returns([ReturnCall(chain.source, back)])
    assert isinstance(taken, ReturnAccepted), taken


def _know(chain: Chain) -> None:
    """Let customers agree to something, turn out to be one, turn out not to be, and leave."""
    upsert_customers(chain.source, [CustomerItem(f"m{n}", f"loyal-{n}") for n in (3, 4)])
    state_consents(chain.source, [ConsentItem("m5", "loyal-3", "mail", given=True, at=START, text_version="1")])
    merged = merge_people("loyal-3", "loyal-4", actor="tests")
    assert isinstance(merged, Merged), merged
    part_people(merged.id, actor="tests")
    leaving = customers_by_loyalty_number(["loyal-4"])["loyal-4"]
    erase_person(leaving, actor="tests")


def _retire(chain: Chain) -> None:
    end_prices(chain.source, [PriceEnd("e1", "apple", "USD", START + timedelta(days=400))])
    retire_products(chain.source, [ProductRetirement("e2", "apple")])
    retire_customers(chain.source, [CustomerRetirement("e3", "loyal-2")])


def as_parameter(identity: UUID) -> object:
    """Return an id as the driver compares it."""
    return identity if bulk.is_postgresql() else identity.hex
