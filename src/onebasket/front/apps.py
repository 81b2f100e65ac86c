"""Django's registration of what shoppers' screens share."""

from django.apps import AppConfig


class FrontConfig(AppConfig):
    """No tables: texts and their translations."""

    name = "onebasket.front"
    label = "front"
