"""How a checkout is paid: balances are spent in its transaction, and one tender is opened for what is left."""

from collections.abc import Sequence
from typing import NamedTuple

from onebasket.commerce.orders.rules.basket import Basket
from onebasket.commerce.orders.rules.baskets import Checkout, CheckoutRefused
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


class Tendered(NamedTuple):
    """The tenders of an order, and whether it has to await the answer of a card's bank."""

    payments: tuple[NewPayment, ...]
    awaits: bool


def plan_tenders(
    request: Checkout, basket: Basket, total: int, *, accounts: Sequence[int | None], book: BalanceBook
) -> Tendered | CheckoutRefused:
    """Plan what the balances presented pay, in their order, and a tender for the rest; or say what is wrong."""
    left, payments = total, list[NewPayment]()
    for account in dict.fromkeys(accounts):
        why = "unknown_balance" if account is None else book.closed(account, basket.place.currency)
        if account is None or why:
            return CheckoutRefused("balance_not_usable", WORDS[why or "unknown_balance"])
        amount = min(left, book.accounts[account].balance)
        if left and not amount:
            return CheckoutRefused("balance_not_usable", WORDS["too_little"])
        if amount:
            payments.append(_payment(basket, Method(book.accounts[account].kind), amount, account))
            left -= amount
    if left and not _is_offered(request, basket):
        return CheckoutRefused("method_not_offered", METHODS[request.method])
    if left:
        payments.append(_payment(basket, Method(request.method), left, None))
    return Tendered(tuple(payments), bool(left) and request.method == "card")


def spend(tendered: Tendered, book: BalanceBook) -> None:
    """Spend from the balances what was planned on them."""
    for payment in tendered.payments:
        if payment.account_id is not None:
            book.spend(payment.account_id, payment.amount, payment.order, currency=payment.currency)


def _is_offered(request: Checkout, basket: Basket) -> bool:
    if request.method == "card":
        return is_available()
    return request.method != "invoice" or bool(basket.loyalty_number)


def _payment(basket: Basket, method: Method, amount: int, account: int | None) -> NewPayment:
    place = basket.place
    return NewPayment(new_id(), basket.id, place.id, place.code, method, place.currency, amount, account)
