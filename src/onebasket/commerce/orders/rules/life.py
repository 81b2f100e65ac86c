"""An order's life as one transition table."""

from enum import StrEnum


class Status(StrEnum):
    """Where an order or fulfilment stands. closed: partners sent all of it, and their parts have ended."""

    AWAITING_PAYMENT = "awaiting_payment"
    PLACED = "placed"
    PICKING = "picking"
    READY = "ready"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Step(StrEnum):
    """What can be done to an order."""

    CONFIRM_PAYMENT = "confirm_payment"
    PICK = "pick"
    FINISH_PICKING = "finish_picking"
    HAND_OVER = "hand_over"
    CANCEL = "cancel"
    PUT_BACK = "put_back"
    EXPIRE = "expire"
    CLOSE = "close"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.AWAITING_PAYMENT, Step.CONFIRM_PAYMENT): Status.PLACED,
    (Status.AWAITING_PAYMENT, Step.CANCEL): Status.CANCELLED,
    (Status.AWAITING_PAYMENT, Step.EXPIRE): Status.CANCELLED,
    (Status.PLACED, Step.PICK): Status.PICKING,
    (Status.PLACED, Step.FINISH_PICKING): Status.READY,
    (Status.PLACED, Step.CANCEL): Status.CANCELLED,
    (Status.PLACED, Step.CLOSE): Status.CLOSED,
    (Status.PICKING, Step.PICK): Status.PICKING,
    (Status.PICKING, Step.FINISH_PICKING): Status.READY,
    (Status.PICKING, Step.CANCEL): Status.CANCELLED,
    (Status.READY, Step.HAND_OVER): Status.HANDED_OVER,
    (Status.READY, Step.CANCEL): Status.CANCELLED,
    (Status.CANCELLED, Step.PUT_BACK): Status.CANCELLED,
}
OPEN = frozenset({Status.AWAITING_PAYMENT, Status.PLACED, Status.PICKING, Status.READY})
PROMISED = frozenset({Status.AWAITING_PAYMENT, Status.PLACED, Status.PICKING})


def after(status: Status, step: Step) -> Status | None:
    """Return the status that the step leads to, or None when the step is not open from here."""
    return TRANSITIONS.get((status, step))


def steps_from(status: Status) -> list[Step]:
    """Return what can be done next."""
    return [step for (origin, step) in TRANSITIONS if origin is status]
