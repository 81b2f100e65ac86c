"""Orders' tenders, gift cards and a card provider for tests; a test states only what it is about."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from django.db import transaction
from django.test import override_settings

from onebasket.base.answering import make_threaded, port_of
from onebasket.base.clock import database_now
from onebasket.base.models import Event
from onebasket.channels.provider.application import Provider
from onebasket.channels.provider.ledger import Ledger
from onebasket.commerce.payments.actions import (
    issue_gift_cards,
    issue_store_credit,
    open_balances,
    open_payments,
    post_balances,
    refund,
    settle_orders,
)
from onebasket.commerce.payments.models import BalanceAccount, BalanceEntry, Payment, RefundPart
from onebasket.commerce.payments.rules.balances import BalanceFacts
from onebasket.commerce.payments.rules.life import BALANCES, Method
from onebasket.commerce.payments.rules.messages import (
    GiftCardIssue,
    Issued,
    NewPayment,
    NewRefund,
    RefundCall,
    RefundOutcome,
    Settling,
    StoreCreditIssue,
)
from onebasket.commerce.payments.rules.tenders import Kind
from onebasket.commerce.places.queries import places_by_code
from onebasket.kernel.identity import new_id

SECRET = "the-secret-that-hub-and-provider-share"


def gift_card(source: int, amount: int, *, key: str = "g1", place: str = "p1", **more: object) -> Issued:
    """Make a gift card worth so much."""
    (made,) = issue_gift_cards(source, [GiftCardIssue(key, "USD", amount, place, **more)])  # type: ignore[arg-type]
    assert made.outcome == "issued", made.message
    return made


def store_credit(source: int, amount: int, *, key: str = "c1", place: str = "p1", **more: object) -> Issued:
    """Give store credit."""
    item = StoreCreditIssue(key, "USD", amount, "A gesture.", place=place, **more)  # type: ignore[arg-type]
    (made,) = issue_store_credit(source, [item])
    assert made.outcome == "issued", made.message
    return made


@dataclass(frozen=True, slots=True)
class Pay:
    """A tender to open: its method, how much, and for balances the account."""

    method: str
    amount: int
    account: int | None = None


def open_order(*tenders: Pay, order: UUID | None = None, place: str = "p1") -> list[UUID]:
    """Open an order's tenders as a checkout does; return the payments' ids, in order."""
    facts = places_by_code([place])[place]
    identity = order or new_id()
    rows = [
        NewPayment(new_id(), identity, facts.id, place, Method(one.method), "USD", one.amount, one.account)
        for one in tenders
    ]
    with transaction.atomic():
        now = database_now()
        book = open_balances([row.account_id for row in rows if row.account_id is not None])
        for row in rows:
            if row.method in BALANCES:
                assert row.account_id is not None
                assert book.spend(row.account_id, row.amount, row.order, currency=row.currency)
        open_payments(rows, now=now)
        post_balances(book, now=now)
    return [row.id for row in rows]


def order_of(payment: UUID) -> UUID:
    return Payment.objects.get(pk=payment).order_id


def settle(payment: UUID, kind: Kind, total: int = 0) -> None:
    """Settle the order of a payment."""
    settle_orders([Settling(order_of(payment), kind, total)])


def give_back(source: int, payment: UUID, amount: int, *, key: str = "r1", **more: object) -> RefundOutcome:
    """Refund an amount of the order of a payment."""
    request = NewRefund(key, order_of(payment), amount, "Returned.")
    (outcome,) = refund([RefundCall(source, request, "anna", **more)])  # type: ignore[arg-type]
    return outcome


def stands(payment: UUID) -> str:
    """Return how a payment stands, in words."""
    row = Payment.objects.get(pk=payment)
    goal = f" to {row.goal}" if row.goal else ""
    back = f" refunded {row.refunded}" if row.refunded else ""
    return f"{row.method} {row.status}{goal} due {row.due} authorised {row.authorised} captured {row.captured}{back}"


def balance(made: Issued | BalanceFacts | int) -> int:
    """Return what is on an account."""
    identity = made if isinstance(made, int) else made.account if isinstance(made, Issued) else made.id
    return BalanceAccount.objects.get(pk=identity).balance


def entries(account: int) -> list[tuple[str, int, int]]:
    """Return an account's entries as (kind, amount, balance)."""
    rows = BalanceEntry.objects.filter(account_id=account).order_by("id")
    return list(rows.values_list("kind", "amount", "balance"))


def told(prefix: str = "payment.") -> list[str]:
    """Return the types of events that were told, in order, without their prefix."""
    rows = Event.objects.filter(type__startswith=prefix).order_by("id")
    return [name.removeprefix(prefix) for name in rows.values_list("type", flat=True)]


def make_due() -> None:
    """Let the waits of every card payment and refund be over."""
    before = database_now() - timedelta(seconds=1)
    Payment.objects.filter(next_at__isnull=False).update(next_at=before)
    RefundPart.objects.filter(next_at__isnull=False).update(next_at=before)


@dataclass(frozen=True, slots=True)
class Books:
    """A provider that runs, and its books as they lie on the disk."""

    url: str
    ledger: Ledger

    def state(self, reference: str) -> str:
        """Return where an authorisation stands at the provider, in words."""
        reply = self.ledger.find(reference)
        stated: Mapping[str, object] = msgspec.to_builtins(reply.content)
        if reply.status != 200:
            return str(stated["code"])
        refunds: Sequence[Mapping[str, int]] = stated["refunds"]  # type: ignore[assignment]
        back = f" refunded {sum(one['amount'] for one in refunds)}" if refunds else ""
        return f"{stated['status']} {stated['amount']} captured {stated['captured']}{back}"


@contextmanager
def provider(folder: Path, *, hang: float = 1.5, lasts: timedelta = timedelta(days=7)) -> Iterator[Books]:
    """Run a card provider in a thread, over real HTTP, and set it up in the settings."""
    ledger = Ledger(folder / "provider.sqlite3", lasts=lasts)
    one = Provider(ledger, SECRET, hang)
    server = make_threaded("127.0.0.1", 0, one)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port_of(server)}"
    try:
        with override_settings(CARD_URL=url, CARD_SECRET=SECRET):
            yield Books(url, ledger)
    finally:
        one.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
