"""Django's registration of the module."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Who buys: known by loyalty number."""

    name = "onebasket.commerce.customers"
    label = "customers"
    default_auto_field = "django.db.models.BigAutoField"
