"""Empty voids name an original and list no lines: they send back what it moved, whichever came first."""

from collections.abc import Mapping, Sequence

from onebasket.commerce.sales.actions.stating import Going, Stated, Totals
from onebasket.commerce.sales.models import LineException, Receipt
from onebasket.commerce.sales.queries.originals import (
    Found,
    Printed,
    WaitingVoid,
    booked_originals,
    mending_entries,
    waiting_voids,
)
from onebasket.commerce.sales.rules.receipt import Kind
from onebasket.commerce.stock.queries import moved_by


def meet_originals(batch: Sequence[Stated], place_ids: Mapping[str, int]) -> None:
    """Give the batch's empty voids what their originals moved and came to; those without an original wait for it.

    An original that was voided before is not voided twice: the second void is kept and counts for nothing.
    """
    voids = [stated for stated in batch if stated.names_original]
    if not voids:
        return
    here = {stated.printed: stated for stated in batch if stated.receipt.kind in {Kind.SALE, Kind.RETURN}}
    names = [name for stated in voids if (name := stated.names_original) and name not in here]
    booked = booked_originals(names, place_ids)
    for void in voids:
        name = void.names_original
        assert name is not None  # noqa: S101 - chosen by it above
        if name in here:
            _void_stated(void, here[name])
        elif name in booked:
            _void_booked(void, booked[name])
            booked[name] = booked[name]._replace(voided=True)
        else:
            void.awaits_original = True


def _void_stated(void: Stated, original: Stated) -> None:
    if original.voided:
        void.effect = 0
        return
    original.voided = True
    original.exceptions = []
    void.goings, void.totals = backwards(original.goings), original.totals
    void.goods_place_id = original.goods_place_id
    void.effect = -original.effect


def _void_booked(void: Stated, original: Found) -> None:
    if original.voided:
        void.effect = 0
        return
    entries = [original.entry_id, *mending_entries(original.id)]
    void.goings = backwards([Going(*moved) for entry in entries for moved in moved_by(original.place_id, entry)])
    void.goods_place_id = original.place_id
    void.totals = Totals(*original[5:])
    void.effect = -original.effect
    mark_voided(original.id)


def mark_voided(receipt_id: int) -> None:
    """Mark a booked receipt as voided, and drop what was still open about its lines."""
    Receipt.objects.filter(pk=receipt_id).update(voided=True)
    LineException.objects.filter(receipt_id=receipt_id, state=LineException.State.OPEN).update(
        state=LineException.State.DISMISSED, note="The receipt was voided."
    )


def backwards(goings: Sequence[Going]) -> list[Going]:
    """Return the same goods, the other way."""
    return [going._replace(quantity=-going.quantity) for going in goings]


def meet_waiting(batch: Sequence[Stated]) -> list[tuple[WaitingVoid, Stated]]:
    """Return the voids booked earlier whose original is in this batch; their rows get its totals, once."""
    originals: dict[Printed, Stated] = {
        stated.printed: stated for stated in batch if stated.receipt.kind in {Kind.SALE, Kind.RETURN}
    }
    met: list[tuple[WaitingVoid, Stated]] = []
    for void in waiting_voids(originals):
        original = originals[void.original]
        row = Receipt.objects.filter(pk=void.id)
        if original.voided:
            row.update(awaits_original=False, effect=0)
            continue
        original.voided = True
        original.exceptions = []
        paid, discount, tax, tendered, change, rounding = original.totals
        row.update(
            awaits_original=False,
            effect=-original.effect,
            paid_total=paid,
            discount_total=discount,
            tax_total=tax,
            tendered=tendered,
            change=change,
            rounding=rounding,
        )
        met.append((void, original))
    return met
