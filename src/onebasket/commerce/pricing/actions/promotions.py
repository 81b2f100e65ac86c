"""Set, launch and end promotions: every version is kept, and what is live changes in one moment."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.rules import ProductFacts
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.actions.lists import keep_lists
from onebasket.commerce.pricing.actions.revision import renew_revision
from onebasket.commerce.pricing.models import Promotion as PromotionRow
from onebasket.commerce.pricing.rules.checks import CAMPAIGN_PREFIX, promotion_problem
from onebasket.commerce.pricing.rules.lists import long_sets, sku_sets, with_lists
from onebasket.commerce.pricing.rules.messages import (
    STATE_NAMES,
    STATE_NUMBERS,
    PromotionChanged,
    PromotionEnd,
    PromotionItem,
    PromotionLaunch,
)
from onebasket.commerce.pricing.rules.promotions import Promotion, decode_promotion, encode_promotion

DRAFT, LIVE, ENDED = STATE_NUMBERS["draft"], STATE_NUMBERS["live"], STATE_NUMBERS["ended"]
BOOK = "promotions"
_NAMES = (
    "code", "version", "name", "state", "kind", "funder", "coupon_code", "valid_from", "valid_to", "terms",
    "recorded_at", "recorded_by", "superseded_at",
)  # fmt: skip
_MOST_NAMED = 3


class _Version(NamedTuple):
    """A version of a promotion as it stands; `id` is its row's, 0 while it has none."""

    version: int
    state: int
    terms: Promotion
    id: int = 0


@dataclass(slots=True)
class _Open:
    """What stands of a code: its draft, and what is live or ended."""

    draft: _Version | None = None
    stands: _Version | None = None
    last: int = 0

    @property
    def live(self) -> Promotion | None:
        """Return the terms that are live."""
        return self.stands.terms if self.stands and self.stands.state == LIVE else None


@dataclass(slots=True)
class _Book:
    """The promotions that a batch names: what stood before it, what stands now, and every version that it made."""

    open: dict[str, _Open]
    before: dict[int, tuple[str, int]] = field(default_factory=dict)
    made: list[tuple[str, _Version]] = field(default_factory=list)

    def put(self, code: str, state: int, terms: Promotion) -> None:
        """Let a new version stand."""
        held = self.open[code]
        held.last += 1
        new = _Version(held.last, state, terms)
        if state == DRAFT:
            held.draft = new
        else:
            held.stands = new
        self.made.append((code, new))


def set_promotions(source_id: int, items: Sequence[PromotionItem], *, actor: str) -> list[ItemOutcome]:
    """Set promotions as drafts or live, one transaction for the batch; return one outcome for each item, in order.

    No version is ever overwritten. `created` is the first of its code, `unchanged` one that stands so already. The
    same key again returns the first outcome.
    """
    return take_in("promotion", source_id, items, book=BOOK, decide=partial(_set, actor=actor))


def launch_promotions(source_id: int, items: Sequence[PromotionLaunch], *, actor: str) -> list[ItemOutcome]:
    """Let drafts go live in the place of what was live; outcomes as `set_promotions` gives them."""
    return take_in("promotion.launch", source_id, items, book=BOOK, decide=partial(_each, _launch, actor=actor))


def end_promotions(source_id: int, items: Sequence[PromotionEnd], *, actor: str) -> list[ItemOutcome]:
    """End promotions now, their drafts too, or at an instant to come; outcomes as `set_promotions` gives them."""
    return take_in("promotion.end", source_id, items, book=BOOK, decide=partial(_each, _end, actor=actor))


def _set(items: Sequence[PromotionItem], now: datetime, *, actor: str) -> list[ItemOutcome]:
    known = _References([item.promotion for item in items])
    book = _load(item.promotion.code for item in items)
    problems = [promotion_problem(item.promotion) or known.problem(item.promotion) for item in items]
    sound = [item.promotion for item, problem in zip(items, problems, strict=True) if not problem]
    lists = keep_lists(set().union(*map(long_sets, sound)), known.products)
    outcomes = []
    for item, problem in zip(items, problems, strict=True):
        if problem:
            outcomes.append(invalid(problem))
            continue
        terms = with_lists(_in_utc(item.promotion), lists)
        outcomes.append(_put(book, terms, STATE_NUMBERS[item.state]))
    _write(book, now, actor)
    return outcomes


