"""The checkout's form at the kiosk: what was typed, what is wrong with it, and what is asked for when nothing is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.http import QueryDict
from django.utils.translation import gettext as _

from onebasket.base.typed import OddFormError, number_of, text_of
from onebasket.channels.kiosk.words import CHECKOUT_REFUSALS, Word
from onebasket.commerce.orders.rules.baskets import Checkout, Contact, ShipTo
from onebasket.commerce.payments.actions import is_available
from onebasket.front.countries import territories
from onebasket.front.words import METHODS

_PHONE = re.compile(r"[+0-9][0-9 ()/.-]{4,38}[0-9]")
_is_email = EmailValidator()


@dataclass(frozen=True)
class CheckoutForm:
    """What was typed, and what is wrong with each field; `said` is what the hub said of it as a whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    said: Word = ""
    method: str = "at_collection"
    stated: Checkout | None = None

    @property
    def request(self) -> Checkout:
        """Return what is asked for.

        Raises:
            OddFormError: nothing was sent.
        """
        if self.stated is None:
            raise OddFormError
        return self.stated

    def refused(self, code: str) -> "CheckoutForm":
        """Return the form with what the hub said of it; the key is spent, the next page mints another."""
        return replace(self, said=CHECKOUT_REFUSALS.get(code, CHECKOUT_REFUSALS["basket_changed"]))


ADDRESS = {"street": 200, "postcode": 16, "city": 120, "region": 120, "country": 2}
"""The fields of a home address, and how long each may be."""


def methods() -> dict[str, Word]:
    """Return how an order may be paid at the kiosk: at the till, or by card where cards are taken."""
    offered = {"at_collection": True, "card": is_available()}
    return {code: METHODS[code] for code, there in offered.items() if there}


def read_checkout(sent: QueryDict, *, key: str, language: str) -> CheckoutForm:
    """Read the form as it was sent.

    Raises:
        OddFormError: what no shopper types is missing or impossible: the basket, its version, what it came to.
    """
    values = {name: text_of(sent, name, longest=120) for name in ("name", "reach")}
    values |= {name: text_of(sent, name, longest=longest) for name, longest in ADDRESS.items()}
    method = text_of(sent, "method") or "at_collection"
    if method not in methods():
        raise OddFormError
    email, phone = _told_apart(values["reach"])
    offers_total = number_of(sent, "offers_total") if "offers_total" in sent else 0
    to_send = _home_problems(values) if offers_total else {}
    request = Checkout(
        key=key,
        basket=_basket(sent),
        version=number_of(sent, "version"),
        expected_total=number_of(sent, "total"),
        contact=Contact(values["name"] or "-", email, phone[:40], language),
        method=method,  # type: ignore[arg-type] # one of the two
        offers_total=offers_total,
        offers_method="card" if offers_total else None,
        ship_to=_ship_to(values) if offers_total and not to_send else None,
    )
    return CheckoutForm(values, _problems(values, email, phone) | to_send, method=method, stated=request)


def _told_apart(reach: str) -> tuple[str, str]:
    """Return an e-mail address and a telephone number: whichever of the two was typed into the one field."""
    return (reach, "") if "@" in reach else ("", reach)


def _problems(values: Mapping[str, str], email: str, phone: str) -> dict[str, str]:
    problems = {}
    if not values["name"]:
        problems["name"] = _("Whose order is it? Type a name, to be called by at the counter.")
    if email and not _fits(email):
        problems["reach"] = _("This is no e-mail address, such as ada@example.org.")
    elif phone and not _PHONE.fullmatch(phone):
        problems["reach"] = _("This is no telephone number, such as +1 555 010 1234.")
    elif not email and not phone:
        problems["reach"] = _("Type a telephone number or an e-mail address, so that we can reach you.")
    return problems


def _home_problems(values: Mapping[str, str]) -> dict[str, str]:
    problems = {}
    if not values["street"]:
        problems["street"] = _("Where is it to be sent? Type a street and number.")
    if not values["postcode"]:
        problems["postcode"] = _("Type a postcode.")
    if not values["city"]:
        problems["city"] = _("Type a town.")
    if values["country"] not in territories():
        problems["country"] = _("Choose a country.")
    return problems


def _ship_to(values: Mapping[str, str]) -> ShipTo:
    return ShipTo(values["street"], values["city"], values["postcode"], values["country"], values["region"])


def _fits(address: str) -> bool:
    try:
        _is_email(address)
    except ValidationError:
        return False
    return True


def _basket(sent: Mapping[str, str]) -> UUID:
    try:
        return UUID(sent.get("basket", ""))
    except ValueError as error:
        raise OddFormError from error
