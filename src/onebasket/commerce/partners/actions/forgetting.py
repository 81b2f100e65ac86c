"""Partners' parts forget where they went to: what was sold and paid stays, the address goes."""

from collections.abc import Collection
from uuid import UUID

from onebasket.base.locking import require_transaction
from onebasket.commerce.partners.models import PartnerAddress


def forget_addresses(orders: Collection[UUID]) -> int:
    """Delete the addresses that the parts of these orders were sent to; return how many."""
    require_transaction()
    gone, _ = PartnerAddress.objects.filter(pk__in=set(orders)).delete()
    return gone
