"""The one table event -> action, by which news travels up between modules; empty while nothing above listens.

An action listed here is called once for each numbered event of its type, in order of positions, with the event's
envelope; it owns its transaction and is idempotent by the event's id.
"""

from collections.abc import Callable, Mapping
from typing import Any

Subscription = Callable[[Mapping[str, Any]], None]

SUBSCRIPTIONS: dict[str, tuple[Subscription, ...]] = {}
