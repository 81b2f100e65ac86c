"""Django's registration of the channel."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The web shop's pages."""

    name = "onebasket.channels.shop"
    label = "shop"
