"""Returns of a person, by the numbers of their cards."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from onebasket.commerce.fulfilment.models import Return


class ReturnRead(msgspec.Struct, frozen=True):
    """Goods brought back, and what was paid back for them in minor units, tax included."""

    id: UUID
    number: str
    place: str
    reference: str
    currency: str
    total: int
    reason: str
    accepted_at: datetime


def returns_of(numbers: Sequence[str]) -> list[ReturnRead]:
    """Return what was brought back under these loyalty numbers, the oldest first; one statement."""
    rows = Return.objects.filter(loyalty_number__in=[number for number in numbers if number]).order_by("accepted_at")
    fields = ("id", "number", "place__code", "reference", "currency", "total", "reason", "accepted_at")
    return [ReturnRead(*row) for row in rows.values_list(*fields)]
