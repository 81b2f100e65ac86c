"""What becomes of an order's tenders: tables of hand-over, short pick and cancel, and refunds that sum exactly."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.payments.rules.life import BALANCES, Goal, Method, Status
from onebasket.commerce.payments.rules.tenders import (
    Kind,
    Settlement,
    Tender,
    TooMuch,
    plan_due,
    plan_refund,
    plan_settlement,
    refundable_of,
    refunded,
)

PUT_ASIDE = {Method.INVOICE, Method.GIFT_CARD, Method.STORE_CREDIT}


def tender(number: int, method: str, amount: int, status: str = "", **more: object) -> Tender:
    """Return a tender as it was opened, or in another standing; its id is its number."""
    kind = Method(method)
    stands = Status(status or ("authorised" if kind in PUT_ASIDE else "pending"))
    values = {"due": amount, "authorised": amount if stands in {Status.AUTHORISED, Status.CAPTURED} else 0} | more
    return Tender(UUID(int=number), number, kind, stands, amount, **values)  # type: ignore[arg-type]


def told(one: Tender) -> str:
    goal = f" to {one.goal}" if one.goal else ""
    return f"{one.status}{goal} due {one.due} authorised {one.authorised} captured {one.captured}"


def settled(tenders: Sequence[Tender], kind: Kind, total: int) -> tuple[list[str], list[int], int]:
    """Return how every tender stands then, what each balance is given back, and what is not covered."""
    plan = plan_settlement(tenders, kind, total)
    found = {one.tender.id: one for one in plan.changed}
    after = [found[one.id].tender if one.id in found else one for one in tenders]
    return (
        [told(one) for one in after],
        [found[one.id].give_back if one.id in found else 0 for one in tenders],
        (plan.uncovered),
    )


@pytest.mark.parametrize(
    ("tenders", "kind", "total", "stands", "give_back", "uncovered"),
    [
        # Paid at the counter: exactly what is due.
        ([tender(1, "at_collection", 500)], "hand_over", 500, ["captured due 500 authorised 500 captured 500"], [0], 0),
        ([tender(1, "at_collection", 500)], "lower", 430, ["pending due 430 authorised 0 captured 0"], [0], 0),
        ([tender(1, "at_collection", 500, due=430)], "hand_over", 430,
         ["captured due 430 authorised 430 captured 430"], [0], 0),
        ([tender(1, "at_collection", 500)], "cancel", 0, ["reversed due 0 authorised 0 captured 0"], [0], 0),
        # By invoice.
        ([tender(1, "invoice", 500)], "hand_over", 470, ["captured due 470 authorised 470 captured 470"], [0], 0),
        ([tender(1, "invoice", 500)], "cancel", 0, ["reversed due 0 authorised 500 captured 0"], [0], 0),
        # By gift card: what is not due goes back at once.
        ([tender(1, "gift_card", 500)], "lower", 430, ["authorised due 430 authorised 430 captured 0"], [70], 0),
        ([tender(1, "gift_card", 500)], "hand_over", 430, ["captured due 430 authorised 430 captured 430"], [70], 0),
        ([tender(1, "gift_card", 500)], "cancel", 0, ["reversed due 0 authorised 500 captured 0"], [500], 0),
        ([tender(1, "gift_card", 500)], "lower", 0, ["reversed due 0 authorised 500 captured 0"], [500], 0),
        # By card: it gets its goal, and a worker asks.
        ([tender(1, "card", 500, "authorised")], "lower", 430,
         ["authorised due 430 authorised 500 captured 0"], [0], 0),
        ([tender(1, "card", 500, "authorised")], "hand_over", 430,
         ["authorised to capture due 430 authorised 500 captured 0"], [0], 0),
        ([tender(1, "card", 500, "authorised")], "cancel", 0,
         ["authorised to reverse due 0 authorised 500 captured 0"], [0], 0),
        ([tender(1, "card", 500, "unknown")], "cancel", 0,
         ["unknown to reverse due 0 authorised 0 captured 0"], [0], 0),
        ([tender(1, "card", 500, "unknown")], "hand_over", 500,
         ["unknown to capture due 500 authorised 0 captured 0"], [0], 0),
        ([tender(1, "card", 500)], "cancel", 0, ["reversed due 0 authorised 0 captured 0"], [0], 0),
        ([tender(1, "card", 500, "refused")], "cancel", 0, ["reversed due 0 authorised 0 captured 0"], [0], 0),
        # A card that was refused covers nothing.
        ([tender(1, "card", 500, "refused")], "hand_over", 500, ["refused due 500 authorised 0 captured 0"], [0], 500),
        ([tender(1, "card", 500, "expired")], "hand_over", 500, ["expired due 500 authorised 0 captured 0"], [0], 500),
        ([tender(1, "card", 500)], "hand_over", 500, ["pending due 500 authorised 0 captured 0"], [0], 500),
        # Nor does what was never asked for.
        ([tender(1, "at_collection", 500)], "hand_over", 560,
         ["captured due 500 authorised 500 captured 500"], [0], 60),
        ([], "hand_over", 560, [], [], 0),
        # Several: the first pays first, the last is lowered first.
        ([tender(1, "gift_card", 300), tender(2, "card", 200, "authorised")], "hand_over", 430,
         ["captured due 300 authorised 300 captured 300", "authorised to capture due 130 authorised 200 captured 0"],
         [0, 0], 0),
        ([tender(1, "gift_card", 300), tender(2, "card", 200, "authorised")], "lower", 250,
         ["authorised due 250 authorised 250 captured 0", "authorised to reverse due 0 authorised 200 captured 0"],
         [50, 0], 0),
        ([tender(2, "at_collection", 200), tender(1, "store_credit", 300)], "hand_over", 290,
         ["reversed due 0 authorised 0 captured 0", "captured due 290 authorised 290 captured 290"], [0, 10], 0),
        # What is captured stays, whatever comes again.
        ([tender(1, "gift_card", 300, "captured", captured=300), tender(2, "card", 200, "captured", captured=200)],
         "cancel", 0,
         ["captured due 300 authorised 300 captured 300", "captured due 200 authorised 200 captured 200"], [0, 0], 0),
        # What was let go does not come back.
        ([tender(1, "card", 500, "authorised", due=0, goal=Goal.REVERSE)], "hand_over", 500,
         ["authorised to reverse due 0 authorised 500 captured 0"], [0], 500),
        ([tender(1, "gift_card", 500, due=430, authorised=430)], "lower", 480,
         ["authorised due 430 authorised 430 captured 0"], [0], 0),
        # Handed over once more after something came back before the capture: it stays lowered, and is not missing.
        ([tender(1, "card", 500, "authorised", due=350, goal=Goal.CAPTURE, lowered=150)], "hand_over", 500,
         ["authorised to capture due 350 authorised 500 captured 0"], [0], 0),
        ([tender(1, "card", 500, "unknown", due=350, goal=Goal.CAPTURE, lowered=150)], "hand_over", 500,
         ["unknown to capture due 350 authorised 0 captured 0"], [0], 0),
        ([tender(1, "card", 500, "captured", due=350, captured=350, lowered=150)], "hand_over", 500,
         ["captured due 350 authorised 500 captured 350"], [0], 0),
        ([tender(1, "card", 500, "authorised", due=0, goal=Goal.REVERSE, lowered=500)], "hand_over", 500,
         ["authorised to reverse due 0 authorised 500 captured 0"], [0], 0),
        ([tender(1, "card", 500, "reversed", due=0, lowered=500)], "hand_over", 500,
         ["reversed due 0 authorised 0 captured 0"], [0], 0),
        # What nobody gave back is missing all the same.
        ([tender(1, "card", 500, "authorised", due=350, goal=Goal.CAPTURE, lowered=100)], "hand_over", 500,
         ["authorised to capture due 350 authorised 500 captured 0"], [0], 50),
        # Nor does another pay for it.
        ([tender(1, "card", 500, "authorised", due=300, goal=Goal.CAPTURE, lowered=200),
          tender(2, "card", 500, due=200)], "hand_over", 700,
         ["authorised to capture due 300 authorised 500 captured 0", "pending due 200 authorised 0 captured 0"],
         [0, 0], 200),
        # The capture from before the return took effect after all: what it took too much goes back by itself.
        ([tender(1, "card", 500, "captured", due=300, captured=500, refunded=200, goal=Goal.CAPTURE, lowered=200),
          tender(2, "card", 500, due=200)], "hand_over", 700,
         ["captured to capture due 300 authorised 500 captured 500", "pending due 200 authorised 0 captured 0"],
         [0, 0], 200),
    ],
)  # fmt: skip
def test_settling(
    tenders: list[Tender], kind: Kind, total: int, stands: list[str], give_back: list[int], uncovered: int
) -> None:
    assert settled(tenders, kind, total) == (stands, give_back, uncovered)


def test_settling_again_changes_nothing() -> None:
    tenders = [tender(1, "gift_card", 300), tender(2, "card", 200, "authorised"), tender(3, "at_collection", 100)]
    once = [one.tender for one in plan_settlement(tenders, "hand_over", 550).changed]
    assert plan_settlement(once, "hand_over", 550).changed == ()
    assert plan_settlement(once, "lower", 550).changed == ()


def test_a_card_to_be_captured_is_due_for_no_more_although_nobody_says_why() -> None:
    card = tender(1, "card", 500, "authorised", due=350, goal=Goal.CAPTURE)
    assert settled([card], "hand_over", 500) == (["authorised to capture due 350 authorised 500 captured 0"], [0], 150)


@pytest.mark.parametrize(
    ("tenders", "amount", "parts"),
    [
        ([(1, "gift_card", 300, 300, 0), (2, "card", 200, 200, 0)], 150, [(2, 150)]),
        ([(1, "gift_card", 300, 300, 0), (2, "card", 200, 200, 0)], 250, [(2, 200), (1, 50)]),
        ([(1, "gift_card", 300, 300, 0), (2, "card", 200, 200, 60)], 250, [(2, 140), (1, 110)]),
        ([(1, "gift_card", 300, 300, 0), (2, "card", 200, 200, 200)], 300, [(1, 300)]),
        ([(1, "at_collection", 300, 300, 0)], 1, [(1, 1)]),
    ],
)
def test_refunds_go_to_the_last_tender_first(
    tenders: list[tuple[int, str, int, int, int]], amount: int, parts: list[tuple[int, int]]
) -> None:
    paid = [
        tender(number, method, whole, "captured", captured=captured, refunded=back)
        for number, method, whole, captured, back in tenders
    ]
    plan = plan_refund(paid, amount)
    assert not isinstance(plan, TooMuch)
    assert [(part.payment.int, part.amount) for part in plan] == parts


def test_no_more_is_given_back_than_was_paid() -> None:
    paid = [tender(1, "gift_card", 300, "captured", captured=300, refunded=100)]
    assert plan_refund(paid, 201) == TooMuch(200)
    assert plan_refund([tender(1, "at_collection", 300)], 1) == TooMuch(0)
    assert plan_refund([], 1) == TooMuch(0)


def test_a_card_that_is_yet_to_be_captured_is_captured_for_less() -> None:
    card = tender(1, "card", 500, "authorised", due=400, goal=Goal.CAPTURE)
    (part,) = plan_refund([card], 150)  # type: ignore[misc] # it fits
    assert (part.amount, part.is_lowered) == (150, True)
    assert told(refunded(card, part)) == "authorised to capture due 250 authorised 500 captured 0"
    assert refunded(refunded(card, part), part).lowered == 300
    (whole,) = plan_refund([card], 400)  # type: ignore[misc] # it fits
    assert told(refunded(card, whole)) == "authorised to reverse due 0 authorised 500 captured 0"


def test_of_a_capture_under_way_nothing_can_be_given_back_yet() -> None:
    card = tender(1, "card", 500, "unknown", due=400, goal=Goal.CAPTURE)
    assert plan_refund([card], 100) == TooMuch(0, 400)


METHODS = st.sampled_from(sorted(Method))


@st.composite
def opened(draw: st.DrawFn) -> list[Tender]:
    count = draw(st.integers(1, 4))
    found = []
    for number in range(1, count + 1):
        method = draw(METHODS)
        statuses = ["authorised"] if method in PUT_ASIDE else ["pending"]
        if method == "card":
            statuses = ["pending", "authorised", "unknown", "refused", "expired"]
        found.append(tender(number, method, draw(st.integers(1, 10_000)), draw(st.sampled_from(statuses))))
    return found


@given(opened(), st.integers(0, 50_000))
def test_what_is_due_sums_to_the_total_or_to_all_there_is(tenders: list[Tender], total: int) -> None:
    due = plan_due(tenders, total)
    assert sum(due.values()) == min(total, sum(one.most for one in tenders))
    # The first pay whole before the next pays anything.
    for earlier, later in pairwise(tenders):
        assert due[earlier.id] == earlier.most or due[later.id] == 0


@given(opened(), st.lists(st.tuples(st.sampled_from(["lower", "hand_over", "cancel"]), st.integers(0, 50_000))))
def test_money_is_conserved_whatever_comes(tenders: list[Tender], steps: list[tuple[Kind, int]]) -> None:
    spent = {one.id: one.authorised for one in tenders if one.method in BALANCES}
    now = {one.id: one for one in tenders}
    back = dict.fromkeys(spent, 0)
    for kind, total in steps:
        plan = plan_settlement(list(now.values()), kind, total)
        for settled_one in plan.changed:
            now[settled_one.tender.id] = settled_one.tender
            if settled_one.give_back:
                back[settled_one.tender.id] += settled_one.give_back
    for one in now.values():
        assert 0 <= one.refunded <= one.captured <= one.authorised <= one.amount
        assert 0 <= one.due <= one.amount
        if one.id in spent:
            kept = 0 if one.status is Status.REVERSED else one.authorised
            assert spent[one.id] == back[one.id] + kept


@given(opened(), st.lists(st.integers(1, 5_000), max_size=12))
def test_refunds_sum_exactly_and_never_exceed_what_was_paid(tenders: list[Tender], amounts: list[int]) -> None:
    total = sum(one.amount for one in tenders)
    handed = {one.id: one for one in tenders}
    handed |= {one.tender.id: one.tender for one in plan_settlement(tenders, "hand_over", total).changed}
    captured = [
        msgspec.structs.replace(one, status=Status.CAPTURED, authorised=one.due, captured=one.due, goal=Goal.NONE)
        if one.goal is Goal.CAPTURE
        else one
        for one in handed.values()
    ]
    now = {one.id: one for one in captured}
    paid = sum(refundable_of(one) for one in captured)
    given_back = 0
    for amount in amounts:
        plan = plan_refund(list(now.values()), amount)
        if isinstance(plan, TooMuch):
            assert plan.refundable == paid - given_back < amount
            continue
        assert sum(part.amount for part in plan) == amount
        assert [part.payment.int for part in plan] == sorted((p.payment.int for p in plan), reverse=True)
        for part in plan:
            # Whoever stands behind has nothing left.
            assert all(refundable_of(one) == 0 or one.number <= part.payment.int for one in now.values())
            now[part.payment] = refunded(now[part.payment], part)
            assert now[part.payment].refunded <= now[part.payment].captured
        given_back += amount
    assert given_back <= paid


@given(opened(), st.lists(st.integers(1, 5_000), max_size=6), st.data())
def test_handed_over_again_after_refunds_nothing_more_is_due(
    tenders: list[Tender], amounts: list[int], data: st.DataObject
) -> None:
    total = sum(one.amount for one in tenders)
    now = {one.id: one for one in tenders}
    first = plan_settlement(tenders, "hand_over", total)
    now |= {one.tender.id: one.tender for one in first.changed}
    for amount in amounts:
        plan = plan_refund(list(now.values()), amount)
        for part in () if isinstance(plan, TooMuch) else plan:
            now[part.payment] = refunded(now[part.payment], part)
    # Some of the cards' providers have answered by then.
    for one in [one for one in now.values() if one.goal and data.draw(st.booleans())]:
        status = Status.CAPTURED if one.goal is Goal.CAPTURE else Status.REVERSED
        most = max(one.authorised, one.due)
        now[one.id] = msgspec.structs.replace(one, status=status, authorised=most, captured=one.due)
    assert plan_settlement(list(now.values()), "hand_over", total) == Settlement((), first.uncovered)
