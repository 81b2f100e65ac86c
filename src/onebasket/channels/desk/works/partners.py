"""Partners: state them, what was agreed, exchange rates and secrets; settle what is odd."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.prices import time_field
from onebasket.channels.desk.works.promoting import percent
from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.access.rules import ItemOutcome
from onebasket.commerce.partners.actions.authorising import NotAuthorisedError, authorise_partner
from onebasket.commerce.partners.actions.oddities import NotOpenError, settle_odd
from onebasket.commerce.partners.actions.registering import (
    UnknownPartnerError,
    set_credentials,
    upsert_agreements,
    upsert_partners,
    upsert_rates,
)
from onebasket.commerce.partners.gateways.registry import GATEWAYS
from onebasket.commerce.partners.models import Agreement, CommissionTerm, ExchangeRate, Oddity, Partner
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    CommissionTermItem,
    ExchangeRateItem,
    Merchant,
    PartnerItem,
)
from onebasket.commerce.partners.rules.port import Tokens
from onebasket.kernel.money import scale_exactly

_PERCENT_DECIMALS, _RATE_DECIMALS = 4, 9
_CODE = "[a-z0-9][a-z0-9-]{0,31}"


class _OnPartners(Work):
    right = "partners.edit"

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class PartnerForm(WorkForm):
    """A partner, and how its platform is spoken to."""

    code = forms.RegexField(f"^{_CODE}$", max_length=32, help_text="Small letters, digits and hyphens; for ever.")
    name = forms.CharField(max_length=120)
    gateway = forms.ChoiceField(choices=sorted((name, name) for name in GATEWAYS))
    currency = forms.CharField(max_length=3, help_text="In which it is reckoned with, such as GBP; for ever.")
    endpoint = forms.CharField(
        label="Address", max_length=300, required=False, help_text="Of its platform. A partner of files has none."
    )
    options = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), required=False, help_text="One a line, such as: link_template = …"
    )
    active = forms.BooleanField(required=False, initial=True)

    def clean_options(self) -> dict[str, str]:
        """Read the options, one a line."""
        found = {}
        for line in str(self.cleaned_data["options"]).splitlines():
            name, separator, value = line.partition("=")
            if line.strip() and not (separator and name.strip()):
                raise forms.ValidationError(f"{line.strip()[:60]!r} is no option. Write: name = value")
            if line.strip():
                found[name.strip()] = value.strip()
        return found


class StatePartner(_OnPartners):
    """Make or change a partner."""

    slug = "state-partner"
    label = "State a partner"
    verb = "Keep it"
    about = "Nothing of it is shown or sold before an agreement holds. A code that is there is changed."
    model = Partner
    form = PartnerForm
    on_row = False

    def perform(self, asked: Asked) -> Result:
        """Keep it."""
        data = asked.data
        item = PartnerItem(
            key=key_of(asked.key), code=data["code"], name=data["name"].strip(), gateway=data["gateway"],
            currency=data["currency"].strip().upper(), endpoint=data["endpoint"].strip(), options=data["options"],
            active=data["active"],
        )  # fmt: skip
        with transaction.atomic():
            return _told(asked, upsert_partners(desk_source(), [item]), "partner.state", item.code, "It is kept.")


class ChangePartner(StatePartner):
    """Change a partner."""

    slug = "change-partner"
    label = "Change"
    on_row = True

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what it is."""
        options = "\n".join(f"{name} = {value}" for name, value in row.options.items())
        names = ("code", "name", "gateway", "currency", "endpoint", "active")
        return {name: getattr(row, name) for name in names} | {"options": options}


