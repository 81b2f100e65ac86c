"""Partners and what comes of them as programs read it: by pages, in a fixed number of statements."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
from django.db.models import F, QuerySet

from onebasket.base.keyset import After, keyset
from onebasket.commerce.partners.models import (
    Agreement,
    CommissionEntry,
    CommissionLine,
    CommissionTerm,
    ExchangeRate,
    Oddity,
    Offer,
    Partner,
    PartnerPart,
    PartnerPartLine,
    Referral,
    TheirOrder,
)

Read = TypeVar("Read", bound=msgspec.Struct)


class PartnerRead(msgspec.Struct, frozen=True):
    """A partner; its platform's secrets are never told."""

    code: str
    name: str
    gateway: str
    endpoint: str
    currency: str
    place: str
    active: bool
    created_at: datetime


class TermRead(msgspec.Struct, frozen=True):
    """Commission on a category, in parts per million; an empty category is every other one."""

    category: str
    rate: int


class AgreementRead(msgspec.Struct, frozen=True):
    """What holds with a partner from a day on; `markup` in parts per million, `ends_on` not included."""

    partner: str
    starts_on: date
    ends_on: date | None
    currency: str
    merchant: str
    refers: bool
    ships: bool
    counter_returns: bool
    markup: int
    return_days: int
    settlement_days: int
    fresh_minutes: int
    referral_days: int
    recorded_at: datetime
    commission: tuple[TermRead, ...] = ()


class ExchangeRateRead(msgspec.Struct, frozen=True):
    """One major unit of `base` is `billionths` / 10^9 major units of `quote`, from an instant on."""

    base: str
    quote: str
    billionths: int
    valid_from: datetime
    recorded_at: datetime


class OfferRead(msgspec.Struct, frozen=True):
    """An offer as the partner states it, in minor units of its own currency; `stock` null where it states none."""

    id: int
    partner: str
    reference: str
    title: str
    price: int
    currency: str
    stock: int | None
    available: bool
    gone: bool
    seller: str
    brand: str
    gtin: str
    model: str
    category: str
    url: str
    shipping_amount: int | None
    days_from: int | None
    days_to: int | None
    stated_at: datetime
    seen_at: datetime


class ReferralRead(msgspec.Struct, frozen=True):
    """A shopper handed to a partner's site; `place` is the id of the place credited, `offer` that of what was shown."""

    id: UUID
    partner: str
    click: str
    status: str
    offer: int | None
    channel: str
    place: int | None
    associate: str
    shown_at: datetime
    clicked_at: datetime
    bought_at: datetime | None


class CommissionRead(msgspec.Struct, frozen=True):
    """Commission on a line as it stands, in minor units; `expected` is what our agreement comes to."""

    id: int
    partner: str
    key: str
    order: str
    standing: str
    status: str
    currency: str
    amount: int
    commission: int
    expected: int | None
    rate: int | None
    referral: UUID | None
    part: UUID | None
    entries: int
    bought_at: datetime | None
    stated_at: datetime | None
    booked_at: datetime


class CommissionEntryRead(msgspec.Struct, frozen=True):
    """A statement about a line, as it was booked; it changes the line's commission by `change`."""

    number: int
    kind: str
    status: str
    currency: str
    amount: int
    change: int
    rate: int | None
    reason: str
    stated_at: datetime | None
    booked_at: datetime


class CommissionWhole(msgspec.Struct, frozen=True):
    """Commission on a line, with every statement about it in the order in which they were booked."""

    line: CommissionRead
    statements: tuple[CommissionEntryRead, ...]


class PartRead(msgspec.Struct, frozen=True):
    """A partner's part of an order; `total` is due from the shopper in `currency`, `cost` to the partner in its own."""

    id: UUID
    order: UUID
    partner: str
    ours: str
    status: str
    merchant: str
    channel: str
    currency: str
    total: int
    shipping_amount: int
    tax_amount: int
    cost: int
    cost_currency: str
    reason: str
    opened_at: datetime
    placed_at: datetime | None
    delivered_at: datetime | None


