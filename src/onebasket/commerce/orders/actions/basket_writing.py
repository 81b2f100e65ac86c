"""Write baskets that changed in bulk: themselves, their lines, what they hold, and the news."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row
from onebasket.commerce.orders.models import Basket as BasketRow
from onebasket.commerce.orders.models import BasketLine
from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import BasketNews
from onebasket.commerce.stock.actions.basket_holds import ChangedPart, NewHold, NewPart, end_parts, write_parts

_NEW = (
    "id", "place", "source_id", "channel", "loyalty_number", "state", "version", "slot_id", "coupons", "held_since",
    "held_until", "renewals", "numbers", "opened_at", "changed_at", "offers",
)  # fmt: skip
_KEYS = ("id", "version")
_SETS = (
    "version", "place", "loyalty_number", "state", "slot_id", "coupons", "held_since", "held_until", "renewals",
    "numbers", "changed_at", "offers",
)  # fmt: skip
_LINE = ("basket", "product", "number", "quantity", "held")
_encode = msgspec.json.Encoder().encode


def write_baskets(baskets: Sequence[Basket], *, now: datetime) -> None:
    """Write each basket as the batch has left it, guarded by the version that was read."""
    _write_heads(baskets, now)
    _write_lines(baskets)
    _write_holds(baskets, now)
    outbox.record([_news(basket, now) for basket in baskets])


def _write_heads(baskets: Sequence[Basket], now: datetime) -> None:
    new: list[Row] = []
    changed: list[Row] = []
    for basket in baskets:
        coupons = list(basket.coupons)
        offers = msgspec.to_builtins(list(basket.offers.values())) if basket.offers else []
        if not basket.kept_version:
            new.append(
                (
                    basket.id, basket.place.id, basket.source_id, basket.channel, basket.loyalty_number, basket.state,
                    basket.version, basket.slot_id, coupons, basket.held_since, basket.held_until, basket.renewals,
                    basket.numbers, basket.opened_at, now, offers,
                ),
            )  # fmt: skip
        else:
            changed.append(
                (
                    basket.id, basket.kept_version, basket.version, basket.place.id, basket.loyalty_number,
                    basket.state, basket.slot_id, coupons, basket.held_since, basket.held_until, basket.renewals,
                    basket.numbers, now, offers,
                ),
            )  # fmt: skip
    bulk.insert(BasketRow, _NEW, new)
    bulk.update_guarded(BasketRow, _KEYS, _SETS, changed)


def _write_lines(baskets: Sequence[Basket]) -> None:
    new: list[Row] = []
    changed: list[Row] = []
    for basket in baskets:
        gone = [line.product.id for line in basket.dropped if line.kept and line.product.id not in basket.lines]
        if gone:
            BasketLine.objects.filter(basket_id=basket.id, product_id__in=gone).delete()
        back = {line.product.id for line in basket.dropped if line.kept}
        for line in basket.lines.values():
            kept = line.kept is not None or line.product.id in back
            if not kept:
                new.append((basket.id, line.product.id, line.number, line.quantity, line.held))
            elif line.kept != (line.quantity, line.held):
                changed.append((basket.id, line.product.id, line.number, line.quantity, line.held))
    bulk.insert(BasketLine, _LINE, new)
    bulk.update_guarded(BasketLine, _LINE[:2], _LINE[2:], changed)


def _write_holds(baskets: Sequence[Basket], now: datetime) -> None:
    holds: list[NewHold] = []
    new: list[NewPart] = []
    changed: list[ChangedPart] = []
    freed: list[int] = []
    for basket in baskets:
        freed += [part.id for part in basket.freed if part.id]
        until = basket.held_until
        if until is None:
            continue
        if basket.numbers and not basket.has_hold:
            holds.append(NewHold(basket.id, basket.place.id, basket.channel, until))
        for product, part in basket.parts.items():
            if not part.id:
                new.append(NewPart(part.place_id, basket.id, part.number, product, part.quantity, until))
            elif part.quantity != part.before or until != basket.kept_until:
                changed.append(ChangedPart(part.place_id, part.id, part.quantity, until))
    end_parts(freed)
    write_parts(holds, new, changed, now=now)


def _news(basket: Basket, now: datetime) -> outbox.News:
    data = BasketNews(
        basket=str(basket.id),
        place=basket.place.code,
        channel=basket.channel,
        state=basket.state,
        version=basket.version,
        held_until=basket.held_until,
        lines=[(line.product.sku, line.quantity, line.held) for line in basket.lines.values()],
        offers=[(one.offer, one.quantity) for one in basket.offers.values()],
    )
    return outbox.News("basket.changed", f"basket/{basket.id}", now, _encode(data).decode(), basket.place.code)
