"""What the steps of an order do to stock: picking takes the unit, hand-over takes it out, putting back returns it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import OrderStep, StepRefused
from onebasket.commerce.stock.actions import NewReservation, close_reservations
from onebasket.commerce.stock.rules.book import Cause, ShelfBook
from onebasket.commerce.stock.rules.ends import End, Kind
from onebasket.kernel.money import divide_half_up


class Asked(NamedTuple):
    """A step as asked, what it causes in the ledger, and where the order stood before it."""

    request: OrderStep
    cause: Cause
    before: Status


@dataclass(slots=True)
class Line:
    """An order line as a step works on it; quantities in steps, `placed_amount` what it came to when it was placed."""

    id: int
    place_id: int
    order_id: UUID
    number: int
    product_id: int
    promised: int
    picked: int | None
    put_back: int
    placed_amount: int
    changed: bool = False

    @property
    def due(self) -> int:
        """Return how much of the line the customer gets as things stand."""
        return self.promised if self.picked is None else self.picked

    @property
    def amount(self) -> int:
        """Return what that costs, tax included: of what the whole line came to, its part."""
        return divide_half_up(self.placed_amount * self.due, self.promised) if self.promised else 0

    def reservation(self) -> NewReservation:
        """Return the line's promise."""
        return NewReservation(self.place_id, self.product_id, self.promised, self.order_id, self.number)


def pick(book: ShelfBook, lines: list[Line], asked: Asked) -> Step | StepRefused:
    """Take goods from the shelf into staging; what is short of the promise ends with it."""
    open_lines = {line.number: line for line in lines if line.picked is None}
    if asked.request.lines is None:
        wanted = {number: line.promised for number, line in open_lines.items()}
    else:
        wanted = {item.line: item.quantity for item in asked.request.lines}
        if refused := _refuse_doubled(asked) or _refuse_pick(wanted, lines, asked.before):
            return refused
    finish = asked.request.finish or set(wanted) >= set(open_lines)
    if finish:
        wanted = {**dict.fromkeys(open_lines, 0), **wanted}
    if finish and not any(wanted.values()) and not any(line.picked for line in lines):
        return StepRefused("nothing_picked", "Nothing was picked at all: cancel the order instead.", asked.before)
    picked = [open_lines[number] for number in sorted(wanted)]
    close_reservations(book, [line.reservation() for line in picked if line.promised], picked=True)
    for line in picked:
        line.picked, line.changed = wanted[line.number], True
        if line.picked:
            _move(book, line, line.picked, Kind.PICK, (End.SELLABLE, End.STAGED), asked.cause)
    return Step.FINISH_PICKING if finish else Step.PICK


def _refuse_doubled(asked: Asked) -> StepRefused | None:
    numbers = [item.line for item in asked.request.lines or ()]
    doubled = sorted({number for number in numbers if numbers.count(number) > 1})
    if not doubled:
        return None
    message = f"Line {doubled[0]} is stated more than once. State each line once, with all that was picked of it."
    return StepRefused("doubled_line", message, asked.before)


def _refuse_pick(wanted: dict[int, int], lines: Sequence[Line], before: Status) -> StepRefused | None:
    by_number = {line.number: line for line in lines}
    for number, quantity in sorted(wanted.items()):
        line = by_number.get(number)
        if line is None:
            return StepRefused("unknown_line", f"The order has no line {number}.", before)
        if line.picked is not None:
            return StepRefused("picked_before", f"Line {number} was picked before.", before)
        if quantity > line.promised:
            return StepRefused("too_much", f"Line {number} was promised {line.promised}, not {quantity}.", before)
    return None


def hand_over(book: ShelfBook, lines: list[Line], asked: Asked) -> Step:
    """Give the staged goods to the customer."""
    for line in lines:
        if line.picked:
            _move(book, line, line.picked, Kind.HAND_OVER, (End.STAGED, End.CUSTOMER), asked.cause)
    return asked.request.step


def put_back(book: ShelfBook, lines: list[Line], asked: Asked) -> Step | StepRefused:
    """Put the staged goods of a cancelled order back on the shelf, where they count again."""
    staged = [line for line in lines if (line.picked or 0) > line.put_back]
    if not staged:
        return StepRefused("nothing_to_put_back", "Nothing of this order is staged.", asked.before)
    for line in staged:
        left = (line.picked or 0) - line.put_back
        _move(book, line, left, Kind.PUT_BACK, (End.STAGED, End.SELLABLE), asked.cause)
        line.put_back, line.changed = line.put_back + left, True
    return asked.request.step


def release(book: ShelfBook, lines: Sequence[Line]) -> None:
    """Give back the promises of lines that have not been picked."""
    close_reservations(
        book, [line.reservation() for line in lines if line.picked is None and line.promised], picked=False
    )


def _move(book: ShelfBook, line: Line, quantity: int, kind: Kind, ends: tuple[End, End], cause: Cause) -> None:
    own = cause._replace(line=line.number)
    book.move(line.place_id, line.product_id, kind=kind, ends=ends, quantity=quantity, cause=own)
