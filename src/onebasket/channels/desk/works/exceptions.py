"""Working what facts left at odds: line exceptions, breaches, discrepancies."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.formats import quantity
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.asking import order_label, sku_field
from onebasket.channels.desk.works.orders import taken
from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.orders.models import Order
from onebasket.commerce.orders.rules.life import Step
from onebasket.commerce.sales.actions import SettledBeforeError, dismiss_line, mend_line
from onebasket.commerce.sales.actions.exceptions import OtherUnitError
from onebasket.commerce.sales.models import LineException
from onebasket.commerce.stock.actions import book_movements, note_exception
from onebasket.commerce.stock.models import Breach, Discrepancy, Shelf
from onebasket.commerce.stock.queries.promises import at_risk_of
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.messages import FactBooked, FactKind, FactLine, State, StockFact
from onebasket.kernel.quantity import Unit, parse_quantity

_SETTLED = "This was settled before. Nothing was changed."


class MendLineForm(WorkForm):
    """Which product it was."""

    sku = sku_field("Product", help_text="Begin with the name, the SKU or the barcode, and choose.")
    quantity = forms.CharField(
        required=False,
        help_text="In the product's own unit, negative when it came back. Empty takes the line's own quantity.",
    )


class _OnLine(Work):
    right = "exceptions.work"
    model = LineException

    def is_offered(self, row: Row) -> bool:
        return bool(row.state == LineException.State.OPEN)


class MendLine(_OnLine):
    """Say which product a line was, so that its stock moves."""

    slug = "mend-line"
    label = "Mend"
    verb = "Move the stock"
    about = (
        "Say what was sold. One movement takes it off the shelf, as of the receipt's time; the money stays as it is."
    )
    form = MendLineForm

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:
        """Begin with a product that is known already."""
        return {"sku": row.product.sku if row.product else query.get("sku", "")}

    def perform(self, asked: Asked) -> Result:
        """Mend the line."""
        sku = asked.data["sku"]
        product = products_by_sku([sku]).get(sku)
        if product is None:
            return Refused(f"No product has the SKU {sku!r}.", "sku")
        steps: int | None = None
        if asked.data["quantity"]:
            try:
                steps = parse_quantity(asked.data["quantity"], Unit(product.unit, product.decimals))
            except ValueError as error:
                return Refused(f"The quantity is counted in {product.unit}: {error}.", "quantity")
        try:
            mend_line(asked.row.pk, sku=sku, quantity=steps, actor=asked.actor, source_id=desk_source())
        except SettledBeforeError:
            return Refused(_SETTLED)
        except OtherUnitError as error:
            return Refused(f"The line is in {error.args[0]}: say the quantity in {product.unit}.", "quantity")
        return Done(f"The line was {product.name}. Its stock has moved.")


class DismissLine(_OnLine):
    """Close a line exception that needs no movement."""

    slug = "dismiss-line"
    label = "Dismiss"
    verb = "Dismiss"
    about = "Close this line without moving any stock: it was no goods, say, or was counted since."
    form = NoteForm
    is_grave = True

    def perform(self, asked: Asked) -> Result:
        """Dismiss the line."""
        try:
            dismiss_line(asked.row.pk, note=asked.data["note"], actor=asked.actor)
        except SettledBeforeError:
            return Refused(_SETTLED)
        return Done("Dismissed. No stock was moved.")


class _Note(Work):
    right = "exceptions.work"
    label = "Note"
    verb = "Keep the note"
    about = "Keep what you found out. The figures close it by themselves."
    form = NoteForm

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        return {"note": row.note}

    def perform(self, asked: Asked) -> Result:
        note_exception(self.model, asked.row.pk, actor=asked.actor, note=asked.data["note"])  # type: ignore[arg-type]
        return Done("The note is kept.")


class NoteBreach(_Note):
    """Note what was found out about a breach."""

    slug = "note-breach"
    model = Breach


class NoteDiscrepancy(_Note):
    """Note what was found out about a discrepancy."""

    slug = "note-discrepancy"
    model = Discrepancy


class SettleForm(WorkForm):
    """Which order is given up."""

    order = forms.ChoiceField(label="Order to cancel", widget=forms.RadioSelect)
    note = forms.CharField(max_length=200, help_text="Why this one; it is kept with the order's step.")

    def prepare(self) -> None:
        """Offer the orders at risk, by the rule: latest placed first."""
        risks = at_risk_of(self.row)
        orders = Order.objects.select_related("place").in_bulk({risk.reference for risk in risks})
        unit = self.row.product.unit
        steps = partial(quantity, unit=unit.code, decimals=unit.decimals)
        self.fields["order"].choices = [  # type: ignore[attr-defined]
            (
                str(risk.reference),
                f"{order_label(orders[risk.reference])}: {steps(risk.short)} short",
            )
            for risk in risks
            if risk.reference in orders
        ]


class SettleBreach(Work):
    """Give up a promise that the goods on hand do not cover."""

    slug = "settle-breach"
    label = "Cancel an order"
    verb = "Cancel the order"
    about = "Goods that were promised are gone. Cancel one of the orders at risk; its other lines are given up too."
    right = "orders.cancel"
    model = Breach
    form = SettleForm
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while the breach is open."""
        return row.closed_at is None

    def perform(self, asked: Asked) -> Result:
        """Cancel the order, and keep on the breach's trail which one it was."""
        order = UUID(asked.data["order"])
        with transaction.atomic():
            result = taken(asked, order, Step.CANCEL, reason=asked.data["note"])
            if isinstance(result, Done):
                trail.note_change(
                    asked.actor,
                    action="breach.settle",
                    target=f"breach/{asked.row.pk}",
                    at=database_now(),
                    place_code=asked.row.place.code,
                    detail={"order": str(order), "note": asked.data["note"]},
                )
        return result


