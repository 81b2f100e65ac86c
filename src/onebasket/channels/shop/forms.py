"""The checkout's form: what was typed, what is wrong with it, and what is asked for when nothing is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.http import QueryDict
from django.utils.translation import gettext as _

from onebasket.channels.shop.balances import MOST_CODES, Spending
from onebasket.channels.shop.reading import OddFormError, number_of, text_of
from onebasket.channels.shop.words import CHECKOUT_REFUSALS, Word
from onebasket.commerce.orders.rules.baskets import Checkout, Contact, ShipTo
from onebasket.commerce.payments.actions import is_available
from onebasket.front.countries import territories
from onebasket.front.words import METHODS

CODE_LENGTH = 64
_PHONE = re.compile(r"[+0-9][0-9 ()/.-]{4,38}[0-9]")
_is_email = EmailValidator()


@dataclass(frozen=True)
class CheckoutForm:
    """What was typed, and what is wrong with each field; `said` is what the hub said of it as a whole."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    said: Word = ""
    method: str = "at_collection"
    offers_method: str = ""
    stated: Checkout | None = None
    spending: Spending = field(default_factory=Spending)
    codes: tuple[str, ...] = ()

    @property
    def request(self) -> Checkout:
        """Return what is asked for.

        Raises:
            OddFormError: nothing was sent.
        """
        if self.stated is None:
            raise OddFormError
        return self.stated

    def without(self, code: str) -> "CheckoutForm":
        """Return the form without one of its codes, and without what is missing yet."""
        return replace(self, codes=tuple(one for one in self.codes if one != code), problems={})

    def refused(self, code: str) -> "CheckoutForm":
        """Return the form with what the hub said of it; the key is spent, the next page mints another."""
        return replace(self, said=CHECKOUT_REFUSALS.get(code, CHECKOUT_REFUSALS["basket_changed"]))


ADDRESS = {"street": 200, "city": 120, "postcode": 16, "region": 120, "country": 2}
"""The fields of a home address, and how long each may be."""


def methods_for(card: str) -> dict[str, Word]:
    """Return how an order may be paid: by invoice only with a loyalty card, by card only where cards are taken."""
    offered = {"at_collection": True, "card": is_available(), "invoice": bool(card)}
    return {code: word for code, word in METHODS.items() if offered[code]}


def read_checkout(sent: QueryDict, *, key: str, language: str) -> CheckoutForm:
    """Read the form as it was sent.

    Raises:
        OddFormError: what no shopper types is missing or impossible: the basket, its version, what it came to.
    """
    values = {name: text_of(sent, name, longest=120) for name in ("name", "email", "phone")}
    values["note"] = text_of(sent, "note", longest=300)
    values |= {name: text_of(sent, name, longest=longest) for name, longest in ADDRESS.items()}
    method = text_of(sent, "method") or "at_collection"
    ahead = text_of(sent, "offers_method")
    if method not in METHODS or ahead not in {"", "card", "invoice"}:
        raise OddFormError
    codes = read_codes(sent)
    offers_total = number_of(sent, "offers_total") if "offers_total" in sent else 0
    to_send = _home_problems(values) if offers_total else {}
    request = Checkout(
        key=key,
        basket=_basket(sent),
        version=number_of(sent, "version"),
        expected_total=number_of(sent, "total"),
        contact=Contact(values["name"] or "-", values["email"], values["phone"][:40], language),
        method=method,  # type: ignore[arg-type] # one of the three
        note=values["note"],
        balances=codes,
        offers_total=offers_total,
        offers_method=ahead or None,  # type: ignore[arg-type] # one of the two
        ship_to=_ship_to(values) if offers_total and not to_send else None,
    )
    problems = _problems(values) | to_send
    return CheckoutForm(values, problems, method=method, offers_method=ahead, stated=request, codes=codes)


def read_codes(sent: QueryDict) -> tuple[str, ...]:
    """Return the codes of gift cards and credit: those that were looked at before, and the one typed last."""
    typed = (" ".join(code.split())[:CODE_LENGTH] for code in (*sent.getlist("balance"), sent.get("code", "")))
    return tuple(dict.fromkeys(code for code in typed if code))[:MOST_CODES]


def _problems(values: Mapping[str, str]) -> dict[str, str]:
    problems = {}
    if not values["name"]:
        problems["name"] = _("Whose order is it? Type a name, to be called by at the counter.")
    if values["email"] and not _fits(values["email"]):
        problems["email"] = _("This is no e-mail address, such as ada@example.org.")
    if values["phone"] and not _PHONE.fullmatch(values["phone"]):
        problems["phone"] = _("This is no telephone number, such as +1 555 010 1234.")
    if not values["email"] and not values["phone"]:
        problems["email"] = _("Type an e-mail address, or a telephone number below, so that we can reach you.")
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
