"""Journalise orders: their points wait from the placing on, and what is handed over is sold."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions import open_points, post_entries
from onebasket.commerce.books.queries.points import earning_rules
from onebasket.commerce.books.queries.standing import standing_entries
from onebasket.commerce.books.rules.entries import Entry, Posting
from onebasket.commerce.books.rules.points import EarningRule, rule_on
from onebasket.commerce.orders.queries.journal import orders_for_journal
from onebasket.commerce.orders.rules.journal import (
    PENDING,
    JournalOrder,
    earned_entry,
    handed_over_entry,
    pending_entry,
    points_of,
)


class OrderMoved(NamedTuple):
    """What happened to an order, and when: `ended` is one that was cancelled or not paid in time."""

    order: UUID
    what: Literal["placed", "handed_over", "ended"]
    at: datetime


def journalise_orders(moves: Sequence[OrderMoved]) -> None:
    """Post the entries of what happened to orders, in one transaction; the same again changes nothing.

    Moves of an order come in their order: what waits since it was placed is known when it ends.
    """
    with transaction.atomic():
        now = database_now()
        orders = orders_for_journal({move.order for move in moves})
        known = [(move, orders[move.order]) for move in moves if move.order in orders]
        rules = earning_rules()
        _lock_points(orders, rules)
        placed = [
            pending_entry(order, _rule(rules, order), move.at) for move, order in known if move.what == "placed"
        ]  # fmt: skip
        post_entries([entry for entry in placed if entry], now=now)
        gone = [(move, order) for move, order in known if move.what != "placed"]
        waiting = {
            key.fact: standing.lines
            for key, standing in standing_entries(order.fact for _, order in gone).items()
            if key.kind == PENDING
        }
        entries: list[Entry] = []
        for move, order in gone:
            entries += _entries(move, order, _rule(rules, order), waiting.get(order.fact, ()))
        post_entries(entries, now=now)


def _lock_points(orders: Mapping[UUID, JournalOrder], rules: Sequence[EarningRule]) -> None:
    """Lock all accounts that may move, in their one order: entries are posted in two goes."""
    earning = {order.loyalty_number for order in orders.values() if order.loyalty_number and _rule(rules, order)}
    if earning:
        open_points(earning)


def _rule(rules: Sequence[EarningRule], order: JournalOrder) -> EarningRule | None:
    return rule_on(rules, order.currency, order.business_day) if rules else None


def _entries(
    move: OrderMoved, order: JournalOrder, rule: EarningRule | None, waiting: Sequence[Posting]
) -> list[Entry]:
    is_sold = move.what == "handed_over"
    points = earned_entry(order, points_of(order, rule) if is_sold else 0, waiting, move.at)
    return ([handed_over_entry(order, move.at)] if is_sold else []) + ([points] if points else [])
