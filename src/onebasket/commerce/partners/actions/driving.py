"""What a worker does about parts: place what is due at its partner, and find out what became of what is unknown.

One call at a time, the longest due first. A partner that does not answer is left alone until the next turn, so that it
keeps no other waiting. An order is placed once: after a lost answer the partner's list tells what became of it, and
only when that is sure is it asked for again (`rules/asking.py`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec

from onebasket.base.clock import database_now
from onebasket.base.outside import require_no_transaction, run
from onebasket.commerce.partners.actions import calling
from onebasket.commerce.partners.actions.calling import (
    call_partner,
    leased,
    note_answer,
    note_call,
    words_of,
)
from onebasket.commerce.partners.actions.finding import learn_from_list
from onebasket.commerce.partners.actions.oddities import keep_odd
from onebasket.commerce.partners.actions.taking_in import (
    AMOUNTS,
    Case,
    agreed_of,
    case_of,
    hold_up,
    keep_theirs,
    lower_lines,
    odd_of,
    refuse,
    take_in,
)
from onebasket.commerce.partners.actions.telling import MOVED, move
from onebasket.commerce.partners.locking.parts import lock_part
from onebasket.commerce.partners.models import PartnerAddress, PartnerPart
from onebasket.commerce.partners.rules.asking import GIVE_UP, MANY_FAILURES, wait_after
from onebasket.commerce.partners.rules.parts import Status, Step
from onebasket.commerce.partners.rules.policy import (
    Agreed,
    HeldUp,
    Look,
    Reason,
    TurnedDown,
    after_refusal,
    before_placing,
    weigh,
)
from onebasket.commerce.partners.rules.port import (
    Address,
    Capability,
    Gateway,
    Lost,
    NotDone,
    OrderAsked,
    Placed,
    Refused,
    TheirOrder,
    Trouble,
)
from onebasket.commerce.payments.queries.standing import paid_ahead

AT_ONCE = 20
MOST_SILENT = 2
"""After so many calls in a row that a partner did not answer, its other parts are left for the next turn."""
_EARLIER = timedelta(days=1)
"""So much earlier than it was bought a partner's clock may put an order."""
_ADDRESS = ("name", "street", "city", "postcode", "country", "region", "phone", "email")
_encode = msgspec.json.Encoder().encode

Answered = Placed | Refused | tuple[TheirOrder, ...] | Trouble


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that is written down; `tries` tells this order from one asked for later."""

    part: UUID
    partner: int
    attempt: int
    tries: int
    at: datetime
    asked: OrderAsked | None
    ours: str
    since: datetime
    agreed: Agreed


def place_parts(limit: int = AT_ONCE) -> int:
    """Take the next step with the parts that are due or unknown; return how many calls were made."""
    require_no_transaction()
    open_ = PartnerPart.objects.filter(status__in=[Status.DUE, Status.UNKNOWN], next_at__lte=database_now())
    return while_answered(list(open_.order_by("next_at").values_list("pk", "partner_id")[:limit]), _drive)


def while_answered(parts: Sequence[tuple[UUID, int]], drive: Callable[[UUID], object | None]) -> int:
    """Drive parts one after the other; a partner that is silent keeps its own waiting, and nobody else's."""
    called = 0
    silent: Counter[int] = Counter()
    for part, partner in parts:
        if silent[partner] >= MOST_SILENT:
            continue
        answer = drive(part)
        if answer is None:
            continue
        called += 1
        silent[partner] = silent[partner] + 1 if isinstance(answer, Lost | NotDone) else 0
    return called


def _drive(part_id: UUID) -> Answered | None:
    begun = run(partial(_begin, part_id))
    if begun is None:
        return None
    ask = _list if begun.asked is None else _place
    answer = call_partner(
        begun.partner, partial(ask, begun), not_after=begun.at + timedelta(seconds=calling.PATIENCE.start)
    )
    run(partial(_finish, begun, answer))
    return answer


def _place(begun: Begun, gateway: Gateway) -> Placed | Refused | Trouble:
    """Place an order, after a look at what its goods cost now where the partner tells: it may know no agreed price."""
    asked = begun.asked
    assert asked is not None  # noqa: S101 - asked by the caller
    if Capability.ORDERS not in gateway.capabilities:
        return NotDone("this partner takes no orders", "not_able")
    if Capability.DETAILS in gateway.capabilities:
        told = gateway.read_offers([line.reference for line in asked.lines], seconds=calling.PATIENCE.read)
        if isinstance(told, Lost):
            return NotDone(f"it does not tell what its goods cost: {told.reason}")
        if isinstance(told, NotDone):
            return told
        if refused := before_placing(begun.agreed, told):
            return refused
    return gateway.place_order(asked, seconds=calling.PATIENCE.place)


def _list(begun: Begun, gateway: Gateway) -> tuple[TheirOrder, ...] | Trouble:
    if Capability.ORDER_LIST not in gateway.capabilities:
        return NotDone("this partner does not list orders", "not_able")
    return gateway.find_orders(begun.ours, since=begun.since, seconds=calling.PATIENCE.read)


