"""Move orders on in their life: confirm payment, pick, hand over, cancel, put back; one after the other in a batch."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, inbox, outbox
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.queries import products_by_id
from onebasket.commerce.orders.actions.picking import Asked, Line, hand_over, pick, put_back, release
from onebasket.commerce.orders.locking import lock_orders
from onebasket.commerce.orders.models import Fulfilment, Order, OrderLine
from onebasket.commerce.orders.queries.paying import paid_orders
from onebasket.commerce.orders.rules.life import PROMISED, Status, Step, after
from onebasket.commerce.orders.rules.messages import (
    REOPENED,
    OrderConflict,
    OrderNews,
    OrderStep,
    StepDone,
    StepOutcome,
    StepRefused,
    StepUnknown,
)
from onebasket.commerce.orders.rules.numbers import order_number
from onebasket.commerce.partners.actions.parts import PartBook, open_part_book
from onebasket.commerce.partners.rules.parts import CANCELLABLE
from onebasket.commerce.partners.rules.parts import OPEN as OPEN_PARTS
from onebasket.commerce.partners.rules.parts import Status as PartStatus
from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.pricing.actions.redeeming import release_uses
from onebasket.commerce.slots.actions import open_slots_book, post_slots
from onebasket.commerce.slots.rules.book import SlotBook
from onebasket.commerce.stock.actions import open_book, post
from onebasket.commerce.stock.rules.book import Cause, ShelfBook, ShelfKey
from onebasket.commerce.stock.rules.ends import End
from onebasket.commerce.stock.rules.events import Names
from onebasket.kernel.identity import fingerprint

_EVENT_OF = {
    Step.CONFIRM_PAYMENT: "payment_confirmed",
    Step.PICK: "picking",
    Step.FINISH_PICKING: "ready",
    Step.HAND_OVER: "handed_over",
    Step.CANCEL: "cancelled",
    Step.PUT_BACK: "put_back",
    Step.EXPIRE: "expired",
    Step.CLOSE: "closed",
}
_ENDING = frozenset({Step.CANCEL, Step.EXPIRE})
_OF_PARTS = _ENDING | {Step.CONFIRM_PAYMENT, Step.CLOSE}
"""The steps that concern what partners serve of an order."""
_ASKED_PARTS = (OPEN_PARTS - CANCELLABLE) | {PartStatus.DELIVERED}
_STAGING = frozenset({Step.PICK, Step.FINISH_PICKING, Step.HAND_OVER, Step.PUT_BACK})
_decode = msgspec.json.Decoder(StepDone | StepRefused).decode


class StepCall(NamedTuple):
    """A step, the source that asks for it, and the place codes that it may see (None: every place)."""

    source_id: int
    request: OrderStep
    places: frozenset[str] | None = None


@dataclass(slots=True)
class Work:
    """The locked orders of a batch, their lines, and the books on every slot and shelf that a step may touch."""

    orders: Mapping[UUID, Order]
    lines: Mapping[UUID, list[Line]]
    names: Names
    slots: SlotBook
    book: ShelfBook
    parts: PartBook
    now: datetime
    news: list[outbox.News] = field(default_factory=list)


def step_orders(calls: Sequence[StepCall]) -> list[StepOutcome]:
    """Take steps one after the other; each is answered with the order's new status or why it was refused."""
    with bulk.batch():
        now = database_now()
        seen = visible(calls)
        known = [index for index in range(len(calls)) if index in seen]
        claims = [_claim(calls[index]) for index in known]
        claimed = inbox.claim("order-step", claims)
        fresh = {position: calls[known[position]] for position in sorted(claimed.fresh)}
        decided: dict[int, StepOutcome] = {}
        if fresh:
            work = open_work(fresh.values(), now=now)
            for position, call in fresh.items():
                decided[position] = take_step(work, call.request, claimed.fresh[position])
            post_work(work)
        inbox.settle({claimed.fresh[p]: msgspec.json.encode(outcome).decode() for p, outcome in decided.items()})
        answers = inbox.answer(claimed, decided, count=len(known), decode=_decode, conflict=lambda _: OrderConflict())
    outcomes: dict[int, StepOutcome] = dict(zip(known, answers, strict=True))
    return [outcomes.get(index, StepUnknown(call.request.order)) for index, call in enumerate(calls)]


def post_work(work: Work) -> None:
    """Write the parts, slots and shelves of a batch, and tell what happened to its orders."""
    work.parts.post()
    post_slots(work.slots, now=work.now)
    post(work.book, now=work.now, names=work.names)
    outbox.record(work.news)


def _claim(call: StepCall) -> inbox.Claim:
    return inbox.Claim(call.source_id, call.request.key, fingerprint(call.request))


