"""The journal: entries once for ever, balanced, never changed; points under their locks."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from onebasket.base import bulk
from onebasket.base.locking import OutsideTransactionError
from onebasket.commerce.books.actions import (
    open_points,
    post_entries,
    post_points,
    posting,
    restate_entries,
    set_earning_rule,
)
from onebasket.commerce.books.actions.earning import EarningRuleError
from onebasket.commerce.books.actions.posting import NotEnoughPointsError, UnfitEntryError
from onebasket.commerce.books.models import Entry as EntryRow
from onebasket.commerce.books.models import PointsAccount
from onebasket.commerce.books.models import Posting as PostingRow
from onebasket.commerce.books.queries.points import earning_rules, points_of, points_of_each
from onebasket.commerce.books.queries.standing import standing_entries
from onebasket.commerce.books.rules.accounts import POINTS, Account
from onebasket.commerce.books.rules.entries import Entry, Posting
from onebasket.commerce.books.rules.points import (
    EarningRule,
    Points,
    PointsFacts,
    points_earned,
    points_pending,
    points_spent,
    points_taken_back,
)
from tests.builders import MORNING, counts_of, make_chain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def chain() -> int:
    return make_chain("p1", "p2")


def cash_sale(fact: str, amount: int, **more: object) -> Entry:
    stated: dict[str, object] = {"kind": "sale", "occurred_at": MORNING, "place_code": "p1"} | more
    lines = (Posting(Account.TAKINGS, "USD", amount, "cash"), Posting(Account.TILL_SALES, "USD", -amount, "0 %"))
    return Entry(**({"fact": fact, "lines": lines} | stated))  # type: ignore[arg-type]


def post(*entries: Entry) -> tuple[int, int, int]:
    with transaction.atomic():
        return post_entries(entries, now=MORNING)


def restate(*entries: Entry) -> tuple[int, int, int]:
    with transaction.atomic():
        return restate_entries(entries, now=MORNING)


def points(fact: str, number: str, amount: int) -> PointsFacts:
    return PointsFacts(fact=fact, occurred_at=MORNING, place_code="p1", loyalty_number=number, points=amount)


def posted(fact: str) -> list[tuple[int, int | None, int, str, int]]:
    """Return a fact's postings as (version, whether it reverses, account, part, amount)."""
    rows = PostingRow.objects.filter(entry__fact=fact).order_by("entry__kind", "entry__version", "line")
    return list(rows.values_list("entry__version", "entry__reverses", "account", "part", "amount"))


def test_an_entry_is_posted_once_with_its_place_and_business_day() -> None:
    assert post(cash_sale("receipt/1", 500), cash_sale("receipt/2", 250, place_code="p2")) == (2, 0, 0)

    rows = EntryRow.objects.order_by("fact").values_list("fact", "kind", "version", "reverses", "business_day")
    assert list(rows) == [
        ("receipt/1", "sale", 1, None, date(2026, 3, 2)),
        ("receipt/2", "sale", 1, None, date(2026, 3, 2)),
    ]
    assert list(PostingRow.objects.order_by("id").values_list("place__code", "business_day", "amount", "unit")) == [
        ("p1", date(2026, 3, 2), 500, "USD"),
        ("p1", date(2026, 3, 2), -500, "USD"),
        ("p2", date(2026, 3, 2), 250, "USD"),
        ("p2", date(2026, 3, 2), -250, "USD"),
    ]


def test_the_same_again_changes_nothing_even_in_one_batch() -> None:
    assert post(cash_sale("receipt/1", 500), cash_sale("receipt/1", 500)) == (1, 1, 0)
    before = counts_of(EntryRow, PostingRow)
    assert post(cash_sale("receipt/1", 500)) == (0, 1, 0)
    assert post(cash_sale("receipt/1", 999)) == (0, 1, 0)
    assert counts_of(EntryRow, PostingRow) == before == [1, 2]
    assert [row[4] for row in posted("receipt/1")] == [500, -500]


