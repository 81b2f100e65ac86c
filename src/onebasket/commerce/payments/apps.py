"""Django's registration of the module."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Payments, refunds, gift cards and store credit."""

    name = "onebasket.commerce.payments"
    label = "payments"
    default_auto_field = "django.db.models.BigAutoField"
