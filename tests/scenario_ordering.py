"""Orders of pennies for a chain in which everything happens: what their tenders, and a slot, are of."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.orders.actions import (
    BasketCall,
    CheckoutCall,
    OrderCall,
    StepCall,
    change_baskets,
    check_out,
    place_orders,
    step_orders,
)
from onebasket.commerce.orders.rules.baskets import BasketStands, ChangeBasket, Checkout, Contact, OpenBasket
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.orders.rules.messages import LineRequest, OrderPlaced, OrderRequest, OrderStep, PickedLine
from onebasket.commerce.pricing.actions import set_prices, set_tax_classes
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine
from onebasket.commerce.pricing.rules.book import PriceItem
from onebasket.commerce.pricing.rules.messages import TaxClassItem
from onebasket.commerce.stock.actions import book_movements
from onebasket.commerce.stock.rules.messages import FactKind, FactLine, StockFact
from onebasket.kernel.identity import new_id
from tests.builders import MORNING

PENNIES = 50_000


class Orders:
    """Orders that are nobody's: tenders have an id to be of, and nothing else happens."""

    def place(self, place: str, total: int) -> UUID:
        """Return the id of an order of so much."""
        return new_id()

    def hand_over(self, order: UUID, total: int) -> None:
        """Hand over so much of it."""

    def cancel(self, order: UUID) -> None:
        """Cancel it."""


@dataclass
class PennyOrders(Orders):
    """Orders that are there, each of one line of as many pennies as it comes to."""

    source: int
    places: tuple[str, ...]
    made: dict[UUID, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        upsert_products(self.source, [ProductItem("i-penny", "penny", "Penny")])
        set_tax_classes(self.source, [TaxClassItem("untaxed-penny", "none", sku="penny")])
        set_prices(self.source, [PriceItem("c-penny", "penny", "USD", 1, MORNING - timedelta(days=9))])
        line = (FactLine("penny", PENNIES),)
        book_movements(
            self.source,
            [StockFact(f"pennies-{place}", place, FactKind.DELIVERY, MORNING, line) for place in self.places],
        )

    def place(self, place: str, total: int) -> UUID:
        request = OrderRequest(f"pennies-{len(self.made)}", (place,), (LineRequest("penny", total),))
        (placed,) = place_orders([OrderCall(self.source, request)])
        assert isinstance(placed, OrderPlaced), placed
        self.made[placed.id] = total
        return placed.id

    def hand_over(self, order: UUID, total: int) -> None:
        self._step(order, Step.PICK, lines=(PickedLine(1, total),))
        self._step(order, Step.HAND_OVER)

    def cancel(self, order: UUID) -> None:
        self._step(order, Step.CANCEL)

    def collect(self, place: str, slot: int) -> UUID:
        """Gather a penny, choose a slot, check out; return the order's id."""
        opened = self._basket(OpenBasket("pennies-open", place, (LineRequest("penny", 1),)))
        timed = self._basket(ChangeBasket("pennies-slot", opened.id, slot=slot))
        line = PricedLine(1, "penny", 1, 1, 1, unit_amount=1)
        priced = Quoted(PricedBasket((line,), "USD", 1, 0, 0, 1, tax_included=True))
        request = Checkout("pennies-out", timed.id, timed.version, 1, Contact("Ada", "ada@example.org"))
        (placed,) = check_out([CheckoutCall(self.source, request, timed.version, priced)])
        assert isinstance(placed, OrderPlaced), placed
        return placed.id

    def _step(self, order: UUID, step: Step, **more: object) -> None:
        stated = OrderStep(f"{step}-{order}", order, step, **more)  # type: ignore[arg-type]
        (done,) = step_orders([StepCall(self.source, stated)])
        assert hasattr(done, "status"), done

    def _basket(self, request: OpenBasket | ChangeBasket) -> BasketStands:
        (stands,) = change_baskets([BasketCall(self.source, request)])
        assert isinstance(stands, BasketStands), stands
        return stands
