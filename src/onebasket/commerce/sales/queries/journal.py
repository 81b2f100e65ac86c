"""What the journal reads of receipts: which are next, and all that they state, in a fixed number of statements."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.commerce.books.rules.selling import FunderName, Reduced, Taxed
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.sales.models import Receipt, ReceiptLine
from onebasket.commerce.sales.queries.originals import Printed
from onebasket.commerce.sales.rules.journal import JournalLine, JournalReceipt, JournalTender
from onebasket.commerce.sales.rules.receipt import Kind

BOOKED, MENDED = "receipt.booked", "line_exception.mended"
LOOKED_THROUGH = 2_000
"""So many events are looked through at a time, whatever they tell of. Only deleted events leave gaps in positions."""

_KINDS = {1: Kind.SALE, 2: Kind.RETURN, 3: Kind.VOID, 4: Kind.NO_SALE}
_FUNDERS: dict[int, FunderName] = {1: "retailer", 2: "manufacturer", 3: "partner"}
_VOID = 3


class Head(NamedTuple):
    """A receipt without its lines."""

    id: int
    place_id: int
    place_code: str
    kind: int
    effect: int
    voided: bool
    awaits_original: bool
    till: str
    business_day: date
    number: str
    original_place: str
    original_till: str
    original_day: date | None
    original_number: str
    line_count: int
    occurred_at: datetime
    currency: str
    loyalty_number: str
    change: int
    rounding: int
    tax_included: bool

    @property
    def printed(self) -> Printed:
        """Return how the receipt is named on paper."""
        return Printed(self.place_code, self.till, self.business_day, self.number)

    @property
    def counts(self) -> bool:
        """Whether it has an entry: a void that waits for its original has none yet."""
        return self.effect != 0 and not self.awaits_original

    @property
    def is_empty_void(self) -> bool:
        """Whether it lists no lines and sends back what is left of its original."""
        return self.counts and self.kind == _VOID and not self.line_count and self.original_day is not None

    @property
    def undoes(self) -> Printed:
        """Return the original that an empty void names."""
        assert self.original_day is not None  # noqa: S101 - asked of empty voids alone, which name one
        return Printed(self.original_place, self.original_till, self.original_day, self.original_number)


class News(NamedTuple):
    """What events tell of: the last position looked at, receipts that are new, and those of which a line was mended."""

    position: int
    booked: tuple[int, ...] = ()
    mended: tuple[int, ...] = ()


def news_after(position: int, limit: int) -> News | None:
    """Return the receipts that the next events tell of, at most so many, in order of position.

    None where events after the position are gone: they were deleted for their age before they were read.
    """
    ((count, last),) = bulk.fetch(
        "SELECT COUNT(*), MAX(position) FROM base_event WHERE position > %s AND position <= %s",
        [position, position + LOOKED_THROUGH],
    )
    if not count:
        return (
            None if bulk.fetch("SELECT 1 FROM base_event WHERE position > %s LIMIT 1", [position]) else News(position)
        )
    if count < last - position:
        return None
    rows = bulk.fetch(
        "SELECT position, type, subject FROM base_event WHERE position > %s AND position <= %s AND type IN (%s, %s) "
        "ORDER BY position LIMIT %s",
        [position, last, BOOKED, MENDED, limit],
    )
    told: dict[str, list[int]] = {BOOKED: [], MENDED: []}
    for _, kind, subject in rows:
        told[kind].append(int(subject.rpartition("/")[2]))
    return News(rows[-1][0] if len(rows) == limit else last, tuple(told[BOOKED]), tuple(told[MENDED]))


def heads_of(ids: Iterable[int]) -> dict[int, Head]:
    """Return receipts by id; those at a place that there is not are left out. One statement."""
    sql = (
        "SELECT r.id, r.place_id, p.code, r.kind, r.effect, r.voided, r.awaits_original, r.till, "  # noqa: S608
        "r.business_day, r.number, r.original_place, r.original_till, r.original_day, r.original_number, "
        "r.line_count, r.occurred_at, r.currency, r.loyalty_number, r.change, r.rounding, r.tax_included "
        f"FROM sales_receipt r JOIN places_place p ON p.id = r.place_id WHERE {bulk.in_list('r.id')} ORDER BY r.id"
    )
    return {row[0]: _head(row) for row in bulk.fetch(sql, [bulk.list_parameter(ids)])}


def _head(row: Sequence[Any]) -> Head:
    head = Head._make(row)
    occurred_at = as_instant(head.occurred_at)
    assert occurred_at is not None  # noqa: S101 - the column is not null
    return head._replace(
        voided=bool(head.voided),
        awaits_original=bool(head.awaits_original),
        business_day=_day(head.business_day),
        original_day=_day(head.original_day),
        occurred_at=occurred_at,
        tax_included=bool(head.tax_included),
    )


def _day(value: Any) -> Any:  # noqa: ANN401 - a date, its text on SQLite, or None
    return date.fromisoformat(value) if isinstance(value, str) else value


def empty_voids_of(names: Iterable[Printed]) -> list[int]:
    """Return the ids of voids without lines that undo these receipts; a statement each, for voids are rare."""
    return [
        identity
        for name in sorted(names)
        for identity in _voids_of(name).filter(line_count=0).values_list("id", flat=True)
    ]


def undone_by(name: Printed) -> list[int]:
    """Return what an empty void of this name undoes: the original, and the voids with lines that took back a part."""
    originals = Receipt.objects.filter(
        place__code=name.place, business_day=name.business_day, till=name.till, number=name.number,
        kind__in=(1, 2), voided=True,
    )  # fmt: skip
    parts = _voids_of(name).filter(line_count__gt=0)
    return [*originals.order_by("id").values_list("id", flat=True)[:1], *parts.values_list("id", flat=True)]


def _voids_of(name: Printed) -> Any:  # noqa: ANN401 - a query set
    return (
        Receipt.objects.filter(
            kind=_VOID, original_place=name.place, original_day=name.business_day, original_till=name.till,
            original_number=name.number,
        )
        .exclude(effect=0)
        .order_by("id")
    )  # fmt: skip


def read_whole(heads: Collection[Head]) -> list[JournalReceipt]:
    """Return receipts with their lines, discounts, taxes and tenders, as the journal reads them; five statements."""
    if not heads:
        return []
    keys, parameters = bulk.as_relation(ReceiptLine, ("place", "receipt"), sorted((h.place_id, h.id) for h in heads))
    discounts: dict[tuple[int, int], list[Reduced]] = {}
    for receipt, line, kind, funder, amount, reference in _parts(
        keys, parameters, "sales_receiptdiscount", "line, t.kind, t.funder, t.amount, t.reference", "t.id"
    ):
        discounts.setdefault((receipt, line), []).append(Reduced(kind, _FUNDERS[funder], amount, reference))
    taxes: dict[tuple[int, int], list[Taxed]] = {}
    for receipt, line, *tax in _parts(
        keys, parameters, "sales_receipttax", "line, t.code, t.rate, t.base, t.amount", "t.id"
    ):
        taxes.setdefault((receipt, line), []).append(Taxed(*tax))
    tenders: dict[int, list[JournalTender]] = {}
    for receipt, kind, amount in _parts(keys, parameters, "sales_receipttender", "kind, t.amount", "t.number"):
        tenders.setdefault(receipt, []).append(JournalTender(kind, amount))
    lines = _lines(keys, parameters, discounts, taxes)
    return [_whole(head, lines.get(head.id, ()), tenders.get(head.id, ())) for head in heads]


def _parts(keys: str, parameters: Sequence[Any], table: str, columns: str, order: str) -> list[tuple[Any, ...]]:
    sql = (
        f"SELECT t.receipt_id, t.{columns} FROM ({keys}) AS k "  # noqa: S608 - constants
        f"JOIN {table} t ON t.place_id = k.c0 AND t.receipt_id = k.c1 ORDER BY t.receipt_id, {order}"
    )
    return bulk.fetch(sql, parameters)


def _lines(
    keys: str,
    parameters: Sequence[Any],
    discounts: Mapping[tuple[int, int], Sequence[Reduced]],
    taxes: Mapping[tuple[int, int], Sequence[Taxed]],
) -> dict[int, list[JournalLine]]:
    rows = _parts(
        keys, parameters, "sales_receiptline", "number, t.product_id, t.list_amount, t.paid_amount", "t.number"
    )
    products = products_by_id({row[2] for row in rows if row[2] is not None})
    found: dict[int, list[JournalLine]] = {}
    for receipt, number, product_id, listed, paid in rows:
        product = products.get(product_id)
        department, category = (product.department, product.category) if product else ("", "")
        key = receipt, number
        line = JournalLine(listed, paid, department, category, discounts.get(key, ()), taxes.get(key, ()))
        found.setdefault(receipt, []).append(line)
    return found


def _whole(head: Head, lines: Sequence[JournalLine], tenders: Sequence[JournalTender]) -> JournalReceipt:
    return JournalReceipt(
        id=head.id,
        kind=_KINDS[head.kind],
        effect=head.effect,
        place_code=head.place_code,
        business_day=head.business_day,
        occurred_at=head.occurred_at,
        currency=head.currency,
        loyalty_number=head.loyalty_number,
        change=head.change,
        rounding=head.rounding,
        tax_included=head.tax_included,
        lines=lines,
        tenders=tenders,
    )
