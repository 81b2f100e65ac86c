"""A shopper who has signed in: whose card's prices hold, and what need not be typed again."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from onebasket.commerce.access.rules import SHOPPER
from onebasket.commerce.customers.queries import customer_of_user
from onebasket.commerce.customers.queries.reading import read_customer


@dataclass(frozen=True, slots=True)
class Member:
    """A customer with an account."""

    card: str
    name: str
    email: str
    phone: str


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
    return Member(head.loyalty_number, head.name, head.email, head.phone)
