"""What a caller lives through when the committer ends, is late or cannot make anything of it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import connection

from onebasket.base.committer import BrokenRequestError, Client, Committer, HotAction, UnavailableError, client, wire
from onebasket.base.committer.beside import serve_beside, socket_folder
from tests.builders import running

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 20
PLAIN = {"a": HotAction(list, int, int)}
ANSWER = wire.frame(wire.encode(wire.Answered(msgspec.Raw(b"[7]"))))


class Ending:
    """A committer that is killed after it has heard a whole call, so many times; the next call it answers with 7."""

    def __init__(self, ends: int) -> None:
        self.path = str(socket_folder() / "committer")
        self.heard: list[bytes] = []
        self._left = ends
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            link, _ = self._listener.accept()
            with link:
                try:
                    self.heard.append(client._received(link))
                except ConnectionResetError:
                    return
                if not self._left:
                    link.sendall(ANSWER)
                self._left -= 1

    def end(self) -> None:
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.path)
        self._thread.join(PATIENCE)
        self._listener.close()


@pytest.fixture
def ending(request: pytest.FixtureRequest) -> Iterator[Ending]:
    one = Ending(request.param)
    yield one
    one.end()


def asked(number: int) -> bytes:
    return wire.encode(wire.Asked("a", (1,), msgspec.Raw(b"[%d]" % number)))


@pytest.mark.parametrize("ending", [1], indirect=True)
def test_a_call_whose_committer_ended_is_sent_to_the_next_once_and_the_same(ending: Ending) -> None:
    with closing(Client(ending.path, PLAIN)) as one:
        assert one.commit("a", [5], weights=[1], seconds=PATIENCE) == [7]
    assert ending.heard == [asked(5)] * 2


@pytest.mark.parametrize("ending", [1], indirect=True)
def test_a_connection_that_ended_while_nobody_asked_counts_as_no_try(ending: Ending) -> None:
    with closing(Client(ending.path, PLAIN)) as one:
        stale, other = socket.socketpair(socket.AF_UNIX)
        other.close()
        one._mine.link = stale
        assert one.commit("a", [5], weights=[1], seconds=PATIENCE) == [7]
    assert ending.heard == [asked(5)] * 2


@pytest.mark.parametrize("ending", [2], indirect=True)
def test_a_call_that_ends_every_committer_is_given_up_after_two(
    ending: Ending, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Client(ending.path, PLAIN)) as one:
        with pytest.raises(UnavailableError, match="the committer cannot be reached: it ended before it answered"):
            one.commit("a", [5], weights=[1], seconds=PATIENCE)
        assert ending.heard == [asked(5)] * 2
        assert [record.message for record in caplog.records] == [
            "the committer cannot be reached: it ended before it answered"
        ]
        assert one.commit("a", [6], weights=[1], seconds=PATIENCE) == [7]


def test_a_committer_that_is_being_started_is_waited_for() -> None:
    path = socket_folder() / "committer"
    committer = Committer(PLAIN)

    def serve() -> None:
        with closing(connection):
            committer.serve(path)

    later = threading.Timer(0.5, serve)
    later.start()
    try:
        with closing(Client(str(path), PLAIN)) as one:
            assert one.commit("a", [5], weights=[1], seconds=PATIENCE) == [5]
    finally:
        committer.stop()
        later.join(PATIENCE)


def test_a_caller_waits_for_a_start_no_longer_than_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 3_600.0)  # the test's time-out ends what waits on
    with pytest.raises(UnavailableError):
        Client(str(tmp_path / "none"), PLAIN).state(seconds=0.2)


def test_a_late_answer_is_not_taken_for_the_next_ones() -> None:
    go = threading.Event()

    def slow(requests: Any) -> Any:
        assert go.wait(PATIENCE)
        return [request * 10 for request in requests]

    with running({"a": HotAction(slow, int, int)}) as one:
        with pytest.raises(TimeoutError):
            one.commit("a", [1], weights=[1], seconds=0.1)
        go.set()
        assert [one.commit("a", [number], weights=[1], seconds=PATIENCE) for number in (2, 3)] == [[20], [30]]


def test_an_outcome_that_cannot_be_sent_fails_its_request_and_the_committer_lives_on() -> None:
    odd = HotAction(lambda requests: [object() for _ in requests], int, int)
    with running({"odd": odd, **PLAIN}) as one:
        with pytest.raises(BrokenRequestError, match="TypeError: Encoding objects of type object is unsupported"):
            one.commit("odd", [1], weights=[1], seconds=PATIENCE)
        assert one.commit("a", [2], weights=[1], seconds=PATIENCE) == [2]


@pytest.mark.parametrize(
    "body",
    [
        b'["a",[1],' + b"[" * 200_000,
        b"\xff",
        wire.encode(wire.Asked("a", (1, 1), msgspec.Raw(b"[1]"))),
        wire.encode(wire.Asked("a", (1,), msgspec.Raw(b"[1,2]"))),
    ],
    ids=["nested", "no UTF-8", "too many weights", "too few weights"],
)
def test_a_caller_who_is_not_understood_is_let_go_and_nothing_of_it_is_decided(body: bytes) -> None:
    decided: list[int] = []

    def note(requests: Any) -> Any:
        decided.extend(requests)
        return requests

    with running({"a": HotAction(note, int, int)}) as one, socket.socket(socket.AF_UNIX) as link:
        one.state(seconds=PATIENCE)  # it listens
        link.settimeout(PATIENCE)
        link.connect(one._path)
        link.sendall(wire.frame(body))
        assert link.recv(1) == b""
        assert one.commit("a", [3], weights=[1], seconds=PATIENCE) == [3]
        assert one.state(seconds=PATIENCE).waiting == {"a": 0}
    assert decided == [3]


def test_a_call_without_requests_is_answered_at_once() -> None:
    with running(PLAIN) as one:
        assert one.commit("a", [], weights=[], seconds=PATIENCE) == []


def test_asking_to_stop_again_does_nothing() -> None:
    committer = Committer(PLAIN)
    _, thread = serve_beside(committer)
    committer.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    committer.stop()


def test_what_was_asked_before_the_stop_is_answered() -> None:
    began, go = threading.Event(), threading.Event()

    def slow(requests: Any) -> Any:
        began.set()
        assert go.wait(PATIENCE)
        return requests

    committer = Committer({"a": HotAction(slow, int, int)})
    path, thread = serve_beside(committer)
    with closing(Client(path, PLAIN)) as one, socket.socket(socket.AF_UNIX) as link:
        one.state(seconds=PATIENCE)  # it listens
        link.settimeout(PATIENCE)
        link.connect(path)
        link.sendall(wire.frame(asked(1)))
        assert began.wait(PATIENCE)
        committer.stop()
        go.set()
        assert wire.decode_reply(client._received(link)) == wire.Answered(msgspec.Raw(b"[1]"))
        thread.join(PATIENCE)
        assert link.recv(1) == b""
