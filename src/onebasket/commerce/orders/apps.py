"""Django's registration of the module."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """Placed baskets and their life."""

    name = "onebasket.commerce.orders"
    label = "orders"
    default_auto_field = "django.db.models.BigAutoField"
