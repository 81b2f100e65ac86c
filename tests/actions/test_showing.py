"""How often offers are shown: counted without a statement, written in bulk, added up."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onebasket.commerce.partners.actions.referring import open_ticket, ticket_for
from onebasket.commerce.partners.actions.showing import book_shown, note_shown, return_shown, take_shown
from onebasket.commerce.partners.models import ShownOffers
from onebasket.commerce.partners.rules.referrals import ShownCount
from tests.partnering import add_offers, make_partner

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    take_shown(1_000_000)
    yield
    take_shown(1_000_000)


def test_minting_and_counting_ask_no_database() -> None:
    now = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    with CaptureQueriesContext(connection) as asked:
        text = ticket_for(42, channel="shop", place_id=None, associate="", now=now)
        opened = open_ticket(text)
        note_shown([42], channel="shop", place_id=None)
    assert len(asked) == 0
    assert opened is not None
    assert (opened.ticket.offer_id, opened.ticket.place_id, opened.ticket.shown_at) == (42, 0, now)
    assert ticket_for(42, channel="shop", place_id=None, associate="", now=now) != text


def test_what_was_shown_is_added_up_by_day_offer_channel_and_place() -> None:
    ids = add_offers(make_partner(), {"lamp": {}, "loom": {}})
    today = datetime.now(UTC).date()
    for _ in range(3):
        note_shown(ids.values(), channel="shop", place_id=7)
    note_shown([ids["lamp"]], channel="kiosk", place_id=None)
    taken = take_shown()
    assert {(one.offer_id, one.channel, one.place_id, one.shown) for one in taken} == {
        (ids["lamp"], "shop", 7, 3), (ids["loom"], "shop", 7, 3), (ids["lamp"], "kiosk", 0, 1),
    }  # fmt: skip
    assert take_shown() == []
    assert book_shown(taken) == 3
    book_shown([ShownCount(today, ids["lamp"], "shop", 7, 2)])
    rows = ShownOffers.objects.order_by("channel", "shown").values_list("offer_id", "channel", "shown", "clicked")
    assert list(rows) == [(ids["lamp"], "kiosk", 1, 0), (ids["loom"], "shop", 3, 0), (ids["lamp"], "shop", 5, 0)]


def test_what_could_not_be_written_is_counted_again() -> None:
    note_shown([1], channel="shop", place_id=None)
    taken = take_shown()
    note_shown([1], channel="shop", place_id=None)
    return_shown(taken)
    assert [one.shown for one in take_shown()] == [2]


def test_offers_that_are_gone_are_left_out() -> None:
    assert book_shown([ShownCount(date(2026, 3, 2), 999, "shop", 0, 1)]) == 1
    assert ShownOffers.objects.count() == 0
