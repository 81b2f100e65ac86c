"""Giving money back, making gift cards and store credit, blocking them; replaying what an action failed on."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.base.models import ParkedEvent
from onebasket.base.subscriptions import NotParkedError, drop_parked, replay_parked
from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.formats import money
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.orders import ReasonForm
from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.access.rules import may, reach
from onebasket.commerce.payments.actions import (
    UnknownBalanceError,
    issue_gift_cards,
    issue_store_credit,
    refund,
    set_balance_active,
)
from onebasket.commerce.payments.models import BalanceAccount, Payment
from onebasket.commerce.payments.rules.messages import (
    GiftCardIssue,
    Issued,
    NewRefund,
    RefundCall,
    RefundRefused,
    StoreCreditIssue,
)
from onebasket.commerce.places.queries import places_by_code
from onebasket.kernel.money import currencies, parse_amount

_DAY = forms.DateInput(attrs={"type": "date"})
MOST = 10**9
"""Minor units; the same bound as over the API."""


class RefundForm(ReasonForm):
    """How much is given back, and why."""

    amount = forms.CharField(help_text="Such as 2.89. It goes to the order's tenders, the last one first.")

    field_order = ("amount", "reason")


class RefundOrder(Work):
    """Give back a part of what was paid for an order."""

    slug = "refund"
    label = "Refund"
    verb = "Give it back"
    about = "The amount goes back to the tenders of the order, the last one first: to cards by their provider."
    right = "payments.refund"
    model = Payment
    form = RefundForm
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it once money was taken, or is about to be."""
        return bool(row.captured > row.refunded or (row.status == "authorised" and row.goal == "capture"))

    def perform(self, asked: Asked) -> Result:
        """Refund it."""
        row = asked.row
        amount = _amount(asked.data["amount"], row.currency)
        if isinstance(amount, Refused):
            return amount
        request = NewRefund(key_of(asked.key), row.order_id, amount, asked.data["reason"])
        call = RefundCall(desk_source(), request, asked.actor, reach(asked.user, self.right))
        with transaction.atomic():
            (outcome,) = refund([call])
            if isinstance(outcome, RefundRefused):
                left = money(outcome.refundable, row.currency)
                said = f"At most {left} can be given back." if outcome.code == "too_much" else outcome.message
                return Refused(said, "amount" if outcome.code == "too_much" else None)
            trail.note_change(
                asked.actor,
                action="payment.refund",
                target=f"payment/{row.pk}",
                at=database_now(),
                place_code=row.place.code,
                detail={"refund": str(outcome.id), "amount": amount, "reason": asked.data["reason"]},
            )
        waits = " The card's provider is asked now." if any(part.status != "done" for part in outcome.parts) else ""
        return Done(f"{money(amount, row.currency)} is given back.{waits}")


def _amount(text: str, currency: str) -> int | Refused:
    try:
        amount = parse_amount(text, currency)
    except ValueError as error:
        return Refused(f"{error}.", "amount")
    return amount if 0 < amount <= MOST else Refused("The amount is above zero, and not beyond all bounds.", "amount")


class GiftCardForm(WorkForm):
    """What the gift card is worth."""

    amount = forms.CharField(help_text="Such as 25.00.")
    currency = forms.CharField(max_length=3, required=False, help_text="Such as USD; empty takes the place's own.")
    place = forms.CharField(label="Place code", required=False, max_length=64, help_text="Where it is sold.")
    expires = forms.DateField(required=False, widget=_DAY, help_text="Not included, in UTC. Empty is never.")


class StoreCreditForm(GiftCardForm):
    """What the credit is worth, whose it is, and why."""

    loyalty_number = forms.CharField(
        required=False, max_length=64, help_text="Whose it is; empty is whoever has the code."
    )
    reason = forms.CharField(max_length=200, help_text="What for; kept with the credit.")


