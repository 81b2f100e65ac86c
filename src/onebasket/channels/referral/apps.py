"""Django's registration of the channel."""

from django.apps import AppConfig


class ReferralConfig(AppConfig):
    """Links to partners' pages."""

    name = "onebasket.channels.referral"
    label = "referral"
