"""Partners' parts of orders and referrals in every way: what a partner would answer, a platform in memory does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

from django.test import override_settings

from onebasket.base.clock import database_now
from onebasket.channels.workers.settling import PARTS, confirm_paid
from onebasket.commerce.orders.actions.parted import end_parted, leave_out
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.partners.actions import driving, following
from onebasket.commerce.partners.actions.commissions import book_commissions, note_returns
from onebasket.commerce.partners.actions.deciding import Decision, decide_part
from onebasket.commerce.partners.actions.referring import follow_links
from onebasket.commerce.partners.actions.returning import PartReturnCall, accept_part_returns
from onebasket.commerce.partners.models import Partner, PartnerPart
from onebasket.commerce.partners.queries.partners import gateway_account
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import CommissionStated, Gateway, NotDone, Refused
from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.commerce.partners.rules.returns import PartBackLine, PartReturnAccepted, PartReturnRequest
from onebasket.commerce.payments.actions import settle_orders
from onebasket.commerce.payments.rules.messages import Settling
from tests.dropshipping import Platform, make_parts_due
from tests.mixing import mixed, place
from tests.partnering import add_offers, make_partner
from tests.scenario_paying import authorise

PRICES = {"lamp": 1000, "rug": 2500}
WEB = {"hosts": "lantern.example"}
CARDS = {"CARD_URL": "http://127.0.0.1:9", "CARD_SECRET": "not asked for"}
"""A provider, so that cards are taken; nobody calls it."""
STATES = "Payment Completed"


@dataclass
class Dealing:
    """A partner whose platform is in memory, and a place of ours at which its offers are bought.

    What workers do in several transactions, with the call to the partner between them, is done here in the one that a
    test holds: a platform in memory is nobody outside.
    """

    source: int
    here: str
    partner: PartnerFacts
    platform: Platform
    offers: Mapping[str, int]

    @property
    def gateway(self) -> Gateway:
        """The port to the platform, which knows the calls that are made here."""
        return cast("Gateway", self.platform.open(gateway_account(self.partner.id)[1]))

    def order(self, key: str, goods: Mapping[str, int], wanted: Mapping[str, int], **more: object) -> OrderPlaced:
        """Check goods of ours and offers of the partner out; by invoice, unless stated."""
        offers = {self.offers[reference]: quantity for reference, quantity in wanted.items()}
        basket = mixed(self.source, goods, offers, key=f"{key}-open", place=self.here, card="loyal-1")
        return place(self.source, basket, key=f"{key}-out", **({"method": "invoice"} | more))

    def ask(self, part: UUID, *answers: object) -> str:
        """Place a part at the partner, which gives these answers in place of its own; return how it stands."""
        make_parts_due()
        self.platform.answers["place"] = list(answers)
        begun = driving._begin(part)
        assert begun is not None
        driving._finish(begun, driving._place(begun, self.gateway))
        return self.settle(part)

    def follow(self, part: UUID, word: str) -> str:
        """Let the partner's orders stand so, and ask about them; return how the part stands."""
        make_parts_due()
        self.platform.set_status(word)
        begun = following._begin(part)
        assert begun is not None
        following._finish(begun, following._ask(begun, self.gateway))
        return self.settle(part)

    def settle(self, part: UUID) -> str:
        """Do what follows of how a part stands: its money, and the end of an order of such parts alone."""
        row = PartnerPart.objects.get(pk=part)
        if kind := PARTS.get(f"part.{row.status}"):
            settle_orders([Settling(part, kind, row.total)])
            end_parted([row.order_id])
        return row.status


def deal_with_partners(source: int, here: str = "s1") -> None:
    """Buy of a partner so that each event of partners is told, and each part but one ends; goods are pennies."""
    partner = make_partner()
    Partner.objects.filter(pk=partner.id).update(options=WEB)
    offers = add_offers(partner, {name: {"price": price} for name, price in PRICES.items()})
    dealing = Dealing(source, here, partner, Platform(prices=PRICES), offers)
    part = _deliver(dealing)
    _leave_out(dealing)
    _refuse(dealing)
    _decide(dealing)
    _refer(dealing, part)
    _take_back(dealing, part)


def _deliver(dealing: Dealing) -> UUID:
    """An order that the partner sends all of: it ends with its part."""
    (part,) = dealing.order("lamps", {}, {"lamp": 2, "rug": 1}).parts
    stood = dealing.ask(part.id), dealing.follow(part.id, "SHIPPED"), dealing.follow(part.id, "DELIVERED")
    assert stood == ("placed", "shipped", "delivered")
    return part.id


def _leave_out(dealing: Dealing) -> None:
    """A mixed order whose card is good for our goods: it goes on without the partner's."""
    with override_settings(**CARDS):
        order = dealing.order("own", {"penny": 300}, {"rug": 1}, method="card")
    (part,), (payment,) = order.parts, order.payments
    authorise(payment.id, "authorised")
    assert leave_out(order.id, part.id, reason="The shopper left it out.")
    assert dealing.settle(part.id) == "cancelled"
    confirm_paid([order.id])


def _refuse(dealing: Dealing) -> None:
    """A mixed order of which the partner sends nothing."""
    order = dealing.order("none", {"penny": 200}, {"lamp": 1}, method="at_collection", offers_method="invoice")
    (part,) = order.parts
    assert dealing.ask(part.id, Refused("DELIVERY_METHOD_NOT_EXIST", "It is not sent there.")) == "refused"


def _decide(dealing: Dealing) -> None:
    """A part that is held up, asked for once more by a person, and taken in by half; another stays held up."""
    for key in ("halves", "held"):
        (part,) = dealing.order(key, {}, {"lamp": 1, "rug": 1}).parts
        assert dealing.ask(part.id, NotDone("It takes no orders today.", "not_able")) == "stuck"
        if key == "halves":
            decide_part(part.id, Decision.AGAIN, actor="tests", note="It does now.")
            dealing.platform.leaves_out = {"rug"}
            assert dealing.ask(part.id) == "placed"


def _refer(dealing: Dealing, part: UUID) -> None:
    """A link that is followed, and commission on what was bought by it, and on a part."""
    at = database_now() - timedelta(hours=1)
    link = FollowLink(
        offer_id=dealing.offers["lamp"], channel="kiosk", place_id=0, associate="", shown_at=at, serial="ticket-1",
        click="click-1", clicked_at=at,
    )  # fmt: skip
    (followed,) = follow_links([link])
    assert followed.address, followed
    stated = [
        CommissionStated(
            key=f"by-{click or 'part'}", order=f"their-{click or 'part'}", status=STATES, currency="USD", amount=1000,
            commission=70, reference="lamp", click=click, ours=ours, bought_at=at + timedelta(minutes=5),
            changed_at=at + timedelta(minutes=9),
        )
        for click, ours in (("click-1", ""), ("", PartnerPart.objects.get(pk=part).ours))
    ]  # fmt: skip
    booked = book_commissions(dealing.partner.id, stated)
    assert (booked.created, booked.odd) == (2, 0), booked


def _take_back(dealing: Dealing, part: UUID) -> None:
    """One of two lamps comes back at our place."""
    back = PartReturnRequest("part-back-1", dealing.here, "eve", part, (PartBackLine(1, 1),))
    (taken,) = accept_part_returns([PartReturnCall(dealing.source, back)])
    assert isinstance(taken, PartReturnAccepted), taken
    note_returns([part])
