"""Quarantine: kept whole and once, mended beside the original, replayed once, discarded with a note."""

from datetime import UTC, datetime

import msgspec
import pytest
from django.db import transaction

from onebasket.base import quarantine
from onebasket.base.locking import OutsideTransactionError
from onebasket.base.models import QuarantineItem, TrailEntry
from onebasket.base.quarantine import Fault, NotOpenError, Unreadable, conflict_of, unbookable
from onebasket.base.replaying import OtherKindError, Replayed, StillOpen, discard_item, mend_item
from onebasket.commerce.sales.actions.replaying import replay_quarantined
from onebasket.commerce.sales.models import Receipt as ReceiptRow
from onebasket.commerce.stock.models import Shelf
from onebasket.project.auditing import audit, differences
from tests.scenario import Chain, line, open_chain, receipt

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FAULT = Fault("not-json", "It ends too early.")


def text_of(message: object) -> str:
    return msgspec.json.encode(message).decode()


def milk() -> int:
    return Shelf.objects.get(place__code="s1", product__sku="milk", state=1).on_hand


def keep(*messages: Unreadable, source: int = 1) -> list[int]:
    return quarantine.keep("receipt", [unbookable(source, message, FAULT) for message in messages], now=NOW)


def item() -> QuarantineItem:
    return QuarantineItem.objects.get(state="open")


def test_a_message_is_kept_whole_and_once() -> None:
    first, second = Unreadable("{1", "not-json", "why", key="a"), Unreadable("{2", "not-json", "why")
    ids = keep(first, second, first)
    assert ids[0] == ids[2] != ids[1]
    assert keep(second, first) == [ids[1], ids[0]]
    assert keep(first, source=2) not in ([ids[0]], [ids[1]])
    assert list(QuarantineItem.objects.order_by("source_id", "content").values_list("content", "key")) == [
        ("{1", "a"), ("{2", ""), ("{1", "a"),
    ]  # fmt: skip


def test_the_same_message_for_two_reasons_stands_twice() -> None:
    message = Unreadable("{1", "not-json", "why")
    quarantine.keep("receipt", [unbookable(1, message, FAULT), unbookable(1, message, conflict_of("k"))], now=NOW)
    assert sorted(QuarantineItem.objects.values_list("reason", flat=True)) == ["conflict", "not-json"]


@pytest.mark.django_db(transaction=True)
def test_it_is_kept_inside_a_transaction_alone() -> None:
    with pytest.raises(OutsideTransactionError):
        keep(Unreadable("{1", "not-json", "why"))


def test_a_corrected_message_under_the_key_closes_what_was_open() -> None:
    chain = open_chain()
    chain.sell(receipt(1, line("milk"), change=0))
    assert (item().reason, milk()) == ("does_not_tie", 20)
    chain.sell(receipt(1, line("milk")))
    kept = QuarantineItem.objects.get()
    assert (kept.state, milk()) == ("superseded", 19)


def test_a_conflict_stays_open_beside_what_is_booked() -> None:
    chain = open_chain()
    chain.sell(receipt(1, line("milk")))
    chain.sell(receipt(1, line("milk", 5, paid=1250)))
    kept = item()
    assert (kept.reason, kept.key, milk()) == ("conflict", "r1", 19)
    assert msgspec.json.decode(kept.content)["lines"][0]["quantity"] == 5


def broken(chain: Chain) -> QuarantineItem:
    chain.sell(receipt(1, line("milk"), place="s9"))
    return item()


def test_mended_and_replayed_it_is_booked_once() -> None:
    chain = open_chain()
    kept = broken(chain)
    original = kept.content
    mend_item(kept.pk, content=text_of(receipt(1, line("milk"))), actor="ann")
    assert replay_quarantined(kept.pk, actor="ann") == Replayed(kept.pk)
    kept.refresh_from_db()
    assert (kept.state, kept.settled_by, kept.content, milk()) == ("replayed", "ann", original, 19)
    with pytest.raises(NotOpenError):
        replay_quarantined(kept.pk, actor="ann")
    chain.sell(receipt(1, line("milk")))
    assert (milk(), ReceiptRow.objects.count(), differences(audit())) == (19, 1, 0)
    actions = list(TrailEntry.objects.filter(target=f"quarantine/{kept.pk}").values_list("action", flat=True))
    assert actions == ["quarantine.mend", "quarantine.replayed"]


def test_what_fails_again_stays_open_and_leaves_nothing() -> None:
    kept = broken(open_chain())
    outcome = replay_quarantined(kept.pk, actor="ann")
    assert isinstance(outcome, StillOpen)
    assert outcome.reason == "unknown_place"
    kept.refresh_from_db()
    assert (kept.state, milk(), ReceiptRow.objects.count(), QuarantineItem.objects.count()) == ("open", 20, 0, 1)


def test_discarded_it_keeps_its_note_and_its_text() -> None:
    kept = broken(open_chain())
    discard_item(kept.pk, note="a test of the till", actor="ann")
    kept.refresh_from_db()
    assert (kept.state, kept.note, kept.settled_by) == ("discarded", "a test of the till", "ann")
    assert kept.content
    with pytest.raises(NotOpenError):
        mend_item(kept.pk, content="{}", actor="ann")
    with pytest.raises(NotOpenError):
        discard_item(kept.pk, note="again", actor="ann")


def test_an_item_of_another_kind_is_left_alone() -> None:
    with transaction.atomic():
        (identity,) = quarantine.keep("stock", [unbookable(1, Unreadable("{", "not-json", "why"), FAULT)], now=NOW)
    with pytest.raises(OtherKindError):
        replay_quarantined(identity, actor="ann")
    assert item().pk == identity
