"""Taxes: set and end rates, say how they are reckoned, and of which class goods are."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.asking import sku_field
from onebasket.channels.desk.works.prices import time_field
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import ItemOutcome
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions import end_taxes, set_tax_classes, set_tax_terms, set_taxes
from onebasket.commerce.pricing.models import Tax, TaxClass, TaxTerms
from onebasket.commerce.pricing.rules.messages import TaxClassItem, TaxEnd, TaxItem, TaxTermsItem
from onebasket.kernel.clock import zone
from onebasket.kernel.money import scale_exactly

_PERCENT_DECIMALS = 4


class _OnTaxes(Work):
    right = "taxes.set"
    on_row = False

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class WhichForm(WorkForm):
    """Which tax it is."""

    code = forms.CharField(max_length=64, help_text="Such as sales or city: several may lie on the same goods.")
    tax_class = forms.CharField(
        label="On the class", required=False, max_length=64, help_text="Such as food. Empty: goods of no class."
    )
    place = forms.CharField(label="Place code", required=False, max_length=64, help_text="Empty is every place.")


class TaxForm(WhichForm):
    """A rate and from when it holds."""

    rate = forms.CharField(label="Percent", max_length=12, help_text="Such as 8.875.")
    valid_from = time_field("From", help_text="In the place's time; without a place, in UTC. Empty is now.")
    valid_to = time_field("Until", help_text="Not included. Empty is until further notice.")


class SetTax(_OnTaxes):
    """Set a rate."""

    slug = "set-tax"
    label = "Set a tax"
    verb = "Set it"
    about = "The rate takes its time span from what was said of it before. No version is ever overwritten."
    model = Tax
    form = TaxForm

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        data = asked.data
        try:
            rate = scale_exactly(data["rate"], _PERCENT_DECIMALS)
        except ValueError as error:
            return Refused(f"{error}.", "rate")
        time_zone = _zone(data["place"])
        item = TaxItem(
            key_of(asked.key),
            data["code"].strip(),
            rate,
            _instant(data["valid_from"], time_zone) or datetime.now(UTC),
            data["tax_class"].strip(),
            _instant(data["valid_to"], time_zone),
            data["place"],
        )
        with transaction.atomic():
            outcomes = set_taxes(desk_source(), [item])
            return _told(asked, outcomes, "tax.set", f"tax/{item.code}", said="The tax is set.")


class EndTaxForm(WhichForm):
    """From when on there is none."""

    ends_at = time_field("From", help_text="In the place's time; without a place, in UTC. Empty is now.")


class EndTax(_OnTaxes):
    """End a tax."""

    slug = "end-tax"
    label = "End a tax"
    verb = "End it"
    about = "From then on there is no such rate: a place falls back on the chain's."
    model = Tax
    form = EndTaxForm
    is_grave = True

    def perform(self, asked: Asked) -> Result:
        """End it."""
        data = asked.data
        ends_at = _instant(data["ends_at"], _zone(data["place"])) or datetime.now(UTC)
        item = TaxEnd(key_of(asked.key), data["code"].strip(), ends_at, data["tax_class"].strip(), data["place"])
        with transaction.atomic():
            outcomes = end_taxes(desk_source(), [item])
            return _told(asked, outcomes, "tax.end", f"tax/{item.code}", said="The tax has ended.")


class TermsForm(WorkForm):
    """How taxes are reckoned."""

    place = forms.CharField(label="Place code", required=False, max_length=64, help_text="Empty is every place.")
    included = forms.ChoiceField(
        label="Prices", choices=[("yes", "contain tax"), ("no", "are without tax, which is added")]
    )  # fmt: skip
    rounding = forms.ChoiceField(
        label="Rounded", choices=[("line", "on each line"), ("receipt", "once on each rate of the receipt")]
    )  # fmt: skip
    cash_step = forms.IntegerField(
        min_value=1, max_value=10_000, initial=1, help_text="What a cash total is rounded to, in cents: 5, say."
    )
    valid_from = time_field("From", help_text="In the place's time; without a place, in UTC. Empty is now.")


class SetTaxTerms(_OnTaxes):
    """Say how taxes are reckoned."""

    slug = "set-tax-terms"
    label = "Say how taxes are reckoned"
    verb = "Set it"
    about = "From then on, until something later is said of the same place, or of the chain."
    model = TaxTerms
    form = TermsForm

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        data = asked.data
        item = TaxTermsItem(
            key_of(asked.key),
            _instant(data["valid_from"], _zone(data["place"])) or datetime.now(UTC),
            data["included"] == "yes",
            data["rounding"],
            data["cash_step"],
            data["place"],
        )
        with transaction.atomic():
            outcomes = set_tax_terms(desk_source(), [item])
            return _told(asked, outcomes, "tax.terms", f"tax-terms/{item.place or '*'}", said="It is set.")


class ClassForm(WorkForm):
    """Which goods, and their class."""

    sku = sku_field("Product", required=False, help_text="One product; or a category or a department below.")
    category = forms.CharField(required=False, max_length=120)
    department = forms.CharField(required=False, max_length=80)
    tax_class = forms.CharField(
        label="Class", required=False, max_length=64, help_text="Such as food. Empty takes the statement back."
    )


class SetTaxClass(_OnTaxes):
    """Say of which class goods are."""

    slug = "set-tax-class"
    label = "Set a tax class"
    verb = "Set it"
    about = "The closest statement holds: of the product, else of its category, else of its department."
    model = TaxClass
    form = ClassForm

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        data = asked.data
        item = TaxClassItem(
            key_of(asked.key), data["tax_class"].strip(), data["sku"], data["category"], data["department"]
        )
        subject = data["sku"] or data["category"] or data["department"]
        with transaction.atomic():
            outcomes = set_tax_classes(desk_source(), [item])
            return _told(asked, outcomes, "tax.class", f"tax-class/{subject}", said="The class is set.")


def _zone(place: str) -> str:
    found = places_by_code([place]).get(place)
    return found.time_zone if found else "UTC"


def _instant(stated: datetime | None, time_zone: str) -> datetime | None:
    return stated.replace(tzinfo=zone(time_zone)) if stated else None


def _told(asked: Asked, outcomes: list[ItemOutcome], action: str, target: str, *, said: str) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        transaction.set_rollback(True)
        return Refused(outcome.message)
    if outcome.outcome == "unchanged":
        return Done("That is how it stood already. Nothing was changed.", warn=True)
    detail = {name: str(value) for name, value in asked.data.items() if value not in {None, ""}}
    trail.note_change(
        asked.actor,
        action=action,
        target=target[:160],
        at=database_now(),
        place_code=asked.data.get("place") or "",
        detail=detail,
    )
    return Done(said)
