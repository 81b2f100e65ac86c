"""Book receipts, and count the promotions and coupons that they used: what a till gave, a web shop gives no more.

A sale is a fact, so nothing is refused: a use that may not have been counts as well, and waits for somebody to look.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from onebasket.base import bulk, trail
from onebasket.base.clock import database_now
from onebasket.base.columns import Row
from onebasket.base.quarantine import Unreadable
from onebasket.base.replaying import ReplayOutcome
from onebasket.commerce.customers.queries import shoppers
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.pricing.actions.redeeming import Redeeming
from onebasket.commerce.pricing.models import Overuse
from onebasket.commerce.pricing.queries.remembered import Memory, recall
from onebasket.commerce.pricing.queries.uses import coupons_of_serials, receipts_counted
from onebasket.commerce.pricing.rules.till_uses import COUPON, TillUse, references_of, uses_of
from onebasket.commerce.pricing.rules.uses import Fact, Use, user_of_receipt
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.actions.replaying import replay_quarantined
from onebasket.commerce.sales.actions.resolving import resolve
from onebasket.commerce.sales.queries.originals import Printed, booked_originals, voided_of
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptOutcome
from onebasket.commerce.sales.rules.receipt import Kind, Receipt

_OVERUSE = (
    "place",
    "receipt",
    "code",
    "reason",
    "loyalty_number",
    "times",
    "counted",
    "most",
    "opened_at",
    "note",
    "noted_by",
)


class SettledBeforeError(Exception):
    """It was settled before; nothing was changed."""


class _Stated(NamedTuple):
    """What the receipts of a batch used, by index, and the originals of its voids."""

    uses: Mapping[int, Sequence[TillUse]]
    voided: frozenset[int]


def book_receipts(source_id: int, receipts: Sequence[Receipt | Unreadable]) -> list[ReceiptOutcome]:
    """Book receipts as `book_sales` does, in one transaction with what they used; the same again counts nothing.

    A void gives back what its original used. Codes and counts are locked before any shelf is.
    """
    sound = {index: one for index, one in enumerate(receipts) if isinstance(one, Receipt)}
    stated = _state(sound)
    if not stated.uses and not stated.voided:
        return book_sales(source_id, receipts)
    with transaction.atomic():
        now = database_now()
        numbers = _numbers([sound[index] for index in stated.uses], now)
        wanted = [
            Use(user_of_receipt(-1), one.code, one.times, numbers.get(sound[index].loyalty_number, ""), one.serial)
            for index, uses in stated.uses.items()
            for one in uses
        ]
        redeeming = Redeeming(())
        redeeming.lock(wanted, releasing={user_of_receipt(original) for original in stated.voided})
        outcomes = book_sales(source_id, receipts)
        for original in voided_of(stated.voided):
            redeeming.release(user_of_receipt(original))
        _count(redeeming, stated, sound, outcomes, numbers, now=now)
        redeeming.post(now=now)
        return outcomes


def replay_receipt(item_id: int, *, actor: str, places: frozenset[str] | None = None) -> ReplayOutcome:
    """Book a quarantined receipt after all, with what it used; raises as `sales.replay_quarantined` does."""
    return replay_quarantined(item_id, actor=actor, places=places, book=book_receipts)


def settle_overuse(identity: int, *, note: str, actor: str) -> None:
    """Close a use that was looked at, with what came of it.

    Raises:
        SettledBeforeError: it was settled before.
    """
    with transaction.atomic():
        now = database_now()
        row = Overuse.objects.select_related("place").get(pk=identity)
        changed = Overuse.objects.filter(pk=identity, closed_at=None).update(closed_at=now, note=note, noted_by=actor)
        if not changed:
            raise SettledBeforeError(identity)
        trail.note_change(
            actor,
            action="overuse.settled",
            target=f"overuse/{identity}",
            at=now,
            place_code=row.place.code,
            detail={"note": note},
        )


def _state(receipts: Mapping[int, Receipt]) -> _Stated:
    """Return what receipts used; no statement where none names a promotion and none is a void."""
    voids = [one.original for one in receipts.values() if one.kind is Kind.VOID and one.original]
    references = references_of(receipts.values())
    uses: dict[int, Sequence[TillUse]] = {}
    if references:
        memory = recall()
        coupon_of = _single_use(references, memory)
        known = {reference for _, reference in references if memory.counting.find(reference, coupon_of)}
        using = {index: one for index, one in receipts.items() if known and _names(one, known)}
        resolved = resolve(using.values()) if using else None
        for index, receipt in using.items():
            products = resolved.products_of(receipt.lines) if resolved else ()
            steps = [0 if one is None or one.decimals else 1 for one in products]
            if found := uses_of(receipt, steps, memory.counting, coupon_of):
                uses[index] = found
    originals: frozenset[int] = frozenset()
    if voids:
        ids = {code: place.id for code, place in places_by_code({one.place for one in voids}).items()}
        names = [Printed(one.place, one.till, one.business_day, one.number) for one in voids]
        originals = frozenset(found.id for found in booked_originals(names, ids).values())
    return _Stated(uses, originals)


def _names(receipt: Receipt, known: set[str]) -> bool:
    return any(discount.reference in known for line in receipt.lines for discount in line.discounts)


def _single_use(references: Iterable[tuple[str, str]], memory: Memory) -> Mapping[str, str]:
    """Return the coupons of single-use codes among what coupons' discounts refer to."""
    counting = memory.counting
    unknown = {
        reference
        for kind, reference in references
        if kind == COUPON and reference not in counting.by_code and reference not in counting.by_coupon
    }
    return coupons_of_serials(unknown)


def _numbers(receipts: Iterable[Receipt], now: datetime) -> Mapping[str, str]:
    """Return the number that stands for each customer; a card that nobody has is nobody's."""
    stated = {receipt.loyalty_number for receipt in receipts if receipt.loyalty_number}
    return {number: facts.loyalty_number for number, facts in shoppers(stated, at=now).items()} if stated else {}


def _count(
    redeeming: Redeeming,
    stated: _Stated,
    receipts: Mapping[int, Receipt],
    outcomes: Sequence[ReceiptOutcome],
    numbers: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """Count what was booked now and is not voided already, and note what may not have been."""
    booked = {
        index: outcome.receipt for index in stated.uses if isinstance(outcome := outcomes[index], ReceiptBooked)
    }  # fmt: skip
    done = receipts_counted(booked.values()) | voided_of(booked.values())
    over: list[tuple[Receipt, Fact]] = []
    for index, identity in booked.items():
        if identity in done:
            continue
        done.add(identity)
        receipt = receipts[index]
        uses = [
            Use(
                user_of_receipt(identity),
                one.code,
                one.times,
                numbers.get(receipt.loyalty_number, ""),
                one.serial,
                identity,
            )
            for one in stated.uses[index]
        ]
        over += [(receipt, fact) for fact in redeeming.count(uses) if fact.reason]
    if over:
        places = places_by_code({receipt.place for receipt, _ in over})
        rows: list[Row] = [
            (
                places[receipt.place].id, fact.use.receipt, fact.use.code, fact.reason, fact.use.loyalty_number,
                fact.use.times, fact.counted, fact.most, now, "", "",
            )
            for receipt, fact in over
        ]  # fmt: skip
        bulk.insert(Overuse, _OVERUSE, rows)
