"""The one table event -> action, by which news travels up between modules.

Each subscription has a cursor of its own. An action takes a sequence of events and is idempotent by their ids; one that
writes to the database runs in the transaction that moves the cursor, one that calls the network outside any.
"""

from onebasket.base.subscriptions import Subscription
from onebasket.channels.workers import settling

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription("payments.settle", frozenset(settling.SETTLES), settling.settle),
    Subscription("orders.confirm", frozenset({settling.CONFIRMS}), settling.confirm, at_once=50),
)

WRITING = tuple(one for one in SUBSCRIPTIONS if not one.network)
CALLING = tuple(one for one in SUBSCRIPTIONS if one.network)
