"""Events: each documented, each emitted, each of the shape that the page states, numbered in order."""

from pathlib import Path

import msgspec
import pytest
from django.db import transaction

from onebasket.base import bulk, outbox
from onebasket.base.cloudevents import envelope
from onebasket.base.locking import OutsideTransactionError
from onebasket.base.models import Event, Webhook
from onebasket.base.relay import number_waiting, prune_events
from onebasket.base.webhooks import fan_out, register
from onebasket.project.eventpage import EVENTS, SUBJECTS, render
from tests.scenario import START, run_everything

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api" / "events.md"


def tell(count: int, subject: str = "order/1") -> None:
    with transaction.atomic():
        outbox.record([outbox.News("order.placed", subject, START, {"n": n}) for n in range(count)])


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m onebasket.project.eventpage docs/api/events.md"


def test_every_type_stands_on_the_page_and_is_emitted() -> None:
    run_everything()
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in EVENTS if f"`{name}`" not in page] == []
    emitted = set(Event.objects.values_list("type", flat=True))
    assert emitted == set(EVENTS)


def test_what_is_emitted_has_its_documented_shape_and_no_more() -> None:
    run_everything()
    for event in Event.objects.all():
        shape = EVENTS[event.type]
        told = msgspec.json.decode(event.data, type=shape)
        again = msgspec.json.decode(msgspec.json.encode(told))
        assert msgspec.json.decode(event.data) == again, event.type
        assert event.subject.split("/")[0] == SUBJECTS[event.type.split(".")[0]].split("/")[0], event.type


def test_news_is_told_inside_a_transaction_alone(transactional_db: None) -> None:
    with pytest.raises(OutsideTransactionError):
        outbox.record([outbox.News("order.placed", "order/1", START, {})])


def test_positions_ascend_without_gaps_and_are_given_once() -> None:
    tell(3)
    assert number_waiting() == 3
    tell(2)
    assert (number_waiting(), number_waiting()) == (2, 0)
    assert list(Event.objects.order_by("id").values_list("position", flat=True)) == [1, 2, 3, 4, 5]


def test_numbering_takes_no_more_than_asked() -> None:
    tell(5)
    assert [outbox.number_events(2) for _ in range(4)] == [2, 2, 1, 0]


def test_the_envelope_is_a_cloud_event() -> None:
    tell(1, "order/7")
    number_waiting()
    event = Event.objects.get()
    assert envelope(event) == {
        "specversion": "1.0",
        "id": str(event.event_id),
        "source": "/onebasket/hub",
        "type": "com.onebasket.order.placed",
        "subject": "order/7",
        "time": "2026-03-02T09:00:00Z",
        "datacontenttype": "application/json",
        "position": 1,
        "data": {"n": 0},
    }


def test_nothing_is_pruned_unless_asked() -> None:
    tell(3)
    number_waiting()
    assert (prune_events(0), prune_events(100_000), Event.objects.count()) == (0, 0, 3)


def test_old_events_go_but_the_newest_stays_for_the_count() -> None:
    tell(3)
    number_waiting()
    tell(1)
    assert prune_events(1) == 2
    assert set(Event.objects.values_list("position", flat=True)) == {3, None}
    number_waiting()
    assert set(Event.objects.values_list("position", flat=True)) == {3, 4}


def test_events_stay_while_a_webhook_is_not_done_with_them() -> None:
    register("https://shop.example/hook", types=["order.placed"], places=["*"], actor="tests", now=START)
    tell(3)
    number_waiting()
    assert prune_events(1) == 0  # the webhook has not read them
    fan_out()
    assert prune_events(1) == 0  # they wait for delivery
    bulk.execute("UPDATE base_delivery SET state = 'delivered' WHERE event_id = (SELECT MIN(id) FROM base_event)")
    assert prune_events(1) == 1
    bulk.execute("UPDATE base_delivery SET state = 'dead'")
    assert prune_events(1) == 0  # dead letters are kept
    assert Webhook.objects.get().position == 3
