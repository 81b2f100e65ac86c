"""Tables of payments: tenders, calls to providers, refunds, balances."""

from onebasket.commerce.payments.models.balances import BalanceAccount as BalanceAccount
from onebasket.commerce.payments.models.balances import BalanceEntry as BalanceEntry
from onebasket.commerce.payments.models.payments import Attempt as Attempt
from onebasket.commerce.payments.models.payments import Payment as Payment
from onebasket.commerce.payments.models.payments import Refund as Refund
from onebasket.commerce.payments.models.payments import RefundPart as RefundPart
