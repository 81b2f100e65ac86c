"""Customers: what they tell, which are one person, proofs of cards, and the end."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.urls import reverse

from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.works.orders import ReasonForm
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.customers.actions.details import CustomerError, change_details
from onebasket.commerce.customers.actions.merging import Merged
from onebasket.commerce.customers.actions.proving import make_code
from onebasket.commerce.customers.models import Customer, CustomerMerge
from onebasket.commerce.customers.queries.reading import find_customer
from onebasket.commerce.customers.rules.cards import typed_number
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.actions.merging import merge_people, part_people
from onebasket.commerce.insights.rules.person import EraseRefused


class _OnCustomer(Work):
    model = Customer
    right = "customers.edit"

    def is_offered(self, row: Row) -> bool:
        """Offer it for the row that stands for the person."""
        return row.merged_into_id is None

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Return none: customers belong to no place."""
        return ()


class DetailsForm(WorkForm):
    """What a customer tells."""

    name = forms.CharField(max_length=120, required=False)
    email = forms.CharField(label="E-mail", max_length=254, required=False)
    phone = forms.CharField(max_length=32, required=False)
    language = forms.CharField(max_length=16, required=False, help_text="Such as en or de-AT; empty is unknown.")
    staff = forms.BooleanField(required=False, help_text="Works for the chain, and buys at its staff discount.")


class ChangeCustomer(_OnCustomer):
    """Change what a customer tells."""

    slug = "change-customer"
    label = "Details"
    verb = "Change"
    about = "The audit trail keeps which fields were changed, and never what they hold."
    form = DetailsForm

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what holds."""
        return {name: getattr(row, name) for name in (*Details.__struct_fields__, "staff")}

    @refusing(CustomerError)
    def perform(self, asked: Asked) -> Result:
        """Change it."""
        told = Details(*(asked.data[name] for name in Details.__struct_fields__))
        changed = change_details(asked.row.pk, told, staff=asked.data["staff"], actor=asked.actor)
        return Done(f"Changed: {', '.join(changed)}." if changed else "Nothing was different.")


class MergeForm(ReasonForm):
    """The other customer, and why."""

    other = forms.CharField(
        label="The other's loyalty number", max_length=64,
        help_text="That customer goes into this one. Both numbers go on, and the history is one.",
    )  # fmt: skip
    field_order = ("other", "reason")


class MergeCustomer(_OnCustomer):
    """Make one customer of two who are one person."""

    slug = "merge-customer"
    label = "Merge another in"
    verb = "Merge"
    about = "Nothing is lost: this customer stands for both, what is empty here is filled, and it can be undone."
    form = MergeForm
    is_grave = True

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with the one that was suggested."""
        return {"other": query.get("other", "")}

    @refusing(CustomerError)
    def perform(self, asked: Asked) -> Result:
        """Merge them."""
        other = typed_number(asked.data["other"])
        outcome = merge_people(asked.row.loyalty_number, other, actor=asked.actor, reason=asked.data["reason"])
        if isinstance(outcome, Merged):
            return Done(f"{outcome.other} is {outcome.loyalty_number} from now on.")
        return Refused(outcome.message, "other")


class UndoMerge(Work):
    """Part two customers again."""

    slug = "undo-merge"
    label = "Undo"
    verb = "Part them again"
    about = "Each has their own number, account, history and consents again. What was changed since stays where it is."
    right = "customers.edit"
    model = CustomerMerge
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while the merge stands."""
        return row.undone_at is None

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Return none: customers belong to no place."""
        return ()

    @refusing(CustomerError)
    def perform(self, asked: Asked) -> Result:
        """Part them."""
        outcome = part_people(asked.row.pk, actor=asked.actor)
        found = find_customer(outcome.loyalty_number)
        return Done(f"{outcome.loyalty_number} and {outcome.other} are two again.", address=address_of(Customer, found))


class MakeCardCode(_OnCustomer):
    """Let a customer prove that a card is theirs."""

    slug = "card-code"
    label = "Code for the card"
    verb = "Make a code"
    about = (
        "For whoever holds the card in front of you, and nobody on the telephone: with this code they join it to "
        "their account and see what was bought with it. It holds for 14 days and one use, and is shown once."
    )

    @refusing(CustomerError)
    def perform(self, asked: Asked) -> Result:
        """Make it."""
        code = make_code(asked.row.loyalty_number, actor=asked.actor)
        return Done(f"The code for {asked.row.loyalty_number}.", secret=code)


class EraseForm(WorkForm):
    """The number once more, so that nobody is erased by a slip."""

    number = forms.CharField(label="Type the loyalty number", max_length=64)

    def clean_number(self) -> str:
        """Compare it."""
        number = typed_number(self.cleaned_data["number"])
        if number != self.row.loyalty_number:
            raise forms.ValidationError("This is not the number of this customer.")
        return number


class EraseCustomer(_OnCustomer):
    """Erase everything personal about a customer."""

    slug = "erase-customer"
    label = "Erase"
    verb = "Erase for good"
    about = (
        "Name, addresses, consents, cards, account and order contacts go at once. Receipts and orders stay, as the law "
        "asks, with goods, amounts and taxes, and without the person. Hand out the export first if they want it."
    )
    right = "customers.erase"
    form = EraseForm
    is_grave = True

    @refusing(CustomerError)
    def perform(self, asked: Asked) -> Result:
        """Erase them."""
        outcome = erase_person(asked.row.pk, actor=asked.actor)
        if isinstance(outcome, EraseRefused):
            return Refused(outcome.message)
        left = ", ".join(map(str, outcome.quarantined_left))
        look = f" Look at these messages in quarantine, which may name the card: {left}." if left else ""
        done = f"Erased: {outcome.receipts} receipts and {outcome.orders} orders are nobody's now.{look}"
        return Done(done, address=reverse("desk:customers_customer_changelist"), warn=bool(left))
