"""Group commit: gathered, bounded, in order; a poisoned request fails alone, and no caller hurts another."""

import socket
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import InterfaceError, OperationalError

from onebasket.base.bulk import GuardError
from onebasket.base.committer import (
    BrokenRequestError,
    Client,
    Committer,
    HotAction,
    QueueFullError,
    UnavailableError,
    client,
    perform,
    server,
    wire,
)
from onebasket.base.committer.beside import serve_beside

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20


class Recorder:
    """An action that notes its batches; the first waits until it is let go, so that the rest queues up behind it."""

    def __init__(self, poison: frozenset[int] = frozenset()) -> None:
        self.batches: list[list[int]] = []
        self.began, self.go = threading.Event(), threading.Event()
        self._poison = poison

    def __call__(self, requests: Sequence[Any]) -> Sequence[Any]:
        self.batches.append(list(requests))
        self.began.set()
        assert self.go.wait(PATIENCE)
        if poisoned := self._poison & set(requests):
            raise ValueError(sorted(poisoned))
        return [request * 10 for request in requests]

    @property
    def hot(self) -> HotAction:
        return HotAction(self, int, int)


class Caller:
    """A caller's connection, made and known to the committer before it sends: so the order of frames is ours."""

    def __init__(self, path: str) -> None:
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(PATIENCE)
        self.link.connect(path)
        self.ask(wire.STATE)
        assert isinstance(self.answer(), wire.State)

    def ask(self, action: str, *requests: int, weights: Sequence[int] | None = None) -> "Caller":
        body = wire.Asked(action, tuple(weights or [1] * len(requests)), msgspec.Raw(msgspec.json.encode(requests)))
        self.link.sendall(wire.frame(wire.encode(body)))
        return self

    def answer(self) -> wire.Reply:
        return wire.decode_reply(client._received(self.link))

    def outcomes(self) -> Any:
        reply = self.answer()
        assert isinstance(reply, wire.Answered), reply
        return msgspec.json.decode(reply.outcomes)


class Served:
    """A committer at work in a thread, and its callers."""

    def __init__(self, actions: dict[str, HotAction], **more: Any) -> None:
        self.committer = Committer(actions, **more)
        self.path, self.thread = serve_beside(self.committer)
        self.client = Client(self.path, actions)
        self._callers: list[Caller] = []
        self.client.state(seconds=PATIENCE)

    def callers(self, count: int) -> list[Caller]:
        made = [Caller(self.path) for _ in range(count)]
        self._callers += made
        return made

    def end(self) -> None:
        self.committer.stop()
        self.thread.join(PATIENCE)
        for caller in self._callers:
            caller.link.close()
        self.client.close()
        assert not self.thread.is_alive()


