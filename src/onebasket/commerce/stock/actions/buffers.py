"""Set what places keep back from channels."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.queries.templates import unit_ids
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.stock.rules.buffers import BufferOutcome, BufferSetting
from onebasket.kernel.identity import fingerprint

_UPSERT = (
    "INSERT INTO stock_buffer (place_id, channel, {named}, quantity) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (place_id, channel, {named}) WHERE {named} IS NOT NULL DO UPDATE SET quantity = excluded.quantity"
)
_OF_PRODUCT, _OF_UNIT = _UPSERT.format(named="product_id"), _UPSERT.format(named="unit_id")


def set_buffers(source_id: int, settings: Sequence[BufferSetting]) -> list[BufferOutcome]:
    """Set buffers; each is answered with set, invalid (and why) or conflict. Of two for the same the last given stands.

    They are written in one order whatever the order given, so that two senders of the same buffers wait for each other.
    """
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(source_id, setting.key, fingerprint(setting)) for setting in settings]
        claimed = inbox.claim("buffer", claims)
        in_turn = sorted(claimed.fresh, key=lambda index: (_target(settings[index]), index))
        decided = {index: _set(settings[index]) for index in in_turn}
        outbox.record([_news(settings[i], now) for i in in_turn if decided[i].outcome == "set"])
        inbox.settle({claimed.fresh[i]: msgspec.json.encode(outcome).decode() for i, outcome in decided.items()})
        return inbox.answer(
            claimed,
            decided,
            count=len(settings),
            decode=lambda text: msgspec.json.decode(text, type=BufferOutcome),
            conflict=lambda _: BufferOutcome("conflict", "This key was used before for another setting."),
        )


def _news(setting: BufferSetting, now: datetime) -> outbox.News:
    data = {
        "place": setting.place,
        "channel": setting.channel,
        "sku": setting.sku,
        "unit": setting.unit,
        "quantity": setting.quantity,
    }
    return outbox.News("buffer.set", f"buffer/{setting.place}/{setting.sku or setting.unit}", now, data, setting.place)


def _target(setting: BufferSetting) -> tuple[str, ...]:
    return setting.place, setting.channel, setting.sku, setting.unit


def _set(setting: BufferSetting) -> BufferOutcome:
    place = places_by_code([setting.place]).get(setting.place)
    if place is None:
        return BufferOutcome("invalid", f"There is no place {setting.place!r}.")
    if bool(setting.sku) == bool(setting.unit):
        return BufferOutcome("invalid", "Name either a sku or a unit.")
    product = products_by_sku([setting.sku]).get(setting.sku)
    if setting.sku and product is None:
        return BufferOutcome("invalid", f"There is no product with SKU {setting.sku!r}.")
    unit_id = unit_ids([setting.unit]).get(setting.unit)
    if setting.unit and unit_id is None:
        return BufferOutcome("invalid", f"There is no unit {setting.unit!r}.")
    statement, named = (_OF_PRODUCT, product.id) if product else (_OF_UNIT, unit_id)
    bulk.execute(statement, [place.id, setting.channel, named, setting.quantity])
    return BufferOutcome("set")
