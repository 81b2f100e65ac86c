"""The partners' only row locks: parts of orders in id order, after the orders themselves and before payments."""

from collections.abc import Iterable
from uuid import UUID

from onebasket.base.locking import require_transaction
from onebasket.commerce.partners.models import PartnerPart


def lock_part(identity: UUID) -> PartnerPart:
    """Lock one part. Raises PartnerPart.DoesNotExist."""
    require_transaction()
    return PartnerPart.objects.select_for_update().get(pk=identity)


def lock_parts(ids: Iterable[UUID]) -> list[PartnerPart]:
    """Lock the parts that exist, in id order."""
    require_transaction()
    wanted = sorted(set(ids))
    return list(PartnerPart.objects.select_for_update().filter(pk__in=wanted).order_by("pk")) if wanted else []


def lock_parts_of(orders: Iterable[UUID]) -> list[PartnerPart]:
    """Lock every part of these orders, in id order."""
    require_transaction()
    wanted = sorted(set(orders))
    return list(PartnerPart.objects.select_for_update().filter(order_id__in=wanted).order_by("pk")) if wanted else []
