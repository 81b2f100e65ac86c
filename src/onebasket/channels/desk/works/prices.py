"""Setting and ending shelf prices and card prices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.asking import sku_field
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import ItemOutcome, may
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions import end_prices, set_prices
from onebasket.commerce.pricing.models import Price
from onebasket.commerce.pricing.rules.book import PriceEnd, PriceItem
from onebasket.kernel.clock import zone
from onebasket.kernel.money import currencies, parse_amount
from onebasket.kernel.quantity import Unit, parse_quantity

_LOCAL = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
_FORMATS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


class NaiveTimeField(forms.DateTimeField):
    """A time as written, of no time zone yet: which one it is, the place says."""

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Read the time and leave the zone open."""
        found = super().to_python(value)
        return found.replace(tzinfo=None) if found else None


def time_field(label: str, *, help_text: str) -> NaiveTimeField:
    """Ask for a time; it may be left out."""
    return NaiveTimeField(label=label, required=False, widget=_LOCAL, input_formats=_FORMATS, help_text=help_text)


class WhoseForm(WorkForm):
    """Whose price it is."""

    sku = sku_field("Product", help_text="Begin with the name, the SKU or the barcode, and choose.")
    kind = forms.ChoiceField(
        required=False,
        choices=[("shelf", "shelf price"), ("loyalty", "card price")],
        help_text="What everybody pays, or what members pay with their card where that is less.",
    )
    place = forms.CharField(label="Place code", required=False, max_length=64, help_text="Empty is every place.")
    currency = forms.CharField(max_length=3, required=False, help_text="Such as USD; empty takes the place's own.")


class PriceForm(WhoseForm):
    """A price and from when it holds."""

    amount = forms.CharField(help_text="Such as 2.89.")
    per_quantity = forms.CharField(label="For", initial="1", help_text="How much of the product's unit that buys.")
    valid_from = time_field("From", help_text="In the place's time; without a place, in UTC. Empty is now.")
    valid_to = time_field("Until", help_text="Not included. Empty is until further notice.")


class EndForm(WhoseForm):
    """From when on there is no such price."""

    ends_at = time_field("From", help_text="In the place's time; without a place, in UTC. Empty is now.")


class _OnBook(Work):
    right = "prices.set"
    model = Price
    on_row = False

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        return {name: query[name] for name in ("sku", "kind", "place", "currency") if name in query}


class SetPrice(_OnBook):
    """Set what a product costs."""

    slug = "set-price"
    label = "Set a price"
    verb = "Set it"
    about = "The price takes its time span from what was said of it before. No version is ever overwritten."
    form = PriceForm

    def perform(self, asked: Asked) -> Result:
        """Set the price."""
        data, whose = asked.data, _whose(asked)
        if isinstance(whose, Refused):
            return whose
        unit, currency, zone_name = whose
        try:
            amount = parse_amount(data["amount"], currency)
        except ValueError as error:
            return Refused(f"{error}.", "amount")
        try:
            per_quantity = parse_quantity(data["per_quantity"], unit)
        except ValueError as error:
            return Refused(f"{error}.", "per_quantity")
        item = PriceItem(
            key=key_of(asked.key),
            sku=data["sku"],
            currency=currency,
            amount=amount,
            per_quantity=per_quantity,
            valid_from=_instant(data["valid_from"], zone_name),
            valid_to=_instant(data["valid_to"], zone_name) if data["valid_to"] else None,
            place=data["place"],
            kind=data["kind"] or "shelf",
        )
        with transaction.atomic():
            return _told(asked, set_prices(desk_source(), [item]), action="price.set", said="The price is set.")


class EndPrice(_OnBook):
    """End what a product costs."""

    slug = "end-price"
    label = "End a price"
    verb = "End it"
    about = "From then on there is no such price: a place falls back on the chain's."
    form = EndForm
    is_grave = True

    def perform(self, asked: Asked) -> Result:
        """End the price."""
        data, whose = asked.data, _whose(asked)
        if isinstance(whose, Refused):
            return whose
        _, currency, zone_name = whose
        item = PriceEnd(
            key=key_of(asked.key),
            sku=data["sku"],
            currency=currency,
            ends_at=_instant(data["ends_at"], zone_name),
            place=data["place"],
            kind=data["kind"] or "shelf",
        )
        with transaction.atomic():
            return _told(asked, end_prices(desk_source(), [item]), action="price.end", said="The price has ended.")


def _whose(asked: Asked) -> tuple[Unit, str, str] | Refused:
    """Return the product's unit, the currency and the time zone that the form's times are of."""
    data = asked.data
    product = products_by_sku([data["sku"]]).get(data["sku"])
    if product is None:
        return Refused(f"No product has the SKU {data['sku']!r}.", "sku")
    if not may(asked.user, "prices.set", data["place"] or None):
        return Refused("You may not set prices there.", "place")
    place = places_by_code([data["place"]]).get(data["place"])
    if data["place"] and place is None:
        return Refused(f"There is no place {data['place']!r}.", "place")
    currency = data["currency"].upper() or (place.currency if place else "")
    if currency not in currencies():
        return Refused("Name the currency, such as USD.", "currency")
    return Unit(product.unit, product.decimals), currency, place.time_zone if place else "UTC"


def _instant(stated: datetime | None, zone_name: str) -> datetime:
    return stated.replace(tzinfo=zone(zone_name)) if stated else datetime.now(UTC)


def _told(asked: Asked, outcomes: Sequence[ItemOutcome], *, action: str, said: str) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        transaction.set_rollback(True)
        return Refused(outcome.message)
    if outcome.outcome == "unchanged":
        return Done("That is how it stood already. Nothing was changed.", warn=True)
    place = asked.data["place"]
    trail.note_change(
        asked.actor,
        action=action,
        target=f"price/{asked.data['sku']}",
        at=database_now(),
        place_code=place,
        detail={name: str(value) for name, value in asked.data.items() if value not in {None, ""}},
    )
    return Done(said)
