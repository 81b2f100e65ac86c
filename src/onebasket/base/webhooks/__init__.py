"""Webhooks: addresses that events are delivered to, signed to the Standard Webhooks specification."""

from onebasket.base.webhooks.delivering import Deliveries, Policy
from onebasket.base.webhooks.fanning import fan_out
from onebasket.base.webhooks.registering import (
    EVERY_PLACE,
    UnknownWebhookError,
    WebhookError,
    WebhookFacts,
    list_webhooks,
    register,
    revive,
    rotate_secret,
    set_webhook_active,
    unregister,
    with_counts,
)

__all__ = [
    "EVERY_PLACE",
    "Deliveries",
    "Policy",
    "UnknownWebhookError",
    "WebhookError",
    "WebhookFacts",
    "fan_out",
    "list_webhooks",
    "register",
    "revive",
    "rotate_secret",
    "set_webhook_active",
    "unregister",
    "with_counts",
]
