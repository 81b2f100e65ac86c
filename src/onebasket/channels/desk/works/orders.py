"""The steps of an order's life that people take by hand: pick, hand over, cancel, put back."""

from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.formats import quantity, words
from onebasket.channels.desk.own import key_of
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import reach
from onebasket.commerce.orders.actions import StepCall, step_orders
from onebasket.commerce.orders.models import Order, OrderLine
from onebasket.commerce.orders.rules.life import Status, Step, steps_from
from onebasket.commerce.orders.rules.messages import OrderStep, PickedLine, StepDone, StepRefused
from onebasket.kernel.quantity import Unit, parse_quantity

OWN_SOURCE = 0
"""The hub itself: an order's steps that people take here are its own."""
RIGHTS = {
    Step.CANCEL: "orders.cancel",
    Step.PICK: "orders.pick",
    Step.HAND_OVER: "orders.pick",
    Step.PUT_BACK: "orders.pick",
}


def taken(
    asked: Asked, order: UUID, step: Step, *, lines: tuple[PickedLine, ...] | None = None, reason: str = ""
) -> Result:
    """Take a step within what the person may reach, and leave a trail entry in the same transaction."""
    request = OrderStep(key_of(asked.key), order, step, lines=lines, reason=reason)
    with transaction.atomic():
        (outcome,) = step_orders([StepCall(OWN_SOURCE, request, reach(asked.user, RIGHTS[step]))])
        if isinstance(outcome, StepDone):
            row = Order.objects.select_related("place").get(pk=order)
            trail.note_change(
                asked.actor,
                action=f"order.{step}",
                target=f"order/{order}",
                at=database_now(),
                place_code=row.place.code,
                detail={"reason": reason} if reason else {},
            )
            return Done(f"The order is {words(outcome.status)}.")
    if isinstance(outcome, StepRefused):
        return Refused(outcome.message)
    return Refused("This form was used before for something else, or the order is not there. Load the page again.")


class ReasonForm(WorkForm):
    """Asks why."""

    reason = forms.CharField(max_length=200, help_text="Kept in the audit trail.")


class _Step(Work):
    model = Order
    step: Step
    right = "orders.pick"

    def is_offered(self, row: Row) -> bool:
        return self.step in steps_from(Status(row.status))

    def perform(self, asked: Asked) -> Result:
        return taken(asked, asked.row.pk, self.step, reason=asked.data.get("reason", ""))


class PickForm(WorkForm):
    """How much of each line was picked."""

    def prepare(self) -> None:
        """Ask for each line that is not picked yet, beginning with what was promised."""
        lines = OrderLine.objects.filter(order=self.row, picked__isnull=True).select_related("product__unit")
        for line in lines.order_by("number"):
            unit = line.product.unit
            promised = quantity(line.promised, unit=unit.code, decimals=unit.decimals)
            self.fields[f"line-{line.number}"] = forms.CharField(
                label=f"{line.product.name}",
                initial=promised.removesuffix(f" {unit.code}"),
                help_text=f"Promised: {promised}. Less is a short pick; 0 is none.",
            )
            self.fields[f"line-{line.number}"].unit = Unit(unit.code, unit.decimals)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the quantities exactly."""
        cleaned: dict[str, Any] = super().clean() or {}
        for name, field in self.fields.items():
            try:
                cleaned[name] = parse_quantity(cleaned.get(name, ""), field.unit)  # type: ignore[attr-defined]
            except ValueError as error:
                self.add_error(name, f"{error}.")
            else:
                if cleaned[name] < 0:
                    self.add_error(name, "A quantity that was picked cannot be negative.")
        return cleaned


class PickOrder(_Step):
    """Take the goods off the shelf."""

    slug = "pick"
    label = "Pick"
    verb = "Picked"
    about = "Say what was taken from the shelf. What is short of the promise ends with it; the order is ready after."
    step = Step.PICK
    form = PickForm

    def perform(self, asked: Asked) -> Result:
        """Pick what the form states."""
        lines = tuple(PickedLine(int(name.removeprefix("line-")), steps) for name, steps in asked.data.items())
        return taken(asked, asked.row.pk, self.step, lines=lines or None)


class HandOverOrder(_Step):
    """Give the goods to the customer."""

    slug = "hand-over"
    label = "Hand over"
    verb = "Handed over"
    about = "The customer has the goods. They leave staging, and the order is done."
    step = Step.HAND_OVER


class CancelOrder(_Step):
    """End the order."""

    slug = "cancel"
    label = "Cancel"
    verb = "Cancel the order"
    about = "What is promised and not picked is free at once. What was picked counts again once it is put back."
    step = Step.CANCEL
    right = "orders.cancel"
    form = ReasonForm
    is_grave = True


class PutBackOrder(_Step):
    """Put staged goods of a cancelled order back."""

    slug = "put-back"
    label = "Put back"
    verb = "Put back"
    about = "The goods that were picked are back on the shelf, where they count again."
    step = Step.PUT_BACK

    def is_offered(self, row: Row) -> bool:
        """Offer it while something of a cancelled order is staged."""
        if not super().is_offered(row):
            return False
        lines = OrderLine.objects.filter(order=row).values_list("picked", "put_back")
        return any((picked or 0) > put_back for picked, put_back in lines)
