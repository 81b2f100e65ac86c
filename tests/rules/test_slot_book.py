"""The book of slots: taking, moving, confirming, giving back and expiring, in memory."""

from datetime import datetime
from uuid import UUID

import pytest

from onebasket.commerce.slots.rules.book import (
    Promise,
    ReferenceNotOpenedError,
    SlotBook,
    SlotFigures,
    Standing,
)
from tests.builders import MORNING, at

A, B, C = (UUID(int=number) for number in (1, 2, 3))
TEN, ELEVEN, ELSEWHERE = 7_00_000_600, 7_00_000_660, 8_00_000_600


def slot(identity: int, *, room: int = 2, taken: int = 0, planned: int | None = None) -> SlotFigures:
    """A slot that begins in two hours and may be taken for one."""
    place = identity // 100_000_000
    plan = room if planned is None else planned
    return SlotFigures(identity, place, f"p{place}", 3, at(120), at(180), at(60), plan, max(room, taken), taken)


def book(*slots: SlotFigures, now: datetime = MORNING, **holds: Promise | None) -> SlotBook:
    promises: dict[UUID, Promise | None] = {A: None, B: None, C: None}
    promises |= {one.reference: one for one in holds.values() if one}
    return SlotBook(now, {one.id: one for one in slots}, promises)


