"""How a checkout is paid: balances are spent in its transaction, and tenders are opened for what is left.

The order's own part and each partner's part are paid by tenders of their own, so that each is taken, lowered and given
back by itself. Balances are spent on the own part first, then on the partners' in their order.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import Checkout, CheckoutRefused, PaymentMethod
from onebasket.commerce.partners.rules.selling import NewPart
from onebasket.commerce.payments.actions import is_available
from onebasket.commerce.payments.rules.balances import BalanceBook
from onebasket.commerce.payments.rules.life import Method
from onebasket.commerce.payments.rules.messages import NewPayment
from onebasket.kernel.identity import new_id

WORDS = {
    "unknown_balance": "There is no gift card or store credit with one of these codes.",
    "blocked": "One of these cards is blocked.",
    "expired": "One of these cards has expired.",
    "other_currency": "One of these cards is in another currency.",
    "too_little": "There is nothing left on one of these cards.",
}
METHODS = {
    "card": "Cards cannot be taken just now. Choose another way to pay.",
    "invoice": "Invoices are for customers with a loyalty card. Choose another way to pay.",
}
PAID_AHEAD = "What partners send is paid ahead. Choose to pay it by card or by invoice."


class Due(NamedTuple):
    """What is due for the own part of an order, or for a partner's, and what pays it beside balances."""

    order: UUID
    place_id: int
    place_code: str
    amount: int
    method: PaymentMethod


class Tendered(NamedTuple):
    """The tenders of an order and its parts, and whether it has to await the answer of a card's bank."""

    payments: tuple[NewPayment, ...]
    awaits: bool


def dues_of(request: Checkout, basket: Basket, total: int, parts: Sequence[NewPart] = ()) -> list[Due]:
    """Return what is due for a basket: the store's own goods first, then each partner's."""
    place = basket.place
    own = Due(basket.id, place.id, place.code, total, request.method)
    return [own, *(Due(part.id, part.place_id, part.place, part.total, request.ahead) for part in parts)]


def plan_tenders(
    basket: Basket, dues: Sequence[Due], *, accounts: Sequence[int | None], book: BalanceBook
) -> Tendered | CheckoutRefused:
    """Plan what the balances presented pay, in their order, and a tender for each rest; or say what is wrong."""
    left = [due.amount for due in dues]
    payments: list[NewPayment] = []
    currency = basket.place.currency
    for account in dict.fromkeys(accounts):
        why = "unknown_balance" if account is None else book.closed(account, currency)
        if account is None or why:
            return CheckoutRefused("balance_not_usable", WORDS[why or "unknown_balance"])
        balance = book.accounts[account].balance
        if any(left) and not balance:
            return CheckoutRefused("balance_not_usable", WORDS["too_little"])
        method = Method(book.accounts[account].kind)
        for index, due in enumerate(dues):
            if amount := min(left[index], balance):
                payments.append(_payment(due, method, currency, amount, account))
                left[index] -= amount
                balance -= amount
    rests = [(due, amount) for due, amount in zip(dues, left, strict=True) if amount]
    for due, _ in rests:
        if refused := _refuse_method(due, basket):
            return refused
    payments += [_payment(due, Method(due.method), currency, amount, None) for due, amount in rests]
    return Tendered(tuple(payments), any(due.method == "card" for due, _ in rests))


def spend(tendered: Tendered, book: BalanceBook) -> None:
    """Spend from the balances what was planned on them."""
    for payment in tendered.payments:
        if payment.account_id is not None:
            book.spend(payment.account_id, payment.amount, payment.order, currency=payment.currency)


def _refuse_method(due: Due, basket: Basket) -> CheckoutRefused | None:
    if due.method == "at_collection" and due.order != basket.id:
        return CheckoutRefused("paid_ahead", PAID_AHEAD)
    if due.method == "at_collection" or (is_available() if due.method == "card" else basket.loyalty_number):
        return None
    return CheckoutRefused("method_not_offered", METHODS[due.method])


def _payment(due: Due, method: Method, currency: str, amount: int, account: int | None) -> NewPayment:
    return NewPayment(new_id(), due.order, due.place_id, due.place_code, method, currency, amount, account)
