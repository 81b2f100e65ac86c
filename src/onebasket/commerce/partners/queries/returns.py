"""Partners' goods that came back over counters, as mails and pages read them."""

from uuid import UUID

import msgspec

from onebasket.commerce.partners.models import PartnerReturn
from onebasket.commerce.partners.rules.returns import refund_key
from onebasket.commerce.payments.queries.refunds import refund_of_key


class BackLineSeen(msgspec.Struct, frozen=True, gc=False):
    """A line that came back."""

    line: int
    quantity: int
    amount: int


class PartReturnSeen(msgspec.Struct, frozen=True):
    """A return of a part by its number: what came back, and what was paid back in which way as (kind, amount)."""

    number: str
    lines: tuple[BackLineSeen, ...]
    tenders: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """Return what is paid back."""
        return sum(line.amount for line in self.lines)


def part_return(part: UUID, number: str) -> PartReturnSeen:
    """Return what came back of a part under a return's number; two statements."""
    rows = list(PartnerReturn.objects.filter(part=part, number=number).order_by("line"))
    refund = refund_of_key(rows[0].source_id, refund_key(rows[0].key)) if rows else None
    lines = tuple(BackLineSeen(row.line, row.quantity, row.amount) for row in rows)
    return PartReturnSeen(number, lines, refund.parts if refund else ())
