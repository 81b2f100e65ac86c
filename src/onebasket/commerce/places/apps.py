"""Django's registration of the module."""

from django.apps import AppConfig


class PlacesConfig(AppConfig):
    """Where stock is or an order is served."""

    name = "onebasket.commerce.places"
    label = "places"
    default_auto_field = "django.db.models.BigAutoField"
