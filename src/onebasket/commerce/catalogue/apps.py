"""Django's registration of the module."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """What can be sold, in which unit, and by which code it is found."""

    name = "onebasket.commerce.catalogue"
    label = "catalogue"
    default_auto_field = "django.db.models.BigAutoField"
