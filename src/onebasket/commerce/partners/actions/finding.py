"""What a partner's list of orders says of a part that is unknown, and when that is sure enough to be acted on."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from onebasket.commerce.partners.actions.calling import note_answer, words_of
from onebasket.commerce.partners.actions.oddities import keep_odd
from onebasket.commerce.partners.actions.taking_in import (
    Case,
    agreed_of,
    case_of,
    hold_up,
    keep_theirs,
    odd_of,
    take_in,
)
from onebasket.commerce.partners.actions.telling import MOVED, move
from onebasket.commerce.partners.models import PartnerAttempt, PartnerPart
from onebasket.commerce.partners.rules.asking import (
    GIVE_UP,
    MANY_FAILURES,
    MOST_LOST,
    SETTLING,
    Settling,
    is_sure,
    next_look,
    option_seconds,
    wait_after,
)
from onebasket.commerce.partners.rules.parts import Step
from onebasket.commerce.partners.rules.policy import HeldUp, Reason, TakenIn, is_whole, weigh
from onebasket.commerce.partners.rules.port import NotDone, TheirOrder, Trouble

_encode = msgspec.json.Encoder().encode
NONE, SOME = "none", "some"


def learn_from_list(
    row: PartnerPart, attempt: int, answer: Sequence[TheirOrder] | Trouble, *, is_mine: bool, now: datetime
) -> None:
    """Write down what the list says, and the part as that leaves it where it is still the one asked about."""
    if isinstance(answer, Trouble):
        note_answer(attempt, *words_of(answer), now=now)
        if is_mine:
            _silent(case_of(row), answer, now=now)
        return
    own = [one for one in answer if one.ours == row.ours]
    said = " ".join(sorted(f"{one.reference}:{sum(line.quantity for line in one.lines)}" for one in own))
    note_answer(attempt, SOME if own else NONE, said, now=now)
    if foreign := [one for one in answer if one.ours != row.ours]:
        words = "The list of one order of ours shows others."
        keep_odd([odd_of(row, "foreign_order", words, _encode(foreign).decode())], now=now)
    if is_mine:
        _decide(case_of(row), own, attempt, now=now)


def _decide(case: Case, own: Sequence[TheirOrder], attempt: int, *, now: datetime) -> None:
    """Take in what is there whole at once; believe what is missing when the list has been the same for long enough."""
    agreed = agreed_of(case)
    verdict = weigh(agreed, own)
    if isinstance(verdict, HeldUp):
        hold_up(case, keep_theirs(case.row, own, now=now) or verdict, own, now=now)
        return
    settling, settle = _settling(case.row, attempt), option_seconds(case.options, "settle_seconds", SETTLING)
    if own and (is_whole(agreed, verdict) or is_sure(settling, settle, now)):
        _take_in(case, verdict, own, now=now)
    elif not own and is_sure(settling, settle, now) and _times_lost(case.row) >= MOST_LOST:
        said = "It was asked for time and again; no answer could be read, and the partner's list never showed an order."
        hold_up(case, HeldUp("never_answered", said), "", now=now)
    elif not own and is_sure(settling, settle, now):
        move(case.row, Step.WITHDRAW, now=now, reason=case.row.reason, next_at=now)
        case.row.failures = 0
        case.row.save(update_fields=[*MOVED, "failures"])
    else:
        case.row.failures = 0
        case.row.next_at = next_look(settling, settle, now)
        case.row.save(update_fields=["failures", "next_at"])


def _take_in(case: Case, taken: TakenIn, own: Sequence[TheirOrder], *, now: datetime) -> None:
    none = not any(taken.quantities.values())
    take_in(case, taken, own, reason=Reason.CANCELLED_BY_PARTNER if none else Reason.LEFT_OUT, now=now)


def _times_lost(row: PartnerPart) -> int:
    """Return how often an order was asked for, since it is due, without an answer that could be read."""
    since = row.due_since or row.opened_at
    lost = PartnerAttempt.objects.filter(part=row, operation="place", result__in=["lost", ""], asked_at__gte=since)
    return lost.count()


def _settling(row: PartnerPart, attempt: int) -> Settling:
    """Return since when the list says what it said just now; listings that failed say nothing."""
    told = PartnerAttempt.objects.filter(
        part=row, operation="find", asked_at__gte=row.asked_at, result__in=[NONE, SOME], pk__lte=attempt
    ).order_by("-pk")
    rows = list(told.values_list("asked_at", "result", "detail"))
    since = None
    for asked_at, *said in rows[1:]:
        if said != list(rows[0][1:]):
            break
        since = asked_at
    assert row.asked_at is not None  # noqa: S101 - an unknown part was asked for
    return Settling(row.asked_at, since, len(rows))


def _silent(case: Case, answer: Trouble, *, now: datetime) -> None:
    row = case.row
    row.failures = min(row.failures + 1, 1000)
    if isinstance(answer, NotDone) and answer.code == "not_able":
        held = HeldUp("cannot_be_listed", "Whether it was ordered only the partner knows, and it lists no orders.")
        hold_up(case, held, answer, now=now)
        return
    if row.asked_at is not None and now - row.asked_at > GIVE_UP:
        held = HeldUp("unknown_for_long", f"The partner's list could not be read: {answer.reason}"[:500])
        hold_up(case, held, answer, now=now)
        return
    row.next_at = now + wait_after(row.failures)
    row.save(update_fields=["failures", "next_at"])
    if row.failures == MANY_FAILURES:
        said = f"The partner's list could not be read {row.failures} times, and is tried on: {answer.reason}"
        keep_odd([odd_of(row, "cannot_be_listed", said[:500])], now=now)
