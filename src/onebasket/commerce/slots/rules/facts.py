"""What shop fronts and pages read of slots."""

from datetime import datetime

import msgspec


class SlotFacts(msgspec.Struct, frozen=True, gc=False):
    """A slot as it is listed: half-open in time, in UTC; `free` may be zero; it is taken before `order_until`."""

    id: int
    place: str
    starts_at: datetime
    ends_at: datetime
    order_until: datetime
    capacity: int
    free: int
