"""Block balances and open them again, and take off the books what is left on those whose time is over."""

from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import outbox, trail
from onebasket.base.clock import database_now
from onebasket.commerce.payments.actions.balances import open_balances, post_balances
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.rules.balances import BalanceKind
from onebasket.commerce.payments.rules.messages import BalanceStopped


class UnknownBalanceError(Exception):
    """There is no such gift card or store credit."""


def set_balance_active(account_id: int, *, active: bool, reason: str, actor: str) -> None:
    """Block a gift card or store credit, or open it again; what is on it stays. Raises UnknownBalanceError."""
    with transaction.atomic():
        now = database_now()
        if account_id not in open_balances([account_id], now=now).accounts:
            raise UnknownBalanceError("There is no such gift card or store credit.")
        row = BalanceAccount.objects.get(pk=account_id)
        if row.active == active:
            return
        BalanceAccount.objects.filter(pk=account_id).update(active=active, version=row.version + 1)
        action = "balance.unblock" if active else "balance.block"
        trail.note_change(
            actor, action=action, target=f"balance/{account_id}", at=now, place_code=row.place_code,
            detail={"reason": reason, "hint": row.hint},
        )  # fmt: skip
        outbox.record([_news(account_id, row.kind, active=active, reason=reason, place=row.place_code, now=now)])  # type: ignore[arg-type] # one of the choices


def _news(account_id: int, kind: BalanceKind, *, active: bool, reason: str, place: str, now: datetime) -> outbox.News:
    text = msgspec.json.encode(BalanceStopped(account_id, kind, active, reason)).decode()
    return outbox.News("balance.stopped", f"balance/{account_id}", now, text, place)


def expire_balances(limit: int = 100) -> int:
    """Take what is left on balances whose time is over off them, oldest first; return how many were looked at."""
    now = database_now()
    due = BalanceAccount.objects.filter(expires_at__lte=now, balance__gt=0).order_by("expires_at")
    found = dict(due.values_list("pk", "place_code")[:limit])
    if found:
        with transaction.atomic():
            book = open_balances(found, now=now)
            for account_id in sorted(book.accounts):
                book.expire(account_id)
            post_balances(book, now=now, places=found)
    return len(found)
