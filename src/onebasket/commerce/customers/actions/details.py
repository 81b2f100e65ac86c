"""What people tell of themselves: changed by themselves, or for them by the chain's people with a trail entry."""

from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import outbox, trail
from onebasket.base.clock import database_now
from onebasket.commerce.customers.locking import lock_customers
from onebasket.commerce.customers.models import Customer, CustomerAddress
from onebasket.commerce.customers.rules.messages import MOST_ADDRESSES, AddressItem
from onebasket.commerce.customers.rules.person import Details, details_problem, email_key, home_key, phone_key


class CustomerError(ValueError):
    """What was asked for cannot be done; nothing was changed, and the message says why."""


def change_details(customer_id: int, details: Details, *, staff: bool | None = None, actor: str = "") -> list[str]:
    """Let a customer tell this of themselves; return the names of the fields that changed.

    With an `actor` a trail entry names the fields, never what they hold. `staff` is for the chain's people to set.

    Raises:
        CustomerError: there is no such customer, or an e-mail address or phone number is none.
    """
    if problem := details_problem(details):
        raise CustomerError(problem)
    with transaction.atomic():
        row = _lock(customer_id)
        stated = {name: str(value).strip() for name, value in msgspec.structs.asdict(details).items()}
        changed = [name for name, value in stated.items() if getattr(row, name) != value]
        if staff is not None and row.staff != staff:
            changed.append("staff")
            row.staff = staff
        if changed:
            put_details(row, Details(**stated))
            row.save(update_fields=[*stated, "email_key", "phone_key", "staff"])
            _tell(row, now := database_now())
            if actor:
                note(row, "customer.change", actor=actor, at=now, detail={"fields": changed})
    return changed


def add_address(customer_id: int, address: AddressItem) -> int:
    """Add an address to a customer; return its id.

    Raises:
        CustomerError: there is no such customer, or they have as many addresses as one may have.
    """
    with transaction.atomic():
        row = _lock(customer_id)
        if CustomerAddress.objects.filter(customer=row).count() >= MOST_ADDRESSES:
            raise CustomerError(f"You can keep {MOST_ADDRESSES} addresses. Remove one first.")
        made = CustomerAddress.objects.create(customer=row, **_kept(address))
        _tell(row, database_now())
    return made.pk


def change_address(customer_id: int, address_id: int, address: AddressItem) -> bool:
    """Change a customer's address; False where they have none of this id."""
    return _on_address(customer_id, address_id, address)


def remove_address(customer_id: int, address_id: int) -> bool:
    """Remove a customer's address; False where they have none of this id."""
    return _on_address(customer_id, address_id, None)


def put_details(row: Customer, details: Details) -> None:
    """Write what a person tells into a row, with the forms in which it is compared."""
    for name, value in msgspec.structs.asdict(details).items():
        setattr(row, name, value)
    row.email_key, row.phone_key = email_key(details.email), phone_key(details.phone)


def note(row: Customer, action: str, *, actor: str, at: datetime, detail: dict[str, object]) -> None:
    """Leave a trail entry about a customer: by the row's id, and never with anything personal in it."""
    trail.note_change(actor, action=action, target=f"customer/{row.pk}", at=at, detail=detail)


def _on_address(customer_id: int, address_id: int, address: AddressItem | None) -> bool:
    with transaction.atomic():
        row = _lock(customer_id)
        found = CustomerAddress.objects.filter(pk=address_id, customer__in=_family(row))
        touched = found.delete()[0] if address is None else found.update(**_kept(address))
        if touched:
            _tell(row, database_now())
    return bool(touched)


def _family(row: Customer) -> list[int]:
    return [row.pk, *Customer.objects.filter(merged_into=row).values_list("pk", flat=True)]


def _kept(address: AddressItem) -> dict[str, str]:
    stated = {name: str(getattr(address, name)).strip() for name in AddressItem.__struct_fields__}
    return {**stated, "home_key": home_key(address.name, address.postcode)}


def _lock(customer_id: int) -> Customer:
    row = lock_customers([customer_id]).get(customer_id)
    if row is None or row.merged_into_id is not None:
        raise CustomerError("There is no such customer.")
    return row


def _tell(row: Customer, now: datetime) -> None:
    news = outbox.News(
        "customer.changed", f"customer/{row.loyalty_number}", now, {"loyalty_number": row.loyalty_number}
    )
    outbox.record([news])
