"""Django's registration of the module."""

from django.apps import AppConfig


class SlotsConfig(AppConfig):
    """Collection slots and the plans of places that they come from."""

    name = "onebasket.commerce.slots"
    label = "slots"
    default_auto_field = "django.db.models.BigAutoField"
