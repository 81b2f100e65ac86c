"""Empty voids name an original and list no lines: they send back what is left of it, whichever came first."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from onebasket.commerce.sales.actions.stating import Going, Stated, Totals, less
from onebasket.commerce.sales.models import LineException, Receipt
from onebasket.commerce.sales.queries.originals import (
    Found,
    Printed,
    WaitingVoid,
    booked_originals,
    lined_voids,
    mending_entries,
    waiting_voids,
)
from onebasket.commerce.sales.rules.receipt import Kind
from onebasket.commerce.stock.queries import moved_by
from onebasket.commerce.stock.rules.ends import End


class _Part(NamedTuple):
    """What a void that lists its lines has sent back and what it came to."""

    goings: Sequence[Going]
    totals: Totals


def meet_originals(batch: Sequence[Stated], place_ids: Mapping[str, int]) -> None:
    """Give the batch's empty voids what is left of their originals; those without an original wait for it.

    A void that lists its lines stands for itself: a later empty one sends back what it left. An original that was
    voided before is not voided twice: whatever names it then is kept and counts for nothing.
    """
    voids = [(stated, name) for stated in batch if (name := stated.names_original)]
    if not voids:
        return
    here = {stated.printed: stated for stated in batch if stated.receipt.kind in {Kind.SALE, Kind.RETURN}}
    booked = booked_originals([name for _, name in voids if name not in here], place_ids)
    for void, name in voids:
        if void.receipt.lines and name in booked and booked[name].voided:
            void.effect, void.goings, void.exceptions = 0, [], []
    empty = [(void, name) for void, name in voids if not void.receipt.lines]
    parts = _parts({name for _, name in empty}, batch)
    for void, name in empty:
        if name in here:
            _void_stated(void, here[name], parts.get(name, ()))
        elif name in booked:
            _void_booked(void, booked[name], parts.get(name, ()))
            booked[name] = booked[name]._replace(voided=True)
        else:
            void.awaits_original = True


def _parts(names: Collection[Printed], batch: Sequence[Stated]) -> dict[Printed, list[_Part]]:
    """Return what voids that list their lines, booked or in the batch, have sent back of these receipts."""
    found: dict[Printed, list[_Part]] = {}
    for name, void in lined_voids(names):
        goings = [Going(*moved) for moved in moved_by(void.place_id, void.entry_id)]
        found.setdefault(name, []).append(_Part(goings, Totals(*void[5:])))
    for stated in batch:
        if (named := stated.names_original) in names and named and stated.receipt.lines and stated.effect:
            found.setdefault(named, []).append(_Part(stated.goings, stated.totals))
    return found


def _void_stated(void: Stated, original: Stated, parts: Sequence[_Part]) -> None:
    if original.voided:
        void.effect = 0
        return
    original.voided = True
    original.exceptions = []
    void.goings, void.totals = _left(original.goings, original.totals, parts)
    void.goods_place_id = original.goods_place_id
    void.effect = -original.effect


def _void_booked(void: Stated, original: Found, parts: Sequence[_Part]) -> None:
    if original.voided:
        void.effect = 0
        return
    entries = [original.entry_id, *mending_entries(original)]
    goings = [Going(*moved) for entry in entries for moved in moved_by(original.place_id, entry)]
    void.goings, void.totals = _left(goings, Totals(*original[5:]), parts)
    void.goods_place_id = original.place_id
    void.effect = -original.effect
    mark_voided(original.id)


def _left(goings: Sequence[Going], totals: Totals, parts: Sequence[_Part]) -> tuple[list[Going], Totals]:
    """Return what is to go back of an original, and what it comes to, after the voids that list their lines."""
    if not parts:
        return backwards(goings), totals
    out: dict[tuple[int, End], Going] = {}
    for going in (*goings, *(going for part in parts for going in part.goings)):
        key = going.product_id, going.end
        out[key] = out[key]._replace(quantity=out[key].quantity + going.quantity) if key in out else going
    # Numbered anew: a line of a part may be of a product that the original has not.
    left = [going._replace(line=line) for line, going in enumerate(out.values(), 1) if going.quantity]
    return backwards(left), less(totals, [part.totals for part in parts])


def mark_voided(receipt_id: int) -> None:
    """Mark a booked receipt as voided, and drop what was still open about its lines."""
    Receipt.objects.filter(pk=receipt_id).update(voided=True)
    LineException.objects.filter(receipt_id=receipt_id, state=LineException.State.OPEN).update(
        state=LineException.State.DISMISSED, note="The receipt was voided."
    )


def backwards(goings: Sequence[Going]) -> list[Going]:
    """Return the same goods, the other way."""
    return [going._replace(quantity=-going.quantity) for going in goings]


def meet_waiting(batch: Sequence[Stated]) -> list[tuple[WaitingVoid, Stated, list[Going]]]:
    """Return the voids booked earlier whose original is in this batch, with what they send back.

    Their rows get what is left of its totals, once.
    """
    originals: dict[Printed, Stated] = {
        stated.printed: stated for stated in batch if stated.receipt.kind in {Kind.SALE, Kind.RETURN}
    }
    waiting = waiting_voids(originals)
    parts = _parts({void.original for void in waiting}, batch) if waiting else {}
    met: list[tuple[WaitingVoid, Stated, list[Going]]] = []
    for void in waiting:
        original = originals[void.original]
        row = Receipt.objects.filter(pk=void.id)
        if original.voided:
            row.update(awaits_original=False, effect=0)
            continue
        original.voided = True
        original.exceptions = []
        goings, totals = _left(original.goings, original.totals, parts.get(void.original, ()))
        paid, discount, tax, tendered, change, rounding = totals
        row.update(
            awaits_original=False,
            effect=-original.effect,
            paid_total=paid,
            discount_total=discount,
            tax_total=tax,
            tendered=tendered,
            change=change,
            rounding=rounding,
            moved_lines=len(goings),
            moved_steps=sum(going.quantity for going in goings),
        )
        met.append((void, original, goings))
    return met
