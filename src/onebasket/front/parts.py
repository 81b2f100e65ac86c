"""What partners send of an order, as pages and mails show it: each part with where it stands, and how it is paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from onebasket.commerce.partners.queries.parts import PartLineState, PartState, parts_of
from onebasket.commerce.partners.rules.parts import CANCELLABLE
from onebasket.commerce.partners.rules.port import Tracking
from onebasket.commerce.payments.queries.tenders import TenderSeen, tenders_of_each
from onebasket.front.drawing.choosing import Picture, picture_for
from onebasket.front.words import PART_STATUSES, TENDERS, Word

ENDED = frozenset({"refused", "cancelled"})


@dataclass(frozen=True, slots=True)
class PartLineView:
    """A line of a part on a page."""

    line: PartLineState
    picture: Picture

    @property
    def short(self) -> int:
        """Return how many the partner did not take in."""
        return self.line.quantity - self.line.due


@dataclass(frozen=True, slots=True)
class PartView:
    """A partner's part of an order on a page."""

    part: PartState
    lines: tuple[PartLineView, ...]
    tenders: tuple[TenderSeen, ...]

    @property
    def status(self) -> Word:
        """Write where it stands."""
        return PART_STATUSES[self.part.status]

    @property
    def counts(self) -> bool:
        """Whether anything is due for it: not where it was cancelled or refused."""
        return self.part.status not in ENDED

    @property
    def is_asked(self) -> bool:
        """Whether its partner was asked for it: from then on the shop cannot take it back."""
        return self.counts and self.part.status not in CANCELLABLE

    @property
    def sold_by(self) -> str:
        """Say whose contract it is."""
        said = _("sold by us, sent by %(partner)s") if self.part.is_ours else _("sold and sent by %(partner)s")
        return said % {"partner": self.part.partner_name}

    @property
    def ways(self) -> list[tuple[Word, TenderSeen]]:
        """Return how it is paid: what each tender is called, and how it stands."""
        return [(TENDERS.get(tender.method, tender.method), tender) for tender in self.tenders]

    @property
    def taxes(self) -> list[tuple[str, int, int]]:
        """Return the taxes on it as (code, rate in parts per million, amount), each summed over its lines."""
        summed: dict[tuple[str, int], int] = {}
        for line in self.part.lines:
            if line.tax_amount:
                key = line.tax_code, line.tax_rate
                summed[key] = summed.get(key, 0) + line.tax_amount
        return [(code, rate, amount) for (code, rate), amount in summed.items()]

    @property
    def tax_included(self) -> bool:
        """Whether its tax lies in its prices."""
        return all(line.tax_included for line in self.part.lines)

    @property
    def parcels(self) -> list[Tracking]:
        """Return where its parcels are followed."""
        return [parcel for theirs in self.part.theirs for parcel in theirs.tracking]


def view_parts(order: UUID) -> tuple[PartView, ...]:
    """Return the parts of an order; four statements."""
    parts = parts_of([order]).get(order, [])
    tenders = tenders_of_each([part.id for part in parts])
    return tuple(_view(part, tenders) for part in parts)


def _view(part: PartState, tenders: Mapping[UUID, Sequence[TenderSeen]]) -> PartView:
    lines = tuple(PartLineView(line, picture_for(line.reference, line.title, line.category, "")) for line in part.lines)
    return PartView(part, lines, tuple(one for one in tenders.get(part.id, ()) if one.status != "reversed"))
