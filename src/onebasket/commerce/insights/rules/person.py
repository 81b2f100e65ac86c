"""A person over all modules: by what they are found, what is kept about them, and what is left when they are erased."""

from datetime import datetime

from msgspec import Struct


class Who(Struct, frozen=True):
    """By what a person is found: the customer, every card number, every account, and the addresses that are theirs.

    `emails` are those that an account has verified; where nobody signs in, the one on file.
    """

    customer_id: int
    numbers: tuple[str, ...]
    accounts: tuple[int, ...]
    emails: tuple[str, ...]


class Erased(Struct, frozen=True):
    """What was done: how many receipts and orders lost the number, what else went, and what a person has to look at.

    `points` lapsed. `quarantined_left`: ids of messages in quarantine that hold a number elsewhere than in its field.
    """

    numbers: int
    receipts: int
    orders: int
    contacts: int
    baskets: int
    points: int
    accounts: int
    messages: int
    quarantined_left: tuple[int, ...]
    at: datetime


class EraseRefused(Struct, frozen=True):
    """Why somebody is not erased now: a code for programs, words for people; nothing was changed."""

    code: str
    message: str
    orders: tuple[str, ...] = ()
