"""Where the lists and single pages come from: the modules' queries, put into the shape of the pages."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from onebasket.base import overview as plumbing
from onebasket.base.clock import database_now
from onebasket.channels.pulse import formats
from onebasket.channels.pulse.figures import Amount, Part, PlaceRow, ProductRow, Rows, ShelfRow, Viewer
from onebasket.channels.pulse.now import SPAN, pulse_figures, seen_places
from onebasket.channels.pulse.reasons import why
from onebasket.channels.pulse.rows import (
    DeliveryRow,
    DiscountView,
    ExceptionRow,
    MovementRow,
    OddsRow,
    OrderLineView,
    OrderRow,
    OrderView,
    PromiseRow,
    QuarantineRow,
    ReceiptLineView,
    ReceiptRow,
    ReceiptView,
    ShelfView,
    TaxView,
    TenderView,
)
from onebasket.commerce.catalogue import queries as catalogue
from onebasket.commerce.orders.queries import overview as order_reads
from onebasket.commerce.sales.queries import overview as sales
from onebasket.commerce.stock.queries import overview as stock
from onebasket.kernel.clock import business_day
from onebasket.kernel.quantity import Unit

__all__ = ["READERS", "pulse_figures"]
FOUND_PRODUCTS = 30
PANEL_ROWS = 6
EACH = Unit("each", 0)
Reader = Callable[..., tuple[list[dict[str, Any]], tuple[str, str] | None]]


def receipts(viewer: Viewer, part: Part) -> Rows:
    """List receipts."""
    return _rows(sales.receipt_rows, ReceiptRow, viewer, part)


def orders(viewer: Viewer, part: Part) -> Rows:
    """List orders."""
    return _rows(order_reads.order_rows, OrderRow, viewer, part)


def breaches(viewer: Viewer, part: Part) -> Rows:
    """List breaches."""
    return _rows(stock.breach_rows, OddsRow, viewer, part)


def discrepancies(viewer: Viewer, part: Part) -> Rows:
    """List discrepancies."""
    return _rows(stock.discrepancy_rows, OddsRow, viewer, part)


def exceptions(viewer: Viewer, part: Part) -> Rows:
    """List line exceptions."""
    return _rows(sales.exception_rows, ExceptionRow, viewer, part)


def quarantine(viewer: Viewer, part: Part) -> Rows:
    """List quarantine."""
    return _rows(plumbing.quarantine_rows, QuarantineRow, viewer, part)


def deliveries(viewer: Viewer, part: Part) -> Rows:
    """List the webhook deliveries that were given up; they belong to no place."""
    del viewer
    found, after = plumbing.dead_delivery_rows(
        part.filters, sort=(part.sort, part.descending), after=part.after, limit=part.limit
    )
    return Rows(tuple(DeliveryRow(**row) for row in found), after)


def shelves(viewer: Viewer, part: Part) -> Rows:
    """List the shelves of a product (`filters["product"]`, a SKU)."""
    found, after = stock.shelf_rows(
        viewer.places,
        part.filters["product"],
        sort=(part.sort, part.descending),
        after=part.after,
        limit=part.limit,
        now=database_now(),
    )
    return Rows(tuple(_shelf(row) for row in found), after)


def top_shelves(viewer: Viewer, sku: str) -> tuple[ShelfRow, ...]:
    """Return the fullest shelves of a product."""
    return shelves(viewer, Part("on_hand", descending=True, filters={"product": sku}, limit=PANEL_ROWS)).rows


def products(viewer: Viewer, text: str) -> tuple[ProductRow, ...]:
    """Find products by name, SKU or barcode."""
    del viewer
    found = catalogue.search_products(text, FOUND_PRODUCTS)
    return tuple(ProductRow(item.sku, item.name, item.unit, item.decimals, item.department) for item in found)


def product(sku: str) -> ProductRow | None:
    """Return the product of this SKU."""
    item = catalogue.products_by_sku([sku]).get(sku)
    return None if item is None else ProductRow(item.sku, item.name, item.unit, item.decimals, item.department)


def sold_most(viewer: Viewer) -> str:
    """Return the SKU of the product that sells most just now where the viewer looks; "" while nothing does."""
    return sales.sold_most(viewer.places)


def today(viewer: Viewer) -> str:
    """Return the business day (ISO) that most of the viewer's places are at."""
    now = datetime.now(UTC)
    days = Counter(
        business_day(now, time_zone=place.time_zone, day_start_minutes=place.day_start_minutes)
        for place in seen_places(viewer)
    )
    return (days.most_common(1)[0][0] if days else now.date()).isoformat()


