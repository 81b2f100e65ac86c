"""How items from an enrolled source are taken in: claimed by key, decided in turn, settled, answered.

Places, catalogue, customers and pricing differ only in what they decide and write, which they pass in.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from django.db import transaction

from onebasket.base import bulk, inbox
from onebasket.base.clock import database_now
from onebasket.base.columns import is_postgresql
from onebasket.commerce.access.rules import CONFLICT, ItemOutcome, SourceItem, invalid, key_problem, shape_problem
from onebasket.kernel.identity import fingerprint

_ADVISORY_CLASS = 0x6F6E62

Item = TypeVar("Item", bound=SourceItem)
Decide = Callable[[Sequence[Item], datetime], Sequence[ItemOutcome]]


def take_in(kind: str, source_id: int, items: Sequence[Item], *, book: str, decide: Decide[Item]) -> list[ItemOutcome]:
    """Take in a batch in one transaction; return one outcome for each item, in order.

    `decide` gets the items that are new and within the bounds of their type, in order, and the database's time; it
    writes what changes. It has `book` (such as catalogue) to itself. The same again returns the first outcome, a
    refusal too; a key used for other content is a conflict and changes nothing. An item without a fit key, or that
    cannot be written as JSON, is refused and not remembered.
    """
    prints = [_fingerprint(kind, item) for item in items]
    sendable = [index for index, print_ in enumerate(prints) if print_]
    claims = [inbox.Claim(source_id, items[index].key, prints[index]) for index in sendable]
    with transaction.atomic():
        now = database_now()
        claimed = inbox.claim(kind, claims)
        fresh = sorted(claimed.fresh)
        decided = dict(
            zip(fresh, _decide_in_bounds([items[sendable[at]] for at in fresh], book, decide, now), strict=True)
        )
        texts = {outcome: msgspec.json.encode(outcome).decode() for outcome in set(decided.values())}
        inbox.settle({claimed.fresh[at]: texts[outcome] for at, outcome in decided.items()})
    answered = inbox.answer(claimed, decided, count=len(claims), decode=_decode, conflict=lambda _: CONFLICT)
    by_index = dict(zip(sendable, answered, strict=True))
    return [by_index.get(index) or _unfit(item) for index, item in enumerate(items)]


def _decide_in_bounds(items: Sequence[Item], book: str, decide: Decide[Item], now: datetime) -> list[ItemOutcome]:
    problems = [shape_problem(item) for item in items]
    sound = [item for item, problem in zip(items, problems, strict=True) if not problem]
    outcomes: Iterator[ItemOutcome] = iter(())
    if sound:
        _lock_book(book)
        outcomes = iter(decide(sound, now))
    return [invalid(problem) if problem else next(outcomes) for problem in problems]


def _fingerprint(kind: str, item: SourceItem) -> str:
    if key_problem(item.key):
        return ""
    try:
        return fingerprint((kind, item))
    except (ValueError, OverflowError):  # half a surrogate pair, or a number that JSON readers disagree about
        return ""


def _unfit(item: SourceItem) -> ItemOutcome:
    return invalid(key_problem(item.key) or "The item holds a number or a text that JSON cannot carry.")


def _lock_book(book: str) -> None:
    """Let one transaction at a time write the book; on SQLite a writing transaction is alone anyway."""
    if is_postgresql():
        bulk.fetch("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_ADVISORY_CLASS, book])


_decode = msgspec.json.Decoder(ItemOutcome).decode
