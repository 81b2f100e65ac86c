"""Django's registration of the channel."""

from django.apps import AppConfig


class PulseConfig(AppConfig):
    """The front door and the chain's pulse."""

    name = "onebasket.channels.pulse"
    label = "pulse"
