"""Move the goods that receipts sold or took back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.sales.actions.stating import Going, Stated
from onebasket.commerce.sales.actions.voids import meet_originals, meet_waiting
from onebasket.commerce.stock.actions import open_book, post
from onebasket.commerce.stock.rules.book import Cause, ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.commerce.stock.rules.events import Names


class _Moving(NamedTuple):
    """What one entry moves at one place."""

    place_id: int
    entry_id: int
    occurred_at: datetime
    reference: str
    goings: Sequence[Going]


def move_goods(batch: Sequence[Stated], place_ids: Mapping[str, int], *, now: datetime) -> None:
    """Post one movement for each line that moves goods, and what voids send back."""
    meet_originals(batch, place_ids)
    moving = [
        _Moving(s.goods_place_id, s.entry_id, s.occurred_at, s.receipt.number, s.goings) for s in batch if s.goings
    ]
    moving += [
        _Moving(original.place.id, void.entry_id, void.occurred_at, void.number, goings)
        for void, original, goings in meet_waiting(batch)
    ]
    if not moving:
        return
    keys = {ShelfKey(item.place_id, going.end, going.product_id) for item in moving for going in item.goings}
    book = open_book(keys, now=now, make=True, facts_since=min(item.occurred_at for item in moving))
    for item in moving:
        _move(book, item, now=now)
    post(book, now=now, names=_names(batch, keys, place_ids))


def _move(book: ShelfBook, moving: _Moving, *, now: datetime) -> None:
    place, entry, occurred, reference, goings = moving
    for line, product, end, quantity in goings:
        cause = Cause(entry, line, occurred, now, reference)
        if quantity > 0:
            book.move(place, product, kind=Kind.SALE, ends=(end, End.CUSTOMER), quantity=quantity, cause=cause)
        else:
            book.move(place, product, kind=Kind.RETURN, ends=(End.CUSTOMER, end), quantity=-quantity, cause=cause)


def _names(batch: Sequence[Stated], keys: set[ShelfKey], place_ids: Mapping[str, int]) -> Names:
    skus = {product.id: product.sku for stated in batch for product in stated.products if product}
    missing = {key.product_id for key in keys} - skus.keys()
    if missing:
        skus |= {identity: product.sku for identity, product in products_by_id(missing).items()}
    return Names({identity: code for code, identity in place_ids.items()}, skus)
