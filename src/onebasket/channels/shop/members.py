"""A shopper who has signed in: whose card's prices hold, and what need not be typed again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from onebasket.commerce.access.rules import SHOPPER
from onebasket.commerce.customers.queries import customer_of_user
from onebasket.commerce.customers.queries.reading import AddressRead, read_customer


@dataclass(frozen=True, slots=True)
class Member:
    """A customer with an account."""

    card: str
    name: str
    email: str
    phone: str
    home: Mapping[str, str]
    """The first address on file, by the names of the checkout's fields; empty where there is none."""


def member_of(request: HttpRequest) -> Member | None:
    """Return who has signed in; None for a guest, who costs nothing, and for people of the chain."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    user: Any = request.user
    if not user.is_authenticated or user.role != SHOPPER:
        return None
    identity = customer_of_user(user.pk)
    customer = read_customer(identity) if identity else None
    if customer is None:
        return None
    head = customer.head
    return Member(head.loyalty_number, head.name, head.email, head.phone, _home(customer.addresses))


def _home(addresses: Sequence[AddressRead]) -> dict[str, str]:
    if not addresses:
        return {}
    one = addresses[0]
    street = ", ".join(line for line in (one.line1, one.line2) if line)
    return {
        "street": street, "city": one.city, "postcode": one.postcode, "region": one.region, "country": one.country,
    }  # fmt: skip
