"""What follows a person beside their name: points to the number that stands for all, offers, store credit."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.books.actions import post_entries
from onebasket.commerce.books.models import Entry as EntryRow
from onebasket.commerce.books.models import PointsAccount, Posting
from onebasket.commerce.books.queries.points import points_of
from onebasket.commerce.books.rules.accounts import POINTS, Account
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.points import Points, PointsFacts, granted, points_pending, spent_at_till
from onebasket.commerce.customers.actions import upsert_customers
from onebasket.commerce.customers.actions.merging import Merged
from onebasket.commerce.customers.models import Customer
from onebasket.commerce.customers.rules import CustomerItem
from onebasket.commerce.customers.rules.merging import MergeRefused
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.actions.merging import gather_points, merge_people, part_people
from onebasket.commerce.insights.queries.person import export_person
from onebasket.commerce.insights.rules.person import Erased
from onebasket.commerce.payments.actions import issue_store_credit
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.rules.messages import StoreCreditIssue
from onebasket.commerce.pricing.actions.redeeming import claim_uses
from onebasket.commerce.pricing.models import CampaignHousehold, CouponClip, UseCount
from onebasket.commerce.pricing.models import Use as UseRow
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.kernel.identity import new_id
from onebasket.project.auditing import audit, differences
from tests.builders import make_chain

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def people() -> dict[str, int]:
    """A chain with three customers, each with points."""
    make_chain("p1", "p2")
    source = enrol_source("crm", actor="tests")
    upsert_customers(source, [CustomerItem(f"k{number}", number) for number in ("900", "901", "902")])
    for number, points in (("900", 100), ("901", 40), ("902", 7)):
        grant(number, points)
    return dict(Customer.objects.values_list("loyalty_number", "pk"))


def grant(number: str, points: int) -> None:
    lines = granted(number, points)
    post(Entry(fact=f"test/{new_id()}", kind="sale", occurred_at=AT, place_code="p1", lines=lines))


def post(entry: Entry) -> None:
    with transaction.atomic():
        post_entries([entry], now=AT)


def available(*numbers: str) -> list[int]:
    return [points_of(number).available for number in numbers]


def is_green() -> bool:
    return differences(audit()) == 0


def merged(keep: str, other: str) -> Merged:
    outcome = merge_people(keep, other, actor="boss")
    assert isinstance(outcome, Merged)
    return outcome


def test_points_follow_a_merge_and_come_back_with_its_undo() -> None:
    made = merged("900", "901")
    assert available("900", "901", "902") == [140, 0, 7]
    assert is_green()

    part_people(made.id, actor="boss")

    assert available("900", "901", "902") == [100, 40, 7]
    assert is_green()


def test_a_merge_that_is_refused_moves_nothing() -> None:
    assert isinstance(merge_people("900", "999", actor="boss"), MergeRefused)
    assert isinstance(merge_people("900", "900", actor="boss"), MergeRefused)
    assert available("900", "901", "902") == [100, 40, 7]


def test_points_that_a_merged_card_earns_follow_later() -> None:
    made = merged("900", "901")
    grant("901", 25)
    assert available("900", "901") == [140, 25]

    assert gather_points() == 1
    assert available("900", "901") == [165, 0]
    assert gather_points() == 0

    part_people(made.id, actor="boss")
    assert available("900", "901") == [100, 65]
    assert is_green()


def test_what_was_spent_meanwhile_is_missing_from_the_one_that_stayed() -> None:
    made = merged("900", "901")
    spent = spent_at_till("900", 130)
    post(Entry(fact="test/x", kind="sale", occurred_at=AT, place_code="p1", lines=spent))

    part_people(made.id, actor="boss")

    assert available("900", "901") == [-30, 40]
    assert is_green()


def test_in_a_chain_each_undo_gives_back_its_own() -> None:
    first, second = merged("901", "902"), merged("900", "901")
    assert available("900", "901", "902") == [147, 0, 0]
    grant("902", 5)
    assert gather_points() == 1
    assert gather_points() == 1
    assert available("900", "901", "902") == [152, 0, 0]

    part_people(second.id, actor="boss")
    assert available("900", "901", "902") == [100, 52, 0]
    part_people(first.id, actor="boss")
    assert available("900", "901", "902") == [100, 40, 12]
    assert is_green()


def test_points_that_wait_for_a_hand_over_stay_where_they_are_earned() -> None:
    waiting = PointsFacts(fact="order/1", occurred_at=AT, place_code="p1", loyalty_number="901", points=9)
    post(points_pending(waiting))

    merged("900", "901")

    assert points_of("901") == Points(0, 9)
    assert points_of("900") == Points(140, 0)


def test_an_erasure_lets_points_lapse_and_takes_the_number_out_of_the_journal(people: dict[str, int]) -> None:
    entries = EntryRow.objects.count()

    outcome = erase_person(people["901"], actor="boss")

    assert isinstance(outcome, Erased)
    assert outcome.points == 40
    assert not Posting.objects.filter(part="901").exists()
    assert not PointsAccount.objects.filter(loyalty_number="901").exists()
    assert (EntryRow.objects.count(), available("900", "901", "erased")) == (entries + 1, [100, 0, 0])
    lapsed = Posting.objects.get(account=int(Account.POINTS_EXPIRED))
    assert (lapsed.unit, lapsed.amount) == (POINTS, -40)
    assert is_green()


def test_two_who_are_erased_cannot_be_told_apart(people: dict[str, int]) -> None:
    erase_person(people["901"], actor="boss")
    erase_person(people["902"], actor="boss")
    assert set(Posting.objects.exclude(part="").values_list("part", flat=True)) == {"900", "erased"}
    assert available("erased") == [0]
    assert is_green()


def test_offers_and_store_credit_are_handed_out_and_forget_whose_they_were(people: dict[str, int]) -> None:
    now = database_now()
    CampaignHousehold.objects.create(campaign_code="13", loyalty_number="901", since=now)
    CouponClip.objects.create(loyalty_number="901", coupon_code="ten", clipped_at=now)
    with transaction.atomic():
        assert claim_uses([Use(new_id(), "ten", 1, "901"), Use(new_id(), "ten", 2, "900")], now=now) == []
    (credit,) = issue_store_credit(1, [StoreCreditIssue("s1", "USD", 500, "sorry", loyalty_number="901")])
    hint = credit.code.replace("-", "")[-4:]
    found = export_person(people["901"])
    assert found is not None
    assert [target.campaign for target in found.offers.campaigns] == ["13"]
    assert [clip.coupon for clip in found.offers.coupons] == ["ten"]
    assert [(use.code, use.times) for use in found.offers.uses] == [("ten", 1)]
    assert [(credit.hint, credit.balance) for credit in found.store_credit] == [(hint, 500)]
    assert found.points == Points(40, 0)

    erase_person(people["901"], actor="boss")

    assert (CampaignHousehold.objects.count(), CouponClip.objects.count()) == (0, 0)
    assert sorted(UseRow.objects.values_list("loyalty_number", "times")) == [("", 1), ("900", 2)]
    assert list(UseCount.objects.values_list("loyalty_number", "times")) == [("900", 2)]
    kept = BalanceAccount.objects.get()
    assert (kept.loyalty_number, kept.balance) == ("", 500)
    assert is_green()
