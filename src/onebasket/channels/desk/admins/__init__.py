"""The tables of the back office, by module."""

from django.db.models import Model

from onebasket.channels.desk.admins import (
    access,
    books,
    catalogue,
    customers,
    exceptions,
    fulfilment,
    ledger,
    orders,
    partnering,
    partners,
    payments,
    previews,
    promises,
    promotions,
    sales,
    slots,
    subscriptions,
    system,
    taxes,
)
from onebasket.channels.desk.rows import ReadOnlyAdmin

ADMINS: dict[type[Model], type[ReadOnlyAdmin]] = {
    **exceptions.ADMINS,
    **ledger.ADMINS,
    **promises.ADMINS,
    **sales.ADMINS,
    **orders.ADMINS,
    **fulfilment.ADMINS,
    **partners.ADMINS,
    **partnering.ADMINS,
    **payments.ADMINS,
    **slots.ADMINS,
    **catalogue.ADMINS,
    **customers.ADMINS,
    **promotions.ADMINS,
    **previews.ADMINS,
    **taxes.ADMINS,
    **books.ADMINS,
    **access.ADMINS,
    **system.ADMINS,
    **subscriptions.ADMINS,
}
"""Every table that is shown, and how."""
