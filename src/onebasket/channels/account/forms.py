"""What shoppers tell on their pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from onebasket.base.languages import LANGUAGES
from onebasket.channels.account.words import CONSENTS
from onebasket.commerce.access.rules import shape_problem
from onebasket.commerce.customers.rules.consents import PURPOSES
from onebasket.commerce.customers.rules.messages import AddressItem
from onebasket.commerce.customers.rules.person import phone_problem

CHOICES = (("", _("As my browser says")), *LANGUAGES.items())


class DetailsForm(forms.Form):
    """Name, phone and language; the e-mail address is changed on its own page, because it has to be verified."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = forms.CharField(
        label=_("Phone"), max_length=32, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip
    language = forms.ChoiceField(label=_("Language"), choices=CHOICES, required=False)

    def clean_phone(self) -> str:
        """Refuse what is no number."""
        phone: str = self.cleaned_data["phone"]
        if phone_problem(phone):
            raise forms.ValidationError(_("A phone number has at least 7 digits."))
        return phone


def _line(label: Any, autocomplete: str, *, longest: int, required: bool = False) -> forms.CharField:  # noqa: ANN401
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=longest, required=required, widget=widget)


class AddressForm(forms.Form):
    """A postal address."""

    label = _line(_("What you call it"), "off", longest=60)
    name = _line(_("Name"), "name", longest=120)
    line1 = _line(_("Street and number"), "address-line1", longest=120, required=True)
    line2 = _line(_("More, such as the floor"), "address-line2", longest=120)
    postcode = _line(_("Postcode"), "postal-code", longest=16)
    city = _line(_("City"), "address-level2", longest=60)
    region = _line(_("State or region"), "address-level1", longest=60)
    country = _line(_("Country, two letters"), "country", longest=2)
    phone = _line(_("Phone"), "tel", longest=32)

    def clean_country(self) -> str:
        """Take small letters too."""
        return str(self.cleaned_data["country"]).upper()

    def clean(self) -> dict[str, Any]:
        """Keep within what an address may be."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and (problem := shape_problem(AddressItem(**cleaned))):
            field = problem.partition(":")[0]
            self.add_error(field if field in self.fields else None, _("This cannot be right. Check it."))
        return cleaned

    def address(self) -> AddressItem:
        """Return the address that was filled in."""
        return AddressItem(**self.cleaned_data)


class ConsentForm(forms.Form):
    """One box for each purpose; what is not ticked is not agreed to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's signature
        super().__init__(*args, **kwargs)
        for purpose in PURPOSES:
            words = CONSENTS[purpose]
            self.fields[purpose] = forms.BooleanField(label=str(words.title), help_text=str(words.text), required=False)

    def given(self) -> list[str]:
        """Return the purposes that are agreed to."""
        return [purpose for purpose in PURPOSES if self.cleaned_data[purpose]]


class CardForm(forms.Form):
    """A card that somebody has already, and the code that proves it."""

    number = forms.CharField(
        label=_("Card number"), max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )  # fmt: skip
    code = forms.CharField(
        label=_("Code"), max_length=40, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
        help_text=_("Printed for you in the store, or sent to the e-mail address that the card is registered with."),
    )  # fmt: skip


class DeleteForm(forms.Form):
    """A last look before everything personal goes."""

    sure = forms.BooleanField(label=_("Delete my account and everything personal. I know that this is for good."))
