"""Promotions, campaigns, coupons and taxes as programs read them: by pages, in a fixed number of statements."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db.models import F, Q, QuerySet

from onebasket.base import bulk
from onebasket.base.keyset import After, keyset
from onebasket.commerce.pricing.models import Campaign, Coupon, Promotion, Tax, TaxClass, TaxTerms
from onebasket.commerce.pricing.models.taxes import SUBJECTS
from onebasket.commerce.pricing.rules.lists import lists_of, with_skus
from onebasket.commerce.pricing.rules.messages import (
    MEDIUM_NAMES,
    MEDIUM_NUMBERS,
    ROUNDING_NAMES,
    STATE_NAMES,
    STATE_NUMBERS,
    Medium,
    Rounding,
    State,
)
from onebasket.commerce.pricing.rules.promotions import Promotion as Terms
from onebasket.commerce.pricing.rules.promotions import decode_promotion

_PROMOTION = (
    "code", "version", "state", "name", "kind", "funder", "valid_from", "valid_to", "recorded_at", "recorded_by",
    "superseded_at", "terms",
)  # fmt: skip
_SUBJECTS = dict(SUBJECTS)


class PromotionRead(msgspec.Struct, frozen=True):
    """A version of a promotion, standing while `superseded_at` is null. Long lists of SKUs may be named `list:<id>`."""

    code: str
    version: int
    state: State
    name: str
    kind: str
    funder: str
    coupon: str
    valid_from: datetime
    valid_to: datetime | None
    recorded_at: datetime
    recorded_by: str
    superseded_at: datetime | None
    terms: Terms


class CampaignRead(msgspec.Struct, frozen=True):
    """A campaign as it stands; `households` is how many it is for."""

    code: str
    version: int
    name: str
    valid_from: datetime
    valid_to: datetime | None
    households: int
    recorded_at: datetime
    recorded_by: str


class CouponRead(msgspec.Struct, frozen=True):
    """A coupon as it stands; `promotions` are the live ones that ask for it.

    `serials` is how many single-use codes it has, `used` how many of these were used.
    """

    code: str
    version: int
    medium: Medium
    barcode: str
    active: bool
    promotions: tuple[str, ...]
    serials: int
    used: int
    recorded_at: datetime
    recorded_by: str


class TaxRead(msgspec.Struct, frozen=True):
    """A rate of a tax on a class of goods, in parts per million; an empty place is the whole chain."""

    code: str
    tax_class: str
    place: str
    rate: int
    valid_from: datetime
    valid_to: datetime | None
    version: int
    recorded_at: datetime
    superseded_at: datetime | None


class TaxTermsRead(msgspec.Struct, frozen=True):
    """How taxes are reckoned from an instant on; an empty place is the whole chain."""

    place: str
    valid_from: datetime
    included: bool
    rounding: Rounding
    cash_step: int
    version: int
    recorded_at: datetime
    superseded_at: datetime | None


class TaxClassRead(msgspec.Struct, frozen=True):
    """Which class a product (by SKU), a category or a department is of."""

    subject: str
    name: str
    tax_class: str
    recorded_at: datetime


class PromotionFilter(NamedTuple):
    """Which versions of promotions; an empty filter is every one that stands."""

    code: str = ""
    state: State | None = None
    coupon: str = ""
    current: bool = True


def read_promotions(
    wanted: PromotionFilter, *, after: After | None, limit: int
) -> tuple[list[PromotionRead], After | None]:  # fmt: skip
    """Return a page of promotions in the order of their rows, and the cursor of the page after it; one statement."""
    stated = {
        "code": wanted.code,
        "coupon_code": wanted.coupon,
        "state": STATE_NUMBERS[wanted.state] if wanted.state else None,
        "superseded_at__isnull": wanted.current or None,
    }
    rows = Promotion.objects.filter(**{name: value for name, value in stated.items() if value})
    found, following = _page(rows.values(*_PROMOTION, coupon=F("coupon_code")), after, limit)
    return [_promotion(row) for row in found], following


def read_promotion(code: str) -> list[PromotionRead]:
    """Return what stands of a promotion, what is live or ended before its draft, SKUs written out; two statements."""
    rows = Promotion.objects.filter(code=code, superseded_at__isnull=True).order_by("-state")
    found = [_promotion(row) for row in rows.values(*_PROMOTION, coupon=F("coupon_code"))]
    lists = skus_of(set().union(*(lists_of(one.terms) for one in found)))
    return [msgspec.structs.replace(one, terms=with_skus(one.terms, lists)) for one in found]


def skus_of(lists: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return the SKUs of each list; one statement."""
    wanted = set(lists)
    if not wanted:
        return {}
    sql = (
        "SELECT e.sku_list_id, p.sku FROM pricing_skulistentry e "  # noqa: S608 - constants
        f"JOIN catalogue_product p ON p.id = e.product_id WHERE {bulk.in_list('e.sku_list_id')}"
    )
    found: dict[int, set[str]] = {identity: set() for identity in wanted}
    for identity, sku in bulk.fetch(sql, [bulk.list_parameter(wanted)]):
        found[identity].add(sku)
    return {identity: frozenset(skus) for identity, skus in found.items()}


