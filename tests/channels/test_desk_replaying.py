"""What is quarantined is booked after all: once, under its own source, and only where the person may."""

import json
from unittest.mock import patch

import pytest

from onebasket.base.models import InboxEntry, QuarantineItem, TrailEntry
from onebasket.base.quarantine import NotOpenError
from onebasket.base.replaying import OtherKindError, Replayed, StillOpen, discard_item, mend_item
from onebasket.commerce.catalogue.actions import upsert_products
from onebasket.commerce.catalogue.rules import ProductItem
from onebasket.commerce.sales.actions import book_sales
from onebasket.commerce.sales.actions import replaying as sales
from onebasket.commerce.sales.models import Receipt
from onebasket.commerce.stock.actions import replaying as stock
from onebasket.commerce.stock.models import Movement
from tests.channels.test_desk_world import Stands, World, make_stands, receipt, tied_text, untied_item
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


def mended() -> QuarantineItem:
    item = untied_item()
    mend_item(item.pk, content=tied_text(item), actor="ann")
    return item


def test_a_mended_receipt_is_booked_under_its_own_source(world: World) -> None:
    item = mended()

    assert sales.replay_quarantined(item.pk, actor="ann") == Replayed(item.pk)

    booked = Receipt.objects.get(number="s-330-3")
    assert booked.source_id == world.source
    assert InboxEntry.objects.get(pk=booked.entry_id).key == "s-330-3"
    item.refresh_from_db()
    assert (item.state, item.settled_by, item.note) == ("replayed", "ann", "Booked from the mended text.")
    assert json.loads(item.content)["change"] == 400


def test_it_is_never_booked_twice(world: World) -> None:
    item = mended()
    sales.replay_quarantined(item.pk, actor="ann")

    with pytest.raises(NotOpenError):
        sales.replay_quarantined(item.pk, actor="ann")
    with pytest.raises(NotOpenError):
        discard_item(item.pk, note="late", actor="ann")

    assert Receipt.objects.filter(number="s-330-3").count() == 1


def test_what_the_sender_booked_meanwhile_is_not_booked_again(world: World) -> None:
    item = mended()
    book_sales(world.source, [receipt("s-330-3")])
    item.refresh_from_db()

    assert item.state == "superseded"
    with pytest.raises(NotOpenError):
        sales.replay_quarantined(item.pk, actor="ann")
    assert Receipt.objects.filter(number="s-330-3").count() == 1


def test_what_fails_again_leaves_its_reason_and_nothing_else(world: World) -> None:
    item = untied_item()
    mend_item(item.pk, content=item.content.replace('"change":400', '"change":399'), actor="ann")
    before = InboxEntry.objects.count(), QuarantineItem.objects.count()

    outcome = sales.replay_quarantined(item.pk, actor="ann")

    assert isinstance(outcome, StillOpen)
    assert outcome.reason == "does_not_tie"
    item.refresh_from_db()
    assert item.state == "open"
    assert item.note.startswith("Replay failed: Lines come to 589")
    assert (InboxEntry.objects.count(), QuarantineItem.objects.count()) == before
    assert TrailEntry.objects.latest("pk").action == "quarantine.replay_failed"


@pytest.mark.parametrize(
    "text", ["", '{"key": "a\\u0000"}', "no receipt", "[]", "{}", '{"key": 7}', "null", '{"key":"\\ud800"}', "9" * 5000]
)
def test_text_that_is_no_receipt_stays(world: World, text: str) -> None:
    item = untied_item()
    mend_item(item.pk, content=text, actor="ann")
    if not text:
        item.content = text
        item.save()

    outcome = sales.replay_quarantined(item.pk, actor="ann")

    assert isinstance(outcome, StillOpen)
    assert outcome.reason == "unreadable"
    assert Receipt.objects.filter(number="s-330-3").count() == 0


def test_a_key_that_is_taken_is_a_conflict_and_stays(world: World) -> None:
    item = untied_item()
    mend_item(item.pk, content=tied_text(item).replace('"key": "s-330-3"', '"key": "s-330-1"'), actor="ann")

    outcome = sales.replay_quarantined(item.pk, actor="ann")

    assert isinstance(outcome, StillOpen)
    assert outcome.reason == "conflict"
    assert QuarantineItem.objects.filter(reason="conflict").count() == 0


def test_nobody_books_where_they_may_not(world: World) -> None:
    item = untied_item()
    mend_item(item.pk, content=tied_text(item).replace('"place": "330"', '"place": "406"'), actor="ann")

    outcome = sales.replay_quarantined(item.pk, actor="ann", places=frozenset({"330"}))

    assert isinstance(outcome, StillOpen)
    assert outcome.reason == "other_place"
    assert isinstance(sales.replay_quarantined(item.pk, actor="ann", places=frozenset({"330", "406"})), Replayed)


def test_a_stock_fact_is_booked_once_its_product_is_there(world: World) -> None:
    item = QuarantineItem.objects.get(reason="unknown_product")
    assert isinstance(stock.replay_quarantined(item.pk, actor="ann"), StillOpen)
    with pytest.raises(OtherKindError):
        sales.replay_quarantined(item.pk, actor="ann")

    upsert_products(world.source, [ProductItem("late", sku="nobody", name="Late to the party")])

    assert stock.replay_quarantined(item.pk, actor="ann") == Replayed(item.pk)
    assert Movement.objects.filter(product__sku="nobody").count() == 1


def test_a_failure_half_way_leaves_the_item_open(world: World) -> None:
    item = mended()

    with patch("onebasket.base.replaying.settle", side_effect=RuntimeError), pytest.raises(RuntimeError):
        sales.replay_quarantined(item.pk, actor="ann")

    item.refresh_from_db()
    assert item.state == "open"
    assert Receipt.objects.filter(number="s-330-3").count() == 0
