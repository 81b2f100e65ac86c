"""One key, one effect: claims, repeats, conflicts, and what two processes do with the same key at once."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections, transaction

from onebasket.base import bulk, inbox
from onebasket.base.bulk import GuardError
from onebasket.base.inbox import Claim
from onebasket.base.locking import OutsideTransactionError
from onebasket.base.models import InboxEntry

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def claim(*claims: Claim) -> inbox.Claimed:
    return inbox.claim("test", claims)


def settle_all(claimed: inbox.Claimed, outcome: str = "done") -> None:
    inbox.settle(dict.fromkeys(claimed.fresh.values(), outcome))


@pytest.mark.django_db
def test_a_new_key_is_fresh_and_then_known_with_its_outcome() -> None:
    first = claim(Claim(1, "a", "x"), Claim(1, "b", "y"))
    assert (set(first.fresh), first.known, first.repeats, first.conflicts) == ({0, 1}, {}, {}, set())
    settle_all(first, "first")
    second = claim(Claim(1, "b", "y"), Claim(1, "c", "z"), Claim(1, "a", "x"))
    assert (set(second.fresh), second.known) == ({1}, {0: "first", 2: "first"})


@pytest.mark.django_db
def test_other_content_under_a_known_key_is_a_conflict() -> None:
    settle_all(claim(Claim(1, "a", "x")))
    found = claim(Claim(1, "a", "other"), Claim(2, "a", "other"))
    assert (found.conflicts, set(found.fresh)) == ({0}, {1})


@pytest.mark.django_db
def test_within_a_batch_the_first_wins_and_the_rest_repeat_or_conflict() -> None:
    found = claim(Claim(1, "a", "x"), Claim(1, "a", "x"), Claim(1, "a", "other"), Claim(1, "a", "x"))
    assert (set(found.fresh), found.repeats, found.conflicts) == ({0}, {1: 0, 3: 0}, {2})
    answers = inbox.answer(found, {0: "done"}, count=4, decode=str, conflict=lambda _: "conflict")
    assert answers == ["done", "done", "conflict", "done"]


@pytest.mark.django_db
def test_a_repeat_of_a_known_key_within_a_batch_is_answered_alike() -> None:
    settle_all(claim(Claim(1, "a", "x")), "first")
    found = claim(Claim(1, "a", "x"), Claim(1, "a", "x"))
    assert inbox.answer(found, {}, count=2, decode=str, conflict=lambda _: "conflict") == ["first", "first"]


@pytest.mark.django_db
def test_what_was_not_decided_is_given_back() -> None:
    found = claim(Claim(1, "a", "x"), Claim(1, "b", "y"))
    inbox.settle({found.fresh[0]: "done"})
    inbox.unclaim(list(found.fresh.values()))
    assert list(InboxEntry.objects.values_list("key", flat=True)) == ["a"]


@pytest.mark.django_db
def test_settling_what_is_not_there_is_refused() -> None:
    with pytest.raises(GuardError):
        inbox.settle({999_999: "done"})


@pytest.mark.django_db(transaction=True)
def test_claims_are_taken_inside_a_transaction_alone() -> None:
    with pytest.raises(OutsideTransactionError):
        claim(Claim(1, "a", "x"))
    assert InboxEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_leaves_its_keys_free() -> None:
    with transaction.atomic():
        settle_all(claim(Claim(1, "a", "x")))
        transaction.set_rollback(True)
    with transaction.atomic():
        assert set(claim(Claim(1, "a", "x")).fresh) == {0}


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_decided_once_and_the_other_gets_its_outcome() -> None:
    """Eight threads race for the same ten keys in two orders; each key is fresh to one of them."""
    start = threading.Barrier(8)
    won: list[str] = []
    recalled: list[str] = []

    def race(number: int) -> None:
        keys = [f"k{n}" for n in range(10)][:: 1 if number % 2 else -1]
        start.wait()
        with transaction.atomic():
            found = inbox.claim("test", [Claim(1, key, "x") for key in keys])
            won.extend(keys[index] for index in found.fresh)
            inbox.settle(dict.fromkeys(found.fresh.values(), f"by {number}"))
            recalled.extend(found.known.values())
        connections.close_all()

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(f"k{n}" for n in range(10))
    assert len(recalled) == 70
    assert all(outcome and outcome.startswith("by ") for outcome in recalled)
    assert bulk.fetch("SELECT COUNT(*) FROM base_inboxentry WHERE outcome IS NULL") == [(0,)]
