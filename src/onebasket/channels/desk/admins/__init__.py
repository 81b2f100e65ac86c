"""The tables of the back office, by module."""

from django.db.models import Model

from onebasket.channels.desk.admins import access, books, catalogue, exceptions, ledger, orders, promises, sales, system
from onebasket.channels.desk.rows import ReadOnlyAdmin

ADMINS: dict[type[Model], type[ReadOnlyAdmin]] = {
    **exceptions.ADMINS,
    **ledger.ADMINS,
    **promises.ADMINS,
    **sales.ADMINS,
    **orders.ADMINS,
    **catalogue.ADMINS,
    **books.ADMINS,
    **access.ADMINS,
    **system.ADMINS,
}
"""Every table that is shown, and how."""
