"""Django's registration of the module."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Users, roles, tokens and enrolled sources."""

    name = "onebasket.commerce.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"
