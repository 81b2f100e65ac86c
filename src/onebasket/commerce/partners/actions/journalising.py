"""Journalise partners' parts: sold when they are sent, undone by what comes back."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions.posting import post_entries, restate_entries
from onebasket.commerce.partners.queries.journal import parts_for_journal
from onebasket.commerce.partners.rules.journal import returned_entry, sent_entry
from onebasket.commerce.partners.rules.messages import PartNews, PartReturnNews


class PartTold(NamedTuple):
    """News of a part that the books follow, and when: it was sent or delivered, or goods of it came back."""

    at: datetime
    news: PartNews | PartReturnNews


def journalise_parts(told: Sequence[PartTold]) -> None:
    """Post the entries of what happened to parts, in one transaction; the same again changes nothing.

    A part that was sent and delivered has one entry, of what it comes to: where that was stated otherwise meanwhile,
    the entry is reversed and stated anew.
    """
    with transaction.atomic():
        now = database_now()
        parts = parts_for_journal({UUID(one.news.part) for one in told})
        first: dict[UUID, datetime] = {}
        returned = []
        for one in told:
            part = parts.get(UUID(one.news.part))
            if part is None:
                continue
            if isinstance(one.news, PartReturnNews):
                returned.append(returned_entry(part, one.news, one.at))
            else:
                first.setdefault(part.id, one.at)
        restate_entries([sent_entry(parts[part], at) for part, at in first.items()], now=now)
        post_entries(returned, now=now)
