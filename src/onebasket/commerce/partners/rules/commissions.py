"""Commission as partners state it: what a statement changes of a line, and what our agreement comes to.

A line is append-only: every statement that says something new is an entry with the change that it makes, so that the
entries' changes add up to the line. The newest statement by the partner's own time is what stands, in whatever order
they come.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from onebasket.commerce.partners.rules.partners import AgreementFacts
from onebasket.commerce.partners.rules.port import CommissionStated
from onebasket.kernel.identity import fingerprint
from onebasket.kernel.money import PPM, currencies, divide_half_up

MOST_AMOUNT = 10**15
MOST_RATE = (1 << 31) - 1
"""Parts per million; no column holds more."""
LONGEST_KEY = 64
MOST_AHEAD = timedelta(days=1)
"""By more than this no clock and no time zone is ahead of ours: people are told."""
_SIGNED = 1 << 63


class Standing(StrEnum):
    """What a partner's word for a line means: it may come, it has been settled, or nothing is due."""

    EXPECTED = "expected"
    CONFIRMED = "confirmed"
    SETTLED = "settled"
    CLAWED_BACK = "clawed_back"


class Kind(StrEnum):
    """What an entry does to its line."""

    EXPECTED = "expected"
    RESTATED = "restated"
    SETTLED = "settled"
    CLAWED_BACK = "clawed_back"
    REINSTATED = "reinstated"


WORDS: Mapping[str, Standing] = {
    "payment completed": Standing.EXPECTED,
    "pending": Standing.EXPECTED,
    "open": Standing.EXPECTED,
    "expected": Standing.EXPECTED,
    "buyer confirmed receipt": Standing.CONFIRMED,
    "confirmed": Standing.CONFIRMED,
    "approved": Standing.CONFIRMED,
    "completed settlement": Standing.SETTLED,
    "settled": Standing.SETTLED,
    "paid": Standing.SETTLED,
    "invalid": Standing.CLAWED_BACK,
    "declined": Standing.CLAWED_BACK,
    "reversed": Standing.CLAWED_BACK,
    "cancelled": Standing.CLAWED_BACK,
    "clawed back": Standing.CLAWED_BACK,
}
"""Partners' words in lower case. Another word is odd: its statement waits until somebody knows what it means."""

_RANK = {one: rank for rank, one in enumerate(Standing)}


class OddLine(StrEnum):
    """Why a statement cannot be booked, or what is odd about one that was."""

    STATUS_UNKNOWN = "status_unknown"
    CURRENCY_UNKNOWN = "currency_unknown"
    CURRENCY_CHANGED = "currency_changed"
    AMOUNT_ODD = "amount_odd"
    KEY_ODD = "key_odd"
    DIFFERS = "commission_differs"
    NO_AGREEMENT = "no_agreement"
    AHEAD = "stated_ahead"
    TEXT_ODD = "text_odd"
    RATE_ODD = "rate_odd"


class LineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it stands. `print` is of what was stated last, `stated_at` the partner's own time of it."""

    standing: Standing
    status: str
    currency: str
    amount: int
    commission: int
    rate: int | None
    entries: int
    print: int
    stated_at: datetime | None


class Entry(msgspec.Struct, frozen=True):
    """What a statement adds: `change` is what the line's commission moves by."""

    number: int
    kind: Kind
    change: int


class Restated(msgspec.Struct, frozen=True):
    """A line after a statement; `entry` None where it says nothing new but when it was said."""

    line: LineFacts
    entry: Entry | None


def readable(stated: CommissionStated) -> OddLine | None:
    """Say why a statement cannot be booked whatever stands, or None."""
    if (unstorable := _unstorable(stated)) is not None:
        return unstorable
    if stated.status.strip().lower() not in WORDS:
        return OddLine.STATUS_UNKNOWN
    if stated.currency not in currencies():
        return OddLine.CURRENCY_UNKNOWN
    if not (0 <= stated.amount <= MOST_AMOUNT and 0 <= stated.commission <= MOST_AMOUNT):
        return OddLine.AMOUNT_ODD
    return None


def _unstorable(stated: CommissionStated) -> OddLine | None:
    """Say what no database keeps: it would stop the statements that come with it."""
    texts = (stated.order, stated.click, stated.ours, stated.reference, stated.reason)
    if any("\x00" in text for text in texts):
        return OddLine.TEXT_ODD
    if not stated.key or len(stated.key) > LONGEST_KEY or "\x00" in stated.key:
        return OddLine.KEY_ODD
    return OddLine.RATE_ODD if stated.rate is not None and abs(stated.rate) > MOST_RATE else None


def as_of(stated: CommissionStated, now: datetime) -> CommissionStated:
    """Return a statement from the future as one from now: else it would bar every later one."""
    is_ahead = stated.changed_at is not None and stated.changed_at > now
    return msgspec.structs.replace(stated, changed_at=now) if is_ahead else stated


