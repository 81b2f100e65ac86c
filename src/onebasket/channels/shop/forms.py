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
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.payments.actions import is_available
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
    method = text_of(sent, "method") or "at_collection"
    if method not in METHODS:
        raise OddFormError
    codes = read_codes(sent)
    request = Checkout(
        key=key,
        basket=_basket(sent),
        version=number_of(sent, "version"),
        expected_total=number_of(sent, "total"),
        contact=Contact(values["name"] or "-", values["email"], values["phone"][:40], language),
        method=method,  # type: ignore[arg-type] # one of the three
        note=values["note"],
        balances=codes,
    )
    return CheckoutForm(values, _problems(values), method=method, stated=request, codes=codes)


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
