"""Django's registration of the module."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """What a shopper finds."""

    name = "onebasket.commerce.search"
    label = "search"
    default_auto_field = "django.db.models.BigAutoField"