def test_a_stated_business_day_stands() -> None:
    post(cash_sale("receipt/1", 500, business_day=date(2026, 2, 27)))
    assert EntryRow.objects.get().business_day == date(2026, 2, 27)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((Posting(Account.TAKINGS, "USD", 5),), "its USD come to 5, not to zero"),
        (
            (Posting(Account.TAKINGS, "USD", 5), Posting(Account.TILL_SALES, "EUR", -5)),
            "its USD come to 5, not to zero",
        ),
        (
            (Posting(Account.TAKINGS, "ZZZ", 5), Posting(Account.TILL_SALES, "ZZZ", -5)),
            "'ZZZ' is neither an ISO 4217 currency code nor POINTS",
        ),
        (
            (Posting(Account.TAKINGS, POINTS, 5), Posting(Account.POINTS_AVAILABLE, POINTS, -5, "77")),
            "TAKINGS does not count POINTS",
        ),
        (
            (Posting(Account.POINTS_GRANTED, POINTS, 5), Posting(Account.POINTS_AVAILABLE, POINTS, -5)),
            "POINTS_AVAILABLE has no part ''",
        ),
        ((Posting(Account.TAKINGS, "USD", 0),), "TAKINGS is posted 0"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_with_its_batch(lines: tuple[Posting, ...], said: str) -> None:
    with pytest.raises(UnfitEntryError, match=said):
        post(cash_sale("receipt/1", 500), cash_sale("receipt/2", 1, lines=lines))
    assert counts_of(EntryRow, PostingRow, PointsAccount) == [0, 0, 0]


def test_a_place_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnfitEntryError, match="there is no place 'p9'"):
        post(cash_sale("receipt/1", 500, place_code="p9"))


def test_the_database_refuses_a_second_entry_and_a_posting_of_nothing() -> None:
    post(cash_sale("receipt/1", 500))
    row = EntryRow.objects.values("place_id", "fact", "kind", "version", "business_day", "occurred_at", "booked_at")
    with pytest.raises(IntegrityError), transaction.atomic():
        EntryRow.objects.create(**row.get())
    with pytest.raises(IntegrityError), transaction.atomic():
        PostingRow.objects.update(amount=0)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_posted_outside_a_transaction() -> None:
    with pytest.raises(OutsideTransactionError):
        post_entries([cash_sale("receipt/1", 500)], now=MORNING)


def test_an_entry_that_stands_otherwise_is_reversed_and_stated_anew() -> None:
    restate(cash_sale("receipt/1", 500))
    assert restate(cash_sale("receipt/1", 500)) == (0, 1, 0)
    assert restate(cash_sale("receipt/1", 700), cash_sale("receipt/2", 1)) == (1, 0, 1)

    first = EntryRow.objects.get(fact="receipt/1", version=1).pk
    assert posted("receipt/1") == [
        (1, None, 1000, "cash", 500),
        (1, None, 4000, "0 %", -500),
        (2, first, 1000, "cash", -500),
        (2, first, 4000, "0 %", 500),
        (3, None, 1000, "cash", 700),
        (3, None, 4000, "0 %", -700),
    ]
    assert restate(cash_sale("receipt/1", 700)) == (0, 1, 0)
    (standing,) = (found for key, found in standing_entries(["receipt/1"]).items() if key.kind == "sale")
    assert [(line.part, line.amount) for line in standing.lines] == [("cash", 700), ("0 %", -700)]


def test_an_entry_that_comes_to_nothing_is_reversed_and_may_come_back() -> None:
    restate(cash_sale("receipt/1", 500))
    assert restate(cash_sale("receipt/1", 500, lines=())) == (0, 0, 1)
    assert restate(cash_sale("receipt/1", 500, lines=())) == (0, 1, 0)
    assert restate(cash_sale("receipt/1", 500)) == (0, 0, 1)
    versions = [(row[0], row[4]) for row in posted("receipt/1")]
    assert versions == [(1, 500), (1, -500), (2, -500), (2, 500), (3, 500), (3, -500)]


def test_points_wait_for_the_hand_over_and_follow_what_was_handed_over() -> None:
    post(points_pending(points("order/1", "77", 30)))
    assert points_of("77") == Points(0, 30)
    post(points_earned(points("order/1", "77", 20), pending=30))
    assert points_of("77") == Points(20, 0)
    post(points_pending(points("order/2", "77", 5)))
    post(points_earned(points("order/2", "77", 0), pending=5))
    assert points_of_each(["77", "78"]) == {"77": Points(20, 0), "78": Points(0, 0)}
    assert post(points_earned(points("order/1", "77", 20), pending=30)) == (0, 1, 0)
    assert points_of("77") == Points(20, 0)


