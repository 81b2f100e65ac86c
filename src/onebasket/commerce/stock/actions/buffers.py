"""Set what places keep back from channels."""

from collections.abc import Sequence

import msgspec
from django.db import transaction

from onebasket.base import inbox
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.catalogue.queries.templates import unit_ids
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.stock.models import Buffer
from onebasket.commerce.stock.rules.buffers import BufferOutcome, BufferSetting
from onebasket.kernel.identity import fingerprint


def set_buffers(source_id: int, settings: Sequence[BufferSetting]) -> list[BufferOutcome]:
    """Set buffers in the order given; each is answered with set, invalid (and why) or conflict."""
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(source_id, setting.key, fingerprint(setting)) for setting in settings]
        claimed = inbox.claim("buffer", claims, now=now)
        decided = {index: _set(settings[index]) for index in sorted(claimed.fresh)}
        inbox.settle({claimed.fresh[i]: msgspec.json.encode(outcome).decode() for i, outcome in decided.items()})
        return inbox.answer(
            claimed,
            decided,
            count=len(settings),
            decode=lambda text: msgspec.json.decode(text, type=BufferOutcome),
            conflict=lambda _: BufferOutcome("conflict", "This key was used before for another setting."),
        )


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
    named: dict[str, int | None] = {"product_id": product.id} if product else {"unit_id": unit_id}
    rows = Buffer.objects.filter(place_id=place.id, channel=setting.channel, **named)
    if not rows.update(quantity=setting.quantity):
        Buffer.objects.create(place_id=place.id, channel=setting.channel, quantity=setting.quantity, **named)
    return BufferOutcome("set")