def _begin(part_id: UUID) -> Begun | None:
    """Write the next call down, unless another worker was faster or there is none."""
    now = database_now()
    row = lock_part(part_id)
    if row.next_at is None or row.next_at > now or row.status not in {Status.DUE, Status.UNKNOWN}:
        return None
    case = case_of(row)
    asked = None
    if row.status == Status.DUE:
        if row.total and not paid_ahead([row.pk]):
            said = "Its payment has lapsed since: nothing could be taken when it is sent."
            hold_up(case, HeldUp("not_paid", said), "", now=now)
            return None
        asked = _asked(case, now=now)
        if asked is None:
            return None
        move(row, Step.ASK, now=now, reason=row.reason, next_at=leased(now))
        row.tries, row.asked_at = row.tries + 1, now
        attempt = note_call(row.pk, "place", now=now, request=_encode(asked.lines).decode())
    else:
        row.next_at = leased(now)
        attempt = note_call(row.pk, "find", now=now)
    row.save(update_fields=[*MOVED, "tries", "asked_at"])
    return Begun(
        part=row.pk,
        partner=row.partner_id,
        attempt=attempt,
        tries=row.tries,
        at=now,
        asked=asked,
        ours=row.ours,
        since=row.opened_at - _EARLIER,
        agreed=agreed_of(case),
    )


def _asked(case: Case, *, now: datetime) -> OrderAsked | None:
    """Return the order to place, or None where there is none: then the part is refused, or held up."""
    row = case.row
    if not case.asked:
        refuse(case, Reason.LEFT_OUT, now=now)
        return None
    address = PartnerAddress.objects.filter(pk=row.order_id).values(*_ADDRESS).first()
    if address is None:
        hold_up(case, HeldUp("no_address", "There is no address to ship it to any more."), "", now=now)
        return None
    agreed = agreed_of(case)
    return OrderAsked(row.ours, agreed.lines, Address(**address), agreed.currency)


def _finish(begun: Begun, answer: Answered) -> None:
    """Write down what came of a call, and the part as that leaves it."""
    now = database_now()
    row = lock_part(begun.part)
    is_mine = row.status == Status.UNKNOWN and row.tries == begun.tries
    if begun.asked is None:
        assert not isinstance(answer, Placed | Refused)  # noqa: S101 - a list was asked for
        learn_from_list(row, begun.attempt, answer, is_mine=is_mine, now=now)
        return
    note_answer(begun.attempt, *words_of(answer), now=now)
    if is_mine:
        assert not isinstance(answer, tuple)  # noqa: S101 - an order was placed
        _learn(case_of(row), answer, now=now)
    elif isinstance(answer, Placed):
        said = "An order was confirmed after somebody else had found out about it: compare it with what is known."
        keep_odd([odd_of(row, "late_answer", said, _encode(answer).decode())], now=now)


def _learn(case: Case, answer: Placed | Refused | Trouble, *, now: datetime) -> None:
    if isinstance(answer, Placed) and answer.orders:
        verdict = weigh(agreed_of(case), answer.orders)
        if isinstance(verdict, HeldUp):
            hold_up(case, keep_theirs(case.row, answer.orders, now=now) or verdict, answer.orders, now=now)
        else:
            take_in(case, verdict, answer.orders, reason=Reason.LEFT_OUT, now=now)
    elif isinstance(answer, Refused):
        _turned_down(case, answer, now=now)
    elif isinstance(answer, NotDone):
        _not_done(case, answer, now=now)
    else:
        stay_unknown(case.row, now=now)


def _turned_down(case: Case, refused: Refused, *, now: datetime) -> None:
    """Let the lines that the partner turned down fall away, and ask for what is left of the part."""
    verdict = after_refusal(refused, [line.number for line in case.asked])
    if isinstance(verdict, Look):
        stay_unknown(case.row, now=now)
        return
    if isinstance(verdict, HeldUp):
        hold_up(case, verdict, refused, now=now)
        return
    if verdict.odd:
        keep_odd([odd_of(case.row, verdict.odd, refused.message or refused.code, _encode(refused).decode())], now=now)
    _drop(case, verdict, now=now)


def _drop(case: Case, verdict: TurnedDown, *, now: datetime) -> None:
    if {line.number for line in case.asked} <= set(verdict.lines):
        refuse(case, verdict.reason, now=now)
        return
    lower_lines(case, dict.fromkeys(verdict.lines, 0))
    move(case.row, Step.WITHDRAW, now=now, reason=verdict.reason, next_at=now)
    case.row.save(update_fields=[*MOVED, *AMOUNTS])


def _not_done(case: Case, answer: NotDone, *, now: datetime) -> None:
    """Ask again later; for so long that nobody would wait any more it is for people."""
    row = case.row
    row.failures = min(row.failures + 1, 1000)
    if answer.code == "not_able" or now - (row.due_since or row.opened_at) > GIVE_UP:
        code = "not_able" if answer.code == "not_able" else "not_reached"
        hold_up(case, HeldUp(code, f"It cannot be placed: {answer.reason}"[:500]), answer, now=now)
        return
    wait = max(wait_after(row.failures), timedelta(seconds=answer.retry_seconds or 0))
    move(row, Step.WITHDRAW, now=now, reason=row.reason, next_at=now + wait)
    row.save(update_fields=[*MOVED, "failures"])
    if row.failures == MANY_FAILURES:
        said = f"It could not be placed {row.failures} times, and is tried on: {answer.reason}"
        keep_odd([odd_of(row, "not_reached", said[:500])], now=now)


def stay_unknown(row: PartnerPart, *, now: datetime) -> None:
    """Leave a part unknown: the partner's list is asked soon."""
    row.failures = 0
    row.next_at = now + wait_after(1)
    row.save(update_fields=["failures", "next_at"])
