"""Django's registration of the module."""

from django.apps import AppConfig


class StockConfig(AppConfig):
    """Shelves, movements, holds and reservations."""

    name = "onebasket.commerce.stock"
    label = "stock"
    default_auto_field = "django.db.models.BigAutoField"
