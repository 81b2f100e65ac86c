"""Mixed baskets for tests: a store's goods and partners' offers, checked out; a test states only what it is about."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.commerce.orders.actions import BasketCall, CheckoutCall, change_baskets, check_out
from onebasket.commerce.orders.actions.checkout import CheckoutOutcome
from onebasket.commerce.orders.queries.quoting import quote_basket
from onebasket.commerce.orders.rules.baskets import (
    BasketOutcome,
    BasketStands,
    ChangeBasket,
    Checkout,
    Contact,
    OpenBasket,
    ShipTo,
)
from onebasket.commerce.orders.rules.messages import LineRequest, OrderPlaced
from onebasket.commerce.orders.rules.offering import OfferWanted
from onebasket.commerce.partners.actions.parts import part_news
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.pricing.queries.quoting import Quoted

HOME = ShipTo("1 Acacia Avenue", "Cincinnati", "45202", "US", "OH")
ADA = Contact("Ada", "ada@example.org")


def ask_offers(source: int, basket: UUID, offers: Mapping[int, int], *, key: str = "o1", **more: Any) -> BasketOutcome:
    """Want so many of offers in a basket."""
    wanted = tuple(OfferWanted(offer, quantity) for offer, quantity in offers.items())
    (outcome,) = change_baskets([BasketCall(source, ChangeBasket(key, basket, offers=wanted, **more))])
    return outcome


def mixed(
    source: int,
    lines: Mapping[str, int],
    offers: Mapping[int, int],
    *,
    key: str = "m1",
    place: str = "p1",
    card: str = "",
) -> BasketStands:
    """Open a basket with lines and offers."""
    wanted = tuple(OfferWanted(offer, quantity) for offer, quantity in offers.items())
    asked = tuple(LineRequest(sku, quantity) for sku, quantity in lines.items())
    (outcome,) = change_baskets([BasketCall(source, OpenBasket(key, place, asked, loyalty_number=card, offers=wanted))])
    assert isinstance(outcome, BasketStands), outcome
    return outcome


def offers_total(basket: BasketStands) -> int:
    """Return what a basket's offers were agreed to cost, where no tax stands beside them."""
    return sum(one.total for one in basket.offers)


def checking(source: int, basket: BasketStands, *, key: str = "c1", **more: Any) -> CheckoutCall:
    """Return the checkout of a basket as it stands; `more` says otherwise."""
    quoted = quote_basket(basket, now=database_now())
    assert isinstance(quoted, Quoted)
    accounts = more.pop("accounts", ())
    stated: dict[str, Any] = {
        "version": basket.version,
        "expected_total": quoted.basket.total,
        "contact": ADA,
        "offers_total": offers_total(basket),
        "ship_to": HOME,
    } | more
    return CheckoutCall(source, Checkout(key, basket.id, **stated), basket.version, quoted, accounts)


def place(source: int, basket: BasketStands, **more: Any) -> OrderPlaced:
    """Check a basket out; it is placed."""
    outcome = try_placing(source, basket, **more)
    assert isinstance(outcome, OrderPlaced), outcome
    return outcome


def try_placing(source: int, basket: BasketStands, **more: Any) -> CheckoutOutcome:
    """Check a basket out; return what came of it."""
    (outcome,) = check_out([checking(source, basket, **more)])
    return outcome


def standings() -> list[tuple[str, str, int]]:
    """Return the parts there are as (partner, status, total)."""
    return list(PartnerPart.objects.order_by("pk").values_list("partner__code", "status", "total"))


def move_part(part: UUID, status: str, **sets: Any) -> None:
    """Let a part stand somewhere, as the partner's answers would have it, and tell it."""
    with transaction.atomic():
        PartnerPart.objects.filter(pk=part).update(status=status, **sets)
        outbox.record(part_news([PartnerPart.objects.get(pk=part)], now=database_now()))