Start = Callable[..., Served]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start committers that end, and give their connection back, when the test is over."""
    with ExitStack() as stack:

        def begin(actions: dict[str, HotAction], **more: Any) -> Served:
            one = Served(actions, **more)
            stack.callback(one.end)
            return one

        yield begin


def behind_the_first(action: Recorder, caller: Caller, name: str = "a") -> None:
    caller.ask(name, 0)
    assert action.began.wait(PATIENCE)


def test_what_waits_is_decided_in_one_batch_and_in_order(start: Start) -> None:
    action = Recorder()
    one = start({"a": action.hot})
    first, *others = one.callers(6)
    behind_the_first(action, first)
    for number, caller in enumerate(others, 1):
        caller.ask("a", number)
    action.go.set()

    assert first.outcomes() == [0]
    assert [caller.outcomes() for caller in others] == [[10], [20], [30], [40], [50]]
    assert action.batches == [[0], [1, 2, 3, 4, 5]]
    measured = one.client.state(seconds=PATIENCE).measured
    assert 'onebasket_batch_requests_count{action="a"} 2.0' in measured
    assert 'onebasket_batch_requests_sum{action="a"} 6.0' in measured


def test_a_batch_is_bounded_by_weight_and_by_number(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_REQUESTS", 3)
    monkeypatch.setattr(server, "MAX_WEIGHT", 10)
    action = Recorder()
    first, other = start({"a": action.hot}).callers(2)
    behind_the_first(action, first)
    other.ask("a", *range(1, 9), weights=(4, 6, 1, 1, 1, 1, 30, 2))
    action.go.set()

    assert other.outcomes() == [number * 10 for number in range(1, 9)]
    assert action.batches == [[0], [1, 2], [3, 4, 5], [6], [7], [8]]


def test_a_full_queue_refuses_a_call_whole_and_recovers(start: Start) -> None:
    action = Recorder()
    one = start({"a": action.hot, "b": action.hot}, max_queued=2)
    first, waiting, refused, other = one.callers(4)
    behind_the_first(action, first)
    waiting.ask("a", 1)
    refused.ask("a", 2, 3)
    other.ask("b", 4)
    action.go.set()

    assert first.outcomes() == [0]
    assert waiting.outcomes() == [10]
    assert refused.answer() == wire.Full()
    assert other.outcomes() == [40]
    assert one.client.commit("a", [5], weights=[1], seconds=PATIENCE) == [50]
    assert sorted(action.batches) == [[0], [1], [4], [5]]


def test_a_caller_learns_of_a_full_queue_by_name(start: Start) -> None:
    action = Recorder()
    one = start({"a": action.hot}, max_queued=0)
    first, second = one.callers(2)
    answers: list[object] = []
    known, taken = threading.Event(), threading.Event()

    def ask() -> None:
        one.client.state(seconds=PATIENCE)
        known.set()
        assert taken.wait(PATIENCE)
        try:
            answers.append(one.client.commit("a", [2], weights=[1], seconds=PATIENCE))
        except QueueFullError as error:
            answers.append(error.retry_after)

    thread = threading.Thread(target=ask)
    thread.start()
    assert known.wait(PATIENCE)
    behind_the_first(action, first)
    second.ask("a", 1)  # an empty queue takes any call
    taken.set()
    thread.join(0.5)
    action.go.set()
    thread.join(PATIENCE)
    assert answers == [1]
    assert second.outcomes() == [10]


@pytest.mark.parametrize("poison", [{1}, {4}, {1, 8}, {3, 4}, set(range(1, 9))])
def test_halving_leaves_the_poisoned_alone(start: Start, poison: set[int], caplog: pytest.LogCaptureFixture) -> None:
    action = Recorder(frozenset(poison))
    first, *others = start({"a": action.hot}).callers(9)
    behind_the_first(action, first)
    for number, caller in enumerate(others, 1):
        caller.ask("a", number)
    action.go.set()

    assert first.outcomes() == [0]
    answers = {number: caller.answer() for number, caller in enumerate(others, 1)}
    assert answers == {
        number: wire.Broken(f"ValueError: [{number}]")
        if number in poison
        else wire.Answered(msgspec.Raw(msgspec.json.encode([number * 10])))
        for number in range(1, 9)
    }
    assert len([record for record in caplog.records if "failed for one request" in record.message]) == len(poison)


def test_a_failing_request_fails_its_own_call_alone(start: Start) -> None:
    action = Recorder(frozenset({2}))
    action.go.set()
    one = start({"a": action.hot})
    with pytest.raises(BrokenRequestError, match=r"ValueError: \[2\]"):
        one.client.commit("a", [1, 2], weights=[1, 1], seconds=PATIENCE)
    assert one.client.commit("a", [1], weights=[1], seconds=PATIENCE) == [10]


def test_an_action_that_gives_too_few_outcomes_fails_its_requests_and_the_committer_lives_on(start: Start) -> None:
    one = start({"a": HotAction(lambda requests: requests[1:], int, int), "b": HotAction(list, int, int)})
    with pytest.raises(BrokenRequestError, match="a gave 0 outcomes for 1 requests"):
        one.client.commit("a", [1, 2], weights=[1, 1], seconds=PATIENCE)
    assert one.client.commit("b", [3], weights=[1], seconds=PATIENCE) == [3]


def test_a_database_that_cannot_serve_is_told_to_every_caller(start: Start) -> None:
    def gone(_: Sequence[int]) -> Sequence[int]:
        raise InterfaceError("connection already closed")

    one = start({"a": HotAction(gone, int, int)})
    with pytest.raises(UnavailableError, match="connection already closed"):
        one.client.commit("a", [1, 2], weights=[1, 1], seconds=PATIENCE)


def test_queues_are_served_in_turn(start: Start) -> None:
    action = Recorder()
    first, *others = start({"a": action.hot, "b": action.hot}).callers(5)
    behind_the_first(action, first)
    for (number, name), caller in zip(((1, "a"), (2, "b"), (3, "a"), (4, "b")), others, strict=True):
        caller.ask(name, number)
    action.go.set()

    assert [caller.outcomes() for caller in others] == [[10], [20], [30], [40]]
    assert action.batches == [[0], [1, 3], [2, 4]]


def test_rubbish_half_frames_and_callers_that_leave_hurt_nobody(start: Start) -> None:
    one = start({"a": HotAction(list, int, int)})
    rubbish, huge, half, unknown, wrong, leaver, sound = one.callers(7)
    rubbish.link.sendall(wire.frame(b"no json"))
    huge.link.sendall(wire.HEAD.pack(server.MAX_FRAME + 1))
    half.link.sendall(wire.frame(wire.encode(wire.Asked("a", (1,), msgspec.Raw(b"[7]"))))[:-3])
    unknown.ask("nothing", 1)
    wrong.link.sendall(wire.frame(wire.encode(wire.Asked("a", (1,), msgspec.Raw(b'["x"]')))))
    leaver.ask("a", 1).link.close()

    assert sound.ask("a", 5).outcomes() == [5]
    for caller in (rubbish, huge, unknown, wrong):
        assert caller.link.recv(1) == b""
    half.link.sendall(b"7]]")
    assert half.outcomes() == [7]
    assert one.client.state(seconds=PATIENCE).waiting == {"a": 0}


def test_an_answer_larger_than_the_socket_takes_reaches_a_slow_reader_while_others_are_served(start: Start) -> None:
    one = start({"long": HotAction(lambda requests: ["x" * 4_000_000 for _ in requests], int, str)})
    slow, quick = one.callers(2)
    slow.ask("long", 1)
    assert quick.ask("long", 2).outcomes() == ["x" * 4_000_000]
    assert slow.outcomes() == ["x" * 4_000_000]


def test_a_caller_that_waited_in_vain_asks_on_over_a_new_connection(start: Start) -> None:
    action = Recorder()
    one = start({"a": action.hot})
    with pytest.raises(TimeoutError):
        one.client.commit("a", [1], weights=[1], seconds=0.05)
    action.go.set()
    assert one.client.commit("a", [2], weights=[1], seconds=PATIENCE) == [20]


def test_a_committer_that_cannot_be_reached_is_told_as_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.1)
    with pytest.raises(UnavailableError, match="the committer cannot be reached"):
        Client(str(tmp_path / "none"), {}).state(seconds=1)


def test_the_socket_lies_where_only_we_may_go(start: Start) -> None:
    folder = Path(start({}).path).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_done_between_batches_has_its_turn_when_nothing_comes_and_when_much_does(start: Start) -> None:
    turns = threading.Semaphore(0)

    def chore() -> float:
        turns.release()
        return 0.01

    one = start({"a": HotAction(list, int, int)}, chores=chore)
    for _ in range(3):
        assert turns.acquire(timeout=PATIENCE)
    assert one.client.commit("a", [1], weights=[1], seconds=PATIENCE) == [1]


class Driver(Exception):  # noqa: N818 - as a driver names them
    def __init__(self, *, sqlstate: str = "", sqlite_errorname: str = "") -> None:
        self.sqlstate, self.sqlite_errorname = sqlstate, sqlite_errorname


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError("deadlock"), Driver(sqlstate="40P01")),
        raised(OperationalError("serialisation"), Driver(sqlstate="40001")),
        raised(OperationalError("busy"), Driver(sqlite_errorname="SQLITE_BUSY_SNAPSHOT")),
        raised(OperationalError("locked"), Driver(sqlite_errorname="SQLITE_LOCKED")),
        GuardError("guard"),
    ],
    ids=str,
)
def test_a_lost_race_is_run_again(error: Exception) -> None:
    calls: list[int] = []

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        calls.append(1)
        if len(calls) < 3:
            raise error
        return requests

    assert perform(action, [7]) == [7]
    assert len(calls) == 3


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError("disk full"), Driver(sqlite_errorname="SQLITE_FULL")),
        raised(OperationalError("locked for too long"), Driver(sqlite_errorname="SQLITE_BUSY")),
        raised(OperationalError("gone"), Driver(sqlstate="57P01")),
        InterfaceError("connection already closed"),
    ],
    ids=str,
)
def test_a_database_that_cannot_serve_fails_the_whole_batch_at_once(error: Exception) -> None:
    calls: list[list[int]] = []

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        calls.append(list(requests))
        raise error

    with pytest.raises(UnavailableError, match=str(error)):
        perform(action, [1, 2])
    assert calls == [[1, 2]]


def test_a_race_lost_every_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)

    def action(requests: Sequence[Any]) -> Sequence[Any]:
        raise GuardError

    with pytest.raises(UnavailableError, match="the batch lost every race"):
        perform(action, [1])
