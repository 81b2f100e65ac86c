"""Loading beside a hub on SQLite: its committer is asked, so that the file has one writer; without one we write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.db import DataError, connection

from onebasket.base import presence
from onebasket.base.committer import Client, QueueFullError, UnavailableError
from onebasket.base.models import QuarantineItem
from onebasket.commerce.hotpath.actions import ACTIONS, ReceiptsCall, book_receipts
from onebasket.project.loading.items import KINDS, ItemTally, load_items
from onebasket.project.loading.receipts import ReceiptFiles, Tally
from tests.builders import running
from tests.scenario import Chain, line, open_chain, receipt

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chain() -> Chain:
    if connection.vendor != "sqlite":
        pytest.skip("on PostgreSQL nobody has to ask")
    return open_chain()


@contextmanager
def hub(actions: Any = ACTIONS, **more: Any) -> Iterator[Client]:
    """Serve a committer, and announce it as a hub does: once it answers."""
    with running(actions, **more) as client:
        client.state(seconds=10)
        held = presence.announce(Path(client._path))
        assert held is not None
        with held:
            yield client


def receipts(path: Path, *numbers: int) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(receipt(n, line("milk"))) + b"\n" for n in numbers))
    return path


def asked(client: Client, action: str) -> float:
    """Return how many requests of the action the committer has decided."""
    text = client.state(seconds=10).measured
    found = [row for row in text.splitlines() if row.startswith(f'onebasket_batch_requests_sum{{action="{action}"}}')]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


def test_a_hub_is_known_by_its_lock_and_says_where_to_ask(chain: Chain, tmp_path: Path) -> None:
    socket = tmp_path / "committer"
    socket.touch()
    assert (presence.hub_is_serving(), presence.committer_of_the_hub()) == (False, None)
    with presence.announce(socket) as held:  # type: ignore[union-attr]
        assert held is not None
        assert presence.announce(tmp_path / "other") is None
        assert (presence.hub_is_serving(), presence.committer_of_the_hub()) == (True, socket)
        socket.unlink()
        assert (presence.hub_is_serving(), presence.committer_of_the_hub()) == (True, None)
    assert (presence.hub_is_serving(), presence.committer_of_the_hub()) == (False, None)


def test_nobody_is_announced_on_postgresql(tmp_path: Path) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has such a file")
    assert presence.announce(tmp_path / "committer") is None
    assert (presence.hub_is_serving(), presence.committer_of_the_hub()) == (False, None)


def test_the_hub_books_what_is_loaded_beside_it(chain: Chain, tmp_path: Path) -> None:
    decided = list[str]()

    def book(calls: Sequence[ReceiptsCall]) -> Sequence[Any]:
        outcomes = book_receipts(calls)
        decided.extend(item.key for call in calls for item in call.items)
        return outcomes

    files, tally = ReceiptFiles(chain.source, batch=2), Tally()
    with hub(ACTIONS | {"receipts": replace(ACTIONS["receipts"], run=book)}):
        assert files.load(receipts(tmp_path / "one.jsonl", 1, 2, 3, 2), tally)
    # In how many batches is the pace's affair: a slow machine has smaller ones.
    assert decided == ["r1", "r2", "r3", "r2"]
    assert (tally.booked, tally.repeated) == (3, 1)
    assert files.load(receipts(tmp_path / "two.jsonl", 3, 4), tally)
    assert (tally.booked, tally.repeated) == (4, 2)
    assert decided == ["r1", "r2", "r3", "r2"]


def test_the_hub_books_facts_about_stock_that_are_loaded_beside_it(chain: Chain, tmp_path: Path) -> None:
    path = tmp_path / "stock.jsonl"
    fact = {
        "key": "d1", "place": "s1", "kind": "delivery", "occurred_at": "2026-03-02T06:30:00-05:00",
        "lines": [{"sku": "milk", "quantity": 24}],
    }  # fmt: skip
    path.write_bytes(msgspec.json.encode(fact) + b"\n" + msgspec.json.encode(fact | {"key": "d2", "place": "s9"}))
    tally = ItemTally()
    with hub() as client:
        load_items(KINDS["stock"], path, source_id=chain.source, tally=tally)
        assert asked(client, "facts") == 1
    assert dict(tally.outcomes) == {"booked": 1, "quarantined": 1}


def test_a_receipt_that_the_hub_fails_on_stands_alone(chain: Chain, tmp_path: Path) -> None:
    def refuse(calls: Sequence[ReceiptsCall]) -> Sequence[Any]:
        if any(getattr(item, "number", "") == "3" for call in calls for item in call.items):
            raise DataError("value out of range")
        return book_receipts(calls)

    tally = Tally()
    with hub(ACTIONS | {"receipts": replace(ACTIONS["receipts"], run=refuse)}):
        ReceiptFiles(chain.source).load(receipts(tmp_path / "day.jsonl", 1, 2, 3, 4, 5), tally)
    assert (tally.booked, tally.quarantined, dict(tally.reasons)) == (4, 1, {"failed": 1})
    assert QuarantineItem.objects.get().key == "r3"


def test_a_hub_that_is_full_is_asked_again(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = list[float]()
    with hub() as client:
        commit, full = Client.commit, [True, True]

        def busy(self: Client, *arguments: Any, **more: Any) -> list[Any]:
            if full and full.pop():
                raise QueueFullError
            return commit(self, *arguments, **more)

        monkeypatch.setattr(Client, "commit", busy)
        monkeypatch.setattr("onebasket.project.loading.writing.time.sleep", waits.append)
        tally = Tally()
        ReceiptFiles(chain.source).load(receipts(tmp_path / "day.jsonl", 1, 2), tally)
        assert asked(client, "receipts") == 1
    assert (tally.booked, waits) == (2, [1, 1])


def test_a_hub_that_cannot_serve_is_told_and_one_that_has_gone_is_done_without(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, tally = receipts(tmp_path / "day.jsonl", 1, 2), Tally()

    def gone(*_: Any, **__: Any) -> list[Any]:
        raise UnavailableError("nobody listens")

    monkeypatch.setattr(Client, "commit", gone)
    with hub(), pytest.raises(UnavailableError):
        ReceiptFiles(chain.source).load(path, tally)
    assert tally.booked == 0

    socket = tmp_path / "committer"
    socket.touch()
    held = presence.announce(socket)
    assert held is not None

    def leaves(*_: Any, **__: Any) -> list[Any]:
        held.close()
        raise UnavailableError("nobody listens")

    monkeypatch.setattr(Client, "commit", leaves)
    ReceiptFiles(chain.source).load(path, tally)
    assert tally.booked == 2
