"""What people are found by: e-mail, phone and name in a form in which the same is equal."""

import re
import unicodedata
from collections.abc import Iterable

from msgspec import Struct

SHORTEST_PHONE = 7
LONGEST_PHONE_KEY = 10
"""Digits from the right: country codes and trunk zeros are typed by some and left out by others."""
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\]+\.[^\s@<>(),;:\"\[\]\\.]+")
_NOT_DIGITS = re.compile(r"\D")
_NOT_ALNUM = re.compile(r"[^0-9A-Za-z]")
_WORDS = re.compile(r"\w+")


class Details(Struct, frozen=True):
    """What a person tells of themselves. Every field may be empty."""

    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""


def email_key(email: str) -> str:
    """Return an e-mail address as it is compared: without outer blanks, in small letters."""
    return unicodedata.normalize("NFKC", email).strip().casefold()[:254]


def phone_key(phone: str) -> str:
    """Return a phone number as it is compared: its last ten digits; nothing where it has fewer than seven."""
    digits = _NOT_DIGITS.sub("", unicodedata.normalize("NFKC", phone))
    return digits[-LONGEST_PHONE_KEY:] if len(digits) >= SHORTEST_PHONE else ""


def name_key(name: str) -> str:
    """Return a name as it is compared: its words in small letters without accents, in the order of the alphabet."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(sorted(_WORDS.findall(plain.casefold())))[:120]


def home_key(name: str, postcode: str) -> str:
    """Return name and postcode as they are compared together; nothing where one of them is missing."""
    code = _NOT_ALNUM.sub("", postcode).upper()
    who = name_key(name)
    return f"{code} {who}"[:140] if code and who else ""


def email_problem(email: str) -> str:
    """Say what is wrong with an e-mail address, or nothing; none at all is none."""
    if not email or _EMAIL.fullmatch(email.strip()):
        return ""
    return "email: an address has the form name@host.example."


def phone_problem(phone: str) -> str:
    """Say what is wrong with a phone number, or nothing; none at all is none."""
    if not phone or phone_key(phone):
        return ""
    return f"phone: a number has at least {SHORTEST_PHONE} digits."


def details_problem(details: Details) -> str:
    """Say what is wrong with what a person tells, or nothing."""
    return email_problem(details.email) or phone_problem(details.phone)


def first_stated(values: Iterable[str]) -> str:
    """Return the first text that is not empty, or nothing."""
    return next((value for value in values if value), "")