def _put(book: _Book, terms: Promotion, state: int) -> ItemOutcome:
    held = book.open.setdefault(terms.code, _Open())
    draft = held.draft.terms if held.draft else None
    if terms == (held.live if state == LIVE else draft or held.live):
        return UNCHANGED
    if state == LIVE and terms == draft:
        held.draft = None
    book.put(terms.code, state, terms)
    return CREATED if held.last == 1 else UPDATED


def _each(
    decide: Callable[[_Book, PromotionLaunch | PromotionEnd, datetime], ItemOutcome],
    items: Sequence[PromotionLaunch | PromotionEnd],
    now: datetime,
    *,
    actor: str,
) -> list[ItemOutcome]:
    book = _load(item.code for item in items)
    outcomes = [
        decide(book, item, now)
        if item.code in book.open
        else invalid(f"code: there is no promotion {item.code!r}. Set it first.")
        for item in items
    ]
    _write(book, now, actor)
    return outcomes


def _launch(book: _Book, item: PromotionLaunch | PromotionEnd, now: datetime) -> ItemOutcome:
    held = book.open[item.code]
    if held.draft is None:
        return UNCHANGED if held.live else invalid(f"code: {item.code} has ended and has no draft. Set one first.")
    terms = held.draft.terms
    if terms.valid_to is not None and terms.valid_to <= now:
        return invalid(f"code: {item.code} would be over already. Set a later valid_to first.")
    held.draft = None
    book.put(item.code, LIVE, terms)
    return UPDATED


def _end(book: _Book, item: PromotionLaunch | PromotionEnd, now: datetime) -> ItemOutcome:
    held, ends_at = book.open[item.code], getattr(item, "ends_at", None)
    if ends_at is not None and ends_at > now:
        return _end_later(book, item.code, ends_at.astimezone(UTC))
    if held.draft is None and held.live is None:
        return UNCHANGED
    terms = held.live or (held.draft.terms if held.draft else None)
    assert terms is not None  # noqa: S101 - one of the two is there
    if terms.valid_from < now and (terms.valid_to is None or now < terms.valid_to):
        terms = replace(terms, valid_to=now)
    held.draft = None
    book.put(item.code, ENDED, terms)
    return UPDATED


def _end_later(book: _Book, code: str, ends_at: datetime) -> ItemOutcome:
    live = book.open[code].live
    if live is None:
        return invalid(f"code: {code} is not live. Set its valid_to in the draft, or end it now.")
    if ends_at <= live.valid_from:
        return invalid("ends_at: it has not begun by then. End it now, or later than it begins.")
    if live.valid_to is not None and live.valid_to <= ends_at:
        return UNCHANGED
    book.put(code, LIVE, replace(live, valid_to=ends_at))
    return UPDATED


class _References:
    """What promotions may name: products, places, campaigns and coupons that are known; three statements at most."""

    def __init__(self, promotions: Sequence[Promotion]) -> None:
        skus = {sku for promotion in promotions for named in sku_sets(promotion) for sku in named}
        codes = {code for promotion in promotions for code in promotion.places}
        segments = {segment for promotion in promotions for segment in promotion.audience.segments}
        coupons = {promotion.coupon.code for promotion in promotions if promotion.coupon}
        self.products: dict[str, ProductFacts] = products_by_sku(skus) if skus else {}
        self.places: dict[str, PlaceFacts] = places_by_code(codes) if codes else {}
        campaigns = {name.removeprefix(CAMPAIGN_PREFIX) for name in segments if name.startswith(CAMPAIGN_PREFIX)}
        self.campaigns = _standing("pricing_campaign", campaigns)
        self.coupons = _standing("pricing_coupon", coupons)

    def problem(self, promotion: Promotion) -> str:
        """Say what a promotion names that nobody knows, or nothing."""
        skus = {sku for named in sku_sets(promotion) for sku in named if sku not in self.products}
        if skus:
            more = f" and {len(skus) - _MOST_NAMED} more" if len(skus) > _MOST_NAMED else ""
            return f"goods: there is no product {', '.join(sorted(skus)[:_MOST_NAMED])}{more}. Load the products first."
        if strange := sorted(promotion.places - self.places.keys()):
            return f"places: there is no place {strange[0]!r}. Load the place first."
        for code in sorted(promotion.places):
            if promotion.currency not in {"", self.places[code].currency}:
                return f"currency: {code} trades in {self.places[code].currency}, not {promotion.currency}."
        for segment in sorted(promotion.audience.segments):
            name = segment.removeprefix(CAMPAIGN_PREFIX)
            if segment.startswith(CAMPAIGN_PREFIX) and name not in self.campaigns:
                return f"audience.segments: there is no campaign {name!r}. Set it first."
        if promotion.coupon and promotion.coupon.code not in self.coupons:
            return f"coupon.code: there is no coupon {promotion.coupon.code!r}. Set it first."
        return ""