def test_points_are_spent_down_to_zero_and_no_further() -> None:
    post(points_earned(points("order/1", "77", 20)))
    with transaction.atomic():
        book = open_points(["77"])
        assert book.spend(points("order/2", "77", 15), unit="USD", amount=150, order="2")
        assert not book.spend(points("order/3", "77", 6))
        assert not book.spend(points("order/3", "77", 0))
        assert not book.spend(points("order/3", "78", 1))
        assert book.spend(points("order/4", "77", 5), unit="USD", amount=50, order="4")
        assert post_points(book, now=MORNING) == (2, 0, 0)
    assert points_of("77") == Points(0, 0)
    assert posted("order/2") == [
        (1, None, 9200, "", -15),
        (1, None, 9100, "77", 15),
        (1, None, 5100, "", 150),
        (1, None, 1400, "2", -150),
    ]
    with transaction.atomic():
        book = open_points(["77"])
        book.give_back(points("order/2", "77", 15), unit="USD", amount=150, order="2")
        assert book.spend(points("order/5", "77", 10), unit="USD", amount=100, order="5")
        post_points(book, now=MORNING)
    assert points_of("77") == Points(5, 0)


def test_spending_past_zero_is_refused_by_the_posting_too() -> None:
    post(points_earned(points("order/1", "77", 20)))
    with pytest.raises(NotEnoughPointsError):
        post(points_spent(points("order/2", "77", 21)))
    assert points_of("77") == Points(20, 0)


def test_without_that_witness_points_would_pass_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "passes_zero", lambda *_: False)
    post(points_spent(points("order/2", "77", 21)))
    assert points_of("77") == Points(-21, 0)


def test_points_taken_back_may_pass_zero_and_then_nothing_can_be_spent() -> None:
    post(points_earned(points("order/1", "77", 20)), points_spent(points("order/2", "77", 20)))
    post(points_taken_back(points("return/1", "77", 8)))
    assert points_of("77") == Points(-8, 0)
    with transaction.atomic():
        assert not open_points(["77"]).spend(points("order/3", "77", 1))


def test_points_accounts_are_locked_before_they_are_read() -> None:
    post(points_earned(points("order/1", "77", 20)))
    if connection.vendor != "postgresql":
        return
    with transaction.atomic():
        open_points(["77"])
        locked = bulk.fetch(
            "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation "
            "WHERE c.relname = 'books_pointsaccount' AND l.mode = 'RowShareLock' AND l.pid = pg_backend_pid()"
        )
    assert locked == [(1,)]


def rule(day: date, **more: object) -> EarningRule:
    return EarningRule(**({"currency": "USD", "valid_from": day, "points": 1, "per_amount": 100} | more))  # type: ignore[arg-type]


def test_earning_rules_follow_one_another_and_are_never_changed() -> None:
    first = rule(date(2026, 1, 1), excluded=("Fuel",), worth_points=100, worth_amount=100)
    second = rule(date(2026, 2, 1), points=2)
    set_earning_rule(first, actor="ann")
    set_earning_rule(second, actor="ann")
    assert earning_rules() == (first, second)
    with pytest.raises(EarningRuleError, match="Choose a day after it"):
        set_earning_rule(rule(date(2026, 1, 15)), actor="ann")
    with pytest.raises(EarningRuleError, match="no ISO 4217"):
        set_earning_rule(rule(date(2026, 3, 1), currency="ZZZ"), actor="ann")
    assert earning_rules() == (first, second)


def test_no_earning_rule_begins_on_a_day_that_is_in_the_books() -> None:
    post(cash_sale("receipt/1", 500))
    with pytest.raises(EarningRuleError, match="in the books already"):
        set_earning_rule(rule(date(2026, 3, 2)), actor="ann")
    set_earning_rule(rule(date(2026, 3, 3)), actor="ann")
    assert [found.valid_from for found in earning_rules()] == [date(2026, 3, 3)]