def held(reference: UUID, slot_id: int, until: float = 15, standing: Standing = Standing.HELD) -> Promise:
    expires = at(until) if standing == Standing.HELD else None
    return Promise(reference, slot_id // 100_000_000, slot_id, standing, expires, 5)


def taken(one: SlotBook) -> dict[int, int]:
    return {identity: figures.taken for identity, figures in one.figures.items()}


def test_a_slot_is_taken_until_it_is_full() -> None:
    one = book(slot(TEN))

    assert [one.take(TEN, reference, at(15)) for reference in (A, B, C)] == [True, True, False]
    assert taken(one) == {TEN: 2}
    assert (one.promise_of(A), one.promise_of(C)) == (Promise(A, 7, TEN, Standing.HELD, at(15), 0, changed=True), None)


@pytest.mark.parametrize(
    ("now", "slot_id", "until"),
    [
        (at(60), TEN, at(90)),  # its cut-off is half-open
        (at(0), ELEVEN, at(15)),  # not in the book: no plan has it
        (at(0), TEN, at(0)),  # a hold that ends as it begins
    ],
)
def test_what_cannot_be_taken(now: datetime, slot_id: int, until: datetime) -> None:
    one = book(slot(TEN), now=now)

    assert one.take(slot_id, A, until) is False
    assert (one.changed_promises(), list(one.changed_slots())) == ([], [])


def test_a_hold_ends_with_the_cut_off_at_the_latest() -> None:
    one = book(slot(TEN), now=at(59))
    assert one.take(TEN, A, at(90))

    promise = one.promise_of(A)
    assert promise is not None
    assert promise.expires_at == at(60)


def test_taking_another_gives_the_first_back() -> None:
    one = book(slot(TEN, taken=1), slot(ELEVEN), a=held(A, TEN))

    assert one.take(ELEVEN, A, at(20))
    assert taken(one) == {TEN: 0, ELEVEN: 1}
    assert one.promise_of(A) == Promise(A, 7, ELEVEN, Standing.HELD, at(20), 5, changed=True)


def test_what_is_refused_leaves_the_first_as_it_was() -> None:
    first = held(A, TEN)
    one = book(slot(TEN, taken=1), slot(ELEVEN, taken=2), a=first)

    assert not one.take(ELEVEN, A, at(20))
    assert (taken(one), one.promise_of(A)) == ({TEN: 1, ELEVEN: 2}, held(A, TEN))
    assert one.changed_promises() == []


def test_the_same_slot_again_moves_the_time_alone() -> None:
    one = book(slot(TEN, taken=2), a=held(A, TEN))

    assert one.take(TEN, A, at(25))
    assert taken(one) == {TEN: 2}
    assert one.promise_of(A) == Promise(A, 7, TEN, Standing.HELD, at(25), 5, changed=True)


def test_a_firm_one_taken_again_stays_firm() -> None:
    one = book(slot(TEN, taken=1), a=held(A, TEN, standing=Standing.FIRM))

    assert one.take(TEN, A, at(25))
    assert one.promise_of(A) == held(A, TEN, standing=Standing.FIRM)


def test_a_move_to_another_place_and_back_in_one_batch() -> None:
    one = book(slot(TEN, taken=1), slot(ELSEWHERE), a=held(A, TEN))

    assert one.take(ELSEWHERE, A, at(15))
    (moved,) = one.changed_promises()
    assert (moved.place_id, moved.left_place_id, moved.version) == (8, 7, 5)
    assert one.take(TEN, A, at(15))
    assert (taken(one), moved.place_id, moved.left_place_id) == ({TEN: 1, ELSEWHERE: 0}, 7, 7)


def test_confirming_makes_it_firm_and_again_changes_nothing() -> None:
    one = book(slot(TEN, taken=1), a=held(A, TEN))

    assert one.confirm(TEN, A)
    assert one.promise_of(A) == Promise(A, 7, TEN, Standing.FIRM, None, 5, changed=True)
    assert one.confirm(TEN, A)
    assert taken(one) == {TEN: 1}


def test_confirming_what_has_expired_takes_it_anew_where_there_is_room() -> None:
    gone = held(A, TEN, standing=Standing.EXPIRED)
    roomy, full, late = book(slot(TEN), a=gone), book(slot(TEN, taken=2), a=gone), book(slot(TEN), now=at(60), a=gone)

    assert not full.confirm(TEN, A)
    assert not late.confirm(TEN, A)
    assert (full.promise_of(A), taken(full), taken(late)) == (None, {TEN: 2}, {TEN: 0})
    assert roomy.confirm(TEN, A)
    assert taken(roomy) == {TEN: 1}


def test_confirming_another_slot_than_the_held_one_moves_there() -> None:
    one = book(slot(TEN, taken=1), slot(ELEVEN), a=held(A, TEN))

    assert one.confirm(ELEVEN, A)
    assert taken(one) == {TEN: 0, ELEVEN: 1}


def test_giving_back_frees_the_room_once() -> None:
    one = book(slot(TEN, taken=2), a=held(A, TEN), b=held(B, TEN, standing=Standing.FIRM))

    assert [one.give_back(TEN, A), one.give_back(TEN, A), one.give_back(TEN, B)] == [True, False, True]
    assert (taken(one), one.promise_of(A)) == ({TEN: 0}, None)


def test_giving_back_another_slot_than_the_held_one_changes_nothing() -> None:
    one = book(slot(TEN, taken=1), slot(ELEVEN, taken=1), a=held(A, TEN))

    assert not one.give_back(ELEVEN, A)
    assert not one.give_back(TEN, B)
    assert taken(one) == {TEN: 1, ELEVEN: 1}


def test_expired_holds_are_released_once() -> None:
    own, other = held(A, TEN), held(C, TEN)
    one = book(slot(TEN, taken=2), now=at(15), a=own)
    del one.promises[C]

    one.release_expired({A: held(A, TEN), C: other})
    assert (taken(one), one.expired, own.standing) == ({TEN: 0}, [own, other], Standing.EXPIRED)
    assert one.take(TEN, A, at(30))
    assert taken(one) == {TEN: 1}


def test_a_plan_cut_below_what_is_taken_keeps_it_and_fills_no_more() -> None:
    figures = slot(TEN, room=5, taken=3)
    one = book(figures, a=held(A, TEN), b=held(B, TEN))

    figures.replan(1)
    assert (figures.capacity, figures.free) == (3, 0)
    assert not one.take(TEN, C, at(15))
    assert one.give_back(TEN, A)
    assert one.give_back(TEN, B)
    assert (figures.taken, figures.capacity, figures.free) == (1, 1, 0)
    figures.replan(4)
    assert (figures.capacity, figures.free) == (4, 3)


def test_taking_never_raises_the_bound() -> None:
    figures = slot(TEN, room=2, taken=2)
    figures.change(1)
    assert (figures.taken, figures.capacity) == (3, 2)


def test_a_reference_that_the_book_was_not_opened_for_is_a_fault() -> None:
    one = book(slot(TEN))
    stranger = UUID(int=99)

    with pytest.raises(ReferenceNotOpenedError):
        one.take(TEN, stranger, at(15))
    with pytest.raises(ReferenceNotOpenedError):
        one.confirm(TEN, stranger)
    with pytest.raises(ReferenceNotOpenedError):
        one.give_back(TEN, stranger)
    assert taken(one) == {TEN: 0}
