"""What a partner's answer does to a part: taken in, in whole or in part, refused, or held up for people.

The part is locked by the caller. Money follows by the news: what a part comes to now stands in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from onebasket.commerce.partners.actions.oddities import Odd, keep_odd
from onebasket.commerce.partners.actions.telling import MOVED, move, tell
from onebasket.commerce.partners.models import Partner, PartnerPart, PartnerPartLine
from onebasket.commerce.partners.models import TheirOrder as TheirRow
from onebasket.commerce.partners.rules.asking import poll_seconds
from onebasket.commerce.partners.rules.parts import Step
from onebasket.commerce.partners.rules.policy import Agreed, HeldUp, Reason, TakenIn
from onebasket.commerce.partners.rules.port import AskedLine, TheirOrder
from onebasket.commerce.partners.rules.selling import SoldLine, accept
from onebasket.commerce.partners.rules.statuses import Meaning, meaning_of

_encode = msgspec.json.Encoder().encode
AMOUNTS = ("total", "shipping_amount", "tax_amount", "cost")
LONGEST_URL = 500
KIND = "part"
"""What oddities about parts are kept as."""


@dataclass(slots=True)
class Case:
    """A locked part, its lines, and its partner's options."""

    row: PartnerPart
    lines: list[PartnerPartLine]
    options: dict[str, str]

    @property
    def asked(self) -> list[PartnerPartLine]:
        """Return the lines that the partner has not answered for yet."""
        return [line for line in self.lines if line.accepted is None]


def case_of(row: PartnerPart) -> Case:
    """Load what decisions about a locked part need; two statements."""
    options = Partner.objects.values_list("options", flat=True).get(pk=row.partner_id)
    return Case(row, list(row.lines.order_by("number")), {str(key): str(value) for key, value in options.items()})


def agreed_of(case: Case) -> Agreed:
    """Return what is asked of the partner: the lines that it has not answered for yet."""
    row = case.row
    bears = case.options.get("bears_ppm", "")
    return Agreed(
        row.ours,
        tuple(
            AskedLine(line.number, line.reference, line.quantity, line.unit_cost, row.cost_currency)
            for line in case.asked
        ),
        row.cost_currency,
        {line.number: line.shipping_cost for line in case.asked},
        int(bears) if bears.isascii() and bears.isdigit() and len(bears) < 7 else 0,  # noqa: PLR2004 - below one whole
    )


def take_in(case: Case, taken: TakenIn, theirs: Sequence[TheirOrder], *, reason: Reason, now: datetime) -> None:
    """Write down what the partner took in; where that is nothing, the part is refused for `reason`."""
    if held := keep_theirs(case.row, theirs, now=now):
        hold_up(case, held, theirs, now=now)
        return
    tell_words(case.row, theirs, now=now)
    if not any(taken.quantities.values()):
        refuse(case, reason, now=now)
        return
    row = case.row
    dropped = any(line.accepted == 0 for line in case.lines)
    why = reason if lower_lines(case, taken.quantities) and not dropped else row.reason
    owe_what_is_charged(case, live_orders(row))
    move(row, Step.ACCEPT, now=now, next_at=now + poll_seconds(case.options, now, now), reason=why)
    row.placed_at, row.failures = now, 0
    row.save(update_fields=[*MOVED, *AMOUNTS, "placed_at", "failures"])
    if taken.extra:
        said = f"The partner asks {taken.extra} {row.cost_currency} (minor units) more than agreed; the chain bears it."
        keep_odd([odd_of(row, "chain_bears", said, _encode(theirs).decode())], now=now)
    tell(row, "placed", now=now)


def refuse(case: Case, reason: Reason, *, now: datetime) -> None:
    """Refuse all that is left of a part: nothing is owed for it."""
    row = case.row
    lower_lines(case, dict.fromkeys([line.number for line in case.lines], 0))
    move(row, Step.REFUSE, now=now, reason=reason)
    row.save(update_fields=[*MOVED, *AMOUNTS])
    tell(row, "refused", now=now)


def hold_up(case: Case, held: HeldUp, content: object, *, now: datetime) -> None:
    """Leave a part to people, with the reason in the queue."""
    row = case.row
    move(row, Step.HOLD_UP, now=now, reason=held.code)
    row.save(update_fields=[*MOVED])
    keep_odd([odd_of(row, held.code, held.explanation, _encode(content).decode())], now=now)
    tell(row, "stuck", now=now)


def odd_of(row: PartnerPart, code: str, explanation: str, content: str = "") -> Odd:
    """Return something odd about a part, for the queue."""
    return Odd(row.partner_id, KIND, row.ours, code, explanation, content)


