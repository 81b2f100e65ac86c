"""What a partner's own words for an order mean to us; a word that we do not know changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from onebasket.commerce.partners.rules.parts import Status, Step


class Meaning(StrEnum):
    """What an order of theirs has come to.

    taken: it is to be sent. part_sent: some of it is on its way. sent: all of it is. delivered: it has arrived.
    cancelling: the partner is about to cancel it. cancelled: nothing of it comes. halted: the partner looks into it,
    and so should we. unknown: a word that we do not know.
    """

    TAKEN = "taken"
    PART_SENT = "part_sent"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    HALTED = "halted"
    UNKNOWN = "unknown"


MEANINGS: dict[str, Meaning] = {
    # The open platform's own words.
    "PLACE_ORDER_SUCCESS": Meaning.TAKEN,
    "RISK_CONTROL": Meaning.TAKEN,
    "WAIT_SELLER_SEND_GOODS": Meaning.TAKEN,
    "SELLER_PART_SEND_GOODS": Meaning.PART_SENT,
    "WAIT_BUYER_ACCEPT_GOODS": Meaning.SENT,
    "FUND_PROCESSING": Meaning.DELIVERED,
    "FINISH": Meaning.DELIVERED,
    "IN_CANCEL": Meaning.CANCELLING,
    "IN_ISSUE": Meaning.HALTED,
    "IN_FROZEN": Meaning.HALTED,
    # Plain words, for platforms that have them.
    "PLACED": Meaning.TAKEN,
    "SHIPPED": Meaning.SENT,
    "DELIVERED": Meaning.DELIVERED,
    "CANCELLED": Meaning.CANCELLED,
    "CLOSED": Meaning.CANCELLED,
}
"""RISK_CONTROL is the partner's own check of a new order; FINISH ends an order that was received."""

_RANKS = {Meaning.TAKEN: 1, Meaning.PART_SENT: 2, Meaning.SENT: 3}
_LAST = 4
"""A halted order may be anywhere, and may go on from there; so may a cancel that was not carried out."""


def meaning_of(word: str) -> Meaning:
    """Return what a word means, in whatever case it comes."""
    return MEANINGS.get(word.strip().upper(), Meaning.UNKNOWN)


def is_final(word: str) -> bool:
    """Whether an order of theirs moves on no more."""
    return meaning_of(word) in {Meaning.DELIVERED, Meaning.CANCELLED}


def goes_back(before: str, now: str) -> bool:
    """Whether a word is an earlier standing than the one before: an old answer, or an odd one. Nothing goes back.

    What ends while its cancel was under way is no delivery: it stays as it was, until the cancel is believed. An
    unknown word is neither earlier nor later.
    """
    one, other = meaning_of(before), meaning_of(now)
    if Meaning.UNKNOWN in {one, other} or one is other:
        return False
    if one is Meaning.CANCELLING:
        return other is Meaning.DELIVERED
    return is_final(before) or _RANKS.get(other, _LAST) < _RANKS.get(one, 0)


def settled_meaning(word: str, since: datetime, *, now: datetime, settle: timedelta) -> Meaning:
    """Return what a word means that has stood since an instant: a cancel is believed once it stood for so long."""
    meaning = meaning_of(word)
    return Meaning.CANCELLED if meaning is Meaning.CANCELLING and since + settle <= now else meaning


def next_step(status: Status, meanings: Sequence[Meaning]) -> Step | None:
    """Return the step that a part takes by how its partner's orders stand now, or None; no step leads back.

    It is shipped when all of what is still to come has been sent, delivered when all of it has arrived, and refused
    when the partner cancelled all of it before it was shipped.
    """
    live = {meaning for meaning in meanings if meaning is not Meaning.CANCELLED}
    if not live:
        return Step.REFUSE if meanings and status is Status.PLACED else None
    if live == {Meaning.DELIVERED}:
        return Step.DELIVER if status in {Status.PLACED, Status.SHIPPED} else None
    if live <= {Meaning.SENT, Meaning.DELIVERED}:
        return Step.SHIP if status is Status.PLACED else None
    return None
