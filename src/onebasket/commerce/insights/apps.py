"""Django's registration of the module."""

from django.apps import AppConfig


class InsightsConfig(AppConfig):
    """One view over channels; it has no tables of its own."""

    name = "onebasket.commerce.insights"
    label = "insights"
    default_auto_field = "django.db.models.BigAutoField"
