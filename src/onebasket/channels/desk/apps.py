"""Django's registration of the channel."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The back office."""

    name = "onebasket.channels.desk"
    label = "desk"
    verbose_name = "Back office"
