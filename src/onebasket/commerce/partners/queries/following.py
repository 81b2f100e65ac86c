"""Offers in turn, for whoever keeps a copy of them: all by id, then what has changed since, each by one statement.

Changes are numbered under the lock of the one row of `OfferRevision`, which is held until they are committed: whoever
has read up to a number misses nothing below it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from onebasket.base import bulk

_COLUMNS = "id, changed, partner_id, title, brand, model, category, gtin, price, currency, stock, available, gone"


class FollowedOffer(msgspec.Struct, frozen=True, gc=False):
    """An offer as its copy needs it; `changed` is the number of its last change."""

    id: int
    changed: int
    partner_id: int
    title: str
    brand: str
    model: str
    category: str
    gtin: str
    price: int
    currency: str
    is_there: bool
    gone: bool


def offers_after(offer_id: int, *, limit: int) -> list[FollowedOffer]:
    """Return the next offers by id, those that are sold no more left out."""
    return _fetch(
        f"SELECT {_COLUMNS} FROM partners_offer WHERE id > %s AND NOT gone ORDER BY id LIMIT %s",  # noqa: S608 - constants
        [offer_id, limit],
    )


def offers_changed(number: int, offer_id: int, *, limit: int) -> list[FollowedOffer]:
    """Return what has changed after the offer of this id had its change of this number, in the order of the changes.

    Offers that are sold no more are among them.
    """
    return _fetch(
        f"SELECT {_COLUMNS} FROM partners_offer WHERE changed >= %s AND (changed > %s OR id > %s) "  # noqa: S608 - constants
        "ORDER BY changed, id LIMIT %s",
        [number, number, offer_id, limit],
    )


def newest_change() -> tuple[int, int]:
    """Return the number of the newest change, and the last offer that had it; zeros before the first."""
    rows = bulk.fetch("SELECT changed, id FROM partners_offer ORDER BY changed DESC, id DESC LIMIT 1")
    return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)


def _fetch(sql: str, parameters: Sequence[Any]) -> list[FollowedOffer]:
    return [_followed(row) for row in bulk.fetch(sql, parameters)]


def _followed(row: Sequence[Any]) -> FollowedOffer:
    *stated, stock, available, gone = row
    return FollowedOffer(*stated, bool(available) and stock != 0, bool(gone))  # type: ignore[call-arg] # as the columns are
