"""Campaigns and coupons: make and change them, make single-use codes, end them."""

import secrets
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
from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import ItemOutcome
from onebasket.commerce.pricing.actions import add_serials, end_coupons, set_campaigns, set_coupons
from onebasket.commerce.pricing.actions.tills import SettledBeforeError, settle_overuse
from onebasket.commerce.pricing.models import Campaign, Coupon, Overuse
from onebasket.commerce.pricing.rules.messages import CampaignItem, CouponEnd, CouponItem, SerialsItem

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters and digits that nobody mistakes for one another."""
GROUPS, LETTERS = 4, 4
MOST_CODES = 500
MEDIA = [("paper", "paper, with a barcode"), ("digital", "digital, on the card"), ("single_use", "single-use codes")]


class _OfTheChain(Work):
    right = "promotions.set"

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class CouponForm(WorkForm):
    """How a coupon is presented."""

    code = forms.CharField(max_length=64, help_text="Such as SOUP-50: what is typed, and what its promotion names.")
    medium = forms.ChoiceField(choices=MEDIA)
    barcode = forms.CharField(required=False, max_length=48, help_text="Of a paper coupon: its digits as scanned.")


class SetCoupon(_OfTheChain):
    """Make a coupon, or change how it is presented."""

    slug = "set-coupon"
    label = "Set a coupon"
    verb = "Set it"
    about = "What it is worth says the promotion that asks for it: make that next."
    model = Coupon
    form = CouponForm
    on_row = False

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with the coupon named."""
        found = Coupon.objects.filter(code=query.get("code", ""), superseded_at__isnull=True).first()
        if found is None:
            return {}
        return {"code": found.code, "medium": found.get_medium_display(), "barcode": found.barcode}

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        data = asked.data
        barcode = data["barcode"].replace(" ", "")
        item = CouponItem(key_of(asked.key), data["code"].strip(), data["medium"], barcode)
        with transaction.atomic():
            outcomes = set_coupons(desk_source(), [item], actor=asked.actor)
            return _told(asked, outcomes, Coupon, item.code, action="coupon.set", said="The coupon is set.")


class EndCoupon(_OfTheChain):
    """End a coupon."""

    slug = "end-coupon"
    label = "End"
    verb = "End it"
    about = "Presented, it is known no more. It comes back by being set."
    model = Coupon
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while the coupon is good."""
        return row.superseded_at is None and bool(row.active)

    def perform(self, asked: Asked) -> Result:
        """End it."""
        item = CouponEnd(key_of(asked.key), asked.row.code)
        with transaction.atomic():
            outcomes = end_coupons(desk_source(), [item], actor=asked.actor)
            return _told(asked, outcomes, Coupon, item.code, action="coupon.end", said="The coupon has ended.")


class CodesForm(WorkForm):
    """How many codes."""

    count = forms.IntegerField(label="How many", min_value=1, max_value=MOST_CODES, initial=10)


class MakeCodes(_OfTheChain):
    """Make single-use codes."""

    slug = "make-codes"
    label = "Make codes"
    verb = "Make them"
    about = "Each is good once. They are shown this once, split by blanks; only their digests are kept."
    model = Coupon
    form = CodesForm

    def is_offered(self, row: Row) -> bool:
        """Offer it for a coupon that has codes."""
        return row.superseded_at is None and bool(row.active) and row.get_medium_display() == "single_use"

    def perform(self, asked: Asked) -> Result:
        """Make them."""
        codes = [make_code() for _ in range(asked.data["count"])]
        item = SerialsItem(key_of(asked.key), asked.row.code, frozenset(codes))
        with transaction.atomic():
            (outcome,) = add_serials(desk_source(), [item])
            if outcome.outcome != "created":
                transaction.set_rollback(True)
                return Refused(outcome.message or "These codes were made before.")
            _note(asked, "coupon.codes", f"coupon/{item.coupon}", count=len(codes))
        return Done(f"{len(codes)} codes are made.", secret=" ".join(codes))


class CampaignForm(WorkForm):
    """A campaign and whom it is for."""

    code = forms.CharField(max_length=48, help_text="Names it for ever, such as march-families.")
    name = forms.CharField(max_length=200)
    valid_from = time_field("From", help_text="In UTC. Empty is now, or as it was.")
    valid_to = time_field("Until", help_text="Not included, in UTC. Empty is until further notice.")
    households = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Loyalty numbers of all it is for, split by blanks. Empty leaves them as they are.",
    )  # fmt: skip


class SetCampaign(_OfTheChain):
    """Make a campaign, or change it."""

    slug = "set-campaign"
    label = "Set a campaign"
    verb = "Set it"
    about = "Promotions that are for a campaign are for its households alone."
    model = Campaign
    form = CampaignForm
    on_row = False

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Begin with the campaign named."""
        found = _campaign(query.get("code", ""))
        if found is None:
            return {}
        naive = {name: at and at.replace(tzinfo=None) for name, at in _span(found).items()}
        return {"code": found.code, "name": found.name, **naive}

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        data, code = asked.data, asked.data["code"].strip()
        known = _campaign(code)
        begins = data["valid_from"].replace(tzinfo=UTC) if data["valid_from"] else None
        item = CampaignItem(
            key_of(asked.key),
            code,
            data["name"].strip(),
            begins or (known.valid_from if known else datetime.now(UTC)),
            data["valid_to"].replace(tzinfo=UTC) if data["valid_to"] else None,
            frozenset(data["households"].replace(",", " ").split()) or None,
        )
        with transaction.atomic():
            outcomes = set_campaigns(desk_source(), [item], actor=asked.actor)
            return _told(asked, outcomes, Campaign, code, action="campaign.set", said="The campaign is set.")


def make_code() -> str:
    """Return a code of some eighty random bits, as people type it."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)) for _ in range(GROUPS))


def _campaign(code: str) -> Campaign | None:
    return Campaign.objects.filter(code=code, superseded_at__isnull=True).first()


def _span(campaign: Campaign) -> dict[str, datetime | None]:
    return {"valid_from": campaign.valid_from, "valid_to": campaign.valid_to}


def _told(
    asked: Asked,
    outcomes: list[ItemOutcome],
    model: type[Coupon] | type[Campaign],
    code: str,
    *,
    action: str,
    said: str,
) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        transaction.set_rollback(True)
        return Refused(outcome.message)
    standing = model._default_manager.filter(code=code, superseded_at__isnull=True).first()  # noqa: SLF001
    address = address_of(model, standing.pk) if standing else ""
    if outcome.outcome == "unchanged":
        return Done("That is how it stood already. Nothing was changed.", warn=True, address=address)
    _note(asked, action, f"{action.partition('.')[0]}/{code}")
    return Done(said, address=address)


def _note(asked: Asked, action: str, target: str, **detail: object) -> None:
    trail.note_change(asked.actor, action=action, target=target, at=database_now(), detail=detail)


class SettleOveruse(Work):
    """Settle what a till gave though it was used up."""

    slug = "settle-overuse"
    label = "Settle"
    verb = "Settle it"
    about = "Keep what you found out. The sale and the count stay as they are."
    right = "exceptions.work"
    model = Overuse
    form = NoteForm

    def is_offered(self, row: Row) -> bool:
        """Offer it while nobody has settled it."""
        return row.closed_at is None

    def perform(self, asked: Asked) -> Result:
        """Settle it."""
        try:
            settle_overuse(asked.row.pk, note=asked.data["note"], actor=asked.actor)
        except SettledBeforeError:
            return Refused("This was settled before. Nothing was changed.")
        return Done("It is settled, and the note is kept.")
