"""A payment's life as one transition table, and a refund's."""

from enum import StrEnum


class Method(StrEnum):
    """How something is paid."""

    AT_COLLECTION = "at_collection"
    INVOICE = "invoice"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    CARD = "card"


BALANCES = frozenset({Method.GIFT_CARD, Method.STORE_CREDIT})
"""Methods that spend from a balance which we keep ourselves."""


class Status(StrEnum):
    """Where a payment stands.

    pending: nobody has been asked for the money. authorised: it is put aside. captured: it is ours. reversed: it was
    let go. refused: the card's bank said no. expired: what was put aside has lapsed. unknown: the provider was asked,
    and what came of it is not known yet; so a payment stands from before each call until its answer is written down.
    """

    PENDING = "pending"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REVERSED = "reversed"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Goal(StrEnum):
    """What a card payment is to come to: nothing yet, to be captured, or to be let go."""

    NONE = ""
    CAPTURE = "capture"
    REVERSE = "reverse"


class Step(StrEnum):
    """What can happen to a payment."""

    ASK = "ask"
    WITHDRAW = "withdraw"
    AUTHORISE = "authorise"
    REFUSE = "refuse"
    CAPTURE = "capture"
    REVERSE = "reverse"
    EXPIRE = "expire"
    REPLACE = "replace"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.PENDING, Step.ASK): Status.UNKNOWN,
    (Status.PENDING, Step.CAPTURE): Status.CAPTURED,
    (Status.PENDING, Step.REVERSE): Status.REVERSED,
    (Status.PENDING, Step.REPLACE): Status.PENDING,
    (Status.REFUSED, Step.ASK): Status.UNKNOWN,
    (Status.REFUSED, Step.REPLACE): Status.PENDING,
    (Status.REFUSED, Step.REVERSE): Status.REVERSED,
    (Status.EXPIRED, Step.ASK): Status.UNKNOWN,
    (Status.EXPIRED, Step.REPLACE): Status.PENDING,
    (Status.EXPIRED, Step.REVERSE): Status.REVERSED,
    (Status.UNKNOWN, Step.WITHDRAW): Status.PENDING,
    (Status.UNKNOWN, Step.AUTHORISE): Status.AUTHORISED,
    (Status.UNKNOWN, Step.REFUSE): Status.REFUSED,
    (Status.UNKNOWN, Step.CAPTURE): Status.CAPTURED,
    (Status.UNKNOWN, Step.REVERSE): Status.REVERSED,
    (Status.UNKNOWN, Step.EXPIRE): Status.EXPIRED,
    (Status.AUTHORISED, Step.ASK): Status.UNKNOWN,
    (Status.AUTHORISED, Step.CAPTURE): Status.CAPTURED,
    (Status.AUTHORISED, Step.REVERSE): Status.REVERSED,
    (Status.AUTHORISED, Step.EXPIRE): Status.EXPIRED,
}
"""From an unknown payment nothing is asked again: an inquiry has to tell first what became of it."""


def after(status: Status, step: Step) -> Status | None:
    """Return the status that the step leads to, or None when the step is not open from here."""
    return TRANSITIONS.get((status, step))


class RefundStatus(StrEnum):
    """Where a refund to one tender stands: pending to unknown (the provider is asked) to done or refused."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
