"""The tables of the back office, by module."""

from django.db.models import Model

from onebasket.channels.desk.admins import (
    access,
    catalogue,
    exceptions,
    ledger,
    orders,
    payments,
    promises,
    sales,
    subscriptions,
    system,
)
from onebasket.channels.desk.rows import ReadOnlyAdmin

ADMINS: dict[type[Model], type[ReadOnlyAdmin]] = {
    **exceptions.ADMINS,
    **ledger.ADMINS,
    **promises.ADMINS,
    **sales.ADMINS,
    **orders.ADMINS,
    **payments.ADMINS,
    **catalogue.ADMINS,
    **access.ADMINS,
    **system.ADMINS,
    **subscriptions.ADMINS,
}
"""Every table that is shown, and how."""
