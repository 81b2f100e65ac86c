"""What places keep back from channels."""

from collections.abc import Iterable

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.asking import sku_field
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import may
from onebasket.commerce.catalogue.queries import products_by_sku, units
from onebasket.commerce.stock.actions import set_buffers
from onebasket.commerce.stock.models import Buffer
from onebasket.commerce.stock.rules.buffers import BufferSetting
from onebasket.kernel.quantity import Unit, parse_quantity


class BufferForm(WorkForm):
    """What to keep back where."""

    place = forms.CharField(label="Place code", max_length=64)
    channel = forms.RegexField(
        "^[a-z][a-z0-9-]{0,15}$", required=False, help_text="Such as web or kiosk; empty is every channel."
    )
    sku = sku_field("Product", required=False, help_text="One product, or leave it empty and name a unit.")
    unit = forms.ChoiceField(required=False, help_text="Every product that is sold in this unit.")
    quantity = forms.CharField(help_text="In the unit of what is named. 0 keeps nothing back.")

    def prepare(self) -> None:
        """Offer the units that there are."""
        self.fields["unit"].choices = [("", "none"), *((code, code) for code in units())]  # type: ignore[attr-defined]


class SetBuffer(Work):
    """Keep a quantity back from a channel."""

    slug = "set-buffer"
    label = "Set a buffer"
    verb = "Set it"
    about = "Keep a quantity back from a channel at a place, for shoppers who stand before the shelf, say."
    right = "buffers.set"
    model = Buffer
    form = BufferForm
    on_row = False

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Leave the place to the form."""
        return ()

    def perform(self, asked: Asked) -> Result:
        """Set the buffer."""
        data = asked.data
        if not may(asked.user, "buffers.set", data["place"]):
            return Refused("You may not set buffers at this place.", "place")
        unit = _unit(data["sku"], data["unit"])
        if isinstance(unit, Refused):
            return unit
        try:
            steps = parse_quantity(data["quantity"], unit)
        except ValueError as error:
            return Refused(f"The quantity is counted in {unit.code}: {error}.", "quantity")
        if not 0 <= steps <= 10**9:
            return Refused("A buffer is between 0 and a thousand million steps.", "quantity")
        setting = BufferSetting(
            key_of(asked.key), data["place"], steps, channel=data["channel"], sku=data["sku"], unit=data["unit"]
        )
        return _set(asked, setting)


def _set(asked: Asked, setting: BufferSetting) -> Result:
    with transaction.atomic():
        (outcome,) = set_buffers(desk_source(), [setting])
        if outcome.outcome != "set":
            transaction.set_rollback(True)
            return Refused(outcome.message)
        target = f"buffer/{setting.place}/{setting.channel or 'every channel'}/{setting.sku or setting.unit}"
        trail.note_change(
            asked.actor,
            action="buffer.set",
            target=target,
            at=database_now(),
            place_code=setting.place,
            detail={"quantity": setting.quantity},
        )
    return Done("The buffer is set.")


def _unit(sku: str, code: str) -> Unit | Refused:
    if bool(sku) == bool(code):
        return Refused("Name either a product or a unit.")
    if code:
        return units()[code]
    product = products_by_sku([sku]).get(sku)
    return Unit(product.unit, product.decimals) if product else Refused(f"No product has the SKU {sku!r}.", "sku")