def place_choices(viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Return the places that lists can be filtered by."""
    return tuple((place.code, place.name) for place in seen_places(viewer))


def places(viewer: Viewer, part: Part) -> Rows:
    """List places with their last hour and what is open there; six statements."""
    text, kind = part.filters.get("q", "").casefold(), part.filters.get("kind", "")
    found = sorted(
        (
            place
            for place in seen_places(viewer)
            if (text in place.name.casefold() or text == place.code.casefold()) and kind in {"", place.kind}
        ),
        key=lambda place: (place.name, place.code),
        reverse=part.descending,
    )
    if part.after is not None:
        last = part.after
        found = [p for p in found if ((p.name, p.code) < last if part.descending else (p.name, p.code) > last)]
    shown = found[: part.limit]
    since = datetime.now(UTC) - SPAN
    sold = sales.receipts_by_place(viewer.places, since)
    ordered = order_reads.orders_by_place(viewer.places, since)
    unfinished = order_reads.open_by_place(viewer.places)
    breached, discrepant = stock.odds_by_place(viewer.places)
    rows = tuple(
        PlaceRow(
            place.code, place.name, place.kind, place.currency,
            receipts_hour=sold.get(place.code, (0, 0))[0],
            orders_hour=ordered.get(place.code, (0, 0))[0],
            sold_hour=sold.get(place.code, (0, 0))[1] + ordered.get(place.code, (0, 0))[1],
            open_orders=unfinished.get(place.code, 0),
            breaches=breached.get(place.code, 0),
            discrepancies=discrepant.get(place.code, 0),
        )
        for place in shown
    )  # fmt: skip
    return Rows(rows, (shown[-1].name, shown[-1].code) if len(found) > part.limit else None)


def receipt(viewer: Viewer, identity: int) -> ReceiptView | None:
    """Return a receipt, whole; None when there is none or it is of a foreign place."""
    found = sales.receipt_whole(viewer.places, identity)
    if found is None:
        return None
    head, units = found["head"], catalogue.units()
    discounts: dict[int, list[DiscountView]] = defaultdict(list)
    for row in found["discounts"]:
        discounts[row.pop("line")].append(DiscountView(**row))
    return ReceiptView(
        head=ReceiptRow(**{name: head[name] for name in ReceiptRow.__slots__}),
        lines=tuple(_line(row, units, discounts, found["exceptions"]) for row in found["lines"]),
        taxes=_taxes(found["taxes"]),
        tenders=tuple(TenderView(**row) for row in found["tenders"]),
        original=_original(
            head["original_place"], head["original_till"], head["original_number"], head["original_day"]
        ),
        **{name: head[name] for name in ("tax_total", "tax_included", "tendered", "change", "rounding", "operator")},
    )


def order(viewer: Viewer, identity: UUID) -> OrderView | None:
    """Return an order, whole; None when there is none or it is of a foreign place."""
    found = order_reads.order_whole(viewer.places, identity)
    if found is None:
        return None
    head = found["head"]
    return OrderView(
        head=OrderRow(**{name: head[name] for name in OrderRow.__slots__}),
        lines=tuple(_order_line(row, head["status"]) for row in found["lines"]),
        fulfilments=tuple(found["fulfilments"]),
        reason=_reason(head["reason"]),
        expires_at=head["expires_at"],
        note=head["note"],
    )


def shelf(viewer: Viewer, place_code: str, sku: str) -> ShelfView | None:
    """Return a shelf with its movements and promises; None when there is none or it is of a foreign place."""
    found = stock.shelf_whole(viewer.places, place_code, sku, now=database_now())
    if found is None:
        return None
    reserved = (
        PromiseRow(
            "reservation", item.reference, item.quantity, item.placed_at,
            at_risk=(item.reference, item.line) in found["at_risk"],
        )
        for item in found["reservations"]
    )  # fmt: skip
    held = (
        PromiseRow("hold", row["hold_id"], row["quantity"], row["created_at"], row["expires_at"])
        for row in found["holds"]
    )
    return ShelfView(
        shelf=_shelf(found["shelf"]),
        time_zone=found["shelf"]["time_zone"],
        movements=tuple(MovementRow(**row) for row in found["movements"]),
        promises=(*reserved, *held),
    )


def _rows(reader: Reader, kind: Callable[..., Any], viewer: Viewer, part: Part) -> Rows:
    found, after = reader(
        viewer.places, part.filters, sort=(part.sort, part.descending), after=part.after, limit=part.limit
    )
    return Rows(tuple(kind(**row) for row in found), after)


def _shelf(row: dict[str, Any]) -> ShelfRow:
    return ShelfRow(**{name: row[name] for name in ShelfRow.__slots__})


def _line(
    row: dict[str, Any], units: dict[str, Unit], discounts: dict[int, list[DiscountView]], exceptions: dict[int, str]
) -> ReceiptLineView:
    unit = units.get(row["unit_code"], EACH)
    return ReceiptLineView(
        number=row["number"],
        code=row["code"],
        sku=row["sku"] or "",
        name=row["name"] or "",
        quantity=Amount(row["quantity"], unit.code, unit.decimals),
        list_amount=row["list_amount"],
        paid_amount=row["paid_amount"],
        discounts=tuple(discounts[row["number"]]),
        disposition=row["disposition"],
        exception=exceptions.get(row["number"], ""),
    )


def _taxes(rows: list[dict[str, Any]]) -> tuple[TaxView, ...]:
    bases: dict[tuple[str, int], int] = defaultdict(int)
    amounts: dict[tuple[str, int], int] = defaultdict(int)
    for row in rows:
        bases[row["code"], row["rate"]] += row["base"]
        amounts[row["code"], row["rate"]] += row["amount"]
    return tuple(TaxView(code, rate, base, amounts[code, rate]) for (code, rate), base in sorted(bases.items()))


def _original(place: str, till: str, number: str, day: date | None) -> str:
    if not number:
        return ""
    values = {"number": number, "place": place, "till": till, "day": formats.day(day) if day else ""}
    return _("receipt %(number)s of %(day)s, %(place)s, till %(till)s") % values


def _order_line(row: dict[str, Any], status: str) -> OrderLineView:
    unit, decimals = row.pop("unit"), row.pop("decimals")
    picked = None if status in {"awaiting_payment", "placed"} else row["picked"]
    quantities = {
        name: Amount(row[name], unit, decimals) for name in ("ordered", "promised", "per_quantity")
    }  # fmt: skip
    return OrderLineView(
        **{**row, **quantities, "picked": None if picked is None else Amount(picked, unit, decimals)},
    )


def _reason(reason: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - stored JSON, whatever its age
    if not isinstance(reason, dict):
        return (("", str(reason)),) if reason else ()
    words = {"chosen": _("Chosen"), "asked": _("Asked for")}
    shown = ((words[name], value) for name, value in reason.items() if name in words and value)
    return tuple(
        (name, ", ".join(map(str, value)) if isinstance(value, list) else why(str(value))) for name, value in shown
    )


READERS: dict[str, Callable[[Viewer, Part], Rows]] = {
    "receipts": receipts, "orders": orders, "shelves": shelves, "places": places, "breaches": breaches,
    "discrepancies": discrepancies, "exceptions": exceptions, "quarantine": quarantine, "webhooks": deliveries,
}  # fmt: skip
"""What fetches each list, by its key."""