class _Issue(Work):
    right = "balances.issue"
    model = BalanceAccount
    on_row = False

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()

    def perform(self, asked: Asked) -> Result:
        data = asked.data
        if not may(asked.user, self.right, data["place"] or None):
            return Refused("You may not do that there.", "place")
        place = places_by_code([data["place"]]).get(data["place"])
        if data["place"] and place is None:
            return Refused(f"There is no place {data['place']!r}.", "place")
        currency = data["currency"].upper() or (place.currency if place else "")
        if currency not in currencies():
            return Refused("Name the currency, such as USD.", "currency")
        amount = _amount(data["amount"], currency)
        if isinstance(amount, Refused):
            return amount
        expires = data["expires"]
        until = datetime(expires.year, expires.month, expires.day, tzinfo=UTC) if expires else None
        with transaction.atomic():
            (outcome,) = self.issue(asked, currency, amount, until)
            if outcome.outcome != "issued":
                transaction.set_rollback(True)
                return Refused(outcome.message)
            trail.note_change(
                asked.actor,
                action="balance.issue",
                target=f"balance/{outcome.account}",
                at=database_now(),
                place_code=data["place"],
                detail={"amount": amount, "currency": currency, "reason": data.get("reason", "")},
            )
        said = f"{money(amount, currency)} is on it. Its code is shown this once:"
        return Done(said, secret=outcome.code, address=address_of(BalanceAccount, outcome.account))

    def issue(self, asked: Asked, currency: str, amount: int, until: datetime | None) -> Sequence[Issued]:
        raise NotImplementedError


class IssueGiftCard(_Issue):
    """Make a gift card."""

    slug = "issue-gift-card"
    label = "Make a gift card"
    verb = "Make it"
    about = "Whoever has its code can spend it. The code is shown once, right after, and kept nowhere."
    form = GiftCardForm

    def issue(self, asked: Asked, currency: str, amount: int, until: datetime | None) -> Sequence[Issued]:
        """Make it."""
        item = GiftCardIssue(key_of(asked.key), currency, amount, asked.data["place"], until)
        return issue_gift_cards(desk_source(), [item])


class IssueStoreCredit(_Issue):
    """Give store credit."""

    slug = "issue-store-credit"
    label = "Give store credit"
    verb = "Give it"
    about = "For a customer, who can spend it when signed in, or for whoever has its code, which is shown once."
    form = StoreCreditForm

    def issue(self, asked: Asked, currency: str, amount: int, until: datetime | None) -> Sequence[Issued]:
        """Give it."""
        data: Any = asked.data
        item = StoreCreditIssue(
            key_of(asked.key), currency, amount, data["reason"], data["place"], data["loyalty_number"], until
        )
        return issue_store_credit(desk_source(), [item])


class _OnBalance(Work):
    right = "balances.block"
    model = BalanceAccount
    form = ReasonForm
    active: bool

    def is_offered(self, row: Row) -> bool:
        return bool(row.active) is not self.active

    @refusing(UnknownBalanceError)
    def perform(self, asked: Asked) -> Result:
        set_balance_active(asked.row.pk, active=self.active, reason=asked.data["reason"], actor=asked.actor)
        return Done("It is open again." if self.active else "It is blocked. What is on it stays.")


class BlockBalance(_OnBalance):
    """Block a gift card or store credit."""

    slug = "block-balance"
    label = "Block"
    verb = "Block it"
    about = "Nothing can be spent from it any more. What is on it stays, and refunds still go there."
    is_grave = True
    active = False


class UnblockBalance(_OnBalance):
    """Open a gift card or store credit again."""

    slug = "unblock-balance"
    label = "Open again"
    verb = "Open it"
    about = "It can be spent from again."
    active = True


class _OnParked(Work):
    right = "parked.work"
    model = ParkedEvent

    def is_offered(self, row: Row) -> bool:
        return bool(row.state == ParkedEvent.State.PARKED)

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class ReplayParked(_OnParked):
    """Have a parked event tried again."""

    slug = "replay-parked"
    label = "Replay"
    verb = "Try it again"
    about = "The action runs on it again, with all its attempts before it. Mend the cause first."

    @refusing(NotParkedError)
    def perform(self, asked: Asked) -> Result:
        """Make it due."""
        replay_parked(asked.row.pk, actor=asked.actor, now=database_now())
        return Done("It is due again.")


class DropParked(_OnParked):
    """Settle a parked event by hand."""

    slug = "drop-parked"
    label = "Drop"
    verb = "Drop it"
    about = "The action will not run on it any more. Only for what was settled in another way."
    form = NoteForm
    is_grave = True

    @refusing(NotParkedError)
    def perform(self, asked: Asked) -> Result:
        """Drop it."""
        drop_parked(asked.row.pk, note=asked.data["note"], actor=asked.actor, now=database_now())
        return Done("It is dropped.")
