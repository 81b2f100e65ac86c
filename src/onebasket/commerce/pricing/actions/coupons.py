"""Set campaigns and coupons, keep single-use codes, and put digital coupons on customers' cards."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.customers.queries import shoppers
from onebasket.commerce.pricing.actions.revision import renew_revision
from onebasket.commerce.pricing.models import Campaign, CampaignHousehold, Coupon, CouponClip, CouponSerial
from onebasket.commerce.pricing.queries.holders import persons
from onebasket.commerce.pricing.queries.remembered import recall
from onebasket.commerce.pricing.rules.coupons import campaign_problem, clip_problem, coupon_problem
from onebasket.commerce.pricing.rules.messages import (
    MEDIUM_NAMES,
    MEDIUM_NUMBERS,
    CampaignChanged,
    CampaignItem,
    ClipItem,
    CouponChanged,
    CouponEnd,
    CouponItem,
    SerialsItem,
    serial_digest,
)

BOOK = "promotions"
_CAMPAIGN = (
    "code", "version", "name", "valid_from", "valid_to", "recorded_at", "recorded_by", "superseded_at",
)  # fmt: skip
_COUPON = ("code", "version", "medium", "barcode", "active", "recorded_at", "recorded_by", "superseded_at")
Stated = tuple[str, datetime, datetime | None]
"""What a campaign's version says: name, from when, until when."""


def set_campaigns(source_id: int, items: Sequence[CampaignItem], *, actor: str) -> list[ItemOutcome]:
    """Set campaigns and whom they are for, one transaction for the batch; one outcome for each item, in order.

    The same key again returns the first outcome.
    """
    return take_in("campaign", source_id, items, book=BOOK, decide=partial(_set_campaigns, actor=actor))


def set_coupons(source_id: int, items: Sequence[CouponItem], *, actor: str) -> list[ItemOutcome]:
    """Set how coupons are presented; an ended one comes back. Outcomes as `set_campaigns` gives them."""
    return take_in("coupon", source_id, items, book=BOOK, decide=partial(_set_coupons, actor=actor))


def end_coupons(source_id: int, items: Sequence[CouponEnd], *, actor: str) -> list[ItemOutcome]:
    """End coupons, so that they are known no more; outcomes as `set_campaigns` gives them."""
    return take_in("coupon.end", source_id, items, book=BOOK, decide=partial(_end_coupons, actor=actor))


def add_serials(source_id: int, items: Sequence[SerialsItem]) -> list[ItemOutcome]:
    """Make single-use codes known, as digests; one that another coupon has is refused with its whole item."""
    return take_in("coupon.serials", source_id, items, book=BOOK, decide=_add_serials)


def clip_coupons(source_id: int, items: Sequence[ClipItem]) -> list[ItemOutcome]:
    """Put digital coupons on customers' cards; one that is not meant for the customer is refused as unknown."""
    return take_in("coupon.clip", source_id, items, book="clips", decide=_clip)


