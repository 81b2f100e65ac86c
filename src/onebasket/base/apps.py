"""Django's registration of the plumbing."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    """Inbox, quarantine, outbox, webhooks, audit trail."""

    name = "onebasket.base"
    label = "base"
    verbose_name = "System"
    default_auto_field = "django.db.models.BigAutoField"
