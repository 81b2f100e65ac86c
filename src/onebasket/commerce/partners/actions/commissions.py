"""The commission ledger: what partners state is appended, in bulk, and adds up; what is odd about it is told.

The same statement again changes nothing, and the newest by the partner's own time stands in whatever order they come.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.clock import database_now
from onebasket.base.columns import Row
from onebasket.commerce.partners.actions.crediting import Credited, credit, move_referrals
from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.locking.commissions import lock_ledger
from onebasket.commerce.partners.models import CommissionEntry, CommissionLine, Partner
from onebasket.commerce.partners.queries.commissions import (
    agreements_held,
    categories_of,
    goods_of_parts,
    lines_by_key,
)
from onebasket.commerce.partners.rules.attribution import CREDITED, Reason
from onebasket.commerce.partners.rules.commissions import (
    MOST_AHEAD,
    Entry,
    Held,
    LineFacts,
    OddLine,
    Standing,
    agreement_on,
    as_of,
    expected_commission,
    readable,
    restate,
    ties,
)
from onebasket.commerce.partners.rules.messages import CommissionNews
from onebasket.commerce.partners.rules.port import CommissionStated

MOST_ODD = 20
"""Of one kind of oddity so many of a batch are told one by one; the rest are told as a number."""
KIND = "commission"
_AT_ONCE_SQLITE, _AT_ONCE_POSTGRESQL = 500, 2_000
_STANDS = (
    "order_key", "referral_id", "part_id", "attribution", "offer_reference", "category", "standing", "status",
    "currency", "amount", "commission", "expected", "rate", "entries", "fingerprint", "bought_at", "stated_at",
    "booked_at",
)  # fmt: skip
_ENTRY = (
    "partner_id", "key", "number", "kind", "status", "currency", "amount", "change", "rate", "reason", "stated_at",
    "booked_at",
)  # fmt: skip
_WORDS = {
    OddLine.STATUS_UNKNOWN: "It has a status that we do not know; what it states waits.",
    OddLine.CURRENCY_UNKNOWN: "Its currency is no ISO 4217 code.",
    OddLine.CURRENCY_CHANGED: "It was stated in another currency before; what stands stays.",
    OddLine.AMOUNT_ODD: "Its amount or its commission is below zero, or beyond all measure.",
    OddLine.KEY_ODD: "It has no key by which it could be told again, or one that is too long.",
    OddLine.NO_AGREEMENT: "No agreement held when it was bought.",
    OddLine.TEXT_ODD: "A text of it holds a NUL character.",
    OddLine.RATE_ODD: "Its rate is beyond all measure.",
    OddLine.AHEAD: "It says that it changed more than a day from now; it is taken as stated now.",
    Reason.NO_CLICK: "The partner names no click of ours and no part.",
    Reason.UNKNOWN_CLICK: "The partner names a click that is none of ours.",
    Reason.OTHER_PARTNER: "The click that the partner names led to another partner.",
    Reason.BEFORE_CLICK: "It was bought before the click that the partner names.",
    Reason.TOO_LATE: "It was bought longer after the click than is agreed.",
    Reason.UNKNOWN_PART: "The partner names a part that is none of ours there.",
    Reason.TIMELESS: "The partner does not say when it was bought.",
}
_encode = msgspec.json.Encoder().encode


class Booked(NamedTuple):
    """What became of statements: lines that are new, changed, as they were, and statements that were odd.

    A line that was booked and is odd all the same (it does not tie, or is nobody's) counts as both.
    """

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    odd: int = 0


@dataclass(slots=True)
class _Line:
    """A line under way: as it stands, whose it is, and the entries that come to it."""

    id: int | None
    facts: LineFacts | None
    order_key: str = ""
    referral_id: UUID | None = None
    part_id: UUID | None = None
    attribution: str = ""
    offer_reference: str = ""
    category: str = ""
    expected: int | None = None
    bought_at: datetime | None = None
    newest: CommissionStated | None = None
    entries: list[tuple[Entry, CommissionStated]] = field(default_factory=list)
    touched: bool = False

    @property
    def is_nobodys(self) -> bool:
        """Whether it was credited to nobody so far."""
        return self.referral_id is None and self.part_id is None


@dataclass(slots=True)
class _Batch:
    """Statements of one transaction, and what they come to."""

    partner_id: int
    partner: str
    agreements: Sequence[Held]
    lines: dict[str, _Line]
    odd: list[Odd] = field(default_factory=list)
    bought: list[CommissionStated] = field(default_factory=list)
    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def note(self, stated: CommissionStated, reason: str, explanation: str) -> None:
        """Keep what is odd about a statement, whole."""
        content = _encode(stated).decode()
        self.odd.append(Odd(self.partner_id, KIND, stated.key[:120], reason, explanation, content))


def book_commissions(partner_id: int, stated: Sequence[CommissionStated], *, now: datetime | None = None) -> Booked:
    """Append what a partner states of commission, a transaction for each part of a long sequence.

    Exact and safe to repeat: after whatever became of it, the same again ends in the same. `now` is when it is booked,
    by the database's clock unless stated.

    Raises:
        Partner.DoesNotExist: there is no such partner.
    """
    at_once = _AT_ONCE_POSTGRESQL if bulk.is_postgresql() else _AT_ONCE_SQLITE
    partner = Partner.objects.values_list("code", flat=True).get(pk=partner_id)
    total = Booked()
    for start in range(0, len(stated), at_once):
        one = _book(partner_id, partner, stated[start : start + at_once], now)
        total = Booked(*(before + more for before, more in zip(total, one, strict=True)))
    return total


def note_returns(parts: Sequence[UUID], *, now: datetime | None = None) -> int:
    """Lower what is expected on parts of which goods came back; return on how many lines.

    What the partner states stays until it states otherwise: till then the line does not tie, and is told as odd.
    """
    with bulk.batch():
        at = now or database_now()
        goods = goods_of_parts(parts)
        rows = CommissionLine.objects.filter(part_id__in=set(parts)).order_by("pk")
        changed, odd = [], []
        for row in rows:
            held = goods.get((row.part_id, row.offer_reference)) if row.part_id else None
            if held is None or row.expected is None or row.standing == Standing.CLAWED_BACK:
                continue
            expected = held.expected(Standing(row.standing), row.amount)
            if expected == row.expected:
                continue
            changed.append((row.pk, expected))
            if not ties(row.commission, expected, standing=Standing(row.standing)):
                words = f"Goods came back: {expected} is left of what we expect, {row.commission} is stated."
                odd.append(Odd(row.partner_id, KIND, row.key, "returned", words))
        bulk.update(CommissionLine, ("id",), ("expected",), changed)
        keep_odd(odd, now=at)
    return len(changed)


def _book(partner_id: int, partner: str, stated: Sequence[CommissionStated], now: datetime | None) -> Booked:
    with bulk.batch():
        lock_ledger(partner_id)
        at = now or database_now()
        keys = {one.key for one in stated if readable(one) is None}
        batch = _Batch(partner_id, partner, agreements_held(partner_id), _load(partner_id, keys, at))
        for one in stated:
            if one.changed_at and one.changed_at > at + MOST_AHEAD:
                batch.note(one, OddLine.AHEAD.value, _WORDS[OddLine.AHEAD])
            _take(batch, as_of(one, at))
        credited = _credit(batch)
        _expect(batch)
        _write(batch, at)
        moved = {line.referral_id for line in batch.lines.values() if line.entries and line.referral_id}
        move_referrals(partner, credited, moved, now=at)
        keep_odd(_few(batch.odd), now=at)
    return Booked(batch.created, batch.changed, batch.unchanged, len(batch.odd))


def _load(partner_id: int, keys: set[str], now: datetime) -> dict[str, _Line]:
    """Return lines as they stand; of one that was stated in the future it is not known when that was."""
    found = {}
    for row in lines_by_key(partner_id, keys):
        (identity, key, order, referral, part, why, reference, category, standing, status, currency, amount, commission,
         expected, rate, entries, mark, bought_at, stated_at) = row  # fmt: skip
        facts = LineFacts(
            standing=Standing(standing), status=status, currency=currency, amount=amount, commission=commission,
            rate=rate, entries=entries, print=mark,
            stated_at=stated_at if stated_at and stated_at <= now else None,
        )  # fmt: skip
        found[key] = _Line(
            identity, facts, order, referral, part, why, reference, category, expected, bought_at
        )  # fmt: skip
    return found


def _take(batch: _Batch, stated: CommissionStated) -> None:
    """Let a statement change its line, or keep why it cannot."""
    problem = readable(stated)
    if problem is None:
        line = batch.lines.get(stated.key) or _Line(None, None)
        found = restate(line.facts, stated)
        if not isinstance(found, OddLine):
            batch.lines[stated.key] = line
            _count(batch, line, entry=found.entry if found else None)
            if found is not None:
                line.facts, line.newest, line.touched = found.line, stated, True
                if found.entry:
                    line.entries.append((found.entry, stated))
            elif line.is_nobodys and line.newest is None:
                line.newest = stated  # what it names may be known by now
            return
        problem = found
    if problem is not OddLine.TEXT_ODD:  # nothing can be looked up by it
        batch.bought.append(stated)
    batch.note(stated, problem.value, f"{_WORDS[problem]} Stated: {stated.status!r}, {stated.currency!r}.")


def _count(batch: _Batch, line: _Line, *, entry: Entry | None) -> None:
    if entry is None:
        batch.unchanged += 1
    elif line.facts is None:
        batch.created += 1
    else:
        batch.changed += 1


def _credit(batch: _Batch) -> dict[UUID, Credited]:
    """Find out whose lines are that are nobody's; return the referrals that something was bought by."""
    open_ = [line for line in batch.lines.values() if line.is_nobodys and line.newest is not None]
    statements = [line.newest for line in open_ if line.newest]
    found = credit(batch.partner_id, [*statements, *batch.bought], batch.agreements)
    credited: dict[UUID, Credited] = {}
    for line, one, whose in zip(open_, statements, found, strict=False):
        before, line.attribution = line.attribution, whose.why.reason.value
        line.referral_id, line.part_id = whose.referral_id, whose.part_id
        line.touched |= before != line.attribution
        if whose.why.reason not in CREDITED and before != line.attribution:
            batch.note(one, whose.why.reason.value, _WORDS[whose.why.reason])
    for one, whose in zip([*statements, *batch.bought], found, strict=True):
        if whose.referral_id:
            credited[whose.referral_id] = Credited(whose.why, one.order, one.bought_at or one.changed_at)
    return credited


def _expect(batch: _Batch) -> None:
    """Reckon what our agreement comes to on lines that changed, and note those that do not tie."""
    changed = [line for line in batch.lines.values() if line.newest and (line.entries or line.touched)]
    references = {line.newest.reference for line in changed if line.newest}
    categories = categories_of(batch.partner_id, references)
    goods = goods_of_parts({line.part_id for line in changed if line.part_id})
    for line in changed:
        stated, facts = line.newest, line.facts
        assert stated is not None and facts is not None  # noqa: S101, PT018 - such are chosen above
        line.order_key, line.offer_reference = stated.order[:64], stated.reference[:64]
        line.bought_at = stated.bought_at or line.bought_at
        held = goods.get((line.part_id, stated.reference)) if line.part_id else None
        line.category = held.category if held else categories.get(stated.reference, line.category)
        at = line.bought_at or stated.changed_at
        terms = agreement_on(at.date(), batch.agreements) if at else None
        if held:
            line.expected = held.expected(facts.standing, facts.amount)
        elif terms:
            line.expected = expected_commission(facts.standing, facts.amount, terms.rate_of(line.category))
        else:
            line.expected = None
        _note_difference(batch, line, stated)


def _note_difference(batch: _Batch, line: _Line, stated: CommissionStated) -> None:
    facts = line.facts
    if facts is None or not line.entries:
        return
    if line.expected is None:
        batch.note(stated, OddLine.NO_AGREEMENT.value, _WORDS[OddLine.NO_AGREEMENT])
    elif not ties(facts.commission, line.expected, standing=facts.standing):
        words = f"Stated {facts.commission}, by our agreement {line.expected}, on {facts.amount} {facts.currency}."
        batch.note(stated, OddLine.DIFFERS.value, words)


def _write(batch: _Batch, now: datetime) -> None:
    touched = sorted((key, line) for key, line in batch.lines.items() if line.touched)
    new = [(batch.partner_id, key, *_stands(line, now)) for key, line in touched if line.id is None]
    bulk.insert(CommissionLine, ("partner", "key", *_STANDS), new)
    old = [(line.id, *_stands(line, now)) for _, line in touched if line.id is not None]
    bulk.update_guarded(CommissionLine, ("id",), _STANDS, old)
    rows, news = [], []
    for key, line in touched:
        for entry, stated in line.entries:
            rows.append(_entry_row(batch.partner_id, key, entry, stated, now))
        if line.entries:
            news.append(_news(batch.partner, key, line, now))
    bulk.insert(CommissionEntry, _ENTRY, rows)
    outbox.record(news)


def _stands(line: _Line, now: datetime) -> Row:
    facts = line.facts
    assert facts is not None  # noqa: S101 - only lines that stand are written
    return (
        line.order_key, line.referral_id, line.part_id, line.attribution, line.offer_reference, line.category[:200],
        facts.standing.value, facts.status[:64], facts.currency, facts.amount, facts.commission, line.expected,
        facts.rate, facts.entries, facts.print, line.bought_at, facts.stated_at, now,
    )  # fmt: skip


def _entry_row(partner_id: int, key: str, entry: Entry, stated: CommissionStated, now: datetime) -> Row:
    return (
        partner_id, key, entry.number, entry.kind.value, stated.status[:64], stated.currency, stated.amount,
        entry.change, stated.rate, stated.reason[:200], stated.changed_at, now,
    )  # fmt: skip


def _news(partner: str, key: str, line: _Line, now: datetime) -> outbox.News:
    """Tell once a batch what a line stands at: entries between are in the ledger."""
    facts, last = line.facts, line.entries[-1][0]
    assert facts is not None  # noqa: S101 - it has an entry
    told = CommissionNews(
        partner, key, last.kind.value, facts.standing.value, facts.currency, facts.amount, facts.commission,
        sum(entry.change for entry, _ in line.entries), line.expected,
        str(line.referral_id or ""), str(line.part_id or ""),
    )  # fmt: skip
    return outbox.News("commission.changed", f"commission/{partner}/{key}"[:120], now, _encode(told).decode())


def _few(odd: Sequence[Odd]) -> list[Odd]:
    """Return what is told of a batch's oddities: of each kind the first ones, and how many more there are."""
    by_reason: dict[str, list[Odd]] = {}
    for one in odd:
        by_reason.setdefault(one.reason, []).append(one)
    told = []
    for reason, every in by_reason.items():
        told += every[:MOST_ODD]
        if (more := len(every) - MOST_ODD) > 0:
            words = f"{every[0].explanation} And {more} more lines of one batch like it: the ledger has each."
            told.append(Odd(every[0].partner_id, KIND, "", reason, words))
    return told