def _set_campaigns(items: Sequence[CampaignItem], now: datetime, *, actor: str) -> list[ItemOutcome]:
    codes = {item.code for item in items}
    rows = bulk.fetch(
        "SELECT code, id, version, name, valid_from, valid_to FROM pricing_campaign "  # noqa: S608 - constants
        f"WHERE superseded_at IS NULL AND {bulk.in_list('code')}",
        [bulk.list_parameter(codes)],
    )
    held = {code: (identity, version) for code, identity, version, *_ in rows}
    stands: dict[str, Stated] = {
        code: (name, as_instant(valid_from), as_instant(valid_to))  # type: ignore[misc] # never null
        for code, _, _, name, valid_from, valid_to in rows
    }
    before, households = dict(stands), _households(codes)
    after = {code: frozenset(numbers) for code, numbers in households.items()}
    outcomes = []
    for item in items:
        if problem := campaign_problem(item):
            outcomes.append(invalid(problem))
            continue
        ends = item.valid_to.astimezone(UTC) if item.valid_to else None
        stated = (item.name, item.valid_from.astimezone(UTC), ends)
        numbers = after.get(item.code, frozenset()) if item.households is None else item.households
        if stands.get(item.code) == stated and numbers == after.get(item.code, frozenset()):
            outcomes.append(UNCHANGED)
            continue
        outcomes.append(UPDATED if item.code in stands else CREATED)
        stands[item.code], after[item.code] = stated, numbers
    changed = sorted(code for code in stands if before.get(code) != stands[code])
    gone = sorted((held[code][0], now) for code in changed if code in held)
    bulk.update_guarded(Campaign, ("id",), ("superseded_at",), gone)
    versions = {code: held[code][1] + (code in changed) if code in held else 1 for code in stands}
    bulk.insert(Campaign, _CAMPAIGN, [(code, versions[code], *stands[code], now, actor, None) for code in changed])
    moved = _write_households(households, after, now)
    news = []
    for code in sorted({*changed, *moved}):
        data = CampaignChanged(code, versions[code], *stands[code], len(after.get(code, ())))
        told = msgspec.json.encode(data).decode()
        news.append(outbox.News("campaign.changed", f"campaign/{code}", now, told))
    outbox.record(news)
    if changed:
        renew_revision()
    return outcomes


def _households(codes: set[str]) -> dict[str, dict[str, int]]:
    """Return the row of each household that campaigns are for, by code and loyalty number."""
    found: dict[str, dict[str, int]] = {}
    for code, number, identity in bulk.fetch(
        "SELECT campaign_code, loyalty_number, id FROM pricing_campaignhousehold "  # noqa: S608 - constants
        f"WHERE until IS NULL AND {bulk.in_list('campaign_code')}",
        [bulk.list_parameter(codes)],
    ):
        found.setdefault(code, {})[number] = identity
    return found


def _write_households(
    before: dict[str, dict[str, int]], after: dict[str, frozenset[str]], now: datetime
) -> set[str]:  # fmt: skip
    """Write who joins and who leaves; return the campaigns whose households changed."""
    joined: list[Row] = []
    left: list[Row] = []
    moved = set()
    for code, numbers in sorted(after.items()):
        known = before.get(code, {})
        joined += [(code, number, now, None) for number in sorted(numbers - known.keys())]
        left += [(known[number], now) for number in sorted(known.keys() - numbers)]
        if numbers != known.keys():
            moved.add(code)
    bulk.update_guarded(CampaignHousehold, ("id",), ("until",), sorted(left))
    bulk.insert(CampaignHousehold, ("campaign_code", "loyalty_number", "since", "until"), joined)
    return moved


Presented = tuple[int, str, bool]
"""What a coupon's version says: number of the medium, barcode, whether it is active."""


def _set_coupons(items: Sequence[CouponItem], now: datetime, *, actor: str) -> list[ItemOutcome]:
    def decide(item: CouponItem, known: Presented | None) -> Presented | ItemOutcome:
        if problem := coupon_problem(item):
            return invalid(problem)
        if known and MEDIUM_NAMES[known[0]] == "single_use" != item.medium:
            return invalid(f"medium: {item.code} has single-use codes. Make a coupon of another code.")
        return MEDIUM_NUMBERS[item.medium], item.barcode, True

    return _change_coupons(items, decide, now, actor)


def _end_coupons(items: Sequence[CouponEnd], now: datetime, *, actor: str) -> list[ItemOutcome]:
    def decide(item: CouponEnd, known: Presented | None) -> Presented | ItemOutcome:
        if known is None:
            return invalid(f"code: there is no coupon {item.code!r}. Check the code.")
        return known[0], known[1], False

    return _change_coupons(items, decide, now, actor)


