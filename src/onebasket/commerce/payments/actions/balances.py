"""Open a book on locked balances, and post what has changed: the one way in which balances are written."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.locking import require_transaction
from onebasket.commerce.payments.locking import lock_accounts
from onebasket.commerce.payments.models import BalanceAccount, BalanceEntry
from onebasket.commerce.payments.rules.balances import BalanceBook, Entry
from onebasket.commerce.payments.rules.messages import BalanceNews

_ENTRY = ("id", "account", "kind", "amount", "balance", "order_id", "reference", "booked_at")


def open_balances(account_ids: Iterable[int], *, now: datetime | None = None) -> BalanceBook:
    """Lock balances in id order and return the book on them; an account that there is not is not in it."""
    require_transaction()
    return BalanceBook(lock_accounts(account_ids), now or database_now())


def post_balances(book: BalanceBook, *, now: datetime, places: Mapping[int, str] | None = None) -> None:
    """Write the entries, then the balances (guarded by version), and tell it.

    `places` are the codes of the places at which an account's entries were made, where there is one.
    """
    require_transaction()
    if not book.entries:
        return
    changed = sorted((account for account in book.accounts.values() if account.changed), key=lambda one: one.id)
    bulk.update_guarded(
        BalanceAccount,
        ("id", "version"),
        ("version", "balance", "expires_at"),
        [(one.id, one.version, one.version + 1, one.balance, one.expires_at) for one in changed],
    )
    ids = bulk.next_ids(BalanceEntry, len(book.entries))
    rows = [
        (identity, one.account_id, one.kind.value, one.amount, one.balance, one.order_id, one.reference, now)
        for identity, one in zip(ids, book.entries, strict=True)
    ]
    bulk.insert(BalanceEntry, _ENTRY, rows)
    outbox.record([_news(book, one, (places or {}).get(one.account_id, ""), now) for one in book.entries])
    for account in changed:
        account.version += 1
        account.changed = False
    book.entries.clear()


def _news(book: BalanceBook, entry: Entry, place: str, now: datetime) -> outbox.News:
    account = book.accounts[entry.account_id]
    data = BalanceNews(
        account=account.id,
        kind=account.kind,
        entry=entry.kind.value,
        currency=account.currency,
        amount=entry.amount,
        balance=entry.balance,
        place=place,
        order="" if entry.order_id is None else str(entry.order_id),
        reference=entry.reference,
    )
    text = msgspec.json.encode(data).decode()
    return outbox.News("balance.changed", f"balance/{account.id}", now, text, place)
