"""What comes of partners: referrals, their parts of orders, returns of their goods, and commission."""

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.admins.partners import PARTNER, rate
from onebasket.channels.desk.columns import Column, Row, address_of, link
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.commerce.orders.models import Order
from onebasket.commerce.partners.models import (
    CommissionEntry,
    CommissionLine,
    Offer,
    PartnerAttempt,
    PartnerPart,
    PartnerPartLine,
    PartnerReturn,
    Referral,
    ShownOffers,
    TheirOrder,
)
from onebasket.commerce.payments.models import Payment

PART_TONES: dict[object, str] = {
    "unknown": "warn", "stuck": "bad", "refused": "bad", "placed": "info", "shipped": "info", "delivered": "good",
}  # fmt: skip
ORDER = Column(
    "Order", lambda row: link(str(row.order_id)[-12:], address_of(Order, row.order_id)), lambda row: row.order_id
)


class PartnerPartAdmin(SearchedAdmin):
    """Partners' parts of orders."""

    right = "partners.read"
    place_field = ""
    about = "Each is paid by itself. An unknown one is looked for in the partner's list before anything is asked again."
    search_help_text = "Id of the part or of its order, or our name for it at the partner"
    ordering = ("-opened_at",)
    reads_along = ("partner", "place")
    list_filter = (
        ("partner", filters.RELATED), filters.one_of("status"), filters.one_of("merchant"), filters.day("opened_at"),
    )  # fmt: skip
    table = (
        columns.text("Our name there", "ours"), PARTNER, columns.choice("Stands", "status", tones=PART_TONES), ORDER,
        columns.choice("The chain is", "merchant"), columns.money("Shopper owes", "total"),
        columns.money("Partner asks", "cost", currency="cost_currency"), columns.moment("Opened", "opened_at"),
    )  # fmt: skip
    facts = (
        *table, columns.money("Of it shipping", "shipping_amount"), columns.money("Of it tax", "tax_amount"),
        columns.text("Channel", "channel"), columns.text("Associate", "associate"), columns.long("Why", "reason"),
        columns.number("Asked so often", "tries"), columns.moment("Taken in", "placed_at"),
        columns.moment("Delivered", "delivered_at"), columns.number("Days to return", "return_days"),
        columns.moment("Looked at next", "next_at"),
        columns.text("Id", "pk"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by its id, its order's, or our name for it."""
        identity = as_uuid(term)
        return Q(pk=identity) | Q(order_id=identity) if identity else Q(ours=term)

    def heading(self, row: Row) -> str:
        """Name it by partner and state."""
        return f"{row.partner.name}: {row.ours}, {row.status}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to its order, its payments and its commission."""
        return [
            ("The order", address_of(Order, row.order_id)),
            ("Its payments", filtered(Payment, q=str(row.pk))),
            ("Its commission", filtered(CommissionLine, q=str(row.pk))),
        ]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its lines, the partner's orders for it, every call, and what came back."""
        lines = PartnerPartLine.objects.filter(part=row).select_related("part").order_by("number")
        theirs = TheirOrder.objects.filter(part=row).order_by("pk")
        calls = PartnerAttempt.objects.filter(part=row).order_by("pk")
        returns = PartnerReturn.objects.filter(part=row).order_by("accepted_at")
        return [
            section("Lines", PART_LINE, lines),
            section("The partner's orders for it", THEIRS, theirs, empty="None that we know of."),
            section("Calls to the partner", CALL, calls, empty="None yet."),
            section("Brought back", RETURNED, returns, empty="Nothing."),
        ]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"part/{row.pk}"


PART_LINE = (
    columns.number("Line", "number", sort=False),
    Column("Offer", lambda row: link(row.title, address_of(Offer, row.offer_id)), lambda row: row.title),
    columns.text("Reference", "reference"), columns.number("Bought", "quantity", sort=False),
    columns.number("Taken in", "accepted", sort=False), columns.number("Returned", "returned", sort=False),
    columns.money("Comes to", "amount", currency="part.currency", sort=False), rate("Commission", "commission_rate"),
    columns.moment("Price stated", "stated_at", sort=False),
)  # fmt: skip
THEIRS = (
    columns.text("Reference", "reference"), columns.text("It says", "status"),
    columns.money("Amount", "amount", sort=False), columns.moment("Stated", "stated_at", sort=False),
    columns.moment("Looked at", "looked_at", sort=False),
)  # fmt: skip
CALL = (
    columns.moment("Asked", "asked_at", sort=False), columns.text("What", "operation"),
    columns.text("Answer", "result"), columns.long("More", "detail"),
    columns.moment("Answered", "answered_at", sort=False),
)  # fmt: skip
RETURNED = (
    columns.moment("When", "accepted_at", sort=False), columns.number("Line", "line", sort=False),
    columns.number("How many", "quantity", sort=False), columns.money("Paid back", "amount", sort=False),
    columns.text("Owed by", "owner"), columns.text("Goods", "disposition"), columns.text("By", "associate"),
)  # fmt: skip


class ReferralAdmin(SearchedAdmin):
    """Shoppers handed to partners' sites."""

    right = "partners.read"
    place_field = ""
    about = "What was clicked, and what came of it. A click knows nothing of the shopper."
    search_help_text = "The click id that the partner was given"
    ordering = ("-clicked_at",)
    reads_along = ("partner",)
    list_filter = (
        ("partner", filters.RELATED), ("status", filters.ValuesFilter), ("channel", filters.ValuesFilter),
        filters.day("clicked_at"), filters.day("bought_at"),
    )  # fmt: skip
    table = (
        columns.text("Click", "click"), PARTNER, columns.spelt("Stands", "status"),
        columns.text("Channel", "channel"), columns.text("Associate", "associate"),
        Column("Offer", lambda row: _offer(row.offer_id), lambda row: row.offer_id),
        columns.moment("Shown", "shown_at"), columns.moment("Clicked", "clicked_at"),
        columns.moment("Bought", "bought_at"),
    )  # fmt: skip
    facts = (*table, columns.long("Led to", "target"), columns.text("Why", "reason"), columns.text("Id", "pk"))

    def sought(self, term: str) -> Q:
        """Find it by its click."""
        return Q(click=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Referral to {row.partner.name}, {row.status}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show the commission that came of it."""
        lines = CommissionLine.objects.filter(referral_id=row.pk).select_related("partner").order_by("pk")
        return [section("Commission", COMMISSION, lines, empty="Nothing was bought that we know of.")]


def _offer(identity: int | None) -> str:
    return link(identity, address_of(Offer, identity)) if identity else ""


class ShownOffersAdmin(ReadOnlyAdmin):
    """What was shown and clicked."""

    right = "partners.read"
    place_field = ""
    about = "By day, channel and place; zero where no place was chosen. Counted in memory: a crash may lose some."
    ordering = ("-day", "-shown")
    reads_along = ("partner",)
    list_filter = (("partner", filters.RELATED), ("channel", filters.ValuesFilter), filters.day("day"))
    table = (
        columns.day("Day", "day"), Column("Offer", lambda row: _offer(row.offer_id), lambda row: row.offer_id), PARTNER,
        columns.text("Channel", "channel"), columns.number("Place", "place_id"), columns.number("Shown", "shown"),
        columns.number("Clicked", "clicked"),
    )  # fmt: skip


class CommissionLineAdmin(SearchedAdmin):
    """Commission as it stands, line by line."""

    right = "commission.read"
    place_field = ""
    about = "As the partner states it now, beside what our agreement comes to. Every statement is kept below each line."
    search_help_text = "The partner's key or order, or the id of a referral or part"
    ordering = ("-booked_at",)
    reads_along = ("partner",)
    list_filter = (
        ("partner", filters.RELATED), ("standing", filters.ValuesFilter), ("status", filters.ValuesFilter),
        filters.day("bought_at"), filters.day("booked_at"),
    )  # fmt: skip
    table = (
        columns.text("Line", "key"), PARTNER, columns.spelt("Stands", "standing"),
        columns.text("It says", "status"), columns.money("Bought for", "amount"),
        columns.money("Commission", "commission"), columns.money("By agreement", "expected"),
        columns.number("Statements", "entries"), columns.moment("Bought", "bought_at"),
        columns.moment("Stated", "stated_at"),
    )  # fmt: skip
    facts = (
        *table, columns.text("Their order", "order_key"), columns.text("Offer", "offer_reference"),
        columns.text("Category", "category"), rate("Rate", "rate"), columns.moment("Booked", "booked_at"),
        Column("Referral", lambda row: _row(Referral, row.referral_id), lambda row: row.referral_id),
        Column("Part", lambda row: _row(PartnerPart, row.part_id), lambda row: row.part_id),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by key, their order, or whose it is."""
        identity = as_uuid(term)
        if identity:
            return Q(referral_id=identity) | Q(part_id=identity)
        return Q(key=term) | Q(order_key=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Commission: {row.partner.name} {row.key}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show every statement about it."""
        entries = CommissionEntry.objects.filter(partner_id=row.partner_id, key=row.key).order_by("number")
        return [section("Statements, in the order in which they were booked", ENTRY, entries)]


def _row(model: type[Referral] | type[PartnerPart], identity: object) -> str:
    return link(str(identity)[-12:], address_of(model, identity)) if identity else ""


COMMISSION = (
    Column("Line", lambda row: link(row.key, address_of(CommissionLine, row.pk)), lambda row: row.key),
    columns.text("Stands", "standing"), columns.money("Bought for", "amount", sort=False),
    columns.money("Commission", "commission", sort=False), columns.moment("Stated", "stated_at", sort=False),
)  # fmt: skip
ENTRY = (
    columns.number("No.", "number", sort=False), columns.text("What", "kind"), columns.text("It says", "status"),
    columns.money("Bought for", "amount", sort=False), columns.money("Changes it by", "change", sort=False),
    columns.text("Why", "reason"), columns.moment("Stated", "stated_at", sort=False),
    columns.moment("Booked", "booked_at", sort=False),
)  # fmt: skip


class PartnerReturnAdmin(ReadOnlyAdmin):
    """Partners' goods that came back over our counters."""

    right = "partners.read"
    place_field = ""
    about = "What the shopper was paid back, and who owes it. The goods are kept for the partner, on no shelf of ours."
    ordering = ("-accepted_at",)
    reads_along = ("part__partner",)
    list_filter = (("owner", filters.ValuesFilter), ("disposition", filters.ValuesFilter), filters.day("accepted_at"))
    table = (
        columns.moment("When", "accepted_at"), columns.related("Part", "part", say="ours"),
        columns.number("Line", "line"), columns.number("How many", "quantity"), columns.money("Paid back", "amount"),
        columns.text("Owed by", "owner"), columns.text("Goods", "disposition"), columns.text("By", "associate"),
    )  # fmt: skip


ADMINS = {
    PartnerPart: PartnerPartAdmin,
    PartnerReturn: PartnerReturnAdmin,
    Referral: ReferralAdmin,
    ShownOffers: ShownOffersAdmin,
    CommissionLine: CommissionLineAdmin,
}
