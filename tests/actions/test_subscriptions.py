"""Subscriptions: every event once, in the order of positions; what fails waits apart and blocks nobody else."""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection, transaction

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.models import Event, ParkedEvent, SubscriptionCursor, TrailEntry
from onebasket.base.relay import number_waiting, prune_events
from onebasket.base.subscriptions import (
    Heard,
    NotParkedError,
    Subscription,
    dispatch,
    dispatching,
    drop_parked,
    parking,
    replay_parked,
)
from tests.scenario import START

pytestmark = pytest.mark.django_db

TYPES = frozenset({"order.placed", "order.ready"})


def tell(*subjects: str, kind: str = "order.placed") -> None:
    with transaction.atomic():
        outbox.record([outbox.News(kind, f"order/{name}", START, {"name": name}) for name in subjects])
    number_waiting()


def position_of(name: str) -> int:
    return SubscriptionCursor.objects.get(name=name).position


def make_due() -> None:
    """Let the waits be over."""
    ParkedEvent.objects.update(next_attempt_at=database_now() - timedelta(seconds=1))


class Listener:
    """Notes what it hears; fails on the subjects in `bad`, after having written what it would."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.batches: list[int] = []
        self.bad: set[str] = set()

    def __call__(self, events: Sequence[Heard]) -> None:
        self.batches.append(len(events))
        for event in events:
            # A trace in the database, by which one sees what was undone.
            TrailEntry.objects.create(at=START, actor="listener", action="hear", target=event.subject)
            if event.subject in self.bad:
                raise ValueError(f"{event.subject} is odd")
        self.heard += [f"{event.type.partition('.')[2]} {event.subject.partition('/')[2]}" for event in events]


def traces() -> list[str]:
    return list(TrailEntry.objects.filter(actor="listener").order_by("pk").values_list("target", flat=True))


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def one(listener: Listener) -> Subscription:
    return Subscription("one", TYPES, listener)


def test_every_event_of_its_types_is_heard_once_and_in_order(one: Subscription, listener: Listener) -> None:
    tell("a", "b")
    tell("x", kind="price.changed")
    tell("a", kind="order.ready")

    assert [dispatch([one]), dispatch([one])] == [4, 0]
    assert listener.heard == ["placed a", "placed b", "ready a"]
    assert listener.batches == [3]
    assert position_of("one") == 4
    assert listener.heard == ["placed a", "placed b", "ready a"]


def test_an_event_is_as_it_was_told(one: Subscription) -> None:
    tell("a")
    got: list[Heard] = []
    dispatch([Subscription("other", TYPES, got.extend)])
    (event,) = got
    row = Event.objects.get()
    assert (event.event_id, event.position, event.row, event.subject) == (row.event_id, 1, row.pk, "order/a")
    assert (event.occurred_at, event.data, event.place_code) == (START, '{"name":"a"}', "")


def test_an_event_without_a_position_is_not_heard_yet(one: Subscription, listener: Listener) -> None:
    with transaction.atomic():
        outbox.record([outbox.News("order.placed", "order/a", START, {})])
    assert dispatch([one]) == 0
    assert listener.heard == []


def test_batches_are_as_large_as_the_action_takes(listener: Listener) -> None:
    tell(*"abcde")
    dispatch([Subscription("one", TYPES, listener, at_once=2)])
    assert listener.batches == [2, 2, 1]


def test_each_subscription_has_a_cursor_of_its_own(one: Subscription, listener: Listener) -> None:
    tell("a")
    dispatch([one])
    tell("b")
    other = Listener()
    dispatch([one, Subscription("two", TYPES, other)])
    assert (listener.heard, other.heard) == (["placed a", "placed b"], ["placed a", "placed b"])


def test_long_histories_are_read_a_part_at_a_time(
    one: Subscription, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "SCANNED", 2)
    tell(*"abcde")
    assert [dispatch([one]) for _ in range(4)] == [2, 2, 1, 0]
    assert len(listener.heard) == 5


def test_deleted_history_is_passed_over(one: Subscription, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "SCANNED", 2)
    tell(*"abcdefgh")
    Event.objects.filter(position__lt=7).delete()
    assert dispatch([one]) == 8
    assert listener.heard == ["placed g", "placed h"]


def test_a_failing_event_waits_and_its_neighbours_go_on(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("a", "b", "c")
    dispatch([one])
    assert listener.heard == ["placed a", "placed c"]
    # What the failing one wrote is undone, alone and in the batch that failed first.
    assert traces() == ["order/a", "order/c"]
    (waiting,) = ParkedEvent.objects.all()
    assert (waiting.state, waiting.subject, waiting.attempts) == ("waiting", "order/b", 1)
    assert waiting.reason == "ValueError: order/b is odd"
    assert position_of("one") == 3


def test_what_follows_in_its_subject_keeps_its_order(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("a", "b")
    dispatch([one])
    tell("b", "c", kind="order.ready")
    dispatch([one])
    assert listener.heard == ["placed a", "ready c"]

    listener.bad = set()
    make_due()
    dispatch([one])
    dispatch([one])
    assert listener.heard == ["placed a", "ready c", "placed b", "ready b"]
    assert ParkedEvent.objects.count() == 0


def test_followers_of_a_failure_within_one_batch_wait_too(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("b", "a")
    tell("b", kind="order.ready")
    dispatch([one])
    assert listener.heard == ["placed a"]
    assert list(ParkedEvent.objects.order_by("position").values_list("attempts", flat=True)) == [1, 0]


def fail_until_parked(one: Subscription) -> ParkedEvent:
    for _ in range(parking.MOST_ATTEMPTS - 1):
        make_due()
        assert dispatch([one]) >= 1
    return ParkedEvent.objects.get(subject="order/b", attempts__gt=0)


def test_after_some_failures_an_event_is_parked_and_its_subject_goes_on(
    one: Subscription, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.bad = {"order/b"}
    tell("b", "a")
    dispatch([one])
    with caplog.at_level(logging.ERROR):
        parked = fail_until_parked(one)
    assert (parked.state, parked.attempts) == ("parked", parking.MOST_ATTEMPTS)
    assert "order.placed at position 1 is parked: ValueError: order/b is odd" in caplog.text

    listener.bad = set()
    tell("b", kind="order.ready")
    dispatch([one])
    assert listener.heard == ["placed a", "ready b"]


def test_waits_become_longer(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("b")
    waits = []
    for _ in range(4):
        make_due()
        before = database_now()
        dispatch([one])
        waits.append(round((ParkedEvent.objects.get().next_attempt_at - before).total_seconds()))
    assert waits == [2, 6, 18, 54]


def test_a_parked_event_is_replayed_by_somebody(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("b")
    dispatch([one])
    parked = fail_until_parked(one)
    listener.bad = set()

    replay_parked(parked.pk, actor="anna", now=database_now())
    dispatch([one])

    assert listener.heard == ["placed b"]
    assert ParkedEvent.objects.count() == 0
    entry = TrailEntry.objects.get(actor="anna")
    assert (entry.action, entry.target) == ("parked.replay", f"parked/{parked.pk}")
    with pytest.raises(NotParkedError):
        replay_parked(parked.pk, actor="anna", now=database_now())


def test_a_parked_event_is_dropped_with_a_note(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("b")
    dispatch([one])
    parked = fail_until_parked(one)

    drop_parked(parked.pk, note="Settled by hand.", actor="anna", now=database_now())

    parked.refresh_from_db()
    assert (parked.state, parked.note) == ("dropped", "Settled by hand.")
    make_due()
    assert dispatch([one]) == 0
    with pytest.raises(NotParkedError):
        drop_parked(parked.pk, note="", actor="anna", now=database_now())


def test_a_waiting_event_cannot_be_dropped(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/b"}
    tell("b")
    dispatch([one])
    with pytest.raises(NotParkedError):
        drop_parked(ParkedEvent.objects.get().pk, note="", actor="anna", now=database_now())
    assert ParkedEvent.objects.get().state == "waiting"


def test_one_failing_subscription_keeps_no_other_waiting(one: Subscription, listener: Listener) -> None:
    listener.bad = {"order/a", "order/b"}
    other = Listener()
    tell("a", "b")
    dispatch([one, Subscription("two", TYPES, other)])
    assert other.heard == ["placed a", "placed b"]


def test_without_keeping_the_cursor_events_are_heard_twice(one: Subscription, listener: Listener) -> None:
    """The control: the cursor alone keeps an action from running again."""
    tell("a")
    dispatch([one])
    bulk.execute("UPDATE base_subscriptioncursor SET position = 0")
    dispatch([one])
    assert listener.heard == ["placed a", "placed a"]


@pytest.fixture
def expiring() -> Iterator[None]:
    yield
    ParkedEvent.objects.all().delete()


def test_what_a_subscription_has_not_read_is_not_pruned(one: Subscription, listener: Listener, expiring: None) -> None:
    listener.bad = {"order/b"}
    tell("b", "a", "c")
    Event.objects.update(occurred_at=START - timedelta(days=100))
    SubscriptionCursor.objects.create(name="one", position=0)
    assert prune_events(1) == 0

    dispatch([one])
    assert prune_events(1) == 1  # not the newest, nor the one that failed
    assert list(Event.objects.order_by("position").values_list("subject", flat=True)) == ["order/b", "order/c"]


@pytest.mark.django_db(transaction=True)
class TestCalls:
    """Actions that call the network."""

    def test_each_event_comes_alone_and_outside_any_transaction(self) -> None:
        seen: list[tuple[int, bool]] = []

        def call(events: Sequence[Heard]) -> None:
            seen.append((len(events), connection.in_atomic_block))

        tell("a", "b")
        assert dispatch([Subscription("net", TYPES, call, network=True)]) == 2
        assert seen == [(1, False), (1, False)]
        cursor = SubscriptionCursor.objects.get(name="net")
        assert (cursor.position, cursor.claimed_until) == (2, None)

    def test_what_fails_waits_apart_in_its_subject(self) -> None:
        listener = Listener()
        listener.bad = {"order/b"}
        net = Subscription("net", TYPES, listener, network=True)
        tell("b", "a")
        tell("b", kind="order.ready")
        dispatch([net])
        assert listener.heard == ["placed a"]

        listener.bad = set()
        make_due()
        dispatch([net])
        dispatch([net])
        assert listener.heard == ["placed a", "placed b", "ready b"]

    def test_nobody_else_takes_what_is_claimed(self) -> None:
        listener = Listener()
        net = Subscription("net", TYPES, listener, network=True)

        def call(events: Sequence[Heard]) -> None:
            listener(events)
            dispatch([net])

        tell("a", "b")
        dispatch([Subscription("net", TYPES, call, network=True)])
        assert listener.heard == ["placed a", "placed b"]

    def test_a_killed_workers_claim_ends(self) -> None:
        listener = Listener()
        net = Subscription("net", TYPES, listener, network=True)
        tell("a")
        later = database_now() + timedelta(seconds=60)
        SubscriptionCursor.objects.create(name="net", position=0, claimed_until=later)
        assert dispatch([net]) == 0
        SubscriptionCursor.objects.update(claimed_until=database_now())
        assert dispatch([net]) == 1
        assert listener.heard == ["placed a"]

    def test_who_has_lost_the_claim_moves_nothing(self) -> None:
        def call(_events: Sequence[Heard]) -> None:
            SubscriptionCursor.objects.update(claimed_until=database_now() + timedelta(days=1), position=0)

        tell("a", "b")
        assert dispatch([Subscription("net", TYPES, call, network=True)]) == 0
        assert position_of("net") == 0

    def test_inside_a_transaction_it_refuses(self) -> None:
        tell("a")
        with transaction.atomic(), pytest.raises(RuntimeError, match="outside any transaction"):
            dispatch([Subscription("net", TYPES, Listener(), network=True)])
