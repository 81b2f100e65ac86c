"""What the journal reads of partners' parts, in two statements for however many."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import F

from onebasket.commerce.partners.models import PartnerPart, PartnerPartLine
from onebasket.commerce.partners.rules.journal import JournalLine, JournalPart
from onebasket.commerce.partners.rules.selling import SoldLine

_HEAD = ("id", "merchant", "currency", "cost_currency", "total", "cost")
_LINE = (
    "number", "offer_id", "reference", "title", "category", "quantity", "unit_amount", "shipping_amount", "amount",
    "tax_code", "tax_rate", "tax_amount", "tax_included", "unit_cost", "shipping_cost", "commission_rate",
    "exchange_billionths", "stated_at",
)  # fmt: skip


def parts_for_journal(ids: Collection[UUID]) -> dict[UUID, JournalPart]:
    """Return parts as the journal reads them; those that there are not are left out."""
    heads = list(PartnerPart.objects.filter(pk__in=set(ids)).values(*_HEAD, code=F("partner__code")))
    lines: dict[UUID, list[JournalLine]] = {}
    rows = PartnerPartLine.objects.filter(part__in=[head["id"] for head in heads]).order_by("part_id", "number")
    for part, accepted, *line in rows.values_list("part_id", "accepted", *_LINE) if heads else ():
        sold = SoldLine(*line)
        quantity = sold.quantity if accepted is None else accepted
        lines.setdefault(part, []).append(JournalLine(sold, quantity, sold.amount, sold.tax_amount))
    return {
        head["id"]: JournalPart(
            partner=head["code"], lines=lines.get(head["id"], ()), **{name: head[name] for name in _HEAD}
        )
        for head in heads
    }
