"""The one table event -> action, by which news travels up between modules.

Each subscription has a cursor of its own. An action takes a sequence of events and is idempotent by their ids; one that
writes to the database runs in the transaction that moves the cursor, one that calls the network outside any.
"""

from onebasket.base.subscriptions import Subscription
from onebasket.channels.workers import following, journalising, mailing, parting, settling
from onebasket.commerce.fulfilment.rules import journal as returns_journal
from onebasket.commerce.orders.rules import journal as orders_journal
from onebasket.commerce.partners.rules import journal as parts_journal
from onebasket.commerce.payments.rules import journal as payments_journal

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription("payments.settle", frozenset(settling.SETTLES), settling.settle),
    Subscription("orders.confirm", frozenset({settling.CONFIRMS}), settling.confirm, at_once=50),
    Subscription("parts.settle", frozenset(settling.PARTS), settling.settle_parts),
    Subscription("parts.end", parting.ENDS, parting.end, at_once=50),
    Subscription("parts.commission", parting.RETURNS, parting.lower_commission, at_once=50),
    Subscription("slots.places", frozenset({following.PLACES}), following.follow),
    Subscription("shop.mail", mailing.TYPES, mailing.queue_mail, at_once=200),
    Subscription(orders_journal.SUBSCRIPTION, frozenset(journalising.ORDERS), journalising.book_orders, at_once=200),
    Subscription(
        payments_journal.SUBSCRIPTION, frozenset(journalising.PAYMENTS), journalising.book_payments, at_once=200
    ),
    Subscription(
        returns_journal.SUBSCRIPTION, frozenset({journalising.RETURNS}), journalising.book_returns, at_once=200
    ),
    Subscription(parts_journal.SUBSCRIPTION, frozenset(journalising.PARTS), journalising.book_parts, at_once=200),
)
"""Those of the books take all that a turn looks through at once, so that points are locked in their one order."""

WRITING = tuple(one for one in SUBSCRIPTIONS if not one.network)
CALLING = tuple(one for one in SUBSCRIPTIONS if one.network)
