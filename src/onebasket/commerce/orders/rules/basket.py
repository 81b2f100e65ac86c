"""A basket as a batch works on it: what it wants, what it holds, and how a change fits it to the shelves.

It knows no database. `orders.actions` fills it from locked rows and writes what has changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.orders.rules.baskets import HOLD_MINUTES, BasketLineState, BasketStands
from onebasket.commerce.orders.rules.offering import BasketOffer
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.stock.rules.book import ShelfBook

KeptBack = Callable[[PlaceFacts, ProductFacts, str], int]
"""What a place keeps back of a product from a channel."""


@dataclass(slots=True)
class Part:
    """A hold line on one shelf as the batch leaves it; `id` is 0 while it has no row, `before` what the row says."""

    id: int
    number: int
    place_id: int
    product: ProductFacts
    before: int
    quantity: int


@dataclass(slots=True)
class Line:
    """A product in a basket: how much is wanted. `kept` is what its row says, None without one."""

    product: ProductFacts
    number: int
    quantity: int
    held: int = 0
    kept: tuple[int, int] | None = None


@dataclass(slots=True)
class Basket:
    """A basket with its lines and the hold lines that are active, by product id.

    `kept_version` (0 without a row), `kept_until` and `has_hold` are what its rows say.
    """

    id: UUID
    source_id: int
    channel: str
    place: PlaceFacts
    loyalty_number: str
    opened_at: datetime
    state: str = "open"
    version: int = 0
    kept_version: int = 0
    slot_id: int | None = None
    coupons: tuple[str, ...] = ()
    held_since: datetime | None = None
    held_until: datetime | None = None
    renewals: int = 0
    numbers: int = 0
    has_hold: bool = False
    kept_until: datetime | None = None
    renewed: bool = False
    lines: dict[int, Line] = field(default_factory=dict)
    parts: dict[int, Part] = field(default_factory=dict)
    dropped: list[Line] = field(default_factory=list)
    freed: list[Part] = field(default_factory=list)
    turned_over: list[Part] = field(default_factory=list)
    left: list[PlaceFacts] = field(default_factory=list)
    offers: dict[int, BasketOffer] = field(default_factory=dict)

    def is_over(self, now: datetime) -> bool:
        """Whether what it held has expired: half-open, at that instant it has."""
        return self.held_until is not None and self.held_until <= now

    def begin(self, now: datetime) -> None:
        """Begin a window in which it holds its units, at the prices of now."""
        self.held_since, self.held_until = now, now + timedelta(minutes=HOLD_MINUTES)

    def want(self, product: ProductFacts, quantity: int) -> None:
        """Want so much of a product; nothing takes it out."""
        line = self.lines.get(product.id)
        if not quantity:
            if line is not None:
                self.dropped.append(self.lines.pop(product.id))
        elif line is None:
            number = max((each.number for each in self.lines.values()), default=0) + 1
            self.lines[product.id] = Line(product, number, quantity)
        else:
            line.quantity = quantity

    def hold(self, product: ProductFacts, book: ShelfBook, kept_back: KeptBack) -> None:
        """Hold as much of a product as is wanted and free, or give back what is wanted no more."""
        line, part = self.lines.get(product.id), self.parts.get(product.id)
        have = part.quantity if part else 0
        wanted = line.quantity if line else 0
        shelf = book.find(self.place.id, product.id)
        if shelf is None:
            wanted = 0
        elif wanted > have:
            wanted = min(wanted, have + max(0, shelf.available(kept_back(self.place, product, self.channel))))
        if wanted != have:
            book.hold(self.place.id, product.id, wanted - have)
        self._keep(product, part, wanted)
        if line is not None:
            line.held = wanted

    def let_go(self, book: ShelfBook) -> None:
        """Give back everything that it holds."""
        for part in list(self.parts.values()):
            if part.quantity:
                book.hold(part.place_id, part.product.id, -part.quantity)
            self._keep(part.product, part, 0)
        for line in self.lines.values():
            line.held = 0

    def turn_over(self, book: ShelfBook) -> None:
        """Turn what it holds over to the order that it becomes, which reserves all of every line."""
        for part in self.parts.values():
            book.hold(part.place_id, part.product.id, -part.quantity)
        for line in self.lines.values():
            book.reserve(self.place.id, line.product.id, line.quantity)
            line.held = 0
        self.turned_over = list(self.parts.values())
        self.parts = {}
        self.state, self.held_since, self.held_until = "placed", None, None
        self.version += 1

    def _keep(self, product: ProductFacts, part: Part | None, quantity: int) -> None:
        if part is not None:
            part.quantity = quantity
            if not quantity:
                del self.parts[product.id]
                self.freed.append(part)
        elif quantity:
            self.numbers += 1
            self.parts[product.id] = Part(0, self.numbers, self.place.id, product, 0, quantity)

    def stands(self) -> BasketStands:
        """Return how it stands, lines in the order in which they came."""
        ordered = sorted(self.lines.values(), key=lambda line: line.number)
        return BasketStands(
            id=self.id,
            version=self.version,
            state=self.state,
            place=self.place.code,
            channel=self.channel,
            currency=self.place.currency,
            lines=tuple(BasketLineState(line.product.sku, line.quantity, line.held) for line in ordered),
            held_since=self.held_since,
            held_until=self.held_until,
            slot=self.slot_id,
            coupons=self.coupons,
            loyalty_number=self.loyalty_number,
            renewed=self.renewed,
            offers=tuple(self.offers.values()),
        )
