"""Set how points are earned from a day on."""

from datetime import datetime

from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.books.models import EarningRule as RuleRow
from onebasket.commerce.books.models import Entry
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.kernel.money import currencies


class EarningRuleError(Exception):
    """The rule cannot be set; nothing was changed. Its text says why and what to do."""


def set_earning_rule(rule: EarningRule, *, actor: str) -> None:
    """Let points be earned by a rule from its business day on, until the next rule's.

    Rules are never changed, and none begins on a day past that is in the books already: points once given stand.

    Raises:
        EarningRuleError: the currency is unknown, or the day is set already or has been booked.
    """
    if rule.currency not in currencies():
        raise EarningRuleError(f"{rule.currency!r} is no ISO 4217 currency code, such as USD.")
    with transaction.atomic():
        if RuleRow.objects.filter(currency=rule.currency, valid_from__gte=rule.valid_from).exists():
            raise EarningRuleError("A rule is set for that day or a later one. Choose a day after it.")
        now = database_now()
        if rule.valid_from <= now.date() and Entry.objects.filter(business_day__gte=rule.valid_from).exists():
            raise EarningRuleError("That day is in the books already. Choose a day to come.")
        _write(rule, actor=actor, now=now)


def _write(rule: EarningRule, *, actor: str, now: datetime) -> None:
    RuleRow.objects.create(
        currency=rule.currency,
        valid_from=rule.valid_from,
        points=rule.points,
        per_amount=rule.per_amount,
        excluded=list(rule.excluded),
        worth_points=rule.worth_points,
        worth_amount=rule.worth_amount,
        set_at=now,
        set_by=actor,
    )
    trail.note_change(
        actor,
        action="earning_rule.set",
        target=f"earning-rule/{rule.currency}/{rule.valid_from}",
        at=now,
        detail={"points": rule.points, "per_amount": rule.per_amount, "excluded": list(rule.excluded)},
    )
