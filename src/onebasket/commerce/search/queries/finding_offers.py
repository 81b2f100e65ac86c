"""Find partners' offers: what was typed is read, asked of their index, and told as it is now, each thing once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import msgspec
import tantivy

from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries.gtins import products_of
from onebasket.commerce.matching.queries import listed
from onebasket.commerce.matching.rules import SameThing, Why, group_offers
from onebasket.commerce.partners.queries.offers import PricedOffer, offers_by_id
from onebasket.commerce.search.queries.asking_offers import OffersAsked
from onebasket.commerce.search.queries.holding import Found
from onebasket.commerce.search.queries.market import read_market
from onebasket.commerce.search.queries.offer_index import OfferSnapshot, newest_offers
from onebasket.commerce.search.queries.relaxing import Wanted, ever_less
from onebasket.commerce.search.rules.offer_messages import (
    FARTHEST_OFFER,
    LONGEST_OFFER_PAGE,
    MOST_ALIKE,
    Narrowing,
    PartnerCount,
)
from onebasket.commerce.search.rules.reading import Reading, Slot, read_text
from onebasket.commerce.search.rules.words import LONGEST_TEXT
from onebasket.kernel.barcodes import lookup_keys

EVERYTHING = Narrowing()
MOST_READ = 400
"""So many offers of the same things as those of a page are looked at, the lowest prices."""


class OfferGroup(msgspec.Struct, frozen=True):
    """A thing that partners offer, the offer to be told first at the front; `count` is how many there are of it.

    `product_id` is our own product that is the same thing, None where there is none; `why` says by what, such as
    `gtin`, they were brought together.
    """

    offers: tuple[PricedOffer, ...]
    count: int
    gtin: str = ""
    product_id: int | None = None
    why: Why = Why.ALONE

    @property
    def first(self) -> PricedOffer:
        """Return the offer to be told first."""
        return self.offers[0]


class OfferPage(msgspec.Struct, frozen=True):
    """A part of the things found, of `total` offers.

    `suggestion` is the text as it was read where a word had to be mended, else empty. `relaxed` says that nothing has
    all that was asked for, and these have most of it.
    """

    groups: tuple[OfferGroup, ...] = ()
    total: int = 0
    partners: tuple[PartnerCount, ...] = ()
    suggestion: str = ""
    relaxed: bool = False


class _Told(NamedTuple):
    """Which offers are told in which order, and how many there are of a thing beyond one, by GTIN."""

    ids: list[int]
    counts: Mapping[str, int]


def find_offers(
    text: str, *, currency: str, narrowing: Narrowing = EVERYTHING, now: datetime | None = None
) -> OfferPage:
    """Return a page of what partners offer of what a shopper means, best first; never an error for what is typed.

    Prices are in `currency`, the shopper's. Partners that are not active, and those whose agreement has ended, are left
    out from that moment on. At most nine statements, whatever is asked and found.

    Raises:
        IndexMissingError: there is no index yet.
    """
    snapshot = newest_offers()
    market = read_market(currency, now=now or database_now())
    if not market.shown:
        return OfferPage()
    plain = text.replace("\x00", " ").encode("utf-8", "ignore").decode()[:LONGEST_TEXT]
    reading = _telling(read_text(plain, synonyms=snapshot.synonyms, vocabulary=snapshot.vocabulary))
    asked = OffersAsked(snapshot, market, _cleaned(narrowing), _gtin_in(plain))
    meant, found, relaxed = _meant(asked, reading)
    return OfferPage(
        groups=_groups(asked, _told(asked, found)),
        total=found.total,
        partners=_partners(asked, meant, found.total),
        suggestion=reading.mended,
        relaxed=relaxed,
    )


def _cleaned(narrowing: Narrowing) -> Narrowing:
    """Return the narrowing as the engine can take it."""
    brand = narrowing.brand.replace("\x00", " ").encode("utf-8", "ignore").decode()
    limit = min(max(narrowing.limit, 1), LONGEST_OFFER_PAGE)
    return msgspec.structs.replace(
        narrowing, brand=brand, offset=min(max(narrowing.offset, 0), FARTHEST_OFFER), limit=limit
    )


def _telling(reading: Reading) -> Reading:
    """Return a reading without the one letter that is begun behind other words: half of a million offers have it."""
    *before, last = reading.slots or (Slot(()),)
    return reading._replace(slots=tuple(before)) if before and len(last.begun) == 1 else reading


def _gtin_in(text: str) -> str:
    """Return the GTIN-14 that a text is, else nothing."""
    keys = lookup_keys(text.strip(), ())
    return next((code for kind, code in keys if kind == "gtin"), "")


def _meant(asked: OffersAsked, reading: Reading) -> tuple[Wanted, Found, bool]:
    """Return what has all that was asked for; where nothing has, what has most of it: sizes are let go first."""
    last = asked.narrowing.offset + asked.narrowing.limit
    for number, wanted in enumerate(ever_less(asked, reading)):
        found = asked.in_order(asked.narrowed(asked.text(wanted)), limit=last)
        if found.total:
            return wanted, found, number > 0
    return Wanted(reading), Found(0, []), False


def _told(asked: OffersAsked, found: Found) -> _Told:
    """Return the page's offers in their order, and with each those of the same thing.

    What an earlier hit is the same thing as was told with it, on this page or one before.
    """
    snapshot, narrowing = asked.snapshot, asked.narrowing
    before = Found(found.total, found.hits[: narrowing.offset])
    seen, kept = set(snapshot.column("gtin", before)), []
    for offer, gtin in _things(snapshot, Found(found.total, found.hits[narrowing.offset :])):
        if not (gtin and gtin in seen):
            kept.append((offer, gtin))
        seen.add(gtin)
    others, counts = _alike(asked, [gtin for _, gtin in kept if gtin])
    return _Told(list(dict.fromkeys([*(offer for offer, _ in kept), *others])), counts)


def _alike(asked: OffersAsked, gtins: Sequence[int]) -> tuple[list[int], dict[str, int]]:
    """Return the offers of things, a few of each, and how many there are of those that have several."""
    if not gtins:
        return [], {}
    snapshot, query = asked.snapshot, asked.alike(gtins)
    found = snapshot.search(query, limit=MOST_READ, order_by_field="price", order=tantivy.Order.Asc)
    if found.total == len(gtins):
        return [], {}
    counts = Counter(snapshot.column("gtin", found))
    if found.total > MOST_READ:
        buckets = snapshot.searcher.aggregate(query, {"of": {"terms": {"field": "gtin", "size": len(gtins)}}})["of"]
        counts = Counter({int(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets["buckets"]})
    told: dict[int, list[int]] = {}
    for offer, gtin in zip(snapshot.column("offer", found), snapshot.column("gtin", found), strict=True):
        if counts[gtin] > 1 and len(told.setdefault(gtin, [])) < MOST_ALIKE:
            told[gtin].append(offer)
    ids = [offer for each in told.values() for offer in each]
    return ids, {f"{gtin:014d}": count for gtin, count in counts.items() if count > 1}


def _things(snapshot: OfferSnapshot, found: Found) -> list[tuple[int, int]]:
    """Return offer and GTIN of each hit of a page; of equal hits the lower price first, then the older offer.

    Within the page alone: which hits are on it is the engine's order, the same for every page.
    """
    scores = [score for score, _ in found.hits]
    columns = (snapshot.column(name, found) for name in ("price", "offer", "gtin"))
    rows = zip(scores, *columns, strict=True)
    return [(offer, gtin) for _, equal in groupby(rows, key=lambda row: row[0]) for _, _, offer, gtin in sorted(equal)]


def _groups(asked: OffersAsked, told: _Told) -> tuple[OfferGroup, ...]:
    facts = offers_by_id(told.ids)
    priced = asked.market.price(facts[identity] for identity in told.ids if identity in facts)
    shown = {one.offer.id: one for one in priced if one.is_shown}
    products = products_of(one.offer.gtin for one in shown.values())
    things = group_offers(listed(shown.values()), products)
    return tuple(_group(thing, shown, told.counts) for thing in things)


def _group(thing: SameThing, shown: Mapping[int, PricedOffer], counts: Mapping[str, int]) -> OfferGroup:
    offers = tuple(shown[identity] for identity in thing.offers)
    return OfferGroup(offers, max(len(offers), counts.get(thing.gtin, 1)), thing.gtin, thing.product_id, thing.why)


def _partners(asked: OffersAsked, meant: Wanted, total: int) -> tuple[PartnerCount, ...]:
    """Return whose offers are found, the most first; where there is one partner, they are all its."""
    shown = asked.market.shown
    if len(shown) == 1:
        ((_, one),) = shown.items()
        return (PartnerCount(one.code, one.name, total, one.code == asked.narrowing.partner),) if total else ()
    text = asked.counted(meant)
    wanted = {"partner": {"terms": {"field": "partner", "size": max(len(shown), 1)}}}
    counted = asked.snapshot.searcher.aggregate(asked.narrowed_but(text, partner=False), wanted)["partner"]["buckets"]
    found = [(int(bucket["doc_count"]), shown[int(bucket["key"])]) for bucket in counted if int(bucket["key"]) in shown]
    return tuple(
        PartnerCount(one.code, one.name, count, one.code == asked.narrowing.partner)
        for count, one in sorted(found, key=lambda pair: (-pair[0], pair[1].code))
    )