def _change_coupons(
    items: Sequence[CouponItem] | Sequence[CouponEnd],
    decide: Callable[..., Presented | ItemOutcome],
    now: datetime,
    actor: str,
) -> list[ItemOutcome]:
    rows = bulk.fetch(
        "SELECT code, id, version, medium, barcode, active FROM pricing_coupon "  # noqa: S608 - constants
        f"WHERE superseded_at IS NULL AND {bulk.in_list('code')}",
        [bulk.list_parameter({item.code for item in items})],
    )
    held = {code: (identity, version) for code, identity, version, *_ in rows}
    before: dict[str, Presented] = {
        code: (medium, barcode, bool(active)) for code, _, _, medium, barcode, active in rows
    }
    stands = dict(before)
    outcomes = []
    for item in items:
        known = stands.get(item.code)
        stated = decide(item, known)
        if isinstance(stated, ItemOutcome):
            outcomes.append(stated)
        elif stated == known:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(UPDATED if known else CREATED)
            stands[item.code] = stated
    changed = sorted(code for code in stands if before.get(code) != stands[code])
    if changed:
        gone = sorted((held[code][0], now) for code in changed if code in held)
        bulk.update_guarded(Coupon, ("id",), ("superseded_at",), gone)
        fresh = {code: (held[code][1] + 1 if code in held else 1, *stands[code]) for code in changed}
        bulk.insert(Coupon, _COUPON, [(code, *stated, now, actor, None) for code, stated in fresh.items()])
        outbox.record([_coupon_told(code, stated, now) for code, stated in fresh.items()])
        renew_revision()
    return outcomes


def _coupon_told(code: str, stated: tuple[int, int, str, bool], now: datetime) -> outbox.News:
    version, medium, barcode, active = stated
    data = CouponChanged(code, version, MEDIUM_NAMES[medium], barcode, active)
    return outbox.News("coupon.changed", f"coupon/{code}", now, msgspec.json.encode(data).decode())


def _add_serials(items: Sequence[SerialsItem], now: datetime) -> list[ItemOutcome]:
    media = recall().coupons.media
    digests = [{serial_digest(serial) for serial in item.serials} for item in items]
    owners = _owners(digest for stated in digests for digest in stated)
    fresh: list[Row] = []
    outcomes = []
    for item, stated in zip(items, digests, strict=True):
        new = sorted(stated - owners.keys())
        if media.get(item.coupon) != "single_use":
            outcomes.append(invalid(f"coupon: there is no single-use coupon {item.coupon!r}. Set it first."))
        elif any(owners.get(digest, item.coupon) != item.coupon for digest in stated):
            outcomes.append(invalid("serials: one of them belongs to another coupon. None was kept; make them anew."))
        elif new:
            owners.update(dict.fromkeys(new, item.coupon))
            fresh += [(item.coupon, digest, now) for digest in new]
            outcomes.append(CREATED)
        else:
            outcomes.append(UNCHANGED)
    bulk.insert(CouponSerial, ("coupon_code", "digest", "made_at"), fresh)
    return outcomes


def _owners(digests: Iterable[str]) -> dict[str, str]:
    sql = f"SELECT digest, coupon_code FROM pricing_couponserial WHERE {bulk.in_list('digest')}"  # noqa: S608
    return dict(bulk.fetch(sql, [bulk.list_parameter(set(digests))]))


def _clip(items: Sequence[ClipItem], now: datetime) -> list[ItemOutcome]:
    book, people = recall().coupons, shoppers({item.loyalty_number for item in items}, at=now)
    who = persons({facts.loyalty_number: facts.numbers for facts in people.values()})
    fresh: dict[tuple[str, str], None] = {}
    outcomes = []
    for item in items:
        facts = people.get(item.loyalty_number)
        if facts is None or not facts.member:
            outcomes.append(invalid(f"loyalty_number: nobody has {item.loyalty_number!r}. Check the number."))
            continue
        holder, clip = who[facts.loyalty_number], (facts.loyalty_number, item.coupon)
        segments = book.segments(holder.campaigns, now) | facts.segments
        if problem := clip_problem(book, item.coupon, segments, now):
            outcomes.append(invalid(problem))
        elif item.coupon in holder.clips or clip in fresh:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(CREATED)
            fresh[clip] = None
    bulk.insert(CouponClip, ("loyalty_number", "coupon_code", "clipped_at"), [(*clip, now) for clip in sorted(fresh)])
    return outcomes