class SecretsForm(WorkForm):
    """What a platform knows us by."""

    app_key = forms.CharField(label="App key", max_length=120)
    secret = forms.CharField(max_length=300, widget=forms.PasswordInput(attrs={"autocomplete": "off"}))
    access = forms.CharField(
        label="Access token", max_length=500, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    refresh = forms.CharField(
        label="Refresh token", max_length=500, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )


class SetSecrets(_OnPartners):
    """Set what a partner's platform knows us by."""

    slug = "set-partner-secrets"
    label = "Set its secrets"
    verb = "Keep them"
    about = "They are kept sealed, take the place of those before, and are never shown again."
    right = "partners.secrets"
    model = Partner
    form = SecretsForm
    is_grave = True

    @refusing(UnknownPartnerError)
    def perform(self, asked: Asked) -> Result:
        """Keep them."""
        data = asked.data
        tokens = Tokens(data["access"].strip(), data["refresh"].strip())
        set_credentials(
            asked.row.code, Credentials(data["app_key"].strip(), data["secret"].strip(), tokens), actor=asked.actor
        )
        return Done("They are kept.")


class CodeForm(WorkForm):
    """A code that the platform shows."""

    code = forms.CharField(max_length=500, help_text="It holds for minutes, and once.")


class ExchangeCode(_OnPartners):
    """Turn a platform's code into tokens."""

    slug = "exchange-code"
    label = "Use its code"
    verb = "Ask for tokens"
    about = "The platform shows a code to whoever lets us sell in its name. Its tokens are kept sealed."
    right = "partners.secrets"
    model = Partner
    form = CodeForm
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it once the platform's secrets are set."""
        return bool(row.credentials)

    @refusing(NotAuthorisedError)
    def perform(self, asked: Asked) -> Result:
        """Ask the platform."""
        authorise_partner(asked.row.pk, asked.data["code"].strip(), actor=asked.actor)
        return Done("The tokens are kept.")


class AgreementForm(WorkForm):
    """What was agreed."""

    partner = forms.ModelChoiceField(Partner.objects.order_by("name"), to_field_name="code")
    starts_on = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Not included."
    )
    currency = forms.CharField(max_length=3, help_text="Of settlement, such as USD.")
    merchant = forms.ChoiceField(
        label="The chain is",
        choices=[
            ("agent", "the partner's agent: the partner sells, the chain earns commission"),
            ("principal", "principal: the chain sells, at its own price and tax, and buys from the partner"),
        ],
        widget=forms.RadioSelect,
        initial="agent",
    )
    refers = forms.BooleanField(label="Shoppers may be sent to its site", required=False, initial=True)
    ships = forms.BooleanField(label="It ships what is bought here", required=False, initial=True)
    counter_returns = forms.BooleanField(
        label="What it sold through us may come back to our counters",
        required=False,
        initial=True,
        help_text="On its account, where the chain is its agent. What the chain sold comes back in any case.",
    )
    commission = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        help_text="One a line: 7.5, or with a category: Home > Lighting = 9. Without a category it is every other one.",
    )
    markup = forms.CharField(
        label="Markup in percent",
        initial="0",
        help_text="On the partner's price, as principal. As agent it is 0: the price is the partner's own.",
    )
    return_days = forms.IntegerField(label="Days to return", min_value=0, max_value=3650, initial=30)
    settlement_days = forms.IntegerField(label="Settled every (days)", min_value=1, max_value=366, initial=30)
    fresh_minutes = forms.IntegerField(
        label="An offer is fresh for (minutes)", min_value=1, max_value=525_600, initial=60,
        help_text="Older than that it is asked for again before payment.",
    )  # fmt: skip
    referral_days = forms.IntegerField(label="A click counts for (days)", min_value=0, max_value=3650, initial=3)

    def clean_markup(self) -> int:
        """Read the markup."""
        return _ppm(self.cleaned_data["markup"])

    def clean_commission(self) -> tuple[CommissionTermItem, ...]:
        """Read the terms, one a line."""
        terms = []
        for line in filter(None, map(str.strip, str(self.cleaned_data["commission"]).splitlines())):
            category, _, stated = line.rpartition("=")
            terms.append(CommissionTermItem(_ppm(stated), category.strip()))
        return tuple(terms)


class SetAgreement(_OnPartners):
    """State what was agreed."""

    slug = "set-agreement"
    label = "State an agreement"
    verb = "Keep it"
    about = "From its day on, until the next one begins. The same day again restates it, for what is sold from now on."
    model = Agreement
    form = AgreementForm
    on_row = False

    def perform(self, asked: Asked) -> Result:
        """Keep it."""
        data = dict(asked.data)
        partner = data.pop("partner")
        item = AgreementItem(
            key=key_of(asked.key), partner=partner.code,
            **(data | {"currency": data["currency"].strip().upper(), "merchant": Merchant(data["merchant"])}),
        )  # fmt: skip
        with transaction.atomic():
            outcomes = upsert_agreements(desk_source(), [item])
            return _told(asked, outcomes, "agreement.state", partner.code, "It is kept.")