def live_orders(row: PartnerPart) -> list[TheirRow]:
    """Return the partner's orders for a part that it has not cancelled."""
    return [one for one in TheirRow.objects.filter(part=row) if meaning_of(one.status) is not Meaning.CANCELLED]


def owe_what_is_charged(case: Case, live: Sequence[TheirRow]) -> None:
    """Let a part cost what its live orders come to where that is more than was agreed.

    Where they hold more pieces than were taken in, one of them is too much: what was agreed is owed, until it is gone.
    """
    lines = [(quantity, unit) for one in live for _reference, quantity, unit in one.lines]
    if sum(quantity for quantity, _ in lines) == sum(line.accepted or 0 for line in case.lines):
        charged = max(sum(one.amount for one in live), sum(quantity * unit for quantity, unit in lines))
        case.row.cost = max(case.row.cost, charged)


def tell_words(row: PartnerPart, theirs: Sequence[TheirOrder], *, now: datetime) -> None:
    """Tell people of orders of theirs that are halted, or stand as a word says that we do not know."""
    odd = []
    for one in theirs:
        meaning = meaning_of(one.status)
        if meaning is Meaning.UNKNOWN:
            said = f"Order {one.reference} is {one.status!r}: we do not know what that means."
            odd.append(odd_of(row, "unknown_status", said[:500], _encode(one).decode()))
        elif meaning is Meaning.HALTED:
            odd.append(odd_of(row, "halted", f"The partner has halted order {one.reference}: {one.status}."[:500]))
    keep_odd(odd, now=now)


def lower_lines(case: Case, quantities: Mapping[int, int]) -> bool:
    """Write how many of lines are taken in, and what they and the part come to then; whether it is less than before.

    A line that is not named, and that the partner has not answered for, counts as it was bought.
    """
    row, lines = case.row, case.lines
    before = {line.number: line.quantity if line.accepted is None else line.accepted for line in lines}
    now = before | {number: quantity for number, quantity in quantities.items() if number in before}
    accepted = accept([sold_line(line) for line in lines], now)
    for line in lines:
        if line.number in quantities:
            sums = accepted.lines[line.number]
            line.accepted, line.amount, line.tax_amount = now[line.number], sums.amount, sums.tax
            line.save(update_fields=["accepted", "amount", "tax_amount"])
    row.total, row.shipping_amount = accepted.total, accepted.shipping_amount
    row.tax_amount, row.cost = accepted.tax_amount, accepted.cost
    return any(now[number] < quantity for number, quantity in before.items())


def sold_line(line: PartnerPartLine) -> SoldLine:
    """Return a line as it was sold."""
    return SoldLine(
        number=line.number,
        offer_id=line.offer_id,
        reference=line.reference,
        title=line.title,
        category=line.category,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        shipping_amount=line.shipping_amount,
        amount=line.amount,
        tax_code=line.tax_code,
        tax_rate=line.tax_rate,
        tax_amount=line.tax_amount,
        tax_included=line.tax_included,
        unit_cost=line.unit_cost,
        shipping_cost=line.shipping_cost,
        commission_rate=line.commission_rate,
        exchange=line.exchange_billionths,
        stated_at=line.stated_at,
    )


def keep_theirs(row: PartnerPart, theirs: Sequence[TheirOrder], *, now: datetime) -> HeldUp | None:
    """Write down the partner's orders for a part; one that serves another part already is for people."""
    known = dict(
        TheirRow.objects.filter(partner_id=row.partner_id, reference__in=[one.reference for one in theirs]).values_list(
            "reference", "part_id"
        )
    )
    if elsewhere := [reference for reference, part in known.items() if part != row.pk]:
        return HeldUp("foreign_order", f"Order {elsewhere[0]} of the partner's serves another part of ours.")
    TheirRow.objects.bulk_create(
        [
            TheirRow(
                part=row, partner_id=row.partner_id, reference=one.reference[:64], status=one.status[:64],
                currency=one.currency[:3], amount=one.amount,
                lines=[[line.reference, line.quantity, line.unit_amount] for line in one.lines],
                tracking=tracking_of(one),
                stated_at=one.changed_at, since=now, looked_at=now,
            )
            for one in theirs
            if one.reference not in known
        ]
    )  # fmt: skip
    return None


def tracking_of(told: TheirOrder) -> list[dict[str, str]]:
    """Return the parcels that a partner names, as they are kept; an address that is none of the web is left out."""
    return [
        {
            "carrier": track.carrier[:60],
            "number": track.number[:60],
            "url": track.url if track.url.startswith(("https://", "http://")) and len(track.url) <= LONGEST_URL else "",
        }
        for track in told.tracking
        if track.number
    ]