class PartLineRead(msgspec.Struct, frozen=True):
    """A line of a part: `accepted` null before the partner has answered."""

    number: int
    offer: int
    reference: str
    title: str
    quantity: int
    accepted: int | None
    returned: int
    unit_amount: int
    amount: int
    tax_amount: int
    unit_cost: int
    commission_rate: int


class TheirOrderRead(msgspec.Struct, frozen=True):
    """An order of the partner's that serves a part; `status` is its own word."""

    reference: str
    status: str
    currency: str
    amount: int
    tracking: list[dict[str, str]]
    stated_at: datetime | None
    looked_at: datetime


class PartWhole(msgspec.Struct, frozen=True):
    """A part with its lines and the partner's orders for it."""

    part: PartRead
    lines: tuple[PartLineRead, ...]
    orders: tuple[TheirOrderRead, ...]


class OddityRead(msgspec.Struct, frozen=True):
    """Something that a partner stated and that could not be taken as it is; `content` whole as it came."""

    id: int
    partner: str
    kind: str
    reference: str
    reason: str
    explanation: str
    content: str
    state: str
    times: int
    first_at: datetime
    last_at: datetime
    settled_at: datetime | None
    settled_by: str
    note: str


class Wanted(NamedTuple):
    """Which rows: what is empty narrows nothing; `since` by each table's own time."""

    partner: str = ""
    status: str = ""
    reference: str = ""
    since: datetime | None = None
    order: UUID | None = None


_MARK = "as_"
_PARTNER = {"partner": "partner__code"}
_REFERRAL = _PARTNER | {"offer": "offer_id", "place": "place_id"}
_COMMISSION = _PARTNER | {"order": "order_key", "referral": "referral_id", "part": "part_id"}
_PART = _PARTNER | {"order": "order_id"}


def read_all_partners(*, after: After | None, limit: int) -> tuple[list[PartnerRead], After | None]:
    """Return a page of partners by code; one statement."""
    return _page(PartnerRead, Partner.objects.all(), {"place": "place__code"}, after, limit, order="code")


def read_agreements(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[AgreementRead], After | None]:
    """Return a page of agreements in the order of their rows, with their terms; two statements."""
    rows = _of_partner(Agreement.objects.all(), wanted)
    renamed = {"row": "pk", **_PARTNER}
    names = [name for name in AgreementRead.__struct_fields__ if name != "commission"]
    found, following = keyset(
        _values(rows, [*names, "row"], renamed), order="pk", descending=False, after=after, limit=limit
    )
    terms: dict[int, list[TermRead]] = {}
    for term in CommissionTerm.objects.filter(agreement_id__in=[row[f"{_MARK}row"] for row in found]).order_by(
        "category"
    ):
        terms.setdefault(term.agreement_id, []).append(TermRead(term.category, term.rate))
    plain = [_plain(row) for row in found]
    return [AgreementRead(commission=tuple(terms.get(row.pop("row"), ())), **row) for row in plain], following


def read_rates(*, after: After | None, limit: int) -> tuple[list[ExchangeRateRead], After | None]:
    """Return a page of exchange rates, the last stated first; one statement."""
    return _page(ExchangeRateRead, ExchangeRate.objects.all(), {}, after, limit, order="-pk")


def read_offers(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[OfferRead], After | None]:
    """Return a page of offers in the order of their rows; one statement."""
    rows = _of_partner(Offer.objects.all(), wanted)
    if wanted.reference:
        rows = rows.filter(reference=wanted.reference)
    return _page(OfferRead, rows, _PARTNER, after, limit, order="pk")


def read_referrals(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[ReferralRead], After | None]:
    """Return a page of referrals, the last clicked first; one statement."""
    rows = _narrowed(Referral.objects.all(), wanted, status="status", since="clicked_at")
    return _page(ReferralRead, rows, _REFERRAL, after, limit, order="-clicked_at")


