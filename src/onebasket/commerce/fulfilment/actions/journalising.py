"""Journalise returns of orders: what their receipts cannot know, because a till knows no orders."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions import post_entries
from onebasket.commerce.books.queries.points import earning_rules
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.points import EarningRule, earning_base, rule_on
from onebasket.commerce.fulfilment.queries.journal import receipts_of_orders, returns_for_journal
from onebasket.commerce.fulfilment.rules.journal import PointsBack, points_due, return_entries
from onebasket.commerce.orders.queries.journal import orders_for_journal
from onebasket.commerce.orders.rules.journal import JournalOrder, handed_over, points_of
from onebasket.commerce.sales.queries.journal import heads_of, read_whole
from onebasket.commerce.sales.rules.journal import JournalReceipt, bought, receipt_entry


def journalise_returns(ids: Collection[UUID]) -> None:
    """Post what returns of orders do beside their receipts, in one transaction; the same again changes nothing."""
    with transaction.atomic():
        backs = returns_for_journal(ids)
        if not backs:
            return
        orders = orders_for_journal({back.order for back in backs})
        receipts_of = receipts_of_orders(orders)
        wanted = {receipt for each in receipts_of.values() for receipt in each}
        receipts = {receipt.id: receipt for receipt in read_whole(list(heads_of(wanted).values()))}
        rules = earning_rules()
        entries: list[Entry] = []
        for back in backs:
            order, receipt = orders[back.order], receipts[back.receipt]
            before = [receipts[one] for one in receipts_of[back.order] if one < back.receipt]
            own = receipt_entry(receipt, rule_on(rules, receipt.currency, receipt.business_day))
            points = PointsBack(receipt.loyalty_number, _due(order, receipt, before, rules))
            entries += return_entries(back, own, points, order_place=order.place_code)
        post_entries(entries, now=database_now())


def _due(
    order: JournalOrder, receipt: JournalReceipt, before: Sequence[JournalReceipt], rules: Sequence[EarningRule]
) -> int:
    """Return how many points go with a return: its part of those that the order earned, by the order's own rule."""
    rule = rule_on(rules, order.currency, order.business_day)
    if rule is None:
        return 0
    base = earning_base(rule, handed_over(order))
    came_before = sum(earning_base(rule, bought(one)) for one in before)
    return points_due(points_of(order, rule), base, came_before, earning_base(rule, bought(receipt)))
