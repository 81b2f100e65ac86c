"""The one writer of offers: what partners state, in bulk; what nobody could see the difference of costs only a date."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from onebasket.base import bulk
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter
from onebasket.commerce.partners.actions.oddities import MOST_CONTENT, Odd, keep_odd
from onebasket.commerce.partners.locking.offers import lock_revision
from onebasket.commerce.partners.models import Offer
from onebasket.commerce.partners.rules.importing import (
    GONE_FINGERPRINT,
    Fault,
    OfferRow,
    leap,
    odd_item,
    price_in,
    to_keep,
    weigh,
)
from onebasket.commerce.partners.rules.port import OddItem, OfferStated

KIND = "offer"
FEW_TIMES = 8
"""Up to so many different times of statement are written by one statement each, more row by row."""
_CONTENT = OfferRow._fields[:-1]
_INSERTED = ("partner", "reference", *_CONTENT, "stated_at", "changed", "seen_at")
_CHANGED = (*_CONTENT, "stated_at", "changed", "seen_at")
_LEAPS = frozenset({"price_leap", "currency_changed"})


class Stated(NamedTuple):
    """How many offers came in how, and `changed_to`, the number of the last change of any offer.

    `ended` are those that the partner sells no more. `odd` counts oddities: what could not be taken, and details that
    were left out. `unchanged` also has those of which something newer was known.
    """

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
    odd: int = 0
    changed_to: int = 0


class _Known(NamedTuple):
    """What is kept of an offer that is there."""

    id: int
    fingerprint: int
    stated_at: datetime
    gone: bool
    price: int
    currency: str


@dataclass(slots=True)
class _Plan:
    """What becomes of a batch: rows in the columns' order, without their number of change where they have one."""

    created: list[tuple[str, OfferRow]] = field(default_factory=list)
    changed: list[tuple[int, OfferRow]] = field(default_factory=list)
    ended: list[tuple[int, datetime]] = field(default_factory=list)
    stated: list[tuple[int, datetime]] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    odd: list[OddItem] = field(default_factory=list)
    unchanged: int = 0


def state_offers(partner_id: int, offers: Sequence[OfferStated], *, now: datetime) -> Stated:
    """Take in what a partner states of offers, in one transaction; what is odd goes to the queue, its neighbours go on.

    The same offer twice: the later statement holds, of two of one time the last. A statement never takes the place of a
    newer one. An offer that is new and gone is none.
    """
    prepared = prepare_offers(offers, now=now)
    with bulk.batch():
        return write_offers(partner_id, prepared, now=now)


class Prepared(NamedTuple):
    """Stated offers as looked at, before the transaction: those that can be taken, by reference, and what is odd.

    `listed` are those that were refused, but are there; `doubled`, how many were stated again in the same batch;
    `nameless`, how many of the odd ones did not say which offer they are.
    """

    rows: dict[str, tuple[OfferRow, OfferStated]]
    odd: list[OddItem]
    listed: set[str]
    doubled: int
    nameless: int


def prepare_offers(
    offers: Sequence[OfferStated | OddItem], *, now: datetime, stated_at: datetime | None = None
) -> Prepared:
    """Look at stated offers; nothing is read or written. Those that state no time were stated at `stated_at`, or now.

    What could not even be read goes to the queue with the others; where it has a reference, it counts as listed.
    """
    rows: dict[str, tuple[OfferRow, OfferStated]] = {}
    odd: list[OddItem] = []
    listed: set[str] = set()
    doubled = nameless = 0
    for offer in offers:
        row = None
        if isinstance(offer, OddItem):
            odd.append(offer)
        else:
            row, faults = weigh(offer, now=now, stated_at=stated_at)
            odd += [odd_item(offer, fault) for fault in faults]
        if row is None or isinstance(offer, OddItem):
            listed.add(offer.reference)
            nameless += not offer.reference
            continue
        before = rows.get(offer.reference)
        doubled += before is not None
        if before is None or before[0].stated_at <= row.stated_at:
            rows[offer.reference] = (row, offer)
    return Prepared(rows, odd, listed, doubled, nameless)


def write_offers(partner_id: int, prepared: Prepared, *, now: datetime) -> Stated:
    """Write what was prepared, inside the caller's transaction, whose last lock this takes; see `state_offers`."""
    number = lock_revision()
    known = _known(partner_id, prepared.rows.keys() | prepared.listed)
    plan = _decide(partner_id, prepared, known)
    changed_to = _write(partner_id, plan, number, now=now)
    keep_odd(
        [
            Odd(partner_id, KIND, item.reference, item.reason, item.explanation, item.content[:MOST_CONTENT])
            for item in to_keep(plan.odd)
        ],
        now=now,
    )
    return Stated(len(plan.created), len(plan.changed), plan.unchanged, len(plan.ended), len(plan.odd), changed_to)


def end_offers(ids: Sequence[int], *, unseen_since: datetime, stated_at: datetime, now: datetime) -> int:
    """Mark offers as gone that were not listed since an instant, inside the caller's transaction; return how many.

    That they are was stated at `stated_at`: those of which something newer is known, or that somebody has listed or
    ended since they were read, are left as they are.
    """
    number = lock_revision()
    sql = (
        f"SELECT id FROM partners_offer WHERE {bulk.in_list('id')}"  # noqa: S608 - constants
        " AND gone = %s AND seen_at < %s AND stated_at <= %s ORDER BY id"
    )
    found = bulk.fetch(
        sql, [bulk.list_parameter(ids), False, instant_parameter(unseen_since), instant_parameter(stated_at)]
    )
    plan = _Plan(ended=[(identity, stated_at) for (identity,) in found])
    _write(0, plan, number, now=now, seen=False)
    return len(plan.ended)


