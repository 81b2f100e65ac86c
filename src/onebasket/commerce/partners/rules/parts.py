"""A partner's part of an order, through its life: one transition table, and what a partner's words mean in it."""

from enum import StrEnum


class Status(StrEnum):
    """Where a partner's part of an order stands.

    waiting: its payment is not sure yet. due: to be placed at the partner. unknown: the partner was asked, and whether
    it has taken the order in is not known; so a part stands from before the call until its answer is written down.
    placed: the partner has taken in some of it. shipped, delivered: as the partner states. refused: the partner took
    in none of it. cancelled: by us, before it was placed. stuck: a person has to look, the queue says why.
    """

    WAITING = "waiting"
    DUE = "due"
    UNKNOWN = "unknown"
    PLACED = "placed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    STUCK = "stuck"


class Step(StrEnum):
    """What can happen to a part."""

    PAID = "paid"
    ASK = "ask"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    REFUSE = "refuse"
    CANCEL = "cancel"
    SHIP = "ship"
    DELIVER = "deliver"
    HOLD_UP = "hold_up"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.WAITING, Step.PAID): Status.DUE,
    (Status.WAITING, Step.CANCEL): Status.CANCELLED,
    (Status.DUE, Step.ASK): Status.UNKNOWN,
    (Status.DUE, Step.CANCEL): Status.CANCELLED,
    (Status.DUE, Step.HOLD_UP): Status.STUCK,
    (Status.UNKNOWN, Step.WITHDRAW): Status.DUE,
    (Status.UNKNOWN, Step.ACCEPT): Status.PLACED,
    (Status.UNKNOWN, Step.REFUSE): Status.REFUSED,
    (Status.UNKNOWN, Step.HOLD_UP): Status.STUCK,
    (Status.STUCK, Step.ACCEPT): Status.PLACED,
    (Status.STUCK, Step.WITHDRAW): Status.DUE,
    (Status.STUCK, Step.REFUSE): Status.REFUSED,
    (Status.STUCK, Step.CANCEL): Status.CANCELLED,
    (Status.PLACED, Step.SHIP): Status.SHIPPED,
    (Status.PLACED, Step.DELIVER): Status.DELIVERED,
    (Status.PLACED, Step.REFUSE): Status.REFUSED,
    (Status.SHIPPED, Step.DELIVER): Status.DELIVERED,
}
"""From an unknown part nothing is ordered again: the partner's list has to tell first what became of it."""

OPEN = frozenset({Status.WAITING, Status.DUE, Status.UNKNOWN, Status.PLACED, Status.SHIPPED, Status.STUCK})
CANCELLABLE = frozenset({Status.WAITING, Status.DUE})
"""Until its partner is asked, a part is cancelled with its order; on one that is stuck a person decides."""


def after(status: Status, step: Step) -> Status | None:
    """Return the status that the step leads to, or None when the step is not open from here."""
    return TRANSITIONS.get((status, step))
