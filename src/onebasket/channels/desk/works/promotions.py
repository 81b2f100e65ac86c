"""Promotions: make and change drafts, see what they would have done, launch and end them."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.prices import time_field
from onebasket.channels.desk.works.promoting import KINDS, promotion_of, shown, unshown
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.access.rules import ItemOutcome
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions import end_promotions, launch_promotions, set_promotions
from onebasket.commerce.pricing.actions.previews import GoneError, advance_preview, begin_preview
from onebasket.commerce.pricing.models import Campaign, Preview, Promotion
from onebasket.commerce.pricing.queries.listing import read_promotion
from onebasket.commerce.pricing.rules.messages import PromotionEnd, PromotionItem, PromotionLaunch
from onebasket.commerce.pricing.rules.promotions import Promotion as Terms
from onebasket.kernel.clock import zone

DRAFT, LIVE = 1, 2
SAMPLE = """{
  "code": "three-soups",
  "name": "Three soups for $5",
  "saving": {"kind": "multi_buy", "units": 3, "amount": 500},
  "currency": "USD",
  "goods": {"groups": ["category:Soup"]},
  "valid_from": "2026-01-01T00:00:00Z"
}"""
_AREA = {"rows": 3}


def _lines(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, widget=forms.Textarea(attrs=_AREA), help_text=help_text)


def _count(label: str, help_text: str, *, least: int = 1, most: int = 1_000) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=least, max_value=most, help_text=help_text)


class PromotionForm(WorkForm):
    """What a promotion gives, on what, to whom, when."""

    name = forms.CharField(max_length=200, help_text="As shoppers read it on the receipt.")
    kind = forms.ChoiceField(label="It gives", choices=KINDS)
    amount = forms.CharField(
        required=False, max_length=32, help_text="What is off, or what a unit or the set costs, such as 5.00."
    )
    percent = forms.CharField(
        required=False, max_length=12, help_text="Such as 25. Of what one gets, empty is all of it."
    )
    units = _count("Units", "How many make the set or must be bought; off each unit: from how many on.")
    get_units = _count("Units to get", "With “buy some, get some”: the cheapest of them all are these.")
    tiers = _lines("Tiers", "Off the basket: a line each, such as 50.00: 5.00 or 100.00: 8%.")
    currency = forms.CharField(max_length=3, required=False, help_text="Such as USD, where amounts are named.")
    skus = _lines("SKUs", "Of its goods, split by blanks.")
    groups = _lines("Groups", "Of its goods, a line each: department:Produce, category:Soup, brand:Private label.")
    everything = forms.BooleanField(required=False, help_text="Every product there is.")
    without = _lines("Without", "SKUs and groups that are left out, a line each.")
    valid_from = time_field(
        "From", help_text="In the place's time where there is one place, else in UTC; empty is now."
    )
    valid_to = time_field("Until", help_text="Not included. Empty is until further notice.")
    places = forms.CharField(required=False, help_text="Place codes, split by blanks. Empty is every place.")
    channels = forms.CharField(required=False, help_text="Such as web till. Empty is every channel.")
    who = forms.ChoiceField(
        label="For", choices=[("everyone", "everyone"), ("members", "members"), ("staff", "staff")]
    )  # fmt: skip
    campaign = forms.ChoiceField(required=False, help_text="For its households alone.")
    coupon = forms.CharField(
        required=False, max_length=64, help_text="Code of what must be presented, or be on the card."
    )
    coupon_uses = _count("Uses each time", "How many units or sets one coupon is good for; 0 is any number.", least=0)
    per_basket = _count("At most in a basket", "Units or sets. Empty is any number.", most=1_000_000)
    per_customer = _count("At most for a customer", "Over all baskets. Empty is any number.", most=1_000_000)
    funder = forms.ChoiceField(
        label="Paid by",
        choices=[("retailer", "the chain"), ("manufacturer", "the manufacturer"), ("partner", "a partner")],
    )
    mode = forms.ChoiceField(
        label="Goes with others",
        choices=[
            ("ordinary", "one of them on a unit"),
            ("stackable", "on top of others"),
            ("exclusive", "with no other"),
        ],
    )
    group = forms.CharField(label="One of", required=False, max_length=64, help_text="Of one name, one applies.")
    with_card = forms.BooleanField(label="On top of card prices", required=False, initial=True)
    with_markdown = forms.BooleanField(label="On top of markdowns", required=False)
    with_coupons = forms.BooleanField(label="With coupons on top", required=False, initial=True)

    def prepare(self) -> None:
        """Offer the campaigns that there are."""
        campaigns = Campaign.objects.filter(superseded_at__isnull=True).order_by("code").values_list("code", "name")
        self.fields["campaign"].choices = [("", "nobody in particular"), *campaigns]  # type: ignore[attr-defined]


class NewPromotionForm(PromotionForm):
    """A new promotion."""

    code = forms.CharField(max_length=64, help_text="Names it for ever, such as soup-march. Letters, digits, . _ : -")
    field_order = ("code",)


class _OnPromotion(Work):
    right = "promotions.set"
    model = Promotion

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        return {}


class NewPromotion(_OnPromotion):
    """Make a promotion."""

    slug = "new-promotion"
    label = "Make a promotion"
    verb = "Keep as a draft"
    about = "It changes nothing until it is launched. See what it would have done to last week's receipts before."
    form = NewPromotionForm
    on_row = False

    def perform(self, asked: Asked) -> Result:
        """Keep the draft."""
        code = asked.data["code"].strip()
        if Promotion.objects.filter(code=code).exists():
            return Refused(f"There is a promotion {code!r} already. Change that one, or choose another code.", "code")
        return _keep(asked, promotion_of(asked.data, code=code, time_zone=_zone(asked.data["places"])))


class EditPromotion(_OnPromotion):
    """Change a promotion."""

    slug = "edit-promotion"
    label = "Change"
    verb = "Keep as a draft"
    about = "What is live stays as it is until the draft is launched."
    form = PromotionForm

    def is_offered(self, row: Row) -> bool:
        """Offer it for a draft, and for what is live or ended where no draft waits; if the form can show it."""
        return _stands(row) and (row.state == DRAFT or not _draft_of(row.code)) and not unshown(_terms(row))

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what it says."""
        terms = _terms(row)
        return shown(terms, time_zone=_zone(" ".join(terms.places)))

    def perform(self, asked: Asked) -> Result:
        """Keep the draft."""
        return _keep(asked, promotion_of(asked.data, code=asked.row.code, time_zone=_zone(asked.data["places"])))