def _known(partner_id: int, references: set[str]) -> dict[str, _Known]:
    sql = (
        "SELECT reference, id, fingerprint, stated_at, gone, price, currency FROM partners_offer"  # noqa: S608 - constants
        f" WHERE partner_id = %s AND {bulk.in_list('reference')}"
    )
    storable = [reference for reference in references if reference and reference.isprintable()]
    rows = bulk.fetch(sql, [partner_id, bulk.list_parameter(storable)])
    return {
        reference: _Known(identity, fingerprint, as_instant(stated_at), bool(gone), price, currency)  # type: ignore[arg-type]
        for reference, identity, fingerprint, stated_at, gone, price, currency in rows
    }


def _decide(partner_id: int, prepared: Prepared, known: dict[str, _Known]) -> _Plan:
    plan = _Plan(odd=list(prepared.odd), unchanged=prepared.doubled)
    leaps: list[tuple[_Known, OfferRow, OfferStated, Fault]] = []
    plan.seen = [known[reference].id for reference in prepared.listed if reference in known]
    for reference, (row, offer) in prepared.rows.items():
        held = known.get(reference)
        if held is None:
            if row.gone:
                plan.unchanged += 1
            else:
                plan.created.append((reference, row))
        elif row.stated_at < held.stated_at:
            plan.unchanged += 1
            plan.seen.append(held.id)
        elif row.fingerprint == held.fingerprint and row.gone == held.gone:
            plan.unchanged += 1
            plan.stated.append((held.id, row.stated_at))
        elif row.gone:
            plan.ended.append((held.id, row.stated_at))
        elif fault := leap(row, price=held.price, currency=held.currency):
            leaps.append((held, row, offer, fault))
        else:
            plan.changed.append((held.id, row))
    if leaps:
        _decide_leaps(partner_id, plan, leaps)
    return plan


def _decide_leaps(partner_id: int, plan: _Plan, leaps: Sequence[tuple[_Known, OfferRow, OfferStated, Fault]]) -> None:
    """Take the prices that a person has settled; the others are odd, and what is kept grows old."""
    settled = _settled_prices(partner_id, [offer.reference for _, _, offer, _ in leaps])
    for held, row, offer, fault in leaps:
        if (offer.reference, row.price, row.currency) in settled:
            plan.changed.append((held.id, row))
        else:
            plan.seen.append(held.id)
            plan.odd.append(odd_item(offer, fault))


def _settled_prices(partner_id: int, references: Sequence[str]) -> set[tuple[str, int, str]]:
    sql = (
        "SELECT reference, content FROM partners_oddity WHERE partner_id = %s AND kind = %s AND state = 'settled'"  # noqa: S608
        f" AND {bulk.in_list('reason')} AND {bulk.in_list('reference')}"
    )
    parameters = [partner_id, KIND, bulk.list_parameter(sorted(_LEAPS)), bulk.list_parameter(references)]
    rows = bulk.fetch(sql, parameters)
    return {(reference, *stated) for reference, content in rows if (stated := price_in(content))}


def _write(partner_id: int, plan: _Plan, number: int, *, now: datetime, seen: bool = True) -> int:
    """Write a plan and return the number of the last change; `seen`: what ended was stated so, not only left out."""
    created, changed, ended = plan.created, plan.changed, plan.ended
    start = number + 1
    bulk.insert(
        Offer,
        _INSERTED,
        [(partner_id, reference, *row, start + index, now) for index, (reference, row) in enumerate(created)],
    )
    start += len(created)
    bulk.update_guarded(
        Offer,
        ("id",),
        _CHANGED,
        [(identity, *row, start + index, now) for index, (identity, row) in enumerate(changed)],
    )
    start += len(changed)
    gone = [
        (identity, True, GONE_FINGERPRINT, stated_at, start + index)
        for index, (identity, stated_at) in enumerate(ended)
    ]
    bulk.update_guarded(Offer, ("id",), ("gone", "fingerprint", "stated_at", "changed"), gone)
    if seen:
        plan.seen += [identity for identity, _ in ended]
    _write_times(plan, now=now)
    last = start + len(ended) - 1
    if last != number:
        bulk.write(
            "UPDATE partners_offerrevision SET changed = %s, token = %s WHERE id = 1", [last, secrets.randbits(62) + 1]
        )
    return last


def _write_times(plan: _Plan, *, now: datetime) -> None:
    """Write when offers were stated and seen: sets of ids, in few statements."""
    groups: dict[datetime, list[int]] = {}
    for identity, stated_at in plan.stated:
        groups.setdefault(stated_at, []).append(identity)
    if len(groups) > FEW_TIMES:
        rows = [(identity, stated_at, now) for identity, stated_at in sorted(plan.stated)]
        bulk.update_guarded(Offer, ("id",), ("stated_at", "seen_at"), rows)
        groups = {}
    at = instant_parameter(now)
    for stated_at, ids in groups.items():
        sql = f"UPDATE partners_offer SET stated_at = %s, seen_at = %s WHERE {bulk.in_list('id')}"  # noqa: S608
        bulk.write(sql, [instant_parameter(stated_at), at, bulk.list_parameter(sorted(ids))])
    if plan.seen:
        sql = f"UPDATE partners_offer SET seen_at = %s WHERE {bulk.in_list('id')}"  # noqa: S608
        bulk.write(sql, [at, bulk.list_parameter(sorted(plan.seen))])
