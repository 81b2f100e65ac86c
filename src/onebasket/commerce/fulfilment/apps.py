"""Django's registration of the module."""

from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    """Picked, staged, handed over, and brought back."""

    name = "onebasket.commerce.fulfilment"
    label = "fulfilment"
    default_auto_field = "django.db.models.BigAutoField"
