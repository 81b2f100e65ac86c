"""Django's registration of the module."""

from django.apps import AppConfig


class PricingConfig(AppConfig):
    """What it costs: the versioned price book."""

    name = "onebasket.commerce.pricing"
    label = "pricing"
    default_auto_field = "django.db.models.BigAutoField"
