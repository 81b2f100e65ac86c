"""What the pulse shows: frozen values, raw (minor units, steps, UTC); `formats` makes them readable."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TILL = "till"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: `places` are the codes that a store role is bound to; None is every place."""

    name: str
    role: str
    places: frozenset[str] | None = None
    sees_quarantine: bool = True
    sees_webhooks: bool = True

    def may_see(self, place_code: str) -> bool:
        """Whether rows of this place are the viewer's to see."""
        return self.places is None or place_code in self.places


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity in steps of a unit with so many decimals."""

    steps: int
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class ChannelMinute:
    """What one channel did in one minute: how many receipts or orders, and their money in one currency."""

    minute: datetime
    channel: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class MinuteSeries:
    """The last `minutes` minutes up to `end` (the minute under way, still partial), in `currency`."""

    end: datetime
    currency: str
    cells: tuple[ChannelMinute, ...] = ()
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class SoldToday:
    """Money of the business day so far in one currency; `last_week` is the same weekday up to the same time."""

    currency: str
    amount: int
    by_channel: tuple[tuple[str, int], ...] = ()
    last_week: int | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """Open reservations: quantities by unit, in how many orders, the oldest since when."""

    quantities: tuple[Amount, ...] = ()
    orders: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One line of the newest: `kind` is receipt, order or breach; `key` is what its page is called by."""

    kind: str
    channel: str
    at: datetime
    key: str
    title: str
    place_code: str
    place_name: str
    lines: int
    total: Money | None
    time_zone: str = "UTC"
    sku: str = ""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place and its day: receipts and orders in the last hour, money today, what is open there."""

    code: str
    name: str
    kind: str
    currency: str
    receipts_hour: int = 0
    orders_hour: int = 0
    sold_hour: int = 0
    open_orders: int = 0
    breaches: int = 0
    discrepancies: int = 0


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as search results name it."""

    sku: str
    name: str
    unit: str
    decimals: int
    department: str = ""
    brand: str = ""
    tracked: bool = True
    barcodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShelfRow:
    """The sellable shelf of a product at a place; `buffer` is the largest kept back from any channel."""

    place_code: str
    place_name: str
    sku: str
    product_name: str
    unit: str
    decimals: int
    on_hand: int
    reserved: int
    held: int
    buffer: int = 0
    counted_at: datetime | None = None
    breached: bool = False
    discrepant: bool = False

    @property
    def available(self) -> int:
        """What may still be promised."""
        return self.on_hand - self.reserved - self.held - self.buffer

    @property
    def promised(self) -> int:
        """What orders and baskets count on."""
        return self.reserved + self.held

    def of(self, steps: int) -> Amount:
        """Put steps into the product's unit."""
        return Amount(steps, self.unit, self.decimals)


@dataclass(frozen=True, slots=True)
class Attention:
    """How many rows wait for a person."""

    breaches: int = 0
    reservations_at_risk: int = 0
    discrepancies: int = 0
    exceptions: int = 0
    quarantine: int = 0
    webhooks_dead: int = 0


@dataclass(frozen=True, slots=True)
class PulseFigures:
    """Everything on the pulse, of one moment. `lag_seconds` is how far the newest receipts were behind their tills."""

    taken_at: datetime
    series: MinuteSeries
    sold: tuple[SoldToday, ...] = ()
    promised: Promised = field(default_factory=Promised)
    attention: Attention = field(default_factory=Attention)
    newest: tuple[FeedRow, ...] = ()
    busiest: tuple[PlaceRow, ...] = ()
    places: int = 0
    time_zone: str = "UTC"
    lag_seconds: float | None = None
    last_receipt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for: filters, one sorted column, and what to go on after."""

    sort: str
    descending: bool
    filters: dict[str, str] = field(default_factory=dict)
    after: tuple[str, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Rows:
    """A part of a list; `after` is where the next one begins, None at the end."""

    rows: tuple[Any, ...] = ()
    after: tuple[str, str] | None = None
