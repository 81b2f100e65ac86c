"""Django's registration of the channel."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """The associate's pages."""

    name = "onebasket.channels.store"
    label = "store"
