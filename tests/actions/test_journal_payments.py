"""Payments and balances in the journal: every way of paying is green, and what names no place stands somewhere."""

from datetime import timedelta

import pytest

from onebasket.base.clock import database_now
from onebasket.base.models import ParkedEvent, SubscriptionCursor
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.access.actions import enrol_source
from onebasket.commerce.books.models import Entry
from onebasket.commerce.payments.actions import expire_balances
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.queries.journal_audit import audit_paid
from onebasket.commerce.places.actions import upsert_places
from onebasket.commerce.places.rules import PlaceItem
from tests.builders import make_chain
from tests.journal import posted, run, stands
from tests.paying import gift_card, store_credit
from tests.scenario_paying import pay_everything


def differences() -> list[tuple[str, ...]]:
    return [finding.examples for finding in audit_paid() if finding.differences]


pytestmark = pytest.mark.django_db


def test_every_way_of_paying_is_in_the_books_once() -> None:
    pay_everything(make_chain("s1", "s2"))
    assert differences() == []
    run()
    assert differences() == []
    kinds = Entry.objects.order_by().values_list("kind", flat=True)
    assert {kind: list(kinds).count(kind) for kind in set(kinds)} == {
        "captured": 4, "refunded": 2, "issued": 3, "spent": 3, "given back": 1, "lapsed": 1,
    }  # fmt: skip
    before = stands()
    SubscriptionCursor.objects.update(position=0)
    run()
    assert stands() == before


def test_what_is_left_on_a_card_whose_time_is_over_is_owed_to_nobody() -> None:
    card = gift_card(make_chain(), 150)
    BalanceAccount.objects.update(expires_at=database_now() - timedelta(seconds=1))
    expire_balances()
    run()
    assert stands() == {"GIFT_CARDS sold": 150, "LAPSED": -150}
    assert (card.balance, differences()) == (150, [])


def test_what_names_no_place_stands_at_the_chains_first() -> None:
    source = make_chain("p2")
    upsert_places(source, [PlaceItem("place-p1", "p1", "p1", "USD", "America/New_York")])
    made = store_credit(source, 70, place="")
    run()
    (entry,) = Entry.objects.all()
    assert posted(entry.fact) == {
        "p2 issued": [("GOODWILL", "", 70), ("STORE_CREDIT", str(made.account), -70)],
    }


def test_a_balance_before_there_is_any_place_waits_for_one() -> None:
    source = enrol_source("erp", actor="tests")
    gift_card(source, 50, place="")
    while number_waiting() + dispatch(WRITING):
        pass
    (waiting,) = ParkedEvent.objects.all()
    assert waiting.reason.startswith("NoPlaceError: There is no place yet")
    assert differences() == []
    upsert_places(source, [PlaceItem("place-p1", "p1", "p1", "USD", "America/New_York")])
    ParkedEvent.objects.update(next_attempt_at=database_now() - timedelta(seconds=1))
    run()
    assert stands()["GIFT_CARDS sold"] == 50
