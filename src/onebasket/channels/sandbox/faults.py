"""Faults on demand: what is to go wrong with the next calls of a method. They are kept in memory and end with it."""

from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

import msgspec

ANY = "*"
PUSH = "push"
"""The method that stands for what the sandbox sends by itself."""


class Fault(StrEnum):
    """What can go wrong."""

    TIMEOUT_AFTER = "timeout_after"
    TIMEOUT_BEFORE = "timeout_before"
    CALL_LIMIT = "call_limit"
    CLOCK_SKEW = "clock_skew"
    WRONG_SIGNATURE = "wrong_signature"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - no password
    SLOW = "slow"
    DOWN = "down"
    GARBAGE = "garbage"
    REFUSE = "refuse"
    PARTIAL = "partial"
    PART_QUANTITY = "part_quantity"
    PRICE_CHANGE = "price_change"
    LYING_STOCK = "lying_stock"
    LYING_PRICE = "lying_price"
    LYING_CURRENCY = "lying_currency"
    UNKNOWN_STATUS = "unknown_status"
    CURSOR_REPEAT = "cursor_repeat"
    CURSOR_SKIP = "cursor_skip"
    PUSH_DOUBLE = "push_double"
    PUSH_REORDER = "push_reorder"
    PUSH_FORGE = "push_forge"
    PUSH_OLD = "push_old"
    PUSH_DROP = "push_drop"


class Planned(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that was ordered: for the next `times` calls of a method, 0 until it is cleared."""

    fault: Fault
    method: str = ANY
    times: int = 1
    seconds: float | None = None
    value: str = ""


_SECONDS = {
    Fault.TIMEOUT_AFTER: 30.0,
    Fault.TIMEOUT_BEFORE: 30.0,
    Fault.SLOW: 2.0,
    Fault.CLOCK_SKEW: 10_000.0,
    Fault.CALL_LIMIT: 1.0,
    Fault.PUSH_OLD: 86_400.0,
}
_VALUES = {
    Fault.PRICE_CHANGE: "110",
    Fault.LYING_STOCK: "999",
    Fault.LYING_PRICE: "50",
    Fault.LYING_CURRENCY: "USD",
    Fault.UNKNOWN_STATUS: "QUANTUM_HOLD",
}
NUMERIC = frozenset({Fault.PRICE_CHANGE, Fault.LYING_STOCK, Fault.LYING_PRICE})
"""Whose value is a number."""


@dataclass(slots=True)
class Faults:
    """The faults that wait for their calls; several threads ask."""

    _planned: list[Planned] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def plan(self, planned: Planned) -> Planned:
        """Order a fault; what it does not say, it has by its kind."""
        planned.seconds = _SECONDS.get(planned.fault, 0.0) if planned.seconds is None else planned.seconds
        planned.value = planned.value or _VALUES.get(planned.fault, "")
        if planned.fault.startswith(PUSH):
            planned.method = PUSH
        with self._lock:
            self._planned.append(planned)
        return planned

    def take(self, method: str) -> Planned | None:
        """Return the oldest fault for a call of a method, and count it as used; pushes have faults of their own."""
        with self._lock:
            for planned in self._planned:
                if planned.method == method or (planned.method == ANY and method != PUSH):
                    if planned.times == 1:
                        self._planned.remove(planned)
                    elif planned.times:
                        planned.times -= 1
                    return planned
        return None

    def waiting(self) -> list[Planned]:
        """Return the faults that wait, oldest first."""
        with self._lock:
            return list(self._planned)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._planned.clear()
