"""One history out of several lists, and messages that forget a number."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.insights.rules.history import (
    AFTER_ALL,
    BEFORE_ALL,
    KINDS,
    Cursor,
    EntryKind,
    HistoryEntry,
    edge,
    merged,
)
from onebasket.commerce.insights.rules.scrubbing import names, scrub

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


def entry(kind: EntryKind, identity: int, hours: int) -> HistoryEntry:
    return HistoryEntry(kind, f"{identity:04}", AT - timedelta(hours=hours), "330", "1", "till", "sale", "USD", 100, 1)


def test_the_kinds_are_those_of_the_type() -> None:
    assert get_args(EntryKind) == KINDS


@pytest.mark.parametrize(
    ("cursor", "kind", "after"),
    [
        (None, "order", None),
        (Cursor("t", "receipt", "7"), "receipt", ("t", "7")),
        (Cursor("t", "receipt", "7"), "order", ("t", AFTER_ALL)),  # orders of that instant came before
        (Cursor("t", "order", "7"), "receipt", ("t", BEFORE_ALL)),  # receipts of that instant are still to come
    ],
)
def test_a_page_goes_on_after_an_entry(cursor: Cursor | None, kind: EntryKind, after: object) -> None:
    assert edge(cursor, kind) == after


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), max_size=30),
    st.integers(min_value=1, max_value=7),
)
def test_pages_together_are_the_whole_history_in_order(made: list[tuple[EntryKind, int]], limit: int) -> None:
    entries = [entry(kind, at, hours) for at, (kind, hours) in enumerate(made)]

    def next_of(kind: EntryKind, cursor: Cursor | None) -> list[HistoryEntry]:
        """Return what a module's query returns: by instant and id from above, after the cursor."""
        rows = sorted((e for e in entries if e.kind == kind), key=lambda e: (e.at, e.id), reverse=True)
        after = edge(cursor, kind)
        if after is not None:
            at, identity = datetime.fromisoformat(after[0]), {BEFORE_ALL: "~", AFTER_ALL: ""}.get(after[1], after[1])
            rows = [e for e in rows if e.at < at or (e.at == at and e.id < identity)]
        return rows[: limit + 1]

    seen: list[HistoryEntry] = []
    cursor: Cursor | None = None
    while True:
        page, cursor = merged([next_of(kind, cursor) for kind in KINDS], limit=limit)
        seen += page
        if cursor is None:
            break
        assert len(page) == limit

    assert sorted(seen, key=lambda e: e.id) == entries
    assert [e.at for e in seen] == sorted((e.at for e in seen), reverse=True)


MESSAGE = '{"key":"900","loyalty_number":"900","lines":[{"code":"900","paid_amount":900,"rate":1.50}]}'
POSLOG = '<LoyaltyAccount><LoyaltyAccountID Type="card"> 900 </LoyaltyAccountID></LoyaltyAccount><Amount>900</Amount>'


@pytest.mark.parametrize(
    ("text", "scrubbed", "left"),
    [
        (MESSAGE, MESSAGE.replace('"loyalty_number":"900"', '"loyalty_number":"erased"'), True),
        ('{"loyalty_number": "900"', '{"loyalty_number": "erased"', False),
        ('{"loyalty_number": "9001"}', '{"loyalty_number": "9001"}', False),
        (POSLOG, POSLOG.replace(" 900 <", " erased <"), True),
        ('{"loyalty_number":"\\u0039\\u0030\\u0030","n":1}', '{"loyalty_number": "erased", "n": 1}', False),
        ("330;900;2.50", "330;900;2.50", True),
        ("1900;9001", "1900;9001", False),
        ("", "", False),
    ],
)
def test_a_number_goes_where_a_message_says_that_it_is_one(text: str, scrubbed: str, *, left: bool) -> None:
    done = scrub(text, ["900", ""], put="erased")
    assert done == scrubbed
    assert names(done, ["900", ""]) is left
    assert scrub(done, ["900"], put="erased") == done


def test_a_fact_stays_the_same_in_everything_else() -> None:
    before, after = json.loads(MESSAGE), json.loads(scrub(MESSAGE, ["900"], put="erased"))
    assert after == {**before, "loyalty_number": "erased"}