class CountForm(WorkForm):
    """What lies there."""

    quantity = forms.CharField(label="Counted quantity")
    reference = forms.CharField(required=False, max_length=64, help_text="The count's own number, if it has one.")

    def prepare(self) -> None:
        """Say in which unit to count."""
        self.fields["quantity"].help_text = f"What lies there now, in {self.row.product.unit.code}."


class _Count(Work):
    right = "stock.count"
    label = "Book a count"
    verb = "Book the count"
    about = "Count what lies on the shelf now. The difference is booked as a movement; a count is a fact."
    form = CountForm

    def is_offered(self, row: Row) -> bool:
        return getattr(row, "closed_at", None) is None

    def perform(self, asked: Asked) -> Result:
        row, unit = asked.row, asked.row.product.unit
        try:
            steps = parse_quantity(asked.data["quantity"], Unit(unit.code, unit.decimals))
        except ValueError as error:
            return Refused(f"The quantity is counted in {unit.code}: {error}.", "quantity")
        line = FactLine(row.product.sku, steps, State[End(row.state).name])
        with transaction.atomic():
            fact = StockFact(
                key=key_of(asked.key),
                place=row.place.code,
                kind=FactKind.COUNT,
                occurred_at=datetime.now(UTC),
                lines=(line,),
                reference=asked.data["reference"],
            )
            return _booked(asked, fact, steps)


def _booked(asked: Asked, fact: StockFact, steps: int) -> Result:
    if steps < 0:
        return Refused("A count cannot be negative.", "quantity")
    (outcome,) = book_movements(desk_source(), [fact])
    if not isinstance(outcome, FactBooked):
        transaction.set_rollback(True)  # a person is here to be told, so nothing waits in quarantine
        return Refused(outcome.explanation)
    row = asked.row
    name = type(row).__name__.lower()
    trail.note_change(
        asked.actor,
        action="stock.count",
        target=f"{name}/{row.pk}",
        at=database_now(),
        place_code=fact.place,
        detail={"sku": row.product.sku, "state": fact.lines[0].state, "counted": steps},
    )
    return Done(f"The count of {row.product.name} is booked.")


class CountDiscrepancy(_Count):
    """Count a shelf whose figures make no sense."""

    slug = "count-discrepancy"
    model = Discrepancy


class CountShelf(_Count):
    """Count any shelf."""

    slug = "count-shelf"
    model = Shelf