def read_commissions(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[CommissionRead], After | None]:
    """Return a page of commission lines, the last booked first; one statement."""
    rows = _narrowed(CommissionLine.objects.all(), wanted, status="standing", since="booked_at")
    if wanted.reference:
        rows = rows.filter(key=wanted.reference)
    return _page(CommissionRead, rows, _COMMISSION, after, limit, order="-booked_at")


def read_commission(identity: int) -> CommissionWhole | None:
    """Return a line with every statement about it; two statements."""
    rows = CommissionLine.objects.filter(pk=identity)
    found, _ = _page(CommissionRead, rows, _COMMISSION, None, 1, order="pk")
    if not found:
        return None
    partner_id = rows.values_list("partner_id", flat=True)[:1]
    entries = CommissionEntry.objects.filter(partner_id=partner_id, key=found[0].key).order_by("number")
    return CommissionWhole(found[0], _structs(CommissionEntryRead, entries, {}))


def read_parts(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[PartRead], After | None]:
    """Return a page of partners' parts of orders, the last opened first; one statement."""
    rows = _narrowed(PartnerPart.objects.all(), wanted, status="status", since="opened_at")
    if wanted.order is not None:
        rows = rows.filter(order_id=wanted.order)
    return _page(PartRead, rows, _PART, after, limit, order="-opened_at")


def read_part(identity: UUID) -> PartWhole | None:
    """Return a part with its lines and the partner's orders for it; three statements."""
    found, _ = _page(PartRead, PartnerPart.objects.filter(pk=identity), _PART, None, 1, order="pk")
    if not found:
        return None
    lines = PartnerPartLine.objects.filter(part=identity).order_by("number")
    theirs = TheirOrder.objects.filter(part=identity).order_by("pk")
    return PartWhole(
        found[0], _structs(PartLineRead, lines, {"offer": "offer_id"}), _structs(TheirOrderRead, theirs, {})
    )


def read_oddities(wanted: Wanted, *, after: After | None, limit: int) -> tuple[list[OddityRead], After | None]:
    """Return a page of what is odd, oldest first; one statement."""
    rows = _narrowed(Oddity.objects.all(), wanted, status="state", since="last_at")
    return _page(OddityRead, rows, _PARTNER, after, limit, order="pk")


def read_oddity(identity: int) -> OddityRead | None:
    """Return one thing that is odd; one statement."""
    found, _ = _page(OddityRead, Oddity.objects.filter(pk=identity), _PARTNER, None, 1, order="pk")
    return found[0] if found else None


def _of_partner(rows: QuerySet[Any], wanted: Wanted) -> QuerySet[Any]:
    return rows.filter(partner__code=wanted.partner) if wanted.partner else rows


def _narrowed(rows: QuerySet[Any], wanted: Wanted, *, status: str, since: str) -> QuerySet[Any]:
    rows = _of_partner(rows, wanted)
    if wanted.status:
        rows = rows.filter(**{status: wanted.status})
    return rows.filter(**{f"{since}__gte": wanted.since}) if wanted.since else rows


def _page(
    shape: type[Read],
    rows: QuerySet[Any],
    renamed: Mapping[str, str],
    after: After | None,
    limit: int,
    *,
    order: str,
) -> tuple[list[Read], After | None]:
    named = _values(rows, shape.__struct_fields__, renamed)
    column, descending = order.removeprefix("-"), order.startswith("-")
    found, following = keyset(named, order=column, descending=descending, after=after, limit=limit)
    return [shape(**_plain(row)) for row in found], following


def _structs(shape: type[Read], rows: QuerySet[Any], renamed: Mapping[str, str]) -> tuple[Read, ...]:
    return tuple(shape(**_plain(row)) for row in _values(rows, shape.__struct_fields__, renamed))


def _values(rows: QuerySet[Any], names: Iterable[str], renamed: Mapping[str, str]) -> QuerySet[Any, Any]:
    """Read columns; those that programs know by another name, which a column may bear too, behind a mark."""
    marked = {f"{_MARK}{name}": F(path) for name, path in renamed.items()}
    return rows.values(*[name for name in names if name not in renamed], **marked)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(_MARK): value for name, value in row.items()}
