"""An order's page: how far it is, what it comes to, and what its shopper can do."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from onebasket.commerce.orders.actions.secrets import collection_code, page_secret
from onebasket.commerce.orders.queries.following import Followed, FollowedLine, FollowedTax
from onebasket.commerce.payments.queries.tenders import TenderSeen, tenders_of
from onebasket.commerce.slots.queries import slots_by_id
from onebasket.front import formats
from onebasket.front.codes import qr_code
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.notes import refusals
from onebasket.front.parts import PartView, view_parts
from onebasket.front.sizes import Named, take_apart
from onebasket.front.slots import slot_text
from onebasket.front.stores import Store, Stores
from onebasket.front.words import STATUSES, TENDERS, Word

WAY = ("placed", "picking", "ready", "handed_over")
"""The stations of an order, in order."""
CANCELLABLE = frozenset({"placed", "awaiting_payment"})
"""Until somebody picks it, its shopper can take it back; later, the store is asked."""


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line of an order on its page."""

    line: FollowedLine
    named: Named
    picture: Picture
    taxes: tuple[FollowedTax, ...]
    amount: int
    """What is due for it, without the tax that stands beside the lines."""
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def quantity(self) -> str:
        """Write how much is due: what was picked, before that what was promised."""
        due = self.line.promised if self.line.picked is None else self.line.picked
        return formats.quantity(due, self.line.unit, self.line.decimals)

    @property
    def short(self) -> str:
        """Write how much of it was not there when it was picked, else nothing."""
        picked = self.line.picked
        if picked is None or picked >= self.line.promised:
            return ""
        return formats.quantity(self.line.promised - picked, self.line.unit, self.line.decimals)


@dataclass(frozen=True, slots=True)
class Station:
    """A station on the order's way: done, present, or still to come."""

    name: Word
    state: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its page shows it."""

    head: Followed
    store: Store | None
    lines: tuple[SeenLine, ...]
    when: str
    tenders: tuple[TenderSeen, ...]
    secret: str
    code: str
    parts: tuple[PartView, ...] = ()
    """What partners send of it."""

    @property
    def status(self) -> Word:
        """Write where it stands."""
        return STATUSES[self.head.status]

    @property
    def is_open(self) -> bool:
        """Whether it is on its way."""
        return self.head.status in {"awaiting_payment", *WAY[:-1]}

    @property
    def is_collected(self) -> bool:
        """Whether any of it is collected at the store."""
        return bool(self.lines)

    @property
    def live_parts(self) -> list[PartView]:
        """Return the parts for which something is due."""
        return [part for part in self.parts if part.counts]

    @property
    def total(self) -> int:
        """Return what all of it comes to, the store's goods and what partners send."""
        return self.head.total + sum(part.part.total for part in self.live_parts)

    @property
    def kept_parts(self) -> list[PartView]:
        """Return the parts that stay when the order is taken back: their partners were asked for them."""
        return [part for part in self.parts if part.is_asked]

    @property
    def can_be_cancelled(self) -> bool:
        """Whether its shopper can take it back."""
        return self.head.status in CANCELLABLE and (self.is_collected or not self.kept_parts)

    @property
    def can_be_changed(self) -> bool:
        """Whether its shopper can open it again as a basket."""
        return self.head.status in CANCELLABLE and not self.kept_parts

    @property
    def stations(self) -> list[Station]:
        """Return its way, with where it is; none for an order that has ended otherwise."""
        if self.head.status not in WAY or not self.is_collected:
            return []
        at = WAY.index(self.head.status)
        return [
            Station(STATUSES[name], "done" if index < at else "present" if index == at else "ahead")
            for index, name in enumerate(WAY)
        ]

    @property
    def taxes(self) -> list[FollowedTax]:
        """Return its taxes by code and rate, each summed over the lines."""
        summed: dict[tuple[str, int], FollowedTax] = {}
        for line in self.lines:
            for tax in line.taxes:
                before = summed.get((tax.code, tax.rate))
                base, amount = (before.base, before.amount) if before else (0, 0)
                summed[tax.code, tax.rate] = FollowedTax(tax.code, tax.rate, base + tax.base, amount + tax.amount)
        return list(summed.values())

    @property
    def goods(self) -> int:
        """Return what the lines come to, before the tax that stands beside them."""
        return sum(line.amount for line in self.lines)

    @property
    def ways(self) -> list[tuple[Word, TenderSeen]]:
        """Return how it is paid: what each tender is called, and how it stands."""
        return [(TENDERS.get(tender.method, tender.method), tender) for tender in self.tenders]

    @property
    def priced_by_rule(self) -> bool:
        """Whether so many offers met that they were not all tried."""
        return self.head.priced_by != "exact"

    @property
    def awaits(self) -> bool:
        """Whether it waits for its payment."""
        return self.head.status == "awaiting_payment"

    @property
    def picked_less(self) -> bool:
        """Whether anything was not there when it was picked."""
        return any(line.short for line in self.lines)

    @property
    def qr(self) -> SafeString:
        """Draw the collection code: what the counter scans."""
        return qr_code(self.code)


def _seen(line: FollowedLine, head: Followed) -> SeenLine:
    taxes = line.taxes_due(included=head.tax_included)
    return SeenLine(
        line,
        take_apart(line.name),
        picture_for(line.sku, line.name, "", ""),
        taxes,
        line.amount - (0 if head.tax_included else sum(tax.amount for tax in taxes)),
        tuple(refusals((one.note for one in head.notes if one.line == line.line), head.currency)),
    )


def view_order(head: Followed, stores: Stores, *, now: datetime) -> OrderView:
    """Return an order as its page shows it; one statement more, one for its slot, four for what partners send of it."""
    store = stores.named(head.place)
    slot = slots_by_id([head.slot_id], now=now).get(head.slot_id) if head.slot_id else None
    lines = tuple(_seen(line, head) for line in head.lines)
    return OrderView(
        head,
        store,
        lines,
        slot_text(slot, store, now=now) if slot and store else "",
        tuple(tender for tender in tenders_of(head.id) if tender.status != "reversed"),
        page_secret(head.id, head.secret_generation),
        collection_code(head.id, head.secret_generation),
        view_parts(head.id) if head.part_count else (),
    )
