"""What commission is booked by: lines as they stand, agreements by day, clicks, parts and categories."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Min

from onebasket.base.columns import Row
from onebasket.commerce.partners.models import (
    Agreement,
    CommissionLine,
    CommissionTerm,
    Offer,
    PartnerPart,
    PartnerPartLine,
    Referral,
)
from onebasket.commerce.partners.rules.commissions import Held, Standing, expected_commission, left_of
from onebasket.commerce.partners.rules.partners import AgreementFacts, Merchant
from onebasket.commerce.partners.rules.referrals import LineStands

LINE_COLUMNS = (
    "id", "key", "order_key", "referral_id", "part_id", "attribution", "offer_reference", "category", "standing",
    "status", "currency", "amount", "commission", "expected", "rate", "entries", "fingerprint", "bought_at",
    "stated_at",
)  # fmt: skip


class ReferralRow(NamedTuple):
    """A referral as commission is credited to it."""

    id: UUID
    click: str
    partner_id: int
    offer_id: int | None
    channel: str
    place_id: int | None
    associate: str
    status: str
    clicked_at: datetime
    bought_at: datetime | None


class PartGoods(NamedTuple):
    """What a part holds of one of the partner's offers, as it was bought."""

    category: str
    quantity: int
    accepted: int | None
    returned: int
    unit_cost: int
    commission_rate: int

    def expected(self, standing: Standing, amount: int) -> int:
        """Return what was agreed when it was bought comes to on an amount that the partner states."""
        taken = self.quantity if self.accepted is None else self.accepted
        kept = left_of(amount, unit_cost=self.unit_cost, taken=taken, returned=self.returned)
        return expected_commission(standing, amount, self.commission_rate, kept=kept)


def lines_by_key(partner_id: int, keys: Collection[str]) -> list[Row]:
    """Return rows of `LINE_COLUMNS` of a partner's lines; one statement."""
    return list(CommissionLine.objects.filter(partner_id=partner_id, key__in=keys).values_list(*LINE_COLUMNS))


def agreements_held(partner_id: int) -> list[Held]:
    """Return every agreement that there ever was with a partner, and when it holds; two statements."""
    rows = list(Agreement.objects.filter(partner_id=partner_id).order_by("starts_on"))
    terms: dict[int, dict[str, int]] = {}
    for term in CommissionTerm.objects.filter(agreement__in=rows):
        terms.setdefault(term.agreement_id, {})[term.category] = term.rate
    return [
        Held(
            row.starts_on,
            row.ends_on,
            AgreementFacts(
                row.pk, row.partner_id, row.currency, Merchant(row.merchant), row.refers, row.ships, row.markup,
                row.return_days, row.settlement_days, row.fresh_minutes, row.referral_days, terms.get(row.pk, {}),
            ),
        )
        for row in rows
    ]  # fmt: skip


def referrals_by_click(clicks: Collection[str]) -> dict[str, ReferralRow]:
    """Return referrals by click id, of whichever partner; one statement."""
    if not clicks:
        return {}
    rows = Referral.objects.filter(click__in=set(clicks)).values_list(*ReferralRow._fields)
    return {row[1]: ReferralRow(*row) for row in rows}


def referrals_by_id(ids: Collection[UUID]) -> dict[UUID, ReferralRow]:
    """Return referrals by id; one statement."""
    if not ids:
        return {}
    rows = Referral.objects.filter(pk__in=set(ids)).values_list(*ReferralRow._fields)
    return {row[0]: ReferralRow(*row) for row in rows}


def first_orders(referrals: Collection[UUID]) -> dict[UUID, str]:
    """Return an order that each referral led to so far, where there is one; one statement."""
    if not referrals:
        return {}
    fit = CommissionLine.objects.filter(referral_id__in=set(referrals)).values("referral_id")
    return {row["referral_id"]: row["first"] for row in fit.annotate(first=Min("order_key"))}


def lines_of_referrals(referrals: Collection[UUID]) -> dict[UUID, list[LineStands]]:
    """Return where every line of referrals stands; one statement."""
    found: dict[UUID, list[LineStands]] = {}
    if referrals:
        rows = CommissionLine.objects.filter(referral_id__in=set(referrals))
        for referral, standing, entries in rows.values_list("referral_id", "standing", "entries"):
            if referral is not None:
                found.setdefault(referral, []).append(LineStands(Standing(standing), entries))
    return found


def parts_by_name(partner_id: int, ours: Collection[str]) -> dict[str, UUID]:
    """Return a partner's parts by the name that they have there; one statement."""
    if not ours:
        return {}
    return dict(PartnerPart.objects.filter(partner_id=partner_id, ours__in=set(ours)).values_list("ours", "pk"))


def goods_of_parts(parts: Collection[UUID]) -> dict[tuple[UUID, str], PartGoods]:
    """Return what parts hold, by the partner's reference; one statement."""
    if not parts:
        return {}
    rows = PartnerPartLine.objects.filter(part_id__in=set(parts)).values_list(
        "part_id", "reference", "category", "quantity", "accepted", "returned", "unit_cost", "commission_rate"
    )
    return {(row[0], row[1]): PartGoods(*row[2:]) for row in rows}


def categories_of(partner_id: int, references: Collection[str]) -> dict[str, str]:
    """Return the categories of a partner's offers by its references; one statement."""
    if not references:
        return {}
    fit = Offer.objects.filter(partner_id=partner_id, reference__in=set(references))
    return dict(fit.values_list("reference", "category"))
