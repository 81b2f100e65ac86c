"""What is asked of baskets and what is answered: frozen, and the shape kept in the inbox."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.orders.rules.messages import LineRequest, OrderConflict, Shortfall
from onebasket.commerce.orders.rules.offering import MOST_OFFERS, BasketOffer, OfferChange, OfferWanted
from onebasket.kernel.patterns import exactly

HOLD_MINUTES = 30
"""How long a basket holds its units from the first one on."""
MOST_RENEWALS = 3
"""How often a shopper may ask for that time anew: units that are held are not sold."""
MOST_LINES = 200
MOST_COUPONS = 50

Key = Annotated[str, Meta(min_length=1, max_length=120)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Channel = Annotated[str, Meta(pattern=exactly("[a-z][a-z0-9-]{0,15}"))]


class LineWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product, by SKU, and how much of it the basket is to hold in steps of its unit; 0 takes it out."""

    sku: Code
    quantity: Annotated[int, Meta(ge=0, le=10**9)]


class OpenBasket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="open", tag_field="ask"):
    """A basket to open at a place, with lines and partners' offers at once if wanted."""

    key: Key
    place: Code
    lines: Annotated[tuple[LineRequest, ...], Meta(max_length=MOST_LINES)] = ()
    channel: Channel = "web"
    loyalty_number: Annotated[str, Meta(max_length=64)] = ""
    offers: Annotated[tuple[OfferWanted, ...], Meta(max_length=MOST_OFFERS)] = ()


class ChangeBasket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="change", tag_field="ask"):
    """A change of an open basket; what is not stated stays. All of it is done, or nothing.

    `place`: serve it from there. `slot`: collect then, 0 gives the slot back. `add` and `remove` are coupon codes.
    `renew`: hold all of it for the whole time anew. `drop`: give everything back. `version`: only if it stands there.
    """

    key: Key
    basket: UUID
    lines: Annotated[tuple[LineWanted, ...], Meta(max_length=MOST_LINES)] = ()
    place: Annotated[str, Meta(max_length=64)] = ""
    loyalty_number: Annotated[str, Meta(max_length=64)] | None = None
    slot: Annotated[int, Meta(ge=0, le=2**62)] | None = None
    add: Annotated[tuple[Code, ...], Meta(max_length=MOST_COUPONS)] = ()
    remove: Annotated[tuple[Code, ...], Meta(max_length=MOST_COUPONS)] = ()
    renew: bool = False
    drop: bool = False
    version: int | None = None
    offers: Annotated[tuple[OfferWanted, ...], Meta(max_length=MOST_OFFERS)] = ()


BasketRequest = OpenBasket | ChangeBasket


class BasketLineState(msgspec.Struct, frozen=True, gc=False):
    """A line: how much is wanted, and how much of it is held; the place lacks the rest."""

    sku: str
    quantity: int
    held: int