def restate(line: LineFacts | None, stated: CommissionStated) -> Restated | OddLine | None:
    """Return what a readable statement makes of a line (None: there is none yet); None where it says nothing new.

    One that is older than what stands says nothing new. Of two of the same time the one further on in life stands.
    """
    standing = WORDS[stated.status.strip().lower()]
    commission = 0 if standing is Standing.CLAWED_BACK else stated.commission
    mark = print_of(stated)
    if line is not None:
        if line.currency != stated.currency:
            return OddLine.CURRENCY_CHANGED
        if _is_older(line, stated, standing):
            return None
        if line.print == mark:
            newer = stated.changed_at is not None and stated.changed_at != line.stated_at
            return Restated(msgspec.structs.replace(line, stated_at=stated.changed_at), None) if newer else None
    number = (line.entries if line else 0) + 1
    after = LineFacts(
        standing=standing, status=stated.status, currency=stated.currency, amount=stated.amount, commission=commission,
        rate=stated.rate, entries=number, print=mark,
        stated_at=stated.changed_at or (line.stated_at if line else None),
    )  # fmt: skip
    return Restated(after, Entry(number, _kind(line, standing), commission - (line.commission if line else 0)))


def print_of(stated: CommissionStated) -> int:
    """Return 64 bits that are the same when what is stated of a line is, whenever it is stated."""
    parts = (stated.status, stated.amount, stated.commission, stated.rate, stated.reason, stated.quantity)
    return int(fingerprint(parts)[:16], 16) - _SIGNED


def _is_older(line: LineFacts, stated: CommissionStated, standing: Standing) -> bool:
    """Whether a statement was made before what stands; where one has no time, what comes later was said later."""
    if stated.changed_at is None or line.stated_at is None:
        return False
    if stated.changed_at == line.stated_at:
        return _RANK[standing] < _RANK[line.standing]
    return stated.changed_at < line.stated_at


def _kind(line: LineFacts | None, standing: Standing) -> Kind:
    before = line.standing if line else None
    if standing is Standing.CLAWED_BACK and before is not Standing.CLAWED_BACK:
        return Kind.CLAWED_BACK
    if before is Standing.CLAWED_BACK and standing is not Standing.CLAWED_BACK:
        return Kind.REINSTATED
    if standing is Standing.SETTLED and before is not Standing.SETTLED:
        return Kind.SETTLED
    return Kind.EXPECTED if line is None else Kind.RESTATED


class Held(msgspec.Struct, frozen=True):
    """An agreement and the days that it holds, `until` exclusive and None for open."""

    since: date
    until: date | None
    terms: AgreementFacts


def agreement_on(day: date, agreements: Sequence[Held]) -> AgreementFacts | None:
    """Return the agreement that held on a day: the newest that had begun and not ended."""
    fit = [one for one in agreements if one.since <= day and (one.until is None or day < one.until)]
    newest = max(fit, key=lambda one: one.since, default=None)
    return newest.terms if newest else None


def expected_commission(standing: Standing, amount: int, rate: int, *, kept: tuple[int, int] = (1, 1)) -> int:
    """Return what a rate comes to on an amount, in its minor units; `kept`: how many pieces of how many stay."""
    if standing is Standing.CLAWED_BACK:
        return 0
    left, of = kept
    return divide_half_up(amount * rate * left, PPM * of)


def left_of(amount: int, *, unit_cost: int, taken: int, returned: int) -> tuple[int, int]:
    """Return how many pieces of how many still earn commission on an amount that a partner states.

    Pieces that came back earn nothing, unless the amount is without them already.
    """
    left = max(0, taken - returned)
    return (1, 1) if not taken or not returned or amount <= unit_cost * left else (left, taken)


def ties(commission: int, expected: int, *, standing: Standing) -> bool:
    """Whether what is stated is what was agreed, but for a minor unit of rounding; what was taken back always ties."""
    return standing is Standing.CLAWED_BACK or abs(commission - expected) <= 1


class Sweep(msgspec.Struct, frozen=True):
    """Reading again all lines that were bought in the last `days`, every so often; `kind` names its cursor.

    `pushed`: so soon after it was read it is read again where the partner pushes news.
    """

    kind: str
    days: int
    every: timedelta
    pushed: timedelta


SWEEPS = (
    Sweep("commission", 3, timedelta(minutes=5), timedelta(0)),
    Sweep("commission-month", 35, timedelta(hours=3), timedelta(minutes=30)),
    Sweep("commission-half", 190, timedelta(days=1), timedelta(hours=4)),
)
"""What is young changes often; a line may still be taken back half a year later."""

FIRST_REST, LONGEST_REST = timedelta(seconds=15), timedelta(hours=1)
TOLD_AFTER = 5
"""Failures in a row after which people are told."""
MOST_REPEATS = 5
"""Where a sweep was turned away so many times in a row, it begins anew: its cursor may lead nowhere any more."""


def rest_after(failures: int, stated: int | None) -> timedelta:
    """Return how long a partner that could not be read is left alone: as it says itself, else longer each time."""
    wait: timedelta = min(FIRST_REST * 2 ** min(failures - 1, 12), LONGEST_REST)
    return max(wait, min(timedelta(seconds=stated or 0), LONGEST_REST * 24))
