"""Facts and holds as sources state them: the shape of the message on the wire."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.kernel.patterns import exactly

Key = Annotated[str, Meta(min_length=1, max_length=120)]
Needed = Annotated[str, Meta(min_length=1, max_length=64)]
Steps = Annotated[int, Meta(ge=-(10**12), le=10**12)]
Channel = Annotated[str, Meta(pattern=exactly("[a-z][a-z0-9-]{0,15}"))]


class State(StrEnum):
    """A shelf's state."""

    SELLABLE = "sellable"
    STAGED = "staged"
    UNSELLABLE = "unsellable"
    IN_TRANSIT = "in_transit"

    @property
    def end(self) -> End:
        """Return the end of a movement that the state is."""
        return End[self.name]


class FactKind(StrEnum):
    """What happened to stock outside the tills."""

    DELIVERY = "delivery"
    COUNT = "count"
    ADJUSTMENT = "adjustment"
    MOVE = "move"
    TRANSFER = "transfer"
    ARRIVAL = "arrival"
    RETURN = "return"


class FactLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product and a quantity in steps of its unit; `to_state` only where the fact is a move."""

    sku: Needed
    quantity: Steps
    state: State = State.SELLABLE
    to_state: State | None = None


class StockFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that happened to stock. Booked, never refused.

    delivery: from the supplier onto the shelf; negative goes back. count: what lies there as of `occurred_at`.
    adjustment: found (positive) or lost (negative). move: from `state` to `to_state`. transfer: off the shelf here and
    into transit to `to_place`. arrival: out of transit onto the shelf. return: from a customer, without a receipt.
    """

    key: Key
    place: Needed
    kind: FactKind
    occurred_at: Annotated[datetime, Meta(tz=True)]
    lines: Annotated[tuple[FactLine, ...], Meta(min_length=1, max_length=2_000)]
    to_place: Annotated[str, Meta(max_length=64)] = ""
    reference: Annotated[str, Meta(max_length=64)] = ""


class FactBooked(msgspec.Struct, frozen=True, tag="booked", tag_field="outcome"):
    """The fact is booked; `corrections` is how many count corrections came with it because it was late."""

    movements: int
    corrections: int
    clock_suspect: bool = False


class FactQuarantined(msgspec.Struct, frozen=True, tag="quarantined", tag_field="outcome"):
    """The fact is kept whole in quarantine, with the reason; nothing else waits for it."""

    id: int
    reason: str
    explanation: str


FactOutcome = FactBooked | FactQuarantined


class HoldLineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A product, by SKU, and how much of it in steps of its unit."""

    sku: Needed
    quantity: Annotated[int, Meta(ge=1, le=10**9)]


class HoldRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A basket's promise to take at one place, all or nothing, for so many seconds."""

    key: Key
    place: Needed
    lines: Annotated[tuple[HoldLineRequest, ...], Meta(min_length=1, max_length=200)]
    channel: Channel = "web"
    seconds: Annotated[int, Meta(ge=1, le=86_400)] = 900


class Short(msgspec.Struct, frozen=True, gc=False):
    """A line that cannot be promised, and by how many steps."""

    line: int
    sku: str
    requested: int
    available: int
    missing: int


class HoldPlaced(msgspec.Struct, frozen=True, tag="held", tag_field="outcome"):
    """The promise is taken until `expires_at`."""

    id: UUID
    place: str
    expires_at: datetime


HoldRefusal = Literal["short", "unknown_product", "unknown_place", "untracked_product", "doubled_line"]


class HoldRefused(msgspec.Struct, frozen=True, tag="refused", tag_field="outcome"):
    """Nothing was held; `shortfalls` name each short line."""

    code: HoldRefusal
    message: str
    shortfalls: tuple[Short, ...] = ()
    skus: tuple[str, ...] = ()


class KeyConflict(msgspec.Struct, frozen=True, tag="conflict", tag_field="outcome"):
    """The key was used before for other content; nothing was changed."""

    message: str = "This key was used before for another request. Use a new key for a new request."


HoldOutcome = HoldPlaced | HoldRefused | KeyConflict


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One movement that a fact's line comes to: at the place (or at `to_place`), from origin to target."""

    kind: Kind
    origin: End
    target: End
    quantity: int
    elsewhere: bool = False


def legs(fact: StockFact, line: FactLine) -> list[Leg]:
    """Return the movements that a line comes to (a count's difference is found under the lock, so none here)."""
    size, shelf = abs(line.quantity), line.state.end
    if size == 0 or fact.kind is FactKind.COUNT:
        return []
    if fact.kind is FactKind.TRANSFER:
        return [
            Leg(Kind.TRANSFER, shelf, End.OTHER_PLACE, size),
            Leg(Kind.TRANSFER, End.OTHER_PLACE, End.IN_TRANSIT, size, elsewhere=True),
        ]
    ends: dict[FactKind, tuple[Kind, End, End]] = {
        FactKind.DELIVERY: (Kind.DELIVERY, End.SUPPLIER, shelf),
        FactKind.ADJUSTMENT: (Kind.ADJUSTMENT, End.LOSS, shelf),
        FactKind.MOVE: (Kind.ADJUSTMENT, shelf, (line.to_state or line.state).end),
        FactKind.ARRIVAL: (Kind.TRANSFER, End.IN_TRANSIT, shelf),
        FactKind.RETURN: (Kind.RETURN, End.CUSTOMER, shelf),
    }
    kind, origin, target = ends[fact.kind]
    return [Leg(kind, origin, target, size) if line.quantity > 0 else Leg(kind, target, origin, size)]


def fault_in(fact: StockFact) -> str | None:
    """Return what makes a fact unbookable in itself, in a clerk's words, or None."""
    if fact.kind is FactKind.TRANSFER and fact.to_place in {"", fact.place}:
        return "A transfer must name another place in to_place."
    for number, line in enumerate(fact.lines, 1):
        if fact.kind is FactKind.COUNT and line.quantity < 0:
            return f"Line {number}: a count cannot be negative."
        if fact.kind is FactKind.MOVE and line.to_state in {None, line.state}:
            return f"Line {number}: a move must name another state in to_state."
        if fact.kind in {FactKind.TRANSFER, FactKind.ARRIVAL, FactKind.MOVE, FactKind.RETURN} and line.quantity < 0:
            return f"Line {number}: the quantity of a {fact.kind} cannot be negative."
        if fact.kind is FactKind.ARRIVAL and line.state is State.IN_TRANSIT:
            return f"Line {number}: goods arrive from transit onto another shelf."
    return None