def _standing(table: str, codes: set[str]) -> set[str]:
    if not codes:
        return set()
    sql = f"SELECT code FROM {table} WHERE superseded_at IS NULL AND {bulk.in_list('code')}"  # noqa: S608 - constants
    return {code for (code,) in bulk.fetch(sql, [bulk.list_parameter(codes)])}


def _in_utc(promotion: Promotion) -> Promotion:
    """Return the same with its instants in UTC, so that the same terms are written the same."""
    ends = promotion.valid_to.astimezone(UTC) if promotion.valid_to else None
    return replace(promotion, valid_from=promotion.valid_from.astimezone(UTC), valid_to=ends)


def _load(codes: Iterable[str]) -> _Book:
    """Read what stands of promotions, and their last versions: two statements."""
    named = bulk.list_parameter(set(codes))
    last = bulk.fetch(
        f"SELECT code, MAX(version) FROM pricing_promotion WHERE {bulk.in_list('code')} GROUP BY code",  # noqa: S608
        [named],
    )
    book = _Book({code: _Open(last=version) for code, version in last})
    rows = bulk.fetch(
        "SELECT id, code, version, state, terms FROM pricing_promotion "  # noqa: S608 - constants
        f"WHERE superseded_at IS NULL AND {bulk.in_list('code')}",
        [named],
    )
    for identity, code, version, state, terms in rows:
        found = _Version(version, state, decode_promotion(terms), identity)
        held = book.open[code]
        if state == DRAFT:
            held.draft = found
        else:
            held.stands = found
        book.before[identity] = (code, state)
    return book


def _write(book: _Book, now: datetime, actor: str) -> None:
    """Supersede what stands no more, insert every version made, tell of it, and renew the revision where it matters."""
    standing = {version for held in book.open.values() for version in (held.draft, held.stands) if version}
    kept = {version.id for version in standing}
    gone = sorted((identity, now) for identity in book.before if identity not in kept)
    bulk.update_guarded(PromotionRow, ("id",), ("superseded_at",), gone)
    made = [_row(code, version, now, actor, superseded=version not in standing) for code, version in book.made]
    bulk.insert(PromotionRow, _NAMES, made)
    outbox.record([_changed(version, now) for _, version in book.made])
    if any(version.state != DRAFT for _, version in book.made):
        renew_revision()


def _row(code: str, version: _Version, now: datetime, actor: str, *, superseded: bool) -> Row:
    terms = version.terms
    return (
        code, version.version, terms.name, version.state, kind_of(terms), terms.funder,
        terms.coupon.code if terms.coupon else "", terms.valid_from, terms.valid_to, encode_promotion(terms).decode(),
        now, actor, now if superseded else None,
    )  # fmt: skip


def kind_of(terms: Promotion) -> str:
    """Return the word for what a promotion gives, such as multi_buy."""
    return str(type(terms.saving).__struct_config__.tag)


def _changed(version: _Version, now: datetime) -> outbox.News:
    terms = version.terms
    data = PromotionChanged(
        code=terms.code,
        version=version.version,
        state=STATE_NAMES[version.state],
        name=terms.name,
        kind=kind_of(terms),
        funder=terms.funder,
        coupon=terms.coupon.code if terms.coupon else "",
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
    )
    return outbox.News("promotion.changed", f"promotion/{terms.code}", now, msgspec.json.encode(data).decode())
