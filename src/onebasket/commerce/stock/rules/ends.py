"""The ends of a movement: shelf states within a place, and the parties outside."""

import enum


class End(enum.IntEnum):
    """Where a quantity comes from or goes to. The first four are shelves; the rest are outside parties."""

    SELLABLE = 1
    STAGED = 2
    UNSELLABLE = 3
    IN_TRANSIT = 4
    SUPPLIER = 11
    CUSTOMER = 12
    LOSS = 13
    COUNT = 14
    OTHER_PLACE = 15


STATES = [
    (End.SELLABLE.value, "sellable"),
    (End.STAGED.value, "staged"),
    (End.UNSELLABLE.value, "unsellable"),
    (End.IN_TRANSIT.value, "in transit"),
]
PARTIES = [
    (End.SUPPLIER.value, "supplier"),
    (End.CUSTOMER.value, "customer"),
    (End.LOSS.value, "loss"),
    (End.COUNT.value, "count"),
    (End.OTHER_PLACE.value, "other place"),
]
LAST_STATE = End.IN_TRANSIT


class Kind(enum.IntEnum):
    """Why a quantity moved."""

    DELIVERY = 1
    COUNT = 2
    ADJUSTMENT = 3
    TRANSFER = 4
    SALE = 5
    PICK = 6
    HAND_OVER = 7
    PUT_BACK = 8
    RETURN = 9
    COUNT_CORRECTION = 10
    MEND = 11


KINDS = [(kind.value, kind.name.lower().replace("_", " ")) for kind in Kind]


def is_shelf(end: int) -> bool:
    """Whether the end is a shelf state of the place rather than an outside party."""
    return end <= LAST_STATE
