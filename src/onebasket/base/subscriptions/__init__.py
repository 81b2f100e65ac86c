"""Our own subscriptions: each action runs once for every numbered event of its types, in the order of positions.

An action that writes to the database runs in the transaction that moves its cursor, so that both happen or neither.
One that calls the network runs outside any transaction, under a claim, and may see an event twice: it is idempotent by
the event's id. An event that fails is tried again apart; it holds back only what follows it in its own subject, and
after some failures it is parked with the reason, until somebody replays or drops it.
"""

from onebasket.base.subscriptions.dispatching import Subscription as Subscription
from onebasket.base.subscriptions.dispatching import dispatch as dispatch
from onebasket.base.subscriptions.hearing import Heard as Heard
from onebasket.base.subscriptions.parking import NotParkedError as NotParkedError
from onebasket.base.subscriptions.parking import drop_parked as drop_parked
from onebasket.base.subscriptions.parking import replay_parked as replay_parked
