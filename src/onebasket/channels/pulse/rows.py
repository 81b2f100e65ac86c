"""What the lists and single pages behind the pulse show: frozen values, raw."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from onebasket.channels.pulse.figures import Amount, ShelfRow


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt in a list."""

    id: int
    kind: int
    effect: int
    number: str
    till: str
    place_code: str
    place_name: str
    time_zone: str
    business_day: date
    occurred_at: datetime
    booked_at: datetime
    line_count: int
    currency: str
    paid_total: int
    discount_total: int
    loyalty_number: str = ""
    clock_suspect: bool = False


@dataclass(frozen=True, slots=True)
class DiscountView:
    """A reduction of a line."""

    kind: str
    funder: int
    amount: int
    reference: str = ""

    @property
    def minus(self) -> int:
        """The reduction as it is printed."""
        return -self.amount


@dataclass(frozen=True, slots=True)
class ReceiptLineView:
    """A line as printed; `exception` is why it moved no stock, or empty."""

    number: int
    code: str
    sku: str
    name: str
    quantity: Amount
    list_amount: int
    paid_amount: int
    discounts: tuple[DiscountView, ...] = ()
    disposition: str = ""
    exception: str = ""


@dataclass(frozen=True, slots=True)
class TaxView:
    """Tax of one code and rate (parts per million) over the whole receipt."""

    code: str
    rate: int
    base: int
    amount: int


@dataclass(frozen=True, slots=True)
class TenderView:
    """A means of payment."""

    kind: str
    amount: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt, whole."""

    head: ReceiptRow
    lines: tuple[ReceiptLineView, ...]
    taxes: tuple[TaxView, ...]
    tenders: tuple[TenderView, ...]
    tax_total: int
    tax_included: bool
    tendered: int
    change: int
    rounding: int
    operator: str = ""
    original: str = ""

    @property
    def to_pay(self) -> int:
        """What the lines come to, with tax that they do not include."""
        return self.head.paid_total + (0 if self.tax_included else self.tax_total)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in a list."""

    id: UUID
    number: int
    channel: str
    status: str
    place_code: str
    place_name: str
    time_zone: str
    business_day: date
    placed_at: datetime
    changed_at: datetime
    line_count: int
    currency: str
    total: int
    loyalty_number: str = ""


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """A line of an order; `picked` is None until somebody has been at the shelf."""

    number: int
    sku: str
    name: str
    ordered: Amount
    promised: Amount
    picked: Amount | None
    unit_amount: int
    per_quantity: Amount
    amount: int
    place_code: str = ""


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order, whole, with why its place was chosen."""

    head: OrderRow
    lines: tuple[OrderLineView, ...]
    fulfilments: tuple[tuple[str, str, str], ...] = ()
    reason: tuple[tuple[str, str], ...] = ()
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class MovementRow:
    """A movement on one shelf; `delta` is what it did to the sellable on hand."""

    id: int
    kind: int
    origin: int
    target: int
    quantity: int
    occurred_at: datetime
    booked_at: datetime
    reference: str = ""

    @property
    def delta(self) -> int:
        """What the movement did to the sellable shelf, in steps."""
        if self.target == 1:
            return self.quantity
        return -self.quantity if self.origin == 1 else 0


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A promise on a shelf: an order's reservation, or a basket's hold with its expiry."""

    kind: str
    reference: UUID
    quantity: int
    placed_at: datetime
    expires_at: datetime | None = None
    at_risk: bool = False

    @property
    def tail(self) -> str:
        """The end of the id, for people."""
        return str(self.reference)[-6:]


@dataclass(frozen=True, slots=True)
class ShelfView:
    """One shelf with its newest movements and its open promises."""

    shelf: ShelfRow
    time_zone: str
    movements: tuple[MovementRow, ...] = ()
    promises: tuple[PromiseRow, ...] = ()


@dataclass(frozen=True, slots=True)
class OddsRow:
    """A breach or a discrepancy: `quantity` is the shortfall, or the on hand below zero."""

    id: int
    place_code: str
    place_name: str
    time_zone: str
    sku: str
    product_name: str
    unit: str
    decimals: int
    quantity: int
    opened_at: datetime
    closed_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A receipt line that moved no stock yet."""

    id: int
    receipt_id: int
    receipt_number: str
    place_code: str
    place_name: str
    time_zone: str
    line: int
    code: str
    reason: str
    state: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A message that could not be booked."""

    id: int
    kind: str
    key: str
    place_code: str
    reason: str
    explanation: str
    state: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A webhook delivery that was given up."""

    id: int
    url: str
    type: str
    subject: str
    place_code: str
    attempts: int
    last_error: str
    next_attempt_at: datetime