class RestateAgreement(SetAgreement):
    """State an agreement anew."""

    slug = "restate-agreement"
    label = "Restate"
    on_row = True

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what holds."""
        terms = CommissionTerm.objects.filter(agreement=row).order_by("category")
        lines = [f"{term.category} = {percent(term.rate)}" if term.category else percent(term.rate) for term in terms]
        names = (
            "starts_on", "ends_on", "currency", "merchant", "refers", "ships", "counter_returns", "return_days",
            "settlement_days", "fresh_minutes", "referral_days",
        )  # fmt: skip
        own = {name: getattr(row, name) for name in names}
        return own | {"partner": row.partner.code, "commission": "\n".join(lines), "markup": percent(row.markup)}


class ExchangeRateForm(WorkForm):
    """A rate and from when on it holds."""

    base = forms.CharField(label="One", max_length=3, help_text="Such as GBP.")
    rate = forms.CharField(label="Is", max_length=24, help_text="Such as 1.2731.")
    quote = forms.CharField(label="In", max_length=3, help_text="Such as USD.")
    valid_from = time_field("From", help_text="In UTC. Empty is now.")


class SetExchangeRate(_OnPartners):
    """State an exchange rate."""

    slug = "set-exchange-rate"
    label = "State a rate"
    verb = "Keep it"
    about = "From that instant on, until the next. What was stated is never overwritten."
    model = ExchangeRate
    form = ExchangeRateForm
    on_row = False

    def perform(self, asked: Asked) -> Result:
        """Keep it."""
        data = asked.data
        try:
            billionths = scale_exactly(data["rate"], _RATE_DECIMALS)
        except ValueError as error:
            return Refused(f"{error}.", "rate")
        if not 0 < billionths <= 10**15:
            return Refused("A rate lies above zero, and below a million.", "rate")
        item = ExchangeRateItem(
            key=key_of(asked.key), base=data["base"].strip().upper(), quote=data["quote"].strip().upper(),
            billionths=billionths,
            valid_from=data["valid_from"].replace(tzinfo=UTC) if data["valid_from"] else datetime.now(UTC),
        )  # fmt: skip
        with transaction.atomic():
            outcomes = upsert_rates(desk_source(), [item])
            return _told(asked, outcomes, "exchange-rate.state", f"{item.base}-{item.quote}", "It is kept.")


class SettleOddity(Work):
    """Settle what was odd."""

    slug = "settle-oddity"
    label = "Settle"
    verb = "Settle it"
    about = "It is closed with your note. Should the partner state the same again, it opens anew."
    right = "partners.work"
    model = Oddity
    form = NoteForm

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Return none: partners belong to the chain."""
        return ()

    def is_offered(self, row: Row) -> bool:
        """Offer it while it is open."""
        return bool(row.state == Oddity.State.OPEN)

    def perform(self, asked: Asked) -> Result:
        """Settle it."""
        try:
            settle_odd(asked.row.pk, actor=asked.actor, note=asked.data["note"])
        except NotOpenError:
            return Refused("This was settled before. Nothing was changed.")
        return Done("It is settled.")


def _ppm(text: str) -> int:
    """Read a percentage as parts per million."""
    try:
        found = scale_exactly(text.strip().removesuffix("%"), _PERCENT_DECIMALS)
    except ValueError as error:
        raise forms.ValidationError(f"{error}. Write a percentage such as 7.5.") from error
    if found < 0:
        raise forms.ValidationError("A percentage is not below zero.")
    return found


def _told(asked: Asked, outcomes: list[ItemOutcome], action: str, name: str, said: str) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        field, separator, words = outcome.message.partition(": ")
        known = bool(separator) and field in asked.data
        return Refused(words if known else outcome.message, field if known else None)
    if outcome.outcome == "unchanged":
        return Done("Nothing has changed: it was so before.")
    kind = "partner" if action != "exchange-rate.state" else "exchange-rate"
    trail.note_change(asked.actor, action=action, target=f"{kind}/{name}", at=database_now())
    row = Partner.objects.filter(code=name).first() if kind == "partner" else None
    return Done(said, address=address_of(Partner, row.pk) if row else "")
