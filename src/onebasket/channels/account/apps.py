"""Django's registration of the channel."""

from django.apps import AppConfig


class AccountPagesConfig(AppConfig):
    """The pages under /account/; `account` itself is allauth's label."""

    name = "onebasket.channels.account"
    label = "account_pages"
