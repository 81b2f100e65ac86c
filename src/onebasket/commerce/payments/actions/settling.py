"""What becomes of an order's tenders when it is handed over, picked short or cancelled. Nobody outside is asked here.

Balances and what is paid at collection are settled at once. A card payment gets its goal, and a worker asks its
provider (`driving`).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import transaction

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.commerce.payments.actions.balances import open_balances, post_balances
from onebasket.commerce.payments.actions.writing import TOLD, news_of, place_codes, tender_of, write_tenders
from onebasket.commerce.payments.locking import lock_payments_of
from onebasket.commerce.payments.models import Payment
from onebasket.commerce.payments.queries.refunds import lowered_of_each
from onebasket.commerce.payments.rules.messages import Settling, UncoveredNews
from onebasket.commerce.payments.rules.tenders import plan_settlement


def settle_orders(settlings: Sequence[Settling], *, now: datetime | None = None) -> None:
    """Settle orders one after the other, in one transaction; the same again changes nothing."""
    with transaction.atomic():
        at = now or database_now()
        rows = lock_payments_of(one.order for one in settlings)
        if rows:
            _settle(settlings, rows, now=at)


def settle_order(settling: Settling, *, now: datetime | None = None) -> None:
    """Settle one order, as `settle_orders` does."""
    settle_orders([settling], now=now)


def _settle(settlings: Sequence[Settling], rows: Sequence[Payment], *, now: datetime) -> None:
    by_id = {row.pk: row for row in rows}
    lowered = lowered_of_each([row.pk for row in rows if row.goal])
    before = {row.pk: tender_of(row, lowered.get(row.pk, 0)) for row in rows}
    tenders = dict(before)
    of_order: dict[UUID, list[UUID]] = {}
    for row in sorted(rows, key=lambda row: row.number):
        of_order.setdefault(row.order_id, []).append(row.pk)
    give_back: dict[UUID, int] = {}
    places = place_codes(rows)
    news = []
    for settling in settlings:
        ids = of_order.get(settling.order, [])
        plan = plan_settlement([tenders[one] for one in ids], settling.kind, settling.total)
        for settled in plan.changed:
            tenders[settled.tender.id] = settled.tender
            give_back[settled.tender.id] = give_back.get(settled.tender.id, 0) + settled.give_back
        if plan.uncovered:
            news.append(_uncovered(settling, by_id[ids[0]], plan.uncovered, now=now, places=places))
    changed = [tender for identity, tender in tenders.items() if tender != before[identity]]
    write_tenders(by_id, changed, now=now)
    _give_back(by_id, give_back, now=now, places=places)
    told = [one for one in changed if one.status in TOLD and one.status is not before[one.id].status]
    outbox.record([news_of(by_id[one.id], one, now=now, places=places) for one in told] + news)


def _give_back(rows: dict[UUID, Payment], amounts: dict[UUID, int], *, now: datetime, places: dict[int, str]) -> None:
    owed = [(rows[identity], amount) for identity, amount in sorted(amounts.items()) if amount]
    if not owed:
        return
    book = open_balances([row.account_id for row, _ in owed if row.account_id is not None], now=now)
    for row, amount in owed:
        assert row.account_id is not None  # noqa: S101 - a constraint of the table
        book.give_back(row.account_id, amount, row.order_id)
    where = {row.account_id: places.get(row.place_id, "") for row, _ in owed if row.account_id is not None}
    post_balances(book, now=now, places=where)


def _uncovered(
    settling: Settling, row: Payment, uncovered: int, *, now: datetime, places: dict[int, str]
) -> outbox.News:
    place = places.get(row.place_id, "")
    data = UncoveredNews(str(settling.order), place, row.currency, settling.total, uncovered)
    text = msgspec.json.encode(data).decode()
    return outbox.News("payment.uncovered", f"payment/{row.pk}", now, text, place)