def visible(calls: Sequence[StepCall]) -> set[int]:
    """Return which of the steps are of an order that there is, at a place that their caller may see."""
    rows = Order.objects.filter(pk__in={call.request.order for call in calls}).values_list("pk", "place__code")
    places = dict(rows)
    return {
        index
        for index, call in enumerate(calls)
        if (code := places.get(call.request.order)) is not None and (call.places is None or code in call.places)
    }


def open_work(calls: Collection[StepCall], *, now: datetime, heirs: Mapping[UUID, UUID] | None = None) -> Work:
    """Lock the orders of steps, their slots and their shelves; `heirs` are who may take an order's slot over."""
    requests = [call.request for call in calls]
    orders = lock_orders(request.order for request in requests)
    parts = open_part_book(
        {one.order for one in requests if one.step in _OF_PARTS and orders[one.order].part_count},
        now=now,
    )
    taxed = {identity: order.tax_included for identity, order in orders.items()}
    lines: dict[UUID, list[Line]] = {}
    for row in OrderLine.objects.filter(order_id__in=orders).order_by("number"):
        lines.setdefault(row.order_id, []).append(
            Line(
                row.pk, row.place_id, row.order_id, row.number, row.product_id, row.promised, row.picked, row.put_back,
                row.list_amount - row.reduced_amount + (0 if taxed[row.order_id] else row.tax_amount),
            )
        )  # fmt: skip
    every = [line for each in lines.values() for line in each]
    products = products_by_id({line.product_id for line in every})
    places = places_by_id({order.place_id for order in orders.values()} | {line.place_id for line in every})
    names = Names({p.id: p.code for p in places.values()}, {p.id: p.sku for p in products.values()})
    keys = {ShelfKey(line.place_id, End.SELLABLE, line.product_id) for line in every}
    staged = {request.order for request in requests if request.step in _STAGING}
    keys |= {ShelfKey(li.place_id, End.STAGED, li.product_id) for order in staged for li in lines.get(order, [])}
    _release_uses(requests, orders, now=now)
    slots = _open_slots(requests, orders, now=now, heirs=heirs or {})
    book = open_book(keys, now=now, make=bool(staged), facts_since=now)
    return Work(orders, lines, names, slots, book, parts, now)


def _release_uses(requests: Sequence[OrderStep], orders: Mapping[UUID, Order], *, now: datetime) -> None:
    """Give back the coupons of orders that end; whether one does is known before its shelves are locked."""
    asked = Counter(request.order for request in requests)
    ending = {
        request.order
        for request in requests
        if request.step in _ENDING
        and asked[request.order] == 1
        and after(Status(orders[request.order].status), request.step)
        and not _refuse_untimely(orders[request.order], request.step, Status(orders[request.order].status), now=now)
    }
    if ending:
        release_uses(ending, now=now)


def _open_slots(
    requests: Sequence[OrderStep], orders: Mapping[UUID, Order], *, now: datetime, heirs: Mapping[UUID, UUID]
) -> SlotBook:
    """Lock the slots of orders that end; most steps need none."""
    ending = {request.order for request in requests if request.step in _ENDING}
    slots = {order: slot for order in ending if (slot := orders[order].slot_id)}
    if not slots:
        return SlotBook(now, {}, {})
    return open_slots_book(slots.values(), references=[*slots, *heirs.values()], now=now)


def take_step(work: Work, request: OrderStep, entry_id: int) -> StepDone | StepRefused:
    """Take one step of a locked order, or say why it cannot be taken."""
    order, lines = work.orders[request.order], work.lines.get(request.order, [])
    before = Status(order.status)
    if after(before, request.step) is None:
        return StepRefused("not_open", f"An order that is {before} cannot take the step {request.step}.", before)
    refused = _refuse_untimely(order, request.step, before, now=work.now)
    if refused := refused or _refuse_parted(work, order, lines, request.step):
        return refused
    cause = Cause(entry_id, 0, work.now, work.now, order_number(work.names.places[order.place_id], order.number))
    done = _EFFECTS[request.step](work.book, lines, Asked(request, cause, before))
    if isinstance(done, StepRefused):
        return done
    if request.step in _ENDING and order.slot_id:
        work.slots.give_back(order.slot_id, order.pk)
    _move_parts(work.parts, order, request)
    status = after(before, done)
    assert status is not None  # noqa: S101 - asked above; finishing is open wherever picking is
    _write(order, lines, status, now=work.now)
    work.news.append(_news(work, order, lines, done, reopened=request.reason == REOPENED))
    return StepDone(order.pk, status, order.total)


