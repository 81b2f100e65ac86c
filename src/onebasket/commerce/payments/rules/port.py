"""What a card provider is asked and what it can answer; any gateway that speaks this can be put behind it."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

import msgspec

Standing = Literal["authorised", "captured", "reversed", "declined", "expired"]


class Operation(StrEnum):
    """What a provider is asked to do. A fence reverses what the provider has never heard of, should it still come."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    REVERSE = "reverse"
    FENCE = "fence"
    REFUND = "refund"
    INQUIRE = "inquire"


class RefundState(msgspec.Struct, frozen=True):
    """A refund as the provider has booked it, by the key under which it was asked."""

    key: str
    amount: int


class CardState(msgspec.Struct, frozen=True):
    """An authorisation as its provider sees it; amounts in minor units.

    `code` says why it was declined. `label` is what people may see of the card, such as "Test card 4242".
    """

    reference: str
    status: Standing
    amount: int
    currency: str
    captured: int = 0
    refunds: tuple[RefundState, ...] = ()
    code: str = ""
    label: str = ""
    expires_at: datetime | None = None


class Told(msgspec.Struct, frozen=True):
    """The provider has said where the authorisation stands; `accepted` is whether it did what it was asked."""

    state: CardState
    accepted: bool = True


class NeverHeard(msgspec.Struct, frozen=True):
    """The provider knows no such reference. A call that is still on its way may make it known."""


class NotDone(msgspec.Struct, frozen=True):
    """The call was not taken in and certainly had no effect: nobody listened, or it was turned away at the door."""

    reason: str


class Lost(msgspec.Struct, frozen=True):
    """No answer, or none that can be understood: the call may have had its effect or not."""

    reason: str


Answer = Told | NeverHeard | NotDone | Lost


class Call(msgspec.Struct, frozen=True):
    """A call as it is written down before it is made; the same key again has no second effect at the provider.

    `reference` names the authorisation at the provider. `token` stands for the card at an authorisation, and is
    neither stored nor logged.
    """

    operation: Operation
    reference: str
    key: str
    amount: int = 0
    currency: str = ""


class CardPort(Protocol):
    """A provider of card payments. `perform` never raises for what happens on the way: it answers Lost or NotDone."""

    def perform(self, call: Call, *, token: str = "", seconds: float) -> Answer:
        """Make the call and wait so many seconds for its answer."""
