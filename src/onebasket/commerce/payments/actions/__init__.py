"""What changes payments: tenders opened, settled and refunded, cards asked, balances made and spent."""

from onebasket.commerce.payments.actions.balances import open_balances, post_balances
from onebasket.commerce.payments.actions.cards import authorise, inquire, is_available
from onebasket.commerce.payments.actions.driving import pay_back, settle_unknown
from onebasket.commerce.payments.actions.issuing import activate_gift_cards, issue_gift_cards, issue_store_credit
from onebasket.commerce.payments.actions.opening import NotReplaceableError, open_payments, pay_at_collection
from onebasket.commerce.payments.actions.refunding import refund
from onebasket.commerce.payments.actions.settling import settle_order, settle_orders
from onebasket.commerce.payments.actions.stopping import UnknownBalanceError, expire_balances, set_balance_active

__all__ = [
    "NotReplaceableError",
    "UnknownBalanceError",
    "activate_gift_cards",
    "authorise",
    "expire_balances",
    "inquire",
    "is_available",
    "issue_gift_cards",
    "issue_store_credit",
    "open_balances",
    "open_payments",
    "pay_at_collection",
    "pay_back",
    "post_balances",
    "refund",
    "set_balance_active",
    "settle_order",
    "settle_orders",
    "settle_unknown",
]