def _refuse_untimely(order: Order, step: Step, before: Status, *, now: datetime) -> StepRefused | None:
    over = order.expires_at is not None and order.expires_at <= now
    # What is paid is confirmed late too: the promise stands for as long as the order waits.
    if step is Step.CONFIRM_PAYMENT and over and order.pk not in paid_orders([order.pk]):
        return StepRefused("expired", "The time to pay is over and the promise with it. Place the order again.", before)
    if step is Step.EXPIRE and not over:
        return StepRefused("not_open", "The order's time to pay is not over.", before)
    return None


def _refuse_parted(  # noqa: PLR0911 - a refusal a line
    work: Work, order: Order, lines: Sequence[Line], step: Step
) -> StepRefused | None:
    """Refuse what cannot be done to an order that partners serve, or serve a part of."""
    if not lines and step in _STAGING:
        return StepRefused("not_open", "Nothing of this order is picked here: partners send all of it.", order.status)
    if step is Step.CLOSE and lines:
        return StepRefused("not_open", "An order with goods of its own ends when they are handed over.", order.status)
    if not order.part_count:
        return None
    statuses = work.parts.statuses(order.pk).values()
    if step is Step.CLOSE and not OPEN_PARTS.isdisjoint(statuses):
        return StepRefused("not_open", "A part of this order is still on its way from a partner.", order.status)
    if step is Step.CANCEL and not lines and not _ASKED_PARTS.isdisjoint(statuses):
        return StepRefused("not_open", "A partner was asked to send it already.", order.status)
    if step is Step.CONFIRM_PAYMENT and order.pk not in paid_orders([order.pk]):
        return StepRefused("not_paid", "What partners send is paid ahead, and the money is not sure yet.", order.status)
    return None


def _move_parts(parts: PartBook, order: Order, request: OrderStep) -> None:
    """Let parts be placed with their order, or end those that no partner was asked for."""
    if not order.part_count:
        return
    if request.step is Step.CONFIRM_PAYMENT:
        parts.pay(order.pk)
    elif request.step in _ENDING:
        parts.cancel(order.pk, reason=request.reason or f"the order was {_EVENT_OF[request.step]}")


_Effect = Callable[[ShelfBook, list[Line], Asked], Step | StepRefused]


def _confirm(_book: ShelfBook, _lines: list[Line], asked: Asked) -> Step:
    return asked.request.step


def _cancel(book: ShelfBook, lines: list[Line], asked: Asked) -> Step:
    if asked.before in PROMISED:
        release(book, lines)
    return asked.request.step


def _finish(book: ShelfBook, lines: list[Line], asked: Asked) -> Step | StepRefused:
    """End the picking: what neither was picked nor is named now is short."""
    named = msgspec.structs.replace(asked.request, lines=asked.request.lines or (), finish=True)
    return pick(book, lines, asked._replace(request=named))


_EFFECTS: dict[Step, _Effect] = {
    Step.CONFIRM_PAYMENT: _confirm,
    Step.PICK: pick,
    Step.FINISH_PICKING: _finish,
    Step.HAND_OVER: hand_over,
    Step.CANCEL: _cancel,
    Step.EXPIRE: _cancel,
    Step.PUT_BACK: put_back,
    Step.CLOSE: _confirm,
}


def _write(order: Order, lines: Sequence[Line], status: Status, *, now: datetime) -> None:
    if status in {Status.PICKING, Status.READY}:
        order.total = sum(line.amount for line in lines)
    order.status, order.changed_at = status, now
    if status is Status.PLACED:
        order.expires_at = None
    order.save(update_fields=["status", "changed_at", "total", "expires_at"])
    times = {Status.READY: {"picked_at": now}, Status.HANDED_OVER: {"handed_over_at": now}}.get(status, {})
    Fulfilment.objects.filter(order_id=order.pk).update(status=status, **times)
    for line in lines:
        if line.changed:
            OrderLine.objects.filter(pk=line.id).update(picked=line.picked, put_back=line.put_back, amount=line.amount)
            line.changed = False


def _news(work: Work, order: Order, lines: Sequence[Line], step: Step, *, reopened: bool) -> outbox.News:
    place = work.names.places[order.place_id]
    data = OrderNews(
        order=str(order.pk),
        number=order_number(place, order.number),
        place=place,
        channel=order.channel,
        status=order.status,
        currency=order.currency,
        total=order.total,
        lines=[(work.names.skus[line.product_id], line.due) for line in lines],
        reopened=reopened,
    )
    text = msgspec.json.encode(data).decode()
    return outbox.News(f"order.{_EVENT_OF[step]}", f"order/{order.pk}", work.now, text, place)
