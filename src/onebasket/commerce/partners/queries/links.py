"""What a link to a partner's page needs of its offer; two statements, however many."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from onebasket.commerce.partners.models import Agreement, Offer
from onebasket.commerce.partners.rules.links import LinkTarget


def link_targets(offer_ids: Collection[int], *, at: datetime) -> dict[int, LinkTarget]:
    """Return what links need of offers, by id, with what is agreed on the day of an instant (UTC)."""
    if not offer_ids:
        return {}
    rows = list(
        Offer.objects.filter(pk__in=set(offer_ids)).values_list(
            "pk", "reference", "url", "gone", "partner_id",
            "partner__code", "partner__gateway", "partner__options", "partner__active",
            "partner__endpoint",
        )
    )  # fmt: skip
    refers = _refers({row[4] for row in rows}, at=at)
    return {
        pk: LinkTarget(
            pk, reference, url, gone, partner_id, code, gateway,
            {str(name): str(value) for name, value in options.items()},
            active and refers.get(partner_id, False), endpoint,
        )
        for pk, reference, url, gone, partner_id, code, gateway, options, active, endpoint in rows
    }  # fmt: skip


def _refers(partner_ids: Collection[int], *, at: datetime) -> dict[int, bool]:
    """Return whether partners' agreements, the newest that has begun and not ended, let us send shoppers to them."""
    day = at.date()
    fit = Agreement.objects.filter(partner_id__in=partner_ids, starts_on__lte=day)
    holding = fit.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=day)).order_by("starts_on")
    return dict(holding.values_list("partner_id", "refers"))
