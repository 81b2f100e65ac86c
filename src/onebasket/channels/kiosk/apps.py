"""Django's registration of the channel."""

from django.apps import AppConfig


class KioskConfig(AppConfig):
    """The kiosk's pages."""

    name = "onebasket.channels.kiosk"
    label = "kiosk"
