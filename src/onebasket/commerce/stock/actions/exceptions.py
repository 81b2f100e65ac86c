"""Breaches and discrepancies follow the shelves: opened, kept up, and closed by figures; noted by people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from onebasket.base import bulk, outbox, trail
from onebasket.base.clock import database_now
from onebasket.commerce.stock.models import Breach, Discrepancy
from onebasket.commerce.stock.queries.promises import open_reservations
from onebasket.commerce.stock.rules.book import Figures, ShelfKey, breaks_promises
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.events import Names
from onebasket.commerce.stock.rules.promises import OpenReservation, at_risk

Changed = Mapping[ShelfKey, Figures]
_BREACH_NAMES = ("id", "place", "product", "shortfall", "opened_at", "note", "noted_by")
_DISCREPANCY_NAMES = ("id", "place", "product", "state", "quantity", "opened_at", "note", "noted_by")


def follow_exceptions(changed: Changed, *, now: datetime, names: Names) -> None:
    """Open, keep up and close what the shelves changed are at odds with; sets their references to it."""
    outbox.record(
        _follow_discrepancies(changed, now=now, names=names) + _follow_breaches(changed, now=now, names=names)
    )


def _follow_discrepancies(changed: Changed, *, now: datetime, names: Names) -> list[outbox.News]:
    below = {key: shelf for key, shelf in changed.items() if shelf.on_hand < 0}
    closed = [(key, shelf) for key, shelf in changed.items() if shelf.discrepancy_id and shelf.on_hand >= 0]
    opened = [(key, shelf) for key, shelf in below.items() if not shelf.discrepancy_id]
    kept = [(shelf.discrepancy_id, shelf.on_hand) for shelf in below.values() if shelf.discrepancy_id]
    bulk.update(Discrepancy, ("id",), ("quantity",), kept)
    bulk.update(
        Discrepancy, ("id",), ("quantity", "closed_at"), [(s.discrepancy_id, s.on_hand, now) for _, s in closed]
    )
    for (_, shelf), identity in zip(opened, bulk.next_ids(Discrepancy, len(opened)), strict=True):
        shelf.discrepancy_id = identity
    bulk.insert(
        Discrepancy,
        _DISCREPANCY_NAMES,
        [(s.discrepancy_id, k.place_id, k.product_id, k.state, s.on_hand, now, "", "") for k, s in opened],
    )
    for _, shelf in closed:
        shelf.discrepancy_id = None
    return [_discrepancy_news("discrepancy.opened", key, shelf, now=now, names=names) for key, shelf in opened] + [
        _discrepancy_news("discrepancy.closed", key, shelf, now=now, names=names) for key, shelf in closed
    ]


def _discrepancy_news(type_: str, key: ShelfKey, shelf: Figures, *, now: datetime, names: Names) -> outbox.News:
    place, sku = names.places[key.place_id], names.skus[key.product_id]
    data = {"place": place, "sku": sku, "state": End(key.state).name.lower(), "on_hand": shelf.on_hand}
    return outbox.News(type_, f"shelf/{place}/{sku}", now, data, place)


def _follow_breaches(changed: Changed, *, now: datetime, names: Names) -> list[outbox.News]:
    sellable = {key: shelf for key, shelf in changed.items() if key.state == End.SELLABLE}
    short = {key: shelf for key, shelf in sellable.items() if breaks_promises(shelf)}
    closed = [(key, shelf) for key, shelf in sellable.items() if shelf.breach_id and key not in short]
    opened = [(key, shelf) for key, shelf in short.items() if not shelf.breach_id]
    kept = [(key, shelf) for key, shelf in short.items() if shelf.breach_id]
    bulk.update(Breach, ("id",), ("shortfall",), [(s.breach_id, s.reserved - s.on_hand) for _, s in kept])
    bulk.update(Breach, ("id",), ("shortfall", "closed_at"), [(s.breach_id, 0, now) for _, s in closed])
    for (_, shelf), identity in zip(opened, bulk.next_ids(Breach, len(opened)), strict=True):
        shelf.breach_id = identity
    bulk.insert(
        Breach,
        _BREACH_NAMES,
        [(s.breach_id, k.place_id, k.product_id, s.reserved - s.on_hand, now, "", "") for k, s in opened],
    )
    for _, shelf in closed:
        shelf.breach_id = None
    promises = open_reservations((key.place_id, key.product_id) for key in short)
    types = (("breach.opened", opened), ("breach.changed", kept), ("breach.closed", closed))
    return [
        _breach_news(type_, key, shelf, promises.get((key.place_id, key.product_id), []), now=now, names=names)
        for type_, pairs in types
        for key, shelf in pairs
    ]


def _breach_news(
    type_: str, key: ShelfKey, shelf: Figures, promises: Sequence[OpenReservation], *, now: datetime, names: Names
) -> outbox.News:
    place, sku = names.places[key.place_id], names.skus[key.product_id]
    shortfall = shelf.reserved - shelf.on_hand if breaks_promises(shelf) else 0
    risks = at_risk(promises, shortfall)
    data = {
        "place": place,
        "sku": sku,
        "shortfall": shortfall,
        "at_risk": [{"order": str(risk.reference), "line": risk.line, "short": risk.short} for risk in risks],
    }
    return outbox.News(type_, f"shelf/{place}/{sku}", now, data, place)


def note_exception(kind: type[Breach] | type[Discrepancy], identity: int, *, actor: str, note: str) -> None:
    """Keep what somebody has found out about a breach or discrepancy; `DoesNotExist` when there is none."""
    with transaction.atomic():
        found = (
            kind.objects.select_for_update(of=("self",) if bulk.is_postgresql() else ())
            .select_related("place")
            .get(pk=identity)
        )
        found.note, found.noted_by = note, actor
        found.save(update_fields=["note", "noted_by"])
        name = kind.__name__.lower()
        trail.note_change(
            actor,
            action=f"{name}.note",
            target=f"{name}/{identity}",
            at=database_now(),
            place_code=found.place.code,
            detail={"note": note},
        )