class BasketStands(msgspec.Struct, frozen=True, tag="stands", tag_field="outcome"):
    """The basket as it is now. `renewed`: its hold had expired, and what is there was held anew at present prices."""

    id: UUID
    version: int
    state: str
    place: str
    channel: str
    currency: str
    lines: tuple[BasketLineState, ...]
    held_since: datetime | None = None
    held_until: datetime | None = None
    slot: int | None = None
    coupons: tuple[str, ...] = ()
    loyalty_number: str = ""
    renewed: bool = False
    offers: tuple[BasketOffer, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, neither of the store's nor of partners'."""
        return not self.lines and not self.offers

    @property
    def lacks(self) -> tuple[BasketLineState, ...]:
        """Return the lines of which not everything is held."""
        return tuple(line for line in self.lines if line.held < line.quantity)


BasketRefusal = Literal[
    "unknown_place", "inactive_place", "unknown_product", "inactive_product", "untracked_product", "doubled_line",
    "too_many_lines", "too_many_coupons", "slot_not_free", "other_slot", "no_more_renewals", "basket_closed",
    "basket_changed", "too_many_offers", "offer_changed",
]  # fmt: skip


class BasketRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was changed; `offers` are those that are not sold, or cost something else than was seen."""

    code: BasketRefusal
    message: str
    skus: tuple[str, ...] = ()
    offers: tuple[OfferChange, ...] = ()


class BasketUnknown(msgspec.Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """There is no such basket, or it is not the caller's; never stored."""

    basket: UUID


BasketOutcome = BasketStands | BasketRefused | BasketUnknown | OrderConflict


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to reach about an order: a name, and an e-mail address or a telephone number."""

    name: Annotated[str, Meta(min_length=1, max_length=120)]
    email: Annotated[str, Meta(max_length=254)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    language: Annotated[str, Meta(max_length=16)] = ""


class ShipTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where partners send what they serve of an order; to whoever the contact names. `country` is ISO 3166 alpha-2."""

    street: Annotated[str, Meta(min_length=1, max_length=200)]
    city: Annotated[str, Meta(min_length=1, max_length=120)]
    postcode: Annotated[str, Meta(min_length=1, max_length=16)]
    country: Annotated[str, Meta(pattern=exactly("[A-Z]{2}"))]
    region: Annotated[str, Meta(max_length=120)] = ""


PaymentMethod = Literal["at_collection", "invoice", "card"]
AheadMethod = Literal["invoice", "card"]


class Checkout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket to place as an order. `version` and `expected_total` are what the shopper saw: else nothing is done.

    `expected_total` is what the store's own goods come to, `offers_total` what partners' do with their shipping and
    tax. `balances`: codes of gift cards and store credit to spend first, on the own part, then on the partners' in
    their order; `method` pays for the rest. What partners send is paid ahead: where `method` is at collection,
    `offers_method` pays for it. `ship_to` is needed where there are offers.
    """

    key: Key
    basket: UUID
    version: int
    expected_total: Annotated[int, Meta(ge=0, le=10**13)]
    contact: Contact
    method: PaymentMethod = "at_collection"
    balances: Annotated[tuple[Code, ...], Meta(max_length=10)] = ()
    note: Annotated[str, Meta(max_length=500)] = ""
    offers_total: Annotated[int, Meta(ge=0, le=10**13)] = 0
    offers_method: AheadMethod | None = None
    ship_to: ShipTo | None = None

    @property
    def ahead(self) -> PaymentMethod:
        """Return what pays for partners' parts beside balances; at collection is refused."""
        return self.offers_method or self.method


CheckoutRefusal = Literal[
    "short", "basket_changed", "price_changed", "basket_closed", "basket_empty", "no_price", "no_contact",
    "slot_needed", "slot_not_free", "inactive_place", "unknown_product", "inactive_product", "coupon_not_usable",
    "balance_not_usable", "method_not_offered", "too_much_money", "offers_changed", "address_needed", "paid_ahead",
]  # fmt: skip


class CheckoutRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """No order was placed and nothing was changed; `total` is what the basket comes to now, where that is known.

    `offers` are partners' offers that are not as they were agreed to, `offers_total` what all of them come to now.
    """

    code: CheckoutRefusal
    message: str
    shortfalls: tuple[Shortfall, ...] = ()
    skus: tuple[str, ...] = ()
    total: int | None = None
    version: int | None = None
    offers: tuple[OfferChange, ...] = ()
    offers_total: int | None = None


class BasketNews(msgspec.Struct, frozen=True, omit_defaults=True):
    """A basket was opened, changed or dropped; lines as [sku, steps wanted, steps held], offers as [id, how many]."""

    basket: str
    place: str
    channel: str
    state: str
    version: int
    held_until: datetime | None
    lines: list[tuple[str, int, int]]
    offers: list[tuple[int, int]] = []


EVENTS: dict[str, type[msgspec.Struct]] = {"basket.changed": BasketNews}
"""The data of each event type that baskets emit."""
