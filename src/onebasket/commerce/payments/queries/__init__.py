"""Reads of payments: how orders stand with their tenders, what is on a balance, lists for programs, the audit."""

from onebasket.commerce.payments.queries.balances import balances_of as balances_of
from onebasket.commerce.payments.queries.balances import find_balance as find_balance
from onebasket.commerce.payments.queries.standing import covered_orders as covered_orders
from onebasket.commerce.payments.queries.standing import is_settled as is_settled
from onebasket.commerce.payments.queries.standing import paid_ahead as paid_ahead
from onebasket.commerce.payments.queries.standing import unsettled_orders as unsettled_orders