def members_of(lists: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return the ids of the products on each list; one statement."""
    wanted = set(lists)
    if not wanted:
        return {}
    sql = f"SELECT sku_list_id, product_id FROM pricing_skulistentry WHERE {bulk.in_list('sku_list_id')}"  # noqa: S608
    found: dict[int, set[int]] = {identity: set() for identity in wanted}
    for identity, product in bulk.fetch(sql, [bulk.list_parameter(wanted)]):
        found[identity].add(product)
    return {identity: frozenset(products) for identity, products in found.items()}


def read_campaigns(*, after: After | None, limit: int) -> tuple[list[CampaignRead], After | None]:
    """Return a page of the campaigns that stand, and the cursor of the page after it; two statements."""
    rows = Campaign.objects.filter(superseded_at__isnull=True)
    found, following = _page(
        rows.values("code", "version", "name", "valid_from", "valid_to", "recorded_at", "recorded_by"), after, limit
    )
    sql = (
        "SELECT campaign_code, COUNT(*) FROM pricing_campaignhousehold "  # noqa: S608 - constants
        f"WHERE until IS NULL AND {bulk.in_list('campaign_code')} GROUP BY campaign_code"
    )
    counts: dict[str, int] = dict(bulk.fetch(sql, [bulk.list_parameter([row["code"] for row in found])]))
    return [CampaignRead(**row, households=counts.get(row["code"], 0)) for row in found], following


def read_coupons(
    *, code: str, medium: Medium | None, after: After | None, limit: int
) -> tuple[list[CouponRead], After | None]:  # fmt: skip
    """Return a page of the coupons that stand, and the cursor of the page after it; three statements."""
    stated = {"code": code, "medium": MEDIUM_NUMBERS[medium] if medium else None}
    rows = Coupon.objects.filter(superseded_at__isnull=True, **{key: value for key, value in stated.items() if value})
    found, following = _page(
        rows.values("code", "version", "medium", "barcode", "active", "recorded_at", "recorded_by"), after, limit
    )
    codes = bulk.list_parameter([row["code"] for row in found])
    sql = (
        "SELECT coupon_code, COUNT(*), COUNT(order_id) FROM pricing_couponserial "  # noqa: S608 - constants
        f"WHERE {bulk.in_list('coupon_code')} GROUP BY coupon_code"
    )
    serials = {coupon: (made, used) for coupon, made, used in bulk.fetch(sql, [codes])}
    sql = (
        "SELECT coupon_code, code FROM pricing_promotion WHERE superseded_at IS NULL AND state = "  # noqa: S608
        f"{STATE_NUMBERS['live']} AND {bulk.in_list('coupon_code')} ORDER BY code"
    )
    worth: dict[str, list[str]] = {}
    for coupon, promotion in bulk.fetch(sql, [codes]):
        worth.setdefault(coupon, []).append(promotion)
    return [_coupon(row, worth, serials) for row in found], following


def read_taxes(
    places: frozenset[str] | None, *, place: str, current: bool, after: After | None, limit: int
) -> tuple[list[TaxRead], After | None]:
    """Return a page of taxes, the chain's and those of places that the reader is bound to; one statement."""
    rows = Tax.objects.filter(_within(places, place))
    if current:
        rows = rows.filter(superseded_at__isnull=True)
    names = ("code", "tax_class", "rate", "valid_from", "valid_to", "version", "recorded_at", "superseded_at")
    found, following = _page(rows.values(*names, at=F("place__code")), after, limit)
    return [TaxRead(place=row.pop("at") or "", **row) for row in found], following


def read_tax_terms(
    places: frozenset[str] | None, *, place: str, after: After | None, limit: int
) -> tuple[list[TaxTermsRead], After | None]:  # fmt: skip
    """Return a page of how taxes are reckoned where and from when on; one statement."""
    rows = TaxTerms.objects.filter(_within(places, place), superseded_at__isnull=True)
    names = ("valid_from", "included", "cash_step", "version", "recorded_at", "superseded_at")
    found, following = _page(rows.values(*names, "rounding", at=F("place__code")), after, limit)
    return [
        TaxTermsRead(place=row.pop("at") or "", rounding=ROUNDING_NAMES[row.pop("rounding")], **row) for row in found
    ], following


def read_tax_classes(*, after: After | None, limit: int) -> tuple[list[TaxClassRead], After | None]:
    """Return a page of which goods are of which class; one statement."""
    rows = TaxClass.objects.exclude(tax_class="").values("subject", "name", "tax_class", "recorded_at")
    found, following = _page(rows, after, limit)
    return [TaxClassRead(_SUBJECTS[row.pop("subject")], **row) for row in found], following


def _page(rows: QuerySet[Any, Any], after: After | None, limit: int) -> tuple[list[dict[str, Any]], After | None]:
    return keyset(rows, order="pk", descending=False, after=after, limit=limit)


def _within(places: frozenset[str] | None, place: str) -> Q:
    wanted = Q() if places is None else Q(place__isnull=True) | Q(place__code__in=sorted(places))
    return wanted & Q(place__code=place) if place else wanted


def _promotion(row: dict[str, Any]) -> PromotionRead:
    stated = dict(row)
    return PromotionRead(
        state=STATE_NAMES[stated.pop("state")], terms=decode_promotion(stated.pop("terms")), **stated
    )  # fmt: skip


def _coupon(
    row: dict[str, Any], worth: dict[str, list[str]], serials: dict[str, tuple[int, int]]
) -> CouponRead:  # fmt: skip
    stated = dict(row)
    code = stated["code"]
    made, used = serials.get(code, (0, 0))
    medium = MEDIUM_NAMES[stated.pop("medium")]
    return CouponRead(
        medium=medium, promotions=tuple(worth.get(code, ())), serials=made, used=used, **stated
    )  # fmt: skip
