"""Django's registration of the module."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Partners and what they sell."""

    name = "onebasket.commerce.partners"
    label = "partners"
