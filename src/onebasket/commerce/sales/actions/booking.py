"""Book receipts as facts, in batches: claim, check, resolve, move, write, record; what cannot be booked is kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from onebasket.base import bulk, inbox, outbox, quarantine
from onebasket.base.clock import database_now
from onebasket.base.quarantine import Fault, Unreadable
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.sales.actions.moving import move_goods
from onebasket.commerce.sales.actions.resolving import resolve
from onebasket.commerce.sales.actions.stating import state
from onebasket.commerce.sales.actions.writing import write_receipts
from onebasket.commerce.sales.locking import await_turn
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.sales.rules.outcomes import ReceiptBooked, ReceiptOutcome, ReceiptQuarantined
from onebasket.commerce.sales.rules.receipt import Kind, Receipt
from onebasket.commerce.sales.rules.ties import untied
from onebasket.kernel.identity import fingerprint, has_nul

KIND = "receipt"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ReceiptBooked).decode


def book_sales(source_id: int, receipts: Sequence[Receipt | Unreadable]) -> list[ReceiptOutcome]:
    """Book receipts in the order given and return an outcome for each, in that order.

    A receipt that cannot be read, does not tie, names no known place, or reuses a key for other content goes to
    quarantine whole; its neighbours are booked. The same receipt again is answered as the first time.
    """
    with bulk.batch():
        now = database_now()
        places = places_by_code(_place_codes(receipts))
        faults = {index: fault for index, item in enumerate(receipts) if (fault := _fault(item, places))}
        sound = {
            index: item for index, item in enumerate(receipts) if index not in faults and isinstance(item, Receipt)
        }
        order = list(sound)
        claims = [inbox.Claim(source_id, receipt.key, fingerprint(receipt)) for receipt in sound.values()]
        claimed = inbox.claim(KIND, claims)
        entries = {entry: sound[order[position]] for position, entry in sorted(claimed.fresh.items())}
        booked = _book(source_id, entries, places, now=now) if entries else {}
        inbox.settle({entry: _encode(outcome).decode() for entry, outcome in booked.items()})
        faults |= {order[p]: quarantine.conflict_of(sound[order[p]].key) for p in claimed.conflicts}
        kept = _quarantine(source_id, receipts, faults, now=now)
        quarantine.supersede(KIND, [(source_id, receipt.key) for receipt in entries.values()], now=now)
        decided: dict[int, ReceiptOutcome] = {position: booked[entry] for position, entry in claimed.fresh.items()}
        answers = inbox.answer(
            claimed,
            decided,
            count=len(claims),
            decode=_decode,
            conflict=lambda position: kept[order[position]],
        )
    outcomes: dict[int, ReceiptOutcome] = kept | dict(zip(order, answers, strict=True))
    return [outcomes[index] for index in range(len(receipts))]


def _place_codes(receipts: Sequence[Receipt | Unreadable]) -> set[str]:
    codes = {receipt.place for receipt in receipts}
    return codes | {r.original.place for r in receipts if isinstance(r, Receipt) and r.kind is Kind.VOID and r.original}


def _fault(item: Receipt | Unreadable, places: Mapping[str, PlaceFacts]) -> Fault | None:
    if isinstance(item, Unreadable):
        return Fault(item.reason, item.explanation)
    if has_nul(item):
        return quarantine.NUL_FAULT
    if item.place not in places:
        return Fault("unknown_place", f"There is no place {item.place!r}. Make it, or mend the place, and replay.")
    if fault := untied(item):
        return Fault("does_not_tie", fault)
    return None


def _quarantine(
    source_id: int, items: Sequence[Receipt | Unreadable], faults: Mapping[int, Fault], *, now: datetime
) -> dict[int, ReceiptOutcome]:
    if not faults:
        return {}
    ordered = sorted(faults.items())
    ids = quarantine.keep(KIND, [quarantine.unbookable(source_id, items[i], fault) for i, fault in ordered], now=now)
    return {
        index: ReceiptQuarantined(identity, fault.reason, fault.explanation)
        for (index, fault), identity in zip(ordered, ids, strict=True)
    }


def _book(
    source_id: int, entries: Mapping[int, Receipt], places: Mapping[str, PlaceFacts], *, now: datetime
) -> dict[int, ReceiptBooked]:
    resolved = resolve(entries.values())
    await_turn(alone=any(receipt.kind is Kind.VOID and receipt.original for receipt in entries.values()))
    batch = [state(entry, receipt, places[receipt.place], resolved, now=now) for entry, receipt in entries.items()]
    for stated, identity in zip(batch, bulk.next_ids(ReceiptRow, len(batch)), strict=True):
        stated.id = identity
    move_goods(batch, {code: place.id for code, place in places.items()}, now=now)
    outbox.record(write_receipts(source_id, batch, now=now))
    return {
        stated.entry_id: ReceiptBooked(stated.id, len(stated.exceptions), stated.clock_suspect, stated.awaits_original)
        for stated in batch
    }
