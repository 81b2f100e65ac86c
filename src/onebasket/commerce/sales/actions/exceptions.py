"""Settle line exceptions: say what was sold, and one movement mends the stock; or dismiss it with a note."""

from datetime import datetime

from django.db import transaction

from onebasket.base import bulk, inbox, outbox, trail
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.sales.actions.stating import Going
from onebasket.commerce.sales.locking import await_turn
from onebasket.commerce.sales.models import LineException, ReceiptLine
from onebasket.commerce.sales.queries.originals import mending_key
from onebasket.commerce.sales.rules.receipt import Disposition, Kind, comes_back_unsellable
from onebasket.commerce.stock.actions import open_book, post
from onebasket.commerce.stock.rules.book import Cause, ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.ends import Kind as Moved
from onebasket.commerce.stock.rules.events import Names
from onebasket.kernel.identity import fingerprint


class SettledBeforeError(Exception):
    """The exception was settled before; nothing was changed."""


class UnknownProductError(Exception):
    """No product has this SKU; nothing was changed."""


class OtherUnitError(Exception):
    """The line is in another unit than the product, so its quantity must be said in the product's; nothing was changed.

    Carries the line's unit and the product's.
    """


def mend_line(exception_id: int, *, sku: str, quantity: int | None, actor: str, source_id: int) -> None:
    """Say which product a line was, and move it once, as of the receipt's time.

    `quantity` in steps of the product's unit (negative: it came back, onto the shelf where a return's line that was
    known at once would have put it); None takes the line's own.
    Raises SettledBeforeError, UnknownProductError, OtherUnitError, or LineException.DoesNotExist.
    """
    with transaction.atomic():
        await_turn(alone=False)  # a void of the receipt sees the line either open or moved
        now = database_now()
        exception = _lock_open(exception_id)
        product = products_by_sku([sku]).get(sku)
        if product is None:
            raise UnknownProductError(sku)
        lines = ReceiptLine.objects.filter(
            place_id=exception.place_id, receipt_id=exception.receipt_id, number=exception.line
        )
        line = lines.get()
        if quantity is None and line.unit_code not in {"", product.unit}:
            raise OtherUnitError(line.unit_code, product.unit)
        moved = exception.quantity if quantity is None else quantity
        end = _end(exception, line.disposition, moved)
        _move(exception, product, Going(exception.line, product.id, end, moved), source_id=source_id, now=now)
        exception.product_id = product.id
        _settle(exception, LineException.State.MENDED, actor=actor, note=f"{moved} of {sku}", now=now)
        lines.update(product_id=product.id)


def dismiss_line(exception_id: int, *, note: str, actor: str) -> None:
    """Close an exception that needs no movement, with a note."""
    with transaction.atomic():
        await_turn(alone=False)
        exception = _lock_open(exception_id)
        _settle(exception, LineException.State.DISMISSED, actor=actor, note=note, now=database_now())


def _lock_open(exception_id: int) -> LineException:
    exception = (
        LineException.objects.select_related("receipt", "place").select_for_update(of=("self",)).get(pk=exception_id)
        if bulk.is_postgresql()
        else LineException.objects.select_related("receipt", "place").get(pk=exception_id)
    )
    if exception.state != LineException.State.OPEN:
        raise SettledBeforeError(exception.state)
    return exception


def _end(exception: LineException, disposition: str, quantity: int) -> End:
    kind, stated = Kind(exception.receipt.get_kind_display()), Disposition(disposition) if disposition else None
    return End.UNSELLABLE if quantity < 0 and comes_back_unsellable(kind, stated) else End.SELLABLE


def _move(exception: LineException, product: ProductFacts, going: Going, *, source_id: int, now: datetime) -> None:
    if not going.quantity or not product.tracked:
        return
    key = mending_key(exception.pk)
    claimed = inbox.claim("mend", [inbox.Claim(source_id, key, fingerprint([product.sku, going.quantity]))])
    entry = claimed.fresh[0]
    occurred_at = exception.receipt.occurred_at
    shelf = ShelfKey(exception.place_id, going.end, product.id)
    book = open_book([shelf], now=now, make=True, facts_since=occurred_at)
    ends = (going.end, End.CUSTOMER) if going.quantity > 0 else (End.CUSTOMER, going.end)
    cause = Cause(entry, going.line, occurred_at, now, exception.receipt.number)
    book.move(exception.place_id, product.id, kind=Moved.MEND, ends=ends, quantity=abs(going.quantity), cause=cause)
    post(book, now=now, names=Names({exception.place_id: exception.place.code}, {product.id: product.sku}))
    inbox.settle({entry: "{}"})


def _settle(exception: LineException, state: LineException.State, *, actor: str, note: str, now: datetime) -> None:
    exception.state, exception.note, exception.settled_by, exception.settled_at = state, note, actor, now
    exception.save(update_fields=["state", "note", "settled_by", "settled_at", "product"])
    code = exception.place.code
    trail.note_change(
        actor,
        action=f"line_exception.{state}",
        target=f"line-exception/{exception.pk}",
        at=now,
        place_code=code,
        detail={"note": note},
    )
    data = {
        "receipt": exception.receipt_id,
        "place": code,
        "line": exception.line,
        "code": exception.code,
        "reason": exception.reason,
    }
    outbox.record([outbox.News(f"line_exception.{state}", f"receipt/{exception.receipt_id}", now, data, code)])
