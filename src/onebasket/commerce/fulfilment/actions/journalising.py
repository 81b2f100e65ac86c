"""Journalise returns: what their receipts cannot know, because a till knows no orders and one day's rule of points."""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.commerce.books.actions import post_entries
from onebasket.commerce.books.queries.points import earning_rules
from onebasket.commerce.books.rules.entries import Entry
from onebasket.commerce.books.rules.points import EarningRule, earned, earning_base, points_for, rule_on
from onebasket.commerce.fulfilment.queries.journal import (
    receipts_of_orders,
    receipts_of_sales,
    returns_for_journal,
    till_returns_for_journal,
)
from onebasket.commerce.fulfilment.rules.journal import PointsBack, points_due, points_entry, return_entries
from onebasket.commerce.orders.queries.journal import orders_for_journal
from onebasket.commerce.orders.rules.journal import JournalOrder, handed_over, points_of
from onebasket.commerce.sales.queries.journal import heads_of, read_whole
from onebasket.commerce.sales.rules.journal import JournalReceipt, bought, paid_in_points, receipt_entry


def journalise_returns(ids: Collection[UUID]) -> None:
    """Post what returns do beside their receipts, in one transaction; the same again changes nothing."""
    with transaction.atomic():
        rules = earning_rules()
        entries = [*_points_put_right(ids, rules), *_of_orders(ids, rules)]
        post_entries(entries, now=database_now())


def _of_orders(ids: Collection[UUID], rules: Sequence[EarningRule]) -> list[Entry]:
    backs = returns_for_journal(ids)
    if not backs:
        return []
    orders = orders_for_journal({back.order for back in backs})
    receipts_of = receipts_of_orders(orders)
    wanted = {receipt for each in receipts_of.values() for receipt in each}
    receipts = {receipt.id: receipt for receipt in read_whole(list(heads_of(wanted).values()))}
    entries: list[Entry] = []
    for back in backs:
        order, receipt = orders[back.order], receipts[back.receipt]
        before = [receipts[one] for one in receipts_of[back.order] if one < back.receipt]
        own = receipt_entry(receipt, rule_on(rules, receipt.currency, receipt.business_day))
        points = PointsBack(receipt.loyalty_number, _due(order, receipt, before, rules))
        entries += return_entries(back, own, points, order_place=order.place_code)
    return entries


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


def _points_put_right(ids: Collection[UUID], rules: Sequence[EarningRule]) -> list[Entry]:
    """Return what returns of tills' receipts take back and restore of points beyond their receipts."""
    backs = till_returns_for_journal(ids)
    if not backs:
        return []
    receipts_of = receipts_of_sales({back.original for back in backs})
    wanted = {receipt for each in receipts_of.values() for receipt in each} | set(receipts_of)
    receipts = {receipt.id: receipt for receipt in read_whole(list(heads_of(wanted).values()))}
    entries: list[Entry] = []
    for back in backs:
        sale, receipt = receipts[back.original], receipts[back.receipt]
        before = [receipts[one] for one in receipts_of[back.original] if one < back.receipt]
        rule = rule_on(rules, sale.currency, sale.business_day)
        own = receipt_entry(receipt, rule_on(rules, receipt.currency, receipt.business_day))
        taken = 0 if rule is None else _taken(rule, sale, receipt, before)
        restored = _restored(rule, sale, receipt, before)
        entry = points_entry(back, own, receipt.loyalty_number, taken=taken, restored=restored)
        entries += [entry] if entry else []
    return entries


def _taken(
    rule: EarningRule, sale: JournalReceipt, receipt: JournalReceipt, before: Sequence[JournalReceipt]
) -> int:  # fmt: skip
    """Return how many of the points that a sale earned go with a return of it."""
    came = sum(earning_base(rule, bought(one)) for one in before)
    base = earning_base(rule, bought(sale))
    return points_due(earned(rule, bought(sale)), base, came, earning_base(rule, bought(receipt)))


def _restored(
    rule: EarningRule | None, sale: JournalReceipt, receipt: JournalReceipt, before: Sequence[JournalReceipt]
) -> int:  # fmt: skip
    """Return how many of the points that paid a sale come back: their part of what is paid back as points."""
    paid, now = paid_in_points(sale), paid_in_points(receipt)
    return points_due(points_for(rule, paid), paid, sum(paid_in_points(one) for one in before), now)
