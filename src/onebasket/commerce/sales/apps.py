"""Django's registration of the module."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    """Receipts as facts."""

    name = "onebasket.commerce.sales"
    label = "sales"
    default_auto_field = "django.db.models.BigAutoField"
