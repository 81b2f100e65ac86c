"""Parts of orders for tests, and a partner whose platform is a few lists in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import transaction

from onebasket.base.clock import database_now
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.partners.actions import following, parts
from onebasket.commerce.partners.actions.driving import place_parts
from onebasket.commerce.partners.gateways.registry import GATEWAYS
from onebasket.commerce.partners.models import Oddity, Partner, PartnerAttempt, PartnerPart, PartnerPartLine
from onebasket.commerce.partners.queries.offers import offers_of
from onebasket.commerce.partners.rules.offers import price_offer
from onebasket.commerce.partners.rules.partners import PartnerFacts, rate_at
from onebasket.commerce.partners.rules.port import (
    Address,
    Capability,
    Forged,
    GatewayAccount,
    Lost,
    NotDone,
    OfferStated,
    OrderAsked,
    Placed,
    PushStated,
    Refused,
    TheirLine,
    TheirOrder,
    Trouble,
)
from onebasket.commerce.partners.rules.selling import Bought, PartHead, sell
from onebasket.commerce.payments.rules.life import Method
from onebasket.kernel.identity import new_id
from tests.partnering import add_offers, make_partner
from tests.paying import Pay, open_order

HOME = Address(name="Ada Byron", street="1 Analytical Way", city="Columbus", postcode="43004", country="US")


@dataclass
class Platform:
    """A partner's platform in memory: what it sells, the orders it has, and how it misbehaves.

    `answers` come instead of what it would say, one a call, by the call's name; a function gets what it would say.
    """

    prices: dict[str, int] = field(default_factory=dict)
    orders: list[TheirOrder] = field(default_factory=list)
    hidden: int = 0
    split: bool = False
    leaves_out: set[str] = field(default_factory=set)
    capabilities: frozenset[Capability] = frozenset({Capability.ORDERS, Capability.ORDER_LIST, Capability.DETAILS})
    answers: dict[str, list[Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def open(self, account: GatewayAccount) -> "MemoryGateway":
        """Open it, as the registry does."""
        return MemoryGateway(self, account)

    def copy(self, **more: Any) -> TheirOrder:
        """Return the first order with something of it otherwise."""
        return msgspec.structs.replace(self.orders[0], **more)

    def set_status(self, status: str, reference: str = "", **more: Any) -> None:
        """Let an order, or all of them, stand otherwise."""
        for index, one in enumerate(self.orders):
            if reference in {"", one.reference}:
                stated = {"status": status, "changed_at": database_now()} | more
                self.orders[index] = msgspec.structs.replace(one, **stated)


@dataclass
class MemoryGateway:
    """The port to it."""

    platform: Platform
    account: GatewayAccount

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.platform.capabilities

    def _say(self, call: str, said: Any) -> Any:
        self.platform.calls.append(call)
        waiting = self.platform.answers.get(call, [])
        if not waiting:
            return said
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(said) if callable(answer) else answer

    def read_offers(self, references: Sequence[str], *, seconds: float) -> tuple[OfferStated, ...] | Trouble:
        told = tuple(
            OfferStated(reference=one, title=one.title(), price=self.platform.prices[one], currency="USD")
            if one in self.platform.prices
            else OfferStated(reference=one, gone=True)
            for one in references
        )
        return self._say("details", told)  # type: ignore[no-any-return]

    def place_order(self, asked: OrderAsked, *, seconds: float) -> Placed | Refused | Trouble:
        if self.platform.answers.get("place") and not callable(self.platform.answers["place"][0]):
            return self._say("place", None)  # type: ignore[no-any-return] # nothing is done
        fit = [line for line in asked.lines if line.reference not in self.platform.leaves_out]
        groups = [[line] for line in fit] if self.platform.split else [fit]
        prices = self.platform.prices
        made = [
            TheirOrder(
                reference=str(8000 + len(self.platform.orders) + count),
                ours=asked.ours,
                status="PLACE_ORDER_SUCCESS",
                currency="USD",
                amount=sum(prices[line.reference] * line.quantity for line in group),
                lines=tuple(TheirLine(one.reference, one.quantity, prices[one.reference]) for one in group),
            )
            for count, group in enumerate(groups)
            if group
        ]
        self.platform.orders += made
        return self._say("place", Placed(tuple(made)))  # type: ignore[no-any-return]

    def find_orders(self, ours: str, *, since: datetime, seconds: float) -> tuple[TheirOrder, ...] | Trouble:
        shown = self.platform.orders[: len(self.platform.orders) - self.platform.hidden]
        return self._say("find", tuple(one for one in shown if one.ours == ours))  # type: ignore[no-any-return]

    def read_order(self, reference: str, *, seconds: float) -> TheirOrder | Refused | Trouble:
        found = next((one for one in self.platform.orders if one.reference == reference), None)
        return self._say("read", found or Refused("NOT_FOUND", "no such order"))  # type: ignore[no-any-return]

    def read_push(self, headers: Mapping[str, str], body: bytes) -> PushStated | Forged:
        if headers.get("authorization") != self.account.secret:
            return Forged("not signed")
        key, kind, reference, status = body.decode().split("|")
        return PushStated(key=key, kind=kind, reference=reference, status=status)  # type: ignore[arg-type]

    def renewed_tokens(self) -> None:
        return None


def lost(_said: object) -> Lost:
    """The partner did it, and its answer is lost."""
    return Lost("no answer in time")


NOT_REACHED = NotDone("refused to connect")


def sell_part(partner: PartnerFacts, lines: Mapping[str, int], *tenders: Pay, due: bool = True) -> UUID:
    """Sell offers of a partner in an order of their own, as the checkout does; paid by invoice unless stated.

    Returns the part's id. It is due at once unless `due` is False: then it waits for its payment.
    """
    now = database_now()
    known = offers_of(partner.id, list(lines))
    assert partner.agreement is not None
    bought = []
    for reference, quantity in lines.items():
        offer = known[reference]
        price = price_offer(offer, partner.agreement, rate_at([], offer.currency, "USD", now))
        assert not isinstance(price, str)
        bought.append(Bought(offer, partner, price, quantity))
    order = new_id()
    (part,) = sell(bought, PartHead(order, "shop", "USD"), [new_id() for _ in bought])
    part = part.at(HOME)
    with transaction.atomic():
        parts.open_parts([part.paid() if due else part], now=now)
    open_order(*(tenders or (Pay(Method.INVOICE, part.total),)), order=part.id, place=part.place)
    return part.id


def part_stands(part: UUID) -> str:
    """Return how a part stands, in words."""
    row = PartnerPart.objects.get(pk=part)
    lines = PartnerPartLine.objects.filter(part=part).order_by("number")
    taken = " ".join(f"{one.reference}:{one.quantity if one.accepted is None else one.accepted}" for one in lines)
    reason = f" ({row.reason})" if row.reason else ""
    return f"{row.status}{reason} {row.total} {taken}"


def make_parts_due(minutes: float = 0) -> None:
    """Let the waits of every part be over, and so many minutes go by since it was asked for and looked for."""
    now = database_now()
    PartnerPart.objects.filter(next_at__isnull=False).update(next_at=now - timedelta(seconds=1))
    if minutes:
        shift = timedelta(minutes=minutes)
        for row in PartnerPart.objects.all():
            row.asked_at = row.asked_at and row.asked_at - shift
            row.save(update_fields=["asked_at"])
        for attempt in PartnerAttempt.objects.all():
            attempt.asked_at -= shift
            attempt.save(update_fields=["asked_at"])


def drive(times: int = 1) -> None:
    """Let a worker take turns at placing, each when everything is due again."""
    for _ in range(times):
        make_parts_due()
        place_parts()


def follow() -> None:
    """Let a worker ask about every part."""
    make_parts_due()
    following.follow_parts()


def odd() -> list[str]:
    """Return what is in the queue, in order."""
    return sorted(Oddity.objects.values_list("reason", flat=True))


def attempts(part: UUID) -> list[str]:
    """Return the calls that were made for a part, and what came of them."""
    rows = PartnerAttempt.objects.filter(part=part).order_by("pk").values_list("operation", "result")
    return [f"{operation} {result}".strip() for operation, result in rows]


def make_platform(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, code: str = "lantern", **terms: Any
) -> PartnerFacts:
    """Make a partner on a platform in memory, with an offer for each of its prices."""
    name = f"memory-{code}"
    monkeypatch.setitem(GATEWAYS, name, platform.open)
    options = terms.pop("options", {"settle_seconds": "600"})
    partner = make_partner(code, gateway=name, **terms)
    Partner.objects.filter(pk=partner.id).update(options=options)
    add_offers(partner, {name: {"price": price} for name, price in platform.prices.items()})
    return partner


def hear() -> None:
    """Do what the workers do with news until nothing is left to do."""
    while number_waiting() + dispatch(WRITING):
        pass


def deliver_part(platform: Platform, part: UUID, *, status: str = "FINISH") -> None:
    """Let a part be placed, sent and delivered, and its money be taken."""
    drive()
    platform.set_status(status)
    follow()
    hear()
    assert part_stands(part).split()[0] in {"shipped", "delivered"}, part_stands(part)