class TermsForm(WorkForm):
    """A promotion's terms, whole."""

    terms = forms.CharField(label="Terms", widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false"}))


class StatePromotion(_OnPromotion):
    """State a promotion as JSON, bundles of several parts too."""

    slug = "state-promotion"
    label = "State as JSON"
    verb = "Keep as a draft"
    about = "The terms as the API takes them; docs/api tells every field. Amounts are in cents, shares in millionths."
    form = TermsForm
    on_row = False

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with what stands of the promotion named, or with a sample."""
        found = read_promotion(query.get("code", ""))
        if not found:
            return {"terms": SAMPLE}
        return {"terms": msgspec.json.format(msgspec.json.encode(found[-1].terms), indent=2).decode()}

    def perform(self, asked: Asked) -> Result:
        """Keep the draft."""
        try:
            terms = msgspec.json.decode(asked.data["terms"], type=Terms)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            return Refused(f"This is no promotion: {error}.", "terms")
        return _keep(asked, terms)


class LaunchPromotion(_OnPromotion):
    """Let a draft go live."""

    slug = "launch-promotion"
    label = "Launch"
    verb = "Let it go live"
    about = "From now on baskets are priced by it, from when it is valid on; what was live under its code is replaced."

    def is_offered(self, row: Row) -> bool:
        """Offer it for a draft."""
        return _stands(row) and row.state == DRAFT

    def perform(self, asked: Asked) -> Result:
        """Launch it."""
        item = PromotionLaunch(key_of(asked.key), asked.row.code)
        with transaction.atomic():
            outcomes = launch_promotions(desk_source(), [item], actor=asked.actor)
            return _told(asked, outcomes, asked.row.code, action="promotion.launch", said="The promotion is live.")


class EndForm(WorkForm):
    """From when on."""

    ends_at = time_field("From", help_text="In UTC. Empty is now; a draft ends only now.")


class EndPromotion(_OnPromotion):
    """End a promotion."""

    slug = "end-promotion"
    label = "End"
    verb = "End it"
    about = "Baskets that are placed keep what it gave them. A draft that waits is dropped with it."
    form = EndForm
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while it is a draft or live."""
        return _stands(row) and row.state in {DRAFT, LIVE}

    def perform(self, asked: Asked) -> Result:
        """End it."""
        stated = asked.data["ends_at"]
        ends_at = stated.replace(tzinfo=zone("UTC")) if stated else None
        item = PromotionEnd(key_of(asked.key), asked.row.code, ends_at)
        said = "The promotion will end then." if ends_at and ends_at > database_now() else "The promotion has ended."
        with transaction.atomic():
            outcomes = end_promotions(desk_source(), [item], actor=asked.actor)
            return _told(asked, outcomes, asked.row.code, action="promotion.end", said=said)


class PreviewPromotion(_OnPromotion):
    """See what a promotion would have done."""

    slug = "preview-promotion"
    label = "Preview"
    verb = "Work it out"
    about = (
        "The receipts of the last seven days, at most the latest 5,000, are priced again without it and with it, as if "
        "it were valid now. Who could use a coupon is taken to present it once. Nothing is changed."
    )

    def is_offered(self, row: Row) -> bool:
        """Offer it while it is a draft or live."""
        return _stands(row) and row.state in {DRAFT, LIVE}

    @refusing(GoneError)
    def perform(self, asked: Asked) -> Result:
        """Begin it, and work out its first part."""
        identity = begin_preview(asked.row.pk, actor=asked.actor)
        advance_preview(identity)
        return Done("This is what it would have done.", address=address_of(Preview, identity))


class AdvancePreview(Work):
    """Go on with a preview."""

    slug = "advance-preview"
    label = "Go on"
    verb = "Go on"
    about = "The next receipts are priced."
    right = "promotions.set"
    model = Preview

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Leave it to the right: a preview is of the whole chain."""
        return ()

    def is_offered(self, row: Row) -> bool:
        """Offer it until the preview is finished."""
        return row.finished_at is None

    @refusing(GoneError)
    def perform(self, asked: Asked) -> Result:
        """Work out the next part."""
        finished = advance_preview(asked.row.pk)
        return Done("The preview is finished." if finished else "The preview has gone on.")


def _keep(asked: Asked, terms: Terms | Refused) -> Result:
    if isinstance(terms, Refused):
        return terms
    with transaction.atomic():
        outcomes = set_promotions(desk_source(), [PromotionItem(key_of(asked.key), terms)], actor=asked.actor)
        said = "The draft is kept. Preview it, then launch it."
        return _told(asked, outcomes, terms.code, action="promotion.set", said=said)


def _told(asked: Asked, outcomes: list[ItemOutcome], code: str, *, action: str, said: str) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        transaction.set_rollback(True)
        return Refused(outcome.message)
    standing = Promotion.objects.filter(code=code, superseded_at__isnull=True).order_by("state").first()
    address = address_of(Promotion, standing.pk) if standing else ""
    if outcome.outcome == "unchanged":
        return Done("That is how it stood already. Nothing was changed.", warn=True, address=address)
    detail = {"version": standing.version, "name": standing.name} if standing else {}
    trail.note_change(asked.actor, action=action, target=f"promotion/{code}", at=database_now(), detail=detail)
    return Done(said, address=address)


def _stands(row: Row) -> bool:
    return row.superseded_at is None


def _draft_of(code: str) -> bool:
    return Promotion.objects.filter(code=code, state=DRAFT, superseded_at__isnull=True).exists()


def _terms(row: Row) -> Terms:
    """Return a version's terms as they were stated, SKUs and all."""
    return next(one.terms for one in read_promotion(row.code) if one.version == row.version)


def _zone(places: str) -> str:
    """Return the time zone that a form's times are of: the one place's, else UTC."""
    codes = places.replace(",", " ").split()
    found = places_by_code(codes) if len(codes) == 1 else {}
    return next((place.time_zone for place in found.values()), "UTC")
